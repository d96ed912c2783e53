"""Her code holds no name, number, place, status or anything else about her, and nothing in it comes from her number.

Her ID card's number can therefore not be computed from a code, whatever key leaks.

Answers: M4
Proved in detail by: tests/healthcode/test_format.py, tests/healthcode/test_handles.py
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date

from carecode.healthcode.format import Code, parse
from carecode.kernel.vocabulary import CodePurpose, Presentation
from tests.promises.quarter import Quarter

NUMBER = "XA000001"


async def test_a_code_is_a_kind_a_purpose_a_time_a_random_number_and_a_signature(quarter: Quarter) -> None:
    names = {one.name for one in fields(Code)}
    assert names == {"algorithm", "purpose", "slot", "handle", "signature", "packed_head"}
    code = parse((await quarter.phone(await quarter.resident(NUMBER))).code(CodePurpose.REGISTER, quarter.now))
    assert len(code.packed_head) == 1 + 4 + len(code.handle), "kind and purpose, time, handle: no byte is left over"
    assert {one.name for one in fields(Presentation)} == {"bearer", "purpose", "shown_at", "desk_number"}


async def test_two_people_with_nothing_alike_have_codes_of_one_form(quarter: Quarter) -> None:
    plain = await quarter.phone(await quarter.resident(NUMBER), 1)
    long = await quarter.resident("X" * 40, name="欧阳" * 10, born=date(1931, 1, 1), phone="13912345678")
    other = await quarter.phone(long, 2)
    for purpose in CodePurpose:
        desk = "1234" if purpose in {CodePurpose.PAY, CodePurpose.OPEN_RECORD} else None
        one, two = plain.code(purpose, quarter.now, desk), other.code(purpose, quarter.now, desk)
        assert len(one) == len(two)
        for secret in (NUMBER, "X" * 40, "1234"):
            assert secret not in one + two


async def test_the_same_person_with_another_number_has_other_random_numbers(quarter: Quarter) -> None:
    """Nothing in a code follows from her number: enrolled anew under the same one, she has nothing of before."""
    her = await quarter.resident(NUMBER)
    again = await quarter.resident("XB000002")
    codes = [parse((await quarter.phone(one, 7)).code(CodePurpose.REGISTER, quarter.now)) for one in (her, again)]
    bearers = [await quarter.house.index.bearer_of(one.id) for one in (her, again)]
    assert codes[0].handle != codes[1].handle
    assert bearers[0] != bearers[1]
    assert all(bearer.bytes not in code.handle + code.packed_head for bearer in bearers for code in codes)
    assert all(NUMBER.encode() not in code.handle + code.packed_head for code in codes)
