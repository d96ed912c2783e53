"""Why stored resources are closed: her own marks on them, and the labels that later ones inherit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from carecode.kernel.vocabulary import NOTHING_CLOSED, Category, Closed, Receipt, RecordKey
from carecode.record.answers import answered
from carecode.record.catalogue import BY_NUMBER, type_named
from carecode.record.recent import Recent
from carecode.store.database import Database
from carecode.store.queries import queries

VISIBLE_MAX: Final = 50_000


@dataclass(frozen=True, slots=True)
class Mark:
    """A resource whose bits were changed, and the bits it had before."""

    type: str
    id: UUID
    category: Category
    before: Closed


class Marks:
    """Bits of Closed on stored resources, and what a receipt opens in spite of them."""

    def __init__(self, database: Database) -> None:
        """Use the role ``carecode_record``."""
        self._database = database
        self._queries = queries("record")
        self._visible = Recent[tuple[UUID, UUID], bool](VISIBLE_MAX)

    async def close(  # what, and how
        self,
        receipt: Receipt,
        *,
        ids: Sequence[UUID] = (),
        visits: Sequence[UUID] = (),
        put: Closed = NOTHING_CLOSED,
        take: Closed = NOTHING_CLOSED,
    ) -> list[Mark]:
        """Put and take bits of Closed on resources of hers, by id or by visit, in every version.

        ``receipt`` is one of her own over everything, else nothing is met.  Returns what was met.
        """
        with answered():
            rows = await (await self._database.pool("record")).fetch(
                self._queries["close"], receipt.id, receipt.requester, ids, visits, int(put), int(take)
            )
        return [Mark(BY_NUMBER[r["type"]].name, r["id"], Category(r["category"]), Closed(r["before"])) for r in rows]

    async def matters(self, key: RecordKey, ids: Sequence[UUID]) -> dict[UUID, Closed]:
        """Return the labels of those of hers that have any: what points to them gets them too."""
        with answered():
            rows = await (await self._database.pool("record")).fetch(self._queries["matters"], key, ids)
        return {row["id"]: Closed(row["closed"]) for row in rows}

    async def visible(self, receipt: Receipt, wanted: Iterable[tuple[str, UUID]]) -> set[UUID]:
        """Return the ids of those current resources, given by type and id, that the receipt opens.

        What was said under a receipt is remembered while it may be in force: a decision of hers ends the
        receipt, so that another is asked anew.
        """
        shown: set[UUID] = set()
        asked: list[tuple[str, UUID]] = []
        for one in wanted:
            known = self._visible.get((receipt.id, one[1]))
            if known is None:
                asked.append(one)
            elif known:
                shown.add(one[1])
        if asked:
            numbers, ids = [type_named(name).number for name, _id in asked], [number for _name, number in asked]
            with answered():
                pool = await self._database.pool("record")
                opened = await pool.fetchval(self._queries["visible"], receipt.id, receipt.requester, numbers, ids)
            found = {UUID(int=one.int) for one in opened}
            for number in ids:
                self._visible.put((receipt.id, number), number in found)
            shown |= found
        return shown
