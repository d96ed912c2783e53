"""Identifier kinds: how each number that may name a resident is cleaned, compared and checked.

Pure: no clock, no database, no network.  To accept a new kind of number, add one row to
``KINDS`` and its cases to tests/identity/test_identifiers.py; no other file changes.

A number that breaks its kind's rule is kept and warned about, never refused: care does not wait
for a check digit.  The warnings say what to compare and never repeat the number.

Sources: GB 11643-1999 (citizen number, 18 characters) and GB 11643-1989 (15 digits); ISO/IEC 7064
MOD 11-2 (their check character); ICAO Doc 9303-4 (passport numbers); HL7 v2 table 0203 (types) and
FHIR R4 ``identifier.system`` (the names on the wire).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from carecode.kernel.errors import InvalidInputError

CITIZEN_SYSTEM: Final = "urn:oid:2.16.156.10011.1.3"
HEALTH_CARD_SYSTEM: Final = "urn:oid:2.16.156.10011.1.19"
PASSPORT_SYSTEM: Final = "http://hl7.org/fhir/sid/passport-"  # followed by the three letters of ISO 3166
HMT_RESIDENCE_SYSTEM: Final = "urn:carecode:id:hmt-residence"
FOREIGN_RESIDENT_SYSTEM: Final = "urn:carecode:id:foreign-resident"
HM_PERMIT_SYSTEM: Final = "urn:carecode:id:hm-permit"
TW_PERMIT_SYSTEM: Final = "urn:carecode:id:tw-permit"
BIRTH_CERTIFICATE_SYSTEM: Final = "urn:carecode:id:birth-certificate"
INSURANCE_SYSTEM: Final = "urn:carecode:id:insurance"

VALUE_LENGTH_MAX: Final = 128
SYSTEM_LENGTH_MAX: Final = 256

LEVEL_DOCUMENT: Final = 3  # a state's document with a photograph: proves who someone is
LEVEL_PAPER: Final = 2  # a state's paper or permit that another document stands behind
LEVEL_LOCAL: Final = 1  # an institution's or insurer's own number
LEVEL_DOUBTFUL: Final = 0  # any number that broke its own rule

CHECK_CHARACTER: Final = (
    "The last character, number 18, does not fit the 17 before it. Compare each character with the card."
)
BIRTH_DIGITS: Final = "Characters 7 to 14 are not a date of birth. Compare them with the card."
BIRTH_DIGITS_15: Final = "Digits 7 to 12 are not a date of birth. Compare them with the card."
BIRTH_DIGITS_FOREIGN_15: Final = "Characters 8 to 13 are not a date of birth. Compare them with the card."
SHAPE_CITIZEN: Final = (
    "A citizen number has 17 digits and then a digit or X; an old one has 15 digits. Compare it with the card."
)

_MOD_11_2: Final = "10X98765432"  # ISO/IEC 7064: remainder r is written as character r
_WEIGHTS: Final = tuple(pow(2, 17 - place, 11) for place in range(17))
_CENTENARIANS: Final = ("996", "997", "998", "999")  # GB 11643-1989: orders kept for births before 1900
_CLEAN_PASSES_MAX: Final = 4  # dropping a space may let an accent join the letter before it
_SEPARATORS: Final = re.compile(r"[\s\-\u2010-\u2015\u2212]+")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of identifier: its names on the wire and its rules."""

    system: str  # FHIR identifier.system, a URI; for passports the Chinese one
    hl7_type: str  # HL7 v2 CX.5, table 0203
    label: str  # what a desk clerk calls it
    pattern: re.Pattern[str]  # matched against the whole cleaned value
    shape: str  # the warning when nothing of its system matches
    level: int  # how much it proves, LEVEL_*
    check: Callable[[str], str | None]  # cleaned value -> what to compare, None when it fits
    canonical: Callable[[str], str]  # cleaned value -> the form under which it is looked up


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number cleaned for look-up.  Build it with ``parse``, never by hand."""

    system: str
    value: str = field(repr=False)  # cleaned, as the card shows it: upper case, no spaces or dashes
    kind: str | None  # key of KINDS; None for any other system, a local number
    warnings: tuple[str, ...] = ()

    @property
    def canonical(self) -> str:
        """Give the form that is looked up: the 18-character twin of a 15-digit number, and so on."""
        if self.kind is None or self.level == LEVEL_DOUBTFUL:
            return self.value
        return KINDS[self.kind].canonical(self.value)

    @property
    def level(self) -> int:
        """Say how much this number proves: its kind's level, or LEVEL_DOUBTFUL when it was warned about."""
        if self.warnings:
            return LEVEL_DOUBTFUL
        return LEVEL_LOCAL if self.kind is None else KINDS[self.kind].level


def parse(system_or_kind: str, text: str) -> Identifier:
    """Clean and check what a person typed or a message carried.

    ``system_or_kind`` is a key of KINDS or a FHIR ``identifier.system``; a system that is no kind's
    is an institution's own and its values are only trimmed.  A residence permit sent under the
    citizens' system becomes its own kind, so that it resolves alike however it was labelled.

    >>> parse("citizen-id", " 990105 1949-1231-0023").value
    '990105194912310023'
    >>> parse("citizen-id", "990105491231002").canonical  # an old number and its twin
    '990105194912310023'

    Raises InvalidInputError for a kind that does not exist, an empty value or one longer than
    VALUE_LENGTH_MAX.  A wrong check digit or date is a warning.  About 10 us; call it at every edge.
    """
    system = _system(system_or_kind.strip())
    family = _family(system)
    text = text[: VALUE_LENGTH_MAX + 1]  # bounds the work; what is longer is refused below
    value = _clean(text) if family else unicodedata.normalize("NFC", text).strip()
    if len(value) > VALUE_LENGTH_MAX or len(text) > VALUE_LENGTH_MAX or len(system) > SYSTEM_LENGTH_MAX:
        raise InvalidInputError("identifier-too-long", f"An identifier has at most {VALUE_LENGTH_MAX} characters.")
    if not value:
        raise InvalidInputError("identifier-empty", "Give the number of the document.")
    if not family:
        return Identifier(system, value, None)
    for name in family:
        kind = KINDS[name]
        if kind.pattern.fullmatch(value):
            warning = kind.check(value)
            own = system if name == "passport" else kind.system
            return Identifier(own, value, name, () if warning is None else (warning,))
    return Identifier(system, value, family[0], (KINDS[family[0]].shape,))


def birth_date_in(identifier: Identifier) -> date | None:
    """Read the date of birth that a number carries; None when it carries none or is doubtful."""
    if identifier.level == LEVEL_DOUBTFUL or identifier.kind not in _EIGHTEEN:
        return None
    return _date(identifier.canonical[6:14])


def sex_in(identifier: Identifier) -> str | None:
    """Read the FHIR administrative-gender that a number carries (odd order number: male)."""
    if identifier.level == LEVEL_DOUBTFUL or identifier.kind not in _EIGHTEEN:
        return None
    return "male" if int(identifier.canonical[16]) % 2 else "female"


def check_character(first_17: str) -> str:
    """Compute the 18th character of a GB 11643 number from its 17 digits.

    >>> check_character("99010519491231002")
    '3'
    """
    weighted = sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True))
    return _MOD_11_2[weighted % 11]


def _system(system_or_kind: str) -> str:
    """Turn a kind's name into its system; leave a system as it is."""
    if system_or_kind in KINDS:
        return KINDS[system_or_kind].system
    if ":" not in system_or_kind and "/" not in system_or_kind:
        raise InvalidInputError(
            "identifier-kind-unknown", f"Name the kind of number: {', '.join(KINDS)}, or give its system."
        )
    if system_or_kind.lower().startswith(PASSPORT_SYSTEM):
        return PASSPORT_SYSTEM + system_or_kind[len(PASSPORT_SYSTEM) :].upper()
    return system_or_kind


def _family(system: str) -> tuple[str, ...]:
    """List the kinds that may stand under one system, the usual one first."""
    if system.startswith(PASSPORT_SYSTEM):
        return ("passport",)
    return _FAMILIES.get(system, ())


def _clean(text: str) -> str:
    """Fold full-width characters, drop spaces and dashes, upper the letters, until nothing changes."""
    for _ in range(_CLEAN_PASSES_MAX):
        folded = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
        if folded == text:
            break
        text = folded
    return text


def _date(digits: str) -> date | None:
    """Read YYYYMMDD."""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def _eighteen(value: str) -> str | None:
    """Check the birth date (characters 7 to 14) and the MOD 11-2 check character (18)."""
    if _date(value[6:14]) is None:
        return BIRTH_DIGITS
    return None if check_character(value[:17]) == value[17] else CHECK_CHARACTER


def _fifteen(value: str) -> str | None:
    """Check the birth date (digits 7 to 12); a 15-digit number has no check digit."""
    return None if _date(_century(value) + value[6:12]) else BIRTH_DIGITS_15


def _century(value: str) -> str:
    """Tell the century that a 15-digit number leaves out."""
    return "18" if value[12:] in _CENTENARIANS else "19"


def _twin(value: str) -> str:
    """Write the 18-character number that replaced a 15-digit one."""
    first_17 = value[:6] + _century(value) + value[6:]
    return first_17 + check_character(first_17)


def _foreign_fifteen(value: str) -> str | None:
    """Check the birth date YYMMDD (characters 8 to 13) of the card issued until 2023."""
    digits = value[7:13]
    return None if _date(f"19{digits}") or _date(f"20{digits}") else BIRTH_DIGITS_FOREIGN_15


def _fits(_value: str) -> None:
    """Accept: the kind has a shape and no check digit on the card."""


def _same(value: str) -> str:
    """Look the number up as it is written."""
    return value


def _without_issue(length: int) -> Callable[[str], str]:
    """Drop the re-issue counter, so that a renewed permit still names the same person."""
    return lambda value: value[:length]


KINDS: Final[dict[str, Kind]] = {
    "citizen-id": Kind(
        CITIZEN_SYSTEM,
        "NI",
        "Citizen ID card",
        # 81, 82 and 83 0000 are residence permits, 9 and a province's code a foreign resident's card
        re.compile(r"(?!8[123]0000|9[1-8])[0-9]{17}[0-9X]"),
        SHAPE_CITIZEN,
        LEVEL_DOCUMENT,
        _eighteen,
        _same,
    ),
    "citizen-id-15": Kind(
        CITIZEN_SYSTEM,
        "NI",
        "Old citizen ID card, 15 digits",
        re.compile(r"[0-9]{15}"),
        SHAPE_CITIZEN,
        LEVEL_DOCUMENT,
        _fifteen,
        _twin,
    ),
    "hmt-residence": Kind(
        HMT_RESIDENCE_SYSTEM,
        "PRC",
        "Residence permit for Hong Kong, Macao and Taiwan residents",
        re.compile(r"8[123]0000[0-9]{11}[0-9X]"),
        "This residence permit has 18 characters and begins with 81, 82 or 83. Compare it with the card.",
        LEVEL_DOCUMENT,
        _eighteen,
        _same,
    ),
    "foreign-resident": Kind(
        FOREIGN_RESIDENT_SYSTEM,
        "PRC",
        "Foreign permanent resident card",
        re.compile(r"9[1-8][0-9]{15}[0-9X]"),
        "This card has 18 characters and begins with 9, or three letters and 12 digits if issued "
        "before December 2023. Compare it with the card.",
        LEVEL_DOCUMENT,
        _eighteen,
        _same,
    ),
    "foreign-resident-15": Kind(
        FOREIGN_RESIDENT_SYSTEM,
        "PRC",
        "Foreign permanent resident card issued before December 2023",
        re.compile(r"[A-Z]{3}[0-9]{12}"),
        "This card has three letters and 12 digits. Compare it with the card.",
        LEVEL_DOCUMENT,
        _foreign_fifteen,
        _same,
    ),
    "passport": Kind(
        PASSPORT_SYSTEM + "CHN",
        "PPN",
        "Passport",
        re.compile(r"[A-Z0-9]{5,9}"),
        "A passport number has 5 to 9 letters and digits. Compare it with the page with the photograph.",
        LEVEL_DOCUMENT,
        _fits,
        _same,
    ),
    "hm-permit": Kind(
        HM_PERMIT_SYSTEM,
        "PPN",  # table 0203 has no travel permit; it is used in a passport's place
        "Travel permit for Hong Kong and Macao residents",
        re.compile(r"[HM][0-9]{8}([0-9]{2})?"),
        "This permit has H or M and 8 digits, then perhaps 2 more. Compare it with the card.",
        LEVEL_DOCUMENT,
        _fits,
        _without_issue(9),
    ),
    "tw-permit": Kind(
        TW_PERMIT_SYSTEM,
        "PPN",
        "Travel permit for Taiwan residents",
        re.compile(r"[0-9]{8}([0-9]{2})?"),
        "This permit has 8 digits, then perhaps 2 more. Compare it with the card.",
        LEVEL_DOCUMENT,
        _fits,
        _without_issue(8),
    ),
    "birth-certificate": Kind(
        BIRTH_CERTIFICATE_SYSTEM,
        "BCT",
        "Birth certificate",
        re.compile(r"[A-Z][0-9]{9}"),
        "A birth certificate has one letter and 9 digits. Compare it with the paper.",
        LEVEL_PAPER,
        _fits,
        _same,
    ),
    "health-card": Kind(
        HEALTH_CARD_SYSTEM,
        "HC",
        "Resident health card",
        re.compile(r"[0-9A-F]{64}|[0-9A-Z]{8,20}"),
        "A health card has 8 to 20 letters and digits, an electronic one 64. Compare it with the card.",
        LEVEL_PAPER,
        _fits,
        _same,
    ),
    "insurance": Kind(
        INSURANCE_SYSTEM,
        "NH",
        "Health insurance",
        re.compile(r"[A-Z0-9]{4,30}"),
        "An insurance number has 4 to 30 letters and digits. Compare it with the card.",
        LEVEL_LOCAL,
        _fits,
        _same,
    ),
}

# What the citizens' system carries in practice: every number printed in the same place of a card.
_FAMILIES: Final[dict[str, tuple[str, ...]]] = {
    CITIZEN_SYSTEM: ("citizen-id", "citizen-id-15", "hmt-residence", "foreign-resident", "foreign-resident-15"),
    FOREIGN_RESIDENT_SYSTEM: ("foreign-resident", "foreign-resident-15"),
} | {
    kind.system: (name,)
    for name, kind in KINDS.items()
    if kind.system not in (CITIZEN_SYSTEM, FOREIGN_RESIDENT_SYSTEM, PASSPORT_SYSTEM + "CHN")
}
_EIGHTEEN: Final = frozenset({"citizen-id", "citizen-id-15", "hmt-residence", "foreign-resident"})
