"""Sessions on the server: locked, switched, proved anew, listed and ended; licences; leaving."""

from __future__ import annotations

import secrets
from datetime import UTC, date, timedelta

import pytest

from carecode.api.callers import KEPT, Callers
from carecode.disclosure.people import Staff
from carecode.disclosure.sessions import FRESH_FOR_HER, FRESH_FOR_STAFF, IDLE
from carecode.healthcode.phone import DeviceKey
from carecode.healthcode.proofs import PREFIX
from carecode.kernel.errors import InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Purpose, Resident, Role
from carecode.store.database import Target
from tests.conftest import demand_superuser
from tests.promises.wall import as_administrator
from tests.signin.authenticator import SoftKey
from tests.signin.conftest import SITE, Town


async def test_idle_staff_are_locked_and_use_keeps_a_session_open(town: Town) -> None:
    sessions = town.app.sessions
    token = await sessions.sign_in(town.now, staff="doctor")
    for _ in range(3):
        town.clock.move(minutes=9)
        assert await sessions.session(token, town.now) is not None
    town.clock.move(seconds=IDLE.total_seconds() + 1)
    assert await sessions.session(token, town.now) is None
    assert await sessions.session(token, town.now) is None  # asking is no use
    assert sessions.is_locked(await town.held(token), town.now)


async def test_a_residents_session_is_not_locked_and_shows_days_only(town: Town, her: Resident) -> None:
    token = await town.app.sessions.sign_in(town.now, resident=her.id)
    town.clock.move(days=3)
    assert await town.app.sessions.session(token, town.now) is not None
    held = await town.held(token)
    for moment in (held.began_at, held.seen_at):
        assert moment == moment.replace(hour=0, minute=0, second=0, microsecond=0)
    [listed] = await town.app.sign_in.book.of_resident(her.id, town.now)
    assert listed.seen_on == town.now.date()
    assert (listed.seen_on - listed.began_on).days == 3


async def test_a_locked_screen_opens_with_its_holders_passkey_only(town: Town) -> None:
    mine, others = await town.employ("doctor"), await town.employ("nurse")
    token = (await town.enter(mine)).token
    step_up, sessions = town.app.sign_in.step_up, town.app.sessions
    await town.app.sign_in.book.lock(await town.held(token), town.now)
    assert await sessions.session(token, town.now) is None
    assert not await sessions.reauthenticated(token, town.now)
    held = await town.held(token)
    with pytest.raises(RefusedError) as refused:
        await step_up.prove(SITE, held, others.get(await step_up.ask(SITE, held, town.now)), town.now)
    assert refused.value.code == "passkey-refused"
    assert await sessions.session(token, town.now) is None
    await step_up.prove(SITE, held, mine.get(await step_up.ask(SITE, held, town.now)), town.now)
    assert await sessions.session(token, town.now) is not None


async def test_the_next_person_signs_in_instead_and_the_locked_session_stays_locked(town: Town) -> None:
    mine, others = await town.employ("doctor"), await town.employ("nurse")
    token = (await town.enter(mine)).token
    await town.app.sign_in.book.lock(await town.held(token), town.now)
    entered = await town.enter(others)
    requester = await town.app.sessions.session(entered.token, town.now)
    assert requester is not None
    assert requester.id == "nurse"
    assert await town.app.sessions.session(token, town.now) is None


async def test_a_proof_for_one_session_is_none_for_another(town: Town) -> None:
    key = await town.employ("doctor")
    one, other = [await town.held((await town.enter(key)).token) for _ in range(2)]
    step_up = town.app.sign_in.step_up
    with pytest.raises(RefusedError):
        await step_up.prove(SITE, other, key.get(await step_up.ask(SITE, one, town.now)), town.now)


@pytest.mark.parametrize("ahead", [1, -1])
async def test_a_proof_counts_for_two_minutes_for_staff(town: Town, ahead: int) -> None:
    token = (await town.enter(await town.employ("doctor"))).token
    moment = (await town.held(token)).fresh_at
    assert moment is not None
    expected = ahead < 0
    assert (
        await town.app.sessions.reauthenticated(token, moment + FRESH_FOR_STAFF + timedelta(seconds=ahead)) is expected
    )
    assert not await town.app.sessions.reauthenticated(token, moment - timedelta(seconds=1))  # a clock stepped back


async def test_a_proof_counts_for_five_minutes_for_her_and_the_desks_digits_are_one(town: Town, her: Resident) -> None:
    code = await town.app.sessions.enrolment_code(her.id, town.now)
    _, token = await town.app.sessions.redeem_enrolment(code, town.now)
    assert await town.app.sessions.stepped_up(token, town.now)
    town.clock.move(seconds=FRESH_FOR_HER.total_seconds() + 1)
    assert not await town.app.sessions.stepped_up(token, town.now)


async def test_a_link_counts_as_a_proof_on_demo_data_only_and_until_something_was_proved(
    town: Town, her: Resident
) -> None:
    token = await town.app.sessions.sign_in(town.now, resident=her.id)
    held = await town.held(token)
    assert not await town.app.sessions.stepped_up(token, town.now)
    with pytest.raises(RefusedError):
        await town.app.sign_in.step_up.prove_by_word(held, "demo", town.now)
    await town.app.people.mark_demo()
    assert await town.app.sessions.stepped_up(token, town.now)
    await town.app.sign_in.book.prove(held.id, town.now)
    assert not await town.app.sessions.stepped_up(token, town.now + FRESH_FOR_HER + timedelta(seconds=1))


async def test_a_typed_word_counts_for_links_of_demo_data_only(town: Town) -> None:
    await town.app.people.mark_demo()
    by_link = await town.app.sessions.sign_in(town.now, staff="doctor")
    by_key = (await town.enter(await town.employ("nurse"))).token
    step_up = town.app.sign_in.step_up
    with pytest.raises(RefusedError):
        await step_up.prove_by_word(await town.held(by_key), "demo", town.now)
    with pytest.raises(RefusedError):
        await step_up.prove_by_word(await town.held(by_link), "other", town.now)
    assert not await town.app.sessions.reauthenticated(by_link, town.now)
    await step_up.prove_by_word(await town.held(by_link), " Demo ", town.now)
    assert await town.app.sessions.reauthenticated(by_link, town.now)


async def test_sign_in_links_are_refused_on_any_but_demo_data(town: Town) -> None:
    with pytest.raises(RefusedError) as refused:
        await town.app.sessions.link(town.now, staff="doctor")
    assert refused.value.code == "demo-only"
    assert (await town.get(f"/signin/{'0' * 64}")).status_code == 403
    await town.app.people.mark_demo()
    token = await town.app.sessions.link(town.now, staff="doctor")
    assert (await town.get(f"/signin/{token}")).headers["location"] == "/clinic"


async def test_her_phones_key_proves_it_is_she(town: Town, her: Resident) -> None:
    app = town.app
    token = await app.sessions.sign_in(town.now, resident=her.id)
    held = await town.held(token)
    key, stranger = DeviceKey(secrets.token_bytes(32)), DeviceKey(secrets.token_bytes(32))
    bearer = await app.index.bearer_of(her.id)
    device = await app.verifier.register_device(bearer, key.algorithm, key.public, "phone", town.now)
    step_up = app.sign_in.step_up

    async def prove(by: DeviceKey, number: int, prefix: bytes = PREFIX) -> None:
        challenge = bytes.fromhex(await step_up.ask_phone(held, town.now))
        await step_up.prove_by_phone(held, challenge, number, by._sign(prefix + challenge), town.now)

    for by, number, prefix in (
        (stranger, device, PREFIX),
        (key, device + 1, PREFIX),
        (key, -1, PREFIX),
        (key, device, b"CC1"),
    ):
        with pytest.raises(RefusedError):
            await prove(by, number, prefix)
    assert not await app.sessions.stepped_up(token, town.now)
    await prove(key, device)
    assert await app.sessions.stepped_up(token, town.now)
    challenge = bytes.fromhex(await step_up.ask_phone(held, town.now))
    await app.verifier.revoke(device, town.now)
    with pytest.raises(RefusedError):
        await step_up.prove_by_phone(held, challenge, device, key._sign(PREFIX + challenge), town.now)


async def test_one_person_goes_on_at_another_institution_in_a_new_session(town: Town) -> None:
    key = await town.employ("doctor")
    token = await town.app.sign_in.staffing.invite("doctor-city", "test", town.now)
    answer = key.get(await town.app.sign_in.entrance.ask_join(SITE, token, town.now))
    there = await town.app.sign_in.entrance.join(SITE, answer, town.now)
    held = await town.held(there.token)
    entrance = town.app.sign_in.entrance
    assert [place.organisation for place in await entrance.places(held)] == ["city-1", "county-2"]
    switched = await entrance.switch(held, there.token, "doctor", town.now)
    requester = await town.app.sessions.session(switched.token, town.now)
    assert requester is not None
    assert requester.organisation == "county-2"
    assert switched.token != there.token
    assert await town.app.sessions.held(there.token, town.now) is None
    assert not await town.app.sessions.reauthenticated(switched.token, town.now)
    assert (await town.enter(key)).choose
    with pytest.raises(RefusedError):
        await entrance.switch(await town.held(switched.token), switched.token, "nurse", town.now)


async def test_whom_a_provider_vouched_for_stays_at_its_institution(town: Town) -> None:
    key = await town.employ("doctor")
    token = await town.app.sign_in.staffing.invite("doctor-city", "test", town.now)
    answer = key.get(await town.app.sign_in.entrance.ask_join(SITE, token, town.now))
    await town.app.sign_in.entrance.join(SITE, answer, town.now)
    begun = await town.app.sessions.sign_in(town.now, staff="doctor", how="provider")
    held = await town.held(begun)
    assert [place.organisation for place in await town.app.sign_in.entrance.places(held)] == ["county-2"]
    with pytest.raises(RefusedError):
        await town.app.sign_in.entrance.switch(held, begun, "doctor-city", town.now)


async def test_who_leaves_is_out_with_the_next_request_and_at_the_interface_within_a_second(town: Town) -> None:
    key = await town.employ("doctor")
    token = (await town.enter(key)).token
    bearer = await town.app.sessions.issue_bearer(town.now, purpose=Purpose.TREAT, staff="doctor")
    callers = Callers(town.app)
    assert await callers.of(bearer) is not None
    assert (await town.get("/clinic", "clinic", token)).status_code == 200
    await town.app.sign_in.staffing.remove("doctor")
    assert (await town.get("/clinic", "clinic", token)).status_code == 403
    town.clock.move(seconds=min(KEPT.total_seconds(), 60))
    assert await callers.of(bearer) is None
    with pytest.raises(RefusedError):
        await town.enter(key)
    with pytest.raises(NotFoundError):
        await town.app.sign_in.staffing.remove("doctor")


async def test_who_left_and_comes_back_needs_a_new_invitation(town: Town) -> None:
    key = await town.employ("doctor")
    await town.app.sign_in.staffing.remove("doctor")
    member = Staff("doctor", "county-2", Role.CLINICIAN, "Dr Zhao Wei", "赵伟", "", "")
    await town.app.sign_in.staffing.add(member, town.now)
    with pytest.raises(RefusedError):
        await town.enter(key)
    assert not await town.app.people.licensed("doctor", town.now)  # and a licence
    assert (await town.enter(await town.employ("doctor"))).area == "clinic"


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (None, None, True),
        (-1, 1, True),
        (0, 0, True),
        (1, 2, False),
        (-2, -1, False),
        (None, -1, False),
        (1, None, False),
    ],
)
async def test_a_licence_is_in_force_from_its_first_day_to_its_last(
    town: Town, since: int | None, until: int | None, *, expected: bool
) -> None:
    today = town.now.astimezone(UTC).date()
    first, last = (None if days is None else today + timedelta(days=days) for days in (since, until))
    await town.app.sign_in.staffing.license("doctor", "110220330", first, last)
    token = await town.app.sessions.sign_in(town.now, staff="doctor")
    bearer = await town.app.sessions.issue_bearer(town.now, purpose=Purpose.TREAT, staff="doctor")
    for requester in (
        await town.app.sessions.session(token, town.now),
        await town.app.sessions.bearer(bearer, town.now),
    ):
        assert requester is not None
        assert requester.licensed is expected
    assert await town.app.people.licensed("doctor", town.now) is expected


async def test_a_licence_with_contradicting_dates_is_refused(town: Town) -> None:
    with pytest.raises(InvalidInputError):
        await town.app.sign_in.staffing.license("doctor", "1", date(2026, 2, 1), date(2026, 1, 1))
    with pytest.raises(InvalidInputError):
        await town.app.sign_in.staffing.license("doctor", "1" * 61, None, None)
    with pytest.raises(NotFoundError):
        await town.app.sign_in.staffing.license("nobody", "1", None, None)


async def test_a_counter_cancels_all_that_acts_for_her_and_her_log_says_so(town: Town, her: Resident) -> None:
    app = town.app
    token = await app.sessions.sign_in(town.now, resident=her.id, how="digits", fresh=True)
    held = await town.held(token)
    key, phone = SoftKey(), DeviceKey(secrets.token_bytes(32))
    devices = app.sign_in.devices
    made = key.create(await devices.ask_passkey(SITE, held, "x", town.now))
    await devices.add_passkey(SITE, held, her, made, town.now)
    bearer = await app.index.bearer_of(her.id)
    number = await app.verifier.register_device(bearer, phone.algorithm, phone.public, "phone", town.now)
    desk, doctor = await app.people.staff("desk"), await app.people.staff("doctor")
    assert desk is not None
    assert doctor is not None
    with pytest.raises(RefusedError):
        await devices.cancel_all(doctor, her, town.now)
    assert await app.sessions.session(token, town.now) is not None
    assert await devices.cancel_all(desk, her, town.now) == 2
    assert await app.sessions.session(token, town.now) is None
    with pytest.raises(RefusedError):
        await town.enter(key)
    with pytest.raises(NotFoundError):
        await app.verifier.batch(number, 1)
    bases = [entry.basis for entry in await app.log.entries(her)]
    assert bases == ["phones cancelled", "passkey added"]


async def test_she_ends_one_session_or_all_others_and_nobody_elses(town: Town, her: Resident) -> None:
    app = town.app
    one, two, three = [await app.sessions.sign_in(town.now, resident=her.id) for _ in range(3)]
    doctor = await app.sessions.sign_in(town.now, staff="doctor")
    other = (await town.held(doctor)).id
    with pytest.raises(NotFoundError):
        await app.sign_in.devices.end_session(her, other)
    await app.sign_in.devices.end_session(her, (await town.held(two)).id)
    assert [await app.sessions.session(token, town.now) is None for token in (one, two, three)] == [False, True, False]
    await app.sign_in.devices.end_others(await town.held(one))
    assert [await app.sessions.session(token, town.now) is None for token in (one, three)] == [False, True]
    assert await app.sessions.session(doctor, town.now) is not None


async def test_no_table_holds_a_token_an_invitation_or_a_challenge(town: Town, target: Target) -> None:
    await demand_superuser(target)
    key = await town.employ("doctor")
    entered = await town.enter(key)
    invitation = await town.app.sign_in.staffing.invite("nurse", "test", town.now)
    challenge = (await town.app.sign_in.entrance.ask(SITE, town.now))["challenge"]
    tables = await as_administrator(
        target, "SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind = 'r'"
        " AND c.relnamespace = 'disclosure'::regnamespace"
    )  # fmt: skip
    assert len(tables) > 10
    for table in tables:
        for row in await as_administrator(target, f"SELECT t::text AS line FROM {table['name']} AS t"):  # noqa: S608
            for secret in (entered.token, invitation, challenge):
                assert secret not in row["line"], table["name"]


async def test_what_expired_is_pruned(town: Town, target: Target) -> None:
    await demand_superuser(target)
    await town.app.sign_in.staffing.invite("nurse", "test", town.now)
    await town.app.sign_in.entrance.ask(SITE, town.now)
    await town.app.sessions.sign_in(town.now, staff="doctor")
    town.clock.move(days=40)
    await town.app.sessions.prune(town.now)
    for table in ("invitation", "ceremony", "session"):
        [count] = await as_administrator(target, f"SELECT count(*) FROM disclosure.{table}")  # noqa: S608
        assert count["count"] == 0
