"""The statistics that exist: one row each, with its cells, its bound per person and its price.

Pure.  To add a statistic, add one row to ``RELEASES``.  A cell is one number of the table that comes out; the full
list of cells is public and always released, zeros included, so that an absent cell cannot betray anybody.

What is promised: one resident's week.  A resident touches at most ``sensitivity`` cells in one week (PostgreSQL holds
that bound), so her being there or not changes the probability of any output by at most a factor exp(epsilon).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import msgspec

from carecode.kernel.errors import CorruptError, InvalidInputError, NotFoundError
from carecode.statistics.mechanisms import margin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CELLS_PER_RELEASE_MAX: Final = 1_000
CELLS_PER_CONTRIBUTOR: Final = 3  # per window over all statistics together; held by PostgreSQL
CONFIDENCE: Final = 0.95
WINDOW: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension of a table, with the codes it may take and their words."""

    name: str
    codes: Mapping[str, tuple[str, str]]  # code -> (English, Chinese)


@dataclass(frozen=True, slots=True)
class Release:
    """One statistic: what is counted, over which cells, at which price."""

    name: str
    number: int  # its cells are number * CELLS_PER_RELEASE_MAX and up; never used again for another
    title: str
    title_zh: str
    axes: tuple[Axis, ...]
    epsilon: Decimal  # what one window costs
    sensitivity: int  # cells that one resident can change by one each (L1)

    def cells(self) -> dict[int, tuple[str, ...]]:
        """Return every cell's number with its codes, one per axis."""
        first = self.number * CELLS_PER_RELEASE_MAX
        return dict(enumerate(product(*(axis.codes for axis in self.axes)), start=first))

    def cell(self, *codes: str) -> int:
        """Return the number of the cell with these codes; InvalidInputError if there is none."""
        place = 0
        for axis, code in zip(self.axes, codes, strict=True):
            if code not in axis.codes:
                raise InvalidInputError("cell-unknown", "This statistic has no such cell.")
            place = place * len(axis.codes) + list(axis.codes).index(code)
        return self.number * CELLS_PER_RELEASE_MAX + place


@dataclass(frozen=True, slots=True)
class Figure:
    """One released number.  The true count lies within low and high with the release's confidence."""

    codes: tuple[str, ...]
    value: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Released:
    """One statistic of one window as it was released, for ever."""

    name: str
    window: date
    epsilon: Decimal
    sensitivity: int
    confidence: float
    figures: tuple[Figure, ...]


def release_of(name: str, releases: Mapping[str, Release]) -> Release:
    """Return the row of a statistic; NotFoundError if there is none."""
    if name not in releases:
        raise NotFoundError("statistic-unknown", "There is no such statistic.")
    return releases[name]


def window_of(day: date) -> date:
    """Return the Monday of a day's week, which names the window (ISO 8601).

    >>> window_of(date(2026, 11, 18))
    datetime.date(2026, 11, 16)
    """
    return day - timedelta(days=day.weekday())


def visit_cell(encounter_class: str, day: date) -> int:
    """Return the cell of ``visits_this_week`` that an encounter counts in.

    ``encounter_class`` is FHIR R4 Encounter.class.code (HL7 v3 ActEncounterCode); what has no column of its own
    counts as OTHER.

    >>> visit_cell("AMB", date(2026, 11, 16)), visit_cell("ACUTE", date(2026, 11, 18))
    (1000, 1016)
    """
    kind = _CLASS_OF.get(encounter_class, encounter_class)
    kinds = RELEASES["visits_this_week"].axes[0].codes
    return RELEASES["visits_this_week"].cell(kind if kind in kinds else "OTHER", str(day.isoweekday()))


def figures(release: Release, noisy_counts: Sequence[int]) -> tuple[Figure, ...]:
    """Give each cell its value and bounds; below zero is cut off, which costs no privacy and loses no coverage."""
    reach = margin(float(release.epsilon), release.sensitivity, CONFIDENCE)
    return tuple(
        Figure(codes, max(0, value), max(0, value - reach), max(0, value + reach))
        for codes, value in zip(release.cells().values(), noisy_counts, strict=True)
    )


def encode(released: Released) -> bytes:
    """Write a release as the JSON that is kept."""
    return msgspec.json.encode(released)


def decode(body: bytes) -> Released:
    """Read a kept release; CorruptError if it is not one."""
    try:
        return msgspec.json.decode(body, type=Released)
    except msgspec.MsgspecError as error:
        raise CorruptError("release-unreadable", "A kept release cannot be read. Call the operator.") from error


def _rows(*releases: Release) -> Mapping[str, Release]:
    return MappingProxyType({release.name: release for release in releases})


# Codes of ActEncounterCode that are a kind of inpatient stay.
_CLASS_OF: Final[Mapping[str, str]] = MappingProxyType({"ACUTE": "IMP", "NONAC": "IMP", "SS": "IMP", "OBSENC": "IMP"})

_ENCOUNTER_CLASS: Final = Axis(
    "class",
    MappingProxyType(
        {
            "AMB": ("Outpatient", "门诊"),
            "EMER": ("Emergency", "急诊"),
            "IMP": ("Inpatient", "住院"),
            "HH": ("At home", "上门"),
            "VR": ("Online", "线上"),
            "OTHER": ("Other", "其他"),
        }
    ),
)
_WEEKDAY: Final = Axis(
    "weekday",
    MappingProxyType(
        {
            "1": ("Monday", "星期一"),
            "2": ("Tuesday", "星期二"),
            "3": ("Wednesday", "星期三"),
            "4": ("Thursday", "星期四"),
            "5": ("Friday", "星期五"),
            "6": ("Saturday", "星期六"),
            "7": ("Sunday", "星期日"),
        }
    ),
)

RELEASES: Final = _rows(
    Release(
        name="visits_this_week",
        number=1,
        title="Residents with a visit, by kind and day of the week",
        title_zh="就诊居民，按就诊类别和星期",
        axes=(_ENCOUNTER_CLASS, _WEEKDAY),
        epsilon=Decimal("1.0"),
        sensitivity=CELLS_PER_CONTRIBUTOR,
    ),
)
