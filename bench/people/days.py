"""Days as numbers, their ISO spelling, and the Chinese lunar calendar from 1900 to 2030.

The year words are the common table of the calendar: bits 4 to 15 the lengths of months 12 to 1 (set: 30 days), bits
0 to 3 the leap month, bit 16 whether the leap month has 30 days.  Day one of lunar 1900 is 31 January 1900.
"""

from __future__ import annotations

from datetime import date
from typing import Final

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2030
FIRST_DAY: Final = date(FIRST_YEAR, 1, 1).toordinal()
AS_OF: Final = date(2026, 11, 1).toordinal()  # nothing is written later than this day
ROWS_FROM: Final = date(2012, 1, 1).toordinal()  # nor before this one

_YEARS: Final = (
    "04bd8 04ae0 0a570 054d5 0d260 0d950 16554 056a0 09ad0 055d2 04ae0 0a5b6 0a4d0 0d250 1d255 0b540 0d6a0 0ada2 "
    "095b0 14977 04970 0a4b0 0b4b5 06a50 06d40 1ab54 02b60 09570 052f2 04970 06566 0d4a0 0ea50 16a95 05ad0 02b60 "
    "186e3 092e0 1c8d7 0c950 0d4a0 1d8a6 0b550 056a0 1a5b4 025d0 092d0 0d2b2 0a950 0b557 06ca0 0b550 15355 04da0 "
    "0a5b0 14573 052b0 0a9a8 0e950 06aa0 0aea6 0ab50 04b60 0aae4 0a570 05260 0f263 0d950 05b57 056a0 096d0 04dd5 "
    "04ad0 0a4d0 0d4d4 0d250 0d558 0b540 0b6a0 195a6 095b0 049b0 0a974 0a4b0 0b27a 06a50 06d40 0af46 0ab60 09570 "
    "04af5 04970 064b0 074a3 0ea50 06b58 05ac0 0ab60 096d5 092e0 0c960 0d954 0d4a0 0da50 07552 056a0 0abb7 025d0 "
    "092d0 0cab5 0a950 0b4a0 0baa4 0ad50 055d9 04ba0 0a5b0 15176 052b0 0a930 07954 06aa0 0ad50 05b52 04b60 0a6e6 "
    "0a4e0 0d260 0ea65 0d530 05aa0 "
)
_LUNAR_1900: Final = date(1900, 1, 31).toordinal()

ISO: Final = tuple(
    date.fromordinal(day).isoformat() for day in range(FIRST_DAY, date(LAST_YEAR, 12, 31).toordinal() + 1)
)


def iso(day: int) -> str:
    """Write a day number (``date.toordinal``) between 1900 and 2030 as YYYY-MM-DD."""
    return ISO[day - FIRST_DAY]


def _months() -> tuple[list[int], list[tuple[int, int]]]:
    """List the first day of every lunar month and its (year, month)."""
    starts: list[int] = []
    names: list[tuple[int, int]] = []
    day = _LUNAR_1900
    for offset, word in enumerate(_YEARS.split()):
        bits = int(word, 16)
        leap = bits & 0xF
        for month in range(1, 13):
            starts.append(day)
            names.append((FIRST_YEAR + offset, month))
            day += 30 if bits & (0x10000 >> month) else 29
            if month == leap:
                starts.append(day)
                names.append((FIRST_YEAR + offset, month))
                day += 30 if bits & 0x10000 else 29
    return starts, names


_STARTS, _NAMES = _months()


def lunar(day: int) -> tuple[int, int, int] | None:
    """Give lunar year, month and day of a day number; None before 31 January 1900.  A leap month has its number.

    >>> lunar(date(2000, 2, 5).toordinal())
    (2000, 1, 1)
    """
    if day < _LUNAR_1900:
        return None
    low, high = 0, len(_STARTS) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if _STARTS[middle] <= day:
            low = middle
        else:
            high = middle - 1
    year, month = _NAMES[low]
    return year, month, day - _STARTS[low] + 1
