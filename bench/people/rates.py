"""Every assumption of the made-up population with its figure.

No figure was measured in a hospital.  They are the general knowledge and the guesses of the people who wrote them,
chosen so that no error is rarer than in the population the index was first planned on.  A figure is a share between 0
and 1 unless its line says otherwise.  "Later row" is any row of a person but her first; her first row errs at
``first_row`` times the rate, for the desk that opens a file looks at the card.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How the population is made up and how often each thing goes wrong when it is written down."""

    western: bool = False  # Western names, addresses and documents instead of Chinese ones
    dialects: bool = True  # each source writes dates, sexes and names its own way; False: as FHIR does

    # ---- rows of one person.  All ages together: about 0.25 later rows a person, 20 % of all rows
    again_child: float = 0.17  # chance of one more row after each row, younger than 15
    again_adult: float = 0.18
    again_elder: float = 0.27  # 65 and older
    source_same: float = 0.62  # a later row comes from a source of her own district
    first_row: float = 0.12  # errors of a first row, as a part of those of a later one

    # ---- households
    single: float = 0.16  # one adult
    elders_alone: float = 0.13  # one or two people of 62 to 92
    collective: float = 0.0012  # hostels and nursing homes: 15 to 90 strangers with one address
    collective_phone: float = 0.25  # of their people, those who give the house's phone
    elder_with_family: float = 0.22  # each of the two possible grandparents of a family
    children_none: float = 0.24  # of couples; one child, two, three share the rest as 55, 36, 9
    mother_surname: float = 0.07  # children who bear the mother's surname
    generation_character: float = 0.28  # families whose children share a character of the given name
    twins: float = 0.017  # of families with children, those whose last two are twins
    twins_alike: float = 0.55  # of twins, those of one sex
    twins_one_character: float = 0.8  # of twins, those whose names differ in one character
    stranger_same: float = 0.0015  # persons with name, birth date and sex of somebody in another household
    migrant: float = 0.14  # adults whose card names another district and who have a second address
    minority_long: float = 0.018  # households with long names and a dot, or Tibetan, Mongolian or Yi names
    traditional: float = 0.008  # households from Hong Kong, Macao or Taiwan
    foreigner: float = 0.005  # households with Latin names and passports
    born_heaped: float = 0.04  # of people born before 1960, those whose day was registered as a 1 January
    same_as_father: float = 0.0003  # sons with the father's whole name; in the West it is the custom of families

    # ---- phones of people
    phone_none_elder: float = 0.30  # 70 and older without a phone of their own
    phone_none_adult: float = 0.02
    elder_gives_child: float = 0.6  # of elders without one, those who give their child's number
    phone_recycled: float = 0.04  # new numbers that somebody else gave up before

    # ---- citizen number on a later row
    id_missing: float = 0.18
    id_missing_child: float = 0.50  # younger than 7 on the day of the row
    id_never: float = 0.004  # adults who have none at all
    id_typo: float = 0.03  # one digit wrong, two neighbours swapped, one lost, one twice; half look like OCR
    id_15: float = 0.018  # the old form, of people born before 1999
    id_borrowed: float = 0.005  # a family member's card; her own name or own birth date was written
    id_default: float = 0.002  # zeros, ones, "none"
    passport_new: float = 0.10  # between two rows a passport ran out and another number came; it stays
    id_wrong_check: float = 0.001  # the card itself holds a check character that does not fit
    id_twice: float = 0.00002  # persons who were given a number that another person bears

    # ---- name on a later row
    name_homophone: float = 0.05  # another character of the same sound
    name_lookalike: float = 0.008
    name_traditional: float = 0.04  # of names with a character that had another form, about two in three
    name_pinyin: float = 0.03  # Latin letters in the place of the characters
    name_dropped: float = 0.011  # of names with three or more characters
    name_added: float = 0.004
    name_swapped: float = 0.003
    name_rare: float = 0.005  # a character the system could not write: "?" or a box
    name_spaced: float = 0.01  # blanks between the characters
    name_renamed: float = 0.005  # a new given name; it stays
    name_married: float = 0.0  # a woman takes another surname; it stays
    name_default: float = 0.001  # unknown, "test", ...
    latin_shown: float = 0.10  # rows that also give the name in Latin letters
    newborn_row: float = 0.03  # children born in the years of the rows whose first row is "<mother>'s son"

    # ---- birth date on a later row
    born_swap: float = 0.035  # day and month; possible for the first twelve days only, so 0.012 of all rows
    born_year: float = 0.01  # one or two years, or two digits of the year
    born_year_only: float = 0.008
    born_lunar: float = 0.01  # the lunar date in the place of the solar one; older than 40: four times
    born_lunar_marked: float = 0.25  # of those, written as lunar
    born_day: float = 0.01  # another day of the month
    born_month_only: float = 0.002
    born_missing: float = 0.015
    born_default: float = 0.003  # 1900-01-01 and its like
    sex_wrong: float = 0.005
    sex_missing: float = 0.006

    # ---- phone, address, insurance on a later row
    phone_new: float = 0.20  # a new number; it stays
    phone_missing: float = 0.08
    phone_typo: float = 0.015
    phone_family: float = 0.065
    phone_default: float = 0.003
    address_new: float = 0.18  # she moved; it stays
    address_missing: float = 0.10
    address_short: float = 0.32  # shortened or written another way
    address_typo: float = 0.01
    address_default: float = 0.003
    second_address: float = 0.35  # of rows of people with a second address, those that give it
    insurance_kept: float = 0.55  # of later rows, those that give the number; of first rows ``insurance_first``
    insurance_first: float = 0.80
    insurance_typo: float = 0.01
    mother_shown: float = 0.35  # of rows of children, those that give the mother's name


STANDARD: Final = Rates()

HARDER: Final = replace(
    STANDARD,
    first_row=0.15,
    id_missing=0.50,
    id_missing_child=0.80,
    id_typo=0.04,
    id_borrowed=0.008,
    name_homophone=0.06,
    name_lookalike=0.012,
    name_pinyin=0.04,
    born_lunar=0.015,
    born_default=0.006,
    phone_new=0.35,
    phone_missing=0.15,
    phone_family=0.08,
    phone_recycled=0.08,
    address_new=0.30,
    address_missing=0.12,
    migrant=0.22,
    newborn_row=0.05,
    stranger_same=0.002,
)

# Other names, dates, documents, families and errors: what is tuned to the population above shows here.
FOREIGN: Final = replace(
    STANDARD,
    western=True,
    twins=0.024,
    twins_one_character=0.12,
    generation_character=0.0,
    mother_surname=0.11,
    single=0.27,
    children_none=0.34,
    same_as_father=0.012,
    migrant=0.06,
    id_missing=0.35,
    id_missing_child=0.70,
    id_15=0.0,
    id_borrowed=0.004,
    name_homophone=0.03,  # another spelling of the same sound: Sara, Sarah
    name_lookalike=0.015,  # a letter beside the right one on the keyboard
    name_traditional=0.03,  # an accent lost, an umlaut written out
    name_pinyin=0.04,  # a short form: Bill for William
    name_dropped=0.012,
    name_swapped=0.02,  # given name and surname change places
    name_married=0.03,
    latin_shown=0.0,
    born_swap=0.05,
    born_lunar=0.0,
    phone_family=0.10,
    insurance_kept=0.65,
)

NAMED: Final[dict[str, Rates]] = {"standard": STANDARD, "harder": HARDER, "foreign": FOREIGN}
