"""Nobody gets a health code without asking for one.

A hospital's feed, a loaded file or a desk makes an entry without a code: nothing can be shown for her until she herself
uses the eight digits that a desk gave her, once, within ten minutes.  Both stand in her list.

Answers: M12
Proved in detail by: tests/promises/test_a_token_opens_what_it_names.py, tests/healthcode/test_verifier.py
Not answered: a desk clerk who keeps the digits; her list names the clerk, and her list of phones the phone.
"""

from __future__ import annotations

import pytest

from carecode.disclosure.people import herself
from carecode.kernel.errors import CareCodeError
from carecode.kernel.vocabulary import Resident
from carecode.store.database import Target
from tests.conftest import demand_superuser
from tests.promises.quarter import NUMBERS, Quarter, observation, rows, words_of


async def phones(quarter: Quarter, her: Resident) -> int:
    return len(await quarter.house.verifier.devices(await quarter.house.index.bearer_of(her.id)))


async def test_a_feed_makes_entries_without_any_code(quarter: Quarter, target: Target) -> None:
    await demand_superuser(target)
    for place in range(5):
        await quarter.deposit("county-2", f"XA{place:06d}", observation(6.1))
        her = await quarter.house.index.resolve(NUMBERS, f"XA{place:06d}")
        assert her is not None
        assert await phones(quarter, her) == 0
        assert await quarter.house.log.entries(her), "the receipt of it: her list says who wrote"
    kept = await rows(target)
    assert kept["healthcode.device"] == kept["healthcode.used"] == kept["disclosure.enrolment"] == set()
    assert not [line for line in kept["disclosure.session"] if "link" in line]


async def test_a_desk_gives_digits_and_only_her_using_them_makes_a_code(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    code = await quarter.house.phones.code_for(quarter.staff["county-2/desk"], her, quarter.now)
    assert await phones(quarter, her) == 0
    assert await quarter.looked(her) == [("Desk of County Hospital 2", "identify", "phone code")]
    requester, _token = await quarter.house.sessions.redeem_enrolment(code, quarter.now)
    assert requester == herself(her.id)
    with pytest.raises(CareCodeError):
        await quarter.house.sessions.redeem_enrolment(code, quarter.now)  # once


async def test_the_digits_end_by_themselves(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    code = await quarter.house.phones.code_for(quarter.staff["county-2/desk"], her, quarter.now)
    quarter.clock.forward(minutes=11)
    with pytest.raises(CareCodeError):
        await quarter.house.sessions.redeem_enrolment(code, quarter.now)


async def test_no_page_gives_a_code_to_whoever_asks_for_one(quarter: Quarter) -> None:
    await quarter.resident("XA000001")
    for code in ("", "00000000", "12345678"):
        answer = await quarter.http.post(
            "/my/enrol", data={"code": code}, headers={"origin": "http://localhost:8000"}, follow_redirects=False
        )
        assert answer.status_code >= 400
        assert "carecode_my" not in answer.headers.get("set-cookie", "")
        assert "李明" not in words_of(answer.text)
