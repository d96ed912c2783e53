"""What discrete Laplace noise must look like: a test of samples that fails for any other noise.

Bounds are eight standard errors wide: right noise falls outside one of them less than once in 10^8 runs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

SAMPLES: Final = 20_000
ERRORS_WIDE: Final = 8.0


def faults(noise: Sequence[int], scale: float) -> list[str]:
    """Name each way in which ``noise`` differs from discrete Laplace noise of this scale."""
    alpha = math.exp(-1 / scale)
    count = len(noise)
    variance = 2 * alpha / (1 - alpha) ** 2
    at_zero = (1 - alpha) / (1 + alpha)
    # Fourth moment of the discrete Laplace distribution, from its generating function.
    fourth = 2 * alpha * (1 + 10 * alpha + alpha**2) / (1 - alpha) ** 4
    far = math.ceil(3 * scale)
    beyond = 2 * alpha ** (far + 1) / (1 + alpha)
    # (name, measured mean, expected mean, variance of one sample)
    moments = (
        ("centre", sum(noise) / count, 0.0, variance),
        ("spread", sum(value * value for value in noise) / count, variance, fourth - variance**2),
        ("share of zeros", sum(value == 0 for value in noise) / count, at_zero, at_zero * (1 - at_zero)),
        ("share above zero", sum(value > 0 for value in noise) / count, (1 - at_zero) / 2, (1 - at_zero**2) / 4),
        ("share far out", sum(abs(value) > far for value in noise) / count, beyond, beyond * (1 - beyond)),
    )
    return [
        f"{name}: {measured:.4f}, expected {expected:.4f}"
        for name, measured, expected, spread in moments
        if abs(measured - expected) > ERRORS_WIDE * math.sqrt(spread / count)
    ]


def leaks(one: Sequence[int], other: Sequence[int], epsilon: float) -> list[str]:
    """Name each output that tells two neighbouring truths apart by more than exp(epsilon).

    Looks at single outputs and at tails, and only where each sample has at least 300 hits.
    """
    found = []
    for threshold in sorted({*one, *other}):
        for name, hits, others in (
            ("at", sum(value == threshold for value in one), sum(value == threshold for value in other)),
            ("from", sum(value >= threshold for value in one), sum(value >= threshold for value in other)),
            ("below", sum(value < threshold for value in one), sum(value < threshold for value in other)),
        ):
            if min(hits, others) < 300:
                continue
            ratio = abs(math.log(hits / len(one)) - math.log(others / len(other)))
            if ratio > epsilon + ERRORS_WIDE * math.sqrt(1 / hits + 1 / others):
                found.append(f"{name} {threshold}: log ratio {ratio:.3f}, allowed {epsilon:.3f}")
    return found
