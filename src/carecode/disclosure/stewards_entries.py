"""What the index tells a steward of some entries: each one's own facts, what was decided about them, and why.

The one place where stewards and desks touch the index and the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from carecode.identity.held import Assurance
from carecode.identity.linking.events import Event, Kind, Mark, pair
from carecode.identity.linking.membership import Tables, replay
from carecode.kernel.errors import ConflictError, NotFoundError
from carecode.kernel.vocabulary import Resident, ResidentId

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from carecode.identity.identifiers import Identifier
    from carecode.identity.index import Index
    from carecode.identity.ledger import Ledger
    from carecode.identity.linking.deciding import Weighed
    from carecode.identity.person import Person

SELF_STATED: Final = int(Assurance.SELF_STATED)
PEOPLE_MAX: Final = 200
"""Entries whose events are read for one story; more than that is no person's life."""


class Evidence(NamedTuple):
    """What a stored decision says of one pair."""

    weighed: Weighed
    model: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as she was registered."""

    id: ResidentId
    person: Person = field(repr=False)
    numbers: tuple[Identifier, ...] = field(repr=False)
    resident: Resident = field(repr=False)  # the person she belongs to now, with all keys
    source: str = ""  # the organisation that said most lately who she is
    since: datetime | None = None  # when that was
    seen: bool = True  # somebody looked at her document, or a device or an authority did


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries of a case, by their places in it."""

    first: int
    second: int
    evidence: Evidence | None
    mark: Mark
    together: bool

    @property
    def is_decided(self) -> bool:
        """Say whether nobody is to be asked again."""
        return self.together or self.mark is not Mark.NONE


class Entries:
    """Reads entries for people who compare them.  It logs nothing: its callers do, before they show anything."""

    def __init__(self, index: Index, ledger: Ledger) -> None:
        """Read from the index and its ledger."""
        self.index = index
        self.ledger = ledger

    async def entry(self, entry: ResidentId) -> Entry:
        """Return one entry; NotFoundError ``entry-gone``."""
        resident = await self.index.by_id(entry)
        if resident is None:
            raise NotFoundError("entry-gone", "There is nobody here under this number.")
        stated = await self.index.stated(resident)
        numbers = tuple(dict.fromkeys(each.identifier for each in stated if each.entry == entry))
        claims = [
            each
            for each in await self.index.sources.claims(entry)
            if await self.index.sources.entry_of(each.rid) == entry
        ]
        if not claims:
            return Entry(entry, await self.index.card(resident), numbers, resident)
        seen = any(each.assurance > SELF_STATED for each in claims)
        last = claims[-1]
        return Entry(
            entry, await self.index.card(resident), numbers, resident, last.source, claims[0].recorded_at, seen
        )

    async def evidence(self, entries: Sequence[ResidentId]) -> dict[tuple[UUID, UUID], Evidence]:
        """Return what was decided of each pair of entries, the newest decision of each."""
        found: dict[tuple[UUID, UUID], Evidence] = {}
        for entry in entries:
            for stored in await self.index.decisions(entry):
                best = () if stored.decision.best is None else (stored.decision.best,)
                for weighed in (*best, *stored.decision.also):
                    other = await self.index.sources.entry_of(UUID(weighed.record))
                    if other is None or other == entry or other not in entries:
                        continue
                    key = pair(entry, other)
                    if key not in found or found[key].at < stored.at:
                        found[key] = Evidence(weighed, stored.decision.model, stored.at)
        return found

    async def pairs(self, entries: Sequence[ResidentId]) -> list[Pair]:
        """Return every pair of some entries with its evidence and what people decided about it."""
        evidence = await self.evidence(entries)
        tables = (await self.story(entries))[0]
        return [
            Pair(
                first,
                second,
                evidence.get(pair(one, other)),
                tables.marks.get(pair(one, other), Mark.NONE),
                tables.person(one) == tables.person(other),
            )
            for first, one in enumerate(entries)
            for second, other in enumerate(entries)
            if first < second
        ]

    async def story(self, entries: Iterable[UUID]) -> tuple[Tables, list[Event]]:
        """Return all that happened to some entries and to whomever they met, and what it came to.

        In an order in which it can have happened: events of different chains that nobody shares commute.
        Raises ConflictError ``link-tangled`` past PEOPLE_MAX people.
        """
        chains: dict[UUID, list[Event]] = {}
        waiting = list(dict.fromkeys(entries))
        while waiting:
            owner = waiting.pop()
            if owner in chains:
                continue
            if len(chains) == PEOPLE_MAX:
                raise ConflictError(
                    "link-tangled", "Too much has been linked and parted here. Unlink these entries one by one."
                )
            chains[owner] = [step.event for step in reversed(await self.ledger.history(ResidentId(owner)))]
            waiting += [each for event in chains[owner] for each in event.touched if each not in chains]
        history = in_order(chains)
        return replay(history), history


def in_order(chains: dict[UUID, list[Event]]) -> list[Event]:
    """Merge chains of events, each oldest first, into one order that every chain agrees with."""
    before: dict[UUID, set[UUID]] = {}
    events: dict[UUID, Event] = {}
    for chain in chains.values():
        for place, event in enumerate(chain):
            events[event.id] = event
            before.setdefault(event.id, set()).update(each.id for each in chain[place - 1 : place])
    ordered: list[Event] = []
    done: set[UUID] = set()
    left = sorted(events.values(), key=lambda event: (event.at, event.id))
    while left:
        ready = next(event for event in left if before[event.id] <= done)
        left.remove(ready)
        ordered.append(ready)
        done.add(ready.id)
    return ordered


def pins(history: Sequence[Event]) -> list[Event]:
    """Return the pins among some standing events, newest first."""
    return [event for event in reversed(history) if event.kind is Kind.PIN]
