"""Persons and questions of all weighed pairs: ``settle`` for tables.

What hangs together is found by statements, in about as many steps as the logarithm of the longest chain; only clusters
that hold two people go through ``settle`` itself.  For all others ``settle`` would say the same: one person.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from carecode.identity.linking.batch.engines import Engine
from carecode.identity.linking.batch.statements import statement
from carecode.identity.linking.settle import Link, settle

STEPS_MAX: Final = 64

Pair = tuple[int, int]


def cluster(engine: Engine, must: Iterable[Pair] = (), cannot: Iterable[Pair] = (), *, asking: bool = True) -> None:
    """Make the tables ``persons`` (rid, person: her least rid), ``contested`` and ``questions`` of ``scored``."""
    pins = [(min(pair), max(pair), pinned) for pinned, pairs in ((True, must), (False, cannot)) for pair in pairs]
    columns = dict(zip("ab", ([one[0] for one in pins], [one[1] for one in pins]), strict=True))
    engine.put("pins", {**columns, "must": [one[2] for one in pins]}, ("BIGINT", "BIGINT", "BOOLEAN"))
    engine.keep("links", statement("links"))
    engine.keep("edges", statement("edges"))
    engine.keep("labels", "SELECT DISTINCT rid, rid AS label FROM edges")
    for _ in range(STEPS_MAX):
        engine.keep("labels_after", statement("spread"))
        moved = engine.rows("SELECT count(*) FROM labels_after WHERE label <> before")[0][0]
        engine.keep("labels", "SELECT rid, label FROM labels_after")
        if not moved:
            break
    else:  # pragma: no cover - a chain of 2^64 entries
        raise AssertionError
    engine.keep("apart", statement("apart"))
    _settle_torn(engine, asking=asking)
    engine.keep("persons", statement("persons"))
    engine.keep("questions", statement("questions"))
    engine.drop("edges", "labels", "labels_after", "apart", "settled")


def _settle_torn(engine: Engine, *, asking: bool) -> None:
    """Make the tables ``settled`` and ``contested`` of the clusters that hold two people."""
    apart = engine.rows("SELECT a, b, pinned FROM apart")
    links = engine.rows(statement("torn"))
    settled = settle(
        (),
        (Link(a, b, total, certain) for a, b, total, certain, pinned in links if not pinned),
        ((a, b) for a, b, pinned in apart if not pinned),
        must=((a, b) for a, b, _, _, pinned in links if pinned),
        cannot=((a, b) for a, b, pinned in apart if pinned),
        asking=asking,
    )
    members = [(entry, person[0]) for person in settled.persons for entry in person]
    found = {"rid": [entry for entry, _ in members], "person": [person for _, person in members]}
    engine.put("settled", found, ("BIGINT", "BIGINT"))
    contested = {"a": [a for a, _ in settled.contested], "b": [b for _, b in settled.contested]}
    engine.put("contested", contested, ("BIGINT", "BIGINT"))
