"""The stewards' door: who sees what, who decides, what is told, and what nobody can do unseen or twice."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest

from carecode.app import App
from carecode.disclosure.stewards_cases import Answer
from carecode.disclosure.stewards_rules import DIFFERENT, SAME, UNSURE, Urgency, is_blind
from carecode.disclosure.stewards_undoing import Taking
from carecode.identity.ledger import By
from carecode.identity.linking.events import Kind, Mark
from carecode.identity.person import Person
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Category, Purpose, Requester, Resident, Role
from tests.disclosure.comparing import CITIZEN, OTHER_CITIZEN, OTHER_SIGN, REASON, WEIGUO, Scene, scene_of, with_check


@pytest.fixture
async def scene(house: App) -> Scene:
    return await scene_of(house)


PASSPORTS = (("passport", "E12345678"), ("passport", "E12345690"))


async def pair(scene: Scene) -> tuple[Resident, Resident]:
    """Two entries that no model links by itself: strangers to it, asked about by a desk."""
    one = await scene.enrol(replace(WEIGUO, phone=""), PASSPORTS[0])
    other = await scene.enrol(Person("李明", "", date(1970, 1, 1), "male", ""), PASSPORTS[1], source="east-clinic")
    assert await scene.people(one, other) == 2
    return one, other


async def test_the_queue_names_nobody_and_logs_nothing(scene: Scene) -> None:
    one, other = await pair(scene)
    number = await scene.case(one, other)
    before = await scene.list_of(one)
    queue = await scene.doors.stewards.queue(scene.steward, scene.now)
    assert [each.number for each in queue.cases] == [number]
    assert queue.total == 1
    text = repr(queue)
    assert not any(each in text for each in ("张", "Zhang", "1958", "E1234", str(one.id), str(other.id)))
    assert await scene.list_of(one) == before


async def test_only_stewards_have_a_queue(scene: Scene) -> None:
    number = await scene.case(*await pair(scene))
    for wrong in (scene.desk,):
        with pytest.raises(RefusedError):
            await scene.doors.stewards.queue(wrong, scene.now)
        with pytest.raises(RefusedError):
            await scene.doors.stewards.look(wrong, number)
        with pytest.raises(RefusedError):
            await scene.doors.stewards.person(wrong, *PASSPORTS[0])


async def test_an_opened_case_stands_in_the_list_of_both(scene: Scene) -> None:
    one, other = await pair(scene)
    case = await scene.doors.stewards.look(scene.steward, await scene.case(one, other))
    assert [each.person.name for each in case.entries] == ["李明", "张伟国"]
    assert [each.source for each in case.entries] == ["east-clinic", "county-2"]
    for each in (one, other):
        assert (await scene.list_of(each))[-1] == ("@steward", "steward compared")
    await scene.doors.stewards.numbers(scene.steward, case.number)
    for each in (one, other):
        assert (await scene.list_of(each))[-1] == ("@steward", "steward numbers")


async def test_one_person_links_pins_closes_and_tells_both(scene: Scene) -> None:
    one, other = await pair(scene)
    number = await scene.case(one, other)
    assert await scene.answer(scene.steward, number, SAME) == SAME
    assert await scene.people(one, other) == 1
    told = await scene.doors.stewards.told(scene.steward, number)
    assert (told.decided, [each.reason for each in told.words]) == (SAME, [REASON])
    kinds = [each.kind for each in await scene.doors.stewards.history(scene.steward, number)]
    assert kinds == [Kind.REVIEW_CLOSED, Kind.PIN, Kind.LINK, Kind.REVIEW_OPENED]
    assert [basis for _, basis in await scene.list_of(one)].count("steward linked") == 2  # once in each one's list
    with pytest.raises(RefusedError):  # no re-run parts what a person linked
        await scene.house.index.ledger.undo(kinds_id(await history(scene, number), Kind.LINK), RUN, scene.now)
    assert (await scene.doors.stewards.queue(scene.steward, scene.now)).cases == ()


RUN = By("model:1", human=False)


async def history(scene: Scene, number: UUID) -> list[tuple[Kind, UUID]]:
    return [(each.kind, each.id) for each in await scene.doors.stewards.history(scene.steward, number)]


def kinds_id(events: list[tuple[Kind, UUID]], kind: Kind) -> UUID:
    return next(each for found, each in events if found is kind)


async def test_two_people_are_kept_apart_and_never_shown_again(scene: Scene) -> None:
    one, other = await pair(scene)
    assert await scene.answer(scene.steward, await scene.case(one, other), DIFFERENT) == DIFFERENT
    assert await scene.people(one, other) == 2
    with pytest.raises(RefusedError):
        await scene.house.index.ledger.link(one.id, other.id, RUN, scene.now)
    again = await scene.case(one, other)
    assert (await scene.doors.stewards.queue(scene.steward, scene.now)).cases == ()
    told = await scene.doors.stewards.told(scene.steward, again)
    assert (told.state, told.decided) == ("closed", None)
    for each in (one, other):
        assert (await scene.list_of(each))[-1] == ("@steward", "steward kept apart")


async def test_not_sure_asks_another_steward(scene: Scene) -> None:
    one, other = await pair(scene)
    number = await scene.case(one, other)
    assert await scene.answer(scene.steward, number, UNSURE) is None
    assert [each.said for each in (await scene.doors.stewards.queue(scene.steward, scene.now)).cases] == [True]
    assert [each.said for each in (await scene.doors.stewards.queue(scene.second, scene.now)).cases] == [False]
    with pytest.raises(ConflictError) as raised:
        await scene.answer(scene.steward, number, SAME)
    assert raised.value.code == "steward-said"
    assert await scene.people(one, other) == 2
    assert await scene.answer(scene.second, number, SAME) == SAME


# Two stewards


async def documents(scene: Scene) -> tuple[Resident, Resident, UUID]:
    """Two citizens' numbers that both hold, on one name and birth date."""
    one = await scene.enrol(WEIGUO, ("citizen-id", with_check(CITIZEN)))
    other = await scene.enrol(OTHER_SIGN, ("citizen-id", with_check(OTHER_CITIZEN)), source="east-clinic")
    waiting = await scene.doors.stewards.queue(scene.steward, scene.now)
    number = waiting.cases[0].number if waiting.cases else await scene.case(one, other)
    return one, other, number


async def test_two_documents_need_two_stewards_who_do_not_see_each_others_word(scene: Scene) -> None:
    one, other, number = await documents(scene)
    [waiting] = (await scene.doors.stewards.queue(scene.steward, scene.now)).cases
    assert (waiting.urgency, waiting.needs) == (Urgency.DOCUMENTS, 2)
    assert await scene.answer(scene.steward, number, SAME) is None
    assert await scene.people(one, other) == 2
    assert (await scene.doors.stewards.told(scene.second, number)).words == ()
    assert REASON not in repr(await scene.doors.stewards.look(scene.second, number))
    assert len((await scene.doors.stewards.told(scene.steward, number)).words) == 1
    with pytest.raises(ConflictError):
        await scene.answer(scene.steward, number, SAME)  # not twice by the same
    assert await scene.answer(scene.second, number, SAME, reason="Both cards lie before me.") == SAME
    assert await scene.people(one, other) == 1
    assert len((await scene.doors.stewards.told(scene.second, number)).words) == 2
    assert (await scene.doors.stewards.queue(scene.third, scene.now)).alike == (1, 1)


async def test_two_stewards_of_two_minds_change_nothing_until_a_third(scene: Scene) -> None:
    one, other, number = await documents(scene)
    assert await scene.answer(scene.steward, number, SAME) is None
    assert await scene.answer(scene.second, number, DIFFERENT) is None
    assert await scene.people(one, other) == 2
    assert await scene.answer(scene.third, number, DIFFERENT) == DIFFERENT
    case = await scene.doors.stewards.evidence(scene.third, number)
    assert [each.mark for each in case] == [Mark.CANNOT]
    with pytest.raises(ConflictError):  # held apart against people too, until it is taken back
        await scene.house.index.ledger.link(one.id, other.id, By("x", human=True, reason="mine"), scene.now)


# Stale, at once, wrong


async def test_what_changed_meanwhile_is_told_and_nothing_is_done(scene: Scene) -> None:
    one, other = await pair(scene)
    number = await scene.case(one, other)
    seen = await scene.doors.stewards.look(scene.steward, number)
    third = await scene.enrol(Person("王芳", "", date(1980, 2, 3), "female", ""), ("passport", "E77777777"))
    await scene.house.index.ledger.link(third.id, one.id, By("x", human=True, reason="mine"), scene.now)
    wish = Answer(word=SAME, reason=REASON, seen=seen.seen)
    with pytest.raises(ConflictError) as raised:
        await scene.doors.stewards.answer(scene.steward, number, wish, scene.now)
    assert raised.value.code == "steward-stale"
    assert await scene.people(one, other) == 2
    assert await scene.answer(scene.steward, number, SAME) == SAME
    assert await scene.people(one, other, third) == 1


async def test_two_stewards_at_once_have_one_outcome(scene: Scene) -> None:
    one, other = await pair(scene)
    number = await scene.case(one, other)
    stewards = scene.doors.stewards
    seen = (await stewards.look(scene.steward, number)).seen
    await stewards.queue(scene.steward, scene.now)
    outcomes = await asyncio.gather(
        stewards.answer(scene.steward, number, Answer(word=SAME, reason=REASON, seen=seen), scene.now),
        stewards.answer(scene.second, number, Answer(word=DIFFERENT, reason=REASON, seen=seen), scene.now),
        return_exceptions=True,
    )
    done = [each for each in outcomes if isinstance(each, str)]
    assert len(done) == 1
    assert [type(each) for each in outcomes if not isinstance(each, str)] == [ConflictError]
    assert await scene.people(one, other) == (1 if done == [SAME] else 2)


@pytest.mark.parametrize(
    ("word", "reason", "code"),
    [("maybe", REASON, "steward-answer"), (SAME, "yes", "words-short"), (SAME, "." * 30, "words-short")],
)
async def test_an_answer_is_one_of_three_with_a_reason(scene: Scene, word: str, reason: str, code: str) -> None:
    one, other = await pair(scene)
    number = await scene.case(one, other)
    with pytest.raises(InvalidInputError) as raised:
        await scene.answer(scene.steward, number, word, reason=reason)
    assert raised.value.code == code
    assert await scene.people(one, other) == 2


async def test_no_such_case_is_not_found(scene: Scene) -> None:
    for ask in (scene.doors.stewards.look, scene.doors.stewards.told, scene.doors.stewards.numbers):
        with pytest.raises(NotFoundError):
            await ask(scene.steward, uuid4())


# More than two


async def test_of_three_the_chosen_are_linked_and_the_third_is_kept_apart(scene: Scene) -> None:
    one, other = await pair(scene)
    third = await scene.enrol(Person("王芳", "", date(1980, 2, 3), "female", ""), ("passport", "E77777777"))
    number = await scene.case(one, other, third)
    with pytest.raises(InvalidInputError):
        await scene.answer(scene.steward, number, SAME, 0)
    assert await scene.answer(scene.steward, number, SAME, 1, 2) == SAME  # the newest stands first
    assert await scene.people(one, other) == 1
    assert await scene.people(one, third) == 2
    with pytest.raises(RefusedError):
        await scene.house.index.ledger.link(third.id, one.id, RUN, scene.now)
    assert (await scene.list_of(third))[-1] == ("@steward", "steward kept apart")


# Blind


def test_five_in_a_hundred_are_blind() -> None:
    share = sum(is_blind(uuid4()) for _ in range(20_000)) / 20_000
    assert 0.04 < share < 0.06
    assert is_blind(UUID(int=4))
    assert not is_blind(UUID(int=5))


# Taking back


async def test_an_undone_link_leaves_everything_as_it_was(scene: Scene) -> None:
    one, other = await pair(scene)
    keys = {one.id: one.keys, other.id: other.keys}
    number = await scene.case(one, other)
    await scene.answer(scene.steward, number, SAME)
    assert len((await scene.house.index.by_id(one.id) or one).keys) == 2
    link = kinds_id(await history(scene, number), Kind.LINK)
    seen = await scene.doors.stewards.preview(scene.second, one.id, link, scene.now)
    assert {(each.first, each.second) for each in seen.undoing.parted} == {tuple(sorted((one.id, other.id)))}
    assert [each.kind for each in seen.pins] == [Kind.PIN]
    assert await scene.people(one, other) == 1  # a preview changes nothing
    taken = Taking(event=link, reason=REASON, seen=seen.mark, apart=True)
    await scene.doors.stewards.undo(scene.second, one.id, taken, scene.now)
    assert await scene.people(one, other) == 2
    for each in (one, other):
        found = await scene.house.index.by_id(each.id)
        assert found is not None
        assert found.keys == keys[each.id]
        told = (await scene.list_of(each))[-1]
        assert (told[0], told[1].partition(" ")[0]) == ("steward-2", "parted")
    with pytest.raises(RefusedError):
        await scene.house.index.ledger.link(one.id, other.id, RUN, scene.now)
    with pytest.raises(ConflictError):
        await scene.doors.stewards.preview(scene.second, one.id, link, scene.now)


async def test_undoing_something_else_than_was_shown_is_refused(scene: Scene) -> None:
    one, other = await pair(scene)
    number = await scene.case(one, other)
    await scene.answer(scene.steward, number, SAME)
    link = kinds_id(await history(scene, number), Kind.LINK)
    seen = await scene.doors.stewards.preview(scene.steward, one.id, link, scene.now)
    third = await scene.enrol(Person("王芳", "", date(1980, 2, 3), "female", ""), ("passport", "E77777777"))
    await scene.house.index.ledger.link(third.id, other.id, By("x", human=True, reason="mine"), scene.now)
    taken = Taking(event=link, reason=REASON, seen=seen.mark, apart=True)
    with pytest.raises(ConflictError) as raised:
        await scene.doors.stewards.undo(scene.steward, one.id, taken, scene.now)
    assert raised.value.code == "steward-stale"
    assert await scene.people(one, other, third) == 1


async def test_a_dismissal_can_be_taken_back_and_an_event_of_others_cannot(scene: Scene) -> None:
    one, other = await pair(scene)
    number = await scene.case(one, other)
    await scene.answer(scene.steward, number, DIFFERENT)
    event = kinds_id(await history(scene, number), Kind.DISMISS)
    stranger = await scene.enrol(Person("王芳", "", date(1980, 2, 3), "female", ""), ("passport", "E77777777"))
    with pytest.raises(NotFoundError):
        await scene.doors.stewards.preview(scene.steward, stranger.id, event, scene.now)
    seen = await scene.doors.stewards.preview(scene.steward, one.id, event, scene.now)
    taken = Taking(event=event, reason=REASON, seen=seen.mark, apart=False)
    await scene.doors.stewards.undo(scene.steward, one.id, taken, scene.now)
    again = await scene.case(one, other)
    queue = await scene.doors.stewards.queue(scene.steward, scene.now)
    assert [each.number for each in queue.cases] == [again]


async def test_what_was_opened_meanwhile_is_listed_by_place(scene: Scene) -> None:
    one, other = await pair(scene)
    number = await scene.case(one, other)
    await scene.answer(scene.steward, number, SAME)
    linked = await scene.house.index.by_id(one.id)
    assert linked is not None
    doctor = Requester("zhou", Role.CLINICIAN, "county-2", "Dr Zhou Min")
    await scene.house.log.seal(
        linked, doctor, Purpose.TREAT, [Category.ALLERGIES], "code", decided_at=scene.now + timedelta(seconds=1)
    )
    link = kinds_id(await history(scene, number), Kind.LINK)
    seen = await scene.doors.stewards.preview(scene.steward, one.id, link, scene.now)
    assert [each.organisation for each in seen.meanwhile] == ["county-2"]


async def test_a_number_finds_a_person_with_all_entries_after_a_log_entry(scene: Scene) -> None:
    one, other = await pair(scene)
    await scene.answer(scene.steward, await scene.case(one, other), SAME)
    found = await scene.doors.stewards.person(scene.steward, *PASSPORTS[1])
    assert found is not None
    assert {each.id for each in found.entries} == {one.id, other.id}
    assert (await scene.list_of(one))[-1] == ("@steward", "steward compared")
    assert await scene.doors.stewards.person(scene.steward, "passport", "E99999999") is None
