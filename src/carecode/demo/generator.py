"""The generator of the demo town: people, their numbers and ten years of visits, one household at a time.

Pure: the same seed, size and day make the same town.  ``generate`` is lazy; a hundred thousand
residents never stand in memory together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Final

import msgspec

from carecode.demo.body import Body
from carecode.demo.cast import ORGANISATIONS
from carecode.demo.chance import Chance
from carecode.demo.conditions import CHRONIC
from carecode.demo.names import split_name
from carecode.demo.numbers import (
    PEOPLE_MAX,
    birth_certificate,
    citizen_number,
    hospital_number,
    insurance_number,
    old_citizen_number,
)
from carecode.demo.people import Sketch, households
from carecode.demo.plans import occasions
from carecode.demo.story import tell
from carecode.demo.terms import Json
from carecode.demo.visit import PATIENT, Visit, urn
from carecode.demo.writing import Chart, write
from carecode.kernel.errors import InvalidInputError

EN_REPRESENTATION: Final = "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation"
_NUMBERLESS_DAYS: Final = 30  # a newborn has no citizen number yet
_OLD_CARD_YEAR: Final = 1955  # people born before still show their 15-digit number
_UNNAMED: Final = "Baby of "
_SAMPLE_DAY: Final = date(2026, 11, 1)


@dataclass(frozen=True, slots=True)
class GeneratedVisit:
    """What one institution writes about one visit: FHIR R4 resources, see ``visit.py`` for their references."""

    organisation: str  # handle
    date: date
    resources: list[Json] = field(repr=False)


@dataclass(frozen=True, slots=True)
class GeneratedPerson:
    """One resident with her numbers and visits, oldest first."""

    handle: str | None  # of the cast, with its @
    name: str
    name_latin: str
    birth_date: date
    sex: str  # FHIR administrative-gender
    phone: str  # "" for who has none
    identifiers: list[tuple[str, str]]  # (system, value)
    visits: list[GeneratedVisit] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Household:
    """People who live together."""

    number: int
    people: tuple[GeneratedPerson, ...]


def generate(seed: int, residents: int, today: date) -> Iterator[Household]:
    """Yield the town's households until ``residents`` people have come; the cast always comes, and first.

    Raises InvalidInputError above PEOPLE_MAX.  About 5 ms a resident.

    >>> first = next(generate(1, 5, date(2026, 11, 23)))
    >>> [person.handle for person in first.people]
    ['@resident', '@elder']
    """
    if not 0 <= residents <= PEOPLE_MAX:
        raise InvalidInputError("town-size", f"A demo town has at most {PEOPLE_MAX} residents.")
    return _generate(seed, residents, today)


def patient_of(person: GeneratedPerson) -> Json:
    """Write a person's Patient resource, with every number of hers; the cast's as anybody's."""
    patient: Json = {
        "resourceType": "Patient",
        "identifier": [{"system": system, "value": value} for system, value in person.identifiers],
        "active": True,
        "name": _names(person),
        "gender": person.sex,
        "birthDate": person.birth_date.isoformat(),
        "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "zh-CN"}]}}],
    }
    if person.phone:
        patient["telecom"] = [{"system": "phone", "value": person.phone, "use": "mobile"}]
    return patient


def _names(person: GeneratedPerson) -> list[Json]:
    """Write both scripts of a name; a newborn's, taken from the mother's, is not taken apart."""
    spelled: Json = {"extension": [{"url": EN_REPRESENTATION, "valueCode": "SYL"}], "text": person.name_latin}
    if person.name_latin.startswith(_UNNAMED):
        return [{"use": "temp", "text": person.name}, spelled | {"use": "temp"}]
    family, given = split_name(person.name)
    family_latin, _, given_latin = person.name_latin.partition(" ")
    return [
        {"use": "official", "text": person.name, "family": family, "given": [given]},
        spelled | {"use": "usual", "family": family_latin, "given": [given_latin]},
    ]


def bundle_of(person: GeneratedPerson, visit: GeneratedVisit) -> Json:
    """Write one visit as a FHIR transaction; its first entry is the patient, known as PATIENT."""
    entries: list[Json] = [
        {
            "fullUrl": PATIENT,
            "resource": patient_of(person),
            "request": {"method": "POST", "url": "Patient"},
        }
    ]
    entries += [
        {
            "fullUrl": urn(resource),
            "resource": resource,
            "request": {"method": "POST", "url": resource["resourceType"]},
        }
        for resource in visit.resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def sample_bodies(seed: int, count: int) -> list[bytes]:
    """Write ``count`` resources as compact JSON, to train a compression dictionary on.

    The mix of types is the town's own.  References to the patient read PATIENT, as everywhere here.
    """
    resources = (
        resource
        for household in generate(seed, PEOPLE_MAX, _SAMPLE_DAY)
        for person in household.people
        for visit in person.visits
        for resource in visit.resources
    )
    return [msgspec.json.encode(resource) for resource in islice(resources, count)]


def _generate(seed: int, residents: int, today: date) -> Iterator[Household]:
    for number, members in enumerate(households(seed, residents, today)):
        yield Household(number, tuple(_person(seed, sketch, today) for sketch in members))


def _person(seed: int, sketch: Sketch, today: date) -> GeneratedPerson:
    """Write everything about one resident."""
    chance = Chance.of(seed, "person", sketch.number)
    conditions = [(CHRONIC[key], onset) for key, onset in sketch.conditions]
    chart = Chart(sketch, Body(chance, sketch.sex, sketch.birth_date, conditions), chance, today)
    if sketch.handle == "@resident":
        visits = tell(chart)
    else:
        visits = [write(chart, occasion) for occasion in occasions(sketch, chance, today)]
    return GeneratedPerson(
        handle=sketch.handle,
        name=sketch.name,
        name_latin=sketch.name_latin,
        birth_date=sketch.birth_date,
        sex=sketch.sex,
        phone=sketch.phone,
        identifiers=_identifiers(sketch, visits, today),
        visits=[GeneratedVisit(visit.organisation, visit.at.date(), visit.resources) for visit in visits],
    )


def _identifiers(sketch: Sketch, visits: list[Visit], today: date) -> list[tuple[str, str]]:
    """List her numbers, the one that proves most first, then each institution's own."""
    numbers: list[tuple[str, str]] = []
    if (today - sketch.birth_date).days > _NUMBERLESS_DAYS:
        number = citizen_number(sketch.number, sketch.birth_date, sketch.sex)
        numbers.append(number)
        if sketch.birth_date.year < _OLD_CARD_YEAR:
            numbers.append(old_citizen_number(number))
        numbers.append(insurance_number(sketch.number))
    else:
        numbers.append(birth_certificate(sketch.number))
    been = {visit.organisation for visit in visits}
    numbers += [hospital_number(sketch.number, each.handle) for each in ORGANISATIONS if each.handle in been]
    return numbers
