from __future__ import annotations

import asyncio
import secrets
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from carecode.app import wall_clock
from carecode.audit.log import Log
from carecode.kernel.errors import ConflictError, RefusedError
from carecode.kernel.vocabulary import (
    ALL_CATEGORIES,
    Purpose,
    Receipt,
    RecordKey,
    Requester,
    Resident,
    ResidentId,
    Role,
)
from carecode.store.database import Database

DOCTOR = Requester("doctor-1", Role.CLINICIAN, "county-2", "Dr Zhao")
MACHINE = Requester("machine-1", Role.SYSTEM, "county-2", "A machine")
HOURLY = 60  # audit.cap as it is shipped


@pytest.fixture
def log(database: Database) -> Log:
    return Log(database, secrets.token_bytes)


def somebody() -> Resident:
    return Resident(ResidentId(uuid.uuid4()), (RecordKey(uuid.uuid4()),))


async def seal(log: Log, resident: Resident, requester: Requester = MACHINE) -> Receipt:
    now = wall_clock() + timedelta(seconds=1)
    return await log.seal(resident, requester, Purpose.TREAT, ALL_CATEGORIES, "code", decided_at=now)


async def test_disclosures_of_one_moment_each_get_entry_chain_and_receipt(log: Log) -> None:
    residents = [somebody() for _ in range(100)]
    receipts = await asyncio.gather(*(seal(log, resident) for resident in residents))
    for resident, receipt in zip(residents, receipts, strict=True):
        entries = await log.entries(resident)
        assert [entry.receipt for entry in entries] == [receipt.id]
        assert await log.first_broken(resident) is None
        assert await log.is_live(receipt)


async def test_many_about_one_person_follow_each_other_in_her_chain(log: Log) -> None:
    her = somebody()
    receipts = await asyncio.gather(*(seal(log, her) for _ in range(30)))
    entries = await log.entries(her)
    assert sorted(entry.seq for entry in entries) == list(range(1, 31))
    assert {entry.receipt for entry in entries} == {receipt.id for receipt in receipts}
    assert await log.first_broken(her) is None


async def test_a_revocation_refuses_hers_and_leaves_the_others(log: Log) -> None:
    her, other = somebody(), somebody()
    before = wall_clock() - timedelta(seconds=5)
    await log.void(her)
    answers = await asyncio.gather(
        *(log.seal(one, MACHINE, Purpose.TREAT, ALL_CATEGORIES, "code", decided_at=before) for one in (her, other)),
        return_exceptions=True,
    )
    assert isinstance(answers[0], ConflictError)
    assert isinstance(answers[1], Receipt)
    assert await log.entries(her) == []


async def test_a_person_cannot_open_more_in_an_hour_than_the_cap(log: Log) -> None:
    answers = await asyncio.gather(*(seal(log, somebody(), DOCTOR) for _ in range(HOURLY + 12)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, RefusedError)]
    assert len(refused) == 12
    assert {error.code for error in refused} == {"capped"}
    await seal(log, somebody(), replace(DOCTOR, id="doctor-2"))  # a colleague has an hour of her own
    await seal(log, somebody(), MACHINE)  # machines see only their own institution's, and are not counted


async def test_an_institution_cannot_open_more_in_an_hour_than_its_cap(log: Log) -> None:
    await log.set_caps(person=100, institution=3)
    for number in range(3):
        await seal(log, somebody(), replace(DOCTOR, id=f"doctor-{number}"))
    with pytest.raises(RefusedError):
        await seal(log, somebody(), replace(DOCTOR, id="doctor-9"))
    await seal(log, somebody(), replace(DOCTOR, organisation="city-1"))


async def test_one_whose_chain_is_held_does_not_hold_up_the_others(log: Log, database: Database) -> None:
    held, free = somebody(), somebody()
    await seal(log, held)
    async with database.connection("audit") as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT audit.void($1)", held.keys[0])
        waiting = asyncio.ensure_future(seal(log, held))
        await asyncio.wait_for(seal(log, free), timeout=0.9)
        assert not waiting.done()
        await transaction.rollback()
    await waiting
