"""Nobody of her family sees or decides more than she, or the law for her age, gave them, and she sees that they did.

A guardian's view shrinks as a child grows and ends by itself.  A delegate sees the scope she chose, hands nothing on,
and sees neither what she hid nor that she hid it.  Under duress a second word shows a page that looks whole.

Answers: M19
Proved in detail by: tests/disclosure/test_delegations.py
Not answered: somebody who holds her phone and knows both her words.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from carecode.disclosure.answers import Refusal, Release
from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.decisions import QUIETLY
from carecode.disclosure.delegationbook import Scope
from carecode.disclosure.people import herself
from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import Category, Closed, Purpose, Requester, Resident
from tests.promises.quarter import Quarter, condition, observation

ALL_BUT = Scope(frozenset(Category), Closed(0), may_decide=True)
HIV = condition("86406008", "HIV")


async def seen(quarter: Quarter, requester: Requester | None, her: Resident) -> set[str] | None:
    if requester is None:
        return None
    answer = await quarter.house.gate.open(requester, Purpose.PATRQT, resident=her)
    return None if isinstance(answer, Refusal) else {body.type for body in answer.bodies}


async def acting(quarter: Quarter, helper: Resident, her: Resident) -> Requester | None:
    found = await quarter.house.delegations.acting(helper.id, her, quarter.now)
    return found.requester if found else None


async def with_helper(quarter: Quarter) -> tuple[Resident, Resident]:
    """Let her husband act for her in all but what is sensitive."""
    her, husband = await quarter.resident("XA000001"), await quarter.resident("XB000002", name="赵伟")
    await quarter.deposit("county-2", "XA000001", observation(6.1), HIV)
    delegations = quarter.house.delegations
    code = await delegations.codes.offer(husband.id, quarter.now)
    await delegations.grant(herself(her.id), code, ALL_BUT, quarter.now)
    [asked] = await delegations.for_whom(husband.id, quarter.now)
    assert await acting(quarter, husband, her) is None, "nobody acts before both said yes"
    early = replace(herself(her.id), id=asked.requester, name="赵伟")
    assert await seen(quarter, early, her) is None, "and the gate asks for itself"
    await delegations.accept(husband.id, asked.id, quarter.now)
    return her, husband


async def test_who_acts_for_her_sees_nothing_sensitive_or_hidden_and_is_named(quarter: Quarter) -> None:
    her, husband = await with_helper(quarter)
    requester = await acting(quarter, husband, her)
    assert requester is not None
    assert await seen(quarter, requester, her) == {"Patient", "Observation"}, "and no word of the HIV"
    mine = await quarter.house.gate.open(herself(her.id), Purpose.PATRQT, resident=her)
    assert isinstance(mine, Release)
    entry = next(body.id for body in mine.bodies if body.type == "Observation")
    await quarter.house.privacy.decide(herself(her.id), Wish(Kind.ENTRY, "hide", about=entry))
    assert "Observation" not in (await seen(quarter, requester, her) or set())
    decisions = await quarter.house.privacy.history(requester)
    assert decisions == [], "nor that she hid something"
    assert "赵伟" in {entry.requester_name for entry in await quarter.house.log.entries(her)}


async def test_she_ends_it_at_once_and_he_cannot_hand_it_on(quarter: Quarter) -> None:
    her, husband = await with_helper(quarter)
    third = await quarter.resident("XC000003", name="钱三")
    requester = await acting(quarter, husband, her)
    assert requester is not None
    code = await quarter.house.delegations.codes.offer(third.id, quarter.now)
    with pytest.raises(RefusedError):
        await quarter.house.delegations.grant(requester, code, ALL_BUT, quarter.now)
    [one] = await quarter.house.delegations.by_whom(herself(her.id), quarter.now)
    await quarter.house.delegations.end(herself(her.id), one.id, quarter.now)
    assert await acting(quarter, husband, her) is None
    assert await seen(quarter, requester, her) is None, "with the requester of before, too"


@pytest.mark.parametrize(("years", "expected"), [(5, {"Patient", "Condition"}), (14, {"Patient"}), (17, None)])
async def test_a_guardians_view_shrinks_with_the_childs_age(
    quarter: Quarter, years: int, expected: set[str] | None
) -> None:
    today = quarter.now.date()
    born = date(today.year - years, 1, 1)
    child = await quarter.resident("XA000001", born=born)
    mother = await quarter.resident("XB000002", name="王芳")
    await quarter.deposit("county-2", "XA000001", HIV, patient={"birthDate": born.isoformat()})
    await quarter.house.delegations.register_guardian(child, mother, None, quarter.now)
    assert await seen(quarter, await acting(quarter, mother, child), child) == expected


async def test_under_duress_nothing_is_shown_and_nothing_is_changed(quarter: Quarter) -> None:
    her, _husband = await with_helper(quarter)
    quietly = replace(herself(her.id), id=QUIETLY)
    assert await seen(quarter, quietly, her) == {"Patient", "Observation"}, "no HIV, and no gap where it was"
    await quarter.house.privacy.decide(herself(her.id), Wish(Kind.INSTITUTION, "refuse", "city-1"))
    assert await quarter.house.privacy.standing(quietly) == []
    before = await quarter.house.log.entries(her)
    await quarter.house.privacy.decide(quietly, Wish(Kind.INSTITUTION, "allow", "city-1"))
    await quarter.house.privacy.decide(quietly, Wish(Kind.INSTITUTION, "refuse", "anding"))
    assert await quarter.house.log.entries(her) == before, "nor is it told to whoever looks into her list"
    state = await quarter.house.decisions.state(her, quarter.staff["city-1/doctor"], quarter.now)
    assert state.refused, "what was clicked under duress decides nothing"
    other = await quarter.house.decisions.state(her, quarter.staff["anding/doctor"], quarter.now)
    assert not other.refused
