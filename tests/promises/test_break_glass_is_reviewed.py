"""Breaking the glass is told to her at once, checked by a second person, and ends by itself.

It needs a reason of a closed list and words, opens for one resident to one doctor and never the whole record, and
waits for an officer of that hospital, or, when nobody checks it in time, for the platform's.

Answers: M10
Proved in detail by: tests/emergency/test_breakglass.py, tests/emergency/test_officer.py, tests/policy/test_proofs.py
Not answered: a reason that sounds right and is not; the second person and she read it.
"""

from __future__ import annotations

import pytest

from carecode.disclosure.answers import Refusal, Release
from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.people import Staff, herself
from carecode.disclosure.purposes import NOT_IN_EMERGENCIES
from carecode.kernel.errors import CareCodeError, RefusedError
from carecode.kernel.vocabulary import PLATFORM, Purpose, Resident, Role
from tests.promises.quarter import Quarter, condition, observation, words_of

WORDS = "Brought in unconscious after a fall."


async def declared(quarter: Quarter, her: Resident) -> Release | Refusal:
    doctor = quarter.staff["county-2/doctor"]
    await quarter.house.watch.emergencies.declare(doctor, her, "unconscious", WORDS, quarter.now)
    return await quarter.house.gate.open(doctor, Purpose.ETREAT, resident=her)


async def with_record(quarter: Quarter) -> Resident:
    her = await quarter.resident("XA000001")
    await quarter.deposit("city-1", "XA000001", observation(6.1), condition("38341003", "Hypertension"))
    return her


async def test_she_is_told_at_once_who_and_why(quarter: Quarter) -> None:
    her = await with_record(quarter)
    token = await quarter.session(resident=her)
    answer = await declared(quarter, her)
    assert isinstance(answer, Release)
    assert {body.type for body in answer.bodies} >= {"Condition", "Observation"}
    assert answer.receipt.categories.isdisjoint(NOT_IN_EMERGENCIES)
    page = words_of((await quarter.page("/my/who-looked", token)).text)
    assert "Doctor of County Hospital 2" in page
    assert "emergency" in page.lower()


async def test_it_waits_for_a_second_person_until_she_decides(quarter: Quarter) -> None:
    her = await with_record(quarter)
    await declared(quarter, her)
    work, officer = quarter.house.watch.work, quarter.staff["county-2/officer"]
    [item] = await work.queue(officer, kind="emergency")
    assert await work.queue(quarter.staff["city-1/officer"], kind="emergency") == []
    with pytest.raises(CareCodeError):
        await work.decide(officer, item.id, "right", "ok", quarter.now)
    await work.decide(officer, item.id, "not-right", "She was awake and had said no.", quarter.now)
    [mine] = await quarter.house.watch.emergencies.of(her)
    assert (mine.verdict, mine.verdict_words) == ("not-right", "She was awake and had said no.")


async def test_nobody_checks_it_and_the_platform_is_told(quarter: Quarter) -> None:
    her = await with_record(quarter)
    await quarter.house.people.put_staff(Staff("root", PLATFORM, Role.OFFICER, "Kong Yi", "孔", "", ""))
    root = await quarter.house.people.staff("root")
    assert root is not None
    await declared(quarter, her)
    assert await quarter.house.watch.work.queue(root, kind="emergency") == []
    quarter.clock.forward(hours=73)
    await quarter.house.housekeep()
    assert len(await quarter.house.watch.work.queue(root, kind="emergency")) == 1


async def test_it_ends_by_itself(quarter: Quarter) -> None:
    her = await with_record(quarter)
    await declared(quarter, her)
    quarter.clock.forward(minutes=61)
    doctor = quarter.staff["county-2/doctor"]
    assert isinstance(await quarter.house.gate.open(doctor, Purpose.ETREAT, resident=her), Refusal)


async def test_there_is_a_cap_and_the_officer_hears_of_it(quarter: Quarter) -> None:
    doctor = quarter.staff["county-2/doctor"]
    for place in range(3):
        her = await quarter.resident(f"XA{place:06d}")
        await quarter.house.watch.emergencies.declare(doctor, her, "unconscious", WORDS, quarter.now)
    one_more = await quarter.resident("XA000009")
    with pytest.raises(RefusedError):
        await quarter.house.watch.emergencies.declare(doctor, one_more, "unconscious", WORDS, quarter.now)
    assert len(await quarter.house.watch.work.queue(quarter.staff["county-2/officer"], kind="cap")) == 1


async def test_her_no_beforehand_holds(quarter: Quarter) -> None:
    her = await with_record(quarter)
    await quarter.house.privacy.decide(herself(her.id), Wish(Kind.EMERGENCY, "no"))
    answer = await declared(quarter, her)
    assert isinstance(answer, Refusal) or answer.bodies == []
