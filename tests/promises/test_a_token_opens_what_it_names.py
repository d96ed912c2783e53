"""A session and a token open what they were given for: one area, one resident, her last decision.

Answers: M12, M20
"""

from __future__ import annotations

import asyncio
from datetime import date

import httpx
import pytest

from carecode.app import App
from carecode.disclosure.answers import Query, Release
from carecode.disclosure.people import Organisation, Staff, herself
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import CodePurpose, Purpose, Requester, Resident, Role
from tests.promises.test_a_restriction_looks_like_absence import CITY, COUNTY, bundle


async def hospital(house: App) -> Requester:
    for handle in ("county-2", "city-1"):
        await house.people.put_organisation(Organisation(handle, handle, handle, "hospital"))
    await house.people.put_staff(Staff("doctor", "county-2", Role.CLINICIAN, "Dr Zhao", "赵", "", ""))
    doctor = await house.people.staff("doctor")
    assert doctor is not None
    return doctor


async def resident(house: App, number: str) -> Resident:
    person = Person("李明", "", date(1970, 1, 1), "male", "")
    done = await house.index.enrol([parse("urn:test:number", number)], person, source="x", now=house.clock())
    return done.resident


async def test_a_token_for_one_resident_opens_no_other_even_under_her_receipt(
    house: App, http: httpx.AsyncClient
) -> None:
    doctor = await hospital(house)
    first, second = await resident(house, "XA000001"), await resident(house, "XB000002")
    for number, one in (("XA000001", first), ("XB000002", second)):
        await house.bundles.process(COUNTY, bundle(number, range(1, 3)))
        await house.gate.code_was_shown(doctor, one, CodePurpose.OPEN_RECORD)
        opened = await house.gate.open(doctor, Purpose.TREAT, resident=one)  # both receipts are in force
        assert isinstance(opened, Release)
    token = await house.sessions.issue_bearer(house.clock(), purpose=Purpose.TREAT, staff="doctor", resident=first.id)
    headers = {"Authorization": f"Bearer {token}"}
    own = await http.get("/fhir/Patient?identifier=urn:test:number|XA000001", headers=headers)
    other = await http.get("/fhir/Patient?identifier=urn:test:number|XB000002", headers=headers)
    assert (own.json()["total"], other.json()["total"]) == (1, 0)
    number = house.gate.patient_id(doctor, second)
    assert (await http.get(f"/fhir/Patient/{number}/$everything", headers=headers)).status_code == 404
    bound = await house.sessions.bearer(token, house.clock())
    assert bound is not None
    assert (await house.gate.fetch(bound, second, Query())).total == 0


async def test_a_session_is_good_in_its_own_area_only(house: App, http: httpx.AsyncClient) -> None:
    await hospital(house)
    await house.people.put_staff(Staff("cashier", "county-2", Role.CASHIER, "Gao Lan", "高岚", "", ""))
    her = await resident(house, "XA000001")
    hers = await house.sessions.sign_in(house.clock(), resident=her.id)
    cashier = await house.sessions.sign_in(house.clock(), staff="cashier")
    before = await house.index.count()
    for token, area in ((hers, "desk"), (hers, "clinic"), (cashier, "desk"), (cashier, "clinic"), (cashier, "my")):
        answer = await http.get(f"/{area}", headers={"cookie": f"carecode_{area}={token}"})
        assert answer.status_code == 403, (area, answer.status_code)
    answer = await http.post(
        "/desk/enrol",
        headers={"cookie": f"carecode_desk={hers}", "origin": "http://localhost:8000"},
        data={"name": "新人", "kind": "passport", "number": "E7654321"},
    )
    assert answer.status_code == 403
    assert await house.index.count() == before
    assert (await http.get("/cashier", headers={"cookie": f"carecode_cashier={cashier}"})).status_code == 200


async def test_a_refusal_while_a_doctor_opens_leaves_him_no_wider_receipt(house: App) -> None:
    """Both at once, many times: afterwards he never reads what another hospital wrote."""
    doctor = await hospital(house)
    for round_ in range(10):
        number = f"XA{round_:06d}"
        her = await resident(house, number)  # no log entry yet: her first one may be the refusal
        await house.bundles.process(CITY, bundle(number, range(1, 3)))
        await house.gate.code_was_shown(doctor, her, CodePurpose.OPEN_RECORD)
        await asyncio.gather(
            *(house.gate.open(doctor, Purpose.TREAT, resident=her) for _ in range(4)),
            house.privacy.refuse(herself(her.id), "county-2"),
            *(house.gate.open(doctor, Purpose.TREAT, resident=her) for _ in range(4)),
        )
        assert (await house.gate.fetch(doctor, her, Query())).total == 0


async def test_a_receipt_from_before_her_first_entry_is_void_after_a_refusal(house: App) -> None:
    doctor = await hospital(house)
    her = await resident(house, "XA000009")
    state = await house.decisions.state(her, doctor, house.clock())
    await house.log.void(her)  # her chain has no entry yet
    with pytest.raises(Exception, match="changed a decision"):
        await house.log.seal(her, doctor, Purpose.TREAT, [], "code", decided_at=state.decided_at)


async def test_only_a_desk_makes_a_code_that_adds_a_phone_and_she_is_told(house: App) -> None:
    doctor = await hospital(house)
    await house.people.put_staff(Staff("desk", "county-2", Role.DESK, "Xu Ning", "徐宁", "", ""))
    desk = await house.people.staff("desk")
    assert desk is not None
    her = await resident(house, "XA000001")
    with pytest.raises(RefusedError):
        await house.phones.code_for(doctor, her, house.clock())
    await house.phones.code_for(desk, her, house.clock())
    looks = await house.privacy.who_looked(herself(her.id))
    assert [(look.entry.requester_name, look.entry.basis) for look in looks] == [("Xu Ning", "phone code")]
