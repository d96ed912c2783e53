"""Forms that a desk sends: once, whoever sends it again; and references that are good for one desk only."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from carecode.app import App
from carecode.identity.identifiers import parse
from carecode.identity.linking.standardise import Record
from carecode.identity.person import Person
from carecode.identity.registering import record_of
from carecode.kernel.errors import CareCodeError, ConflictError, InvalidInputError, RefusedError, UnavailableError
from carecode.kernel.vocabulary import ResidentId
from tests.disclosure.comparing import WEIGUO, Scene, scene_of, with_check


@pytest.fixture
async def scene(house: App) -> Scene:
    return await scene_of(house)


class Adding:
    """Adds somebody, slowly, and counts."""

    def __init__(self, *, fails: bool = False) -> None:
        self.count = 0
        self.fails = fails

    async def __call__(self) -> ResidentId:
        self.count += 1
        await asyncio.sleep(0.05)
        if self.fails:
            raise InvalidInputError("any", "Any.")
        return ResidentId(uuid4())


async def test_a_form_adds_once_however_often_it_is_sent(scene: Scene) -> None:
    forms, add = scene.doors.forms, Adding()
    word = forms.word()
    first, fresh = await forms.once(scene.desk, word, scene.now, add)
    assert fresh
    assert await forms.once(scene.desk, word, scene.now, add) == (first, False)
    other, fresh = await forms.once(scene.steward, word, scene.now, add)  # another's form of the same word
    assert fresh
    assert other != first
    assert add.count == 2


async def test_two_at_once_add_one(scene: Scene) -> None:
    forms, add = scene.doors.forms, Adding()
    word = forms.newborn(ResidentId(uuid4()), date(2026, 3, 1), 1)
    sent = [forms.once(None, word, scene.now, add) for _ in range(4)]
    outcomes = await asyncio.gather(*sent, return_exceptions=True)
    assert add.count == 1
    assert [type(each) for each in outcomes if isinstance(each, Exception)] == [UnavailableError] * 3


async def test_one_that_failed_can_be_sent_again_and_one_cut_off_after_half_a_minute(scene: Scene) -> None:
    forms, word = scene.doors.forms, scene.doors.forms.word()
    with pytest.raises(InvalidInputError):
        await forms.once(scene.desk, word, scene.now, Adding(fails=True))
    add = Adding()
    assert (await forms.once(scene.desk, word, scene.now, add))[1]
    cut = scene.doors.forms.word()
    task = asyncio.ensure_future(forms.once(scene.desk, cut, scene.now, Adding()))
    await asyncio.sleep(0.02)
    with pytest.raises(UnavailableError):
        await forms.once(scene.desk, cut, scene.now + timedelta(seconds=1), add)
    await task
    with pytest.raises(InvalidInputError):
        await forms.once(scene.desk, "x" * 32, scene.now, add)


async def test_a_reference_is_good_for_one_desk_and_a_quarter_of_an_hour(scene: Scene) -> None:
    refs, entry, now = scene.doors.refs, ResidentId(uuid4()), scene.now
    given = refs.give(entry, scene.desk, now)
    assert entry.hex not in given
    assert refs.give(entry, scene.desk, now) != given
    assert refs.take(given, scene.desk, now) == entry
    wrong = [
        (given, scene.steward, now),
        (given, replace(scene.desk, organisation="east-clinic"), now),
        (given, scene.desk, now + timedelta(minutes=16)),
        (given[:-2] + "00", scene.desk, now),
        ("", scene.desk, now),
        ("zz", scene.desk, now),
        ("00" * 300, scene.desk, now),
    ]
    for text, who, when in wrong:
        with pytest.raises(ConflictError):
            refs.take(text, who, when)


async def test_possible_duplicates_need_all_three_and_are_masked_and_logged(scene: Scene) -> None:
    known = await scene.enrol(WEIGUO)
    whole = record_of(WEIGUO, [], None, scene.now)
    [row] = await scene.doors.possible.rows(scene.desk, whole, scene.now)
    assert (row.name, row.born_year, row.phone) == ("张*", 1958, "71")
    assert (await scene.list_of(known))[-1] == ("@desk", "possible duplicate")
    before = len(await scene.list_of(known))
    for missing in ("names", "birth_date", "phones"):
        empty: object = "" if missing == "birth_date" else ()
        less = Record(**{x: getattr(whole, x) for x in whole.__struct_fields__} | {missing: empty})
        assert await scene.doors.possible.rows(scene.desk, less, scene.now) == []
    assert len(await scene.list_of(known)) == before
    with pytest.raises(RefusedError):
        await scene.doors.possible.rows(scene.steward, whole, scene.now)


async def test_never_more_than_five_rows(scene: Scene) -> None:
    for place in range(9):
        await scene.enrol(WEIGUO, ("citizen-id", with_check(f"11010119580809{100 + 2 * place}0")))
    rows = await scene.doors.possible.rows(scene.desk, record_of(WEIGUO, [], None, scene.now), scene.now)
    assert 1 <= len(rows) <= 5


async def test_a_desk_asks_a_steward_once(scene: Scene) -> None:
    one = await scene.enrol(WEIGUO, ("passport", "E12345678"))
    other = await scene.enrol(Person("李明", "", date(1970, 1, 1), "male", ""), ("passport", "E12345690"))
    possible = scene.doors.possible
    assert await possible.ask(scene.desk, other.id, one.id, scene.now) is not None
    assert await possible.ask(scene.desk, one.id, other.id, scene.now) is None
    assert len(await scene.house.index.ledger.reviews(10)) == 1
    assert await possible.ask(scene.desk, one.id, one.id, scene.now) is None


@pytest.mark.parametrize("numbers", [(), (("passport", "E12345690"),)])
async def test_only_an_unknown_person_is_joined_by_a_desk(scene: Scene, numbers: tuple[tuple[str, str], ...]) -> None:
    known = await scene.enrol(WEIGUO, ("passport", "E12345678"))
    born = None if numbers else date(1970, 1, 1)
    other = await scene.enrol(Person("Unknown male", "", born, "male", ""), *numbers)
    with pytest.raises(CareCodeError) as raised:
        await scene.doors.possible.identify(scene.desk, other, known, "His wife came.", scene.now)
    assert raised.value.code == "not-unknown"
    assert await scene.people(known, other) == 2
    assert parse("passport", "E12345678").kind == "passport"
