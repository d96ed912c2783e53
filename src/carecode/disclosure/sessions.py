"""Proofs of who asks: sessions, sign-in links, bearer tokens, and the codes that add a phone.

Tokens are 256 random bits, kept as keyed hashes only: a copy of the database signs nobody in.
Sign-in links exist on demo data only.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from carecode.crypto.keyed import keyed_hash
from carecode.disclosure.misses import Misses
from carecode.disclosure.people import herself
from carecode.kernel.errors import InvalidInputError, NotFoundError, RefusedError, UnavailableError
from carecode.kernel.vocabulary import Purpose, Requester, ResidentId, Role
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecode.disclosure.people import People
    from carecode.store.database import Database

SESSION_HOURS: Final = 12
RESIDENT_SESSION_DAYS: Final = 30  # her own phone
LINK_HOURS: Final = 24
BEARER_HOURS: Final = 8
ENROLMENT_MINUTES: Final = 10
ENROLMENT_DIGITS: Final = 8
DESK_NUMBERS: Final = 10_000
_TOKEN_BYTES: Final = 32

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


class Sessions:
    """Everyone who is signed in, and how they came in."""

    def __init__(self, database: Database, people: People, key: bytes, random_bytes: Callable[[int], bytes]) -> None:
        """Use the role ``carecode_disclosure``; ``key`` hashes tokens."""
        self._room = Room(database, "disclosure")
        self._people = people
        self._key = key
        self._random_bytes = random_bytes
        self._misses = Misses()

    async def session(self, token: str, now: datetime) -> Requester | None:
        """Return who holds a session, or None when there is none (any more)."""
        return await self._holder(token, "session", now)

    async def bearer(self, token: str, now: datetime) -> Requester | None:
        """Return who holds a bearer token, or None."""
        return await self._holder(token, "bearer", now)

    async def sign_out(self, token: str) -> None:
        """End a session at once."""
        await self._room.run("remove_session", self._hash(token))

    async def sign_in(self, now: datetime, *, staff: str | None = None, resident: ResidentId | None = None) -> str:
        """Begin a session and return its token.  Staff get four desk digits nobody else there has."""
        desk_number = await self._desk_number(staff, now) if staff else None
        length = timedelta(hours=SESSION_HOURS) if staff else timedelta(days=RESIDENT_SESSION_DAYS)
        return await self._add("session", now + length, staff, resident, None, desk_number)

    async def issue_bearer(
        self,
        now: datetime,
        *,
        purpose: Purpose,
        staff: str | None = None,
        resident: ResidentId | None = None,
    ) -> str:
        """Return a bearer token for a member of staff, bound to ``resident`` when one is given."""
        return await self._add("bearer", now + timedelta(hours=BEARER_HOURS), staff, resident, purpose, None)

    async def link(self, now: datetime, *, staff: str | None = None, resident: ResidentId | None = None) -> str:
        """Return a sign-in link's token, usable until LINK_HOURS have passed.  Demo data only."""
        await self._people.require_demo()
        return await self._add("link", now + timedelta(hours=LINK_HOURS), staff, resident, None, None)

    async def redeem(self, token: str, now: datetime) -> tuple[str, str]:
        """Turn a sign-in link into a session: ``(area, session token)``.

        Raises RefusedError when the link is unknown or has expired, and on any but demo data.
        """
        await self._people.require_demo()
        row = await self._row(token, "link", now)
        if row is None:
            raise RefusedError("link-expired", "This sign-in link has expired. Take a new one from the front page.")
        role = Role(row["role"]) if row["role"] else Role.RESIDENT
        return AREAS[role], await self.sign_in(now, staff=row["staff_id"], resident=row["resident_id"])

    async def enrolment_code(self, resident: ResidentId, now: datetime) -> str:
        """Return eight digits that add one phone to a resident: once, within ten minutes."""
        number = int.from_bytes(self._random_bytes(16), "big") % 10**ENROLMENT_DIGITS
        code = f"{number:0{ENROLMENT_DIGITS}d}"
        await self._room.run("add_enrolment", self._hash(code), resident, now + timedelta(minutes=ENROLMENT_MINUTES))
        return code

    async def redeem_enrolment(self, code: str, now: datetime, peer: str = "") -> tuple[Requester, str]:
        """Use an enrolment code up: the resident and her session's token.

        Raises InvalidInputError for anything but eight digits, RefusedError for a used, expired or
        unknown one, UnavailableError when ``peer``, the address that asks, missed too often within a
        minute, or when all together missed a hundred times as often.
        """
        digits = "".join(code.split()).replace("-", "")
        if len(digits) != ENROLMENT_DIGITS or not (digits.isascii() and digits.isdigit()):
            raise InvalidInputError("enrolment-form", "The code has eight digits. Type it as the desk shows it.")
        self._misses.refuse_if_many(peer, now)
        rows = await self._room.fetch("use_enrolment", self._hash(digits), now)
        if not rows:
            self._misses.add(peer, now)
            raise RefusedError(
                "enrolment-used", "This code was used already or is older than ten minutes. Ask the desk for a new one."
            )
        resident = ResidentId(rows[0]["resident_id"])
        return herself(resident), await self.sign_in(now, resident=resident)

    async def prune(self, now: datetime) -> None:
        """Remove sessions, links and tokens that have expired."""
        await self._room.run("prune_sessions", now)

    async def _desk_number(self, staff: str, now: datetime) -> str:
        member = await self._people.staff(staff)
        if member is None:
            raise NotFoundError("staff-unknown", "There is no member of staff of that name here.")
        taken = {row["desk_number"] for row in await self._room.fetch("desk_numbers", member.organisation, now)}
        start = int.from_bytes(self._random_bytes(8), "big") % DESK_NUMBERS
        for step in range(DESK_NUMBERS):
            number = f"{(start + step) % DESK_NUMBERS:04d}"
            if number not in taken:
                return number
        raise UnavailableError("desks-full", "Every desk number of this institution is in use. Sign out somewhere.")

    async def _holder(self, token: str, kind: str, now: datetime) -> Requester | None:
        row = await self._row(token, kind, now)
        if row is None:
            return None
        resident = ResidentId(row["resident_id"]) if row["resident_id"] else None
        if row["staff_id"] is None:
            return herself(resident) if resident else None
        purpose = Purpose(row["purpose"]) if row["purpose"] else None
        return Requester(
            row["staff_id"],
            Role(row["role"]),
            row["organisation"],
            row["name"],
            row["title"],
            row["desk_number"],
            resident,
            purpose,
        )

    async def _row(self, token: str, kind: str, now: datetime) -> Any:  # noqa: ANN401  # an asyncpg record
        rows = await self._room.fetch("session", self._hash(token), kind, now)
        return rows[0] if rows else None

    async def _add(  # one row's columns
        self,
        kind: str,
        until: datetime,
        staff: str | None,
        resident: ResidentId | None,
        purpose: Purpose | None,
        desk_number: str | None,
    ) -> str:
        token = self._random_bytes(_TOKEN_BYTES).hex()
        name = purpose.value if purpose else None
        await self._room.run("add_session", self._hash(token), kind, staff, resident, name, desk_number, until)
        return token

    def _hash(self, token: str) -> bytes:
        return keyed_hash(self._key, token.encode("utf-8", "replace"))
