from __future__ import annotations

import asyncio
import json

import httpx

from carecode.kernel.vocabulary import SELF, Purpose, Requester, Role
from tests.api.conftest import DOCTOR, MACHINE, OTHER_MACHINE, Served
from tests.exchange.samples import NUMBER_SYSTEM, STAFF_SYSTEM, bundle, entry, observation, patient, practitioner, visit

FHIR = {"content-type": "application/fhir+json"}


async def test_a_bundle_is_taken_and_each_place_can_be_read(served: Served) -> None:
    async with served.client(await served.token(MACHINE)) as client:
        answer = await client.post("/fhir", content=visit(2), headers=FHIR)
        assert answer.status_code == 200
        for row in answer.json()["entry"]:
            stored = await client.get(f"/fhir/{row['response']['location']}")
            assert stored.status_code == 200
            assert stored.headers["etag"] == row["response"]["etag"]


async def test_a_refused_bundle_says_where(served: Served) -> None:
    async with served.client(await served.token(MACHINE)) as client:
        answer = await client.post(
            "/fhir", content=bundle(entry(patient(), "urn:uuid:1"), entry(observation("urn:uuid:2"))), headers=FHIR
        )
        assert answer.status_code == 400
        (issue,) = answer.json()["issue"]
        assert issue["expression"] == ["Bundle.entry[1].resource.subject.reference"]
        assert (issue["code"], issue["details"]["coding"][0]["code"]) == ("not-found", "reference-unresolved")
        assert (await client.get("/fhir/Patient", params={"identifier": f"{NUMBER_SYSTEM}|P-1"})).json()["total"] == 0


async def test_a_create_answers_with_what_was_stored(filled: Served) -> None:
    number = filled.number(MACHINE, await filled.resident())
    async with filled.client(await filled.token(MACHINE)) as client:
        created = await client.post(
            "/fhir/Observation", content=observation(f"Patient/{number}"), headers={"content-type": "application/json"}
        )
        assert created.status_code == 201
        place = created.headers["location"]
        assert place.startswith(f"{filled.base}/fhir/Observation/")
        read = await client.get(place)
        assert read.content == created.content
        assert read.headers["last-modified"] == created.headers["last-modified"]
        quiet = await client.post(
            "/fhir/Observation",
            content=observation(f"Patient/{number}"),
            headers={**FHIR, "prefer": "return=minimal"},
        )
        assert (quiet.status_code, quiet.content) == (201, b"")
        assert "location" in quiet.headers
        wrong = await client.post("/fhir/Condition", content=observation(f"Patient/{number}"), headers=FHIR)
        assert wrong.status_code == 400


async def test_a_conditional_create_happens_once(served: Served) -> None:
    headers = {**FHIR, "if-none-exist": f"identifier={STAFF_SYSTEM}|S-1"}
    body = json.dumps(practitioner())
    async with served.client(await served.token(MACHINE)) as client:
        first = await client.post("/fhir/Practitioner", content=body, headers=headers)
        second = await client.post("/fhir/Practitioner", content=body, headers=headers)
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.headers["location"] == second.headers["location"]
        assert first.content == second.content
        twin = await client.post(
            "/fhir/Practitioner", content=json.dumps({**practitioner(), "active": True}), headers=FHIR
        )
        assert twin.status_code == 201
        third = await client.post("/fhir/Practitioner", content=body, headers=headers)
        assert (third.status_code, third.json()["issue"][0]["code"]) == (412, "multiple-matches")


async def test_an_update_needs_the_version_it_knows(filled: Served) -> None:
    number = filled.number(MACHINE, await filled.resident())
    async with filled.client(await filled.token(MACHINE)) as client:
        created = await client.post("/fhir/Observation", content=observation(f"Patient/{number}"), headers=FHIR)
        place = f"/fhir/Observation/{created.json()['id']}"
        put = {**FHIR, "if-match": 'W/"1"'}
        assert (await client.put(place, content=created.content, headers=put)).headers["etag"] == 'W/"2"'
        stale = await client.put(place, content=created.content, headers=put)
        assert (stale.status_code, stale.json()["issue"][0]["code"]) == (412, "conflict")
        bad = await client.put(place, content=created.content, headers={**FHIR, "if-match": "yesterday"})
        assert bad.status_code == 400
        elsewhere = await client.put("/fhir/Observation/other", content=created.content, headers=FHIR)
        assert elsewhere.status_code == 400
        assert (await client.put(f"/fhir/Patient/{number}", json=patient(id=number))).status_code == 400
    async with filled.client(await filled.token(OTHER_MACHINE)) as client:
        theirs = await client.put(place, content=created.content, headers=FHIR)
        assert theirs.status_code == 404


async def test_a_doctor_writes_for_her_patient_only(filled: Served) -> None:
    resident = await filled.resident()
    number = filled.number(DOCTOR, resident)
    async with filled.client(await filled.token(DOCTOR, resident)) as client:
        mine = await client.post("/fhir/Observation", content=observation(f"Patient/{number}"), headers=FHIR)
        assert mine.status_code == 201
        other = await client.post("/fhir", content=visit(1, "P-9"), headers=FHIR)
        assert other.status_code == 403
    assert await filled.app.index.resolve(NUMBER_SYSTEM, "P-9") is None


async def test_she_does_not_write_and_reads_her_own(filled: Served) -> None:
    resident = await filled.resident()
    herself = Requester("resident", Role.RESIDENT, SELF, "herself", resident=resident.id)
    number = filled.number(herself, resident)
    token = await filled.app.sessions.issue_bearer(filled.app.clock(), purpose=Purpose.PATRQT, resident=resident.id)
    async with filled.client(token) as client:
        assert (await client.get(f"/fhir/Patient/{number}/$everything")).json()["total"] == 5
        refused = await client.post("/fhir/Observation", content=observation(f"Patient/{number}"), headers=FHIR)
        assert refused.status_code == 403


async def test_a_batch_answers_entry_by_entry(served: Served) -> None:
    async with served.client(await served.token(MACHINE)) as client:
        answer = await client.post(
            "/fhir", content=bundle(entry(practitioner()), entry({"resourceType": "Group"}), kind="batch"), headers=FHIR
        )
    rows = [row["response"] for row in answer.json()["entry"]]
    assert [row["status"] for row in rows] == ["201 Created", "400 Bad Request"]
    assert rows[1]["outcome"]["resourceType"] == "OperationOutcome"


async def test_bundles_at_once_are_all_taken(served: Served) -> None:
    token = await served.token(MACHINE)

    async def send(client: httpx.AsyncClient, index: int) -> int:
        return (await client.post("/fhir", content=visit(5, f"P-{index % 4}"), headers=FHIR)).status_code

    async with served.client(token) as client:
        assert set(await asyncio.gather(*(send(client, index) for index in range(16)))) == {200}
        for index in range(4):
            found = await client.get("/fhir/Patient", params={"identifier": f"{NUMBER_SYSTEM}|P-{index}"})
            number = found.json()["entry"][0]["resource"]["id"]
            assert (await client.get("/fhir/Observation", params={"patient": number})).json()["total"] == 20
