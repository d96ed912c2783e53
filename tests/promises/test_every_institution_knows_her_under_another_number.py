"""Promise 9: pseudonyms per institution; the platform's own numbers never leave.

Answers: M3
"""

from __future__ import annotations

import json
from datetime import date

import httpx

from carecode.app import App
from carecode.disclosure.people import Organisation, Staff
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import CodePurpose, Purpose, Role
from carecode.store.database import Target
from tests.promises.test_a_stolen_copy_shows_nobody import SYSTEM, deposit
from tests.promises.wall import as_administrator


async def test_two_institutions_get_two_numbers_and_never_ours(
    house: App, http: httpx.AsyncClient, target: Target
) -> None:
    now = house.clock()
    person = Person("欧阳兰", "", date(1951, 2, 3), "female", "")
    her = (await house.index.enrol([parse("urn:canary", "CANARY7731905")], person, source="x", now=now)).resident
    await house.people.put_organisation(Organisation("county-2", "County", "县", "hospital"))
    await house.bundles.process(SYSTEM, deposit())
    numbers, texts = set(), []
    for handle in ("county-2", "city-1", "east-clinic"):
        await house.people.put_organisation(Organisation(handle, handle, handle, "hospital"))
        await house.people.put_staff(Staff(f"doctor-{handle}", handle, Role.CLINICIAN, "Dr", "医", "", ""))
        doctor = await house.people.staff(f"doctor-{handle}")
        assert doctor is not None
        await house.gate.code_was_shown(doctor, her, CodePurpose.OPEN_RECORD)
        token = await house.sessions.issue_bearer(now, purpose=Purpose.TREAT, staff=doctor.id, resident=her.id)
        number = house.gate.patient_id(doctor, her)
        answer = await http.get(f"/fhir/Patient/{number}/$everything", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200
        numbers.add(number)
        texts.append(answer.text + json.dumps(dict(answer.headers)))
    assert len(numbers) == 3
    ours = [str(her.id), *(str(key) for key in her.keys), str(await house.index.bearer_of(her.id))]
    rows = await as_administrator(target, "SELECT DISTINCT receipt::text AS one FROM audit.entry")
    ours += [row["one"] for row in rows]
    for place, text in enumerate(texts):
        for one in ours:
            assert one not in text
            assert one.replace("-", "") not in text
        assert sum(number in text for number in numbers) == 1, place


async def test_a_number_of_one_institution_means_nothing_to_another(house: App, http: httpx.AsyncClient) -> None:
    now = house.clock()
    person = Person("欧阳兰", "", date(1951, 2, 3), "female", "")
    her = (await house.index.enrol([parse("urn:canary", "C-1")], person, source="x", now=now)).resident
    tokens = {}
    for handle in ("county-2", "city-1"):
        await house.people.put_organisation(Organisation(handle, handle, handle, "hospital"))
        await house.people.put_staff(Staff(f"machine-{handle}", handle, Role.SYSTEM, "m", "m", "", ""))
        tokens[handle] = await house.sessions.issue_bearer(now, purpose=Purpose.TREAT, staff=f"machine-{handle}")
    county = await house.people.staff("machine-county-2")
    assert county is not None
    number = house.gate.patient_id(county, her)
    foreign = await http.get(f"/fhir/Patient/{number}", headers={"Authorization": f"Bearer {tokens['city-1']}"})
    nobody = await http.get(f"/fhir/Patient/{'0' * 32}", headers={"Authorization": f"Bearer {tokens['city-1']}"})
    assert foreign.status_code == nobody.status_code == 404
    assert foreign.content == nobody.content
