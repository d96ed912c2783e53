"""What she closed is closed: her decisions against the real gate, the real log and the real rows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from carecode.app import App
from carecode.disclosure.answers import Release
from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.decisions import QUIETLY
from carecode.disclosure.delegationbook import Scope
from carecode.disclosure.people import Organisation, Staff, herself
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.errors import NotFoundError
from carecode.kernel.vocabulary import Category, CodePurpose, Purpose, Requester, Resident, Role

CITY = Requester("city-1/system", Role.SYSTEM, "city-1", "A computer", "")
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"


def bundle() -> bytes:
    """A visit with a result, beside an allergy of no visit."""

    def entry(name: str, resource: dict[str, object]) -> dict[str, object]:
        kind = resource["resourceType"]
        return {
            "fullUrl": f"urn:uuid:{name}",
            "resource": resource,
            "request": {"method": "POST", "url": kind},
        }

    visit = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "urn:uuid:patient"},
        "period": {"start": "2026-01-02T09:00:00Z", "end": "2026-01-02T10:00:00Z"},
    }
    result = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "4548-4"}]},
        "subject": {"reference": "urn:uuid:patient"},
        "encounter": {"reference": "urn:uuid:visit"},
        "effectiveDateTime": "2026-01-02",
        "valueQuantity": {"value": 7, "unit": "%"},
    }
    allergy = {
        "resourceType": "AllergyIntolerance",
        "code": {"coding": [{"system": SNOMED, "code": "91936005", "display": "Allergy to penicillin"}]},
        "patient": {"reference": "urn:uuid:patient"},
    }
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:test:number", "value": "XA000001"}],
        "name": [{"text": "李明"}],
        "gender": "female",
        "birthDate": "1970-01-01",
    }
    named: dict[str, Any] = {"patient": patient, "visit": visit, "result": result, "allergy": allergy}
    entries = [entry(name, resource) for name, resource in named.items()]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


class Scene:
    """Her record of City Hospital 1, a doctor of County Hospital 2 with an open window, and a helper."""

    def __init__(self, house: App, her: Resident, helper: Resident, doctor: Requester) -> None:
        self.house, self.her, self.helper, self.doctor = house, her, helper, doctor
        self.me = herself(her.id)
        self.quietly = replace(self.me, id=QUIETLY)

    async def seen(self, requester: Requester | None = None) -> set[str]:
        """Return the types of what a requester sees; nothing when refused."""
        asked = requester or self.doctor
        purpose = Purpose.PATRQT if asked.role is Role.RESIDENT else Purpose.TREAT
        opened = await self.house.gate.open(asked, purpose, resident=self.her)
        return {x.type for x in opened.bodies} if isinstance(opened, Release) else set()

    async def entry(self, kind: str) -> str:
        opened = await self.house.gate.open(self.me, Purpose.PATRQT, resident=self.her)
        assert isinstance(opened, Release)
        return next(x.id for x in opened.bodies if x.type == kind)

    async def decide(self, kind: Kind, choice: str, whom: str = "", about: str = "") -> UUID:
        made = await self.house.privacy.decide(self.me, Wish(kind, choice, whom, about))
        assert made is not None
        return made


ALL = {"Patient", "Encounter", "Observation", "AllergyIntolerance"}


@pytest.fixture
async def scene(house: App) -> Scene:
    for handle in ("county-2", "city-1"):
        await house.people.put_organisation(Organisation(handle, handle, handle, "hospital"))
    await house.people.put_staff(Staff("doctor", "county-2", Role.CLINICIAN, "Dr Zhao", "赵", "", ""))
    doctor = await house.people.staff("doctor")
    assert doctor is not None
    people = []
    for number in ("XA000001", "XB000002"):
        person = Person("李明", "Li Ming", date(1970, 1, 1), "female", "")
        done = await house.index.enrol([parse("urn:test:number", number)], person, source="x", now=house.clock())
        people.append(done.resident)
    await house.bundles.process(CITY, bundle())
    await house.gate.code_was_shown(doctor, people[0], CodePurpose.OPEN_RECORD)
    return Scene(house, people[0], people[1], doctor)


@pytest.mark.parametrize("choice", ["lock", "hide", "hide-open"])
async def test_a_closed_entry_is_closed_to_others_and_open_to_her(scene: Scene, choice: str) -> None:
    assert await scene.seen() == ALL == await scene.seen(scene.me)
    made = await scene.decide(Kind.ENTRY, choice, about=await scene.entry("Observation"))
    assert await scene.seen() == ALL - {"Observation"}
    assert await scene.seen(scene.me) == ALL
    assert await scene.seen(scene.quietly) == ALL - {"Observation"}
    await scene.house.privacy.undo(scene.me, made)
    assert await scene.seen() == ALL


@pytest.mark.parametrize("choice", ["lock", "hide", "keep"])
async def test_a_closed_visit_takes_along_what_came_of_it(scene: Scene, choice: str) -> None:
    made = await scene.decide(Kind.VISIT, choice, about=await scene.entry("Encounter"))
    assert await scene.seen() == {"Patient", "AllergyIntolerance"}
    await scene.house.privacy.undo(scene.me, made)
    assert await scene.seen() == ALL


async def test_an_entry_shown_in_a_hidden_visit_is_seen_and_hides_again_with_it(scene: Scene) -> None:
    await scene.decide(Kind.VISIT, "hide", about=await scene.entry("Encounter"))
    made = await scene.decide(Kind.ENTRY, "show", about=await scene.entry("Observation"))
    assert await scene.seen() == {"Patient", "AllergyIntolerance", "Observation"}
    await scene.house.privacy.undo(scene.me, made)
    assert await scene.seen() == {"Patient", "AllergyIntolerance"}


async def test_an_entry_that_is_not_hers_is_not_decided_about(scene: Scene) -> None:
    with pytest.raises(NotFoundError):
        await scene.decide(Kind.ENTRY, "hide", about=str(UUID(int=7)))
    assert await scene.house.privacy.history(scene.me) == []
    assert [x.basis for x in await scene.house.log.entries(scene.her) if x.action == "decide"] == []
    assert await scene.house.privacy.settle() == 0


async def test_a_summary_is_no_more_and_nobody_sees_that_it_is_one(scene: Scene) -> None:
    await scene.decide(Kind.INSTITUTION, "summary", "county-2")
    assert await scene.seen() == {"Patient", "AllergyIntolerance"}
    await scene.decide(Kind.CATEGORY, "close", about=str(int(Category.ALLERGIES)))
    assert await scene.seen() == {"Patient"}
    await scene.decide(Kind.PERSON, "refuse", "doctor")
    assert await scene.seen() == set()


async def test_a_delegate_sees_the_scope_nothing_hidden_and_nothing_once_ended(scene: Scene) -> None:
    """Nothing at all: not as herself, whose number the requester bears, either."""
    now, delegations = scene.house.clock(), scene.house.delegations
    code = await delegations.codes.offer(scene.helper.id, now)
    scope = Scope(frozenset({Category.DEMOGRAPHICS, Category.OBSERVATIONS, Category.ENCOUNTERS}))
    await delegations.grant(scene.me, code, scope, now)
    [asked] = await delegations.for_whom(scene.helper.id, now)
    await delegations.accept(scene.helper.id, asked.id, now)
    acting = await delegations.acting(scene.helper.id, scene.her, now)
    assert acting is not None
    assert await scene.seen(acting.requester) == {"Patient", "Encounter", "Observation"}
    await scene.decide(Kind.ENTRY, "lock", about=await scene.entry("Observation"))
    assert await scene.seen(acting.requester) == {"Patient", "Encounter"}
    looks = [x.entry for x in await scene.house.privacy.who_looked(scene.me) if x.entry.action == "disclose"]
    assert {(x.requester_name, x.requester_title, x.basis) for x in looks} == {
        ("李明 / Li Ming", "who acts for you", "delegate")
    }
    await delegations.end(scene.me, asked.id, now)
    assert await scene.seen(acting.requester) == set()
