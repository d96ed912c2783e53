"""Promise 6: a hospital that she shut out gets the answer of a person of whom nobody else holds anything.

Two residents with the same deposits of County Hospital 2; one of them also has deposits of City
Hospital 1 and shut County Hospital 2 out.  What the doctor gets of both is the same, byte for byte,
after masking ids and times, which have fixed lengths.

Answers: M6, M23
"""

from __future__ import annotations

import json
import re
from datetime import date

import httpx
import pytest

from carecode.app import App
from carecode.disclosure.answers import Release
from carecode.disclosure.people import Organisation, Staff, herself
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import CodePurpose, Purpose, Requester, Resident, Role

COUNTY = Requester("county-2/system", Role.SYSTEM, "county-2", "A computer", "")
CITY = Requester("city-1/system", Role.SYSTEM, "city-1", "A computer", "")
MASKS = (
    (re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), b"<id>"),
    (re.compile(rb"[0-9a-f]{32}"), b"<patient>"),
    (re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+]00:00)"), b"<time>"),
    (re.compile(rb"X[AB]\d{6}"), b"<number>"),
)


def masked(text: bytes) -> bytes:
    for pattern, mark in MASKS:
        text = pattern.sub(mark, text)
    return text


def bundle(number: str, values: range) -> bytes:
    """One patient and some observations; equal but for the number, whose length is fixed."""
    entries = [
        {
            "fullUrl": "urn:uuid:patient",
            "resource": {
                "resourceType": "Patient",
                "identifier": [{"system": "urn:test:number", "value": number}],
                "name": [{"text": "李明"}],
                "gender": "male",
                "birthDate": "1970-01-01",
            },
            "request": {"method": "POST", "url": "Patient"},
        }
    ] + [
        {
            "fullUrl": f"urn:uuid:observation-{value}",
            "resource": {
                "resourceType": "Observation",
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
                "subject": {"reference": "urn:uuid:patient"},
                "effectiveDateTime": f"2026-01-{value:02d}",
                "valueQuantity": {"value": value, "unit": "%"},
            },
            "request": {"method": "POST", "url": "Observation"},
        }
        for value in values
    ]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


class Scene:
    """The doctor of County Hospital 2, and two residents who look the same to him."""

    def __init__(self, house: App, doctor: Requester, shut_out: Resident, plain: Resident) -> None:
        self.house = house
        self.doctor = doctor
        self.shut_out = shut_out
        self.plain = plain


@pytest.fixture
async def scene(house: App) -> Scene:
    for handle in ("county-2", "city-1"):
        await house.people.put_organisation(Organisation(handle, handle, handle, "hospital"))
    await house.people.put_staff(Staff("doctor", "county-2", Role.CLINICIAN, "Dr Zhao", "赵", "", ""))
    doctor = await house.people.staff("doctor")
    assert doctor is not None
    residents = []
    for number in ("XA000001", "XB000002"):
        person = Person("李明", "Li Ming", date(1970, 1, 1), "male", "")
        done = await house.index.enrol([parse("urn:test:number", number)], person, source="county-2", now=house.clock())
        residents.append(done.resident)
        await house.bundles.process(COUNTY, bundle(number, range(1, 4)))
        await house.gate.code_was_shown(doctor, done.resident, CodePurpose.OPEN_RECORD)
    await house.bundles.process(CITY, bundle("XA000001", range(10, 14)))
    return Scene(house, doctor, residents[0], residents[1])


async def opened(scene: Scene, resident: Resident) -> bytes:
    release = await scene.house.gate.open(scene.doctor, Purpose.TREAT, resident=resident)
    assert isinstance(release, Release)
    return masked(b"\n".join(body.json for body in release.bodies))


async def test_before_she_decides_the_other_hospital_is_seen(scene: Scene) -> None:
    """The control: without the refusal the two answers differ."""
    assert await opened(scene, scene.shut_out) != await opened(scene, scene.plain)


async def test_after_her_refusal_the_bytes_are_the_same(scene: Scene) -> None:
    await opened(scene, scene.shut_out)  # a receipt in force, which the refusal must void
    await scene.house.privacy.refuse(herself(scene.shut_out.id), "county-2")
    assert await opened(scene, scene.shut_out) == await opened(scene, scene.plain)


PATHS = (
    "Patient/{id}",
    "Patient/{id}/$everything",
    "Patient?identifier=urn:test:number|{number}",
    "Observation?patient={id}&code=http://loinc.org|4548-4&_sort=-date",
    "Observation?patient={id}&_count=2",
    "Condition?patient={id}",
    "Observation/00000000-0000-7000-8000-000000000000",
)


@pytest.mark.parametrize("path", PATHS)
async def test_every_fhir_answer_is_the_same(scene: Scene, http: httpx.AsyncClient, path: str) -> None:
    house = scene.house
    answers = []
    for resident, number in ((scene.shut_out, "XA000001"), (scene.plain, "XB000002")):
        token = await house.sessions.issue_bearer(
            house.clock(), purpose=Purpose.TREAT, staff="doctor", resident=resident.id
        )
        place = path.format(id=house.gate.patient_id(scene.doctor, resident), number=number)
        headers = {"Authorization": f"Bearer {token}"}
        await http.get(f"/fhir/{place}", headers=headers)  # under a receipt of the old decision
        await house.privacy.refuse(herself(scene.shut_out.id), "county-2")
        answer = await http.get(f"/fhir/{place}", headers=headers)
        kept = {name: value for name, value in answer.headers.items() if name not in {"date", "last-modified"}}
        answers.append((answer.status_code, masked(repr(kept).encode()), masked(answer.content)))
    assert answers[0] == answers[1]


async def test_a_write_is_answered_alike_before_and_after(scene: Scene, http: httpx.AsyncClient) -> None:
    """A clinician replaces what his own hospital deposited: her refusal changes nothing about it."""
    house = scene.house
    answers = []
    for resident in (scene.shut_out, scene.plain):
        token = await house.sessions.issue_bearer(
            house.clock(), purpose=Purpose.TREAT, staff="doctor", resident=resident.id
        )
        headers = {"Authorization": f"Bearer {token}"}
        number = house.gate.patient_id(scene.doctor, resident)
        for refused in (False, True):
            if refused:
                await house.privacy.refuse(herself(scene.shut_out.id), "county-2")
            found = (await http.get(f"/fhir/Observation?patient={number}&_sort=date", headers=headers)).json()
            own = next(
                entry["resource"] for entry in found["entry"] if entry["resource"]["valueQuantity"]["value"] <= 3
            )
            own.pop("meta")
            answer = await http.put(f"/fhir/Observation/{own['id']}", json=own, headers=headers)
            answers.append((answer.status_code, masked(answer.content).replace(b'"versionId":"3"', b'"versionId":"2"')))
    assert answers == [answers[0]] * 4
    assert answers[0][0] == 200


async def test_what_she_may_not_show_and_what_is_not_there_are_one_answer(
    scene: Scene, http: httpx.AsyncClient
) -> None:
    """A resource of the other hospital, by its true id, against an id that nobody has."""
    house = scene.house
    all_of_it = await house.gate.open(scene.doctor, Purpose.TREAT, resident=scene.shut_out)
    assert isinstance(all_of_it, Release)
    theirs = next(b.id for b in all_of_it.bodies if b.organisation == "city-1" and b.type == "Observation")
    await house.privacy.refuse(herself(scene.shut_out.id), "county-2")
    token = await house.sessions.issue_bearer(
        house.clock(), purpose=Purpose.TREAT, staff="doctor", resident=scene.shut_out.id
    )
    headers = {"Authorization": f"Bearer {token}"}
    hidden = await http.get(f"/fhir/Observation/{theirs}", headers=headers)
    nothing = await http.get("/fhir/Observation/01990000-0000-7000-8000-000000000000", headers=headers)
    assert (hidden.status_code, masked(hidden.content)) == (nothing.status_code, masked(nothing.content))
    assert hidden.status_code == 404
