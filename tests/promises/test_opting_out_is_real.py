"""Opting out closes what is there and what comes: no other hospital sees any of it, in emergencies either.

From that moment whatever anybody writes about her stays with its writer and is closed from the first moment on, and
statistics do not count her.  The hospital that wrote something keeps it, as the law demands of it.  Nobody asks why.

Answers: M13
Proved in detail by: tests/disclosure/test_decisions.py, tests/policy/test_proofs.py
Not answered: the hospital's own files outside this house.
"""

from __future__ import annotations

import pytest

from carecode.disclosure.answers import Query, Release
from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.people import herself
from carecode.kernel.vocabulary import Purpose, Resident
from carecode.store.database import Target
from tests.conftest import demand_superuser
from tests.promises.quarter import Quarter, observation, rows

WORDS = "Brought in unconscious after a fall."


async def out(quarter: Quarter, kind: Kind = Kind.EXCHANGE) -> Resident:
    """Let her have a record at two hospitals, a doctor at each who may read it, and then opt out."""
    her = await quarter.resident("XA000001")
    for place, value in (("county-2", 6.1), ("city-1", 7.2)):
        await quarter.deposit(place, "XA000001", observation(value))
        await quarter.treat(f"{place}/doctor", her)
    assert len(await seen(quarter, "county-2/doctor", her)) == 2, "the control: before, both are seen"
    await quarter.house.privacy.decide(herself(her.id), Wish(kind, "out"))
    return her


async def seen(quarter: Quarter, who: str, her: Resident, purpose: Purpose = Purpose.TREAT) -> set[str]:
    answer = await quarter.house.gate.open(quarter.staff[who], purpose, resident=her)
    if not isinstance(answer, Release):
        return set()
    return {body.organisation for body in answer.bodies if body.type == "Observation"}


@pytest.mark.parametrize("kind", [Kind.EXCHANGE, Kind.EVERYTHING])
async def test_each_hospital_keeps_its_own_and_sees_no_more(quarter: Quarter, kind: Kind) -> None:
    her = await out(quarter, kind)
    assert await seen(quarter, "county-2/doctor", her) <= {"county-2"}
    assert await seen(quarter, "city-1/doctor", her) <= {"city-1"}
    machine = quarter.staff["county-2/machine"]
    found = await quarter.house.gate.fetch(machine, her, Query(type="Observation"))
    assert {body.organisation for body in found.bodies} == {"county-2"}


@pytest.mark.parametrize("kind", [Kind.EXCHANGE, Kind.EVERYTHING])
async def test_an_emergency_opens_none_of_it(quarter: Quarter, kind: Kind) -> None:
    her = await out(quarter, kind)
    doctor = quarter.staff["county-2/doctor"]
    await quarter.house.watch.emergencies.declare(doctor, her, "unconscious", WORDS, quarter.now)
    assert await seen(quarter, "county-2/doctor", her, Purpose.ETREAT) <= {"county-2"}


async def test_what_comes_afterwards_stays_with_its_writer_even_when_she_is_back(quarter: Quarter) -> None:
    her = await out(quarter)
    await quarter.deposit("anding", "XA000001", observation(8.3))
    assert "anding" not in await seen(quarter, "county-2/doctor", her)
    await quarter.house.privacy.decide(herself(her.id), Wish(Kind.EXCHANGE, "in"))
    assert await seen(quarter, "county-2/doctor", her) == {"county-2", "city-1"}, "what was closed stays closed"
    mine = await quarter.house.gate.open(herself(her.id), Purpose.PATRQT, resident=her)
    assert isinstance(mine, Release)
    assert "anding" in {body.organisation for body in mine.bodies}, "she herself sees all of it"


@pytest.mark.parametrize("kind", [Kind.STATISTICS, Kind.EVERYTHING])
async def test_statistics_do_not_count_her(quarter: Quarter, target: Target, kind: Kind) -> None:
    await demand_superuser(target)
    visit = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "urn:uuid:patient"},
        "period": {"start": quarter.now.date().isoformat(), "end": quarter.now.date().isoformat()},
    }

    async def counted() -> set[str]:
        return {
            line for table, lines in (await rows(target)).items() if table.startswith("statistics.") for line in lines
        }

    her = await quarter.resident("XA000001")
    await quarter.house.privacy.decide(herself(her.id), Wish(kind, "out"))
    before = await counted()
    await quarter.deposit("county-2", "XA000001", visit)
    assert await counted() == before
    await quarter.deposit("county-2", "XB000002", visit)
    assert await counted() != before, "the control: somebody who did not opt out is counted"
