"""Two words open her pages: the second shows less, says nothing, and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from carecode.app import App
from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.decisions import QUIETLY
from carecode.disclosure.delegationbook import Scope
from carecode.kernel.errors import InvalidInputError, RefusedError, UnavailableError
from carecode.kernel.vocabulary import Closed, Requester, Role
from tests.disclosure.family import Family, family_of


@pytest.fixture
async def family(house: App) -> Family:
    return await family_of(house)


async def test_two_words_open_her_pages_one_of_them_quietly(family: Family) -> None:
    quiet, now = family.house.quiet, family.now
    assert await quiet.seen(family.me, "token", now) == family.me
    await quiet.set_words(family.me, "Sunflower", "moonlight")
    assert await quiet.seen(family.me, "token", now) is None
    with pytest.raises(RefusedError):
        await quiet.unlock(family.her.id, "token", "starlight", now)
    assert await quiet.seen(family.me, "token", now) is None
    await quiet.unlock(family.her.id, "token", " sunflower ", now)
    assert await quiet.seen(family.me, "token", now) == family.me
    assert await quiet.seen(family.me, "another", now) is None
    assert await quiet.seen(family.me, "token", now + timedelta(minutes=16)) is None
    await quiet.unlock(family.her.id, "token", "moonlight", now)
    seen = await quiet.seen(family.me, "token", now)
    assert seen is not None
    assert seen.id == QUIETLY
    state = await family.house.decisions.state(family.her, seen, now)
    assert (state.herself, state.quiet) == (True, True)
    await quiet.lock("token")
    assert await quiet.seen(family.me, "token", now) is None
    await quiet.remove_words(family.me)
    assert await quiet.seen(family.me, "token", now) == family.me


async def test_quietly_nothing_is_shown_and_nothing_is_changed(family: Family) -> None:
    privacy = family.house.privacy
    await privacy.decide(family.me, Wish(Kind.INSTITUTION, "refuse", "county-2"))
    quietly = replace(family.me, id=QUIETLY)
    assert await privacy.history(quietly) == []
    assert {x.choice for x in await privacy.institutions(quietly)} == {"allow"}
    assert await privacy.who_looked(quietly) == []
    # told to let the hospital in again, she does; it looks done there, and is not
    await privacy.decide(quietly, Wish(Kind.INSTITUTION, "summary", "city-1"))
    await privacy.decide(quietly, Wish(Kind.LABEL, "open", about="1"))
    assert {x.organisation.handle: x.choice for x in await privacy.institutions(quietly)}["city-1"] == "summary"
    for organisation in ("city-1", "county-2"):
        doctor = Requester("doctor", Role.CLINICIAN, organisation, "Dr Zhao", "")
        state = await family.house.decisions.state(family.her, doctor, family.house.clock())
        assert (state.refused, state.closed_categories, state.open_labels) == (
            organisation == "county-2",
            frozenset(),
            Closed(0),
        )
    assert [x.choice for x in await privacy.history(family.me)] == ["refuse"]
    assert await family.log() == [("herself", "refuse county-2")]
    await family.settle()
    code = await family.house.delegations.codes.offer(family.helper.id, family.now)
    assert await family.house.delegations.by_whom(quietly, family.now) == []
    for work in (
        family.house.quiet.set_words(quietly, "one word", "another"),
        family.house.quiet.remove_words(quietly),
        family.house.delegations.offered(quietly, code, family.now),
        family.house.delegations.grant(quietly, code, Scope(), family.now),
    ):
        with pytest.raises(RefusedError):
            await work


@pytest.mark.parametrize(
    ("word", "other"), [("abc", "defgh"), ("abcd", "abc"), ("same", " SAME "), ("x" * 101, "abcd")]
)
async def test_words_that_protect_nobody_are_refused(family: Family, word: str, other: str) -> None:
    with pytest.raises(InvalidInputError):
        await family.house.quiet.set_words(family.me, word, other)


async def test_wrong_words_are_counted(family: Family) -> None:
    await family.house.quiet.set_words(family.me, "sunflower", "moonlight")
    for _ in range(10):
        with pytest.raises(RefusedError):
            await family.house.quiet.unlock(family.her.id, "token", "wrong", family.now, "here")
    with pytest.raises(UnavailableError):
        await family.house.quiet.unlock(family.her.id, "token", "sunflower", family.now, "here")
