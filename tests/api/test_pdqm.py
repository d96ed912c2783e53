"""Patient search for who registers people: enough must be known of her, one person or nobody is told."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from carecode.identity.identifiers import CITIZEN_SYSTEM
from tests.api.conftest import MACHINE, OTHER_MACHINE, Served
from tests.api.register import CITY, COUNTY, citizen, fed, her, known_to_both, looks, person, refuse, registrar

SEARCH = "/fhir/Patient"
NAMED = {"name": "欧阳若兰", "birthdate": "1985-03-04", "phone": "10000000007"}


def found(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    bundle = answer.json()
    rows = [entry["resource"] for entry in bundle.get("entry", [])]
    assert bundle["total"] == len(rows)
    return rows


@pytest.mark.parametrize(
    "parameters",
    [
        {"identifier": f"{COUNTY}|C-7"},
        {"identifier": f"{CITIZEN_SYSTEM}|{citizen(7)}", "_count": "10", "_format": "json"},
        {"identifier": f"{CITIZEN_SYSTEM}|{citizen(7)},{COUNTY}|C-7"},
        NAMED,
        {"family": "欧阳", "given": "若兰", "birthdate": "eq1985-03-04", "telecom": "phone|+86 100 0000 0007",
         "gender": "female", "active": "true"},
        {"identifier": f"{CITIZEN_SYSTEM}|{citizen(7)}", **NAMED},
    ],
    ids=["own", "document", "both", "name", "parts", "all"],
)  # fmt: skip
async def test_she_is_found_by_a_number_or_by_all_that_is_known(served: Served, parameters: dict[str, str]) -> None:
    county, _city = await known_to_both(served)
    async with await registrar(served) as client:
        (one,) = found(await client.get(SEARCH, params=parameters))
        assert (one["id"], one["birthDate"]) == (county, "1985-03-04")
        posted = await client.post(f"{SEARCH}/_search", data=parameters)
        assert found(posted) == [one]
        assert found(await client.get(SEARCH, params={"_id": county})) == [one] or "identifier" in parameters
        assert CITY not in posted.text
    assert ("county-2", "identify", "REGISTER") in {one[:3] for one in await looks(served, await her(served))}


async def test_the_id_is_the_askers_own(served: Served) -> None:
    county, city = await known_to_both(served)
    async with await registrar(served) as client:
        (one,) = found(await client.get(SEARCH, params={"_id": county}))
        assert one["identifier"] == [{"system": COUNTY, "value": "C-7"}]
        assert found(await client.get(SEARCH, params={"_id": city})) == []
        assert found(await client.get(SEARCH, params={"_id": "0" * 32})) == []
    async with await registrar(served, OTHER_MACHINE) as client:
        (one,) = found(await client.get(SEARCH, params={"_id": city}))
        assert one["identifier"] == [{"system": CITY, "value": "H-7"}]


async def test_nobody_and_refused_are_the_same_bytes(served: Served) -> None:
    questions = [{"identifier": f"{CITIZEN_SYSTEM}|{citizen(7)}"}, NAMED]
    async with await registrar(served) as client:
        before = [await client.get(SEARCH, params=one) for one in questions]
        await fed(served, person(7, (CITY, "H-7")), (CITY, "H-7"), OTHER_MACHINE)
        there = [await client.get(SEARCH, params=one) for one in questions]
        await refuse(served, await her(served), "county-2")
        after = [await client.get(SEARCH, params=one) for one in questions]
    assert [len(found(answer)) for answer in there] == [1, 1]
    assert [answer.content for answer in before] == [answer.content for answer in after]
    for one, other in zip(before, after, strict=True):
        assert {**one.headers, "date": ""} == {**other.headers, "date": ""}


async def test_two_numbers_of_two_people_show_neither(served: Served) -> None:
    await known_to_both(served)
    await fed(served, person(9, (COUNTY, "C-9"), name=[{"text": "单雄"}], birthDate="1960-01-02"), (COUNTY, "C-9"))
    resident = await her(served)
    before = await looks(served, resident)
    async with await registrar(served) as client:
        assert found(await client.get(SEARCH, params={"identifier": f"{COUNTY}|C-7,{COUNTY}|C-9"})) == []
    assert await looks(served, resident) == before


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"name": "欧阳若兰"},
        {"birthdate": "1985-03-04"},
        {"name": "欧阳若兰", "birthdate": "1985-03-04"},
        {"name": "欧阳若兰", "phone": "10000000007"},
        {"address": "湖南省长沙市岳麓区麓山南路932号3号楼2单元501室"},
        {"birthdate": "1985-03-04", "address": "湖南省长沙市岳麓区麓山南路932号3号楼2单元501室"},
        {"phone": "10000000007"},
        {**NAMED, "birthdate": "1985"},
        {**NAMED, "birthdate": "ge1985-03-04"},
        {**NAMED, "name": "欧阳若兰,林梅"},
        {**NAMED, "phone": "10000000007,10000000008"},
        {**NAMED, "name:contains": "欧"},
        {**NAMED, "general-practitioner": "x"},
        {**NAMED, "active": "false"},
        {**NAMED, "_id": "0" * 32},
        {**NAMED, "_sort": "name"},
        {"identifier": "C-7"},
        {"identifier": f"{COUNTY}|"},
        {"identifier": f"{CITY}|H-7"},
        {"_id": f"{'0' * 32},{'1' * 32}"},
    ],
    ids=range(21),
)
async def test_less_than_enough_and_lists_of_people_are_refused(served: Served, parameters: dict[str, str]) -> None:
    await known_to_both(served)
    resident = await her(served)
    before = await looks(served, resident)
    async with await registrar(served) as client:
        answer = await client.get(SEARCH, params=parameters)
        assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")
        assert "欧阳" not in answer.text
    assert await looks(served, resident) == before


async def test_other_tokens_search_the_record_as_before(served: Served) -> None:
    await known_to_both(served)
    async with served.client(await served.token(MACHINE)) as client:
        assert found(await client.get(SEARCH, params={"identifier": f"{COUNTY}|C-7"})) == []  # nothing is deposited
        assert (await client.get(SEARCH, params=NAMED)).status_code == 400
