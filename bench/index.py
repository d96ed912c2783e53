"""Bench ``index``: how right the master index is, and how fast.

FEBRL 3 and 4 and three seeds of ``bench.people`` against Splink on the same columns; a harder and a foreign population
that nothing was trained on; packs of twins, namesakes and borrowed cards; the batch path against Splink; and the index
on PostgreSQL: identify, register, register_batch, merge, growth.
"""

from __future__ import annotations

from typing import Final

import uvloop

from bench import index_batch, index_online
from bench.index_accuracy import SEEDS, accuracy
from bench.report import Row

PEOPLE: Final = 1_000_000
PEOPLE_QUICK: Final = 30_000
COMPARED_MAX: Final = 100_000
"""People of each seed whose every decision is judged; in one process of Python."""
_COMPARED_QUICK: Final = 2_000


def rows(quick: bool, people: int = 0) -> list[Row]:  # noqa: FBT001 - the form every bench has
    """Measure with ``people`` people, 0 for as many as usual."""
    size = people or (PEOPLE_QUICK if quick else PEOPLE)
    judged = accuracy(min(size, _COMPARED_QUICK if quick else COMPARED_MAX), SEEDS[:1] if quick else SEEDS)
    batch = index_batch.rows(size)
    seconds, repeats = (0.5, 3) if quick else (3.0, 5)
    online = uvloop.run(index_online.rows(size, seconds, repeats))
    for row in judged:
        if row["row"] == "cluster":  # the batch path's, of all people, has the name
            row["row"] = "cluster_seeds"
    return [*judged, *batch, *online]
