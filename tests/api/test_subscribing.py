"""Subscription: an institution says where it is told of its own numbers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import OTHER_MACHINE, Served
from tests.api.register import CITY, COUNTY, registrar

PLACE = "/fhir/Subscription"
ENDPOINT = "https://county-2.example/fhir/$process-message"


def subscription(**more: object) -> dict[str, Any]:
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "To be told of our own numbers",
        "criteria": "Patient",
        "channel": {"type": "message", "endpoint": ENDPOINT, "payload": "application/fhir+json"},
        **more,
    }


async def test_one_is_made_read_changed_and_ended_by_its_own_institution(served: Served) -> None:
    async with await registrar(served) as client, await registrar(served, OTHER_MACHINE) as other:
        made = await client.post(PLACE, json=subscription())
        assert made.status_code == 201
        place = made.headers["location"]
        assert place == f"{served.base}{PLACE}/{made.json()['id']}"
        assert made.json()["criteria"] == f"Patient?identifier={COUNTY}|"
        assert (await client.get(place)).content == made.content
        assert (await other.get(place)).status_code == (await other.put(place, json=subscription())).status_code == 404
        moved = subscription(channel={"type": "message", "endpoint": "https://other.example/x"})
        assert (await client.put(place, json=moved)).json()["channel"]["endpoint"] == "https://other.example/x"
        assert (await client.put(place, json=subscription(status="off"))).json()["status"] == "off"
        assert (await client.get(place)).status_code == 404
        assert (await client.get(PLACE)).status_code == 405


async def test_a_second_takes_the_place_of_the_first(served: Served) -> None:
    async with await registrar(served) as client:
        places = [(await client.post(PLACE, json=subscription())).headers["location"] for _ in range(2)]
        assert [(await client.get(place)).status_code for place in places] == [404, 200]


@pytest.mark.parametrize(
    "wrong",
    [
        {"criteria": "Patient?name=Lin"},
        {"criteria": f"Patient?identifier={CITY}|"},
        {"criteria": "Observation"},
        {"channel": None},
        {"channel": {"type": "rest-hook", "endpoint": ENDPOINT}},
        {"channel": {"type": "message", "endpoint": ENDPOINT, "header": ["Authorization: x"]}},
        {"channel": {"type": "message", "endpoint": ENDPOINT, "payload": "application/fhir+xml"}},
        *({"channel": {"type": "message", "endpoint": one}} for one in (
            "", "http://county-2.example/", "https://localhost/", "https://127.0.0.1/x", "https://10.0.0.1:8000",
            "https://user:word@county-2.example/", "https://county-2.example/?x=1", "https://[::1]/", "file:///etc/passwd",
            "https://county-2.example/" + "x" * 500, 7,
        )),
        {"end": "2030-01-01"},
    ],
    ids=range(19),
)  # fmt: skip
async def test_anything_wider_is_refused(standing: Served, wrong: dict[str, Any]) -> None:
    async with await registrar(standing) as client:
        answer = await client.post(PLACE, json=subscription(**wrong))
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"
