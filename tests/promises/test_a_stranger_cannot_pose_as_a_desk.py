"""A false poster or a stranger with a scanner gets nothing from her code.

A code for money or for her record is good at one desk only, whose four digits she typed, and only for somebody who is
signed in there.  Her phone is told the checked name of the institution that used it, with the receipt's number.

Answers: M17
Proved in detail by: tests/healthcode/test_checks.py, tests/signin/test_sessions.py
Not answered: a poster that leads her to another page and asks for her words; codes on posters are not built.
"""

from __future__ import annotations

from carecode.kernel.vocabulary import CodePurpose
from tests.promises.quarter import ADDRESS, Quarter, words_of


async def test_who_is_not_signed_in_gets_nothing_of_a_good_code(quarter: Quarter) -> None:
    phone = await quarter.phone(await quarter.resident("XA000001"))
    code = phone.code(CodePurpose.REGISTER, quarter.now)
    for headers in ({"origin": ADDRESS}, {"origin": ADDRESS, "cookie": "carecode_desk=stolen"}):
        answer = await quarter.http.post("/desk/scan", data={"code": code}, headers=headers)
        assert answer.status_code in {401, 403}
        assert "李明" not in answer.text
    good = await quarter.form("/desk/scan", await quarter.session("county-2/desk"), code=code)
    assert good.status_code == 200, "the control: it was good, and nobody had used it up"


async def test_no_two_desks_of_a_hospital_have_the_same_digits(quarter: Quarter) -> None:
    tokens = [await quarter.session("county-2/doctor") for _ in range(12)]
    numbers = [await quarter.desk_number(token) for token in tokens]
    assert len(set(numbers)) == len(numbers)


async def test_her_phone_is_told_the_checked_name_and_the_receipt(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    phone, hers = await quarter.phone(her), await quarter.session(resident=her)
    clinic = await quarter.session("county-2/doctor")
    code = phone.code(CodePurpose.OPEN_RECORD, quarter.now, await quarter.desk_number(clinic))
    opened = await quarter.form("/clinic/open", clinic, code=code)
    news = (await quarter.page("/my/news", hers)).text
    assert "County Hospital 2" in news
    newest = (await quarter.house.log.entries(her, 1))[0]
    assert newest.receipt_number in news
    assert newest.receipt_number in words_of(opened.text)
