"""Taking back what was linked: first what it would change, then the doing, then telling those concerned.

A steward's link is held by a pin.  Whoever takes the link back takes that pin back first; what both together
come to is worked out from the events before anything is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Final
from uuid import UUID

import msgspec

from carecode.disclosure.linked import Linked, Shown
from carecode.disclosure.stewards_entries import pins
from carecode.identity.ledger import By
from carecode.identity.linking.events import Event, Kind, standing
from carecode.identity.linking.membership import apply
from carecode.identity.linking.undoing import Undoing, undo
from carecode.kernel.errors import ConflictError, NotFoundError
from carecode.kernel.vocabulary import Purpose, ResidentId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from carecode.audit.log import Log
    from carecode.disclosure.stewards_entries import Entries, Entry
    from carecode.identity.linking.membership import Tables
    from carecode.kernel.vocabulary import Requester, Resident

PINS_MAX: Final = 8
DISMISSED_MAX: Final = 10
SHOWN_MAX: Final = 12  # entries on one page
UNDONE: Final = frozenset({Kind.LINK, Kind.MERGE, Kind.MOVE, Kind.UNLINK, Kind.SPLIT, Kind.PIN, Kind.DISMISS})
"""What a page offers to take back."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What taking an event back comes to."""

    event: Event  # that would be taken back
    pins: tuple[Event, ...]  # that hold it and go first, in order
    undoing: Undoing
    meanwhile: tuple[Shown, ...]  # what was opened of them while they were one, oldest first
    entries: tuple[Entry, ...] = field(repr=False)  # of whom it is

    @property
    def mark(self) -> str:
        """Give a mark of what would change: another mark is another change."""
        event = self.undoing.event
        pinned = [each.id for each in self.pins]
        return sha256(msgspec.json.encode((self.event.id, pinned, event.moves, event.markings))).hexdigest()[:32]


class Taking(msgspec.Struct, frozen=True, kw_only=True):
    """What a steward takes back, why, and what she saw of it."""

    event: UUID
    reason: str
    seen: str  # the preview's mark
    apart: bool  # whoever is parted is not proposed again


class Undone:
    """Previews and does what takes events back."""

    def __init__(self, entries: Entries, log: Log, fresh: Callable[[], UUID]) -> None:
        """Work on the index's ledger; ``fresh`` draws numbers for events that are only thought of."""
        self._entries = entries
        self._linked = Linked(entries.index, log, entries.ledger)
        self._log = log
        self._fresh = fresh

    async def preview(self, steward: Requester, event: UUID, of: ResidentId, now: datetime) -> Preview:
        """Say what taking back an event of somebody ``of`` would change, and change nothing.

        Raises NotFoundError ``link-event-gone``, ConflictError where it was taken back or another pin holds.
        """
        tables, history = await self._entries.story([of])
        target = next((each for each in history if each.id == event), None)
        if target is None or target.kind not in UNDONE:
            raise NotFoundError("link-event-gone", "There is no such event.")
        last = max(each.at for each in history)
        first, undoing = self._plan(steward, tables, history, target, max(now, last))
        if not first:
            undoing = await self._entries.ledger.preview(event, By(steward.id, human=True, reason="looked at"), now)
        parted = [each for pair in undoing.parted for each in (pair.first, pair.second)]
        beside = () if target.beside is None else (target.beside,)
        concerned = dict.fromkeys((*target.entries, *beside, *parted))
        entries = [await self._entries.entry(ResidentId(each)) for each in [*concerned][:SHOWN_MAX]]
        return Preview(target, first, undoing, (), tuple(entries))

    async def listed(self, steward: Requester, seen: Preview, now: datetime) -> Preview:
        """Add what was opened of both while they were one; that this was asked stands in the lists of both."""
        parted = seen.undoing.parted
        if not parted:
            return seen
        one, other = ([ResidentId(getattr(each, side)) for each in parted] for side in ("first", "second"))
        since = min(span.since for each in parted for span in each.spans)
        shown = await self._linked.disclosures_between(steward, one, other, since, now)
        return replace(seen, meanwhile=_opened(shown))

    async def do(self, steward: Requester, seen: Preview, reason: str, now: datetime, *, apart: bool) -> Preview:
        """Take an event back with the pins that hold it; ``apart``: nobody is asked about the parted again.

        Whoever was parted is told in her list from when to when, and how many looks there were (``Linked``).
        """
        by = By(steward.id, human=True, reason=reason)
        for pin in seen.pins:
            await self._entries.ledger.undo(pin.id, by, now)
        undoing = await self._entries.ledger.undo(seen.event.id, by, now)
        if apart:
            for parted in undoing.parted[:DISMISSED_MAX]:
                await self._dismiss(ResidentId(parted.first), ResidentId(parted.second), by, now)
        if undoing.parted:
            partings = await self._linked.tell(steward, undoing.event)
            return replace(seen, undoing=undoing, meanwhile=_opened([x for each in partings for x in each.shown]))
        for resident in await self.people(undoing.event.touched):
            await self._log.append(resident, steward, "decide", Purpose.REGISTER, "steward undone")
        return replace(seen, undoing=undoing)

    def _plan(
        self, steward: Requester, tables: Tables, history: Sequence[Event], target: Event, now: datetime
    ) -> tuple[tuple[Event, ...], Undoing]:
        """Find the pins that must go first, and what all of it comes to."""
        gone: list[Event] = []
        story = list(history)
        while True:
            try:
                return tuple(gone), undo(tables, story, self._wanted(steward, target, now))
            except ConflictError as error:
                held = [each for each in pins(standing(story)) if set(each.entries) <= set(target.touched)]
                if not error.code.startswith("pinned") or not held or len(gone) == PINS_MAX:
                    raise
                taken = undo(tables, story, self._wanted(steward, held[0], now)).event
                tables, story = apply(tables, taken), [*story, taken]
                gone.append(held[0])

    def _wanted(self, steward: Requester, target: Event, now: datetime) -> Event:
        kind = Kind.UNMERGE if target.kind is Kind.MERGE else Kind.UNDO
        words = {"actor": steward.id, "human": True, "reason": "looked at"}
        return Event(id=self._fresh(), kind=kind, at=now, undoes=target.id, **words)  # type: ignore[arg-type]

    async def people(self, owners: Iterable[UUID]) -> list[Resident]:
        """Return the people whom some entries belong to now, each once."""
        found: dict[ResidentId, Resident] = {}
        for owner in owners:
            resident = await self._entries.index.by_id(ResidentId(owner))
            if resident is not None:
                found.setdefault((await self._entries.ledger.person(resident.id))[0], resident)
        return list(found.values())

    async def _dismiss(self, one: ResidentId, other: ResidentId, by: By, now: datetime) -> None:
        try:
            await self._entries.ledger.dismiss(one, other, by, now)
        except ConflictError:
            return  # decided already


def _opened(shown: Iterable[Shown]) -> tuple[Shown, ...]:
    """Keep what showed of a record, each look once, oldest first."""
    looks = {each.receipt_number: each for each in shown if each.action == "disclose"}
    return tuple(sorted(looks.values(), key=lambda each: each.at))
