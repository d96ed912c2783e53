"""Numbers that people bear: citizen numbers, permits, passports, insurance numbers, telephones.

Written apart from the code under test, so that a fault of that code does not hide in its own test data.  GB 11643-1999
(18 characters), GB 11643-1989 (15 digits), ISO/IEC 7064 MOD 11-2.
"""

from __future__ import annotations

from random import Random
from typing import Final

from bench.people.lists import words

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK: Final = "10X98765432"
MOBILE: Final = words(
    "130 131 132 133 134 135 136 137 138 139 150 151 152 153 155 156 157 158 159 166 170 173 175 176 177 178 "
    "180 181 182 183 184 185 186 187 188 189 191 198 199 135 136 137 138 139 139 138 158 159 186 188 189"
)
SEQUENCE_LAST: Final = 995  # 996 to 999 are kept for the centenarians of the 15-digit numbers
_CARD_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
DEFAULT_PHONES: Final = ("13800000000", "00000000000", "11111111111", "13888888888", "0", "无", "12345678901")
DEFAULT_NUMBERS: Final = ("000000000000000000", "111111111111111111", "无", "不详", "110101190001010000", "0", "-")


def check(first: str) -> str:
    """Compute the 18th character of a citizen number from its first 17.

    >>> check("11010519491231002")
    'X'
    """
    return _CHECK[sum([int(digit) * weight for digit, weight in zip(first, _WEIGHTS, strict=True)]) % 11]


class Registry:
    """Gives out numbers, each once, as the offices do."""

    __slots__ = ("_given", "_insured", "_random", "_recycled")

    def __init__(self, random: Random) -> None:
        """Draw all numbers from ``random``."""
        self._random = random
        self._given: set[int] = set()
        self._insured = 0
        self._recycled: list[str] = []

    def citizen(self, area: str, born: str, sex: str, after: str = "") -> str:
        """Give a free citizen number; with ``after`` the next free one after that number, as for twins.

        ``area`` six digits, ``born`` YYYY-MM-DD.  Orders are drawn from the whole range, low ones a little more often.
        """
        head = area + born.replace("-", "")
        odd = sex == "male"
        order = int(after[14:17]) + 1 if after else 1 + int((SEQUENCE_LAST - 20) * self._random.random() ** 1.4)
        for _ in range(2 * SEQUENCE_LAST):
            if order > SEQUENCE_LAST:
                order = 1
            if order % 2 == odd:
                first = f"{head}{order:03d}"
                if int(first) not in self._given:
                    self._given.add(int(first))
                    return first + check(first)
            order += 1
        return f"{head}{order:03d}0"  # a day and a district with 500 births of one sex: not met below ten million rows

    def insurance(self) -> str:
        """Give a social security card number: a letter, seven digits and a check character."""
        self._insured += 1 + int(self._random.random() * 7)
        letter = _CARD_LETTERS[int(self._random.random() * len(_CARD_LETTERS))]
        digits = f"{self._insured * 7919 % 10_000_000:07d}"  # 7919 is prime: neighbours do not look alike
        return f"{letter}{digits}{sum(map(int, digits)) % 10}"

    def phone(self, recycled: float = 0.0) -> str:
        """Give a mobile number; with the chance ``recycled`` one that somebody gave up."""
        draw = self._random.random
        if self._recycled and draw() < recycled:
            return self._recycled[int(draw() * len(self._recycled))]
        return f"{MOBILE[int(draw() * len(MOBILE))]}{int(draw() * 100_000_000):08d}"

    def give_up(self, phone: str) -> None:
        """Note a number that its owner gave up; the last 2,000 may be given again."""
        if len(self._recycled) < 2000:
            self._recycled.append(phone)
        else:
            self._recycled[int(self._random.random() * 2000)] = phone

    def landline(self, area: str) -> str:
        """Give a fixed line of a district."""
        code = {"11": "010", "31": "021", "12": "022", "50": "023"}.get(
            area[:2], f"0{3 + int(area[2]) % 7}{area[3]}{area[1]}"
        )
        return f"{code}-{2 + int(self._random.random() * 7)}{int(self._random.random() * 10_000_000):07d}"

    def western_phone(self) -> str:
        """Give a Western number, national form."""
        return f"07{int(self._random.random() * 1_000_000_000):09d}"

    def passport(self) -> str:
        """Give a passport number: nine letters and digits."""
        draw = self._random.random
        head = "EGCKLPX"[int(draw() * 7)]
        return f"{head}{int(draw() * 100_000_000):08d}"

    def permit(self, *, hong_kong: bool) -> str:
        """Give a travel permit without its re-issue counter."""
        digits = f"{int(self._random.random() * 100_000_000):08d}"
        return ("H" if self._random.random() < 0.85 else "M") + digits if hong_kong else digits

    def residence(self, born: str, sex: str, *, hong_kong: bool) -> str:
        """Give a residence permit for people from Hong Kong (81), Macao (82) or Taiwan (83)."""
        return self.citizen("810000" if hong_kong else "830000", born, sex)

    def birth_certificate(self) -> str:
        """Give a birth certificate's number: a letter and nine digits."""
        return f"{'RSTUV'[int(self._random.random() * 5)]}{int(self._random.random() * 1_000_000_000):09d}"


def old_number(number: str) -> str:
    """Give the 15 digits that an 18-character number replaced; the number itself for births from 2000."""
    return number[:6] + number[8:17] if number[6:8] == "19" else number
