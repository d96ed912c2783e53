from __future__ import annotations

import json

import pytest

from tests.api.conftest import DOCTOR, MACHINE, OTHER_DOCTOR, OTHER_MACHINE, Served
from tests.exchange.samples import observation, visit

ABSENT = "01a2076b-4400-7404-8101-010101010101"


async def test_a_machine_reads_what_its_institution_deposited(standing: Served) -> None:
    number = standing.number(MACHINE, await standing.resident())
    async with standing.client(await standing.token(MACHINE)) as client:
        her = await client.get(f"/fhir/Patient/{number}")
        assert (her.status_code, her.json()["id"]) == (200, number)
        assert her.headers["content-type"] == "application/fhir+json"
        assert her.headers["etag"] == 'W/"1"'
        assert her.headers["last-modified"].endswith("GMT")
        listed = (await client.get("/fhir/Observation", params={"patient": number})).json()
        one = listed["entry"][0]
        again = await client.get(one["fullUrl"])
        assert again.json() == one["resource"]
        assert one["resource"]["subject"]["reference"] == f"Patient/{number}"
        assert b'"value":1.50' in again.content
        known = await client.get(one["fullUrl"], headers={"if-none-match": again.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")


async def test_a_doctor_reads_under_her_own_institutions_number(standing: Served) -> None:
    resident = await standing.resident()
    number = standing.number(OTHER_DOCTOR, resident)
    assert number != standing.number(DOCTOR, resident)
    async with standing.client(await standing.token(OTHER_DOCTOR, resident)) as client:
        her = (await client.get(f"/fhir/Patient/{number}")).json()
        results = (await client.get("/fhir/Observation")).json()
    assert her["id"] == number
    assert {row["resource"]["subject"]["reference"] for row in results["entry"]} == {f"Patient/{number}"}
    assert standing.number(MACHINE, resident) not in json.dumps([her, results])


async def test_absent_and_refused_are_the_same_bytes(standing: Served) -> None:
    resident = await standing.resident()
    async with standing.client(await standing.token(MACHINE)) as client:
        mine = standing.number(MACHINE, resident)
        kept = (await client.get("/fhir/Observation", params={"patient": mine})).json()["entry"][0]["resource"]["id"]
    async with standing.client(await standing.token(OTHER_MACHINE)) as client:
        theirs = standing.number(OTHER_MACHINE, resident)
        pairs = [
            (f"/fhir/Observation/{kept}", f"/fhir/Observation/{ABSENT}"),
            (f"/fhir/Observation/{kept}/_history/1", f"/fhir/Observation/{ABSENT}/_history/1"),
            (f"/fhir/Patient/{theirs}", f"/fhir/Patient/{'0' * 32}"),
            (f"/fhir/Patient/{theirs}/$everything", f"/fhir/Patient/{'0' * 32}/$everything"),
            (f"/fhir/Observation?patient={theirs}", f"/fhir/Observation?patient={'0' * 32}"),
            (f"/fhir/Patient?_id={theirs}", f"/fhir/Patient?_id={'0' * 32}"),
            ("/fhir/Patient?identifier=urn:example:mrn|P-1", "/fhir/Patient?identifier=urn:example:mrn|P-0"),
            (f"/fhir/Observation?_id={kept}", f"/fhir/Observation?_id={ABSENT}"),
        ]
        for refused, absent in pairs:
            one, other = await client.get(refused), await client.get(absent)
            assert one.status_code == other.status_code
            asked = (refused.partition("?")[2], absent.partition("?")[2])
            masked = [
                answer.text.replace(_quoted(text), "ASKED") for answer, text in zip((one, other), asked, strict=True)
            ]
            assert masked[0] == masked[1]
            assert {k: v for k, v in one.headers.items() if k != "date"} == {
                k: v for k, v in other.headers.items() if k != "date"
            }


def _quoted(query: str) -> str:
    return query.replace(":", "%3A").replace("|", "%7C") if query else "\0"


async def test_versions_are_read(filled: Served) -> None:
    number = filled.number(MACHINE, await filled.resident())
    async with filled.client(await filled.token(MACHINE)) as client:
        created = await client.post(
            "/fhir/Observation",
            content=observation(f"Patient/{number}"),
            headers={"content-type": "application/fhir+json"},
        )
        place = f"/fhir/Observation/{created.json()['id']}"
        changed = created.content.replace(b"1.50", b"2.50")
        updated = await client.put(place, content=changed, headers={"content-type": "application/json"})
        assert (updated.status_code, updated.headers["etag"]) == (200, 'W/"2"')
        versions = [(await client.get(f"{place}/_history/{version}")).content for version in (1, 2)]
        assert b'"value":1.50' in versions[0]
        assert b'"value":2.50' in versions[1]
        assert (await client.get(place)).content == versions[1] == updated.content
        for version in ("3", "0", "x", "-1", "9" * 30):
            assert (await client.get(f"{place}/_history/{version}")).status_code == 404


async def test_everything_comes_once_with_herself_first(standing: Served) -> None:
    resident = await standing.resident()
    number = standing.number(MACHINE, resident)
    async with standing.client(await standing.token(MACHINE)) as client:
        whole = (await client.get(f"/fhir/Patient/{number}/$everything")).json()
        assert whole["entry"][0]["resource"]["resourceType"] == "Patient"
        assert whole["total"] == len(whole["entry"]) == 5
        urls = [row["fullUrl"] for row in whole["entry"]]
        assert len(set(urls)) == len(urls)
        paged, place = [], f"/fhir/Patient/{number}/$everything?_count=2"
        while place:
            page = (await client.get(place)).json()
            paged += [row["fullUrl"] for row in page["entry"]]
            place = next((link["url"] for link in page["link"] if link["relation"] == "next"), "")
        assert paged == urls
        assert (await client.get(f"/fhir/Patient/{number}/$everything?start=2020")).status_code == 400


async def test_two_institutions_patients_are_one_to_the_doctor(filled: Served) -> None:
    await filled.app.bundles.process(OTHER_MACHINE, visit(1))
    resident = await filled.resident()
    number = filled.number(DOCTOR, resident)
    async with filled.client(await filled.token(DOCTOR, resident)) as client:
        whole = (await client.get(f"/fhir/Patient/{number}/$everything")).json()
        urls = [row["fullUrl"] for row in whole["entry"]]
        assert len(set(urls)) == len(urls) == whole["total"] == 7
        assert (await client.get("/fhir/Patient")).json()["total"] == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/fhir/Observation/not-a-uuid", 404),
        ("/fhir/Group/1", 404),
        ("/fhir/Observation/1/2/3/4", 404),
        ("/fhir/nothing", 404),
        ("/fhir/Observation/%2e%2e", 404),
        ("/fhir/Patient/1/$match", 404),
        ("/fhir", 405),
    ],
)
async def test_other_addresses_are_answered_with_an_outcome(path: str, status: int, standing: Served) -> None:
    async with standing.client(await standing.token(MACHINE)) as client:
        answer = await client.get(path)
    assert answer.status_code == status
    assert answer.json()["resourceType"] == "OperationOutcome"
