"""The noise is real, calibrated and private; noise that is not fails the same tests."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carecode.kernel.errors import InvalidInputError
from carecode.statistics.mechanisms import COUNT_MAX, EPSILON_MAX, margin, noisy, scale_of
from carecode.statistics.releases import CONFIDENCE, RELEASES
from tests.statistics.noise import SAMPLES, faults, leaks

epsilons = st.floats(0.01, EPSILON_MAX)
sensitivities = st.integers(1, 20)


def geometric_laplace(scale: float, seed: int) -> list[int]:
    """Draw the same distribution another way: the difference of two geometric variables."""
    source, rate = random.Random(seed), 1 / scale
    return [math.floor(source.expovariate(rate)) - math.floor(source.expovariate(rate)) for _ in range(SAMPLES)]


@pytest.mark.parametrize(("epsilon", "sensitivity"), [(1.0, 3), (0.5, 1), (2.0, 1)])
def test_the_noise_is_discrete_laplace_of_the_right_scale(epsilon: float, sensitivity: int) -> None:
    truth = 1_000
    drawn = noisy([truth] * SAMPLES, epsilon=epsilon, sensitivity=sensitivity)
    assert faults([value - truth for value in drawn], scale_of(epsilon, sensitivity)) == []


def test_the_test_of_noise_knows_right_noise_from_another_source() -> None:
    assert faults(geometric_laplace(3.0, 11), 3.0) == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("none", [0] * SAMPLES),
        ("half", geometric_laplace(1.5, 1)),
        ("nine tenths", geometric_laplace(2.7, 2)),
        ("eleven tenths", geometric_laplace(3.3, 3)),
        ("never negative", [abs(value) for value in geometric_laplace(3.0, 4)]),
        ("cut off", [max(-9, min(9, value)) for value in geometric_laplace(3.0, 5)]),
        ("shifted", [value + 1 for value in geometric_laplace(3.0, 6)]),
        ("uniform", [random.Random(7).randint(-9, 9) for _ in range(SAMPLES)]),
        ("gaussian", [round(random.Random(n).gauss(0, 4.2)) for n in range(SAMPLES)]),
        ("every second cell", [v if n % 2 else 0 for n, v in enumerate(geometric_laplace(3.0, 8))]),
    ],
)
def test_wrong_noise_is_found_out(name: str, wrong: list[int]) -> None:
    assert faults(wrong, 3.0) != [], name


def test_one_person_more_changes_no_output_by_more_than_epsilon() -> None:
    epsilon = 1.0
    without = noisy([5] * SAMPLES, epsilon=epsilon, sensitivity=1)
    with_her = noisy([6] * SAMPLES, epsilon=epsilon, sensitivity=1)
    assert leaks(without, with_her, epsilon) == []


def test_a_mechanism_that_charges_half_of_what_it_costs_is_found_out() -> None:
    without, with_her = (noisy([truth] * SAMPLES, epsilon=2.0, sensitivity=1) for truth in (5, 6))
    assert leaks(without, with_her, 1.0) != []


def test_each_cell_gets_noise_of_its_own() -> None:
    drawn = noisy([0] * 2_000, epsilon=1.0, sensitivity=3)
    pairs = list(pairwise(drawn))
    # Independent neighbours: their mean product is 0 within eight standard errors of 17.8 / sqrt(1999).
    assert abs(sum(one * other for one, other in pairs) / len(pairs)) < 8 * 17.8 / math.sqrt(len(pairs))
    assert len(set(drawn)) > 10


def test_two_draws_of_the_same_counts_differ() -> None:
    counts = [50] * 42
    assert noisy(counts, epsilon=1.0, sensitivity=3) != noisy(counts, epsilon=1.0, sensitivity=3)


@given(epsilons, sensitivities, st.floats(0.5, 0.999))
def test_the_margin_is_the_smallest_that_holds_the_confidence(
    epsilon: float, sensitivity: int, confidence: float
) -> None:
    alpha = math.exp(-1 / scale_of(epsilon, sensitivity))

    def within(reach: int) -> float:
        return 1 - 2 * alpha ** (reach + 1) / (1 + alpha)

    reach = margin(epsilon, sensitivity, confidence)
    assert within(reach) >= confidence - 1e-9
    assert reach == 0 or within(reach - 1) < confidence + 1e-9


def test_the_bounds_hold_the_truth_as_often_as_they_say() -> None:
    row = RELEASES["visits_this_week"]
    reach = margin(float(row.epsilon), row.sensitivity, CONFIDENCE)
    drawn = noisy([100] * SAMPLES, epsilon=float(row.epsilon), sensitivity=row.sensitivity)
    held = sum(abs(value - 100) <= reach for value in drawn) / SAMPLES
    assert held > CONFIDENCE - 8 * math.sqrt(CONFIDENCE * (1 - CONFIDENCE) / SAMPLES)
    assert held < 0.985  # and are not simply wide


@settings(max_examples=25)
@given(epsilons, sensitivities)
def test_every_price_can_be_drawn_at(epsilon: float, sensitivity: int) -> None:
    """OpenDP confirms the cost inside ``noisy``; a scale rounded the wrong way would raise."""
    assert len(noisy([0, 1, COUNT_MAX], epsilon=epsilon, sensitivity=sensitivity)) == 3


@pytest.mark.parametrize(("epsilon", "sensitivity"), [(0, 1), (-1, 1), (10.1, 1), (math.nan, 1), (1, 0), (1, 1001)])
def test_parameters_out_of_bounds_draw_nothing(epsilon: float, sensitivity: int) -> None:
    with pytest.raises(InvalidInputError):
        noisy([1], epsilon=epsilon, sensitivity=sensitivity)


@pytest.mark.parametrize("counts", [[-1], [COUNT_MAX + 1], [0] * 100_001])
def test_counts_out_of_bounds_draw_nothing(counts: list[int]) -> None:
    with pytest.raises(InvalidInputError):
        noisy(counts, epsilon=1.0, sensitivity=1)


@pytest.mark.parametrize("confidence", [0.0, 1.0, -0.5, math.nan])
def test_a_confidence_lies_between_0_and_1(confidence: float) -> None:
    with pytest.raises(InvalidInputError):
        margin(1.0, 1, confidence)
