"""People of the index and machines that register them; numbers are impossible ones (area 99)."""

from __future__ import annotations

from typing import Any

import httpx

from carecode.disclosure.people import herself
from carecode.identity.identifiers import CITIZEN_SYSTEM, check_character, hospital_system
from carecode.kernel.vocabulary import Purpose, Requester, Resident
from tests.api.conftest import MACHINE, OTHER_MACHINE, Served

COUNTY = hospital_system("county-2")
CITY = hospital_system("city-1")
PASSPORT = "passport"


def citizen(order: int, born: str = "19850304") -> str:
    first = f"990105{born}{order:03d}"
    return first + check_character(first)


def person(order: int, *numbers: tuple[str, str], **more: object) -> dict[str, Any]:
    """A Patient with a citizen number, and others."""
    rows = [(CITIZEN_SYSTEM, citizen(order)), *numbers]
    return {
        "resourceType": "Patient",
        "identifier": [{"system": system, "value": value} for system, value in rows],
        "name": [{"text": "欧阳若兰"}],
        "gender": "female",
        "birthDate": "1985-03-04",
        "telecom": [{"system": "phone", "value": f"1000000{order:04d}"}],
        "address": [{"text": "湖南省长沙市岳麓区麓山南路932号3号楼2单元501室"}],
        **more,
    }


def without(resource: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name not in names}


async def registrar(served: Served, requester: Requester = MACHINE) -> httpx.AsyncClient:
    """A client of a machine that registers people."""
    token = await served.app.sessions.issue_bearer(served.app.clock(), purpose=Purpose.REGISTER, staff=requester.id)
    return served.client(token)


async def fed(served: Served, resource: dict[str, Any], number: tuple[str, str], who: Requester = MACHINE) -> str:
    """Send a Patient as its institution's feed does; return the institution's own id for her."""
    async with await registrar(served, who) as client:
        answer = await client.put("/fhir/Patient", params={"identifier": "|".join(number)}, json=resource)
    assert answer.status_code in {200, 201}, answer.text
    ident: str = answer.json()["id"]
    return ident


async def known_to_both(served: Served, order: int = 7) -> tuple[str, str]:
    """Let both hospitals register one person, under a number of each; return their ids for her."""
    county, city = (COUNTY, f"C-{order}"), (CITY, f"H-{order}")
    return (
        await fed(served, person(order, county), county),
        await fed(served, person(order, city), city, OTHER_MACHINE),
    )


async def looks(served: Served, resident: Resident) -> list[tuple[str, str, str, str]]:
    """Her log, newest first: who, what, under which purpose, by what."""
    entries = await served.app.log.entries(resident)
    return [(one.organisation, one.action, one.purpose.value, one.basis) for one in entries]


async def refuse(served: Served, resident: Resident, organisation: str) -> None:
    await served.app.privacy.refuse(herself(resident.id), organisation)


async def her(served: Served, order: int = 7) -> Resident:
    found = await served.app.index.resolve(CITIZEN_SYSTEM, citizen(order))
    assert found is not None
    return found
