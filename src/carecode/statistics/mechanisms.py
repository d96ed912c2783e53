"""Noise: how true counts become figures that hide each single person.

Pure but for the noise itself, which OpenDP draws from the operating system.  That randomness is deliberately not a
parameter: whoever could choose or repeat it could subtract it.

Sources: Dwork, McSherry, Nissim, Smith 2006 (Laplace mechanism); Canonne, Kamath, Steinke 2020 (the discrete
distribution, sampled exactly; floating-point samplers leak, Mironov 2012).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import CorruptError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

CELLS_MAX: Final = 100_000
EPSILON_MAX: Final = 10.0  # above it the promise means nothing
SENSITIVITY_MAX: Final = 1_000
COUNT_MAX: Final = 2**30  # OpenDP's 32-bit integers, with room for the noise


def scale_of(epsilon: float, sensitivity: int) -> float:
    """Return the noise scale b = sensitivity / epsilon, for P(noise = x) proportional to exp(-|x| / b).

    ``sensitivity`` is the largest sum of changes that one person can cause over all cells together (L1).

    >>> scale_of(0.5, 3)
    6.0

    Raises InvalidInputError outside 0 < epsilon <= EPSILON_MAX or 1 <= sensitivity <= SENSITIVITY_MAX.
    """
    if not 0 < epsilon <= EPSILON_MAX or not 1 <= sensitivity <= SENSITIVITY_MAX:
        raise InvalidInputError("noise-parameters", "Epsilon or sensitivity is outside its bounds.")
    return sensitivity / epsilon


def margin(epsilon: float, sensitivity: int, confidence: float = 0.95) -> int:
    """Return the smallest t with P(|noise| <= t) >= confidence, from the closed form of the distribution.

    >>> margin(1.0, 3)
    9
    """
    if not 0 < confidence < 1:
        raise InvalidInputError("confidence", "A confidence lies between 0 and 1.")
    alpha = math.exp(-1 / scale_of(epsilon, sensitivity))
    # P(|noise| > t) = 2 alpha^(t+1) / (1 + alpha)
    return max(0, math.ceil(math.log((1 - confidence) * (1 + alpha) / 2) / math.log(alpha)) - 1)


def noisy(counts: Sequence[int], *, epsilon: float, sensitivity: int) -> list[int]:
    """Add discrete Laplace noise to each count; results may be negative.

    The whole vector costs ``epsilon`` once, provided that one person changes the counts by at most ``sensitivity``
    in sum; OpenDP itself confirms the cost before anything is drawn.  About 10 us a cell after a first import of
    0.4 s.  Raises InvalidInputError for counts outside 0 to COUNT_MAX or more than CELLS_MAX of them.
    """
    scale = scale_of(epsilon, sensitivity)
    if len(counts) > CELLS_MAX or any(not 0 <= count <= COUNT_MAX for count in counts):
        raise InvalidInputError("counts", "These are too many counts, or one of them cannot be.")
    # OpenDP loads 100 MB of library: only a release needs it.
    import opendp.prelude as dp  # noqa: PLC0415

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int)
    mechanism = dp.m.make_laplace(*space, scale=scale)
    while mechanism.map(sensitivity) > epsilon:  # type: ignore[no-untyped-call]  # OpenDP's own gap
        # The division rounded down; one step up is enough, and a second would show a fault.
        if scale != sensitivity / epsilon:
            raise CorruptError("noise-cost", "The noise would cost more than it may.")
        scale = math.nextafter(scale, math.inf)
        mechanism = dp.m.make_laplace(*space, scale=scale)
    return [int(value) for value in mechanism(list(counts))]
