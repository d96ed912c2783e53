"""The citizen number: its date of birth, sex, area code, check character, and its 15-digit form.

Pure.  The same 18 characters serve residents of Hong Kong, Macao and Taiwan (81, 82, 83) and, since
December 2023, foreign permanent residents (9): only their first six characters mean something else.

Sources: GB 11643-1999 (18 characters: area GB/T 2260, birth GB/T 7408, order, check character);
GB 11643-1989 (15 digits: two-digit year, no check; orders 996 to 999 kept for people of a hundred
years and more); ISO/IEC 7064 MOD 11-2.
"""

from __future__ import annotations

from datetime import date
from operator import mul
from typing import Final

from carecode.identity.areas import AreaTable, Fit
from carecode.identity.findings import (
    AREA_HAD_ENDED,
    AREA_NOT_LISTED,
    BIRTH_DIGITS,
    BIRTH_DIGITS_15,
    CHECK_MISFIT,
    Finding,
)

EARLIEST_YEAR: Final = 1850  # numbers were given out from 1984 on; nobody older than that was alive

_MOD_11_2: Final = "10X98765432"  # ISO/IEC 7064: remainder r is written as character r
_WEIGHTS: Final = tuple(pow(2, 17 - place, 11) for place in range(17))
_ZEROS: Final = ord("0") * sum(_WEIGHTS)  # what the digits' own codes add to the sum
_BODY_LENGTH: Final = 17
_CENTENARIANS: Final = ("996", "997", "998", "999")
_MONTHS: Final = 12
_DAYS: Final = 31
_SHORTEST_MONTH: Final = 29


def check_character(first_17: str) -> str:
    """Compute the 18th character of a GB 11643 number from its 17 digits.  About 1 us.

    ValueError for anything but 17 digits.

    >>> check_character("99010519491231002")
    '3'
    """
    if len(first_17) != _BODY_LENGTH or not (first_17.isascii() and first_17.isdigit()):
        raise ValueError("17 digits are needed")
    return _MOD_11_2[(sum(map(mul, _WEIGHTS, first_17.encode())) - _ZEROS) % 11]


def check_eighteen(value: str) -> Finding | None:
    """Check the date of birth (characters 7 to 14), then the check character (18).

    The check finds every wrong character and every two neighbours in the wrong order, yet not which:
    any of the 18 may be the wrong one.
    """
    if birth_18(value) is None:
        return Finding(BIRTH_DIGITS, _misplaced(value[6:14], 7))
    return None if check_character(value[:17]) == value[17] else CHECK_MISFIT


def check_fifteen(value: str) -> Finding | None:
    """Check the date of birth (digits 7 to 12); a 15-digit number has no check digit."""
    if birth_15(value) is not None:
        return None
    positions = _misplaced(_century(value) + value[6:12], 5)
    return Finding(BIRTH_DIGITS_15, tuple(each for each in positions if each > 6))  # noqa: PLR2004 the century is not printed


def birth_18(value: str) -> date | None:
    """Read the date of birth of 18 characters; None when it is no day since EARLIEST_YEAR."""
    return read_date(value[6:14])


def birth_15(value: str) -> date | None:
    """Read the date of birth of 15 digits: 18YY for a centenarian's order, else 19YY."""
    return read_date(_century(value) + value[6:12])


def sex_18(value: str) -> str:
    """Read the FHIR administrative-gender: an odd order number is a man's."""
    return "male" if value[16] in "13579" else "female"


def sex_15(value: str) -> str:
    """Read the FHIR administrative-gender of 15 digits."""
    return "male" if value[14] in "13579" else "female"


def twin(value: str) -> str:
    """Write the 18 characters that replaced a 15-digit number, or the 15 digits when that is not sure.

    Orders 996 to 999 have no sure twin: with the year written out nothing kept them apart any more,
    and nothing says that the holder's order stayed.

    >>> twin("990105491231002"), twin("990105010101998")
    ('990105194912310023', '990105010101998')
    """
    if value[12:] in _CENTENARIANS:
        return value
    first_17 = f"{value[:6]}19{value[6:]}"
    return first_17 + check_character(first_17)


def check_area(value: str, born: date, areas: AreaTable) -> Finding | None:
    """Compare the area code (characters 1 to 6) with the date of birth."""
    fit = areas.fit(value[:6], born)
    if fit is Fit.FITS:
        return None
    return AREA_HAD_ENDED if fit is Fit.ENDED else AREA_NOT_LISTED


def read_date(digits: str) -> date | None:
    """Read YYYYMMDD; None when there is no such day or it is before EARLIEST_YEAR."""
    try:
        found = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
    return found if found.year >= EARLIEST_YEAR else None


def _century(value: str) -> str:
    """Tell the century that a 15-digit number leaves out."""
    return "18" if value[12:] in _CENTENARIANS else "19"


def _misplaced(digits: str, first: int) -> tuple[int, ...]:
    """Name the places of YYYYMMDD that cannot be right, the first digit standing at place ``first``."""
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    parts = [
        (first, 4, year < EARLIEST_YEAR),
        (first + 4, 2, not 1 <= month <= _MONTHS),
        (first + 6, 2, not 1 <= day <= _DAYS),
    ]
    if not any(wrong for *_, wrong in parts):  # 31 April: month or day; 29 February: the year as well
        parts = [(first, 4, day <= _SHORTEST_MONTH), (first + 4, 4, True)]
    return tuple(place for start, length, wrong in parts if wrong for place in range(start, start + length))
