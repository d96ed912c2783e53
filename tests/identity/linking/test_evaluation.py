from __future__ import annotations

from itertools import combinations
from random import Random
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking.evaluation import (
    CLASSES_MAX,
    OTHER_CLASS,
    Judged,
    Measure,
    Share,
    Z,
    evaluate,
    measure,
    wilson,
)

ROWS = st.lists(
    st.builds(
        Judged,
        st.sampled_from(["e1", "e2", "e3", "e4"]),
        st.sampled_from(["p1", "p2", "p3", "p4"]),
        st.sets(st.sampled_from(["typo", "moved", "twin"])).map(lambda one: tuple(sorted(one))),
    ),
    max_size=14,
)


def counted(rows: list[Judged], name: str = "") -> tuple[int, int, int]:
    """Count pairs the long way: right, put together, belonging together."""
    right = put = belong = 0
    for a, b in combinations(rows, 2):
        if name and name not in {*a.classes, *b.classes}:
            continue
        together, same = a.person == b.person, a.entity == b.entity
        right += together and same
        put += together
        belong += same
    return right, put, belong


def check(found: Measure, right: int, put: int, belong: int) -> None:
    for share, hits, of in (
        (found.precision, right, put),
        (found.recall, right, belong),
        (found.f1, 2 * right, put + belong),
    ):
        assert (share.hits, share.of) == (hits, of)
        if not of:
            assert (share.value, share.low, share.high) == (None, None, None)
            continue
        assert share.value is not None
        assert share.low is not None
        assert share.high is not None
        assert share.value == pytest.approx(hits / of)
        assert 0 <= share.low <= share.value + 1e-12
        assert share.value - 1e-12 <= share.high <= 1


@given(ROWS)
def test_pairs_are_what_counting_them_one_by_one_gives(rows: list[Judged]) -> None:
    found = evaluate(rows)
    check(found.pairs, *counted(rows))
    assert set(found.classes) == {name for row in rows for name in row.classes}
    for name, one in found.classes.items():
        check(one, *counted(rows, name))


@given(ROWS)
def test_persons_and_bcubed_are_what_their_definitions_say(rows: list[Judged]) -> None:
    found = evaluate(rows)
    entities = {name: {n for n, row in enumerate(rows) if row.entity == name} for name in {row.entity for row in rows}}
    persons = {name: {n for n, row in enumerate(rows) if row.person == name} for name in {row.person for row in rows}}
    exact = sum(group in list(entities.values()) for group in persons.values())
    check(found.whole, exact, len(persons), len(entities))
    assert (found.records, found.entities, found.persons) == (len(rows), len(entities), len(persons))
    if not rows:
        assert found.bcubed.f1.value is None
        return
    overlap = [len(entities[row.entity] & persons[row.person]) for row in rows]
    precision = sum(n / len(persons[row.person]) for n, row in zip(overlap, rows, strict=True)) / len(rows)
    recall = sum(n / len(entities[row.entity]) for n, row in zip(overlap, rows, strict=True)) / len(rows)
    assert found.bcubed.precision.value == pytest.approx(precision)
    assert found.bcubed.recall.value == pytest.approx(recall)
    assert found.bcubed.f1.value == pytest.approx(2 * precision * recall / (precision + recall))


@given(ROWS, st.randoms())
def test_neither_order_nor_names_of_persons_change_anything(rows: list[Judged], random: Random) -> None:
    renamed = [row._replace(person=f"x{row.person}") for row in rows]
    random.shuffle(renamed)
    one, two = evaluate(rows), evaluate(renamed)
    for a, b in ((one.pairs, two.pairs), (one.whole, two.whole), (one.bcubed, two.bcubed)):
        for left, right in zip(a, b, strict=True):
            assert left == pytest.approx(right)
    assert list(one.classes) == list(two.classes)


@pytest.mark.parametrize(
    ("share", "of", "low", "high"),
    [
        (0.5, 10, 0.2366, 0.7634),  # published: Brown, Cai and DasGupta, Statistical Science 16 (2001) 101
        (0.0, 10, 0.0, 0.2775),
        (1.0, 10, 0.7225, 1.0),
        (0.9995, 10_000, 0.99883, 0.99979),
    ],
)
def test_wilson_is_wilson(share: float, of: int, low: float, high: float) -> None:
    assert wilson(share, of) == pytest.approx((low, high), abs=6e-5)


def test_of_nothing_nothing_is_known() -> None:
    assert wilson(0.5, 0) == (0.0, 1.0)
    assert evaluate([]).pairs.f1 == Share(0, 0, None, None, None)


def test_a_faultless_result_still_has_an_interval() -> None:
    rows = [Judged(f"e{n // 2}", f"p{n // 2}") for n in range(200)]
    found = evaluate(rows).pairs
    assert found.precision == Share(100, 100, 1.0, *wilson(1.0, 100))
    assert found.f1 == Share(200, 200, 1.0, *wilson(1.0, 100))


def test_pairs_of_one_person_do_not_count_as_independent() -> None:
    """Ten persons of 20 records know less than the 1,900 pairs they make."""
    rows = [Judged(f"e{n // 20}", f"p{n // 20}") for n in range(200)]
    rows[0] = rows[0]._replace(person="alone")
    found = evaluate(rows).pairs.recall
    assert found.of == 1_900
    assert found.value
    assert found.low
    assert found.value - found.low > 3 * (found.value - wilson(found.value, 1_900)[0])


@pytest.mark.parametrize(("errors", "size_of_sample"), [(0.005, 400), (0.02, 400), (0.2, 400), (0.02, 4_000)])
def test_intervals_hold_what_they_promise_and_not_much_more(errors: float, size_of_sample: int) -> None:
    """Of seeded samples of persons at least 93 in 100 intervals hold the share that is true.

    Where some 80 went wrong none is half as wide again as it need be; where two did, wider is honest.
    """
    random = Random(11)
    population = []
    for _ in range(4_000):
        size = random.choice([2, 2, 2, 3, 5, 8])
        whole = size * (size - 1) // 2
        hits = (size - 1) * (size - 2) // 2 if random.random() < errors else whole
        wrong = random.random() < errors / 2
        population.append((hits, hits + wrong * size, whole))
    truth = measure(population)
    samples = [measure(random.choices(population, k=size_of_sample)) for _ in range(400)]
    for place, true in enumerate(truth):
        assert true.value
        shares = [sample[place] for sample in samples]
        held = sum((share.low or 0) <= true.value <= (share.high or 0) for share in shares)
        assert held / len(shares) >= 0.93
        width = sum((share.high or 0) - (share.low or 0) for share in shares) / len(shares)
        spread = stdev(share.value or 0 for share in shares)
        assert width < 1.5 * 2 * Z * spread or errors * size_of_sample < 10


def test_rare_classes_beyond_the_bound_are_one() -> None:
    rows = [Judged("e", "p", (f"c{n:03d}",)) for n in range(CLASSES_MAX + 20)] + [Judged("e", "p", ("c000",))]
    found = evaluate(rows).classes
    assert len(found) == CLASSES_MAX
    assert next(iter(found)) == "c000"
    assert list(found)[-1] == OTHER_CLASS


def test_questions_are_counted_once_whichever_way_they_were_asked() -> None:
    rows = [Judged("e1", "p1"), Judged("e1", "p2"), Judged("e2", "p3")]
    assert evaluate(rows, [(0, 1), (1, 0), (1, 2)]).questions == (2, 1, 3)
