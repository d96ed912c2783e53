"""Whoever acts for somebody sees it on every page, finds the way back, and no door that does not open."""

from __future__ import annotations

from datetime import date

import httpx
import pytest

from carecode.disclosure.delegationbook import Scope
from carecode.disclosure.people import herself
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import SENSITIVE, Category, Resident
from tests.signin.authenticator import ORIGIN
from tests.signin.conftest import Town

READS = Scope(frozenset({Category.MEDICINES, Category.DEMOGRAPHICS}))
DECIDES = Scope(may_decide=True)
ALL = Scope(labels=SENSITIVE, may_decide=True)
OWN = ("/my", "/my/phone", "/my/devices", "/my/devices/passkey")


class Helper:
    """Acts for her in a browser."""

    def __init__(self, town: Town, me: Resident, token: str, delegation: str) -> None:
        self.town, self.me, self.token, self.delegation = town, me, token, delegation

    async def get(self, path: str, language: str = "en") -> httpx.Response:
        cookie = f"carecode_my={self.token}; carecode_acting={self.delegation}"
        return await self.town.http.get(path, headers={"cookie": cookie, "accept-language": language})


async def helper_of(town: Town, her: Resident, scope: Scope) -> Helper:
    await town.app.people.mark_demo()  # a session of a link is a fresh proof
    person = Person("王静", "Wang Jing", date(1995, 1, 1), "female", "")
    done = await town.app.index.enrol([parse("urn:test:number", "XB2")], person, source="x", now=town.now)
    code = await town.app.delegations.codes.offer(done.resident.id, town.now)
    await town.app.delegations.grant(herself(her.id), code, scope, town.now)
    [asked] = await town.app.delegations.for_whom(done.resident.id, town.now)
    await town.app.delegations.accept(done.resident.id, asked.id, town.now)
    token = await town.app.sessions.sign_in(town.now, resident=done.resident.id)
    return Helper(town, done.resident, token, str(asked.id))


async def test_every_page_says_for_whom_she_acts_and_leads_back(town: Town, her: Resident) -> None:
    helper = await helper_of(town, her, ALL)
    for path in (*OWN, "/my/record", "/my/who-looked", "/my/privacy", "/my/privacy/files", "/my/family"):
        page = await helper.get(path)
        assert page.status_code == 200, path
        assert "You act for <b>Lin Mei</b>." in page.text, path
        assert 'action="/my/family/switch"' in page.text, path
        assert ("This page is about you." in page.text) == (path in OWN), path
    assert "您正代<b>林梅</b>办理。" in (await helper.get("/my/record", "zh")).text
    headers = {"cookie": f"carecode_my={helper.token}; carecode_acting={helper.delegation}", "origin": ORIGIN}
    back = await town.http.post("/my/family/switch", data={"delegation": ""}, headers=headers)
    assert back.headers["location"] == "/my/family"
    assert 'carecode_acting=""' in back.headers["set-cookie"]
    mine = await town.get("/my/record", "my", helper.token)
    assert "Back to mine" not in mine.text
    assert all(f'href="{x}"' in mine.text for x in ("/my/who-looked", "/my/privacy"))


@pytest.mark.parametrize(
    ("scope", "looks", "decides"), [(READS, False, False), (DECIDES, False, True), (ALL, True, True)]
)
async def test_each_door_that_is_shown_opens_and_each_that_is_not_stays_shut(
    town: Town, her: Resident, scope: Scope, *, looks: bool, decides: bool
) -> None:
    helper = await helper_of(town, her, scope)
    for own in ("/my/record", "/my"):
        shown = (await helper.get(own)).text.partition("</nav>")[0]
        for path, opens in (("/my/who-looked", looks), ("/my/privacy", decides)):
            assert (f'href="{path}"' in shown) == opens
            assert ((await helper.get(path)).status_code == 200) == opens
    files = await helper.get("/my/privacy/files")
    assert (files.status_code, '<form method="post" action="/my/privacy' in files.text) == (
        (200, True) if decides else (403, False)
    )
    assert ("/my/who-looked.csv" in files.text) == looks
    words = await helper.get("/my/privacy/words")
    assert (words.status_code, "Only she herself may see and change this." in words.text) == (403, True)


async def test_behind_a_word_nothing_says_for_whom_she_acts(town: Town, her: Resident) -> None:
    helper = await helper_of(town, her, ALL)
    me = herself(helper.me.id)
    await town.app.quiet.set_words(me, "opens", "quietly")
    assert "Lin Mei" not in (await helper.get("/my")).text
    await town.app.quiet.unlock(helper.me.id, helper.token, "quietly", town.now)
    for path in ("/my", "/my/record"):
        page = await helper.get(path)
        assert page.status_code == 200
        assert "Lin Mei" not in page.text
    assert (await helper.get("/my/privacy/words")).status_code == 200
    await town.app.quiet.unlock(helper.me.id, helper.token, "opens", town.now)
    assert "You act for <b>Lin Mei</b>." in (await helper.get("/my")).text


async def test_the_entries_without_a_choice_lead_to_the_record(town: Town, her: Resident) -> None:
    token = await town.app.sessions.sign_in(town.now, resident=her.id)
    for asked, go in (("", "/my/record"), ("?of=results", "/my/record?kind=results"), ("?of=//x", "/my/record")):
        answer = await town.get(f"/my/record/entries{asked}", "my", token)
        assert (answer.status_code, answer.headers["location"]) == (303, go)
    assert (await town.get("/my/record/entries?visit=none", "my", token)).status_code == 404
