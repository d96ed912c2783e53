"""Who is one person, once all pairs are weighed: a function of records, decisions and pins, in any order.

Pure.  Given are the pairs that link (``Link``), the pairs that are two people (a guard's NEVER, or a pin) and the pairs
that people joined (a pin).  Where nothing speaks against it, all that hangs together is one person.  Where it holds two
that are two people, links are taken strongest first (pins, then numbers that prove, then bits), and

- a link that would bring two people together joins nobody: it is *contested*, and somebody is asked;
- of equally strong links that cannot all be kept none is kept, nor any weaker one between the same;
- a record that is torn between two people goes to neither: its links that are no stronger than the contested one are
  contested too.  This is what ``deciding.decide`` does with a record that matches two people.

Hence no person ever holds a pair that was set apart; a pin that people set between two such is the one exception, for
they knew better.  A contradiction between pins is contested like any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from itertools import groupby
from typing import Any, Generic, NamedTuple, TypeVar

Entry = TypeVar("Entry", bound=Hashable)
"""Whatever names an entry and has an order: a number, a text, a UUID."""

_PINNED, _CERTAIN, _BITS = 2, 1, 0


class Link(NamedTuple, Generic[Entry]):
    """Two entries that the model links without asking anybody."""

    a: Entry
    b: Entry
    bits: float  # in all, prior included
    certain: bool = False  # by a number (``Weighed.certain``)


class Settled(NamedTuple, Generic[Entry]):
    """Persons, and what somebody must look at."""

    persons: tuple[tuple[Entry, ...], ...]  # each sorted, in the order of their first; persons of one are among them
    contested: tuple[tuple[Entry, Entry], ...]  # links and pins that join nobody, sorted


class _Tie(NamedTuple):
    """A link or pin while it is settled."""

    strength: tuple[int, float]
    a: Any
    b: Any


def settle(
    entries: Iterable[Entry],
    links: Iterable[Link[Entry]],
    apart: Iterable[tuple[Entry, Entry]] = (),
    *,
    must: Iterable[tuple[Entry, Entry]] = (),
    cannot: Iterable[tuple[Entry, Entry]] = (),
    asking: bool = True,
) -> Settled[Entry]:
    """Bring entries together.  The order of everything given is of no consequence; bits are compared to 1e-6.

    ``entries`` may leave out what a pair names.  ``apart``: guard's NEVER.  ``must`` and ``cannot``: pins.
    Without ``asking``, nobody is there to be asked, and a record that is torn stays with the stronger.
    About 5 us a link; linear but for the logarithm of sorting and of joining small to large.
    """
    pins = [_Tie((_PINNED, 0.0), *_ordered(a, b)) for a, b in must]
    ties = [_Tie((_CERTAIN if one.certain else _BITS, round(one.bits, 6)), *_ordered(one.a, one.b)) for one in links]
    groups = _Groups([*entries, *(end for tie in (*pins, *ties) for end in tie[1:])])
    for a, b in cannot:
        groups.set_apart(a, b)
    kept, contested = _joined(pins, groups)
    known = _closure(kept)
    for a, b in apart:
        if a not in known or known[a] != known.get(b):
            groups.set_apart(a, b)
    more, refused = _joined(ties, groups)
    torn = groups.torn(refused) if asking else {}
    for tie in more:
        weak = any(tie.strength[0] <= torn.get(end, -1) for end in (tie.a, tie.b))
        (contested if weak else kept).append(tie)
    contested.extend(refused)
    final = _closure(kept)
    persons: dict[Any, list[Entry]] = defaultdict(list)
    for entry in sorted(groups.entries):
        persons[final.get(entry, entry)].append(entry)
    apart_still = {(tie.a, tie.b) for tie in contested if final.get(tie.a, tie.a) != final.get(tie.b, tie.b)}
    return Settled(tuple(sorted(map(tuple, persons.values()))), tuple(sorted(apart_still)))


def _ordered(a: Any, b: Any) -> tuple[Any, Any]:  # noqa: ANN401 - of any type with an order
    """Put the smaller first."""
    return (a, b) if a < b else (b, a)


def _joined(ties: list[_Tie], groups: _Groups) -> tuple[list[_Tie], list[_Tie]]:
    """Join strongest first; give what was kept and what was refused."""
    kept: list[_Tie] = []
    refused: list[_Tie] = []
    ties.sort(key=lambda tie: tie.strength, reverse=True)
    for _, equals in groupby(ties, key=lambda tie: tie.strength):
        equal = list(equals)
        parts = _closure(_Tie(tie.strength, groups.of(tie.a), groups.of(tie.b)) for tie in equal)
        by_part: dict[Any, list[_Tie]] = defaultdict(list)
        for tie in equal:
            by_part[parts.get(groups.of(tie.a), groups.of(tie.a))].append(tie)
        for part in by_part.values():
            roots = {groups.of(end) for tie in part for end in (tie.a, tie.b)}
            if groups.join(roots):
                kept.extend(part)
                continue
            inside = [tie for tie in part if groups.of(tie.a) == groups.of(tie.b)]
            kept.extend(inside)
            outside = [tie for tie in part if groups.of(tie.a) != groups.of(tie.b)]
            refused.extend(outside)
            for tie in outside:
                groups.bar(tie.a, tie.b)
    return kept, refused


def _closure(ties: Iterable[_Tie]) -> Mapping[Any, Any]:
    """Give for each entry that a tie names the smallest entry that it hangs together with."""
    parent: dict[Any, Any] = {}

    def root(entry: Any) -> Any:  # noqa: ANN401
        while parent[entry] != entry:
            parent[entry] = parent[parent[entry]]
            entry = parent[entry]
        return entry

    for tie in ties:
        for end in (tie.a, tie.b):
            parent.setdefault(end, end)
        first, second = root(tie.a), root(tie.b)
        parent[max(first, second)] = min(first, second)
    return {entry: root(entry) for entry in parent}


class _Groups:
    """Entries in groups that hold no two that were set apart."""

    __slots__ = ("_barred", "_foes", "_members", "_of")

    def __init__(self, entries: Iterable[Any]) -> None:
        """Start with each entry alone."""
        self._of: dict[Any, Any] = {entry: entry for entry in entries}
        self._members: dict[Any, list[Any]] = {entry: [entry] for entry in self._of}
        self._foes: dict[Any, set[Any]] = defaultdict(set)
        self._barred: dict[Any, set[Any]] = defaultdict(set)

    @property
    def entries(self) -> Iterable[Any]:
        """All entries."""
        return self._of.keys()

    def of(self, entry: Any) -> Any:  # noqa: ANN401
        """Give the group of an entry."""
        return self._of[entry]

    def set_apart(self, a: Any, b: Any) -> None:  # noqa: ANN401
        """Say that two are two people."""
        if a in self._of and b in self._of and self._of[a] != self._of[b]:
            self._foes[a].add(b)
            self._foes[b].add(a)

    def bar(self, a: Any, b: Any) -> None:  # noqa: ANN401
        """Say that two are not to be joined by anything weaker."""
        self._barred[a].add(b)
        self._barred[b].add(a)

    def join(self, groups: set[Any]) -> bool:
        """Join groups, or leave them as they are where two of them were set apart.  The largest is not read."""
        largest = max(groups, key=lambda group: (len(self._members[group]), group))
        others = groups - {largest}
        for group in others:
            for entry in self._members[group]:
                for foe in (*self._foes.get(entry, ()), *self._barred.get(entry, ())):
                    if self._of[foe] in groups and self._of[foe] != group:
                        return False
        for group in others:
            for entry in self._members[group]:
                self._of[entry] = largest
            self._members[largest].extend(self._members.pop(group))
        return True

    def torn(self, refused: Iterable[_Tie]) -> dict[Any, int]:
        """Give the entries that two people claim, with the strongest claim that was refused.

        An entry is torn if another of its own group, not it alone, was set apart from the group on the other side.
        """
        torn: dict[Any, int] = {}
        for tie in refused:
            for one, other in ((tie.a, tie.b), (tie.b, tie.a)):
                across = self._of[other]
                doubt = any(
                    self._of[foe] == across
                    for entry in self._members[self._of[one]]
                    if entry != one
                    for foe in self._foes.get(entry, ())
                )
                if doubt:
                    torn[one] = max(torn.get(one, -1), tie.strength[0])
        return torn
