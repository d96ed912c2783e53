"""Which rows of the record must bear which of her bits: from her decisions about entries and visits.  Pure.

A decision about an entry is the finer word and stands over one about its visit; the rows do not know
which is which, so what overlaps is put again, visits before entries.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.disclosure.choices import BITS, HERS, Kind
from carecode.disclosure.decisions import holding
from carecode.kernel.vocabulary import NOTHING_CLOSED, Closed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from carecode.disclosure.decisions import Decision

ON_ROWS: Final = frozenset({Kind.ENTRY, Kind.VISIT})


@dataclass(frozen=True, slots=True)
class Step:
    """One change of rows: these entries, or all that belongs to these visits."""

    kind: Kind
    abouts: tuple[UUID, ...]
    put: Closed
    take: Closed


def steps(decisions: Sequence[Decision], now: datetime) -> list[Step]:
    """Return what brings the rows from what they bear (``marked``) to what holds now, in order.

    ``decisions`` are hers about entries and visits that stand or are marked.
    """
    held = {(x.kind, x.about): x for x in holding(decisions, now)}
    loose = {(x.kind, x.about) for x in decisions if x.marked} - held.keys()
    fresh = [x for x in held.values() if not x.marked]
    kept = {x.about for x in decisions if x.marked and x.choice == "keep"}
    lost = [about for kind, about in loose if kind is Kind.ENTRY]
    visits: list[tuple[str, Closed, Closed]] = [
        (about, NOTHING_CLOSED, _taken("", was_kept=about in kept)) for kind, about in loose if kind is Kind.VISIT
    ]
    again = list(held.values() if lost else fresh)
    visits += [
        (x.about, BITS[x.choice], _taken(x.choice, was_kept=x.about in kept)) for x in again if x.kind is Kind.VISIT
    ]
    fine = held.values() if visits else fresh
    entries = [(x.about, BITS[x.choice], HERS & ~BITS[x.choice]) for x in fine if x.kind is Kind.ENTRY]
    return [
        *_grouped(Kind.ENTRY, [(about, NOTHING_CLOSED, HERS) for about in lost]),
        *_grouped(Kind.VISIT, visits),
        *_grouped(Kind.ENTRY, entries),
    ]


def _taken(choice: str, *, was_kept: bool) -> Closed:
    """Take off what she put on; what was written while she was opted out stays with its institution."""
    every = HERS | (Closed.UNSHARED if was_kept or choice == "show" else NOTHING_CLOSED)
    return every & ~BITS.get(choice, NOTHING_CLOSED)


def _grouped(kind: Kind, changes: Iterable[tuple[str, Closed, Closed]]) -> list[Step]:
    by_bits: dict[tuple[Closed, Closed], list[UUID]] = defaultdict(list)
    for about, put, take in changes:
        by_bits[put, take].append(UUID(about))
    return [Step(kind, tuple(sorted(abouts)), put, take) for (put, take), abouts in by_bits.items()]
