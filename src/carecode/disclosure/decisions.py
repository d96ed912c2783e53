"""What a resident decided: which institutions she shut out, and whose treatment windows are open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from carecode.store.room import Room

if TYPE_CHECKING:
    from carecode.kernel.vocabulary import Resident
    from carecode.store.database import Database

WINDOW_HOURS: Final = 4
"""How long a shown OPEN_RECORD code lets its institution open her record."""


@dataclass(frozen=True, slots=True)
class State:
    """Her decisions about one institution, as the database had them at ``decided_at``."""

    window_open: bool
    refused: bool
    decided_at: datetime  # the database's clock


class Decisions:
    """Her decisions, stored."""

    def __init__(self, database: Database) -> None:
        """Use the role ``carecode_disclosure``."""
        self._room = Room(database, "disclosure")

    async def state(self, resident: Resident, organisation: str, now: datetime) -> State:
        """Return what a decision about her and this institution depends on."""
        row = (await self._room.fetch("facts", resident.id, organisation, now))[0]
        return State(row["window_open"], row["refused"], row["decided_at"])

    async def open_window(self, resident: Resident, organisation: str, now: datetime, until: datetime) -> None:
        """Let an institution open her record until then."""
        await self._room.fetch("open_window", resident.id, organisation, now, until)

    async def prune(self, now: datetime) -> None:
        """Forget windows that closed more than a day ago: a visit leaves no trail."""
        await self._room.fetch("prune_windows", now)

    async def refuse(self, resident: Resident, organisation: str, now: datetime) -> None:
        """Shut an institution out."""
        await self._room.fetch("refuse", resident.id, organisation, now)

    async def allow(self, resident: Resident, organisation: str) -> None:
        """Let an institution in again; a window that an earlier code opened is what it was."""
        await self._room.fetch("allow", resident.id, organisation)

    async def refusals(self, resident: Resident) -> dict[str, datetime]:
        """Return the institutions she shut out, and since when."""
        return {row["organisation"]: row["at"] for row in await self._room.fetch("refusals", resident.id)}

    async def windows(self, resident: Resident, now: datetime) -> dict[str, datetime]:
        """Return the institutions that may open her record now, and until when."""
        return {row["organisation"]: row["until"] for row in await self._room.fetch("windows", resident.id, now)}
