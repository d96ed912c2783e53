"""Who a resident is: the few facts on her card, how they are compared, and how they are written down.

Pure: values in, values out.  Names are kept as given (NFC, never rewritten) and folded only to be
compared: the dots of long names and all spaces vary from one reader to the next, and letters from
one keyboard to the next.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import msgspec

from carecode.identity.identifiers import Identifier, birth_date_in, sex_in

NAME_LENGTH_MAX: Final = 200
PHONE_LENGTH_MAX: Final = 32
SEXES: Final = ("male", "female", "other", "unknown")  # FHIR R4 administrative-gender

BIRTH_DATE_AGAINST_NUMBER: Final = "The date of birth is not the one in the number. Compare both with the card."
SEX_AGAINST_NUMBER: Final = "The sex is not the one in the number. Compare both with the card."
NAME_AGAINST_INDEX: Final = "The name is not the one known for this number. Compare it with the card."
BIRTH_DATE_AGAINST_INDEX: Final = "The date of birth is not the one known for this number. Compare it with the card."
SEX_AGAINST_INDEX: Final = "The sex is not the one known for this number. Compare it with the card."

# Card readers write the dot of a long name in many ways; NFKC unifies few of them.
_NAME_NOISE: Final = re.compile(r"[\s.'’*·•‧∙⋅●・･．\-]+")
_PHONE_NOISE: Final = re.compile(r"[^0-9]+")
_PHONE_PREFIXES: Final = ("0086", "86")
_PHONE_LENGTH: Final = 11


@dataclass(frozen=True, slots=True)
class Person:
    """The facts of one resident's card.  Any may be missing: "", None or "unknown"."""

    name: str = field(repr=False)
    name_latin: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    sex: str = field(repr=False)  # FHIR administrative-gender
    phone: str = field(repr=False)


def fold_name(name: str) -> str:
    """Fold a name for comparison: width, case, spaces and dots.

    >>> fold_name("Lin  MEI") == fold_name("ｌｉｎ mei")
    True
    """
    return _NAME_NOISE.sub("", unicodedata.normalize("NFKC", name).casefold())


def fold_phone(phone: str) -> str:
    """Fold a telephone number for comparison: digits only, without China's country code.

    >>> fold_phone("+86 100 0000 0123")
    '10000000123'
    """
    digits = _PHONE_NOISE.sub("", unicodedata.normalize("NFKC", phone))
    for prefix in _PHONE_PREFIXES:
        if digits.startswith(prefix) and len(digits) == len(prefix) + _PHONE_LENGTH:
            return digits[len(prefix) :]
    return digits


def clean(person: Person) -> Person:
    """Trim what was typed, bring names to NFC and an unknown word for sex to "unknown"."""
    return Person(
        unicodedata.normalize("NFC", person.name).strip()[:NAME_LENGTH_MAX],
        unicodedata.normalize("NFC", person.name_latin).strip()[:NAME_LENGTH_MAX],
        person.birth_date,
        person.sex if person.sex in SEXES else "unknown",
        person.phone.strip()[:PHONE_LENGTH_MAX],
    )


def complete(known: Person, given: Person) -> Person:
    """Fill what is not known yet from what is given; what is known stays."""
    return replace(
        known,
        name=known.name or given.name,
        name_latin=known.name_latin or given.name_latin,
        birth_date=known.birth_date or given.birth_date,
        sex=given.sex if known.sex == "unknown" else known.sex,
        phone=known.phone or given.phone,
    )


def differences(known: Person, given: Person) -> tuple[str, ...]:
    """List what differs between two sets of facts, as sentences; a missing fact never differs."""
    return tuple(
        sentence
        for differs, sentence in (
            (_names_differ(known, given), NAME_AGAINST_INDEX),
            (_known_and_different(known.birth_date, given.birth_date), BIRTH_DATE_AGAINST_INDEX),
            (_sexes_differ(known.sex, given.sex), SEX_AGAINST_INDEX),
        )
        if differs
    )


def are_two_people(known: Person, given: Person) -> bool:
    """Say whether name, date of birth and sex all differ: then a number was typed for someone else."""
    return len(differences(known, given)) == len((NAME_AGAINST_INDEX, BIRTH_DATE_AGAINST_INDEX, SEX_AGAINST_INDEX))


def against_numbers(person: Person, identifiers: Sequence[Identifier]) -> tuple[str, ...]:
    """Compare the given birth date and sex with those that the numbers themselves carry."""
    births = {birth for identifier in identifiers if (birth := birth_date_in(identifier))}
    sexes = {sex for identifier in identifiers if (sex := sex_in(identifier))}
    return tuple(
        sentence
        for differs, sentence in (
            (person.birth_date is not None and bool(births - {person.birth_date}), BIRTH_DATE_AGAINST_NUMBER),
            (any(_sexes_differ(sex, person.sex) for sex in sexes), SEX_AGAINST_NUMBER),
        )
        if differs
    )


def search_parts(person: Person) -> list[tuple[bytes, bytes, bytes]]:
    """List the (name, date of birth, phone) triples under which the person is found exactly."""
    phone = fold_phone(person.phone)
    if person.birth_date is None or not phone:
        return []
    born = person.birth_date.isoformat().encode()
    names = {fold_name(person.name), fold_name(person.name_latin)} - {""}
    return [(name.encode(), born, phone.encode()) for name in sorted(names)]


def to_bytes(person: Person) -> bytes:
    """Write the facts as JSON, UTF-8."""
    return msgspec.json.encode(person)


def from_bytes(data: bytes) -> Person:
    """Read what ``to_bytes`` wrote."""
    return msgspec.json.decode(data, type=Person)


def _names_differ(known: Person, given: Person) -> bool:
    """Compare names script by script; one script that agrees is enough."""
    pairs = [
        (fold_name(known.name), fold_name(given.name)),
        (fold_name(known.name_latin), fold_name(given.name_latin)),
    ]
    comparable = [(one, other) for one, other in pairs if one and other]
    return bool(comparable) and all(one != other for one, other in comparable)


def _known_and_different(known: date | None, given: date | None) -> bool:
    return known is not None and given is not None and known != given


def _sexes_differ(known: str, given: str) -> bool:
    certain = ("male", "female")
    return known in certain and given in certain and known != given
