"""How bits add up: from a stored decision to bars on a scale.  Pure; the templates draw.

What is shown is what was stored: the bits of each field, the sum, and the prior as what is left of the sum, so
that the bars always end where the decision did.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carecode.identity.linking import telling

if TYPE_CHECKING:
    from carecode.identity.linking.deciding import Weighed

PRIOR: Final = telling.PRIOR
TOTAL: Final = "total"
WIDTH: Final = 100.0
MINUS: Final = "\N{MINUS SIGN}"
ODDS_MAX: Final = 1_000_000
_THIN: Final = 0.8  # a bar of nothing is still seen
_STRONG, _VERY = 7.0, 13.0
_EVEN: Final = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: a field's bits, from where the earlier ones ended to where it does."""

    field: str  # of FIELDS, PRIOR or TOTAL
    bits: float
    x: float  # of WIDTH
    width: float
    ends: float  # bits so far, where the next one begins

    @property
    def text(self) -> str:
        """Write the bits with their sign."""
        return signed(self.bits)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """All bars of one pair, and where nothing stands on the scale."""

    bars: tuple[Bar, ...]
    zero: float
    total: float


def signed(bits: float) -> str:
    """Write bits with their sign, as ``carecode link explain`` does, with a printer's minus.

    >>> signed(7.43), signed(-20)
    ('+7.43', '−20.00')
    """
    return telling.signed(bits).replace("-", MINUS)


def waterfall(weighed: Weighed) -> Waterfall:
    """Place the bars of one pair on a scale of WIDTH."""
    steps = telling.waterfall(weighed)
    ends = [step.running_total for step in steps]
    low, high = min(0.0, *ends), max(0.0, *ends)
    spread = (high - low) or 1.0

    def place(value: float) -> float:
        return round(WIDTH * (value - low) / spread, 2)

    bars = [
        _bar(one.field, one.bits, place(one.running_total - one.bits), place(one.running_total), one.running_total)
        for one in steps
    ]
    bars.append(_bar(TOTAL, weighed.total, place(0.0), place(weighed.total), weighed.total))
    return Waterfall(tuple(bars), place(0.0), weighed.total)


def _bar(name: str, bits: float, begins: float, place: float, ends: float) -> Bar:
    x, width = min(begins, place), abs(place - begins)
    if width < _THIN:
        x, width = min(x, WIDTH - _THIN), _THIN
    return Bar(name, bits, round(x, 2), round(width, 2), ends)


def odds(bits: float) -> int:
    """Say how many to one bits are, in one figure, at most ODDS_MAX.

    >>> odds(18.2), odds(-3), odds(0)
    (300000, 8, 1)
    """
    exact = 2.0 ** min(abs(bits), 60.0)
    if exact >= ODDS_MAX:
        return ODDS_MAX
    digits = math.floor(math.log10(exact))
    return int(round(exact, -digits))


def strength(weighed: Weighed) -> str:
    """Name the evidence of a pair: ``number``, ``even``, or ``some``, ``strong`` or ``very`` with a side."""
    if weighed.certain:
        return "number"
    if abs(weighed.total) < _EVEN:
        return "even"
    side = "one" if weighed.total > 0 else "two"
    size = abs(weighed.total)
    return f"{'very' if size >= _VERY else 'strong' if size >= _STRONG else 'some'}-{side}"
