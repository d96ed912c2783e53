"""Nobody's record is joined to somebody else's by a mistyped or borrowed number.

A number that is somebody's already, given with another person's facts, is refused in words and changes nothing; so is
a deposit.  Records are never merged by the platform, so none can be merged wrongly: a key is given to one person.

Answers: M18
Proved in detail by: tests/identity/test_index.py, tests/exchange/test_refused.py
Not answered: two people with the same name, birth date and sex who share a number; linking and unlinking by a steward
is not built, and with it the list of what a wrong link showed.
"""

from __future__ import annotations

from datetime import date

import pytest

from carecode.disclosure.answers import Query
from carecode.disclosure.people import herself
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.errors import CareCodeError
from carecode.kernel.vocabulary import Purpose
from carecode.store.database import Target
from tests.conftest import demand_superuser
from tests.promises.quarter import NUMBERS, Quarter, observation, rows


async def test_another_persons_facts_under_her_number_change_nothing(quarter: Quarter, target: Target) -> None:
    await demand_superuser(target)
    her = await quarter.resident("XA000001")
    before = await rows(target)
    stranger = Person("赵大山", "", date(1999, 9, 9), "male", "")
    with pytest.raises(CareCodeError) as refused:
        await quarter.house.index.enrol([parse(NUMBERS, "XA000001")], stranger, source="x", now=quarter.now)
    assert "XA000001" not in str(refused.value)
    assert await rows(target) == before
    assert (await quarter.house.index.card(her)).name == "李明"


async def test_a_deposit_for_her_number_with_another_persons_facts_is_not_hers(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    other = {"name": [{"text": "赵大山"}], "birthDate": "1999-09-09", "gender": "male"}
    with pytest.raises(CareCodeError):
        await quarter.deposit("county-2", "XA000001", observation(9.9), patient=other)
    found = await quarter.house.gate.open(herself(her.id), Purpose.PATRQT, resident=her)
    assert getattr(found, "bodies", None) == []


async def test_two_people_have_no_key_in_common(quarter: Quarter) -> None:
    people = [await quarter.resident(f"XA{place:06d}", name=f"人{place}") for place in range(8)]
    keys = [key for one in people for key in one.keys]
    assert len(set(keys)) == len(keys)
    await quarter.deposit("county-2", "XA000000", observation(6.1), patient={"name": [{"text": "人0"}]})
    machine = quarter.staff["county-2/machine"]
    found = [(await quarter.house.gate.fetch(machine, one, Query(type="Observation"))).total for one in people]
    assert found == [1] + [0] * 7
