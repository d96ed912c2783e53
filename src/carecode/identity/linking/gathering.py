"""Records of one file or one index brought together in memory: to evaluate a model, to train one, to try one.

Pure and deterministic; nothing is stored.  Keys, levels, bits, guards and outcomes are those of one by one
(``deciding``), and persons are what ``settle`` makes of them, whatever the order of the records.  For more than some
million records use ``linking.batch``, which says the same.

Cost: about 120 us a record, and about 700 bytes while pairs are looked for.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, groupby, pairwise
from typing import Final, NamedTuple

from carecode.identity.linking.deciding import Candidate, Decision, Outcome, decide
from carecode.identity.linking.features import Features
from carecode.identity.linking.frequencies import Frequencies, Terms
from carecode.identity.linking.guards import without
from carecode.identity.linking.keys import Keyer, plain_keys, plain_variants
from carecode.identity.linking.levels import Levels, compare
from carecode.identity.linking.model import Model
from carecode.identity.linking.settle import Link, settle
from carecode.identity.linking.training import SESSIONS, Evidence, agreements

RECORDS_MAX: Final = 3_000_000
CROWDED: Final = 40
"""Records that hold one number, phone or door; more are no one person's."""
LIST_MAX: Final = 200
"""Records under one key; more make no pairs."""
RANDOM_PAIRS: Final = 300_000
_GOLDEN: Final = 0.6180339887498949
_PLACE_BITS: Final = 32
_SECRET: Final = bytes(32)  # keys and tokens stay in this memory

Progress = Callable[[int, int], None]
Pair = tuple[int, int]


class Gathered(NamedTuple):
    """Who is one person, by the places of the records."""

    persons: tuple[int, ...]  # per record the least place of her person
    links: int  # pairs that link without asking
    asked: tuple[Pair, ...]  # one pair for each two persons that somebody is asked about, the strongest, sorted


class Change(NamedTuple):
    """What another grouping would do to persons as they are.  Each is two places of records."""

    link: tuple[Pair, ...]  # one person then, two now: one pair for each joining
    split: tuple[Pair, ...]  # two persons then, one now: one pair for each parting
    ask: tuple[Pair, ...]


def _silent(_done: int, _of: int) -> None:
    """Show nothing."""


class Records:
    """Records with their keys and frequencies, looked at as often as one likes."""

    def __init__(self, records: Sequence[Features], progress: Progress = _silent) -> None:
        """Count frequencies, blank what stands for many people, and find the pairs that share a key."""
        self._keyer = Keyer(_SECRET)
        self.frequencies: Final = Frequencies.count(records, self._keyer.token)
        self.records: Final = [
            without(one, self.frequencies.crowded(one, self._keyer.token, CROWDED)) for one in records
        ]
        self._found = self._pairs(progress)

    def gather(
        self,
        model: Model,
        *,
        must: Iterable[Pair] = (),
        cannot: Iterable[Pair] = (),
        asking: bool = True,
        progress: Progress = _silent,
    ) -> Gathered:
        """Bring the records together by a model; ``must`` and ``cannot`` are pins of people.

        Without ``asking`` the bits answer every question (``deciding.decide``).
        """
        links, never, asked = [], [], {}
        pairs = self._found
        for number, pair in enumerate(pairs):
            if not number % 10_000:
                progress(number, len(pairs))
            decision = self.decide(*pair, model, asking=asking)
            best = decision.best
            if best is None:
                continue
            if decision.outcome is Outcome.LINK:
                links.append(Link(*pair, best.total, best.certain))
            elif best.verdict == "never":
                never.append(pair)
            elif decision.outcome is Outcome.REVIEW:
                asked[pair] = best.total
        settled = settle(range(len(self.records)), links, never, must=must, cannot=cannot)
        persons = [0] * len(self.records)
        for person in settled.persons:
            for place in person:
                persons[place] = person[0]
        asked.update(dict.fromkeys(settled.contested, float("inf")))
        apart = {_between(persons, pair) for pair in cannot}
        return Gathered(tuple(persons), len(links), _one_each(persons, asked, apart))

    def decide(self, one: int, other: int, model: Model, *, asking: bool = True) -> Decision:
        """Decide about two records as if nobody else were there."""
        candidate = Candidate(str(other), str(other), self.records[other])
        return decide(self.records[one], [candidate], model, self._terms, asking=asking)

    def evidence(self) -> Evidence:
        """Give what ``training.train`` learns from; no label is read."""
        levels = {pair: compare(self.records[pair[0]], self.records[pair[1]]) for pair in self._found}
        sessions = {
            letter: Counter(levels[pair] for pair in set(self._of_letter(letter)) if pair in levels)
            for letter in SESSIONS
        }
        return Evidence(
            len(self.records),
            {letter: patterns for letter, patterns in sessions.items() if patterns},
            Counter(levels.values()),
            self._strangers(),
            agreements(self.records),
        )

    def _strangers(self) -> Counter[Levels]:
        """Compare pairs spread evenly over all there are, as good as drawn at random: no chance is needed.

        Each stride is another part of the golden ratio's multiples, so that no order of the records is met twice.
        """
        count = len(self.records)
        found: Counter[Levels] = Counter()
        step = max(count // RANDOM_PAIRS, 1)
        for number in range(1, min(max(RANDOM_PAIRS * step // max(count, 1), 1) + 1, count)):
            stride = 1 + int(number * _GOLDEN % 1.0 * (count - 1))
            for one in range(number % step, count, step):
                found[compare(self.records[one], self.records[(one + stride) % count])] += 1
        return found

    def _terms(self, left: Features, right: Features, columns: tuple[str, ...]) -> Terms:
        return self.frequencies.terms(left, right, columns, self._keyer.token)

    def _pairs(self, progress: Progress) -> list[Pair]:
        """Find every pair that shares a stored key, or one's variant and the other's key; in order, each once."""
        self._lists: dict[str, tuple[array[int], array[int]]] = defaultdict(lambda: (array("q"), array("q")))
        for place, record in enumerate(self.records):
            if not place % 10_000:
                progress(place, len(self.records))
            stored = plain_keys(record)
            for text in stored:
                self._keep(text, place << 1 | 1)
            for text in plain_variants(record) - stored:
                self._keep(text, place << 1)
        found: set[int] = set()
        for letter in self._lists:
            found.update(one << _PLACE_BITS | other for one, other in self._of_letter(letter))
        return [(pair >> _PLACE_BITS, pair & (1 << _PLACE_BITS) - 1) for pair in sorted(found)]

    def _keep(self, text: str, mark: int) -> None:
        keys, marks = self._lists[text[0]]
        keys.append(self._keyer.token(text[0], text[2:]))
        marks.append(mark)

    def _of_letter(self, letter: str) -> Iterator[Pair]:
        """Give the pairs of one letter's keys; a key may give a pair that another gave."""
        keys, marks = self._lists.get(letter, (array("q"), array("q")))
        order = sorted(range(len(keys)), key=keys.__getitem__)
        for _, under in groupby(order, key=keys.__getitem__):
            held = [marks[at] for at in under]
            if len(held) > LIST_MAX:
                continue
            for one, other in combinations(sorted(held), 2):
                if (one | other) & 1 and one >> 1 != other >> 1:
                    yield one >> 1, other >> 1


def changes(now: Sequence[int], then: Gathered) -> Change:
    """Say what persons as ``then`` has them would change in persons as they are ``now`` (per record any name).

    Each joining and each parting is counted once: of three persons that become one, two.
    """
    return Change(_joined(now, then.persons), _joined(then.persons, now), then.asked)


def _joined(before: Sequence[int], after: Sequence[int]) -> tuple[Pair, ...]:
    """Give for each group of ``after`` the least number of pairs that tie its groups of ``before`` together."""
    first: dict[tuple[int, int], int] = {}
    chains: dict[int, list[int]] = defaultdict(list)
    for place, (one, other) in enumerate(zip(before, after, strict=True)):
        if (other, one) not in first:
            first[other, one] = place
            chains[other].append(place)
    return tuple(sorted(pair for chain in chains.values() for pair in pairwise(chain)))


def _between(persons: Sequence[int], pair: Pair) -> Pair:
    """Name the two persons of a pair in order."""
    one, other = persons[pair[0]], persons[pair[1]]
    return (one, other) if one < other else (other, one)


def _one_each(persons: Sequence[int], asked: dict[Pair, float], apart: set[Pair]) -> tuple[Pair, ...]:
    """Keep the strongest pair between each two persons; none within one, none that people set apart."""
    best: dict[Pair, tuple[float, Pair]] = {}
    for pair, bits in asked.items():
        between = _between(persons, pair)
        if between[0] != between[1] and between not in apart:
            best[between] = max(best.get(between, (bits, pair)), (bits, pair))
    return tuple(sorted(pair for _, pair in best.values()))
