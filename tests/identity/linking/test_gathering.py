"""Records brought together in memory: in any order alike, and never by values that stand for many."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.people.population import population
from bench.people.rates import STANDARD
from carecode.identity.linking import gathering
from carecode.identity.linking.deciding import Outcome
from carecode.identity.linking.evaluation import Judged, evaluate
from carecode.identity.linking.features import Features
from carecode.identity.linking.gathering import LIST_MAX, Gathered, Records, changes
from carecode.identity.linking.keys import plain_keys, plain_variants
from carecode.identity.linking.model import check, shipped
from carecode.identity.linking.names import Name
from carecode.identity.linking.standardise import Record, parsed, standardise
from carecode.identity.linking.training import train
from tests.identity.linking.test_levels import any_features

MODEL = shipped()


def some_people(count: int, seed: int) -> tuple[list[str], list[Features]]:
    """Make people with truth; the same seed the same people."""
    rows = list(population(count, seed, STANDARD))
    records = [
        standardise(
            Record(
                identifiers=parsed(
                    [pair for pair in ((row.id_kind, row.id_number), ("insurance", row.insurance)) if pair[1]]
                ),
                names=(Name(row.name),),
                birth_date=row.birth_date,
                sex=row.sex,
                phones=(row.phone,),
            )
        )
        for row in rows
    ]
    return [row.truth for row in rows], records


def as_sets(found: Gathered) -> set[frozenset[int]]:
    groups: dict[int, set[int]] = {}
    for place, person in enumerate(found.persons):
        groups.setdefault(person, set()).add(place)
    return {frozenset(group) for group in groups.values()}


@given(st.lists(any_features(), max_size=8))
def test_a_pair_is_found_where_one_is_kept_as_the_other_is_asked(records: list[Features]) -> None:
    found = Records(records)
    wanted = set()
    for one, other in combinations(range(len(records)), 2):
        a, b = found.records[one], found.records[other]
        kept_a, kept_b = plain_keys(a), plain_keys(b)
        if kept_a & (kept_b | plain_variants(b)) or kept_b & (kept_a | plain_variants(a)):
            wanted.add((one, other))
    assert set(found._found) == wanted


@given(st.lists(any_features(), max_size=10), st.randoms())
def test_the_order_of_records_decides_nothing(records: list[Features], random: Random) -> None:
    order = list(range(len(records)))
    random.shuffle(order)
    one, other = Records(records).gather(MODEL), Records([records[place] for place in order]).gather(MODEL)
    assert as_sets(one) == {frozenset(order[place] for place in group) for group in as_sets(other)}
    assert (one.links, len(one.asked)) == (other.links, len(other.asked))


def test_people_come_together_as_one_by_one_and_nobody_else() -> None:
    truth, records = some_people(3_000, 5)
    found = Records(records)
    gathered = found.gather(MODEL)
    judged = evaluate([Judged(*pair) for pair in zip(truth, map(str, gathered.persons), strict=True)], gathered.asked)
    assert judged.pairs.precision.value == 1.0
    assert judged.pairs.recall.value is not None
    assert judged.pairs.recall.value > 0.85
    for one, other in gathered.asked:
        assert gathered.persons[one] != gathered.persons[other]
        assert found.decide(one, other, MODEL).outcome is not Outcome.NEW


def test_training_needs_no_labels_and_no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "RANDOM_PAIRS", 30_000)
    _, records = some_people(3_000, 6)
    one = train(Records(records).evidence(), "here", MODEL.thresholds)
    assert train(Records(records).evidence(), "here", MODEL.thresholds).version == one.version
    check(one)
    learnt = {field.field: field.levels[0] for field in one.fields}
    assert learnt["number"].m > 0.8
    assert learnt["number"].u < 1e-4
    assert learnt["born"].u < 1e-3


def test_pins_of_people_hold() -> None:
    truth, records = some_people(2_000, 7)
    found = Records(records)
    free = found.gather(MODEL)
    linked = next((a, b) for a, b in combinations(range(200), 2) if free.persons[a] == free.persons[b])
    apart = next((a, b) for a, b in combinations(range(200), 2) if truth[a] != truth[b])
    held = found.gather(MODEL, must=[apart], cannot=[linked])
    assert held.persons[linked[0]] != held.persons[linked[1]]
    assert held.persons[apart[0]] == held.persons[apart[1]]
    between = {frozenset((held.persons[a], held.persons[b])) for a, b in held.asked}
    assert frozenset(held.persons[place] for place in linked) not in between


@pytest.mark.parametrize(
    "same",
    [
        {"identifiers": parsed([("citizen-id", "990105194912310023")])},
        {"phones": ("13900001234",)},
        {"birth_date": "1900-01-01"},
        {"identifiers": parsed([("insurance", "AB12345")])},
        {"birth_date": "1900-01-01", "phones": ("13900001234",), "sex": "1"},
        {"birth_date": "1949-12-31"},
    ],
    ids=["one-number", "one-phone", "new-year-1900", "one-insurance", "all-defaults", "one-birthday"],
)
def test_five_hundred_people_who_share_a_value_stay_five_hundred(same: dict[str, object]) -> None:
    surnames, given = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许", "安邦才德恩芳光海吉家凯兰美宁佩琪荣思泰文祥英月志卓"
    records = [
        standardise(Record(names=(Name(surnames[n % 20] + given[n // 20]),), **same))  # type: ignore[arg-type]
        for n in range(500)
    ]
    assert len({record.name for record in records}) == 500
    found = Records(records).gather(MODEL)
    assert len(set(found.persons)) == 500


@pytest.mark.parametrize("name", ["王", "?", "😀", "", "a", "无名氏"])
def test_a_name_that_says_little_links_nobody(name: str) -> None:
    records = [standardise(Record(names=(Name(name),), birth_date="1900-01-01", sex="1")) for _ in range(300)]
    found = Records(records).gather(MODEL)
    assert len(set(found.persons)) == 300


def test_ten_thousand_records_with_one_phone_cost_no_pairs() -> None:
    records = [
        standardise(Record(names=(Name(f"王{chr(0x4E00 + n)}"),), phones=("13900001234",))) for n in range(10_000)
    ]
    found = Records(records)
    assert len(found._found) < 10_000
    assert len(set(found.gather(MODEL).persons)) == 10_000
    assert LIST_MAX < 10_000


def test_changes_are_counted_once_for_each_joining_and_parting() -> None:
    now = [7, 7, 8, 9, 6, 6]
    assert changes(now, Gathered((0, 0, 2, 3, 4, 4), 0, ())) == ((), (), ())
    assert changes(now, Gathered((0, 0, 0, 0, 4, 5), 0, ((0, 4),))) == (((0, 2), (2, 3)), ((4, 5),), ((0, 4),))
    assert changes([3, 3, 3], Gathered((0, 1, 2), 0, ())) == ((), ((0, 1), (1, 2)), ())


def test_nobody_at_all_is_no_trouble() -> None:
    assert Records([]).gather(MODEL) == Gathered((), 0, ())
