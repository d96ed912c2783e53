"""Two scans of her code, or two hospitals that compare what they were given, cannot be joined to one person.

What a hospital is given of her when her code is scanned is its own number for her and the card that its desk reads
aloud anyway.  No other word of any answer, cookie or code is the same at two hospitals or in two codes.

Answers: M3
Proved in detail by: tests/healthcode/test_linkage.py,
tests/promises/test_every_institution_knows_her_under_another_number.py
Not answered: two hospitals that compare names and birth dates.
"""

from __future__ import annotations

import re
from itertools import combinations

from carecode.healthcode.format import parse
from carecode.kernel.vocabulary import CodePurpose
from tests.promises.quarter import HOSPITALS, Quarter

LONG_WORD = re.compile(r"[A-Za-z0-9_\-+/=]{7,}")


async def scanned(quarter: Quarter, place: str, code: str) -> str:
    """Return all that a hospital's desk is given when a code is scanned."""
    token = await quarter.session(f"{place}/desk")
    answer = await quarter.form("/desk/scan", token, code=code)
    assert answer.status_code == 200
    return answer.text + str(dict(answer.headers))


async def test_two_hospitals_are_given_no_word_that_joins_her(quarter: Quarter) -> None:
    her, other = await quarter.resident("XA000001"), await quarter.resident("XB000002", name="王芳")
    given: dict[str, list[set[str]]] = {}
    for name, resident, seed in (("her", her, 1), ("other", other, 2)):
        phone = await quarter.phone(resident, seed)
        given[name] = [
            set(LONG_WORD.findall(await scanned(quarter, place, phone.code(CodePurpose.REGISTER, quarter.now))))
            for place in HOSPITALS
        ]
    everybodys = set.intersection(*given["other"])  # the page itself
    for one, two in combinations(given["her"], 2):
        assert one & two - everybodys - {"1970-01-01"} == set()
    number = quarter.house.gate.patient_id(quarter.staff["county-2/desk"], her)
    assert number in given["her"][0], "the control: the hospital's own number is among the words that were compared"


async def test_no_part_of_two_codes_is_the_same_but_what_everybodys_codes_share(quarter: Quarter) -> None:
    her, other = await quarter.resident("XA000001"), await quarter.resident("XB000002")
    hers, others = await quarter.phone(her, 1), await quarter.phone(other, 2)
    texts = [phone.code(CodePurpose.REGISTER, quarter.now) for phone in (hers, hers, others)]
    first, second, third = (parse(text) for text in texts)
    assert first.handle != second.handle
    assert first.signature[:32] != second.signature[:32]
    alike = [
        sum(a == b for a, b in zip(one.signature, two.signature, strict=True))
        for one, two in ((first, second), (first, third))
    ]
    assert max(alike) < 8, "signatures of one phone are as different as those of two"
    assert (
        first.packed_head[: -len(first.handle)] == third.packed_head[: -len(third.handle)] or first.slot != third.slot
    )
