"""What a person decided about one requester; of several entries that are one person, the stricter.

An entry is a resident as she was registered, with decisions of her own.  While entries are linked every one of
their restrictions holds, only what all of them opened is open, and a ground of one is a ground for the person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

from carecode.kernel.vocabulary import NOTHING_CLOSED, Category, Closed, Resident

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from carecode.kernel.vocabulary import Requester


@dataclass(frozen=True, slots=True)
class State:
    """What she decided about one requester, as the database had it at ``decided_at``."""

    decided_at: datetime  # the database's clock
    herself: bool = False  # she asks for her own record, quietly or not; never a delegate
    quiet: bool = False
    delegated: bool = False  # a delegate or guardian, under a delegation in force
    guardian: bool = False
    delegated_until: datetime | None = None
    refused: bool = False  # shut out of what others wrote, or not let in where she is asked first
    opted_out: bool = False  # every institution sees only its own
    opted_out_everything: bool = False
    unshared: bool = False  # what this institution writes now stays with it
    person_refused: bool = False  # in emergencies too
    window_open: bool = False  # a code, or a visit under way at this institution
    window_until: datetime | None = None  # None with an open window: until the visit ends
    emergency_refused: bool = False
    closed_categories: frozenset[Category] = frozenset()
    emergency_categories: frozenset[Category] = frozenset()  # of the closed ones: an emergency opens them
    open_labels: Closed = NOTHING_CLOSED
    emergency_labels: Closed = NOTHING_CLOSED
    locked: int = 0  # how many entries and visits she shows as locked: the only count that staff may see


def strictest(states: Sequence[State]) -> State:
    """Fold what the entries of one person decided about one requester, one state of each: the stricter holds.

    Refusals, opt-outs and closed categories of any hold; a label is open, and a closed category is one that an
    emergency opens, only where all say so; a window, a visit or a delegation of one is a ground for the person.
    What somebody acts for is the scope of the entries that let her: the others say nothing of her.  It is as old
    as the oldest.  Order and repetition change nothing, but that locked entries are counted together.
    """
    return reduce(_stricter, states)


def _stricter(one: State, other: State) -> State:
    closed, shut, open_labels, emergency_labels = _opened(one, other)
    refused = one.refused or other.refused
    out = one.opted_out or other.opted_out
    return State(
        decided_at=min(one.decided_at, other.decided_at),
        herself=one.herself or other.herself,
        quiet=one.quiet or other.quiet,
        delegated=one.delegated or other.delegated,
        guardian=one.guardian or other.guardian,
        delegated_until=_first(*(x.delegated_until for x in (one, other) if x.delegated)),
        refused=refused,
        opted_out=out,
        opted_out_everything=one.opted_out_everything or other.opted_out_everything,
        unshared=one.unshared or other.unshared,
        person_refused=one.person_refused or other.person_refused,
        window_open=one.window_open or other.window_open,
        window_until=_last(*(x.window_until for x in (one, other) if x.window_open)),
        emergency_refused=one.emergency_refused or other.emergency_refused,
        closed_categories=closed,
        emergency_categories=closed - shut,
        open_labels=open_labels,
        emergency_labels=emergency_labels,
        locked=0 if refused or out else one.locked + other.locked,
    )


def _opened(one: State, other: State) -> tuple[frozenset[Category], frozenset[Category], Closed, Closed]:
    """Return the categories closed, those of them that no emergency opens, and the labels open and in emergencies."""
    saying = [x for x in (one, other) if x.delegated] or [one, other]
    first, last = saying[0], saying[-1]
    return (
        first.closed_categories | last.closed_categories,
        (first.closed_categories - first.emergency_categories) | (last.closed_categories - last.emergency_categories),
        first.open_labels & last.open_labels,
        first.emergency_labels & last.emergency_labels,
    )


def _first(*ends: datetime | None) -> datetime | None:
    """Return the earliest end; None is no end."""
    return min((end for end in ends if end is not None), default=None)


def _last(*ends: datetime | None) -> datetime | None:
    """Return the latest end; None is no end."""
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None


def each(resident: Resident) -> tuple[Resident, ...]:
    """Return a person as each of her entries in turn; whoever is not linked as she is."""
    if len(resident.entries) <= 1:
        return (resident,)
    own = dict(reversed([*zip(resident.entries, resident.keys, strict=True)]))  # of several keys the first
    return tuple(replace(resident, id=entry, entry_key=own[entry]) for entry in dict.fromkeys(resident.entries))


def may_be_asked(requester: Requester, resident: Resident) -> bool:
    """Tell whether a session or token of one resident is hers: of any of her entries; of nobody in particular: yes."""
    return requester.resident is None or resident.has(requester.resident)
