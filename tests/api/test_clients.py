"""A client that others wrote: fhirpy asks who somebody is, feeds the index and reads it."""

from __future__ import annotations

from typing import Any

import pytest

from carecode.identity.identifiers import CITIZEN_SYSTEM
from carecode.kernel.vocabulary import Purpose
from tests.api.conftest import MACHINE, Served
from tests.api.register import CITY, COUNTY, citizen, her, known_to_both, looks, person

fhirpy = pytest.importorskip("fhirpy", reason="fhirpy is not installed")


@pytest.fixture
async def client(served: Served) -> Any:  # noqa: ANN401 - fhirpy is not typed here
    token = await served.app.sessions.issue_bearer(served.app.clock(), purpose=Purpose.REGISTER, staff=MACHINE.id)
    return fhirpy.AsyncFHIRClient(f"{served.base}/fhir", authorization=f"Bearer {token}")


async def test_a_pdqm_client_finds_her(served: Served, client: Any) -> None:  # noqa: ANN401
    county, _city = await known_to_both(served)
    found = await client.resources("Patient").search(identifier=f"{CITIZEN_SYSTEM}|{citizen(7)}").fetch_all()
    assert [one["id"] for one in found] == [county]
    by_name = client.resources("Patient").search(name="欧阳若兰", birthdate="1985-03-04", phone="10000000007")
    assert (await by_name.first())["id"] == county
    with pytest.raises(fhirpy.base.exceptions.OperationOutcome):
        await client.resources("Patient").search(name="欧阳若兰").fetch()


async def test_a_pixm_client_gets_its_own_number(served: Served, client: Any) -> None:  # noqa: ANN401
    county, _city = await known_to_both(served)
    source = {"sourceIdentifier": f"{CITIZEN_SYSTEM}|{citizen(7)}"}
    answer = await client.resources("Patient").execute("$ihe-pix", method="GET", params=source)
    rows = {row["name"]: row for row in answer["parameter"]}
    assert rows["targetIdentifier"]["valueIdentifier"] == {"system": COUNTY, "value": "C-7"}
    assert rows["targetId"]["valueReference"]["reference"].endswith(f"/Patient/{county}")
    assert CITY not in str(answer)
    other = {"sourceIdentifier": f"{CITIZEN_SYSTEM}|{citizen(11)}"}
    with pytest.raises(fhirpy.base.exceptions.ResourceNotFound):
        await client.resources("Patient").execute("$ihe-pix", method="GET", params=other)


async def test_a_client_matches_and_feeds(served: Served, client: Any) -> None:  # noqa: ANN401
    sent = person(7, (COUNTY, "C-7"))
    fed = await client.execute("Patient", method="PUT", data=sent, params={"identifier": f"{COUNTY}|C-7"})
    question = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": person(7)}]}
    bundle = await client.resources("Patient").execute("$match", data=question)
    assert [entry["resource"]["id"] for entry in bundle["entry"]] == [fed["id"]]
    assert ("county-2", "identify", "REGISTER", "document") in await looks(served, await her(served))
