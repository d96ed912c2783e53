"""Patient/$match: one person or nobody, and it is told to her."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from carecode.api.match import GRADE
from carecode.identity.identifiers import CITIZEN_SYSTEM, INSURANCE_SYSTEM
from carecode.kernel.vocabulary import Purpose
from tests.api.conftest import DOCTOR, MACHINE, OTHER_MACHINE, Served
from tests.api.register import (
    CITY,
    COUNTY,
    citizen,
    fed,
    her,
    known_to_both,
    looks,
    person,
    refuse,
    registrar,
    without,
)

MATCH = "/fhir/Patient/$match"


async def asked(client: httpx.AsyncClient, patient: dict[str, Any], **more: object) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [{"name": "resource", "resource": patient}]
    rows += [{"name": name, f"value{'Boolean' if isinstance(value, bool) else 'Integer'}": value}
             for name, value in more.items()]  # fmt: skip
    answer = await client.post(MATCH, json={"resourceType": "Parameters", "parameter": rows})
    assert answer.status_code == 200, answer.text
    bundle: dict[str, Any] = answer.json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    return bundle


async def test_she_is_found_with_her_card_and_the_askers_own_number(served: Served) -> None:
    county, city = await known_to_both(served)
    async with await registrar(served) as client:
        for question in (person(7), without(person(7), "name", "gender", "birthDate", "telecom", "address")):
            bundle = await asked(client, question, onlyCertainMatches=True, count=1)
            (entry,) = bundle["entry"]
            found = entry["resource"]
            assert entry["fullUrl"].endswith(f"/fhir/Patient/{found['id']}")
            assert entry["search"]["mode"] == "match"
            assert entry["search"]["extension"] == [{"url": GRADE, "valueCode": "certain"}]
            assert 0.99 < entry["search"]["score"] <= 1
            assert found["id"] == county != city
            assert set(found) == {"resourceType", "id", "identifier", "active", "name", "gender", "birthDate"}
            assert (found["name"][0]["text"], found["birthDate"], found["gender"]) == (
                "欧阳若兰", "1985-03-04", "female",
            )  # fmt: skip
            shown = {(one["system"], one["value"]) for one in found["identifier"]}
            assert shown == {(COUNTY, "C-7"), (CITIZEN_SYSTEM, citizen(7))}


async def test_she_is_found_without_a_number_and_none_is_told(served: Served) -> None:
    await known_to_both(served)
    question = without(person(7), "identifier")
    async with await registrar(served) as client:
        (entry,) = (await asked(client, question))["entry"]
    assert entry["resource"]["identifier"] == [{"system": COUNTY, "value": "C-7"}]


async def test_an_insurance_number_finds_her_and_is_not_repeated(served: Served) -> None:
    insured = (INSURANCE_SYSTEM, "DEMO00000007")
    await fed(served, person(7, (COUNTY, "C-7"), insured), (COUNTY, "C-7"))
    question = {"resourceType": "Patient", "identifier": [{"system": insured[0], "value": insured[1]}]}
    async with await registrar(served) as client:
        (entry,) = (await asked(client, question))["entry"]
    assert entry["resource"]["identifier"] == [{"system": COUNTY, "value": "C-7"}]


async def test_a_patient_may_be_sent_by_herself(served: Served) -> None:
    await known_to_both(served)
    async with await registrar(served) as client:
        answer = await client.post(MATCH, json=person(7))
    assert answer.json()["total"] == 1


async def test_the_look_is_in_her_log_before_the_answer_and_nothing_else_is_written(served: Served) -> None:
    await known_to_both(served)
    resident = await her(served)
    before, people = await looks(served, resident), await served.app.index.count()
    async with await registrar(served, OTHER_MACHINE) as client:
        await asked(client, person(7))
        await asked(client, without(person(7), "identifier"))
        await asked(client, without(person(7, (CITY, "H-7")), "identifier") | {
            "identifier": [{"system": CITY, "value": "H-7"}]})  # fmt: skip
        await asked(client, person(8, name=[{"text": "单雄"}], birthDate="1960-01-02", gender="male"))
    told = [one for one in await looks(served, resident) if one not in before]
    assert told == [
        ("city-1", "identify", "REGISTER", "own number"),
        ("city-1", "identify", "REGISTER", "name, birth date and phone"),
        ("city-1", "identify", "REGISTER", "document"),
    ]
    assert await served.app.index.count() == people
    assert len(await served.app.index.numbers(resident)) == 3


async def test_nobody_several_and_refused_are_the_same_bytes(served: Served) -> None:
    await known_to_both(served)
    await fed(served, person(9, (COUNTY, "C-9"), name=[{"text": "单雄"}], birthDate="1960-01-02"), (COUNTY, "C-9"))
    by_number = without(person(7), "name", "gender", "birthDate", "telecom", "address")
    nobody = by_number | {"identifier": [{"system": CITIZEN_SYSTEM, "value": citizen(11)}]}
    several = by_number | {"identifier": [*by_number["identifier"], {"system": CITIZEN_SYSTEM, "value": citizen(9)}]}
    resident = await her(served)
    async with await registrar(served) as client:
        before = await client.post(MATCH, json=by_number)
        assert before.json()["total"] == 1
        answers = [await client.post(MATCH, json=one) for one in (nobody, several)]
        await refuse(served, resident, "county-2")
        answers += [await client.post(MATCH, json=one) for one in (by_number, person(7))]
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["total"] == 0
    kept = {frozenset((name, value) for name, value in answer.headers.items() if name != "date") for answer in answers}
    assert len(kept) == 1
    assert ("county-2", "refuse", "REGISTER", "institution-refused") in await looks(served, resident)


@pytest.mark.parametrize(
    "missing",
    [("identifier", "birthDate"), ("identifier", "name"), ("identifier", "telecom", "address")],
    ids=["birth", "name", "contact"],
)
async def test_what_might_mean_many_is_not_looked_up(served: Served, missing: tuple[str, ...]) -> None:
    await known_to_both(served)
    resident = await her(served)
    before = await looks(served, resident)
    async with await registrar(served) as client:
        answer = await client.post(MATCH, json=without(person(7), *missing))
        assert answer.status_code == 400
        assert "date of birth" in answer.json()["issue"][0]["diagnostics"]
        year = await client.post(MATCH, json=without(person(7), "identifier") | {"birthDate": "1985"})
        assert year.status_code == 400
    assert await looks(served, resident) == before


async def test_a_number_of_another_hospital_is_no_way_to_her(served: Served) -> None:
    await known_to_both(served)
    await fed(served, person(9, ("urn:city:mrn", "77")), ("urn:city:mrn", "77"), OTHER_MACHINE)
    async with await registrar(served) as client:
        theirs = await client.post(MATCH, json={
            "resourceType": "Patient", "identifier": [{"system": CITY, "value": "H-7"}]})  # fmt: skip
        assert theirs.status_code == 400
        for value in ("77", "78"):
            other = await client.post(MATCH, json={
                "resourceType": "Patient", "identifier": [{"system": "urn:city:mrn", "value": value}]})  # fmt: skip
            assert other.json()["total"] == 0
            named = without(person(9), "birthDate", "telecom", "address") | {
                "identifier": [{"system": "urn:city:mrn", "value": value}]
            }
            assert (await client.post(MATCH, json=named)).json()["total"] == 0
        beside = await asked(client, person(9, ("urn:city:mrn", "77")))
        assert "urn:city:mrn" not in str(beside["entry"][0])
    async with await registrar(served, OTHER_MACHINE) as client:
        own = await client.post(MATCH, json={
            "resourceType": "Patient", "identifier": [{"system": "urn:city:mrn", "value": "77"}]})  # fmt: skip
        assert own.json()["total"] == 1


async def test_only_a_machine_that_registers_people_may_ask(served: Served) -> None:
    await known_to_both(served)
    resident = await her(served)
    tokens = [await served.token(MACHINE), await served.token(DOCTOR, resident)]
    issue = served.app.sessions.issue_bearer
    tokens.append(await issue(served.app.clock(), purpose=Purpose.REGISTER, staff=DOCTOR.id))
    tokens.append(await issue(served.app.clock(), purpose=Purpose.REGISTER, staff=MACHINE.id, resident=resident.id))
    before = await looks(served, resident)
    for token in tokens:
        async with served.client(token) as client:
            for answer in (
                await client.post(MATCH, json=person(7)),
                await client.get("/fhir/Patient/$ihe-pix", params={"sourceIdentifier": f"{COUNTY}|C-7"}),
                await client.put("/fhir/Patient", params={"identifier": f"{COUNTY}|C-7"}, json=person(7)),
                await client.post("/fhir/$process-message", json={"resourceType": "Bundle"}),
            ):
                assert (answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (
                    403, "not-a-registrar",
                )  # fmt: skip
    assert await looks(served, resident) == before


@pytest.mark.parametrize(
    "body",
    [
        {"resourceType": "Parameters", "parameter": [{"name": "colour", "valueString": "red"}]},
        {"resourceType": "Parameters", "parameter": [{"name": "resource"}]},
        {"resourceType": "Parameters", "parameter": [{"name": "resource", "valueString": "x"}]},
        {"resourceType": "Parameters"},
        {"resourceType": "Parameters", "parameter": [{"name": "count", "valueInteger": 0}]},
        {"resourceType": "Parameters", "parameter": [{"name": "onlyCertainMatches", "valueString": "true"}]},
        {"resourceType": "Observation"},
        ["Patient"],
        {"resourceType": "Patient", "identifier": "x", "name": [[]], "telecom": 7, "address": {"text": 1}},
    ],
    ids=["unknown", "no value", "no patient", "empty", "count", "certain", "type", "list", "forms"],
)
async def test_what_is_malformed_is_named(standing: Served, body: object) -> None:
    async with await registrar(standing) as client:
        answer = await client.post(MATCH, json=body)
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_unknown_parameters_and_long_questions_are_refused(standing: Served) -> None:
    async with await registrar(standing) as client:
        assert (await client.post(f"{MATCH}?household=1", json=person(7))).status_code == 400
        long = person(7, photo=[{"data": "A" * (1 << 20)}])
        assert (await client.post(MATCH, json=long)).status_code == 413
        assert (await client.get(MATCH)).status_code == 405
