"""How writing goes wrong: each function takes what is true and gives what somebody wrote in its place.

Where an error cannot be made (no other character of that sound, a date before the calendar) the truth comes back.
"""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Final

from bench.people import western
from bench.people.characters import HOMOPHONES, LOOKALIKES, PINYIN
from bench.people.days import iso, lunar
from bench.people.numbers import check

_OCR: Final = {
    "0": "8689",
    "1": "7742",
    "2": "7713",
    "3": "8859",
    "4": "9911",
    "5": "6638",
    "6": "8850",
    "7": "1129",
    "8": "3360",
    "9": "4470",
    "X": "9010",
}
_CHARACTERS: Final = tuple(PINYIN)
_MARKS: Final = ("?", "□", "\ue0a5", "*")  # what stands for a character that could not be written
_DEFAULT_DATES: Final = (
    "1900-01-01",
    "1900-01-01",
    "1900-01-01",
    "1970-01-01",
    "2000-01-01",
    "1899-12-30",
    "0001-01-01",
    "9999-12-31",
)
DEFAULT_NAMES: Final = ("无名氏", "未知", "不详", "测试", "患者", "张三", "test", "无", "急诊1")
WESTERN_DEFAULT_NAMES: Final = ("Unknown", "John Doe", "Test Patient", "N N", "Unknown Male", "xxx")


def homophone(random: Random, name: str) -> str:
    """Put another character of the same sound in the place of one, rather in the given name."""
    return _replaced(random, name, HOMOPHONES)


def lookalike(random: Random, name: str) -> str:
    """Put a character that looks alike in the place of one."""
    return _replaced(random, name, LOOKALIKES)


def _replaced(random: Random, name: str, others: dict[str, str]) -> str:
    places = [at for at, character in enumerate(name) if character in others]
    if not places:
        return name
    at = places[int(len(places) * random.random() ** 0.6)]  # the surname is known better than the given name
    choice = others[name[at]]
    return name[:at] + choice[int(random.random() * len(choice))] + name[at + 1 :]


def dropped(random: Random, text: str) -> str:
    """Leave one character out; a text of two or fewer stays."""
    if len(text) < 3:
        return text
    at = int(random.random() * len(text))
    return text[:at] + text[at + 1 :]


def added(random: Random, name: str) -> str:
    """Write one character twice, or one more."""
    at = 1 + int(random.random() * (len(name) - 1)) if len(name) > 1 else 0
    twice = random.random() < 0.5 or name[at] not in PINYIN
    more = name[at] if twice else _CHARACTERS[int(random.random() * len(_CHARACTERS))]
    return name[:at] + more + name[at:]


def swapped(random: Random, text: str) -> str:
    """Exchange two neighbours."""
    if len(text) < 2:
        return text
    at = int(random.random() * (len(text) - 1))
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def unwritable(random: Random, name: str) -> str:
    """Write a mark for one character that the system does not know."""
    if len(name) < 2:
        return name
    at = 1 + int(random.random() * (len(name) - 1))
    return name[:at] + _MARKS[int(random.random() * len(_MARKS))] + name[at + 1 :]


def digit(random: Random, number: str) -> str:
    """Get a number wrong: one character misread or mistyped, two exchanged, one lost, one doubled."""
    if len(number) < 4:
        return number
    draw = random.random
    kind = draw()
    at = int(draw() * len(number))
    if kind < 0.5:
        read = _OCR.get(number[at])
        new = read[int(draw() * 4)] if read else number[at]
    elif kind < 0.75:
        new = str(int(draw() * 10))
    elif kind < 0.92:
        return swapped(random, number)
    elif kind < 0.97:
        return number[:at] + number[at + 1 :]
    else:
        return number[:at] + number[at] + number[at:]
    return number[:at] + new + number[at + 1 :]


def day_and_month(born: str) -> str:
    """Exchange day and month where both orders are dates."""
    return f"{born[:5]}{born[8:]}-{born[5:7]}" if born[8:] <= "12" else born


def year_off(random: Random, born: str) -> str:
    """Miss the year by one or two, or exchange its last two digits, or misread one."""
    kind = random.random()
    year = int(born[:4])
    if kind < 0.6:
        year += (-1, 1, -1, 1, -2, 2)[int(random.random() * 6)]
    elif kind < 0.8:
        year = int(born[:2] + born[3] + born[2])
    else:
        year = int(born[:2]) * 100 + int(_OCR[born[2]][0]) * 10 + int(born[3])
    return _dated(year, born) if 1900 <= year <= 2026 else born


def _dated(year: int, born: str) -> str:
    """Put another year into a date; 29 February becomes the 28th where there is none."""
    try:
        return date(year, int(born[5:7]), int(born[8:])).isoformat()
    except ValueError:
        return f"{year:04d}-02-28"


def another_day(random: Random, born: str) -> str:
    """Get the day of the month wrong; at times the month."""
    if random.random() < 0.2:
        return f"{born[:5]}{1 + int(random.random() * 12):02d}-{min(int(born[8:]), 28):02d}"
    return f"{born[:8]}{1 + int(random.random() * 28):02d}"


def lunar_date(day: int) -> str:
    """Write the lunar date of a day as if it were a solar one; 30 February cannot be and becomes the 28th."""
    found = lunar(day)
    if found is None:
        return iso(day)
    year, month, of_month = found
    try:
        return date(year, month, of_month).isoformat()
    except ValueError:
        return f"{year:04d}-{month:02d}-28"


def default_date(random: Random) -> str:
    """Give one of the dates that systems put where none is known."""
    return _DEFAULT_DATES[int(random.random() * len(_DEFAULT_DATES))]


def remade_number(random: Random, number: str) -> str:
    """Mistype the order of a citizen number and let the program mend the check character: valid and wrong."""
    first = number[:14] + digit(random, number[14:17] + "0")[:3]
    return first + check(first) if len(first) == 17 and first.isdigit() else number


# ---- Western names


def spelling(random: Random, name: str) -> str:
    """Write a Western name as it sounds: Catherine, Katherine."""
    lower = name.lower()
    fits = [(one, other) for one, other in western.SPELLINGS if one in lower[1:] or (one == "c" and lower[0] == "c")]
    if not fits:
        return name
    one, other = fits[int(random.random() * len(fits))]
    at = lower.find(one, 1)
    if at < 0:
        return "K" + name[1:]
    return name[:at] + other + name[at + len(one) :]


def mistyped(random: Random, name: str) -> str:
    """Hit the key beside the right one."""
    at = int(random.random() * len(name))
    near = western.NEIGHBOURS.get(name[at].lower())
    return name[:at] + near[int(random.random() * len(near))] + name[at + 1 :] if near else name


def short_form(given: str) -> str:
    """Give the name that friends use: Bill for William; a name without one loses its second name."""
    first, _, _second = given.partition(" ")
    return western.SHORT_FORMS.get(first, first)
