"""What would be measured in a resident on a day: her own level, her conditions, growth, chance.

Levels move slowly, so that a series of results has a trend: a condition lifts a level from its onset,
treatment brings it down over months, age and failing kidneys move it over years.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from carecode.demo.chance import Chance
from carecode.demo.conditions import Chronic, Effect
from carecode.demo.laboratory import ANALYTES, VITALS, Analyte

DAYS_A_YEAR: Final = 365.25
DAYS_A_MONTH: Final = DAYS_A_YEAR / 12

# sex -> (age in months, weight in kg, height in cm): medians, rounded (WHO 2006, China 2009)
_GROWTH: Final = {
    "female": (
        (0, 3.3, 49.7), (1, 4.2, 53.7), (3, 6.1, 61.0), (6, 7.8, 66.8), (9, 8.7, 71.0), (12, 9.4, 75.0),
        (18, 10.7, 81.5), (24, 11.9, 87.2), (36, 14.1, 95.6), (48, 16.2, 103.1), (60, 18.3, 110.2),
        (84, 22.6, 122.5), (120, 31.8, 140.1), (144, 40.8, 152.4), (168, 47.8, 157.0), (216, 53.0, 158.5),
    ),
    "male": (
        (0, 3.4, 50.4), (1, 4.5, 54.8), (3, 6.7, 62.0), (6, 8.4, 68.4), (9, 9.3, 72.6), (12, 10.1, 76.5),
        (18, 11.3, 82.7), (24, 12.5, 88.5), (36, 14.7, 96.8), (48, 16.6, 104.1), (60, 19.0, 111.3),
        (84, 24.1, 124.0), (120, 33.7, 140.2), (144, 42.5, 151.9), (168, 52.0, 163.0), (216, 63.0, 171.0),
    ),
}  # fmt: skip
_WEIGHTS: Final = {sex: tuple((months, kg) for months, kg, _ in rows) for sex, rows in _GROWTH.items()}
_HEIGHTS: Final = {sex: tuple((months, cm) for months, _, cm in rows) for sex, rows in _GROWTH.items()}
_HEAD: Final = ((0, 34.2), (3, 40.2), (6, 43.0), (12, 45.8), (24, 47.8), (36, 49.0))
_GROWN_MONTHS: Final = 216
_WAVE_MONTHS: Final = 14


class Body:
    """One resident's levels over time."""

    __slots__ = ("_chance", "_courses", "_offsets", "_size", "birth_date", "sex")

    def __init__(self, chance: Chance, sex: str, birth_date: date, conditions: Sequence[tuple[Chronic, date]]) -> None:
        """Draw what is her own; ``conditions`` come with the day they began."""
        self.sex = sex
        self.birth_date = birth_date
        self._chance = chance
        self._size = (chance.around(1.0, 0.1, 0.78, 1.35), chance.around(1.0, 0.028, 0.93, 1.08))
        self._offsets: dict[str, float] = {}
        self._courses: dict[str, tuple[Effect, date]] = {
            effect.analyte: (effect, onset) for condition, onset in conditions for effect in condition.effects
        }

    def years(self, on: date) -> float:
        """Tell her age in years."""
        return (on - self.birth_date).days / DAYS_A_YEAR

    def level(self, name: str, on: date) -> float:
        """Measure an analyte or vital sign on a day, rounded as a laboratory rounds it."""
        analyte = ANALYTES.get(name) or VITALS[name]
        own = self._offsets.get(name)
        if own is None:
            own = self._offsets[name] = self._chance.gauss(0, analyte.spread)
        course = self._courses.get(name)
        if course is not None and on >= course[1]:
            value = _course(*course, on) + own / 2 + analyte.spread * _wave(name, on) / 2
        else:
            value = analyte.middle[int(self.sex == "male")] + own + self._aged(name, on)
        value += self._chance.gauss(0, analyte.spread / 3)
        return rounded(analyte, max(value, analyte.middle[0] / 10))

    def weight_and_height(self, on: date) -> tuple[float, float]:
        """Measure weight in kg and height in cm."""
        months = (on - self.birth_date).days / DAYS_A_MONTH
        grown = min(months, _GROWN_MONTHS)
        weight, height = _between(_WEIGHTS[self.sex], grown), _between(_HEIGHTS[self.sex], grown)
        gained = min(max(months - _GROWN_MONTHS, 0) / 12, 40) * 0.18
        weight = weight * self._size[0] + gained + self._chance.gauss(0, 0.01 * weight)
        return round(weight, 1), round(height * self._size[1], 1)

    def head(self, on: date) -> float:
        """Measure the head of a small child in cm."""
        months = min((on - self.birth_date).days / DAYS_A_MONTH, _HEAD[-1][0])
        return round(_between(_HEAD, months) + self._chance.gauss(0, 0.2), 1)

    def _aged(self, name: str, on: date) -> float:
        """Tell what age does to a level."""
        years = self.years(on)
        if name in {"systolic", "diastolic"}:
            slope = 0.3 if name == "systolic" else 0.05
            return slope * (years - 40) if years >= 18 else -1.2 * (18 - years)  # noqa: PLR2004 - of age
        if name == "egfr":
            return -0.7 * max(years - 35, 0)
        if name == "heart_rate":
            return 3.0 * max(14 - years, 0)
        return 0.0


def rounded(analyte: Analyte, value: float) -> float:
    """Round a value to the analyte's decimals; whole numbers stay whole in JSON."""
    return round(value, analyte.decimals) if analyte.decimals else int(value + 0.5)


def _course(effect: Effect, onset: date, on: date) -> float:
    """Tell the level under a condition that began on ``onset``."""
    months = (on - onset).days / DAYS_A_MONTH
    settling = (effect.untreated - effect.treated) * math.exp(-months / effect.months)
    return effect.treated + settling + effect.yearly * months / 12


def _wave(name: str, on: date) -> float:
    """Let a level rise and fall over a year or so: winters, holidays, zeal that fades."""
    phase = sum(map(ord, name))
    return math.sin(2 * math.pi * on.toordinal() / DAYS_A_MONTH / _WAVE_MONTHS + phase)


def _between(points: Sequence[tuple[float, float]], at: float) -> float:
    """Interpolate between the points of a curve."""
    for (start, low), (end, high) in pairwise(points):
        if at <= end:
            return low + (high - low) * max(at - start, 0) / (end - start)
    return points[-1][1]
