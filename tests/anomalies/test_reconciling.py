"""An institution's own list of receipts against the log: what only one of them has shows."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from carecode.app import App
from carecode.audit.notes import Checkpoint, split
from carecode.disclosure.people import Organisation
from carecode.kernel.errors import InvalidInputError, RefusedError
from carecode.kernel.vocabulary import (
    ALL_CATEGORIES,
    Purpose,
    RecordKey,
    Requester,
    Resident,
    ResidentId,
    Role,
    receipt_mark,
)

DOCTOR = Requester("doctor", Role.CLINICIAN, "county-2", "Dr Zhao")
MACHINE = Requester("county-2/system", Role.SYSTEM, "county-2", "A computer")
OFFICER = Requester("officer", Role.OFFICER, "county-2", "Tan Hui")


async def receipts(app: App, count: int, organisation: str = "county-2") -> list[str]:
    await app.people.put_organisation(Organisation(organisation, organisation, organisation, "hospital"))
    made = []
    for _ in range(count):
        somebody = Resident(ResidentId(uuid.uuid4()), (RecordKey(uuid.uuid4()),))
        now = app.clock() + timedelta(seconds=5)
        asker = replace(DOCTOR, organisation=organisation)
        receipt = await app.log.seal(somebody, asker, Purpose.TREAT, ALL_CATEGORIES, "code", decided_at=now)
        made.append(receipt_mark(receipt.id))
    return made


async def test_equal_lists_leave_nothing_to_ask(house: App) -> None:
    theirs = await receipts(house, 5)
    await receipts(house, 2, "city-1")
    tomorrow = house.clock() + timedelta(days=1)
    found = await house.reconciling.compare(MACHINE, house.clock().date(), theirs, tomorrow)
    assert (found.both, found.only_theirs, found.only_ours) == (5, 0, 0)
    assert await house.watch.work.queue(OFFICER, kind="anomaly") == []


async def test_what_only_one_list_has_is_counted_in_public_and_put_before_the_officer(house: App) -> None:
    theirs = await receipts(house, 5)
    lost = receipt_mark(uuid.uuid4())
    tomorrow = house.clock() + timedelta(days=1)
    found = await house.reconciling.compare(MACHINE, house.clock().date(), [*theirs[1:], lost, lost], tomorrow)
    assert (found.both, found.only_theirs, found.only_ours) == (4, 1, 1)
    [item] = await house.watch.work.queue(OFFICER, kind="anomaly")
    assert "1 receipts stand only in the institution's list" in item.note
    while await house.sequencer.step():
        pass
    leaves = await house.public_log.entries(0, Checkpoint.parse(split(await house.public_log.checkpoint())[0]).size)
    assert b'"only_institution":1' in leaves


async def test_bad_lists_are_refused_in_words(house: App) -> None:
    theirs = await receipts(house, 1)
    now = house.clock()
    tomorrow = now + timedelta(days=1)
    with pytest.raises(InvalidInputError, match="Line 2 is no receipt"):
        await house.reconciling.compare(MACHINE, now.date(), [*theirs, "C26B-DBC5"], tomorrow)
    with pytest.raises(InvalidInputError, match="a day that is over"):
        await house.reconciling.compare(MACHINE, now.date(), theirs, now)
    with pytest.raises(RefusedError):
        await house.reconciling.compare(DOCTOR, now.date(), theirs, tomorrow)
