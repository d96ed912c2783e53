"""A FHIR Patient read as a person of the index: her numbers and the few facts of her card.

Source: FHIR R4 Patient (identifier, name, birthDate, gender, telecom), HumanName.use.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from carecode.exchange.refusals import SentRefusedError
from carecode.identity import identifiers
from carecode.identity.identifiers import Identifier
from carecode.identity.index import IDENTIFIERS_MAX
from carecode.identity.person import Person
from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME_USES: Final = ("official", "usual", None)  # the first that there is; never "old" or "maiden"
_HAN: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]")


def numbers(patient: Mapping[str, Any]) -> list[Identifier]:
    """Parse every identifier that has a system and a value; one that is no longer hers is left out.

    SentRefusedError ``patient-identifier`` when none is left: nobody could be found again.
    """
    found: dict[tuple[str, str], Identifier] = {}
    for index, sent in enumerate(_objects(patient.get("identifier"))):
        system, value = sent.get("system"), sent.get("value")
        if not isinstance(system, str) or not isinstance(value, str) or sent.get("use") == "old":
            continue
        try:
            number = identifiers.parse(system, value)
        except InvalidInputError as error:
            raise SentRefusedError(error.code, error.message, f"identifier[{index}]", "value") from None
        found[number.system, number.value] = number
        if len(found) > IDENTIFIERS_MAX:
            raise SentRefusedError(
                "identifiers-too-many",
                f"A Patient has at most {IDENTIFIERS_MAX} identifiers.",
                "identifier",
                "too-costly",
            )
    if not found:
        raise SentRefusedError(
            "patient-identifier",
            "A Patient has at least one identifier with system and value.",
            "identifier",
            "required",
        )
    return list(found.values())


def person(patient: Mapping[str, Any]) -> Person:
    """Read name (Chinese and Latin apart), birth date, sex and telephone; what is missing stays empty."""
    name, name_latin = "", ""
    for text in _names(patient):
        if _HAN.search(text):
            name = name or text
        else:
            name_latin = name_latin or text
    sex = patient.get("gender")
    return Person(
        name or name_latin,
        name_latin,
        _birth_date(patient),
        sex if isinstance(sex, str) else "unknown",
        _phone(patient),
    )


def _names(patient: Mapping[str, Any]) -> Iterator[str]:
    names = _objects(patient.get("name"))
    for use in _NAME_USES:
        yield from (text for name in names if name.get("use") == use and (text := _written(name)))


def _written(name: Mapping[str, Any]) -> str:
    """Write a HumanName: its text, or family and given names in the order of their script."""
    text = name.get("text")
    if isinstance(text, str) and text:
        return text
    family = name.get("family")
    family = family if isinstance(family, str) else ""
    parts = name.get("given")
    given = [part for part in parts if isinstance(part, str)] if isinstance(parts, list) else []
    if _HAN.search(family):
        return family + "".join(given)
    return " ".join((*given, family)).strip()


def _birth_date(patient: Mapping[str, Any]) -> date | None:
    """Read a whole date; a mere year or month is not her birth date."""
    sent = patient.get("birthDate")
    try:
        return date.fromisoformat(sent) if isinstance(sent, str) else None
    except ValueError:
        return None


def _phone(patient: Mapping[str, Any]) -> str:
    for contact in _objects(patient.get("telecom")):
        value = contact.get("value")
        if contact.get("system") == "phone" and contact.get("use") != "old" and isinstance(value, str):
            return value
    return ""


def _objects(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
