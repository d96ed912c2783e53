"""No code, page or answer can say that somebody must stop: there is no red, no rank and no list of people.

A scan answers who she is, or that the code is not good.  It answers the same whatever was decided, ordered, declared
or written about her, so that nothing typed by anybody can stop her with it.

Answers: M1
Proved in detail by: tests/promises/test_closed_purposes.py, tests/web/test_code_page.py
Not answered: an official who stops her for reasons of his own.
"""

from __future__ import annotations

import re

import httpx

from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.people import herself
from carecode.kernel.vocabulary import CodePurpose
from tests.promises.quarter import Quarter, condition, words_of

REASON = "Brought in unconscious after a fall."


async def test_a_scan_says_the_same_whatever_happened_to_her(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    phone, desk = await quarter.phone(her), await quarter.session("county-2/desk")

    async def scan() -> str:
        answer = await quarter.form("/desk/scan", desk, code=phone.code(CodePurpose.REGISTER, quarter.now))
        assert answer.status_code == 200
        return re.sub(r"\d\d:\d\d:\d\d", "<time>", words_of(answer.text))

    before = await scan()
    assert "李明" in before
    await quarter.deposit("anding", "XA000001", condition("86406008", "HIV"), condition("840539006", "COVID-19"))
    assert await scan() == before
    await quarter.house.privacy.refuse(herself(her.id), "county-2")
    assert await scan() == before
    await quarter.house.watch.emergencies.declare(
        quarter.staff["county-2/doctor"], her, "unconscious", REASON, quarter.now
    )
    assert await scan() == before
    await quarter.house.privacy.decide(herself(her.id), Wish(Kind.EVERYTHING, "out"))
    assert await scan() == before


async def test_a_code_that_is_not_good_says_so_and_offers_another_way(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    phone, desk = await quarter.phone(her), await quarter.session("county-2/desk")
    code = phone.code(CodePurpose.REGISTER, quarter.now)
    await quarter.house.verifier.revoke(phone.number, quarter.now)
    answer = await quarter.form("/desk/scan", desk, code=code)
    assert answer.status_code == 403
    assert "Ask for her ID card" in words_of(answer.text), "refused is the code, never the person"
    found = await quarter.form("/desk/find", desk, kind="urn:test:number", number="XA000001")
    assert_serves(found)


def assert_serves(answer: httpx.Response) -> None:
    assert answer.status_code == 200
    assert "李明" in words_of(answer.text)


async def test_nobodys_keyboard_reaches_a_persons_code(quarter: Quarter) -> None:
    """No member of staff can cancel, mark or lock a code of hers without her log naming who did it."""
    her = await quarter.resident("XA000001")
    await quarter.phone(her)
    number = quarter.house.gate.patient_id(quarter.staff["county-2/desk"], her)
    for who in ("county-2/doctor", "county-2/cashier", "county-2/officer"):
        token = await quarter.session(who)
        answer = await quarter.form("/desk/cancel-phones", token, patient=number)
        assert answer.status_code in {401, 403}
    assert all(one.revoked_at is None for one in await devices(quarter, her))


async def devices(quarter: Quarter, her: object) -> list:  # type: ignore[type-arg]
    return await quarter.house.verifier.devices(await quarter.house.index.bearer_of(her.id))  # type: ignore[attr-defined]
