"""How much of a name or a number is shown to somebody who has not looked yet.  Pure."""

from __future__ import annotations

import unicodedata
from typing import Final

STAR: Final = "*"
DOTS: Final = "••••"
LAST_OF_NUMBER: Final = 4
LAST_OF_PHONE: Final = 2
_LETTERS_END: Final = "\u024f"  # the last of Latin Extended-B: names above it are written in characters


def masked_name(name: str) -> str:
    """Show the first character of a name, or of each word of one in letters, and one star whatever follows.

    >>> masked_name("李小明"), masked_name("Lin Mei"), masked_name("")
    ('李*', 'L* M*', '*')
    """
    words = unicodedata.normalize("NFC", name).split()
    if not words:
        return STAR
    if words[0][0] > _LETTERS_END:
        return words[0][0] + STAR
    return " ".join(word[0] + STAR for word in words)


def masked_number(value: str) -> str:
    """Show the last four characters of a number that has at least twice as many.

    >>> masked_number("110101199003070417"), masked_number("1234")
    ('•••• 0417', '••••')
    """
    return DOTS if len(value) < 2 * LAST_OF_NUMBER else f"{DOTS} {value[-LAST_OF_NUMBER:]}"


def masked_phone(phone: str) -> str:
    """Show the first three and the last four digits of a telephone number; nothing where there is none.

    >>> masked_phone("139 0000 4471"), masked_phone("")
    ('139 •••• 4471', '')
    """
    digits = "".join(x for x in phone if x.isdecimal())
    if not digits:
        return ""
    return DOTS if len(digits) < 2 * LAST_OF_NUMBER else f"{digits[:3]} {DOTS} {digits[-LAST_OF_NUMBER:]}"


def last_two(phone: str) -> str:
    """Give the last two digits of a telephone number, nothing where there are fewer than six.

    >>> last_two("139 0000 4471"), last_two("12")
    ('71', '')
    """
    digits = "".join(x for x in phone if x.isdecimal())
    return digits[-LAST_OF_PHONE:] if len(digits) > LAST_OF_NUMBER + 1 else ""
