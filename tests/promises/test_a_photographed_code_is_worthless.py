"""A photograph or a screenshot of her code is worth nothing.

It is good for seconds, once, for the one thing she chose, and, where money or her record is concerned, at the one
desk whose number she typed.  Who photographs it cannot spend it in her place either.

Answers: M16
Proved in detail by: tests/healthcode/test_checks.py, tests/healthcode/test_verifier.py
Not answered: somebody who uses it before her, at the same desk, in the same half minute; she sees that in her list.
"""

from __future__ import annotations

import pytest

from carecode.disclosure.answers import Refusal, Release
from carecode.kernel.vocabulary import Bearer, CodePurpose, Presentation, Purpose
from tests.promises.quarter import Quarter, words_of


async def test_it_is_good_once(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    phone = await quarter.phone(her)
    county, city = await quarter.session("county-2/desk"), await quarter.session("city-1/desk")
    code = phone.code(CodePurpose.REGISTER, quarter.now)
    assert (await quarter.form("/desk/scan", county, code=code)).status_code == 200
    for token in (county, city):
        again = await quarter.form("/desk/scan", token, code=code)
        assert again.status_code == 403
        assert "李明" not in again.text


@pytest.mark.parametrize("seconds", [90, 600, 86_400])
async def test_it_is_good_for_seconds(quarter: Quarter, seconds: int) -> None:
    phone = await quarter.phone(await quarter.resident("XA000001"))
    code = phone.code(CodePurpose.REGISTER, quarter.now)
    quarter.clock.forward(seconds=seconds)
    late = await quarter.form("/desk/scan", await quarter.session("county-2/desk"), code=code)
    assert late.status_code == 403
    assert "李明" not in late.text


async def test_it_is_good_for_what_she_chose_only(quarter: Quarter) -> None:
    phone = await quarter.phone(await quarter.resident("XA000001"))
    clinic = await quarter.session("county-2/doctor")
    number = await quarter.desk_number(clinic)
    for purpose in set(CodePurpose) - {CodePurpose.OPEN_RECORD}:
        desk = number if purpose is CodePurpose.PAY else None
        answer = await quarter.form("/clinic/open", clinic, code=phone.code(purpose, quarter.now, desk))
        assert answer.status_code == 403, purpose
        assert "李明" not in answer.text
    good = await quarter.form("/clinic/open", clinic, code=phone.code(CodePurpose.OPEN_RECORD, quarter.now, number))
    assert "李明" in words_of(good.text), "the control"


async def test_who_photographed_it_cannot_use_it_at_another_desk_or_spend_it(quarter: Quarter) -> None:
    phone = await quarter.phone(await quarter.resident("XA000001"))
    here, there = await quarter.session("county-2/doctor"), await quarter.session("city-1/doctor")
    numbers = [await quarter.desk_number(token) for token in (here, there)]
    if numbers[0] == numbers[1]:
        pytest.skip("both desks drew the same four digits")
    code = phone.code(CodePurpose.OPEN_RECORD, quarter.now, numbers[0])
    relayed = await quarter.form("/clinic/open", there, code=code)
    assert relayed.status_code == 403
    assert "李明" not in relayed.text
    assert (await quarter.form("/clinic/open", here, code=code)).status_code == 200, "it was not used up by that"


async def test_no_code_but_the_one_for_it_opens_her_record(quarter: Quarter) -> None:
    """The gate itself asks what the code was made for, and a window opens for the right one only."""
    her = await quarter.resident("XA000001")
    bearer, doctor = await quarter.house.index.bearer_of(her.id), quarter.staff["county-2/doctor"]
    for purpose in set(CodePurpose) - {CodePurpose.OPEN_RECORD}:
        shown = Presentation(Bearer(bearer), purpose, quarter.now, "1234")
        assert isinstance(await quarter.house.gate.open(doctor, Purpose.TREAT, presentation=shown), Refusal)
        await quarter.house.gate.code_was_shown(doctor, her, purpose)
        assert isinstance(await quarter.house.gate.open(doctor, Purpose.TREAT, resident=her), Refusal)
    shown = Presentation(Bearer(bearer), CodePurpose.OPEN_RECORD, quarter.now, "1234")
    assert isinstance(await quarter.house.gate.open(doctor, Purpose.TREAT, presentation=shown), Release), "the control"
