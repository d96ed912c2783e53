"""The kinds of numbers: a row for each says how it is named on the wire, written, checked and compared.

Pure.  To accept a new kind add one row to ``KINDS``; ``identifiers.py`` reads everything from it.

Each row names the standard or notice its rule came from; "practice" is said where none was published.
HL7 v2 table 0203 gives the types, FHIR R4 ``identifier.system`` the names on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from carecode.identity import citizen, permits
from carecode.identity.findings import SHAPE_CITIZEN, Finding
from carecode.kernel.vocabulary import Purpose

CITIZEN_SYSTEM: Final = "urn:oid:2.16.156.10011.1.3"
HEALTH_CARD_SYSTEM: Final = "urn:oid:2.16.156.10011.1.19"
PASSPORT_SYSTEM: Final = "http://hl7.org/fhir/sid/passport-"  # followed by the three letters of ISO 3166
HMT_RESIDENCE_SYSTEM: Final = "urn:carecode:id:hmt-residence"
FOREIGN_RESIDENT_SYSTEM: Final = "urn:carecode:id:foreign-resident"
HM_PERMIT_SYSTEM: Final = "urn:carecode:id:hm-permit"
TW_PERMIT_SYSTEM: Final = "urn:carecode:id:tw-permit"
OFFICER_SYSTEM: Final = "urn:carecode:id:officer-card"
SOLDIER_SYSTEM: Final = "urn:carecode:id:soldier-card"
POLICE_SYSTEM: Final = "urn:carecode:id:police-card"
HOUSEHOLD_SYSTEM: Final = "urn:carecode:id:household-register"
DRIVING_SYSTEM: Final = "urn:carecode:id:driving-licence"
BIRTH_CERTIFICATE_SYSTEM: Final = "urn:carecode:id:birth-certificate"
INSURANCE_SYSTEM: Final = "urn:carecode:id:insurance"

LEVEL_DOCUMENT: Final = 3  # a state's document with a photograph: proves who someone is
LEVEL_PAPER: Final = 2  # a state's paper or permit that another document stands behind
LEVEL_LOCAL: Final = 1  # an institution's or insurer's own number
LEVEL_DOUBTFUL: Final = 0  # any number that broke its own rule

_MILITARY_SHAPE: Final = (
    "This card has one to four Chinese characters, as in 军字第, and then 4 to 8 digits. Type all of them."
)


def _fits(_value: str) -> None:
    """Accept: the kind has a shape and no check digit on the card."""


def _same(value: str) -> str:
    """Look the number up as it is written."""
    return value


def _unsaid(_value: str) -> None:
    """Know nothing: the number does not carry it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of identifier: its names on the wire and its rules."""

    system: str  # FHIR identifier.system, a URI; for passports the Chinese one
    hl7_type: str  # HL7 v2 CX.5, table 0203
    label: str  # what a desk clerk calls it
    pattern: re.Pattern[str]  # matched against the whole cleaned value
    shape: str  # the warning when nothing of its system matches
    level: int  # how much it proves, LEVEL_*
    source: str  # standard and clause, notice, or "practice"
    check: Callable[[str], Finding | None] = _fits  # cleaned value -> what to compare, None when it fits
    canonical: Callable[[str], str] = _same  # cleaned value -> the form under which it is looked up
    birth: Callable[[str], date | None] = _unsaid  # cleaned value that fits -> the date of birth in it
    sex: Callable[[str], str | None] = _unsaid  # cleaned value that fits -> FHIR administrative-gender
    issue: Callable[[str], int | None] = _unsaid  # cleaned value -> how often it was issued
    area_coded: bool = False  # it begins with a GB/T 2260 code and has a ``birth``
    also: tuple[str, ...] = ()  # kinds printed in the same place, tried before it
    own_only: bool = True  # False: what matches only ``also`` is hers; its own number names a household
    shown_to: frozenset[Purpose] | None = None  # None: whoever may see her card


_CITIZENS: Final = ("citizen-id", "citizen-id-15")
_GB_11643: Final = "GB 11643-1999 §4; area GB/T 2260; check ISO/IEC 7064 MOD 11-2"

KINDS: Final[dict[str, Kind]] = {
    "citizen-id": Kind(
        system=CITIZEN_SYSTEM,
        hl7_type="NI",
        label="Citizen ID card",
        # 81, 82 and 83 0000 are residence permits, 9 and a province's code a foreign resident's card
        pattern=re.compile(r"(?!8[123]0000|9[1-8])[0-9]{17}[0-9X]"),
        shape=SHAPE_CITIZEN,
        level=LEVEL_DOCUMENT,
        source=_GB_11643,
        check=citizen.check_eighteen,
        birth=citizen.birth_18,
        sex=citizen.sex_18,
        area_coded=True,
        # what the citizens' system carries in practice: every number printed in the same place of a card
        also=("hmt-residence", "foreign-resident", "foreign-resident-15"),
    ),
    "citizen-id-15": Kind(
        system=CITIZEN_SYSTEM,
        hl7_type="NI",
        label="Old citizen ID card, 15 digits",
        pattern=re.compile(r"[0-9]{15}"),
        shape=SHAPE_CITIZEN,
        level=LEVEL_DOCUMENT,
        source="GB 11643-1989; issued until 1 October 1999, void as a card since 1 January 2013",
        check=citizen.check_fifteen,
        canonical=citizen.twin,
        birth=citizen.birth_15,
        sex=citizen.sex_15,
        area_coded=True,
    ),
    "hmt-residence": Kind(
        system=HMT_RESIDENCE_SYSTEM,
        hl7_type="PRC",
        label="Residence permit for Hong Kong, Macao and Taiwan residents",
        pattern=re.compile(r"8[123]0000[0-9]{11}[0-9X]"),
        shape="This residence permit has 18 characters and begins with 81, 82 or 83. Compare it with the card.",
        level=LEVEL_DOCUMENT,
        source="State Council notice of 2018 on the residence permit (810000, 820000, 830000); GB 11643-1999 §4",
        check=citizen.check_eighteen,
        birth=citizen.birth_18,
        sex=citizen.sex_18,
    ),
    "foreign-resident": Kind(
        system=FOREIGN_RESIDENT_SYSTEM,
        hl7_type="PRC",
        label="Foreign permanent resident card",
        pattern=re.compile(r"9[1-8][0-9]{15}[0-9X]"),
        shape="This card has 18 characters and begins with 9, or three letters and 12 digits if issued "
        "before December 2023. Compare it with the card.",
        level=LEVEL_DOCUMENT,
        source="National Immigration Administration, rules of the 2023 card: 9 first, MOD 11-2 last",
        check=citizen.check_eighteen,
        birth=citizen.birth_18,
        sex=citizen.sex_18,
    ),
    "foreign-resident-15": Kind(
        system=FOREIGN_RESIDENT_SYSTEM,
        hl7_type="PRC",
        label="Foreign permanent resident card issued before December 2023",
        pattern=re.compile(r"[A-Z]{3}[0-9]{12}"),
        shape="This card has three letters and 12 digits. Compare it with the card.",
        level=LEVEL_DOCUMENT,
        source="National Immigration Administration, rules of the 2023 card (three letters and 12 digits before); "
        "the rule of its last digit was not published",
        check=permits.check_foreign_15,
    ),
    "passport": Kind(
        system=PASSPORT_SYSTEM + "CHN",
        hl7_type="PPN",
        label="Passport",
        pattern=re.compile(r"[A-Z0-9]{5,9}"),
        shape="A passport number has 5 to 9 letters and digits. Compare it with the page with the photograph.",
        level=LEVEL_DOCUMENT,
        source="ICAO Doc 9303-4 §4.2 (at most 9 letters and digits; issuing state ISO 3166-1 alpha-3)",
    ),
    "hm-permit": Kind(
        system=HM_PERMIT_SYSTEM,
        hl7_type="PPN",  # table 0203 has no travel permit; it is used in a passport's place
        label="Travel permit for Hong Kong and Macao residents",
        pattern=re.compile(r"[HM][0-9]{8}([0-9]{2})?"),
        shape="This permit has H or M and 8 digits, then perhaps 2 more. Compare it with the card.",
        level=LEVEL_DOCUMENT,
        source="Practice: H or M and 8 digits for life; the book before 2013 printed 2 digits of issue after them",
        canonical=permits.without_issue(9),
        issue=permits.issue_after(9),
    ),
    "tw-permit": Kind(
        system=TW_PERMIT_SYSTEM,
        hl7_type="PPN",
        label="Travel permit for Taiwan residents",
        pattern=re.compile(r"[0-9]{8}([0-9]{2}(\(?[A-Z]\)?)?)?"),
        shape="This permit has 8 digits, then perhaps 2 more. Compare it with the card.",
        level=LEVEL_DOCUMENT,
        source="Practice: 8 digits, for life since 25 September 2008; the book before 2015 printed 2 digits of "
        "issue and a letter after them",
        canonical=permits.without_issue(8),
        issue=permits.issue_after(8),
    ),
    "officer-card": Kind(
        system=OFFICER_SYSTEM,
        hl7_type="MI",
        label="Officer card",
        pattern=permits.MILITARY,
        shape=_MILITARY_SHAPE,
        level=LEVEL_DOCUMENT,
        source="WS 364.3-2011 CV02.01.101 code 04; number by practice: the arm, 字第, digits",
        canonical=permits.military,
        also=_CITIZENS,
    ),
    "soldier-card": Kind(
        system=SOLDIER_SYSTEM,
        hl7_type="MI",
        label="Soldier card",
        pattern=permits.MILITARY,
        shape=_MILITARY_SHAPE,
        level=LEVEL_DOCUMENT,
        source="Practice: the arm, 字第, digits; no code of its own in CV02.01.101",
        canonical=permits.military,
        also=_CITIZENS,
    ),
    "police-card": Kind(
        system=POLICE_SYSTEM,
        hl7_type="MI",
        label="Armed police card",
        pattern=permits.MILITARY,
        shape=_MILITARY_SHAPE,
        level=LEVEL_DOCUMENT,
        source="Practice: 武 or the arm, 字第, digits; no code of its own in CV02.01.101",
        canonical=permits.military,
        also=_CITIZENS,
    ),
    "household-register": Kind(
        system=HOUSEHOLD_SYSTEM,
        hl7_type="U",  # table 0203 has no household; the citizen number found in it is sent as NI
        label="Household register",
        pattern=re.compile(r"(?!)"),  # nothing: only the citizen number on a member's page is hers
        shape=SHAPE_CITIZEN,
        level=LEVEL_PAPER,
        source="WS 364.3-2011 CV02.01.101 code 02; the register's own number names the household, nobody in it",
        also=_CITIZENS,
        own_only=False,
    ),
    "driving-licence": Kind(
        system=DRIVING_SYSTEM,
        hl7_type="DL",
        label="Driving licence",
        pattern=re.compile(r"[A-Z0-9]{5,14}|[A-Z0-9]{16,17}"),
        shape="A driving licence bears the citizen number, or 5 to 17 letters and digits. Compare it with the card.",
        level=LEVEL_DOCUMENT,
        source="WS 364.3-2011 CV02.01.101 code 05; by GA 482 it bears the number of the holder's identity document",
        also=(*_CITIZENS, "hmt-residence", "foreign-resident", "foreign-resident-15"),
    ),
    "birth-certificate": Kind(
        system=BIRTH_CERTIFICATE_SYSTEM,
        hl7_type="BCT",
        label="Birth certificate",
        pattern=re.compile(r"[A-Z][0-9]{9}"),
        shape="A birth certificate has one letter and 9 digits. Compare it with the paper.",
        level=LEVEL_PAPER,
        source="Practice: the letter of the edition, then province and running number",
    ),
    "health-card": Kind(
        system=HEALTH_CARD_SYSTEM,
        hl7_type="HC",
        label="Resident health card",
        pattern=re.compile(r"[0-9A-F]{64}|[0-9A-Z]{8,20}"),
        shape="A health card has 8 to 20 letters and digits, an electronic one 64. Compare it with the card.",
        level=LEVEL_PAPER,
        source="WS/T 543-2017 (the card); practice of the electronic card: 64 hexadecimal digits",
    ),
    "insurance": Kind(
        system=INSURANCE_SYSTEM,
        hl7_type="NH",
        label="Health insurance",
        pattern=re.compile(r"[A-Z0-9]{4,30}"),
        shape="An insurance number has 4 to 30 letters and digits. Compare it with the card.",
        level=LEVEL_LOCAL,
        source="Practice of the insurers; no national form was published",
        shown_to=frozenset({Purpose.HPAYMT}),
    ),
}
