"""One snooper among a thousand is found within a day; at most one false alarm in a thousand days of work."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.disclosure.unusual import unusual, upper_tail

STAFF = 1_000
HISTORY_DAYS = 28
CHECKED_DAYS = 12


def poisson(chance: random.Random, mean: float) -> int:
    limit, product, number = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        number += 1
    return number


def day(chance: random.Random, rate: float) -> int:
    """A working day: people differ, and busy days exist (gamma of shape 8 over the rate)."""
    return poisson(chance, rate * chance.gammavariate(8, 1 / 8))


@pytest.fixture(scope="module")
def town() -> tuple[random.Random, dict[str, float], dict[str, list[int]]]:
    chance = random.Random(2026)
    rates = {f"staff-{n}": chance.gammavariate(4, 1.5) for n in range(STAFF)}  # mean 6, from 1 to 20
    history = {who: [day(chance, rate) for _ in range(chance.randint(3, HISTORY_DAYS))] for who, rate in rates.items()}
    return chance, rates, history


def test_at_most_one_false_alarm_in_a_thousand_staff_days(
    town: tuple[random.Random, dict[str, float], dict[str, list[int]]],
) -> None:
    chance, rates, history = town
    alarms = 0
    for _day in range(CHECKED_DAYS):
        today = {who: day(chance, rate) for who, rate in rates.items()}
        alarms += len(unusual(today, history))
        for who, count in today.items():
            history[who].append(count)
    assert alarms <= CHECKED_DAYS


@pytest.mark.parametrize(("extra", "share"), [(20, 0.85), (30, 0.98)])
def test_a_snooper_is_found_on_the_first_day(
    town: tuple[random.Random, dict[str, float], dict[str, list[int]]], extra: int, share: float
) -> None:
    """A nurse of usual work looks up twenty neighbours, or thirty, besides."""
    chance, rates, history = town
    found = 0
    tries = 100
    usual = [who for who, rate in rates.items() if 3 <= rate <= 8 and len(history[who]) >= 7]
    for snooper in usual[:tries]:
        today = {who: day(chance, rate) for who, rate in rates.items() if chance.random() < 0.02 or who == snooper}
        today[snooper] += extra
        found += any(one.who == snooper for one in unusual(today, history))
    assert found >= share * tries


def test_small_numbers_are_nobodys_business() -> None:
    assert unusual({"nurse": 5}, {"nurse": [0] * 30, "other": [0] * 30}) == []


def test_somebody_new_is_compared_with_her_colleagues() -> None:
    history = {f"nurse-{n}": [4, 6, 5, 5, 3, 7] for n in range(10)}
    assert [one.who for one in unusual({"new": 40}, history)] == ["new"]
    assert unusual({"new": 8}, history) == []


@given(st.integers(0, 80), st.floats(0.5, 40), st.floats(1.15, 6))
def test_the_tail_is_a_probability_that_falls(count: int, mean: float, spread: float) -> None:
    here, further = upper_tail(count, mean, spread), upper_tail(count + 1, mean, spread)
    assert 0 <= further <= here + 1e-9 <= 1 + 2e-9
