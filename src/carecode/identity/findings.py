"""What is odd about a number: one sentence for the desk, and which characters it is about.

Pure.  A finding never blocks and never repeats the number.  ``doubts`` says whether the number then
proves nothing (a rule of its own is broken) or is only worth a second look (its area code).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CHECK_CHARACTER: Final = (
    "The last character, number 18, does not fit the 17 before it. Compare each character with the card."
)
BIRTH_DIGITS: Final = "Characters 7 to 14 are not a date of birth. Compare them with the card."
BIRTH_DIGITS_15: Final = "Digits 7 to 12 are not a date of birth. Compare them with the card."
BIRTH_DIGITS_FOREIGN_15: Final = "Characters 8 to 13 are not a date of birth. Compare them with the card."
SHAPE_CITIZEN: Final = (
    "A citizen number has 17 digits and then a digit or X; an old one has 15 digits. Compare it with the card."
)
AREA_ENDED: Final = "The area in characters 1 to 6 ended before the birth. Compare them with the card."
AREA_UNKNOWN: Final = "The area in characters 1 to 6 is in no list. Compare them with the card."
FILLER: Final = "One character again and again is a filler, not a number. Type the number on the card."


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to compare with the card."""

    sentence: str
    positions: tuple[int, ...] = ()  # characters concerned, the first is 1; () when it is the whole number
    doubts: bool = True  # True: the number proves nothing until compared


CHECK_MISFIT: Final = Finding(CHECK_CHARACTER, (18,))
AREA_POSITIONS: Final = (1, 2, 3, 4, 5, 6)
AREA_HAD_ENDED: Final = Finding(AREA_ENDED, AREA_POSITIONS, doubts=False)
AREA_NOT_LISTED: Final = Finding(AREA_UNKNOWN, AREA_POSITIONS, doubts=False)
IS_FILLER: Final = Finding(FILLER)
