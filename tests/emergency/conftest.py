"""A house with two hospitals and an authority, their officers, a resident with a record, and a clock to set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from carecode.app import App
from carecode.audit.notes import COSIGNATURE, Checkpoint, cosign, public_key, split
from carecode.audit.witnesses import Address, Demand
from carecode.crypto.keyring import KeyRing
from carecode.disclosure.people import Organisation, Staff, herself
from carecode.disclosure.watch import Watch
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import PLATFORM, Purpose, Requester, Resident, Role
from carecode.store.database import Database

WITNESS = "witness.example/w1"
WITNESS_SEED = bytes(range(32))
WORDS = "Brought in unconscious after a fall."


class Clock:
    """The real time, moved by a test."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass
class Scene:
    """Who is there."""

    house: App
    clock: Clock
    watch: Watch
    resident: Resident
    other: Resident
    doctor: Requester
    colleague: Requester
    officer: Requester
    second: Requester  # another officer of the same hospital
    stranger: Requester  # an officer of City Hospital 1
    judge: Requester  # an officer of an authority
    platform: Requester

    @property
    def now(self) -> datetime:
        return self.clock()

    @property
    def herself(self) -> Requester:
        return herself(self.resident.id)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def house(database: Database, ring: KeyRing, clock: Clock) -> App:
    """Every door of the house, with a clock that a test moves."""
    # a quorum of none: a test moves the clock by days, in which no witness is asked
    witness = Address(public_key(WITNESS, COSIGNATURE, WITNESS_SEED), "http://witness.example")
    return App(database, ring, clock, None, Demand((witness,), 0, 60))


async def let_it_be_public(house: App) -> None:
    """Take what waits into the public log, and have its witness cosign that."""
    await house.sequencer.step()
    text, _ = split(await house.public_log.checkpoint())
    line = cosign(text, WITNESS, WITNESS_SEED, int(datetime.now(UTC).timestamp()))
    await house.public_log.add_cosignature(Checkpoint.parse(text).size, line)


async def enrol(house: App, number: str, name: str) -> Resident:
    person = Person(name, "Li Ming", date(1970, 1, 1), "female", "")
    return (await house.index.enrol([parse("passport", number)], person, source="x", now=house.clock())).resident


async def staffed(house: App, handle: str, organisation: str, role: Role, name: str) -> Requester:
    await house.people.put_staff(Staff(handle, organisation, role, name, name, "emergency", "急诊"))
    found = await house.people.staff(handle)
    assert found is not None
    return found


@pytest.fixture
async def scene(house: App, clock: Clock) -> Scene:
    for handle, name, kind in (
        (PLATFORM, "CareCode", "platform"),
        ("county-2", "County Hospital 2", "hospital"),
        ("city-1", "City Hospital 1", "hospital"),
        ("court", "District Court", "authority"),
    ):
        await house.people.put_organisation(Organisation(handle, name, name, kind))
    await house.people.mark_demo()
    made = Scene(
        house,
        clock,
        house.watch,
        await enrol(house, "E12345678", "李明"),
        await enrol(house, "E12345679", "王芳"),
        await staffed(house, "zhou", "county-2", Role.CLINICIAN, "Dr Zhou Min"),
        await staffed(house, "ren", "county-2", Role.CLINICIAN, "Dr Ren Bo"),
        await staffed(house, "tan", "county-2", Role.OFFICER, "Tan Hui"),
        await staffed(house, "sun", "county-2", Role.OFFICER, "Sun Li"),
        await staffed(house, "xia", "city-1", Role.OFFICER, "Xia Rui"),
        await staffed(house, "judge", "court", Role.OFFICER, "Judge Fan"),
        await staffed(house, "root", PLATFORM, Role.OFFICER, "Kong Yi"),
    )
    await deposit(made, "city-1", "allergy")
    return made


def bundle(number: str, *resources: dict[str, Any]) -> bytes:
    """One patient by her passport, and resources about her."""
    patient = {
        "resourceType": "Patient",
        "identifier": [{"type": {"coding": [{"code": "PPN"}]}, "system": "passport", "value": number}],
        "name": [{"text": "李明"}],
        "birthDate": "1970-01-01",
    }
    return json.dumps(
        {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {"fullUrl": "urn:uuid:p", "resource": patient, "request": {"method": "POST", "url": "Patient"}},
                *(
                    {
                        "fullUrl": f"urn:uuid:{i}",
                        "resource": one,
                        "request": {"method": "POST", "url": one["resourceType"]},
                    }
                    for i, one in enumerate(resources)
                ),
            ],
        }
    ).encode()


SUBJECT = {"reference": "urn:uuid:p"}
ALLERGY: dict[str, Any] = {
    "resourceType": "AllergyIntolerance",
    "patient": SUBJECT,
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "91936005", "display": "Penicillin"}]},
}
LETTER: dict[str, Any] = {
    "resourceType": "DocumentReference",
    "status": "current",
    "subject": SUBJECT,
    "type": {"coding": [{"system": "http://loinc.org", "code": "18842-5"}]},
    "content": [{"attachment": {"title": "Letter"}}],
}


def admission(kind: str, begins: datetime, ends: datetime | None = None) -> dict[str, Any]:
    period = {"start": begins.isoformat()} | ({"end": ends.isoformat()} if ends else {})
    code = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": kind}
    return {"resourceType": "Encounter", "status": "finished", "class": code, "subject": SUBJECT, "period": period}


async def deposit(scene: Scene, organisation: str, *what: str | dict[str, Any]) -> None:
    """Write into the resident's record as an institution's machine."""
    known: dict[str, dict[str, Any]] = {"allergy": ALLERGY, "letter": LETTER}
    resources = [known[one] if isinstance(one, str) else one for one in what]
    machine = Requester(f"{organisation}/system", Role.SYSTEM, organisation, "A computer", purpose=Purpose.TREAT)
    await scene.house.bundles.process(machine, bundle("E12345678", *resources))
