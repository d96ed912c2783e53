"""Who works where: staff, their licences, their invitations, and what happens when one leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from carecode.disclosure.passkeys import Owner
from carecode.kernel.errors import InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Role
from carecode.store.room import Room

if TYPE_CHECKING:
    from carecode.disclosure.passkeys import Passkeys
    from carecode.disclosure.people import People, Staff
    from carecode.disclosure.sessions import SessionBook
    from carecode.disclosure.tokens import Tokens
    from carecode.kernel.vocabulary import Requester
    from carecode.store.database import Database

INVITATION_TIME: Final = timedelta(hours=72)
LICENCE_CHARACTERS_MAX: Final = 60
LICENSED_ROLES: Final = frozenset({Role.CLINICIAN})  # nobody works in these before a licence is given


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff as those who keep the list see her."""

    id: str
    organisation: str
    role: Role
    name: str
    name_zh: str
    title: str
    title_zh: str
    active: bool
    licence: str
    licence_from: date | None
    licence_until: date | None
    signs_in: bool  # she has a passkey, or a provider vouches for her


@dataclass(frozen=True, slots=True)
class Invited:
    """For whom an invitation is."""

    staff: str
    organisation: str
    name: str
    made_by: str


class Staffing:
    """Keeps the list of staff."""

    def __init__(
        self, database: Database, people: People, tokens: Tokens, book: SessionBook, passkeys: Passkeys
    ) -> None:
        """Use the role ``carecode_disclosure``."""
        self._room = Room(database, "disclosure")
        self._people = people
        self._tokens = tokens
        self._book = book
        self._passkeys = passkeys

    async def add(self, member: Staff, now: datetime) -> None:
        """Add a member of staff, or one who left once more; NotFoundError for an institution that is not here.

        Whose role needs a licence has none in force until she is given one.
        """
        await self._people.organisation(member.organisation)
        known = {one.id: one for one in await self.listed()}.get(member.id)
        await self._people.put_staff(member)
        await self._room.run("restore_staff", member.id)
        if member.role in LICENSED_ROLES and not (known and known.licence):
            await self.license(member.id, "", None, now.astimezone(UTC).date() - timedelta(days=1))

    async def listed(self, organisation: str | None = None) -> list[Member]:
        """List the staff of an institution, or of all; those who left too."""
        rows: list[Any] = await self._room.fetch("staff_of", organisation)
        return [
            Member(
                row["id"], row["organisation"], Role(row["role"]), row["name"], row["name_zh"], row["title"],
                row["title_zh"], row["active"], row["licence"], row["licence_from"], row["licence_until"],
                row["signs_in"],
            )
            for row in rows
        ]  # fmt: skip

    async def license(self, staff: str, number: str, since: date | None, until: date | None) -> None:
        """Give a member of staff her licence: its number and the days from and until which it is in force.

        InvalidInputError for dates that contradict each other or a number too long; NotFoundError.
        """
        if since is not None and until is not None and until < since:
            raise InvalidInputError("licence-dates", "The licence ends before it begins. Compare the dates.")
        if len(number) > LICENCE_CHARACTERS_MAX or not number.isprintable():
            raise InvalidInputError("licence-number", f"A licence has at most {LICENCE_CHARACTERS_MAX} letters.")
        if not await self._room.fetch("licence", staff, number, since, until):
            raise _nobody()

    async def invite(self, staff: str, made_by: str, now: datetime) -> str:
        """Return a one-time invitation: 64 hexadecimal digits, good for INVITATION_TIME; earlier ones stop."""
        member = await self._people.staff(staff)
        if member is None or member.role is Role.SYSTEM:
            raise _nobody()
        token = self._tokens.random_bytes(32).hex()
        await self._room.run("invite", self._tokens.hash(token), staff, made_by, now + INVITATION_TIME)
        return token

    async def invite_by(self, officer: Requester, staff: str, now: datetime) -> str:
        """Let an officer invite a member of her own institution; RefusedError for anybody else."""
        if officer.role is not Role.OFFICER:
            raise RefusedError("not-an-officer", "Only an officer of the institution invites its staff.")
        member = await self._people.staff(staff)
        if member is None or member.organisation != officer.organisation:
            raise _nobody()
        return await self.invite(staff, officer.id, now)

    async def invited(self, token: str, now: datetime) -> Invited:
        """Return for whom an invitation is; RefusedError ``invitation-used`` when it is not good (any more)."""
        rows = await self._room.fetch("invitation", self._tokens.hash(token), now)
        if not rows:
            raise used_up()
        return Invited(rows[0]["staff_id"], rows[0]["organisation"], rows[0]["name"], rows[0]["made_by"])

    async def use_invitation(self, token_hash: bytes | None, now: datetime) -> tuple[str, str]:
        """Use an invitation up: for whom it was, and who made it; RefusedError ``invitation-used``."""
        rows = await self._room.fetch("use_invitation", token_hash, now)
        if not rows:
            raise used_up()
        return rows[0]["staff_id"], rows[0]["made_by"]

    async def begin_account(self, staff: str, made_by: str, now: datetime, account: UUID | None = None) -> UUID:
        """Give a member of staff an account of her own; what she had elsewhere stays with the old one.

        An institution that invites somebody thus never comes into what she is at another.
        """
        account = account or UUID(bytes=self._tokens.random_bytes(16), version=4)
        await self._room.run("add_account", account, made_by, now)
        await self.join(staff, account)
        return account

    async def join(self, staff: str, account: UUID) -> None:
        """Make a member of staff's work part of an account; her sessions until now end."""
        if not await self._room.fetch("join_account", staff, account):
            raise _nobody()
        await self._book.end_staff(staff)

    async def remove(self, staff: str) -> None:
        """End a member of staff's work: her sessions, invitations and ways to sign in end with it.

        Effective with the next request of hers, at the interface for programs within a second.
        """
        accounts = {row["id"]: row["account"] for row in await self._room.fetch("staff_of", None)}
        if not await self._room.fetch("remove_staff", staff):
            raise _nobody()
        await self._book.end_staff(staff)
        await self._room.run("drop_invitations", staff)
        await self._room.run("drop_subjects", staff)
        account = accounts.get(staff)
        if account is not None and not await self._room.fetch("works_as", account):
            await self._passkeys.cancel_all(Owner(account=account))


def in_force(member: Member, now: datetime) -> bool:
    """Tell whether a licence is in force on a day; one without dates is."""
    today = now.astimezone(UTC).date()
    return (member.licence_from or today) <= today <= (member.licence_until or today)


def used_up() -> RefusedError:
    """Say that an invitation is not good; one answer for every reason."""
    return RefusedError("invitation-used", "This invitation was used or is too old. Ask for a new one.")


def _nobody() -> NotFoundError:
    return NotFoundError("staff-none", "Nobody of that name works here.")
