"""The second person: what an officer sees, decides and is told when she is late."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from carecode.disclosure.admitted import Admissions, touches
from carecode.disclosure.emergency import Emergency
from carecode.disclosure.reviews import Item, NewItem
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Purpose, Requester, Resident, Role
from tests.emergency.conftest import WORDS, Scene, admission, deposit, staffed

VERDICT = "She was in the emergency room that night."


async def declared(scene: Scene) -> Emergency:
    return await scene.watch.emergencies.declare(scene.doctor, scene.resident, "unconscious", WORDS, scene.now)


async def only(scene: Scene, officer: Requester) -> Item:
    [item] = await scene.watch.work.queue(officer)
    return item


async def test_each_emergency_waits_for_an_officer_of_that_hospital_and_of_no_other(scene: Scene) -> None:
    found = await declared(scene)
    item = await only(scene, scene.officer)
    assert (item.kind, item.subject, item.person) == ("emergency", found.id, "zhou")
    assert item.due_at - item.opened_at == timedelta(hours=72)
    for other in (scene.stranger, scene.judge, scene.platform):
        assert await scene.watch.work.queue(other) == []
        with pytest.raises(NotFoundError):
            await scene.watch.work.item(other, item.id)
    with pytest.raises(RefusedError):
        await scene.watch.work.queue(scene.doctor)


async def test_the_verdict_is_kept_told_to_her_and_in_her_log(scene: Scene) -> None:
    found = await declared(scene)
    item = await only(scene, scene.officer)
    decided = await scene.watch.work.decide(scene.officer, item.id, "right", VERDICT, scene.now)
    assert (decided.decided, decided.decided_words, decided.decided_name) == ("right", VERDICT, "Tan Hui")
    hers = await scene.watch.emergencies.one(scene.resident.id, found.id)
    assert (hers.verdict, hers.verdict_words) == ("right", VERDICT)
    [entry] = await scene.house.log.entries(scene.resident, 1)
    assert (entry.action, entry.requester, entry.basis) == ("decide", "tan", "reviewed emergency right")
    assert await scene.watch.work.queue(scene.officer) == []
    assert len(await scene.watch.work.queue(scene.officer, decided=True)) == 1
    with pytest.raises(ConflictError):
        await scene.watch.work.decide(scene.second, item.id, "not-right", VERDICT, scene.now)
    assert (await scene.watch.emergencies.one(scene.resident.id, found.id)).verdict == "right"


async def test_nobody_reviews_herself(scene: Scene) -> None:
    """A clinician who is an officer too, under the same number, decides every case but her own."""
    await declared(scene)
    item = await only(scene, scene.officer)
    both = await staffed(scene.house, "zhou", "county-2", Role.OFFICER, "Dr Zhou Min")
    with pytest.raises(RefusedError, match="about you"):
        await scene.watch.work.decide(both, item.id, "right", VERDICT, scene.now)


@pytest.mark.parametrize(
    ("verdict", "words", "code"),
    [("answered", VERDICT, "verdict"), ("", VERDICT, "verdict"), ("right", "fine", "words-short")],
)
async def test_a_verdict_needs_an_answer_of_the_list_and_words(
    scene: Scene, verdict: str, words: str, code: str
) -> None:
    await declared(scene)
    item = await only(scene, scene.officer)
    with pytest.raises(InvalidInputError) as raised:
        await scene.watch.work.decide(scene.officer, item.id, verdict, words, scene.now)
    assert raised.value.code == code
    assert (await only(scene, scene.officer)).decided is None


async def test_to_see_who_it_is_about_stands_in_her_log_first(scene: Scene) -> None:
    await declared(scene)
    item = await only(scene, scene.officer)
    assert (await scene.watch.work.who(scene.officer, item.id)).name == "李明"
    [entry] = await scene.house.log.entries(scene.resident, 1)
    assert (entry.action, entry.purpose, entry.requester) == ("identify", Purpose.IDENTIFY, "tan")
    with pytest.raises(NotFoundError):
        await scene.watch.work.who(scene.stranger, item.id)


# Late


async def test_overdue_it_is_shown_to_the_platforms_officers_too(scene: Scene) -> None:
    await declared(scene)
    item = await only(scene, scene.officer)
    scene.clock.forward(hours=71)
    assert await scene.watch.work.escalate(scene.now) == 0
    assert await scene.watch.work.queue(scene.platform) == []
    scene.clock.forward(hours=1)
    assert await scene.watch.work.escalate(scene.now) == 1
    assert await scene.watch.work.escalate(scene.now) == 0
    late = await only(scene, scene.platform)
    assert (late.id, late.overdue(scene.now)) == (item.id, True)
    assert await scene.watch.work.told(late) == [
        ("Sun Li", "county-2"), ("Tan Hui", "county-2"), ("Kong Yi", "carecode"),
    ]  # fmt: skip
    assert await scene.watch.work.queue(scene.stranger) == []
    await scene.watch.work.decide(scene.platform, item.id, "not-right", VERDICT, scene.now)


async def test_where_there_is_no_officer_the_platforms_see_it_at_once(scene: Scene) -> None:
    item = NewItem("east-clinic", uuid4(), "anomaly", "Dr Ye Fang", "ye", note="40 records within an hour")
    await scene.watch.work.add(item, scene.now)
    await scene.watch.work.add(item, scene.now)  # told twice, it is one
    [found] = await scene.watch.work.queue(scene.platform, kind="anomaly")
    assert (found.note, found.person_name) == ("40 records within an hour", "Dr Ye Fang")
    assert await scene.watch.work.queue(scene.officer) == []


async def test_work_of_no_kind_is_refused(scene: Scene) -> None:
    with pytest.raises(InvalidInputError):
        await scene.watch.work.queue(scene.officer, kind="gossip")
    with pytest.raises(InvalidInputError):
        await scene.watch.work.add(NewItem("county-2", uuid4(), "gossip", "x"), scene.now)


# Compared with the admissions


@pytest.mark.parametrize(
    ("depositor", "kind", "hours", "expected"),
    [
        ("county-2", "EMER", 0, "found"),
        ("county-2", "IMP", -6, "found"),
        ("county-2", "AMB", 6, "found"),
        ("county-2", "VR", 0, "none"),  # a telephone call explains no emergency
        ("county-2", "EMER", -48, "none"),
        ("county-2", "EMER", 48, "none"),
        ("city-1", "EMER", 0, "none"),  # another hospital's admission
        (None, "", 0, "none"),
    ],
)
async def test_an_ended_emergency_is_compared_with_the_hospitals_own_admissions(
    scene: Scene, depositor: str | None, kind: str, hours: int, expected: str
) -> None:
    if depositor:
        begins = scene.now + timedelta(hours=hours)
        await deposit(scene, depositor, admission(kind, begins, begins + timedelta(hours=1)))
    await declared(scene)
    admissions = Admissions(scene.house.gate, scene.house.people)
    assert await scene.watch.work.match(admissions, scene.now) == 0  # it still runs
    scene.clock.forward(minutes=61)
    assert await scene.watch.work.match(admissions, scene.now) == 1
    item = await only(scene, scene.officer)
    assert item.matched == expected
    [entry] = await scene.house.log.entries(scene.resident, 1)
    assert (entry.action, entry.role, entry.depositor) == ("disclose", "system", "county-2")


async def test_what_was_not_found_is_looked_for_again(scene: Scene) -> None:
    await declared(scene)
    asked = []

    async def admitted(resident: Resident, organisation: str, since: datetime, until: datetime) -> bool:
        asked.append((resident.id, organisation, until - since))
        return len(asked) > 1

    scene.clock.forward(minutes=61)
    await scene.watch.work.match(admitted, scene.now)
    await scene.watch.work.match(admitted, scene.now)
    assert asked == [(scene.resident.id, "county-2", timedelta(hours=25))]
    scene.clock.forward(hours=7)
    await scene.watch.work.match(admitted, scene.now)
    assert (await only(scene, scene.officer)).matched == "found"
    scene.clock.forward(hours=7)
    assert await scene.watch.work.match(admitted, scene.now) == 0


@pytest.mark.parametrize(
    ("encounter", "expected"),
    [
        (b'{"class":{"code":"EMER"},"period":{"start":"2026-11-23"}}', True),  # it lasts
        (b'{"class":{"code":"EMER"},"period":{"start":"2026-11-22","end":"2026-11-23"}}', True),
        (b'{"class":{"code":"EMER"},"period":{"start":"2026-11-21","end":"2026-11-22"}}', False),
        (b'{"class":{"code":"EMER"},"period":{"start":"2026-11-24T00:00:00Z"}}', False),
        (b'{"class":{"code":"EMER"},"period":{"start":"2026"}}', False),
        (b'{"class":{"code":"EMER"}}', False),
        (b'{"period":{"start":"2026-11-23"}}', False),
    ],
)
def test_an_admission_touches_a_time(encounter: bytes, expected: bool) -> None:  # noqa: FBT001
    noon = datetime.fromisoformat("2026-11-23T12:00:00Z")
    assert touches(encounter, noon, noon + timedelta(hours=1)) is expected
