"""Travel permits, foreign residents' cards and military cards: what varies on them and is not the number.

Pure.  Sources stand in the rows of ``kinds.py: KINDS``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from carecode.identity.citizen import read_date
from carecode.identity.findings import BIRTH_DIGITS_FOREIGN_15, Finding

MILITARY: Final = re.compile(r"([\u4e00-\u9fff]{1,4}?)字?第?([0-9]{4,8})号?")

_BIRTH_FOREIGN_15: Final = tuple(range(8, 14))


def check_foreign_15(value: str) -> Finding | None:
    """Check the date of birth YYMMDD (characters 8 to 13) of the card issued until 2023.

    Its last character is a check digit whose rule was not published, so it is not checked.
    """
    digits = value[7:13]
    if read_date(f"19{digits}") or read_date(f"20{digits}"):
        return None
    return Finding(BIRTH_DIGITS_FOREIGN_15, _BIRTH_FOREIGN_15)


def without_issue(length: int) -> Callable[[str], str]:
    """Drop the re-issue counter, so that a renewed permit still names the same person."""
    return lambda value: value[:length]


def issue_after(length: int) -> Callable[[str], int | None]:
    """Read the two digits after the number: how often the permit was issued; None when not typed."""

    def issue(value: str) -> int | None:
        digits = value[length : length + 2]
        return int(digits) if digits else None

    return issue


def military(value: str) -> str:
    """Drop the words around the number, keep the arm: 军字第2001988号 and 军2001988 are one."""
    match = MILITARY.fullmatch(value)
    return value if match is None else match[1] + match[2]
