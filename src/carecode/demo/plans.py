"""When and why a resident goes where: ten years of occasions, drawn before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from carecode.demo.body import DAYS_A_MONTH, DAYS_A_YEAR
from carecode.demo.chance import Chance
from carecode.demo.conditions import ACUTE, CHRONIC, Acute
from carecode.demo.people import Sketch
from carecode.demo.vaccines import WELL_CHILD_MONTHS

YEARS: Final = 10
CLINIC: Final = "east-clinic"
OCCASIONS_MAX: Final = 400

_CHILD: Final = 14
_ELDER: Final = 65
_ADULT: Final = 18
_CHILD_CLINIC_MONTHS: Final = 144
_ILLNESSES_A_YEAR: Final = (1.5, 0.55, 0.9)  # children, adults, elders
_ANTENATAL_DAYS: Final = (196, 140, 84, 35)  # before the birth
_POSTNATAL_DAYS: Final = 42


@dataclass(frozen=True, slots=True, order=True)
class Occasion:
    """One reason to go somewhere on a day."""

    on: date
    kind: str  # birth, child, check-up, onset, follow-up, procedure, illness, antenatal, delivery, postnatal
    detail: str  # key or number that the kind needs
    organisation: str


def occasions(sketch: Sketch, chance: Chance, today: date) -> list[Occasion]:
    """List every occasion of the last ten years, oldest first, all before ``today``."""
    start = max(sketch.birth_date, today - timedelta(days=round(YEARS * DAYS_A_YEAR)))
    drawn = [
        *_childhood(sketch, start),
        *_motherhood(sketch),
        *_checkups(sketch, chance, start, today),
        *_follow_ups(sketch, chance, start, today),
        *_illnesses(sketch, chance, start, today),
    ]
    kept = sorted({occasion for occasion in drawn if start <= occasion.on < today})
    return kept[-OCCASIONS_MAX:]


def _childhood(sketch: Sketch, start: date) -> Iterator[Occasion]:
    """Yield birth and the clinic's visits for growth and vaccines."""
    if sketch.birth_date == start:
        yield Occasion(start, "birth", "", sketch.home)
    for months in WELL_CHILD_MONTHS:
        due = sketch.birth_date + timedelta(days=round(months * DAYS_A_MONTH) + 2)
        if months <= _CHILD_CLINIC_MONTHS:
            yield Occasion(due, "child", str(months), CLINIC)


def _motherhood(sketch: Sketch) -> Iterator[Occasion]:
    """Yield antenatal visits, the birth and the visit after it, for each child she bore."""
    for place, born in enumerate(sketch.births, 1):
        for days in _ANTENATAL_DAYS:
            yield Occasion(born - timedelta(days=days), "antenatal", str(days), sketch.home)
        yield Occasion(born, "delivery", str(place), sketch.home)
        yield Occasion(born + timedelta(days=_POSTNATAL_DAYS), "postnatal", "", CLINIC)


def _checkups(sketch: Sketch, chance: Chance, start: date, today: date) -> Iterator[Occasion]:
    """Yield check-ups: free every year from 65, now and then before, with the season's influenza vaccine."""
    for year in range(start.year, today.year + 1):
        on = date(year, 1, 1) + timedelta(days=chance.randrange(75, 345))
        years = (on - sketch.birth_date).days / DAYS_A_YEAR
        if years >= _ELDER or (years >= _ADULT and chance.happens(0.22)):
            yield Occasion(on, "check-up", "", CLINIC if years >= _ELDER else sketch.home)
        if chance.happens(0.45 if years >= _ELDER else 0.08):
            yield Occasion(date(year, 10, 8) + timedelta(days=chance.randrange(40)), "vaccine", "influenza", CLINIC)
        if year == _COVID_YEAR and years >= 3 and chance.happens(0.9):  # noqa: PLR2004 - offered from three
            first = date(year, 4, 6) + timedelta(days=chance.randrange(150))
            yield Occasion(first, "vaccine", "covid", CLINIC)
            yield Occasion(first + timedelta(days=28), "vaccine", "covid", CLINIC)


_COVID_YEAR: Final = 2021


def _follow_ups(sketch: Sketch, chance: Chance, start: date, today: date) -> Iterator[Occasion]:
    """Yield the finding of each condition, its procedure, and visits for all of them together."""
    if not sketch.conditions:
        return
    for key, onset in sketch.conditions:
        yield Occasion(max(onset, start + timedelta(days=chance.randrange(90))), "onset", key, sketch.home)
        if CHRONIC[key].procedure is not None:
            yield Occasion(onset + timedelta(days=chance.randrange(20, 400)), "procedure", key, sketch.home)
    on = max(start, min(onset for _, onset in sketch.conditions))
    while on < today:
        present = [CHRONIC[key].every_months for key, onset in sketch.conditions if onset <= on]
        on += timedelta(days=round((min(present) if present else 12) * DAYS_A_MONTH * chance.uniform(0.9, 1.9)))
        where = CLINIC if chance.happens(0.25) else sketch.home
        yield Occasion(on, "follow-up", "", where)


def _illnesses(sketch: Sketch, chance: Chance, start: date, today: date) -> Iterator[Occasion]:
    """Yield illnesses that pass, more of them in childhood and old age, and most in winter."""
    on = start
    while True:
        years = (on - sketch.birth_date).days / DAYS_A_YEAR
        group = 0 if years < _CHILD else 1 if years < _ELDER else 2
        on += timedelta(days=max(10, round(chance.expovariate(_ILLNESSES_A_YEAR[group]) * DAYS_A_YEAR)))
        if on >= today:
            return
        rows = [(row, row.weight[group]) for row in ACUTE if row.sex in ("", sketch.sex)]
        illness = chance.weighted(rows)
        where = CLINIC if illness.place == "clinic" else sketch.home
        if illness.place == "emergency" and chance.happens(0.4):
            where = "city-1"
        yield Occasion(on, "illness", illness.term.code, where)


ILLNESSES: Final[dict[str, Acute]] = {row.term.code: row for row in ACUTE}
