"""Many people registered together, with the answers of one by one: two round trips for a thousand.

Whoever resembles somebody earlier of the same thousand waits for the next round, whoever is known by
a number or was registered elsewhere meanwhile goes one by one; so the order of arrival decides as it
does at a desk.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.identity.entering import TOGETHER_MAX, Row
from carecode.identity.held import Assurance
from carecode.identity.identifiers import Identifier
from carecode.identity.linking.deciding import Decision, Outcome
from carecode.identity.linking.standardise import Record
from carecode.identity.matcher import SHARED_MAX
from carecode.identity.person import Person
from carecode.identity.registering import Asked, Seen
from carecode.kernel.errors import CareCodeError
from carecode.kernel.vocabulary import ResidentId

if TYPE_CHECKING:
    import asyncpg

    from carecode.identity.index import Enrolment, Index

ASIDE_MAX: Final = 8


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody as a source sent her."""

    identifiers: tuple[Identifier, ...] = field(repr=False)
    person: Person = field(repr=False)
    more: Record | None = field(default=None, repr=False)
    local: str = field(default="", repr=False)


@dataclass(slots=True)
class _Place:
    """One of the thousand while she is decided about."""

    asked: Asked
    seen: Seen
    decision: Decision
    is_known: bool  # a number of hers names somebody


class Bulk:
    """Registers people by the thousand."""

    def __init__(self, index: Index) -> None:
        """Register in ``index``."""
        self._index = index
        self._matcher = index.matcher

    async def enrol(
        self,
        people: Sequence[Arrival],
        *,
        source: str,
        now: datetime,
        assurance: Assurance = Assurance.SELF_STATED,
    ) -> list[Enrolment | CareCodeError | None]:
        """Register people; at each place what became of her, the error that she alone met, or None for plainly new.

        At most TOGETHER_MAX at once.
        """
        done: list[Enrolment | CareCodeError | None] = [None] * len(people)
        waiting = {
            place: self._index.asked(one.identifiers, one.person, source, now, one.more, one.local, assurance)
            for place, one in enumerate(people[:TOGETHER_MAX])
        }
        while waiting:
            round_ = self._apart(waiting)
            for place in round_:
                waiting.pop(place)
            alone = [place async for place in self._together(round_, done)]
            # Nobody of one round shares a key or a number with another: they may go side by side.
            limit = asyncio.Semaphore(ASIDE_MAX)
            await asyncio.gather(*(self._alone(round_[place], people[place], done, place, limit) for place in alone))
        return done

    async def _alone(
        self,
        asked: Asked,
        one: Arrival,
        done: list[Enrolment | CareCodeError | None],
        place: int,
        limit: asyncio.Semaphore,
    ) -> None:
        """Register somebody by herself."""
        async with limit:
            try:
                done[place] = await self._index.enrol(
                    one.identifiers,
                    one.person,
                    source=asked.source,
                    now=asked.now,
                    more=one.more,
                    local=one.local,
                    assurance=asked.assurance,
                )
            except CareCodeError as error:
                done[place] = error

    def _apart(self, waiting: dict[int, Asked]) -> dict[int, Asked]:
        """Take from the front whoever shares no key and no number with somebody before her."""
        taken: dict[int, Asked] = {}
        held: set[int | bytes] = set()
        for place, asked in waiting.items():
            if held.isdisjoint(asked.keyed.asked) and held.isdisjoint(asked.hashes):
                taken[place] = asked
            held.update(asked.keyed.stored)
            held.update(asked.hashes)
        return taken

    async def _together(
        self, round_: dict[int, Asked], done: list[Enrolment | CareCodeError | None]
    ) -> AsyncIterator[int]:
        """Write whoever is new, settle what was decided, and yield the places that must go one by one."""
        places = await self._look(round_)
        new: dict[int, Row] = {}
        for place, one in places.items():
            if one.is_known:
                yield place
            else:
                new[place] = self._index.entering.row(one.asked, one.seen, one.decision)
        written = await self._index.entering.many(list(new.values()))
        asks = []
        for (place, row), is_in in zip(new.items(), written, strict=True):
            if not is_in:
                yield place
            elif places[place].decision.outcome is not Outcome.NEW:
                asks.append((place, row.entry))
        limit = asyncio.Semaphore(ASIDE_MAX)

        async def settled(place: int, entry: ResidentId) -> None:
            async with limit:
                one = places[place]
                done[place] = await self._index.became(entry, one.decision, one.seen.entries, one.asked.now)

        await asyncio.gather(*(settled(place, entry) for place, entry in asks))

    async def _look(self, round_: dict[int, Asked]) -> dict[int, _Place]:
        """Look everybody up in one round trip and decide."""
        keys = {place: one.keyed.asked for place, one in round_.items()}
        rows: dict[int, list[asyncpg.Record]] = {place: [] for place in round_}
        for row in await self._index.room.fetch(
            "look_many",
            [place for place, one in round_.items() for _ in one.hashes],
            [each for one in round_.values() for each in one.hashes],
            [place for place, some in keys.items() for _ in some],
            [key for some in keys.values() for key in some],
            SHARED_MAX,
        ):
            rows[row["at"]].append(row)
        return {place: self._decided(one, rows[place]) for place, one in round_.items()}

    def _decided(self, asked: Asked, rows: Sequence[asyncpg.Record]) -> _Place:
        records = [row for row in rows if row["rid"] is not None]
        seen = Seen(
            (),
            tuple(self._matcher.candidate(row) for row in records),
            {str(row["rid"]): ResidentId(UUID(int=row["entry"].int)) for row in records},
            frozenset(row["crowded"] for row in rows if row["crowded"] is not None),
        )
        is_known = any(row["number_hash"] is not None for row in rows)
        return _Place(asked, seen, self._matcher.decide(asked.features, seen.candidates), is_known)
