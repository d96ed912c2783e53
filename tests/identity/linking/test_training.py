from __future__ import annotations

from collections import Counter
from functools import cache
from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking.features import Features, Precision
from carecode.identity.linking.levels import FIELDS, Levels
from carecode.identity.linking.model import Thresholds, load
from carecode.identity.linking.training import U_LEAST, Agreement, Evidence, agreements, learn, train
from carecode.kernel.errors import InvalidInputError

# The planted truth: shares of levels 1, 2, ... of each field among matches and among strangers.
M = {
    "number": [0.93, 0.04, 0.01, 0.01, 0.01],
    "other": [0.90, 0.06, 0.04],
    "name": [0.80, 0.09, 0.01, 0.01, 0.01, 0.02, 0.02, 0.02, 0.01, 0.01],
    "born": [0.90, 0.02, 0.01, 0.01, 0.02, 0.01, 0.01, 0.01, 0.01],
    "sex": [0.98, 0.02],
    "contact": [0.40, 0.20, 0.15, 0.05, 0.03, 0.02, 0.05, 0.10],
}
U = {
    "number": [1e-7, 1e-4, 0.0199, 0.01, 0.97],
    "other": [1e-7, 1e-3, 0.9989999],
    "name": [1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 5e-3, 0.01, 0.02, 0.06, 0.90],
    "born": [1e-4, 1e-3, 1e-3, 2e-3, 5e-3, 1e-2, 1e-2, 2e-2, 0.9509],
    "sex": [0.5, 0.5],
    "contact": [1e-5, 1e-4, 1e-3, 1e-3, 1e-3, 2e-2, 0.1, 0.87689],
}
RECORDS = 20_000
MATCHES = 6_000
PAIRS = comb(RECORDS, 2)
MISSING = 0.25


def draw(random: Random, shares: dict[str, list[float]], **fixed: int) -> Levels:
    return Levels._make(
        list(levels)[
            fixed.get(field)
            or (0 if random.random() < MISSING else random.choices(range(1, len(levels)), shares[field])[0])
        ]
        for field, levels in FIELDS.items()
    )


@cache
def planted(seed: int = 1) -> Evidence:
    random = Random(seed)
    matches = [draw(random, M) for _ in range(MATCHES)]
    namesakes = [draw(random, U, name=1, born=1) for _ in range(300)]
    everyone = Counter(matches) + Counter(namesakes)
    rate = {field: MATCHES / PAIRS * M[field][0] + (1 - MATCHES / PAIRS) * U[field][0] for field in U}
    return Evidence(
        RECORDS,
        {
            "i": Counter(one for one in matches if one.number == 1),
            "a": Counter(one for one in matches if one.other == 1),
            "n": Counter([one for one in matches if one.name == 1 and one.born == 1] + namesakes),
        },
        everyone,
        Counter(draw(random, U) for _ in range(40_000)),
        {field: Agreement(round(rate[field] * PAIRS), PAIRS) for field in ("number", "other", "name", "born")},
    )


def test_the_trainer_recovers_what_was_planted() -> None:
    learnt = learn(planted())
    for field, shares in M.items():
        for place, m in enumerate(shares, 1):
            assert learnt.m[field][place] == pytest.approx(m, abs=0.012), (field, place)
        for place, u in enumerate(U[field], 1):
            if u >= 1e-3:
                assert learnt.u[field][place] == pytest.approx(u, rel=0.6), (field, place)
    assert learnt.pi == pytest.approx(MATCHES / PAIRS, rel=0.03)


def test_matches_among_the_counted_pairs_are_taken_out_of_u() -> None:
    """Of all pairs that share a number nearly all are matches: the rate alone is 300 times too high."""
    evidence = planted()
    learnt = learn(evidence)
    rate = evidence.agreements["number"].rate
    assert rate > 2e-5
    assert learnt.u["number"][1] < rate / 30
    assert learnt.u["number"][1] >= U_LEAST
    assert learnt.u["born"][1] == pytest.approx(1e-4, rel=0.2)


def test_training_is_deterministic_and_gives_a_model_that_loads() -> None:
    evidence = planted()
    shuffled = evidence._replace(
        candidates=dict(reversed(list(evidence.candidates.items()))),
        sessions={
            letter: dict(reversed(list(patterns.items())))
            for letter, patterns in reversed(list(evidence.sessions.items()))
        },
        random=dict(reversed(list(evidence.random.items()))),
    )
    model = train(evidence, "planted", Thresholds(7, 0))
    assert train(evidence, "planted", Thresholds(7, 0)).version == model.version
    assert load(model.canonical()) == model
    other = learn(shuffled)
    assert other.m["name"] == pytest.approx(learn(evidence).m["name"], abs=1e-9)


@given(st.lists(st.sampled_from(["number", "name", "nothing"]), min_size=2, max_size=12))
def test_counts_are_those_of_all_pairs(kinds: list[str]) -> None:
    people = [
        Features(number="1" if kind == "number" else "", name="王芳" if kind == "name" else "", phone="139")
        for kind in kinds
    ]
    found = agreements(people)
    assert found["number"] == Agreement(comb(kinds.count("number"), 2), comb(kinds.count("number"), 2))
    assert found["name"].pairs == comb(kinds.count("name"), 2)
    assert found["phone"] == Agreement(comb(len(kinds), 2), comb(len(kinds), 2))
    assert found["home"].pairs == 0


def test_a_year_is_no_date_to_count() -> None:
    years = [Features(born="1950", born_precision=Precision.YEAR)] * 3
    assert agreements(years)["born"] == Agreement(0, 0)


def test_household_keys_teach_nothing() -> None:
    evidence = planted()
    with pytest.raises(InvalidInputError, match="Pairs found by key p teach nothing"):
        learn(evidence._replace(sessions={"p": evidence.candidates}))


@pytest.mark.parametrize("field", ["sessions", "candidates", "random"])
def test_nothing_to_learn_from_is_refused(field: str) -> None:
    with pytest.raises(InvalidInputError, match="nothing to learn from"):
        learn(planted()._replace(**{field: {}}))  # type: ignore[arg-type]
