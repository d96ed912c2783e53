"""A colleague who is curious gets nothing, and she sees by name that he tried.

Whoever does not treat her is shown what an unknown person's record shows, and his attempt stands in her list with his
name, institution and reason.  Whoever may read is counted: nobody reads his way through a town.

Answers: M9
Proved in detail by: tests/policy/test_policy.py, tests/audit/test_sealing.py, tests/anomalies/test_unusual.py
Not answered: a photograph of a screen that somebody was allowed to see; her list names who had it before him.
"""

from __future__ import annotations

import pytest

from carecode.disclosure.answers import Query, Refusal, Release
from carecode.disclosure.people import herself
from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import Purpose
from tests.promises.quarter import Quarter, observation, words_of


async def test_without_her_code_or_a_visit_nothing_opens_and_she_sees_who_tried(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    await quarter.deposit("county-2", "XA000001", observation(6.1))
    curious = quarter.staff["county-2/colleague"]
    assert isinstance(await quarter.house.gate.open(curious, Purpose.TREAT, resident=her), Refusal)
    assert (await quarter.house.gate.fetch(curious, her, Query())).total == 0
    assert isinstance(await quarter.house.gate.open(curious, Purpose.ETREAT, resident=her), Refusal)
    looked = await quarter.looked(her)
    assert [name for name, action, _ in looked if action == "refuse"] == ["Colleague of County Hospital 2"] * 3
    page = await quarter.page("/my/who-looked", await quarter.session(resident=her))
    assert "Colleague of County Hospital 2" in words_of(page.text)


async def test_who_treats_her_is_named_too(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    await quarter.treat("county-2/doctor", her)
    assert isinstance(
        await quarter.house.gate.open(quarter.staff["county-2/doctor"], Purpose.TREAT, resident=her), Release
    )
    assert ("Doctor of County Hospital 2", "disclose", "visit") in await quarter.looked(her)


async def test_by_the_interface_he_is_told_what_of_nobody_would_be_told_and_is_seen(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    await quarter.deposit("county-2", "XA000001", observation(6.1))
    headers = await quarter.bearer("county-2/colleague")
    number = quarter.house.gate.patient_id(quarter.staff["county-2/colleague"], her)
    hers = await quarter.http.get(f"/fhir/Observation?patient={number}", headers=headers)
    nobodys = await quarter.http.get(f"/fhir/Observation?patient={'0' * 32}", headers=headers)
    assert "entry" not in hers.json()
    assert hers.json()["total"] == nobodys.json()["total"] == 0
    assert ("Colleague of County Hospital 2", "refuse", "no-code") in await quarter.looked(her)


async def test_nobody_reads_his_way_through_a_town(quarter: Quarter) -> None:
    """With a cap of five in an hour the sixth record stays closed, and its owner sees the attempt."""
    await quarter.house.log.set_caps(5, 1000)
    doctor, answers, residents = quarter.staff["county-2/doctor"], [], []
    for place in range(7):
        her = await quarter.resident(f"XA{place:06d}")
        await quarter.treat("county-2/doctor", her)
        answers.append(await quarter.house.gate.open(doctor, Purpose.TREAT, resident=her))
        residents.append(her)
    assert [isinstance(answer, Release) for answer in answers] == [True] * 5 + [False] * 2
    assert await quarter.looked(residents[-1]) == [("Doctor of County Hospital 2", "refuse", "caps-used")]


async def test_nobody_writes_into_her_record_who_does_not_treat_her(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    for who in ("doctor", "desk", "cashier", "officer"):
        with pytest.raises(RefusedError):
            await quarter.house.gate.deposit(quarter.staff[f"county-2/{who}"], her, [], quarter.now)
    with pytest.raises(RefusedError):
        await quarter.house.gate.deposit(herself(her.id), her, [], quarter.now)
