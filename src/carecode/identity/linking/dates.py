"""Dates of birth as sources write them: exact, in part, about, by age, or by the lunar calendar.

Pure.  No text raises; what is no date is unknown.  A wrong day or month is dropped and the rest kept,
unless the two were swapped.  Two figures before a year are day and month, in this order, unless only
the other order is a date.  About 1 us for the common forms.

Sources: FHIR R4 ``date`` (YYYY, YYYY-MM, YYYY-MM-DD); HL7 v2 TS/DT (YYYYMMDD with a time after it);
GB/T 7408 (the same); GB/T 33661-2017 (the Chinese calendar, computed by lunar-python).
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from carecode.identity.linking.chinese import NUMERAL_CLASS, numeral, simplify
from carecode.identity.linking.features import Precision

TEXT_LENGTH_MAX: Final = 64
YEAR_FIRST: Final = 1850  # nobody alive was born before; some systems write 1753 or 1800 for "unknown"
YEAR_LAST: Final = 2199
AGE_MAX: Final = 130

# Written where a date had to be: the first days of Excel, Unix and of calendars.  A number that holds and
# carries the same date (``standardise``) shows that somebody really was born then.
DEFAULT_DATES: Final = frozenset({"19000101", "19000102", "18991230", "18991231", "19010101", "19700101", "11111111"})
_DEFAULT_YEARS: Final = frozenset({"1900"})  # alone, without month

_PLAIN: Final = re.compile(r"(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)(?:[T ]?\d\d.*)?", re.ASCII)
_SPELT: Final = re.compile(r"(\d{4})[年/.](\d{1,2})[月/.](\d{1,2})日?", re.ASCII)
_PARTIAL: Final = re.compile(r"(\d{4})(?:[-/.]?(\d\d))?", re.ASCII)
_NUM: Final = f"(?:[0-9]{{1,4}}|[{NUMERAL_CLASS}廿卅]{{1,5}})"
_WRITTEN: Final = re.compile(
    rf"(?P<minguo>民国)?(?P<year>{_NUM}|元)[年\-/. ]+"
    rf"(?:(?P<leap>闰)?(?P<month>{_NUM}|[正冬腊])(?:月份?|[\-/. ]|$)(?:(?P<day>初?{_NUM})[日号]?)?)?"
)
_DAY_FIRST: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})", re.ASCII)
_MONTH_NAMED: Final = re.compile(
    r"(?:(\d{1,2})[ \-.]*)?([a-z]{3})[a-z]*[ .\-]*(?:(\d{1,2})(?:st|nd|rd|th)?[ ,]+)?(\d{4})"
)
_MONTHS: Final = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)  # noqa: SIM905
}
_LUNAR: Final = re.compile("农历|阴历|旧历|夏历|古历|lunar|[正冬腊]月|闰|初[一二三四五六七八九十]|廿", re.IGNORECASE)
_ABOUT: Final = re.compile(
    r"大约|大概|约|左右|估计|上下|前后|出生|生于|about|approx(?:imately)?\.?|circa|ca?\.|est(?:imated)?\.?|born|around|[~～?？±]",
    re.IGNORECASE,
)
_ABOUT_SIGNS: Final = re.compile(
    "大约|大概|约|左右|估计|上下|前后|abou|appr|circ|c[a.]|est|arou|[~～?？±]", re.IGNORECASE
)
_AGE: Final = re.compile(
    rf"(?:年龄|age[d]?|虚岁|实足)?[ :：]*(?P<age>{_NUM})[ ]*(?:周岁|岁|years?(?: old)?|yrs?|y/?o?)?", re.IGNORECASE
)
_AGE_SIGNS: Final = re.compile(r"岁|年龄|age|year|yr|\d ?y", re.IGNORECASE)
_SPECIAL_MONTHS: Final = {"正": 1, "冬": 11, "腊": 12}
_MINGUO_BEFORE: Final = 1911
_MONTHS_IN_YEAR: Final = 12
_LUNAR_DAYS_MAX: Final = 30
_YEARS: Final = (str(YEAR_FIRST), str(YEAR_LAST))
_EVERY_YEARS_DAYS: Final = frozenset(
    date.fromordinal(date(YEAR_FIRST, 1, 1).toordinal() + day).strftime("%m%d") for day in range(365)
)


class Birth(NamedTuple):
    """A date of birth, folded; the fields are those of ``Features``."""

    born: str = ""
    precision: Precision = Precision.NONE
    born_lunar: str = ""


_UNKNOWN: Final = Birth()
_DAY: Final = Precision.DAY


def fold_birth(text: str, as_of: str = "") -> Birth:
    """Fold a date of birth.  ``as_of`` (YYYYMMDD or an ISO date) is when the record was made, for ages.

    An estimate ("about 1950", "约70岁") keeps its year only.  The digits of a lunar date stay as given in
    ``born``, and ``born_lunar`` is the solar date.  Default dates are returned; see ``is_default``.

    >>> fold_birth("1990-05-06")[:2], fold_birth("199005")[:2]
    (('19900506', <Precision.DAY: 'day'>), ('199005', <Precision.MONTH: 'month'>))
    >>> fold_birth("农历1950年正月初三").born_lunar, fold_birth("约40岁", "20240301").born
    ('19500219', '1984')
    """
    if not text:
        return _UNKNOWN
    plain = _PLAIN.fullmatch(text)
    if plain:
        year, month, day = plain.groups()
        if month + day in _EVERY_YEARS_DAYS and _YEARS[0] <= year <= _YEARS[1]:
            return Birth(year + month + day, _DAY)
        return _checked(year, month, day)
    spelt = _SPELT.fullmatch(text)
    if spelt:
        return _checked(*spelt.groups())
    return _fold_other(text[:TEXT_LENGTH_MAX], as_of)


def is_default(birth: Birth) -> bool:
    """Say whether a date is one that systems write where none is known."""
    return birth.born in DEFAULT_DATES or birth.born in _DEFAULT_YEARS


def _fold_other(text: str, as_of: str) -> Birth:
    """Fold the less common forms."""
    text = "".join(_WIDTH.get(character, character) for character in simplify(text)).strip()
    lunar = bool(_LUNAR.search(text))
    about = bool(_ABOUT_SIGNS.search(text))
    if _AGE_SIGNS.search(text):
        return _by_age(_ABOUT.sub("", text).strip(), as_of)
    text = re.sub("农历|阴历|旧历|夏历|古历|公历|阳历|新历|公元|lunar|[()（）]", "", text, flags=re.IGNORECASE)
    text = _ABOUT.sub("", text).strip(" :：,，")
    parts = _parts(text)
    if parts is None:
        return _UNKNOWN
    leap, year, month, day = parts
    if about:
        return _checked(year, "", "")
    return _lunar(year, month, day, leap=leap) if lunar else _checked(year, month, day)


_WIDTH: Final = {chr(0xFF10 + digit): str(digit) for digit in range(10)} | {"－": "-", "／": "/", "．": ".", "　": " "}


def _parts(text: str) -> tuple[bool, str, str, str] | None:
    """Read (leap month, year, month, day) as digits, "" for what is not given."""
    plain = _PLAIN.fullmatch(text) or _PARTIAL.fullmatch(text)
    if plain:
        groups = [group or "" for group in plain.groups()] + [""]
        return False, groups[0], groups[1], groups[2]
    found = _DAY_FIRST.fullmatch(text)
    if found:
        return False, found[3], found[2], found[1]
    named = _MONTH_NAMED.fullmatch(text.lower())
    if named and named[2] in _MONTHS:
        return False, named[4], str(_MONTHS[named[2]]), named[1] or named[3] or ""
    written = _WRITTEN.match(text if text[-1:] in "年月日号" else text + "年" if text.isdigit() else text)
    if not written:
        return None
    year = 1 if written["year"] == "元" else numeral(written["year"])
    month = _SPECIAL_MONTHS.get(written["month"] or "") or numeral(written["month"] or "")
    day = numeral(written["day"] or "")
    if year is None:
        return None
    year += _MINGUO_BEFORE if written["minguo"] else 0
    return bool(written["leap"]), str(year), str(month or ""), str(day or "")


def _checked(year: str, month: str, day: str) -> Birth:
    """Keep what is a date; mend swapped day and month."""
    if not YEAR_FIRST <= int(year) <= YEAR_LAST:
        return _UNKNOWN
    if not month or not day:
        whole = bool(month) and 0 < int(month) <= _MONTHS_IN_YEAR
        return Birth(year + month.zfill(2), Precision.MONTH) if whole else Birth(year, Precision.YEAR)
    for one, other in ((month, day), (day, month)):
        try:
            date(int(year), int(one), int(other))
        except ValueError:
            continue
        return Birth(year + one.zfill(2) + other.zfill(2), Precision.DAY)
    return _checked(year, month, "")


def _by_age(text: str, as_of: str) -> Birth:
    """Give the year of birth of somebody who was so many years old when the record was made."""
    found = _AGE.fullmatch(text)
    age = numeral(found["age"]) if found else None
    made = _PARTIAL.match(as_of)
    if age is None or made is None or age > AGE_MAX:
        return _UNKNOWN
    return _checked(str(int(made[1]) - age), "", "")


def _lunar(year: str, month: str, day: str, *, leap: bool) -> Birth:
    """Keep the digits of a lunar date and give the solar date beside them, if there was such a day."""
    if not (month and day and YEAR_FIRST <= int(year) <= YEAR_LAST):
        return _checked(year, month, "")
    if not (0 < int(month) <= _MONTHS_IN_YEAR and 0 < int(day) <= _LUNAR_DAYS_MAX):
        return _checked(year, "", "")
    born = year + month.zfill(2) + day.zfill(2)
    return Birth(born, Precision.DAY, _solar(int(year), -int(month) if leap else int(month), int(day)))


def _solar(year: int, month: int, day: int) -> str:
    """Turn a day of the Chinese calendar (a leap month is negative) into YYYYMMDD; "" if it never was."""
    first, days = _months(year).get(month, (0, 0))
    return date.fromordinal(first + day - 1).strftime("%Y%m%d") if day <= days else ""


@lru_cache(maxsize=YEAR_LAST - YEAR_FIRST + 1)
def _months(year: int) -> dict[int, tuple[int, int]]:
    """List the months of one Chinese year: month (a leap month negative) -> (first day as ordinal, days)."""
    from lunar_python import LunarYear, Solar  # noqa: PLC0415 loaded when first needed

    found: dict[int, tuple[int, int]] = {}
    for month in LunarYear.fromYear(year).getMonths():
        if month.getYear() == year:
            first = Solar.fromJulianDay(month.getFirstJulianDay())
            ordinal = date(first.getYear(), first.getMonth(), first.getDay()).toordinal()
            found[month.getMonth()] = (ordinal, month.getDayCount())
    return found
