"""Identifiers: how each number that may name a resident is cleaned, compared and checked.

Pure: no clock, no database, no network.  To accept a new kind of number, add one row to
``kinds.py: KINDS`` and its cases to tests/identity/test_identifiers.py; no other file changes.

A number that breaks its kind's rule is kept and warned about, never refused: care does not wait
for a check digit.  The warnings say what to compare and never repeat the number.  What is no
person's number at all, the number of a household, is refused: it would name the whole family.

An institution's own number stands under the institution's own system (``hospital_system``), so that
equal digits of two institutions are two numbers.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from carecode.identity import kinds
from carecode.identity.areas import AreaTable, known_areas
from carecode.identity.citizen import check_area, check_character
from carecode.identity.findings import (
    AREA_ENDED,
    AREA_UNKNOWN,
    BIRTH_DIGITS,
    BIRTH_DIGITS_15,
    BIRTH_DIGITS_FOREIGN_15,
    CHECK_CHARACTER,
    FILLER,
    IS_FILLER,
    SHAPE_CITIZEN,
    Finding,
)
from carecode.identity.kinds import (
    BIRTH_CERTIFICATE_SYSTEM,
    CITIZEN_SYSTEM,
    FOREIGN_RESIDENT_SYSTEM,
    HEALTH_CARD_SYSTEM,
    HM_PERMIT_SYSTEM,
    HMT_RESIDENCE_SYSTEM,
    INSURANCE_SYSTEM,
    LEVEL_DOCUMENT,
    LEVEL_DOUBTFUL,
    LEVEL_LOCAL,
    LEVEL_PAPER,
    PASSPORT_SYSTEM,
    TW_PERMIT_SYSTEM,
    Kind,
)
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import Purpose

__all__ = [
    "AREA_ENDED",
    "AREA_UNKNOWN",
    "BIRTH_CERTIFICATE_SYSTEM",
    "BIRTH_DIGITS",
    "BIRTH_DIGITS_15",
    "BIRTH_DIGITS_FOREIGN_15",
    "CHECK_CHARACTER",
    "CITIZEN_SYSTEM",
    "FILLER",
    "FOREIGN_RESIDENT_SYSTEM",
    "HEALTH_CARD_SYSTEM",
    "HMT_RESIDENCE_SYSTEM",
    "HM_PERMIT_SYSTEM",
    "HOSPITAL_SYSTEM",
    "INSURANCE_SYSTEM",
    "KINDS",
    "LEVEL_DOCUMENT",
    "LEVEL_DOUBTFUL",
    "LEVEL_LOCAL",
    "LEVEL_PAPER",
    "PASSPORT_SYSTEM",
    "SHAPE_CITIZEN",
    "SYSTEM_LENGTH_MAX",
    "TW_PERMIT_SYSTEM",
    "VALUE_LENGTH_MAX",
    "Finding",
    "Identifier",
    "Kind",
    "birth_date_in",
    "check_character",
    "hospital_system",
    "issue_in",
    "may_show",
    "parse",
    "sex_in",
]

KINDS: Final = kinds.KINDS
HOSPITAL_SYSTEM: Final = "urn:carecode:id:hospital:"  # followed by the institution's name or number

VALUE_LENGTH_MAX: Final = 128
SYSTEM_LENGTH_MAX: Final = 256

_CLEAN_PASSES_MAX: Final = 4  # dropping a space may let an accent join the letter before it
_SEPARATORS: Final = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
_CITIZEN_LENGTHS: Final = (15, 18)
_CITIZEN_BODY: Final = 17
_FILLER_MIN: Final = 4  # a shorter number is none of a kind's, whatever its characters


@dataclass(frozen=True, slots=True)
class Identifier:
    """A number cleaned for look-up.  Build it with ``parse``, never by hand."""

    system: str
    value: str = field(repr=False)  # cleaned, as the card shows it: upper case, no spaces or dashes
    kind: str | None  # key of KINDS; None for any other system, a local number
    findings: tuple[Finding, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Give the sentences for the desk: what to compare with the card."""
        return tuple(finding.sentence for finding in self.findings)

    @property
    def positions(self) -> tuple[int, ...]:
        """Name the characters that the warnings are about, the first is 1; sorted, none twice."""
        return tuple(sorted({place for finding in self.findings for place in finding.positions}))

    @property
    def holds(self) -> bool:
        """Say whether the number keeps its own rule; a remark about its area code breaks none."""
        return not any(finding.doubts for finding in self.findings)

    @property
    def canonical(self) -> str:
        """Give the form that is looked up: the 18-character twin of a 15-digit number, and so on.

        It depends on the number alone, never on a table of areas: a look-up key does not age.
        """
        if self.kind is None or not self.holds:
            return self.value
        return KINDS[self.kind].canonical(self.value)

    @property
    def level(self) -> int:
        """Say how much this number proves: its kind's level, or LEVEL_DOUBTFUL when its own rule is broken."""
        if not self.holds:
            return LEVEL_DOUBTFUL
        return LEVEL_LOCAL if self.kind is None else KINDS[self.kind].level


def parse(system_or_kind: str, text: str, *, areas: AreaTable | None = None) -> Identifier:
    """Clean and check what a person typed or a message carried.

    ``system_or_kind`` is a key of KINDS or a FHIR ``identifier.system``; a system that is no kind's
    is an institution's own and its values are only trimmed.  A residence permit sent under the
    citizens' system becomes its own kind, so that it resolves alike however it was labelled.
    ``areas`` is the table of area codes, ``areas.known_areas()`` when none is given.

    >>> parse("citizen-id", " 990105 1949-1231-0023").value
    '990105194912310023'
    >>> parse("citizen-id", "990105491231002").canonical  # an old number and its twin
    '990105194912310023'
    >>> parse("citizen-id", "990105194912310024").positions  # a warning, not an error
    (18,)

    Raises InvalidInputError for a kind that does not exist, an empty value, one longer than
    VALUE_LENGTH_MAX or a household's number.  A wrong check digit or date is a warning.  About 5 us;
    call it at every edge.
    """
    system = _system(system_or_kind.strip())
    family = _FAMILIES.get(_PASSPORTS if system.startswith(PASSPORT_SYSTEM) else system)
    text = text[: VALUE_LENGTH_MAX + 1]  # bounds the work; what is longer is refused below
    value = unicodedata.normalize("NFC", text).strip() if family is None else _clean(text)
    if len(value) > VALUE_LENGTH_MAX or len(text) > VALUE_LENGTH_MAX or len(system) > SYSTEM_LENGTH_MAX:
        raise InvalidInputError("identifier-too-long", f"An identifier has at most {VALUE_LENGTH_MAX} characters.")
    if not value:
        raise InvalidInputError("identifier-empty", "Give the number of the document.")
    if family is None:
        return Identifier(system, value, None)
    for name in family.tried:
        kind = KINDS[name]
        if kind.pattern.fullmatch(value):
            own = system if name == "passport" else kind.system
            return Identifier(own, value, name, _findings(kind, value, areas))
    if not KINDS[family.own].own_only:
        raise InvalidInputError(
            "identifier-of-household",
            "That is not one person's number. Give the citizen number on her own page, or no number.",
        )
    return Identifier(system, value, family.own, (Finding(KINDS[family.own].shape, _misshapen(family.own, value)),))


def birth_date_in(identifier: Identifier) -> date | None:
    """Read the date of birth that a number carries; None when it carries none or is doubtful."""
    if identifier.kind is None or not identifier.holds:
        return None
    return KINDS[identifier.kind].birth(identifier.value)


def sex_in(identifier: Identifier) -> str | None:
    """Read the FHIR administrative-gender that a number carries (odd order number: male)."""
    if identifier.kind is None or not identifier.holds:
        return None
    return KINDS[identifier.kind].sex(identifier.value)


def issue_in(identifier: Identifier) -> int | None:
    """Read how often a permit was issued, where that is printed after its number."""
    if identifier.kind is None or not identifier.holds:
        return None
    return KINDS[identifier.kind].issue(identifier.value)


def may_show(identifier: Identifier, purpose: Purpose) -> bool:
    """Say whether a number may be shown for a purpose at all: an insurance number for payment only."""
    if identifier.kind is None:
        return True
    shown_to = KINDS[identifier.kind].shown_to
    return shown_to is None or purpose in shown_to


def hospital_system(authority: str) -> str:
    """Name the system of an institution's own numbers by the institution (HL7 v2 CX.4, assigning authority).

    InvalidInputError without an authority: a number that says not whose it is names nobody.

    >>> hospital_system("county-2")
    'urn:carecode:id:hospital:county-2'
    """
    name = unicodedata.normalize("NFC", authority).strip()
    if not name or len(HOSPITAL_SYSTEM) + len(name) > SYSTEM_LENGTH_MAX:
        raise InvalidInputError("identifier-authority", "Say which institution gave this number.")
    return HOSPITAL_SYSTEM + name


def _findings(kind: Kind, value: str, areas: AreaTable | None) -> tuple[Finding, ...]:
    """Check a value of a kind: a filler, the kind's own rule, its area code."""
    if value.count(value[0]) == len(value) >= _FILLER_MIN:
        return (IS_FILLER,)
    finding = kind.check(value)
    area = None
    if kind.area_coded and (born := kind.birth(value)) is not None:
        area = check_area(value, born, known_areas() if areas is None else areas)
    if finding is None:
        return () if area is None else (area,)
    return (finding,) if area is None else (finding, area)


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


def _clean(text: str) -> str:
    """Fold full-width characters, drop spaces and dashes, upper the letters, until nothing changes."""
    if text.isascii() and text.isalnum():
        return text.upper()
    for _ in range(_CLEAN_PASSES_MAX):
        folded = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
        if folded == text:
            break
        text = folded
    return text


def _misshapen(kind: str, value: str) -> tuple[int, ...]:
    """Name the characters of a citizen number that are no digits, when its length is right."""
    if KINDS[kind].system != CITIZEN_SYSTEM or len(value) not in _CITIZEN_LENGTHS:
        return ()
    allowed = "0123456789"
    return tuple(
        place
        for place, character in enumerate(value, start=1)
        if character not in allowed and not (place > _CITIZEN_BODY and character == "X")
    )


@dataclass(frozen=True, slots=True)
class _Family:
    """The kinds that may stand under one system."""

    own: str  # the usual one, which nothing matching is taken for
    tried: tuple[str, ...]


def _families() -> dict[str, _Family]:
    """Read from the rows which kinds may stand under each system; its own come last."""
    systems = dict.fromkeys(kind.system for kind in KINDS.values())
    owns = {system: [name for name, kind in KINDS.items() if kind.system == system] for system in systems}
    return {
        system: _Family(own[0], tuple(dict.fromkeys([*(also for name in own for also in KINDS[name].also), *own])))
        for system, own in owns.items()
    }


_PASSPORTS: Final = KINDS["passport"].system
_FAMILIES: Final = _families()
