"""Geometry of clinical charts: values in, SVG coordinates out; the templates draw.  Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from carecode.web.summary import Result

SPARK_WIDTH: Final = 80
SPARK_HEIGHT: Final = 24
SPARK_EDGE: Final = 4
SPARK_VALUES_MAX: Final = 8
TREND_WIDTH: Final = 600
TREND_HEIGHT: Final = 250
TREND_POINTS_MAX: Final = 8
DRAWN_MAX: Final = 1e12  # larger numbers are read, not drawn
DRAWN_SPREAD_MIN: Final = 1e-6  # of the largest number, at least of 1: closer ones differ on no screen
GRID_LINES: Final = 4
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 24, 36, 56


@dataclass(frozen=True, slots=True)
class Point:
    """One value on a chart, in the chart's own units."""

    x: float
    y: float
    label: str
    on: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """Everything a trend chart draws."""

    points: tuple[Point, ...]
    grid: tuple[Point, ...]  # x is unused; one horizontal line each
    band_top: float | None
    band_bottom: float | None

    @property
    def line(self) -> str:
        """The points of a polyline."""
        return " ".join(f"{p.x:.1f},{p.y:.1f}" for p in self.points)


def spark(values: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Place the last values of a test in a small box; fewer than two values draw nothing.

    >>> spark([1, 3])
    ((4.0, 20.0), (76.0, 4.0))
    """
    shown = list(values)[-SPARK_VALUES_MAX:]
    if len(shown) < 2:  # noqa: PLR2004  # a line has two ends
        return ()
    low, spread = min(shown), (max(shown) - min(shown)) or 1.0
    width, height = SPARK_WIDTH - 2 * SPARK_EDGE, SPARK_HEIGHT - 2 * SPARK_EDGE
    return tuple(
        (
            round(SPARK_EDGE + width * i / (len(shown) - 1), 1),
            round(SPARK_EDGE + height * (1 - (value - low) / spread), 1),
        )
        for i, value in enumerate(shown)
    )


def spark_of(result: Result) -> tuple[tuple[float, float], ...]:
    """Place a result's numbers; texts draw nothing."""
    return spark([float(x.amount) for x in result.series if x.amount is not None])


def trend_of(result: Result) -> Trend | None:
    """Place the last values of a test, its usual range and a grid; None without two numbers that can be drawn."""
    values = [x for x in result.series if x.amount is not None][-TREND_POINTS_MAX:]
    if len(values) < 2:  # noqa: PLR2004  # a line has two ends
        return None
    bounds = [float(x) for x in (result.low, result.high) if x is not None]
    amounts = [float(x.amount) for x in values if x.amount is not None]
    largest, spread = max(map(abs, amounts + bounds)), max(amounts + bounds) - min(amounts + bounds)
    if largest > DRAWN_MAX or 0 < spread < DRAWN_SPREAD_MIN * max(largest, 1.0):
        return None
    ticks = grid([*amounts, *bounds])
    width, height = TREND_WIDTH - _LEFT - _RIGHT, TREND_HEIGHT - _TOP - _BOTTOM

    def y(value: float) -> float:
        return round(_TOP + height * (1 - (value - ticks[0]) / (ticks[-1] - ticks[0])), 1)

    inset = width / len(amounts) / 2  # a half step at both ends keeps the labels inside
    points = tuple(
        Point(
            x=round(_LEFT + inset + (width - 2 * inset) * i / (len(values) - 1), 1),
            y=y(amounts[i]),
            label=value.text,
            on=value.on,
        )
        for i, value in enumerate(values)
    )
    has_band = bool(bounds)
    return Trend(
        points=points,
        grid=tuple(Point(x=_LEFT, y=y(tick), label=f"{tick:g}") for tick in ticks),
        band_top=y(float(result.high) if result.high is not None else ticks[-1]) if has_band else None,
        band_bottom=y(float(result.low) if result.low is not None else ticks[0]) if has_band else None,
    )


def grid(values: Sequence[float]) -> tuple[float, ...]:
    """Give round grid values that enclose all ``values``.

    >>> grid([4.0, 7.9])
    (4.0, 5.0, 6.0, 7.0, 8.0)
    """
    low, high = min(values), max(values)
    if low == high:
        low, high = low - 1, high + 1
    rough = (high - low) / GRID_LINES
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * x for x in (1, 2, 5, 10) if power * x >= rough - 1e-12)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(i * step, 10) for i in range(first, last + 1))
