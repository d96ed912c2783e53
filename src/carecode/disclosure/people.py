"""Who takes part: institutions, their staff, and the cast of a demo town."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from carecode.kernel.errors import NotFoundError, RefusedError
from carecode.kernel.vocabulary import SELF, Purpose, Requester, ResidentId, Role
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carecode.store.database import Database

_RESIDENT_NAME = "herself"


@dataclass(frozen=True, slots=True)
class Organisation:
    """An institution that takes part."""

    handle: str
    name: str
    name_zh: str
    kind: str  # hospital | clinic | insurer | platform


@dataclass(frozen=True, slots=True)
class Staff:
    """A person or machine of an institution."""

    id: str
    organisation: str
    role: Role
    name: str
    name_zh: str
    title: str
    title_zh: str


@dataclass(frozen=True, slots=True)
class Names:
    """What a member of staff is called, in English and in Chinese."""

    name: str
    name_zh: str
    title: str
    title_zh: str

    def chinese(self, name: str, title: str) -> tuple[str, str]:
        """Say in Chinese what was written in English, each part only if it is still what is written here.

        >>> Names("Sun Li", "孙丽", "ward 3", "三病区").chinese("Sun Li", "ward 2")
        ('孙丽', 'ward 2')
        """
        return (
            self.name_zh if self.name_zh and name == self.name else name,
            self.title_zh if self.title_zh and title == self.title else title,
        )


class People:
    """Institutions and staff."""

    def __init__(self, database: Database) -> None:
        """Use the role ``carecode_disclosure``."""
        self._room = Room(database, "disclosure")
        self._organisations: dict[str, Organisation] = {}

    async def put_organisation(self, organisation: Organisation) -> None:
        """Add an institution or rename it."""
        await self._room.run(
            "put_organisation", organisation.handle, organisation.name, organisation.name_zh, organisation.kind
        )
        self._organisations.pop(organisation.handle, None)

    async def organisations(self) -> list[Organisation]:
        """Return every institution."""
        return [Organisation(**row) for row in await self._room.fetch("organisations")]

    async def organisation(self, handle: str) -> Organisation:
        """Return one institution.  Raises NotFoundError."""
        if handle not in self._organisations:
            self._organisations.update({known.handle: known for known in await self.organisations()})
        found = self._organisations.get(handle)
        if found is None:
            raise NotFoundError("organisation-unknown", "There is no institution of that name here.")
        return found

    async def put_staff(self, member: Staff) -> None:
        """Add a member of staff or change her entry."""
        await self._room.run(
            "put_staff",
            member.id,
            member.organisation,
            member.role.value,
            member.name,
            member.name_zh,
            member.title,
            member.title_zh,
        )

    async def staff(self, staff_id: str) -> Requester | None:
        """Return a member of staff as a requester without a session (the command line on demo data)."""
        rows = await self._room.fetch("staff", staff_id)
        if not rows:
            return None
        row = rows[0]
        return Requester(row["id"], Role(row["role"]), row["organisation"], row["name"], row["title"])

    async def names(self, staff: Iterable[str]) -> dict[str, Names]:
        """Return what members of staff are called, those who left too; who is not known is left out."""
        rows = await self._room.fetch("staff_names", sorted(set(staff)))
        return {row["id"]: Names(row["name"], row["name_zh"], row["title"], row["title_zh"]) for row in rows}

    async def licensed(self, staff_id: str, now: datetime) -> bool:
        """Tell whether a member of staff works here and her licence is in force (no dates: without end).

        The same stands in every session as ``Requester.licensed``, read with it.
        """
        return bool((await self._room.fetch("licensed", staff_id, now.astimezone(UTC).date()))[0][0])

    async def is_demo(self) -> bool:
        """Tell whether this database holds demo data."""
        return bool((await self._room.fetch("is_demo"))[0][0])

    async def require_demo(self) -> None:
        """Raise RefusedError on any but demo data."""
        if not await self.is_demo():
            raise RefusedError("demo-only", "This works on demo data only. Here people sign in themselves.")

    async def mark_demo(self) -> None:
        """Mark this database as demo data."""
        await self._room.run("mark_demo")

    async def begin_demo(self, today: date) -> date:
        """Return the day on which the demo town was begun: today, or that of an interrupted beginning."""
        await self._room.run("begin_demo", today.isoformat())
        return date.fromisoformat((await self._room.fetch("demo_begun"))[0]["value"])

    async def demo_begun(self) -> bool:
        """Tell whether a demo town was begun here, finished or not."""
        return bool(await self._room.fetch("demo_begun"))

    async def put_cast_member(self, handle: str, resident: ResidentId) -> None:
        """Name a resident of the demo town."""
        await self._room.run("put_cast_member", handle, resident)

    async def cast_member(self, handle: str) -> ResidentId | None:
        """Return who bears a handle of the demo town, such as ``@resident``."""
        rows = await self._room.fetch("cast_member", handle)
        return ResidentId(rows[0]["resident_id"]) if rows else None


def herself(resident: ResidentId) -> Requester:
    """Return the requester that a resident is for her own record."""
    return Requester("resident", Role.RESIDENT, SELF, _RESIDENT_NAME, "", None, resident, Purpose.PATRQT)
