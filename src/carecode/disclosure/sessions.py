"""Proofs of who asks: sessions, sign-in links, bearer tokens, and the codes that add a phone.

Sessions are read from the database at each request: what is removed, locked or revoked ends with the
next one.  A session of staff locks by itself after idle minutes; a fresh proof (a passkey, a phone's
key, the hospital's own provider) is remembered with its time.  Sign-in links exist on demo data only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from carecode.disclosure.enrolments import Enrolments
from carecode.disclosure.people import herself
from carecode.disclosure.tokens import SEEN_EVERY, Held, Holder, Tokens, day_of
from carecode.kernel.errors import NotFoundError, RefusedError, UnavailableError
from carecode.kernel.vocabulary import Purpose, Requester, ResidentId, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecode.disclosure.people import People
    from carecode.store.database import Database

SESSION_HOURS: Final = 12
RESIDENT_SESSION_DAYS: Final = 30  # her own phone
LINK_HOURS: Final = 24
BEARER_HOURS: Final = 8
IDLE: Final = timedelta(minutes=10)
FRESH_FOR_HER: Final = timedelta(minutes=5)
FRESH_FOR_STAFF: Final = timedelta(minutes=2)
DESK_NUMBERS: Final = 10_000

AREAS: Final = {
    Role.RESIDENT: "my",
    Role.DESK: "desk",
    Role.CLINICIAN: "clinic",
    Role.CASHIER: "cashier",
    Role.STEWARD: "steward",
    Role.OFFICER: "officer",
    Role.INTEGRATOR: "integration",
    Role.OPERATOR: "ops",
}


@dataclass(frozen=True, slots=True)
class Listed:
    """One of her own sessions, as her list of devices shows it."""

    id: UUID
    how: str
    began_on: date
    seen_on: date


class Sessions:
    """Everyone who is signed in, and how they came in."""

    def __init__(
        self,
        database: Database,
        people: People,
        key: bytes,
        random_bytes: Callable[[int], bytes],
        idle: timedelta = IDLE,
    ) -> None:
        """Use the role ``carecode_disclosure``; ``key`` hashes tokens; staff are locked after ``idle``."""
        self._tokens = Tokens(database, key, random_bytes)
        self._room = self._tokens.room
        self._enrolments = Enrolments(self._tokens)
        self._people = people
        self._idle = idle

    async def session(self, token: str, now: datetime) -> Requester | None:
        """Return who holds a session, or None when there is none (any more) or it is locked."""
        held = await self.held(token, now)
        if held is None or self.is_locked(held, now):
            return None
        if held.requester.role is Role.RESIDENT:
            now = day_of(now)
        if now - held.seen_at >= SEEN_EVERY:
            await self._room.run("see_session", held.id, now)
        return held.requester

    async def held(self, token: str, now: datetime) -> Held | None:
        """Return a session as it stands, locked or not, without counting as use; None when there is none."""
        found = await self._tokens.held(token, "session", now)
        return found[0] if found else None

    def is_locked(self, held: Held, now: datetime) -> bool:
        """Tell whether a session waits for its holder's passkey: locked by hand, or idle for too long."""
        return held.locked_at is not None or (
            held.requester.role is not Role.RESIDENT and now - held.seen_at > self._idle
        )

    async def bearer(self, token: str, now: datetime) -> Requester | None:
        """Return who holds a bearer token, or None."""
        found = await self._tokens.held(token, "bearer", now)
        return found[0].requester if found else None

    async def sign_out(self, token: str) -> None:
        """End a session at once."""
        await self._room.run("remove_session", self._tokens.hash(token))

    async def sign_in(
        self,
        now: datetime,
        *,
        staff: str | None = None,
        resident: ResidentId | None = None,
        how: str = "link",
        fresh: bool = False,
    ) -> str:
        """Begin a session and return its token.  Staff get four desk digits nobody else there has.

        ``fresh``: its holder proved at this moment who she is.
        """
        desk_number = await self._desk_number(staff, now) if staff else None
        length = timedelta(hours=SESSION_HOURS) if staff else timedelta(days=RESIDENT_SESSION_DAYS)
        holder = Holder(staff, resident, desk_number=desk_number)
        return await self._tokens.add("session", holder, now, now + length, how=how, fresh=fresh)

    async def issue_bearer(
        self, now: datetime, *, purpose: Purpose, staff: str | None = None, resident: ResidentId | None = None
    ) -> str:
        """Return a bearer token for a member of staff, bound to ``resident`` when one is given."""
        until = now + timedelta(hours=BEARER_HOURS)
        return await self._tokens.add("bearer", Holder(staff, resident, purpose), now, until)

    async def link(self, now: datetime, *, staff: str | None = None, resident: ResidentId | None = None) -> str:
        """Return a sign-in link's token, usable until LINK_HOURS have passed.  Demo data only."""
        await self._people.require_demo()
        return await self._tokens.add("link", Holder(staff, resident), now, now + timedelta(hours=LINK_HOURS))

    async def link_holds(self, token: str, now: datetime) -> bool:
        """Tell whether a sign-in link still opens something."""
        return await self._tokens.held(token, "link", now) is not None

    async def redeem(self, token: str, now: datetime) -> tuple[str, str]:
        """Turn a sign-in link into a session: ``(area, session token)``.

        Raises RefusedError when the link is unknown or has expired, and on any but demo data.
        """
        await self._people.require_demo()
        found = await self._tokens.held(token, "link", now)
        if found is None:
            raise RefusedError("link-expired", "This sign-in link has expired. Take a new one from the front page.")
        held, row = found
        area = AREAS[held.requester.role]
        return area, await self.sign_in(now, staff=row["staff_id"], resident=row["resident_id"])

    async def reauthenticated(self, token: str, now: datetime) -> bool:
        """Tell whether its holder proved within the last two minutes who she is (staff, before break-glass)."""
        held = await self.held(token, now)
        return held is not None and not self.is_locked(held, now) and _fresh(held, now, FRESH_FOR_STAFF)

    async def stepped_up(self, token: str, now: datetime) -> bool:
        """Tell whether she proved within the last five minutes that it is she (before privacy changes).

        On demo data a session of a sign-in link counts as well, until it has proved something once.
        """
        held = await self.held(token, now)
        if held is None:
            return False
        if held.how == "link" and held.fresh_at is None:
            return await self._people.is_demo()
        return _fresh(held, now, FRESH_FOR_HER)

    async def enrolment_code(self, resident: ResidentId, now: datetime) -> str:
        """Return eight digits that add one phone to a resident: once, within ten minutes."""
        return await self._enrolments.code(resident, now)

    async def redeem_enrolment(self, code: str, now: datetime, peer: str = "") -> tuple[Requester, str]:
        """Use an enrolment code up: the resident and her session's token (see Enrolments.redeem)."""
        resident = await self._enrolments.redeem(code, now, peer)
        return herself(resident), await self.sign_in(now, resident=resident, how="digits", fresh=True)

    async def prune(self, now: datetime) -> None:
        """Remove sessions, links, tokens, challenges and invitations that have expired."""
        for query in ("prune_sessions", "prune_ceremonies", "prune_invitations"):
            await self._room.run(query, now)

    async def _desk_number(self, staff: str, now: datetime) -> str:
        member = await self._people.staff(staff)
        if member is None:
            raise NotFoundError("staff-unknown", "There is no member of staff of that name here.")
        taken = {row["desk_number"] for row in await self._room.fetch("desk_numbers", member.organisation, now)}
        start = int.from_bytes(self._tokens.random_bytes(8), "big") % DESK_NUMBERS
        for step in range(DESK_NUMBERS):
            number = f"{(start + step) % DESK_NUMBERS:04d}"
            if number not in taken:
                return number
        raise UnavailableError("desks-full", "Every desk number of this institution is in use. Sign out somewhere.")


def _fresh(held: Held, now: datetime, longest: timedelta) -> bool:
    """Tell whether the last proof is recent; one from the future, by a clock stepped back, is none."""
    return held.fresh_at is not None and timedelta() <= now - held.fresh_at <= longest


class SessionBook:
    """What is done to sessions that exist: locked, unlocked, proved fresh, listed, ended."""

    def __init__(self, database: Database, key: bytes, random_bytes: Callable[[int], bytes]) -> None:
        """Use the same key as Sessions."""
        self._room = Tokens(database, key, random_bytes).room

    async def lock(self, held: Held, now: datetime) -> None:
        """Lock a session at once."""
        await self._room.run("lock_session", held.id, now)

    async def unlock(self, session: UUID, now: datetime) -> None:
        """Open a locked session again: its holder proved at this moment who she is."""
        await self._room.run("unlock_session", session, now)

    async def prove(self, session: UUID, now: datetime) -> None:
        """Remember that its holder proved at this moment who she is."""
        await self._room.run("refresh_session", session, now)

    async def of_resident(self, resident: ResidentId, now: datetime) -> list[Listed]:
        """List her own sessions, newest first; times by day."""
        rows: list[Any] = await self._room.fetch("sessions_of_resident", resident, now)
        return [
            Listed(row["id"], row["how"], row["began_at"].astimezone(now.tzinfo).date(),
                   row["seen_at"].astimezone(now.tzinfo).date())
            for row in rows
        ]  # fmt: skip

    async def end(self, resident: ResidentId, session: UUID) -> bool:
        """End one of her own sessions; whether it was there and hers."""
        return bool(await self._room.fetch("end_session_of", resident, session))

    async def end_all(self, resident: ResidentId) -> None:
        """End all her own sessions, links and tokens."""
        await self._room.run("end_sessions_of", resident)

    async def end_others(self, resident: ResidentId, but: UUID) -> None:
        """End her own sessions and tokens but one; a link is no session and stays."""
        await self._room.run("end_other_sessions_of", resident, but)

    async def end_staff(self, staff: str) -> None:
        """End every session and token of a member of staff."""
        await self._room.run("end_sessions_of_staff", staff)
