"""No look drops out of her list: not by its length, not by how often she reads it herself.

Found by an attacker: the list took the newest 200 entries and left her own readings out of them afterwards.  Who
looked at her record and then had her own pages opened 210 times was gone from her list, its numbers and the people
she may block, and the page said that nothing was missing.  Now what is not shown is left out first, the list goes
on over pages, and a page that is not the whole list says so.

Answers: M9, M11
Proved in detail by: tests/day/test_proof.py, tests/promises/test_the_log_is_complete.py
Not answered: the tables of `/my/who-looked.csv` and `.json` hold the newest thousand.
"""

from __future__ import annotations

import re

import pytest

from carecode.cli.privacy import told
from carecode.disclosure.people import herself
from carecode.disclosure.privacy import LOOKS_MAX, PEOPLE_MAX
from carecode.kernel.vocabulary import Purpose, Resident
from tests.promises.quarter import Quarter, words_of

WHOLE = "Nothing is missing from this list"
DOCTOR = "Doctor of County Hospital 2"
BURIED = 1010  # more than any block in which the log is read
LINE = re.compile(r'data-entry="(\d+) ')
LINK = re.compile(r'<a href="([^"]+)" rel="(prev|next)"')


async def reads(quarter: Quarter, her: Resident, times: int) -> None:
    """She reads her own record: the same entries as her pages make, without the wait."""
    for _ in range(times):
        await quarter.house.log.append(her, herself(her.id), "disclose", Purpose.PATRQT, "own")


async def looks(quarter: Quarter, her: Resident, who: str, times: int = 1) -> None:
    for _ in range(times):
        await quarter.house.log.append(her, quarter.staff[who], "identify", Purpose.IDENTIFY, "document")


async def walk(quarter: Quarter, token: str, path: str, way: str, language: str = "en") -> tuple[list[str], list[str]]:
    """Follow the links one way; return what every page says, and every line by its number."""
    pages, lines = [], []
    while path:
        html = (await quarter.page(f"{path}{'&' if '?' in path else '?'}lang={language}", token)).text
        pages.append(words_of(html))
        lines += LINE.findall(html)
        path = {kind: address.replace("&amp;", "&") for address, kind in LINK.findall(html)}.get(way, "")
    return pages, lines


async def test_her_own_readings_bury_nobody(quarter: Quarter) -> None:
    her = await quarter.resident("P-1")
    token = await quarter.session(resident=her)
    await looks(quarter, her, "county-2/doctor")
    for _ in range(3):
        assert (await quarter.page("/my/record", token)).status_code == 200
    await reads(quarter, her, BURIED)
    page = words_of((await quarter.page("/my/who-looked", token)).text)
    assert DOCTOR in page
    assert "Nobody but you looked" not in page
    assert "Times a person looked 1 " in page
    assert f"You yourself {BURIED + 3} " in page
    assert WHOLE in page, "every look stands there"
    assert DOCTOR in words_of((await quarter.page("/my/privacy/list/people", token)).text)
    assert (await quarter.page("/my/privacy/change/person?whom=county-2/doctor", token)).status_code == 200
    pages, lines = await walk(quarter, token, "/my/who-looked?own=1", "next")
    assert len(lines) == len(set(lines)) == BURIED + 4
    assert [DOCTOR in page for page in pages] == [False] * (len(pages) - 1) + [True]
    assert not any(WHOLE in page or "Nobody but you" in page for page in pages)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_long_list_goes_on_over_pages_and_says_so(quarter: Quarter, language: str) -> None:
    her = await quarter.resident("P-1")
    token = await quarter.session(resident=her)
    await looks(quarter, her, "county-2/doctor", 2)
    await looks(quarter, her, "county-2/machine", LOOKS_MAX)
    await looks(quarter, her, "city-1/doctor", 10)
    total = LOOKS_MAX + 12
    pages, lines = await walk(quarter, token, "/my/who-looked", "next", language)
    assert lines == [str(number) for number in range(total, 0, -1)]
    english = language == "en"
    assert (f"The newest {LOOKS_MAX} of {total}" if english else f"共 {total} 条") in pages[0]
    assert ("Earlier" if english else "更早") in pages[0]
    assert ("Later" if english else "更晚") in pages[1]
    assert not any(WHOLE in page or "没有缺漏" in page for page in pages)
    _, back = await walk(quarter, token, "/my/who-looked?upto=12", "prev")
    assert [*back[12:], *back[:12]] == lines, "the way back is the same list"
    pages, lines = await walk(quarter, token, "/my/who-looked?kind=people", "next", language)
    assert (len(pages), len(lines)) == (1, 12)
    blocked = words_of((await quarter.page("/my/privacy/list/people?lang=en", token)).text)
    assert DOCTOR in blocked
    assert "Doctor of City Hospital 1" in blocked


async def test_an_address_that_says_nothing_shows_the_newest(quarter: Quarter) -> None:
    her = await quarter.resident("P-1")
    token = await quarter.session(resident=her)
    await looks(quarter, her, "county-2/doctor")
    for query in ("upto=0", "upto=-5", "upto=99999999999999999999", "upto=x", "kind=nobody", "upto=²"):
        page = words_of((await quarter.page(f"/my/who-looked?{query}", token)).text)
        assert DOCTOR in page, query


async def test_what_is_cut_is_never_called_whole(quarter: Quarter) -> None:
    her = await quarter.resident("P-1")
    me = herself(her.id)
    await looks(quarter, her, "county-2/doctor", 5)
    await reads(quarter, her, 4)
    cut = await quarter.house.privacy.page(me, limit=3)
    assert (len(cut.looks), cut.later, cut.earlier, cut.total) == (3, 0, 2, 5)
    assert {look.entry.requester_name for look in cut.looks} == {DOCTOR}
    assert WHOLE not in told([], 2, None)
    assert "Nobody looked" not in told([], 2, None)
    assert "3 of 5" in told(["a", "b", "c"], 2, None)
    assert "does not verify" in told(["a"], 0, 7)
    assert told([], 0, None) == f"Nobody looked.\n{WHOLE}."


async def test_the_people_she_may_block_are_named_once_each_and_bounded_aloud(quarter: Quarter) -> None:
    her = await quarter.resident("P-1")
    for who in ("county-2/doctor", "city-1/doctor", "county-2/doctor", "county-2/machine", "anding/desk"):
        await looks(quarter, her, who)
    people, total = await quarter.house.privacy.lookers(herself(her.id))
    assert [x.requester for x in people] == ["anding/desk", "county-2/doctor", "city-1/doctor"]
    assert total == len(people) <= PEOPLE_MAX
    people, total = await quarter.house.privacy.lookers(herself(her.id), limit=2)
    assert ([x.requester for x in people], total) == (["anding/desk", "county-2/doctor"], 3)
