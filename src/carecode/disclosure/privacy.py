"""Her own side: who looked, and which institutions she shuts out or lets in again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import Purpose, Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from carecode.audit.log import Entry, Log
    from carecode.disclosure.decisions import Decisions
    from carecode.disclosure.people import Organisation, People
    from carecode.identity.index import Index
    from carecode.kernel.vocabulary import Requester, Resident

LOOKS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Look:
    """One line of "who looked": the entry and the institution in words."""

    entry: Entry
    organisation: Organisation | None  # None: herself


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution as her privacy page shows it."""

    organisation: Organisation
    refused_since: datetime | None
    window_until: datetime | None


class Privacy:
    """What a resident sees and decides about her own record."""

    def __init__(
        self, index: Index, log: Log, decisions: Decisions, people: People, clock: Callable[[], datetime]
    ) -> None:
        """Work on these doors."""
        self._index = index
        self._log = log
        self._decisions = decisions
        self._people = people
        self._clock = clock

    async def who_looked(self, requester: Requester, *, own: bool = False, limit: int = LOOKS_MAX) -> list[Look]:
        """Return her log, newest first; her own reading is left out unless ``own``."""
        resident = await self._herself(requester)
        entries = await self._log.entries(resident, limit)
        return [
            Look(entry, await self._people.organisation(entry.organisation) if entry.role != Role.RESIDENT else None)
            for entry in entries
            if own or entry.role != Role.RESIDENT or entry.action == "decide"
        ]

    async def first_broken(self, requester: Requester) -> int | None:
        """Return the first entry of her log that does not follow from the one before, or None."""
        return await self._log.first_broken(await self._herself(requester))

    async def institutions(self, requester: Requester) -> list[Institution]:
        """Return every institution with what she decided about it."""
        resident = await self._herself(requester)
        refusals = await self._decisions.refusals(resident)
        windows = await self._decisions.windows(resident, self._clock())
        return [
            Institution(known, refusals.get(known.handle), windows.get(known.handle))
            for known in await self._people.organisations()
            if known.kind in {"hospital", "clinic"}
        ]

    async def refuse(self, requester: Requester, organisation: str) -> None:
        """Shut an institution out; when this returns, none of its receipts opens a row any more."""
        resident = await self._herself(requester)
        await self._people.organisation(organisation)
        if organisation in await self._decisions.refusals(resident):
            return
        await self._decisions.refuse(resident, organisation, self._clock())
        await self._log.void(resident)
        await self._log.append(resident, requester, "decide", Purpose.PATRQT, f"refuse {organisation}")

    async def allow(self, requester: Requester, organisation: str) -> None:
        """Let an institution in again; nothing happens when it was not shut out."""
        resident = await self._herself(requester)
        await self._people.organisation(organisation)
        if organisation not in await self._decisions.refusals(resident):
            return
        await self._decisions.allow(resident, organisation)
        await self._log.void(resident)
        await self._log.append(resident, requester, "decide", Purpose.PATRQT, f"allow {organisation}")

    async def _herself(self, requester: Requester) -> Resident:
        resident = await self._index.by_id(requester.resident) if requester.resident else None
        if requester.role is not Role.RESIDENT or resident is None:
            raise RefusedError("herself-only", "Only she herself may see and change this.")
        return resident
