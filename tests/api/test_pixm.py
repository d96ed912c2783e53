"""Patient/$ihe-pix: an institution's own numbers for whom a number names, and never another's."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from carecode.identity.identifiers import CITIZEN_SYSTEM, HEALTH_CARD_SYSTEM, INSURANCE_SYSTEM
from carecode.kernel.vocabulary import Requester
from tests.api.conftest import MACHINE, OTHER_MACHINE, Served
from tests.api.register import CITY, COUNTY, citizen, fed, her, known_to_both, looks, person, refuse, registrar

PIX = "/fhir/Patient/$ihe-pix"


def numbers(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    assert body["resourceType"] == "Parameters"
    rows = [row["valueIdentifier"] for row in body["parameter"] if row["name"] == "targetIdentifier"]
    return [(row["system"], row["value"]) for row in rows]


def ident(answer: httpx.Response) -> str:
    (row,) = [row for row in answer.json()["parameter"] if row["name"] == "targetId"]
    reference: str = row["valueReference"]["reference"]
    return reference.rpartition("/fhir/Patient/")[2]


@pytest.mark.parametrize(("who", "place"), [(MACHINE, 0), (OTHER_MACHINE, 1)], ids=["county", "city"])
async def test_each_gets_its_own_number_and_id(served: Served, who: Requester, place: int) -> None:
    ids = await known_to_both(served)
    own = [(COUNTY, "C-7"), (CITY, "H-7")][place]
    async with await registrar(served, who) as client:
        by_document = await client.get(PIX, params={"sourceIdentifier": f"{CITIZEN_SYSTEM}|{citizen(7)}"})
        assert (numbers(by_document), ident(by_document)) == ([own], ids[place])
        by_own = await client.get(PIX, params={"sourceIdentifier": "|".join(own)})
        assert (numbers(by_own), ident(by_own)) == ([], ids[place])
        for other in {citizen(7), "C-7", "H-7", *ids} - {own[1], ids[place]}:
            assert other not in by_own.text
    told = await looks(served, await her(served))
    assert told[:2] == [
        (who.organisation, "identify", "REGISTER", "own number"),
        (who.organisation, "identify", "REGISTER", "document"),
    ]


async def test_a_question_may_be_posted_in_both_forms(served: Served) -> None:
    county, _city = await known_to_both(served)
    named = {"system": CITIZEN_SYSTEM, "value": citizen(7)}
    async with await registrar(served) as client:
        for source in ({"valueString": "|".join(named.values())}, {"valueIdentifier": named}):
            rows = [
                {"name": "sourceIdentifier", **source},
                {"name": "targetSystem", "valueUri": COUNTY},
                {"name": "_format", "valueString": "json"},
            ]
            answer = await client.post(PIX, json={"resourceType": "Parameters", "parameter": rows})
            assert (numbers(answer), ident(answer)) == ([(COUNTY, "C-7")], county)


async def test_targets_narrow_and_an_insurance_number_is_never_answered(served: Served) -> None:
    local, old = (COUNTY, "C-7"), ("urn:county:old-numbers", "9")
    await fed(served, person(7, local, old, (INSURANCE_SYSTEM, "DEMO00000007")), local)
    source = {"sourceIdentifier": f"{CITIZEN_SYSTEM}|{citizen(7)}"}
    async with await registrar(served) as client:
        assert sorted(numbers(await client.get(PIX, params=source))) == sorted([local, old])
        for target, expected in ((COUNTY, [local]), (old[0], [old]), ("urn:elsewhere", [])):
            assert numbers(await client.get(PIX, params={**source, "targetSystem": target})) == expected
        for target in (CITY, CITIZEN_SYSTEM, HEALTH_CARD_SYSTEM, INSURANCE_SYSTEM, ""):
            refused = await client.get(PIX, params={**source, "targetSystem": target})
            assert (refused.status_code, refused.json()["issue"][0]["code"]) == (403, "code-invalid")


async def test_nobody_and_refused_are_the_same_bytes(served: Served) -> None:
    await known_to_both(served)
    hers = {"sourceIdentifier": f"{CITIZEN_SYSTEM}|{citizen(7)}"}
    async with await registrar(served) as client:
        assert (await client.get(PIX, params=hers)).status_code == 200
        nobody = await client.get(PIX, params={"sourceIdentifier": f"{CITIZEN_SYSTEM}|{citizen(11)}"})
        unused = await client.get(PIX, params={"sourceIdentifier": f"{COUNTY}|C-12"})
        await refuse(served, await her(served), "county-2")
        refused = [await client.get(PIX, params=one) for one in (hers, {"sourceIdentifier": f"{COUNTY}|C-7"})]
    answers = [nobody, unused, *refused]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert nobody.json()["issue"][0]["code"] == "not-found"


async def test_another_hospitals_numbers_are_no_source(served: Served) -> None:
    await known_to_both(served)
    await fed(served, person(9, ("urn:city:mrn", "77")), ("urn:city:mrn", "77"), OTHER_MACHINE)
    async with await registrar(served) as client:
        theirs = await client.get(PIX, params={"sourceIdentifier": f"{CITY}|H-7"})
        assert (theirs.status_code, theirs.json()["issue"][0]["code"]) == (400, "code-invalid")
        found, none = [
            await client.get(PIX, params={"sourceIdentifier": f"urn:city:mrn|{value}"}) for value in ("77", "78")
        ]
        assert found.status_code == 404
        assert found.content == none.content


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"sourceIdentifier": "C-7"},
        {"sourceIdentifier": f"{COUNTY}|"},
        {"sourceIdentifier": "|C-7"},
        {"sourceIdentifier": f"{COUNTY}|C-7", "name": "Lin"},
        {"sourceIdentifier": "no-system|C-7"},
        {"sourceIdentifier": f"{COUNTY}|{'7' * 200}"},
    ],
    ids=["none", "no system", "no value", "empty system", "unknown", "kind", "long"],
)
async def test_a_question_that_names_no_number_is_refused(standing: Served, parameters: dict[str, str]) -> None:
    async with await registrar(standing) as client:
        answer = await client.get(PIX, params=parameters)
        assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")
        rows = [{"name": name, "valueString": text} for name, text in parameters.items() if text]
        posted = await client.post(PIX, json={"resourceType": "Parameters", "parameter": rows})
        assert posted.status_code == 400
