"""What follows when stewards agree: links with a pin, or marks that keep entries apart, and a word to each resident.

Each step can be done again after a fault between two of them: what is so already is left as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.disclosure.stewards_rules import DIFFERENT, SAME, SECOND
from carecode.identity.ledger import By
from carecode.identity.linking.events import Evidence, Mark
from carecode.kernel.vocabulary import Purpose

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from carecode.audit.log import Log
    from carecode.disclosure.stewards_cases import Cases, Open
    from carecode.disclosure.stewards_entries import Pair
    from carecode.kernel.vocabulary import Requester


class Acting:
    """Does what was agreed on."""

    def __init__(self, cases: Cases, log: Log) -> None:
        """Change the index's ledger, tell residents through the log."""
        self._cases = cases
        self._ledger = cases.entries.ledger
        self._log = log

    async def act(  # who, on what, what, why, whom, when
        self, steward: Requester, case: Open, agreed: str, reason: str, chosen: Sequence[int], now: datetime
    ) -> None:
        """Link or keep apart, hold it by a mark, close the case, tell everybody concerned.

        ``chosen`` are the places of the entries that are one person; whoever is not among them is kept
        apart from them.
        """
        by = By(steward.id, human=True, reason=reason)
        for pair in case.pairs:
            if agreed == SAME and pair.first in chosen and pair.second in chosen:
                await self._join(case, pair, by, now)
        for pair in case.pairs:
            if agreed == DIFFERENT or (pair.first in chosen) is not (pair.second in chosen):
                await self._part(case, pair, by, now)
        await self._ledger.close_review(case.number, by, now)
        await self._cases.room.run("settle_case", case.number, agreed, now)
        for place, entry in enumerate(case.entries):
            basis = "steward linked" if agreed == SAME and place in chosen else "steward kept apart"
            await self._log.append(entry.resident, steward, "decide", Purpose.REGISTER, basis)

    async def _join(self, case: Open, pair: Pair, by: By, now: datetime) -> None:
        """Let the entry that came last, or her whole person, join the other, and pin the two."""
        entry, beside = case.entries[pair.first].id, case.entries[pair.second].id  # the newest stands first
        (one, own), (other, its) = await self._ledger.person(entry), await self._ledger.person(beside)
        if one != other:
            if len(own) > 1 and len(its) == 1:
                entry, beside, own = beside, entry, its
            join = self._ledger.link if len(own) == 1 else self._ledger.merge
            await join(entry, beside, By(by.actor, by.human, by.reason, _evidence(pair)), now)
        if pair.mark is not Mark.MUST:
            await self._ledger.pin(entry, beside, Mark.MUST, by, now)

    async def _part(self, case: Open, pair: Pair, by: By, now: datetime) -> None:
        """Keep two apart: no model joins them and nobody is asked again; two stewards pin it."""
        if pair.is_decided:
            return
        one, other = case.entries[pair.first].id, case.entries[pair.second].id
        if case.needs == SECOND:
            await self._ledger.pin(one, other, Mark.CANNOT, by, now)
        else:
            await self._ledger.dismiss(one, other, by, now)


def _evidence(pair: Pair) -> Evidence | None:
    if pair.evidence is None:
        return None
    weighed = pair.evidence.weighed
    return Evidence(model=pair.evidence.model, bits=weighed.total, levels=weighed.levels)
