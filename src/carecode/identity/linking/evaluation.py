"""How well persons were put together, against a truth: precision, recall and F1 with intervals, per error class.

Pure and deterministic.  Three views of one grouping, for each answers another question:

- pairs: of the pairs of records that stand together, how many belong together (and the other way about);
- persons: of the persons, how many are whole and nothing else, to the record;
- B-cubed (Bagga and Baldwin, 1998): of whoever opens one record's person, how much of what she sees is hers.

Intervals are Wilson's (JASA 22 (1927) 209), which never leave 0 to 1 and say something where nothing went wrong.
Pairs of one person go right and wrong together, so that their number overstates what is known: what enters is the
effective number of independent pairs, from the variance of the ratio between components (delta method; a
component holds every record that truth or result connect).  Where nothing at all went wrong (or right) there is no
variance to see; then a component counts once.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import Final, NamedTuple

Z: Final = 1.959963984540054
"""Standard deviations of a two-sided interval of 95 %."""
CLASSES_MAX: Final = 100
OTHER_CLASS: Final = "(other)"


class Judged(NamedTuple):
    """One record: who it is about in truth, to which person it was put, what went wrong when it was written."""

    entity: str
    person: str
    classes: tuple[str, ...] = ()


class Share(NamedTuple):
    """A share with its interval of 95 %.  ``value``, ``low`` and ``high`` are None where there is nothing to share."""

    hits: float  # of F1: twice the true positives
    of: float  # of F1: pairs put together and pairs that belong together
    value: float | None
    low: float | None
    high: float | None


class Measure(NamedTuple):
    """Precision, recall and their harmonic mean."""

    precision: Share
    recall: Share
    f1: Share


class Questions(NamedTuple):
    """What was put before people."""

    asked: int  # pairs
    same: int  # of them one person in truth
    records: int  # records that stand in one of them


class Evaluation(NamedTuple):
    """What ``evaluate`` found."""

    records: int
    entities: int
    persons: int
    pairs: Measure
    whole: Measure
    bcubed: Measure
    classes: Mapping[str, Measure]  # pairs of which at least one record has the class, most frequent class first
    questions: Questions


class _Unit(NamedTuple):
    """What one component adds: right ones, those put together, those that belong together."""

    hits: float
    put: float
    belong: float


def evaluate(rows: Sequence[Judged], asked: Iterable[tuple[int, int]] = ()) -> Evaluation:
    """Compare a grouping with the truth; ``asked`` are places in ``rows`` of the pairs put before people.

    Linear in records and classes of records.  Of more than CLASSES_MAX classes the rarest are one, OTHER_CLASS.
    """
    cells = Counter((row.entity, row.person) for row in rows)
    components = _components(cells)
    entities, persons = _sizes(cells)
    return Evaluation(
        len(rows),
        len(entities),
        len(persons),
        measure(_pairs(cells, cells, components).values()),
        measure(_whole(cells, entities, persons, components).values()),
        _bcubed(cells, entities, persons, components),
        {name: measure(units) for name, units in _of_classes(rows, cells, components)},
        _questions(rows, asked),
    )


def measure(units: Iterable[tuple[float, float, float]]) -> Measure:
    """Add up components given as (right, put together, belonging together), with intervals."""
    kept = [_Unit(*unit) for unit in units]
    wrong = sum(unit.put + unit.belong - unit.hits for unit in kept)
    return Measure(
        _share([(unit.hits, unit.put) for unit in kept]),
        _share([(unit.hits, unit.belong) for unit in kept]),
        _share([(2 * unit.hits, unit.put + unit.belong) for unit in kept], most=wrong),
    )


def wilson(share: float, of: float) -> tuple[float, float]:
    """Give Wilson's interval of 95 % for a share of ``of`` independent trials; (0, 1) of none.

    >>> [round(bound, 4) for bound in wilson(1.0, 100)]
    [0.963, 1.0]
    """
    if of <= 0:
        return 0.0, 1.0
    middle = share + Z * Z / (2 * of)
    spread = Z * sqrt(share * (1 - share) / of + Z * Z / (4 * of * of))
    scale = 1 + Z * Z / of
    return max((middle - spread) / scale, 0.0), min((middle + spread) / scale, 1.0)


def _share(parts: Sequence[tuple[float, float]], most: float | None = None) -> Share:
    """Give the share of sums and its interval; no more than ``most`` independent trials, else the sum."""
    hits, of = sum(part[0] for part in parts), sum(part[1] for part in parts)
    if of <= 0:
        return Share(hits, of, None, None, None)
    share = min(hits / of, 1.0)
    residuals = [(part[0] - share * part[1]) / of for part in parts if part[1]]
    weights = [part[1] / of for part in parts if part[1]]
    effective = min(_effective(share, residuals, weights), of if most is None else most)
    return Share(hits, of, share, *wilson(share, effective))


def _effective(share: float, residuals: Sequence[float], weights: Sequence[float]) -> float:
    """Say how many independent trials know a share as well as these components do, given what each moves it by.

    One component more that is quite as unlike the others as it can be: where few went wrong, those that did seldom
    show how much one can.
    """
    count = len(residuals)
    unlike = max(share, 1 - share)
    spread = sum(residual * residual for residual in residuals)
    spread += unlike * unlike * sum(weight * weight for weight in weights) / max(count, 1)
    if count < 2 or spread <= 0 or not 0 < share < 1:  # noqa: PLR2004 - one component has no variance
        return float(count)
    return share * (1 - share) / (spread * count / (count - 1))


def _components(cells: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Name for each entity the component it is in: entities that share a person are in one."""
    leader: dict[str, str] = {}

    def find(entity: str) -> str:
        leader.setdefault(entity, entity)
        while leader[entity] != entity:
            leader[entity] = entity = leader[leader[entity]]
        return entity

    first: dict[str, str] = {}
    for entity, person in cells:
        leader[find(entity)] = find(first.setdefault(person, entity))
    return {entity: find(entity) for entity in list(leader)}


def _sizes(cells: Mapping[tuple[str, str], int]) -> tuple[Counter[str], Counter[str]]:
    """Count the records of each entity and of each person."""
    entities: Counter[str] = Counter()
    persons: Counter[str] = Counter()
    for (entity, person), number in cells.items():
        entities[entity] += number
        persons[person] += number
    return entities, persons


def _pairs(
    cells: Mapping[tuple[str, str], int], having: Mapping[tuple[str, str], int], components: Mapping[str, str]
) -> dict[str, _Unit]:
    """Count per component the pairs of which at least one record is among ``having``.

    With ``having`` equal to ``cells`` these are all pairs.
    """
    all_entities, all_persons = _sizes(cells)
    entities, persons = _sizes(having)
    home = {person: components[entity] for entity, person in having}
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for cell, number in having.items():
        sums[components[cell[0]]][0] += _touching(cells[cell], number)
    for person, number in persons.items():
        sums[home[person]][1] += _touching(all_persons[person], number)
    for entity, number in entities.items():
        sums[components[entity]][2] += _touching(all_entities[entity], number)
    return {name: _Unit(*three) for name, three in sums.items()}


def _touching(size: int, having: int) -> int:
    """Count the pairs among ``size`` records of which at least one is among the ``having``."""
    return (size * (size - 1) - (size - having) * (size - having - 1)) // 2


def _whole(
    cells: Mapping[tuple[str, str], int],
    entities: Mapping[str, int],
    persons: Mapping[str, int],
    components: Mapping[str, str],
) -> dict[str, _Unit]:
    """Count per component the persons that are whole and nothing else."""
    home = {person: components[entity] for entity, person in cells}
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for (entity, person), number in cells.items():
        sums[components[entity]][0] += number == entities[entity] == persons[person]
    for person in persons:
        sums[home[person]][1] += 1
    for entity in entities:
        sums[components[entity]][2] += 1
    return {name: _Unit(*three) for name, three in sums.items()}


def _bcubed(
    cells: Mapping[tuple[str, str], int],
    entities: Mapping[str, int],
    persons: Mapping[str, int],
    components: Mapping[str, str],
) -> Measure:
    """Average over records what of its person is its own, and what of its own is in its person."""
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for (entity, person), number in cells.items():
        unit = sums[components[entity]]
        unit[0] += number * number / persons[person]
        unit[1] += number * number / entities[entity]
        unit[2] += number
    units = list(sums.values())
    precision = _share([(one[0], one[2]) for one in units])
    recall = _share([(one[1], one[2]) for one in units])
    if precision.value is None or recall.value is None:
        return Measure(precision, recall, precision)
    of, both = precision.of, precision.value + recall.value  # both above 0: a record is with itself
    by_precision, by_recall = 2 * (recall.value / both) ** 2, 2 * (precision.value / both) ** 2
    value = 2 * precision.value * recall.value / both
    residuals = [
        (by_precision * (one[0] - precision.value * one[2]) + by_recall * (one[1] - recall.value * one[2])) / of
        for one in units
    ]
    interval = wilson(value, min(_effective(value, residuals, [one[2] / of for one in units]), of))
    return Measure(precision, recall, Share(value * of, of, value, *interval))


def _of_classes(
    rows: Sequence[Judged], cells: Mapping[tuple[str, str], int], components: Mapping[str, str]
) -> Iterable[tuple[str, Iterable[_Unit]]]:
    """Give for each class its components, the most frequent class first."""
    frequent = Counter(name for row in rows for name in set(row.classes))
    ranked = sorted(frequent, key=lambda name: (-frequent[name], name))
    named = set(ranked if len(ranked) <= CLASSES_MAX else ranked[: CLASSES_MAX - 1])
    having: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for row in rows:
        for name in {name if name in named else OTHER_CLASS for name in row.classes}:
            having[name][row.entity, row.person] += 1
    for name in sorted(having, key=lambda name: (name == OTHER_CLASS, -frequent[name], name)):
        yield name, _pairs(cells, having[name], components).values()


def _questions(rows: Sequence[Judged], asked: Iterable[tuple[int, int]]) -> Questions:
    """Count the questions, each pair once."""
    pairs = {(min(pair), max(pair)) for pair in asked}
    same = sum(rows[one].entity == rows[other].entity for one, other in pairs)
    return Questions(len(pairs), same, len({place for pair in pairs for place in pair}))
