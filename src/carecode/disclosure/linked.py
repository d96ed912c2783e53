"""Parting entries that were one person by mistake: what was given of them meanwhile, and telling both.

The records need nothing: each entry kept its key, its decisions and its chain, and the log voided every receipt
with the change itself (audit/sql/0006).  What was given while they were one names the keys of both.  What was done
for a legal order is neither counted nor listed here: a court may keep it from her, and her list has rules for that.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.audit.log import ENTRIES_MAX
from carecode.identity.ledger import By
from carecode.identity.linking.membership import Span, Tables, together
from carecode.kernel.errors import NotFoundError, RefusedError
from carecode.kernel.vocabulary import Category, Purpose, ResidentId, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from carecode.audit.log import Entry, Log
    from carecode.identity.index import Index
    from carecode.identity.ledger import Ledger
    from carecode.identity.linking.events import Event
    from carecode.kernel.vocabulary import RecordKey, Requester, Resident

PARTERS: Final = frozenset({Role.STEWARD, Role.OPERATOR, Role.SYSTEM})
PARTED: Final = "parted"
"""How the basis of a notice begins."""
LISTED: Final = "parted looks listed"
NUMBERS_MAX: Final = 20
"""So many receipt numbers stand in a notice; her list shows every look that it counts."""
CLOCKS_APART: Final = timedelta(minutes=5)
"""How far the clocks of the index and of the log may differ; only looks that name both sides count anyway."""
_MINUTE: Final = "%Y-%m-%dT%H:%MZ"
_TOLD_AMONG: Final = 100  # her newest entries, among which a notice of the same event is looked for


@dataclass(frozen=True, slots=True)
class Shown:
    """One look at entries that were one person then: nothing of whom, nothing of what was read."""

    receipt_number: str
    organisation: str  # handle of the institution; SELF: pages of whoever of them had signed in
    at: datetime
    action: str  # disclose: part of the record; identify: the card
    categories: frozenset[Category]


@dataclass(frozen=True, slots=True)
class Parting:
    """What one person is told when entries are parted from hers."""

    person: ResidentId = field(repr=False)
    begins: datetime
    ends: datetime
    shown: tuple[Shown, ...]

    def basis(self, event: UUID) -> str:
        """Write it for her log: the event, the span in UTC, how many looks, and the first of their receipts."""
        numbers = ",".join(one.receipt_number for one in self.shown[:NUMBERS_MAX])
        begins, ends = (at.astimezone(UTC).strftime(_MINUTE) for at in (self.begins, self.ends))
        return f"{PARTED} {event} {begins} {ends} {len(self.shown)} {numbers}".rstrip()


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice read back from her log, for the page that says it."""

    begins: datetime
    ends: datetime
    looks: int
    numbers: tuple[str, ...]


def notice_of(basis: str) -> Notice | None:
    """Read what ``Parting.basis`` wrote; None for any other basis.

    >>> notice_of("parted 3f0c 2026-11-23T09:00Z 2026-11-24T10:30Z 1 4F3A-9C21").looks
    1
    """
    words = basis.split(" ")
    try:
        word, _event, begins, ends, looks, *numbers = words
        found = Notice(
            datetime.strptime(begins, _MINUTE).replace(tzinfo=UTC),
            datetime.strptime(ends, _MINUTE).replace(tzinfo=UTC),
            int(looks),
            tuple(number for text in numbers for number in text.split(",")),
        )
    except ValueError:
        return None
    return found if word == PARTED else None


class Linked:
    """Parts entries, lists what was given of them together, and tells every person concerned."""

    def __init__(self, index: Index, log: Log, ledger: Ledger) -> None:
        """Change links in ``ledger`` and write into the lists of ``log``."""
        self._index = index
        self._log = log
        self._ledger = ledger

    async def unlink(self, steward: Requester, entry: ResidentId, reason: str, now: datetime) -> list[Parting]:
        """Let one entry stand alone, and tell both.  This and the next raise as the ledger; RefusedError for others."""
        return await self.tell(steward, await self._ledger.unlink(entry, _by(steward, reason), now))

    async def split(
        self, steward: Requester, entries: Sequence[ResidentId], reason: str, now: datetime
    ) -> list[Parting]:
        """Let some entries of one person leave as a person of their own, and tell both."""
        return await self.tell(steward, await self._ledger.split(entries, _by(steward, reason), now))

    async def move(
        self, steward: Requester, entries: Sequence[ResidentId], beside: ResidentId, reason: str, now: datetime
    ) -> list[Parting]:
        """Let some entries of one person join another, and tell whom they leave and whom they join."""
        return await self.tell(steward, await self._ledger.move(entries, beside, _by(steward, reason), now))

    async def undo(self, steward: Requester, event: UUID, reason: str, now: datetime) -> list[Parting]:
        """Take back a link, a merge or any other event, and tell whoever is parted by that."""
        return await self.tell(steward, (await self._ledger.undo(event, _by(steward, reason), now)).event)

    async def tell(self, steward: Requester, event: Event) -> list[Parting]:
        """Tell every person whom an event parted: from when to when, and the looks of that time.

        Said once to each, however often it is called; after a fault call it again.  It names nobody else.
        """
        _require(steward)
        made = []
        for parting in await self.partings(event):
            person = await self._person(parting.person)
            begins = f"{PARTED} {event.id} "
            if not any(entry.basis.startswith(begins) for entry in await self._log.entries(person, _TOLD_AMONG)):
                await self._log.append(person, steward, "decide", Purpose.REGISTER, parting.basis(event.id))
            made.append(parting)
        return made

    async def partings(self, event: Event) -> list[Parting]:
        """Return whom an event parted, person by person as they are now, and what was given of them together."""
        entries = sorted({each for move in event.moves for each in await self._around(move.entry, move.before)})
        lines = {entry: await self._line(entry) for entry in entries}
        persons = {entry: (await self._ledger.person(entry))[0] for entry in entries}
        sides: dict[ResidentId, list[tuple[ResidentId, ResidentId, datetime]]] = defaultdict(list)
        for one, other in combinations(entries, 2):
            spans = together(Tables(spans={one: lines[one], other: lines[other]}), one, other)
            ended = [span.since for span in spans if span.until == event.at]
            if ended and persons[one] != persons[other]:
                sides[persons[one]].append((one, other, ended[-1]))
                sides[persons[other]].append((other, one, ended[-1]))
        found = []
        for person, pairs in sorted(sides.items()):
            begins = min(since for _own, _other, since in pairs)
            shown = await self._shown({x[0] for x in pairs}, {x[1] for x in pairs}, begins, event.at)
            found.append(Parting(person, begins, event.at, tuple(shown)))
        return found

    async def disclosures_between(
        self,
        steward: Requester,
        parted: Sequence[ResidentId],
        rest: Sequence[ResidentId],
        begins: datetime,
        ends: datetime,
    ) -> list[Shown]:
        """List the looks that were given of both sides together in a span of time, oldest first.

        Where several were parted from each other an entry may stand on both sides: alone it is no look of two.
        The listing stands in the logs of both.  RefusedError for anybody but a steward or the operator's commands.
        """
        _require(steward)
        for person in {(await self._ledger.person(entry))[0] for entry in (*parted, *rest)}:
            await self._log.append(await self._person(person), steward, "decide", Purpose.REGISTER, LISTED)
        return await self._shown(parted, rest, begins, ends)

    async def _shown(
        self, parted: Collection[ResidentId], rest: Collection[ResidentId], begins: datetime, ends: datetime
    ) -> list[Shown]:
        one, other = await self._keys(parted), await self._keys(rest)
        found: dict[UUID, Entry] = {}
        since, until = begins - CLOCKS_APART, ends + CLOCKS_APART
        while True:
            page = await self._log.telling.shared(one, other, since, until)
            fresh = {entry.receipt: entry for entry in page if entry.receipt not in found}
            found.update(fresh)
            if len(page) < ENTRIES_MAX or not fresh:
                break
            since = page[-1].at
        told = [entry for entry in found.values() if entry.purpose is not Purpose.HLEGAL]
        return [Shown(x.receipt_number, x.organisation, x.at, x.action, x.categories) for x in told]

    async def _keys(self, entries: Collection[ResidentId]) -> list[RecordKey]:
        """Return the keys of entries themselves, not of their persons."""
        found = []
        for entry in sorted(set(entries)):
            person = await self._person(entry)
            found += [key for key, whose in zip(person.keys, person.entries, strict=False) if whose == entry]
        return found

    async def _person(self, entry: ResidentId) -> Resident:
        person = await self._index.by_id(entry)
        if person is None:
            raise NotFoundError("entry-gone", "There is nobody here under this number.")
        return person

    async def _around(self, *entries: UUID) -> set[ResidentId]:
        """Return the entries of the persons to whom these belong now."""
        return {each for entry in entries for each in (await self._ledger.person(ResidentId(entry)))[1]}

    async def _line(self, entry: ResidentId) -> tuple[Span, ...]:
        """Return to whom an entry belonged, from her events: each verified in her chain."""
        spans: list[Span] = []
        for step in reversed(await self._ledger.history(entry)):
            event = step.event
            for move in event.moves:
                if move.entry == entry:
                    if spans:
                        last = spans.pop()
                        spans.append(Span(last.person, last.opened_at, last.opened_by, event.at, event.id))
                    spans.append(Span(move.after, event.at, event.id))
        return tuple(spans)


def _by(steward: Requester, reason: str) -> By:
    _require(steward)
    return By(steward.id, human=True, reason=reason)


def _require(steward: Requester) -> None:
    if steward.role not in PARTERS:
        raise RefusedError("stewards-only", "Only a steward parts entries. Tell the steward what you saw.")
