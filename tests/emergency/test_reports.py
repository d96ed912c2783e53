"""Was this right?  What she says goes to that hospital's officer, and the answer comes back."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from carecode.disclosure.answers import Release
from carecode.disclosure.people import herself
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError
from carecode.kernel.vocabulary import CodePurpose, Presentation, Purpose
from tests.emergency.conftest import WORDS, Scene

ANSWER = "Dr Zhou Min treated you that day, at desk 3."


async def look(scene: Scene) -> UUID:
    """A look with her code; return its receipt."""
    bearer = await scene.house.index.bearer_of(scene.resident.id)
    shown = Presentation(bearer, CodePurpose.OPEN_RECORD, scene.now, None)
    answer = await scene.house.gate.open(scene.doctor, Purpose.TREAT, presentation=shown)
    assert isinstance(answer, Release)
    return answer.receipt.id


async def test_what_she_asks_is_answered_within_a_week(scene: Scene) -> None:
    receipt = await look(scene)
    await scene.watch.reports.make(scene.herself, scene.resident, receipt, "not-there", "I was abroad.", scene.now)
    report = (await scene.watch.reports.of(scene.resident))[receipt]
    assert (report.said, report.words, report.organisation) == ("not-there", "I was abroad.", "county-2")
    assert report.due_at - report.made_at == timedelta(days=7)
    [item] = await scene.watch.work.queue(scene.officer, kind="report")
    assert (item.person, item.note, item.due_at) == ("zhou", "not-there\nI was abroad.", report.due_at)
    assert await scene.watch.work.queue(scene.stranger) == []
    await scene.watch.work.decide(scene.officer, item.id, "answered", ANSWER, scene.now)
    report = (await scene.watch.reports.of(scene.resident))[receipt]
    assert report.answer == ANSWER
    assert report.answered_at is not None
    assert (await scene.house.log.entries(scene.resident, 1))[0].basis == "reviewed report answered"


async def test_yes_asks_nobody_and_may_be_taken_back_once(scene: Scene) -> None:
    receipt = await look(scene)
    await scene.watch.reports.make(scene.herself, scene.resident, receipt, "right", "", scene.now)
    assert await scene.watch.work.queue(scene.officer) == []
    await scene.watch.reports.make(scene.herself, scene.resident, receipt, "ask", "", scene.now)
    assert len(await scene.watch.work.queue(scene.officer)) == 1
    for said in ("right", "ask", "not-there"):
        with pytest.raises(ConflictError):
            await scene.watch.reports.make(scene.herself, scene.resident, receipt, said, "", scene.now)
    assert len(await scene.watch.work.queue(scene.officer)) == 1


async def test_an_emergency_is_answered_by_its_number(scene: Scene) -> None:
    found = await scene.watch.emergencies.declare(scene.doctor, scene.resident, "other", WORDS, scene.now)
    await scene.watch.reports.make(scene.herself, scene.resident, found.id, "not-there", "", scene.now)
    [item] = await scene.watch.work.queue(scene.officer, kind="report")
    assert (item.subject, item.person_name) == (found.id, "Dr Zhou Min")


async def test_only_looks_of_her_own_are_reported(scene: Scene) -> None:
    receipt = await look(scene)
    for resident, about in ((scene.resident, uuid4()), (scene.other, receipt)):
        with pytest.raises(NotFoundError):
            await scene.watch.reports.make(herself(resident.id), resident, about, "ask", "", scene.now)
    with pytest.raises(InvalidInputError):
        await scene.watch.reports.make(scene.herself, scene.resident, receipt, "maybe", "", scene.now)
    with pytest.raises(InvalidInputError):
        await scene.watch.reports.make(scene.herself, scene.resident, receipt, "ask", "x" * 501, scene.now)
    assert await scene.watch.reports.of(scene.resident) == {}
