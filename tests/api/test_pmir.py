"""$process-message: a feed of Patients as one message."""

from __future__ import annotations

from typing import Any

import pytest

from carecode.api.pmir import PATIENTS_MAX
from carecode.exchange.pmir_message import EVENT
from carecode.identity.identifiers import CITIZEN_SYSTEM
from tests.api.conftest import MACHINE, Served
from tests.api.register import CITY, COUNTY, citizen, fed, known_to_both, person, registrar, without
from tests.api.test_pix_feed import local, replaced

MESSAGE = "/fhir/$process-message"


def row(resource: dict[str, Any], method: str = "POST", url: str = "Patient", full_url: str = "") -> dict[str, Any]:
    named = {"fullUrl": full_url} if full_url else {}
    return {**named, "resource": resource, "request": {"method": method, "url": url}}


def message(*rows: dict[str, Any], event: str = EVENT) -> dict[str, Any]:
    header = {
        "resourceType": "MessageHeader",
        "id": "m-1",
        "eventUri": event,
        "source": {"endpoint": "urn:county"},
        "focus": [{"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"}],
    }
    history = {"resourceType": "Bundle", "type": "history", "entry": list(rows)}
    return {"resourceType": "Bundle", "type": "message", "entry": [{"resource": header}, {"resource": history}]}


async def test_a_message_registers_and_is_answered_by_a_message(served: Served) -> None:
    rows = [row(person(order, (COUNTY, f"C-{order}"))) for order in (7, 8, 9)]
    async with await registrar(served) as client:
        for _ in range(2):
            answer = await client.post(MESSAGE, json=message(*rows))
            assert answer.status_code == 200, answer.text
            (entry,) = answer.json()["entry"]
            assert answer.json()["type"] == "message"
            assert entry["resource"]["eventUri"] == EVENT
            assert entry["resource"]["response"] == {"identifier": "m-1", "code": "ok"}
    assert await served.app.index.count() == 3
    assert await served.app.index.resolve(CITIZEN_SYSTEM, citizen(9)) == await served.app.index.resolve(COUNTY, "C-9")


@pytest.mark.parametrize("by", ["identifier", "neighbour", "id"])
async def test_a_message_merges_two_of_its_own(served: Served, by: str) -> None:
    one, other = (COUNTY, "C-1"), (COUNTY, "C-2")
    await fed(served, local(one, "欧阳若兰", "10000000001"), one)
    stays = await fed(
        served, local(other, "单雄", "10000000002") | {"birthDate": "1960-01-02", "gender": "male"}, other
    )
    gone = replaced(one, other)
    rows = [row(gone, "PUT", "Patient/1")]
    if by == "neighbour":
        gone["link"] = [{"other": {"reference": "urn:uuid:2"}, "type": "replaced-by"}]
        rows.append(row(local(other, "单雄", "10000000002"), "PUT", "Patient/2", "urn:uuid:2"))
    if by == "id":
        gone["link"] = [{"other": {"reference": f"{served.base}/fhir/Patient/{stays}"}, "type": "replaced-by"}]
    async with await registrar(served) as client:
        answer = await client.post(MESSAGE, json=message(*rows))
    assert answer.status_code == 200, answer.text
    resident = await served.app.index.resolve(*other)
    assert resident is not None
    assert len((await served.app.index.ledger.person(resident.id))[1]) == 2


async def test_a_merge_that_is_not_all_its_own_is_taken_in_and_asked(served: Served) -> None:
    await known_to_both(served)
    await fed(served, local((COUNTY, "C-9"), "单雄", "10000000009") | {"birthDate": "1960-01-02"}, (COUNTY, "C-9"))
    async with await registrar(served) as client:
        answer = await client.post(
            MESSAGE, json=message(row(replaced((COUNTY, "C-7"), (COUNTY, "C-9")), "PUT", "Patient/1"))
        )
    assert (answer.status_code, answer.json()["resourceType"]) == (202, "OperationOutcome")


def broken() -> list[dict[str, Any]]:
    good = row(person(7, (COUNTY, "C-7")))
    return [
        {"resourceType": "Bundle", "type": "transaction", "entry": []},
        {"resourceType": "Bundle", "type": "message"},
        {"resourceType": "Bundle", "type": "message", "entry": [7, 8]},
        message(good, event="urn:other"),
        message(),
        message(good) | {"entry": message(good)["entry"][:1]},
        message(row(person(7, (COUNTY, "C-7")), "DELETE")),
        message(good, row({"resourceType": "RelatedPerson"})),
        message(good, row(person(8, (CITY, "H-8")))),
        message(good, {"resource": person(8)}),
        message(good, row(without(person(8), "identifier"))),
        message(*[good] * (PATIENTS_MAX + 1)),
    ]


@pytest.mark.parametrize("sent", broken(), ids=range(12))
async def test_a_message_is_read_whole_before_anything_is_done(standing: Served, sent: dict[str, Any]) -> None:
    before = await standing.app.index.count()
    async with await registrar(standing) as client:
        answer = await client.post(MESSAGE, json=sent)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert await standing.app.index.count() == before


async def test_the_place_of_what_is_wrong_is_named(standing: Served) -> None:
    async with await registrar(standing) as client:
        answer = await client.post(MESSAGE, json=message(row(person(7)), row(person(8, (CITY, "H-8")))))
    assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[1].resource.entry[1].resource.identifier[1]"]
    assert MACHINE.organisation not in answer.text
