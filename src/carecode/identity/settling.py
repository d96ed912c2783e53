"""A decision becomes a link or a case, also when the process that made it died before.

The decision is written with the entry; what follows from it is done after, and again by whoever finds
it undone: a link that stands already is no second link.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.identity.ledger import By, Ledger
from carecode.identity.linking.deciding import Decision, Outcome
from carecode.identity.linking.events import Evidence
from carecode.identity.sources import Sources
from carecode.kernel.errors import ConflictError
from carecode.kernel.vocabulary import ResidentId

if TYPE_CHECKING:
    from carecode.identity.matcher import Matcher
    from carecode.store.room import Room

SETTLE_MAX: Final = 100
SETTLE_AFTER: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a decision."""

    linked: ResidentId | None = None  # who leads the person she was linked to
    review: UUID | None = None  # the case that a steward decides


class Settling:
    """Makes links and cases of decisions."""

    def __init__(self, room: Room, matcher: Matcher, sources: Sources, ledger: Ledger) -> None:
        """Link in ``ledger``."""
        self._room = room
        self._matcher = matcher
        self._sources = sources
        self._ledger = ledger

    async def one(
        self, entry: ResidentId, decision: Decision, where: Mapping[str, ResidentId], now: datetime
    ) -> Settled:
        """Let the decision about an entry become a link or a case; ``where`` says of which entry each record is."""
        if decision.best is None or decision.outcome is Outcome.NEW:
            return Settled()
        best = decision.best
        beside = where[best.record]
        evidence = Evidence(model=decision.model, bits=best.total, levels=best.levels)
        by = By(f"model:{decision.model}", human=False, evidence=evidence)
        done = Settled()
        if decision.outcome is Outcome.LINK:
            try:
                await self._ledger.link(entry, beside, by, now)
                done = Settled(linked=ResidentId(UUID(best.person)))
            except ConflictError:
                pass  # done already, or pinned meanwhile: a case says so
        if done.linked is None:
            others = [where[one.record] for one in decision.also if one.record in where]
            case = await self._ledger.open_review(list(dict.fromkeys((entry, beside, *others))), by, now)
            done = Settled(review=case.review)
        await self._room.fetch("settled", entry)
        return done

    async def late(self, now: datetime) -> int:
        """Finish what a process that died left; return how many entries."""
        rows = await self._room.fetch("unsettled_before", now - SETTLE_AFTER, SETTLE_MAX)
        for row in rows:
            entry = ResidentId(UUID(int=row["resident_id"].int))
            for stored in (await self._matcher.decisions(entry))[:1]:
                await self.one(entry, stored.decision, await self._entries_in(stored.decision), now)
        return len(rows)

    async def _entries_in(self, decision: Decision) -> dict[str, ResidentId]:
        """Find of which entries the records of a decision speak."""
        weighed = (*(() if decision.best is None else (decision.best,)), *decision.also)
        found = {one.record: await self._sources.entry_of(UUID(one.record)) for one in weighed}
        return {record: entry for record, entry in found.items() if entry is not None}
