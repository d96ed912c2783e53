"""A FHIR Patient read as a record to be matched: all her names, numbers, telephones and addresses as they were sent.

Pure.  Total for any JSON object: what is not of FHIR's form is left out, everything is bounded.  What the
index keeps as her card is read in ``patient.py``; this is what it compares.

Source: FHIR R4 Patient, HumanName, Address, ContactPoint; extension of ``_birthDate`` (text as given).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carecode.identity.identifiers import hospital_system
from carecode.identity.linking.contacts import Address
from carecode.identity.linking.names import Name
from carecode.identity.linking.standardise import Record, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from carecode.identity.identifiers import Identifier

NAMES_MAX: Final = 8
CONTACTS_MAX: Final = 8
ADDRESSES_MAX: Final = 4
LINES_MAX: Final = 4
TEXT_LENGTH_MAX: Final = 400
"""Characters of one text; what is longer is cut, it tells nobody apart."""

_PHONES: Final = frozenset({"phone", "sms"})
_OLD: Final = "old"


def record_of(patient: Mapping[str, Any], source: str, as_of: str = "") -> Record:
    """Read a Patient as ``source`` (the organisation's handle) sent it on the day ``as_of`` (ISO date).

    A number or telephone that is no longer hers is left out; a former name is kept, others may know her by it.

    >>> record_of({"name": [{"text": "林梅"}], "gender": "female", "birthDate": "1985-03-04"}, "county-2").sex
    'female'
    """
    identifiers = parsed(_numbers(patient))
    return Record(
        source=source,
        local_id=local_number(identifiers, source),
        identifiers=identifiers,
        names=tuple(_names(patient)),
        birth_date=_birth(patient),
        sex=_text(patient.get("gender")),
        phones=tuple(_phones(patient)),
        addresses=tuple(_addresses(patient)),
        as_of=as_of,
    )


def local_number(identifiers: tuple[Identifier, ...], source: str) -> str:
    """Return the source's own number of her, "" when it sent none.

    >>> local_number(parsed([(hospital_system("county-2"), "P-1")]), "county-2")
    'P-1'
    """
    own = hospital_system(source) if source else ""
    return next((one.value for one in identifiers if one.system == own), "")


def _numbers(patient: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in _objects(patient.get("identifier")):
        if one.get("use") != _OLD:
            yield _text(one.get("system")), _text(one.get("value"))


def _names(patient: Mapping[str, Any]) -> Iterator[Name]:
    for one in _objects(patient.get("name"))[:NAMES_MAX]:
        name = Name(_text(one.get("text")), _text(one.get("family")), " ".join(_texts(one.get("given"))))
        if name.text or name.family or name.given:
            yield name


def _birth(patient: Mapping[str, Any]) -> str:
    """Return the date as FHIR has it, else the text beside it: "about 1950", a lunar date."""
    said = _text(patient.get("birthDate"))
    beside = patient.get("_birthDate")
    if said or not isinstance(beside, dict):
        return said
    return next((text for one in _objects(beside.get("extension")) if (text := _text(one.get("valueString")))), "")


def _phones(patient: Mapping[str, Any]) -> Iterator[str]:
    for one in _objects(patient.get("telecom"))[:CONTACTS_MAX]:
        text = _text(one.get("value"))
        if text and _text(one.get("system")) in _PHONES and one.get("use") != _OLD:
            yield text


def _addresses(patient: Mapping[str, Any]) -> Iterator[Address]:
    for one in _objects(patient.get("address"))[:ADDRESSES_MAX]:
        if one.get("use") == _OLD:
            continue
        yield Address(
            text=_text(one.get("text")),
            lines=_texts(one.get("line")),
            district=_text(one.get("district")),
            city=_text(one.get("city")),
            state=_text(one.get("state")),
            postcode=_text(one.get("postalCode")),
        )


def _text(value: object) -> str:
    return value[:TEXT_LENGTH_MAX] if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    found = value if isinstance(value, list) else []
    return tuple(text for one in found[:LINES_MAX] if (text := _text(one)))


def _objects(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
