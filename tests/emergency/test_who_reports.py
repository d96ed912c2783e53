"""Who reports a look: she herself, or who acts for her and may see the list; quietly it only looks so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from carecode.disclosure.decisions import QUIETLY
from carecode.disclosure.delegationbook import Scope
from carecode.disclosure.quiet import UNLOCKED
from carecode.disclosure.reports import Reports
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import SENSITIVE, Category, Requester, Resident, Role
from tests.emergency.conftest import Scene
from tests.emergency.test_pages import VERDICT, Browser, Visitors
from tests.emergency.test_reports import look

VACCINES = Scope(frozenset({Category.IMMUNIZATIONS}))
READS_ALL = Scope(labels=SENSITIVE)
DECIDES = Scope(may_decide=True)
ALL = Scope(labels=SENSITIVE, may_decide=True)


@pytest.fixture
async def visitors(scene: Scene) -> AsyncIterator[Visitors]:
    came = Visitors(scene)
    yield came
    for client in came.open:
        await client.aclose()


def quietly(scene: Scene) -> Requester:
    return Requester(QUIETLY, Role.RESIDENT, scene.herself.organisation, "herself", "", resident=scene.resident.id)


async def quiet_phone(visitors: Visitors) -> Browser:
    scene = visitors.scene
    phone = await visitors.enter(scene.herself)
    await scene.house.quiet.set_words(scene.herself, "sunflower", "raincoat")
    return await phone.send("/my/word", word="raincoat", then="/my/who-looked")


async def acting_phone(visitors: Visitors, scope: Scope) -> Browser:
    """The browser of the other resident, who acts for her."""
    scene = visitors.scene
    house = scene.house
    code = await house.delegations.codes.offer(scene.other.id, scene.now)
    await house.delegations.grant(scene.herself, code, scope, scene.now)
    [asked] = await house.delegations.for_whom(scene.other.id, scene.now)
    await house.delegations.accept(scene.other.id, asked.id, scene.now)
    me = Requester("resident", Role.RESIDENT, scene.herself.organisation, "her", "", resident=scene.other.id)
    phone = await visitors.enter(me)
    phone.http.cookies.set("carecode_acting", str(asked.id))
    return phone


# Quietly


async def test_quietly_a_report_looks_made_and_nothing_is_kept(visitors: Visitors) -> None:
    scene = visitors.scene
    receipt = await look(scene)
    phone = await quiet_phone(visitors)
    before = await scene.house.log.entries(scene.resident)
    await phone.go(f"/my/who-looked/{receipt}/report?said=not-there")
    await phone.send(f"/my/who-looked/{receipt}/report", said="not-there", words="I was abroad.")
    assert phone.path == "/my/who-looked"
    assert "You said you were not there. The privacy officer has to answer by" in phone.text
    assert await scene.watch.work.queue(scene.officer) == []
    assert await scene.watch.reports.of(scene.resident) == {}
    assert await scene.house.log.entries(scene.resident) == before
    # what a real report is told, a quiet one is told
    await phone.send(f"/my/who-looked/{receipt}/report", 409, said="ask", words="Again.")
    await phone.send(f"/my/who-looked/{receipt}/report", 400, said="maybe")
    await phone.send("/my/who-looked/x/report", 404, said="right")
    # her own word: she finds everything as it was, and may report
    await phone.send("/my/word", word="sunflower", then="/my/who-looked")
    await phone.go(f"/my/who-looked/{receipt}/report?said=ask")
    await phone.go("/my/who-looked")
    assert "You said you were not there." not in phone.text
    await phone.send(f"/my/who-looked/{receipt}/report", said="ask", words="Who is this?")
    assert len(await scene.watch.work.queue(scene.officer)) == 1


async def test_quietly_what_she_really_reported_is_not_told(scene: Scene) -> None:
    receipt = await look(scene)
    await scene.watch.reports.make(scene.herself, scene.resident, receipt, "not-there", "I was abroad.", scene.now)
    assert await scene.watch.reports.of(scene.resident, quietly=True) == {}
    await scene.watch.reports.make(quietly(scene), scene.resident, receipt, "ask", "Who?", scene.now)
    seen = (await scene.watch.reports.of(scene.resident, quietly=True))[receipt]
    assert (seen.said, seen.words, seen.organisation) == ("ask", "Who?", "county-2")
    assert seen.due_at - seen.made_at == timedelta(days=7)
    assert (await scene.watch.reports.of(scene.resident))[receipt].said == "not-there"
    assert len(await scene.watch.work.queue(scene.officer)) == 1


async def test_a_quiet_report_is_refused_as_a_real_one(scene: Scene) -> None:
    receipt, reports = await look(scene), scene.watch.reports
    for about, said, words, error in (
        (receipt, "maybe", "", InvalidInputError),
        (receipt, "ask", "x" * 501, InvalidInputError),
        (scene.resident.id, "ask", "", NotFoundError),
    ):
        with pytest.raises(error):
            await reports.make(quietly(scene), scene.resident, about, said, words, scene.now)
    await reports.make(quietly(scene), scene.resident, receipt, "right", "", scene.now)
    await reports.make(quietly(scene), scene.resident, receipt, "ask", "", scene.now)
    for said in ("right", "ask", "not-there"):
        with pytest.raises(ConflictError):
            await reports.make(quietly(scene), scene.resident, receipt, said, "", scene.now)
    later = scene.now + UNLOCKED
    await reports.make(quietly(scene), scene.resident, receipt, "ask", "", later)  # forgotten with the word
    assert await reports.of(scene.resident) == {}


async def test_a_yes_that_she_gave_hides_the_notice_quietly_too(scene: Scene) -> None:
    receipt = await look(scene)
    await scene.watch.reports.make(scene.herself, scene.resident, receipt, "right", "", scene.now)
    assert set(await scene.watch.reports.of(scene.resident, quietly=True)) == {receipt}


# Who acts for her


@pytest.mark.parametrize("scope", [VACCINES, READS_ALL, DECIDES])
async def test_who_may_not_see_the_list_reports_nothing(visitors: Visitors, scope: Scope) -> None:
    scene = visitors.scene
    receipt = await look(scene)
    phone = await acting_phone(visitors, scope)
    await phone.go("/my/who-looked", 403)
    await phone.go(f"/my/who-looked/{receipt}/report?said=ask", 403)
    await phone.send(f"/my/who-looked/{receipt}/report", 403, said="ask", words="Who is this?")
    assert await scene.watch.work.queue(scene.officer) == []
    await scene.watch.reports.make(scene.herself, scene.resident, receipt, "ask", "", scene.now)  # not used up


async def test_who_sees_the_list_reports_on_her_behalf(visitors: Visitors) -> None:
    scene = visitors.scene
    receipt = await look(scene)
    phone = await acting_phone(visitors, ALL)
    await phone.go(f"/my/who-looked/{receipt}/report?said=ask")
    assert "The officer and she see that you say it on her behalf." in phone.text
    await phone.send(f"/my/who-looked/{receipt}/report", said="ask", words="Who is this?")
    assert phone.path == "/my/who-looked"
    officer = await visitors.enter(scene.officer)
    [item] = await scene.watch.work.queue(scene.officer, kind="report")
    await officer.go(f"/officer/items/{item.id}")
    assert "On her behalf / 代她提出: Who is this?" in officer.text
    entry = next(x for x in await scene.house.log.entries(scene.resident) if "report" in x.basis)
    assert (entry.requester.partition(":")[0], entry.basis) == ("delegate", "report on her behalf")
    await scene.watch.work.decide(scene.officer, item.id, "answered", VERDICT, scene.now)
    assert (await scene.watch.reports.of(scene.resident))[receipt].words == "Who is this?"


async def test_her_own_report_says_nothing_of_a_behalf(visitors: Visitors) -> None:
    scene = visitors.scene
    receipt = await look(scene)
    phone = await visitors.enter(scene.herself)
    await phone.go(f"/my/who-looked/{receipt}/report?said=ask")
    assert "on her behalf" not in phone.text
    await phone.send(f"/my/who-looked/{receipt}/report", said="ask", words="Who is this?")
    [item] = await scene.watch.work.queue(scene.officer)
    assert item.note == "ask\nWho is this?"
    assert "report on her behalf" not in {x.basis for x in await scene.house.log.entries(scene.resident)}


async def refused(reports: Reports, who: Requester, resident: Resident, scene: Scene) -> None:
    with pytest.raises(RefusedError):
        await reports.make(who, resident, await look(scene), "ask", "", scene.now)


async def test_nobody_reports_for_another_resident(scene: Scene) -> None:
    for who in (scene.doctor, scene.officer):
        await refused(scene.watch.reports, who, scene.resident, scene)
    await refused(scene.watch.reports, scene.herself, scene.other, scene)
    assert await scene.watch.work.queue(scene.officer) == []
