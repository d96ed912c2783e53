"""What of a record is compared: every field folded to one spelling, empty where nothing is known.

Pure.  ``standardise`` makes these from what a source sent; keys, levels, guards and the batch path
read nothing else, so that on line and in batch one record is compared alike.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Precision(StrEnum):
    """How much of a date of birth is known."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    NONE = ""


class Placeholder(StrEnum):
    """What stands where a name would."""

    NOT = ""
    NEWBORN = "newborn"  # "Baby of ...", before she has a name; ``mother`` holds the folded rest
    UNKNOWN = "unknown"  # a person who cannot say who she is


class Features(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One record, ready to be compared.  Every text is folded; "" is unknown, never a value."""

    number: str = ""  # the strongest document number, canonical (18 characters for a citizen number and its twin)
    number_kind: str = (
        ""  # key of KINDS as sent, "" for none: an old number keeps its kind, so compare numbers, not kinds
    )
    number_holds: bool = False  # its own rule (check character, date) is kept
    other_number: str = ""  # insurance, health card or another weaker number with its system: "system|value"; an
    #                        institution's own as "system/value|value": two of them are equal or say nothing
    name: str = ""  # whole name: simplified characters, no dots or spaces; Latin names: tokens sorted, one space;
    #                 "?" stands for a character that a source could not write or hid: equal texts with "?" prove little
    surname: str = ""
    given: str = ""
    pinyin: str = ""  # whole name without tones or spaces, surname first, in its surname reading; u for every ü
    given_pinyin: str = ""
    placeholder: Placeholder = Placeholder.NOT
    mother: str = ""  # of a newborn's placeholder
    birth_order: str = ""  # of a newborn's placeholder: "1", "2" ... where twins are told apart, else ""
    born: str = ""  # YYYYMMDD; YYYYMM or YYYY when no more is known; with ``born_lunar`` the lunar digits as given
    born_precision: Precision = Precision.NONE
    born_lunar: str = ""  # the solar date if ``born`` was given by the lunar calendar, else ""
    sex: str = ""  # "male" | "female" | ""
    phone: str = ""  # digits, no country code; shared and default numbers (see standardise) are ""
    door: str = ""  # road, number, building, flat: folded key of one home, "" without a number
    locality: str = ""  # six-digit area code, or the folded name of county or city
    street: str = ""  # the road, village or estate of ``door`` alone; known for an address without a number too
    postcode: str = ""  # folded; weak, for places whose addresses carry no more
