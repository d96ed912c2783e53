"""Break-glass: who may declare it, what it opens, how it ends, and who hears of it."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.disclosure.answers import Refusal, Release
from carecode.disclosure.emergency import LONGEST, REASONS, Emergencies, Limits
from carecode.disclosure.purposes import NOT_IN_EMERGENCIES, PURPOSES
from carecode.disclosure.reviews import Words, long_enough
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Purpose, Receipt, Requester, Resident
from carecode.store.database import Target
from carecode.store.queries import queries
from tests.emergency.conftest import WORDS, Scene, deposit
from tests.promises.wall import as_administrator

CATEGORIES = PURPOSES[Purpose.ETREAT].categories


async def opened(scene: Scene, doctor: Requester | None = None, resident: Resident | None = None) -> Release | Refusal:
    whom = resident or scene.resident
    return await scene.house.gate.open(doctor or scene.doctor, Purpose.ETREAT, CATEGORIES, resident=whom)


async def declare(scene: Scene, doctor: Requester | None = None, resident: Resident | None = None) -> None:
    whom = resident or scene.resident
    await scene.watch.emergencies.declare(doctor or scene.doctor, whom, "unconscious", WORDS, scene.now)


def types(answer: Release | Refusal) -> set[str]:
    assert isinstance(answer, Release)
    return {body.type for body in answer.bodies}


async def test_nothing_opens_before_it_is_declared(scene: Scene) -> None:
    assert isinstance(await opened(scene), Refusal)


async def test_a_declared_emergency_opens_the_summary_and_never_the_whole_record(scene: Scene) -> None:
    await deposit(scene, "city-1", "letter")
    await declare(scene)
    answer = await opened(scene)
    assert "AllergyIntolerance" in types(answer)
    assert "DocumentReference" not in types(answer)
    assert isinstance(answer, Release)
    assert answer.receipt.categories.isdisjoint(NOT_IN_EMERGENCIES)


async def test_it_is_this_person_for_this_resident_only(scene: Scene) -> None:
    await declare(scene)
    assert isinstance(await opened(scene, doctor=scene.colleague), Refusal)
    assert isinstance(await opened(scene, resident=scene.other), Refusal)
    elsewhere = replace(scene.doctor, organisation="city-1")  # the same person, working for another hospital
    assert isinstance(await opened(scene, doctor=elsewhere), Refusal)


async def test_it_ends_by_itself_after_sixty_minutes(scene: Scene) -> None:
    await declare(scene)
    scene.clock.forward(minutes=59)
    assert isinstance(await opened(scene), Release)
    scene.clock.forward(minutes=1)
    assert isinstance(await opened(scene), Refusal)


async def test_a_receipt_does_not_outlive_the_declaration_in_postgresql(scene: Scene) -> None:
    short = Emergencies(
        scene.house.database,
        scene.house.log,
        scene.watch.work,
        Words(scene.house.ring, secrets.token_bytes),
        Limits(lasts=timedelta(seconds=1)),
    )
    await short.declare(scene.doctor, scene.resident, "unconscious", WORDS, scene.now)
    answer = await opened(scene)
    assert isinstance(answer, Release)
    assert await scene.house.record.read(answer.receipt) != []
    await asyncio.sleep(1.1)  # nobody ends it: the database itself does
    assert await scene.house.record.read(answer.receipt) == []
    assert not await scene.house.log.is_live(answer.receipt)


async def test_no_row_of_an_emergency_is_longer_than_sixty_minutes(target: Target) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await as_administrator(
            target,
            "INSERT INTO disclosure.emergency (resident_id, id, staff_id, staff_name, staff_title, organisation,"
            " reason, words, declared_at, until) VALUES (gen_random_uuid(), gen_random_uuid(), 'x',"
            " 'x', '', 'o', 'other', '', clock_timestamp(), clock_timestamp() + interval '61 minutes')",
        )
    with pytest.raises(InvalidInputError):
        Limits(lasts=LONGEST + timedelta(seconds=1))


async def test_ended_by_hand_it_voids_its_receipts_at_once(scene: Scene) -> None:
    await declare(scene)
    answer = await opened(scene)
    assert isinstance(answer, Release)
    receipt: Receipt = answer.receipt
    ended = await scene.watch.emergencies.end(scene.doctor, scene.resident, scene.now)
    assert ended.ended_at is not None
    assert await scene.house.record.read(receipt) == []
    assert isinstance(await opened(scene), Refusal)
    with pytest.raises(NotFoundError):
        await scene.watch.emergencies.end(scene.doctor, scene.resident, scene.now)


async def test_nobody_ends_anothers(scene: Scene) -> None:
    await declare(scene)
    with pytest.raises(NotFoundError):
        await scene.watch.emergencies.end(scene.colleague, scene.resident, scene.now)
    assert isinstance(await opened(scene), Release)


async def test_her_log_has_the_declaration_the_look_and_the_end(scene: Scene) -> None:
    await declare(scene)
    await opened(scene)
    await scene.watch.emergencies.end(scene.doctor, scene.resident, scene.now)
    entries = await scene.house.log.entries(scene.resident, 3)
    assert [(x.action, x.purpose, x.basis) for x in entries] == [
        ("decide", Purpose.ETREAT, "emergency ended"),
        ("disclose", Purpose.ETREAT, "emergency"),
        ("decide", Purpose.ETREAT, "emergency declared unconscious"),
    ]
    assert entries[1].until is not None
    assert await scene.house.log.first_broken(scene.resident) is None


@pytest.mark.parametrize(
    ("reason", "words", "code"),
    [
        ("curious", WORDS, "emergency-reason"),
        ("", WORDS, "emergency-reason"),
        ("other", "fell", "words-short"),
        ("other", "x" * 14, "words-short"),
        ("other", " " * 40, "words-short"),
        ("other", "\u200b" * 40, "words-short"),
        ("other", "ab" * 251, "words-long"),
        ("other", "...............", "words-short"),
        ("other", "fell, 1234567890 !!!", "words-short"),
        ("other", "xxxxxxxXXXXXXXX", "words-short"),
        ("other", "病病病病病病病病病病病病病病病", "words-short"),
    ],
)
async def test_a_reason_of_the_list_and_words_are_needed(scene: Scene, reason: str, words: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        await scene.watch.emergencies.declare(scene.doctor, scene.resident, reason, words, scene.now)
    assert raised.value.code == code
    assert isinstance(await opened(scene), Refusal)


async def test_only_licensed_clinicians_declare(scene: Scene) -> None:
    for asker in (scene.officer, scene.herself, replace(scene.doctor, licensed=False)):
        with pytest.raises(RefusedError):
            await scene.watch.emergencies.declare(asker, scene.resident, "other", WORDS, scene.now)


async def test_declared_again_it_is_the_one_that_runs(scene: Scene) -> None:
    declare_ = scene.watch.emergencies.declare
    first = await declare_(scene.doctor, scene.resident, "other", WORDS, scene.now)
    again = await declare_(scene.doctor, scene.resident, "unconscious", WORDS, scene.now)
    assert first == again
    assert len(await scene.watch.emergencies.of(scene.resident)) == 1


async def test_the_words_are_sealed_where_they_lie(scene: Scene, target: Target) -> None:
    await declare(scene)
    rows = await as_administrator(target, "SELECT words FROM disclosure.emergency")
    assert WORDS.encode() not in rows[0]["words"]
    assert (await scene.watch.emergencies.of(scene.resident))[0].words == WORDS


# Caps


async def test_beyond_the_cap_it_is_refused_in_words_and_the_officer_is_told(scene: Scene) -> None:
    declare_ = scene.watch.emergencies.declare
    people = [scene.resident, scene.other]
    limits = Limits(person_running=1)
    capped = Emergencies(
        scene.house.database,
        scene.house.log,
        scene.watch.work,
        scene.watch.emergencies._words,
        limits,
    )
    await capped.declare(scene.doctor, people[0], "other", WORDS, scene.now)
    with pytest.raises(RefusedError, match="The privacy officer was told now") as raised:
        await capped.declare(scene.doctor, people[1], "other", WORDS, scene.now)
    assert raised.value.code == "emergency-caps"
    assert isinstance(await opened(scene, resident=people[1]), Refusal)
    items = await scene.watch.work.queue(scene.officer, kind="cap")
    assert [(x.person, x.organisation) for x in items] == [("zhou", "county-2")]
    await capped.declare(scene.colleague, people[1], "other", WORDS, scene.now)  # her own cap is not used up
    scene.clock.forward(minutes=61)
    await declare_(scene.doctor, people[1], "other", WORDS, scene.now)  # nothing runs any more


@pytest.mark.parametrize("limits", [Limits(person_day=2), Limits(institution_day=2), Limits(institution_running=2)])
async def test_a_day_and_an_institution_have_caps_too(scene: Scene, limits: Limits) -> None:
    capped = Emergencies(
        scene.house.database,
        scene.house.log,
        scene.watch.work,
        scene.watch.emergencies._words,
        limits,
    )
    waits = timedelta(minutes=61) if limits.institution_running != 2 else timedelta()
    for resident in (scene.resident, scene.other):
        await capped.declare(scene.doctor, resident, "other", WORDS, scene.now)
        scene.clock.ahead += waits
    with pytest.raises(RefusedError):
        await capped.declare(scene.doctor, scene.resident if waits else await third(scene), "other", WORDS, scene.now)
    scene.clock.forward(hours=24)
    await capped.declare(scene.doctor, scene.resident, "other", WORDS, scene.now)


async def third(scene: Scene) -> Resident:
    from tests.emergency.conftest import enrol  # noqa: PLC0415

    return await enrol(scene.house, "E12345680", "赵敏")


async def test_of_many_at_once_no_more_than_the_cap_are_declared(scene: Scene) -> None:
    from tests.emergency.conftest import enrol  # noqa: PLC0415

    people = [await enrol(scene.house, f"E2234567{i}", "赵敏") for i in range(8)]
    outcomes = await asyncio.gather(
        *(scene.watch.emergencies.declare(scene.doctor, one, "other", WORDS, scene.now) for one in people),
        return_exceptions=True,
    )
    assert sum(not isinstance(x, BaseException) for x in outcomes) == 3
    assert all(isinstance(x, RefusedError) for x in outcomes if isinstance(x, BaseException))


async def waits_for_a_lock(target: Target, task: asyncio.Task[object]) -> bool:
    """Tell whether a declaration comes to wait for another's; False when it came through."""
    async with asyncio.timeout(30):
        while not task.done():
            if await as_administrator(target, "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                return True
            await asyncio.sleep(0.02)
    return False


async def test_the_last_one_allowed_is_given_once(scene: Scene, target: Target) -> None:
    """A declaration that is not committed yet counts already: the next one waits for it."""
    limits = Limits(person_running=1)
    capped = Emergencies(
        scene.house.database, scene.house.log, scene.watch.work, scene.watch.emergencies._words, limits
    )  # fmt: skip
    now = scene.now
    async with scene.house.database.connection("disclosure") as connection, connection.transaction():
        outcome = await connection.fetchval(
            queries("disclosure")["declare_emergency"], scene.resident.id, uuid4(), "zhou", "Dr Zhou Min", "",
            "county-2", "other", b"sealed", now, now + LONGEST, now + timedelta(hours=72), limits.caps,
        )  # fmt: skip
        assert outcome == "declared"
        late = asyncio.create_task(capped.declare(scene.doctor, scene.other, "other", WORDS, scene.now))
        assert await waits_for_a_lock(target, late)
    with pytest.raises(RefusedError):
        await late


# Afterwards


async def test_the_declarer_says_afterwards_what_it_was_once(scene: Scene) -> None:
    found = await scene.watch.emergencies.declare(scene.doctor, scene.resident, "other", WORDS, scene.now)
    attest = scene.watch.emergencies.attest
    assert await scene.watch.emergencies.unattested(scene.doctor, scene.now) == []
    with pytest.raises(ConflictError):  # it still runs
        await attest(scene.doctor, scene.resident, found.id, "treated", WORDS, scene.now)
    scene.clock.forward(minutes=60)
    assert [x.id for x in await scene.watch.emergencies.unattested(scene.doctor, scene.now)] == [found.id]
    with pytest.raises(ConflictError):
        await attest(scene.colleague, scene.resident, found.id, "treated", WORDS, scene.now)
    with pytest.raises(InvalidInputError):
        await attest(scene.doctor, scene.resident, found.id, "fun", WORDS, scene.now)
    await attest(scene.doctor, scene.resident, found.id, "treated", WORDS, scene.now)
    assert await scene.watch.emergencies.unattested(scene.doctor, scene.now) == []
    with pytest.raises(ConflictError):
        await attest(scene.doctor, scene.resident, found.id, "mistake", WORDS, scene.now)


async def test_those_that_still_run_are_ones_own_newest_first(scene: Scene) -> None:
    doors = scene.watch.emergencies
    first = await doors.declare(scene.doctor, scene.resident, "other", WORDS, scene.now)
    await doors.declare(scene.colleague, scene.resident, "other", WORDS, scene.now)
    second = await doors.declare(scene.doctor, scene.other, "other", WORDS, scene.now)
    assert [x.id for x in await doors.still_running(scene.doctor, scene.now)] == [second.id, first.id]
    await doors.end(scene.doctor, scene.resident, scene.now)
    assert [x.id for x in await doors.still_running(scene.doctor, scene.now)] == [second.id]
    scene.clock.forward(minutes=60)
    assert await doors.still_running(scene.doctor, scene.now) == []


# Pure rules


@pytest.mark.parametrize(
    "words", ["患者昏迷由救护车送来家属不在场无法说明", "Brought in by ambulance.", "Понял: упал в метро."]
)
def test_plain_words_of_any_script_are_words(words: str) -> None:
    assert long_enough(words) == words


@given(st.text(max_size=600))
def test_words_are_kept_between_their_bounds_or_refused(text: str) -> None:
    try:
        said = long_enough(text)
    except InvalidInputError:
        return
    assert 15 <= len(said) <= 500
    assert said.isprintable()
    letters = [x for x in said if x.isalpha()]
    assert len(letters) >= 10
    assert len(set(letters)) > 1
    assert said == long_enough(said)


@pytest.mark.parametrize(
    "environment",
    [
        {"CARECODE_EMERGENCY_SECONDS": "3601"},
        {"CARECODE_EMERGENCY_SECONDS": "0"},
        {"CARECODE_EMERGENCY_SECONDS": "-5"},
        {"CARECODE_EMERGENCY_SECONDS": "an hour"},
        {"CARECODE_EMERGENCY_CAPS": "1,2,3"},
        {"CARECODE_EMERGENCY_CAPS": "0,1,1,1"},
    ],
)
def test_no_setting_makes_it_longer_or_capless(environment: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        Limits.of(environment)
    assert Limits.of({}) == Limits()
    assert len(REASONS) == 4
