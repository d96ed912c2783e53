"""Her decisions: what each says, which of several holds, what is undone, and what a disclosure asks of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from uuid import UUID, uuid4

import pytest

from carecode.app import App
from carecode.disclosure.choices import LABELS, SUMMARY, Kind, Wish
from carecode.disclosure.decisions import Decisions, OfDeposits
from carecode.disclosure.people import Organisation, Staff, herself
from carecode.disclosure.privacy import Privacy
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.errors import CareCodeError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import ALL_CATEGORIES, Category, Closed, Purpose, Requester, Resident, ResidentId, Role
from carecode.store.database import Target
from tests.conftest import administer

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DOCTOR = Requester("doctor", Role.CLINICIAN, "county-2", "Dr Zhao", "")
OTHER = Requester("other", Role.CLINICIAN, "city-1", "Dr Du", "")
ENTRY, VISIT = UUID(int=1), UUID(int=2)


class Gate:
    """Remembers what it was told to put on rows."""

    def __init__(self) -> None:
        self.told: list[tuple[tuple[UUID, ...], tuple[UUID, ...], Closed, Closed]] = []

    async def close(
        self,
        requester: Requester,
        resident: Resident,
        *,
        ids: Sequence[UUID],
        visits: Sequence[UUID],
        put: Closed,
        take: Closed,
    ) -> None:
        assert (requester.id, requester.resident) == ("resident", resident.id)
        if put or take:  # else it only looks whether there is such an entry
            self.told.append((tuple(ids), tuple(visits), put, take))


class Clock:
    """A clock that tests turn."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Scene:
    """One resident, her privacy door, and a gate that only remembers."""

    def __init__(self, house: App, her: Resident) -> None:
        self.house, self.her, self.me = house, her, herself(her.id)
        self.clock, self.gate = Clock(house.clock()), Gate()
        self.decisions = house.decisions
        self.privacy = Privacy(
            house.index, house.log, house.decisions, house.people, self.clock, closer=self.gate,
            delegations=house.delegations,
        )  # fmt: skip

    async def state(self, requester: Requester = DOCTOR) -> object:
        return await self.decisions.state(self.her, requester, self.clock.now)

    async def says(self, what: str, requester: Requester = DOCTOR) -> object:
        return getattr(await self.state(requester), what)

    async def bases(self) -> list[str]:
        return [entry.basis for entry in await self.house.log.entries(self.her) if entry.action == "decide"]


@pytest.fixture
async def scene(house: App) -> Scene:
    for handle in ("county-2", "city-1"):
        await house.people.put_organisation(Organisation(handle, handle, handle, "hospital"))
    await house.people.put_staff(Staff("doctor", "county-2", Role.CLINICIAN, "Dr Zhao", "赵", "", ""))
    person = Person("李明", "Li Ming", date(1970, 1, 1), "female", "")
    done = await house.index.enrol([parse("passport", "E12345678")], person, source="x", now=house.clock())
    return Scene(house, done.resident)


# What a disclosure asks


async def test_nothing_said_is_nothing_closed_but_what_is_sensitive(scene: Scene) -> None:
    state = await scene.decisions.state(scene.her, DOCTOR, scene.clock.now)
    assert not any((state.refused, state.opted_out, state.person_refused, state.window_open, state.emergency_refused))
    assert (state.closed_categories, state.open_labels, state.emergency_labels) == (frozenset(), Closed(0), Closed(0))
    assert not state.herself
    assert (await scene.decisions.of_deposits(scene.her, "county-2", scene.clock.now)).counts


CASES: tuple[tuple[Wish, str, object, object], ...] = (
    (Wish(Kind.INSTITUTION, "refuse", "county-2"), "refused", True, False),
    (Wish(Kind.INSTITUTION, "summary", "county-2"), "closed_categories", ALL_CATEGORIES - SUMMARY, frozenset()),
    (Wish(Kind.NEWCOMERS, "ask"), "refused", True, True),
    (Wish(Kind.PERSON, "refuse", "doctor"), "person_refused", True, False),
    (Wish(Kind.CATEGORY, "close", about="6"), "closed_categories", {Category.LABORATORY}, {Category.LABORATORY}),
    (Wish(Kind.CATEGORY, "close", "county-2", "6"), "closed_categories", {Category.LABORATORY}, frozenset()),
    (Wish(Kind.LABEL, "open", about="4"), "open_labels", Closed.PSY, Closed.PSY),
    (Wish(Kind.LABEL, "open", "county-2", "4"), "open_labels", Closed.PSY, Closed(0)),
    (Wish(Kind.EMERGENCY_LABEL, "open", about="4"), "emergency_labels", Closed.PSY, Closed.PSY),
    (Wish(Kind.KEEP, "keep", "county-2"), "unshared", True, False),
    (Wish(Kind.EXCHANGE, "out"), "opted_out", True, True),
    (Wish(Kind.EVERYTHING, "out"), "opted_out_everything", True, True),
    (Wish(Kind.EVERYTHING, "out"), "emergency_refused", True, True),
    (Wish(Kind.EMERGENCY, "no"), "emergency_refused", True, True),
)


@pytest.mark.parametrize(("wish", "what", "here", "elsewhere"), CASES, ids=lambda x: getattr(x, "basis", None))
async def test_each_decision_is_seen_by_whom_it_is_about_and_ends_when_undone(
    scene: Scene, wish: Wish, what: str, here: object, elsewhere: object
) -> None:
    before = await scene.says(what), await scene.says(what, OTHER)
    made = await scene.privacy.decide(scene.me, wish)
    assert made is not None
    assert (await scene.says(what), await scene.says(what, OTHER)) == (here, elsewhere)
    assert await scene.bases() == [wish.basis]
    assert await scene.privacy.decide(scene.me, wish) is None  # said already
    await scene.privacy.undo(scene.me, made)
    assert (await scene.says(what), await scene.says(what, OTHER)) == before
    assert await scene.bases() == [f"undo {wish.basis}", wish.basis]
    assert [x.undone for x in await scene.privacy.history(scene.me)] == [True]
    with pytest.raises(NotFoundError):
        await scene.privacy.undo(scene.me, made)


async def test_who_is_asked_first_is_let_in_by_name(scene: Scene) -> None:
    await scene.privacy.decide(scene.me, Wish(Kind.NEWCOMERS, "ask"))
    await scene.privacy.allow(scene.me, "county-2")
    assert (await scene.says("refused"), await scene.says("refused", OTHER)) == (False, True)
    shown = {x.organisation.handle: x.choice for x in await scene.privacy.institutions(scene.me)}
    assert shown == {"county-2": "allow", "city-1": "refuse"}


async def test_the_word_about_one_comes_before_the_word_about_all(scene: Scene) -> None:
    await scene.privacy.decide(scene.me, Wish(Kind.CATEGORY, "open", "county-2", "6"))
    await scene.privacy.decide(scene.me, Wish(Kind.CATEGORY, "close", about="6"))
    assert (await scene.says("closed_categories"), await scene.says("closed_categories", OTHER)) == (
        frozenset(),
        {Category.LABORATORY},
    )


async def test_a_decision_with_dates_leaves_the_one_below_it_standing(scene: Scene) -> None:
    """Shut out for a week, she showed a summary before: afterwards it is a summary again, not everything."""
    await scene.privacy.decide(scene.me, Wish(Kind.INSTITUTION, "summary", "county-2"))
    scene.clock.now += timedelta(seconds=1)
    start, end = scene.clock.now + DAY, scene.clock.now + 8 * DAY
    await scene.privacy.decide(scene.me, Wish(Kind.INSTITUTION, "refuse", "county-2", "", start, end))
    seen = []
    for scene.clock.now in (start - HOUR, start + HOUR, end - HOUR, end + HOUR):
        state = await scene.decisions.state(scene.her, DOCTOR, scene.clock.now)
        seen.append((state.refused, bool(state.closed_categories)))
        await scene.privacy.settle()
    assert seen == [(False, True), (True, False), (True, False), (False, True)]
    assert [(x.choice, x.ended_at is None) for x in await scene.privacy.history(scene.me)] == [
        ("refuse", False),
        ("summary", True),
    ]


async def test_an_undone_decision_gives_back_what_it_replaced(scene: Scene) -> None:
    await scene.privacy.decide(scene.me, Wish(Kind.INSTITUTION, "summary", "county-2"))
    second = await scene.privacy.decide(scene.me, Wish(Kind.INSTITUTION, "refuse", "county-2"))
    assert await scene.says("closed_categories") == frozenset()
    assert second is not None
    await scene.privacy.undo(scene.me, second)
    assert (await scene.says("refused"), await scene.says("closed_categories")) == (False, ALL_CATEGORIES - SUMMARY)


async def test_every_decision_voids_the_receipts_in_force(scene: Scene) -> None:
    """Wider or narrower: what was opened under the decision before opens nothing more."""
    await scene.house.log.append(scene.her, DOCTOR, "refuse", Purpose.TREAT, "x")
    for wish in (
        Wish(Kind.PERSON, "refuse", "doctor"),
        Wish(Kind.LABEL, "open", about="1"),
        Wish(Kind.ENTRY, "hide", about=str(ENTRY)),
    ):
        decided_at = (await scene.decisions.state(scene.her, DOCTOR, scene.clock.now)).decided_at
        made = await scene.privacy.decide(scene.me, wish)
        assert await refused_as_older(scene, decided_at)
        decided_at = (await scene.decisions.state(scene.her, DOCTOR, scene.clock.now)).decided_at
        assert made is not None
        await scene.privacy.undo(scene.me, made)
        assert await refused_as_older(scene, decided_at)


async def refused_as_older(scene: Scene, decided_at: datetime) -> bool:
    try:
        await scene.house.log.seal(scene.her, DOCTOR, Purpose.TREAT, [], "code", decided_at=decided_at)
    except CareCodeError as error:
        return error.code == "decided-again"
    return False


# Windows


async def test_days_open_longer_windows_and_fewer_days_close_them(scene: Scene) -> None:
    now = scene.clock.now
    until = await scene.decisions.open_window(scene.her, "county-2", now, now + 4 * HOUR)
    assert until == now + 4 * HOUR
    made = await scene.privacy.decide(scene.me, Wish(Kind.WINDOW, "30", "county-2"))
    later = now + 29 * DAY
    assert (await scene.decisions.state(scene.her, DOCTOR, later)).window_until == now + 30 * DAY
    assert await scene.decisions.open_window(scene.her, "city-1", now, now + 4 * HOUR) == now + 4 * HOUR
    scene.clock.now = now + DAY
    assert made is not None
    await scene.privacy.undo(scene.me, made)
    assert not await scene.says("window_open")


async def test_the_operators_days_hold_where_she_says_nothing(scene: Scene, target: Target) -> None:
    await administer(target, "INSERT INTO disclosure.setting VALUES ('window_days', '7')")
    now = scene.clock.now
    assert await scene.decisions.open_window(scene.her, "county-2", now, now + 4 * HOUR) == now + 7 * DAY
    await scene.privacy.decide(scene.me, Wish(Kind.WINDOW, "0", "county-2"))
    assert (await scene.decisions.state(scene.her, DOCTOR, now)).window_until == now + 4 * HOUR


# Entries and visits


async def test_an_entry_is_hidden_shown_again_and_settled_by_its_dates(scene: Scene) -> None:
    hide = Wish(Kind.ENTRY, "hide", about=str(ENTRY))
    made = await scene.privacy.decide(scene.me, hide)
    assert made is not None
    await scene.privacy.undo(scene.me, made)
    assert [(ids, put) for ids, _, put, _ in scene.gate.told] == [((ENTRY,), Closed.HIDDEN), ((ENTRY,), Closed(0))]
    assert await scene.bases() == ["undo hide entry", "hide entry"]
    scene.gate.told.clear()
    start, end = scene.clock.now + DAY, scene.clock.now + 2 * DAY
    await scene.privacy.decide(scene.me, Wish(Kind.VISIT, "lock", "", str(VISIT), start, end))
    assert scene.gate.told == []
    for scene.clock.now in (start + HOUR, start + HOUR, end + HOUR, end + HOUR):
        await scene.privacy.settle()
    assert [(visits, put) for _, visits, put, _ in scene.gate.told] == [
        ((VISIT,), Closed.LOCKED),
        ((VISIT,), Closed(0)),
    ]


async def test_what_failed_on_the_rows_is_made_good(scene: Scene) -> None:
    class Broken(Gate):
        async def close(self, *_: object, put: Closed, **__: object) -> None:
            if put:
                raise RefusedError("broken", "It broke.")

    whole, scene.privacy._marking._closer = scene.gate, Broken()
    with pytest.raises(RefusedError):
        await scene.privacy.decide(scene.me, Wish(Kind.ENTRY, "lock", about=str(ENTRY)))
    scene.privacy._marking._closer = whole
    assert await scene.privacy.settle() == 1
    assert [put for _, _, put, _ in whole.told] == [Closed.LOCKED]
    assert await scene.privacy.settle() == 0


# Who may


async def test_only_she_herself_decides(scene: Scene) -> None:
    stranger = Requester("resident", Role.CLINICIAN, "county-2", "Dr Zhao", "", None, scene.her.id)
    forged = Requester("delegate:0", Role.RESIDENT, "self", "x", "", None, scene.her.id)
    for requester in (DOCTOR, stranger, forged):
        for work in (
            scene.privacy.decide(requester, Wish(Kind.EMERGENCY, "no")),
            scene.privacy.preview(requester, Wish(Kind.EMERGENCY, "no")),
            scene.privacy.undo(requester, uuid4()),
            scene.privacy.history(requester),
            scene.privacy.standing(requester),
            scene.privacy.who_looked(requester),
        ):
            with pytest.raises(RefusedError):
                await work
        assert not (await scene.decisions.state(scene.her, requester, scene.clock.now)).herself
    for requester in (herself(ResidentId(uuid4())), replace(scene.me, role=Role.CLINICIAN)):
        assert not (await scene.decisions.state(scene.her, requester, scene.clock.now)).herself
    assert (await scene.decisions.state(scene.her, scene.me, scene.clock.now)).herself


async def test_an_unknown_institution_is_refused_and_nothing_is_kept(scene: Scene) -> None:
    with pytest.raises(NotFoundError):
        await scene.privacy.decide(scene.me, Wish(Kind.INSTITUTION, "refuse", "nowhere"))
    assert await scene.privacy.history(scene.me) == []


async def test_statistics_leave_out_who_left_them(scene: Scene) -> None:
    for kind in (Kind.STATISTICS, Kind.EVERYTHING):
        made = await scene.privacy.decide(scene.me, Wish(kind, "out"))
        assert not (await scene.decisions.of_deposits(scene.her, "county-2", scene.clock.now)).counts
        assert made is not None
        await scene.privacy.undo(scene.me, made)
        assert (await scene.decisions.of_deposits(scene.her, "county-2", scene.clock.now)).counts


async def test_what_is_written_while_she_left_or_of_a_closed_visit_is_closed_from_the_first_moment(
    scene: Scene,
) -> None:
    asked = scene.her, "county-2", scene.clock.now
    assert await scene.decisions.of_deposits(*asked) == OfDeposits()
    for wish, kept, counts in (
        (Wish(Kind.EXCHANGE, "out"), True, True),
        (Wish(Kind.EVERYTHING, "out"), True, False),
        (Wish(Kind.STATISTICS, "out"), False, False),
        (Wish(Kind.KEEP, "keep", "county-2"), True, True),
        (Wish(Kind.KEEP, "keep", "city-1"), False, True),
    ):
        made = await scene.privacy.decide(scene.me, wish)
        found = await scene.decisions.of_deposits(*asked)
        assert (found.whole == Closed.UNSHARED, found.counts) == (kept, counts), wish
        assert made is not None
        await scene.privacy.undo(scene.me, made)
    await scene.privacy.decide(scene.me, Wish(Kind.VISIT, "hide", about=str(VISIT)))
    assert (await scene.decisions.of_deposits(*asked)).visits == {VISIT: Closed.HIDDEN}


async def test_a_visit_under_way_is_an_open_window_until_it_ends(scene: Scene) -> None:
    now = scene.clock.now
    await scene.decisions.visit_opened(scene.her, "county-2", VISIT, now)
    assert (await scene.says("window_open"), await scene.says("window_open", OTHER)) == (True, False)
    await scene.decisions.visit_ended(scene.her, "county-2", VISIT, now)
    assert not await scene.says("window_open")


async def test_only_what_she_locked_is_counted_and_for_none_whom_she_shut_out(scene: Scene) -> None:
    await scene.privacy.decide(scene.me, Wish(Kind.ENTRY, "hide", about=str(uuid4())))
    assert await scene.says("locked") == 0
    await scene.privacy.decide(scene.me, Wish(Kind.ENTRY, "lock", about=str(ENTRY)))
    assert await scene.says("locked") == 1
    await scene.privacy.refuse(scene.me, "county-2")
    assert await scene.says("locked") == 0


# Many at once


async def test_many_are_asked_at_once_in_their_order(scene: Scene) -> None:
    await scene.privacy.refuse(scene.me, "county-2")
    pairs = [(scene.her, one) for one in (OTHER, DOCTOR, scene.me, DOCTOR, OTHER)]
    states = await scene.decisions.states(pairs, scene.clock.now)
    assert [x.refused for x in states] == [False, True, False, True, False]
    assert [x.herself for x in states] == [False, False, True, False, False]
    for (resident, requester), state in zip(pairs, states, strict=True):
        alone = await scene.decisions.state(resident, requester, scene.clock.now)
        assert replace(alone, decided_at=state.decided_at) == state


async def test_asking_is_quick_however_much_she_decided(scene: Scene, target: Target) -> None:
    """A thousand hidden entries and a long history cost a disclosure nothing: their rows are not looked at."""
    many = [
        Wish(Kind.ENTRY, "hide", about=str(uuid4())) if number % 2 else Wish(Kind.INSTITUTION, "refuse", "county-2")
        for number in range(600)
    ]
    for wish in many:
        await scene.decisions.decide(scene.her, wish, "self", scene.clock.now)
    await administer(target, "ANALYZE disclosure.decision")
    for label in LABELS:
        await scene.privacy.decide(scene.me, Wish(Kind.LABEL, "open", about=str(int(label))))
    seconds = []
    for _ in range(200):
        begun = time.perf_counter()
        await scene.state()
        seconds.append(time.perf_counter() - begun)
    assert statistics.median(seconds) < 0.005  # about 0.4 ms with the round trip here; reading all rows takes ten times


async def test_refusals_from_before_are_decisions_now(target: Target, house: App) -> None:
    """The migration took them over; here by its own statement, on rows put there now."""
    who = next(iter(await _sample(house)))
    statement = next(x for x in _migration().split(";") if "FROM disclosure.refusal" in x)
    before = f"INSERT INTO disclosure.refusal VALUES ('{who.id}', 'county-2', now())"  # noqa: S608  # her own number
    await administer(target, before, statement)
    assert (await Decisions(house.database).state(who, DOCTOR, house.clock())).refused


def _migration() -> str:
    return (files("carecode") / "disclosure" / "sql" / "0002_expand_decisions.sql").read_text()


async def _sample(house: App) -> list[Resident]:
    person = Person("李明", "Li Ming", date(1970, 1, 1), "female", "")
    done = await house.index.enrol([parse("passport", "E12345678")], person, source="x", now=house.clock())
    return [done.resident]
