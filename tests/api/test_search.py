from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.api.conftest import DOCTOR, MACHINE, OTHER_MACHINE, Served
from tests.exchange.samples import HER, NUMBER_SYSTEM, STAFF_SYSTEM, bundle, entry, observation, patient, practitioner

LOINC = "http://loinc.org"


def ids(page: dict[str, Any]) -> list[str]:
    return [row["resource"]["id"] for row in page.get("entry", [])]


@pytest.fixture(scope="module")
async def series(standing: Served) -> Served:
    """Six results of a second person on six days, of two kinds."""
    results = [
        entry(
            observation(
                HER,
                f"{day}.50",
                effectiveDateTime=f"2026-03-0{day}",
                code={"coding": [{"system": LOINC, "code": "4548-4" if day % 2 else "8480-6"}]},
            )
        )
        for day in (3, 1, 6, 2, 5, 4)
    ]
    await standing.app.bundles.process(MACHINE, bundle(entry(patient("P-6"), HER), *results))
    return standing


async def asked(served: Served, client: httpx.AsyncClient, **parameters: str) -> dict[str, Any]:
    number = served.number(MACHINE, await served.resident("P-6"))
    answer = await client.get("/fhir/Observation", params={"patient": number, **parameters})
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def days(page: dict[str, Any]) -> list[int]:
    return [int(row["resource"]["effectiveDateTime"][-1]) for row in page.get("entry", [])]


async def test_results_come_newest_first_or_oldest_first(series: Served) -> None:
    async with series.client(await series.token(MACHINE)) as client:
        assert days(await asked(series, client)) == [6, 5, 4, 3, 2, 1]
        assert days(await asked(series, client, _sort="-date")) == [6, 5, 4, 3, 2, 1]
        assert days(await asked(series, client, _sort="date")) == [1, 2, 3, 4, 5, 6]
        by_id = ids(await asked(series, client, _sort="_id"))
        assert by_id == sorted(by_id)
        assert ids(await asked(series, client, _sort="-_id")) == by_id[::-1]


async def test_codes_are_found_with_and_without_their_system_and_by_lists(series: Served) -> None:
    async with series.client(await series.token(MACHINE)) as client:
        assert days(await asked(series, client, code=f"{LOINC}|8480-6")) == [6, 4, 2]
        assert days(await asked(series, client, code="8480-6")) == [6, 4, 2]
        many = ",".join(f"{LOINC}|{number}-6" for number in range(8474, 8482))
        assert days(await asked(series, client, code=many)) == [6, 4, 2]
        assert days(await asked(series, client, code=f"{LOINC}|8480-6,{LOINC}|4548-4")) == [6, 5, 4, 3, 2, 1]
        assert days(await asked(series, client, code="urn:else|8480-6")) == []
        none = await asked(series, client, code="unheard-of")
        assert none["total"] == 0
        assert "entry" not in none


@pytest.mark.parametrize("sort", ["date", "-date", "_id"])
async def test_pages_give_each_once_and_a_total(sort: str, series: Served) -> None:
    async with series.client(await series.token(MACHINE)) as client:
        whole = await asked(series, client, _sort=sort)
        page = await asked(series, client, _sort=sort, _count="2")
        assert page["total"] == whole["total"] == 6
        seen = ids(page)
        while following := [link["url"] for link in page["link"] if link["relation"] == "next"]:
            page = (await client.get(following[0])).json()
            seen += ids(page)
        assert seen == ids(whole)


async def test_the_next_link_bears_another_count(series: Served) -> None:
    """One client appends _count to the address it was given."""
    async with series.client(await series.token(MACHINE)) as client:
        page = await asked(series, client, _count="2")
        following = next(link["url"] for link in page["link"] if link["relation"] == "next")
        rest = (await client.get(f"{following}&_count=1000")).json()
        assert days(rest) == [4, 3, 2, 1]
        counted = await asked(series, client, _count="0")
        assert (counted["total"], "entry" in counted) == (6, False)


async def test_the_self_link_says_what_was_asked(series: Served) -> None:
    async with series.client(await series.token(MACHINE)) as client:
        page = await asked(series, client, code=f"{LOINC}|8480-6", _sort="-date")
    said = urlsplit(next(link["url"] for link in page["link"] if link["relation"] == "self"))
    assert said.path == "/fhir/Observation"
    assert dict(parse_qsl(said.query))["code"] == f"{LOINC}|8480-6"


async def test_a_search_may_be_posted(series: Served) -> None:
    number = series.number(MACHINE, await series.resident("P-6"))
    async with series.client(await series.token(MACHINE)) as client:
        posted = await client.post("/fhir/Observation/_search", data={"patient": number, "code": "8480-6"})
        assert days(posted.json()) == [6, 4, 2]
        wrong = await client.post("/fhir/Observation/_search", json={"patient": number})
        assert wrong.status_code == 415


async def test_patient_is_written_in_every_usual_way(series: Served) -> None:
    number = series.number(MACHINE, await series.resident("P-6"))
    async with series.client(await series.token(MACHINE)) as client:
        for name in ("patient", "subject"):
            for text in (number, f"Patient/{number}", f"{series.base}/fhir/Patient/{number}"):
                assert (await client.get("/fhir/Observation", params={name: text})).json()["total"] == 6


async def test_patients_are_found_by_exact_number_only(series: Served) -> None:
    number = series.number(MACHINE, await series.resident("P-6"))
    async with series.client(await series.token(MACHINE)) as client:
        found = (await client.get("/fhir/Patient", params={"identifier": f"{NUMBER_SYSTEM}|P-6"})).json()
        assert (found["total"], ids(found)) == (1, [number])
        listed = await client.get("/fhir/Patient", params={"identifier": f"{NUMBER_SYSTEM}|P-0,{NUMBER_SYSTEM}|P-6"})
        assert ids(listed.json()) == [number]
        assert ids((await client.get("/fhir/Patient", params={"_id": number})).json()) == [number]
        for refused in (
            {},
            {"identifier": "P-6"},
            {"identifier": f"{NUMBER_SYSTEM}|"},
            {"name": "Example"},
            {"gender": "female"},
        ):
            answer = await client.get("/fhir/Patient", params=refused)
            assert answer.status_code == 400, refused
    async with series.client(await series.token(OTHER_MACHINE)) as client:
        hidden = (await client.get("/fhir/Patient", params={"identifier": f"{NUMBER_SYSTEM}|P-6"})).json()
        assert (hidden["total"], "entry" in hidden) == (0, False)


async def test_nobody_searches_across_residents(series: Served) -> None:
    async with series.client(await series.token(MACHINE)) as client:
        for path in ("/fhir/Observation", "/fhir/Observation?code=8480-6", "/fhir/Condition"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]) == (
                400,
                "patient-missing",
            )
        number = series.number(MACHINE, await series.resident("P-6"))
        two = await client.get("/fhir/Observation", params={"patient": f"{number},{'0' * 32}"})
        assert two.status_code == 400


async def test_a_bound_token_searches_its_resident_unnamed_and_nobody_else(series: Served) -> None:
    resident = await series.resident("P-6")
    await series.app.bundles.process(MACHINE, bundle(entry(patient("P-2"), HER), entry(observation(HER))))
    other = await series.resident("P-2")
    async with series.client(await series.token(DOCTOR, resident)) as client:
        assert (await client.get("/fhir/Observation")).json()["total"] == 6
        theirs = await client.get("/fhir/Observation", params={"patient": series.number(DOCTOR, other)})
        assert theirs.json()["total"] == 0
        assert (await client.get(f"/fhir/Patient/{series.number(DOCTOR, other)}")).status_code == 404


async def test_the_directory_is_searched_freely(served: Served) -> None:
    staff = [
        entry(practitioner(f"S-{index}"), ifNoneExist=f"identifier={STAFF_SYSTEM}|S-{index}") for index in range(7)
    ]
    await served.app.bundles.process(MACHINE, bundle(*staff, kind="batch"))
    async with served.client(await served.token(OTHER_MACHINE)) as client:
        one = (await client.get("/fhir/Practitioner", params={"identifier": f"{STAFF_SYSTEM}|S-3"})).json()
        assert (one["total"], len(one["entry"])) == (1, 1)
        assert (await client.get(one["entry"][0]["fullUrl"])).json() == one["entry"][0]["resource"]
        page = (await client.get("/fhir/Practitioner", params={"_count": "3"})).json()
        seen, total = ids(page), page["total"]
        while following := [link["url"] for link in page["link"] if link["relation"] == "next"]:
            page = (await client.get(following[0])).json()
            seen += ids(page)
        assert len(set(seen)) == len(seen) == total == 7


async def test_named_ids_are_read_together(series: Served) -> None:
    async with series.client(await series.token(MACHINE)) as client:
        wanted = ids(await asked(series, client))[:3]
        found = (await client.get("/fhir/Observation", params={"_id": ",".join([*wanted, "nothing"])})).json()
        assert sorted(ids(found)) == sorted(wanted)
        together = await asked(series, client, _id=wanted[0])
        assert ids(together) == wanted[:1]
        elsewhere = await client.get("/fhir/Observation", params={"_id": wanted[0], "patient": "0" * 32})
        assert elsewhere.json()["total"] == 0


@pytest.mark.parametrize(
    "parameters",
    [
        {"colour": "red"},
        {"code:in": "urn:x"},
        {"date": "ge2020"},
        {"_include": "Observation:encounter"},
        {"_sort": "code"},
        {"_count": "-1"},
        {"_count": "many"},
        {"_offset": "9" * 9},
        {"code": ""},
        {"code": ",".join("x" for _ in range(51))},
        {"code": "http://loinc.org|"},
        {"patient": "Patient/a b"},
        {"code": "a", "category": "b", "status": "c"},
    ],
)
async def test_what_is_not_known_is_refused_not_passed_over(parameters: dict[str, str], series: Served) -> None:
    number = series.number(MACHINE, await series.resident("P-6"))
    async with series.client(await series.token(MACHINE)) as client:
        answer = await client.get("/fhir/Observation", params={"patient": number, **parameters})
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


async def test_the_refusal_of_an_unknown_parameter_names_the_known_ones(series: Served) -> None:
    async with series.client(await series.token(MACHINE)) as client:
        answer = await client.get("/fhir/Observation", params={"canary": "canary"})
        said = answer.json()["issue"][0]["diagnostics"]
        assert "component-code" in said
        assert "canary" not in answer.text
        lenient = {"prefer": "handling=lenient"}
        assert (await client.get("/fhir/Location?unheard=1", headers=lenient)).status_code == 200
        assert (await client.get("/fhir/Condition?unheard=1", headers=lenient)).status_code == 400


async def test_a_code_with_a_comma_is_escaped(served: Served) -> None:
    odd = observation(HER, code={"coding": [{"system": "urn:x", "code": "a,b"}]})
    await served.app.bundles.process(MACHINE, bundle(entry(patient("P-6"), HER), entry(odd)))
    async with served.client(await served.token(MACHINE)) as client:
        assert (await asked(served, client, code=r"a\,b"))["total"] == 1
        assert (await asked(served, client, code="a,b"))["total"] == 0
