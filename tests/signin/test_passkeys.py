"""Passkeys: made with an invitation, proved, refused; what is refused looks the same."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from carecode.disclosure.ceremonies import CHALLENGE_TIME
from carecode.disclosure.passkeys import Owner
from carecode.disclosure.staffing import INVITATION_TIME
from carecode.kernel.errors import CareCodeError, ConflictError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Resident
from tests.signin.authenticator import PRESENT, VERIFIED, SoftKey, b64, unb64
from tests.signin.conftest import SITE, Town


async def test_who_is_invited_makes_a_passkey_and_signs_in_with_it(town: Town) -> None:
    key = await town.employ("doctor")
    entered = await town.enter(key)
    assert (entered.area, entered.choose) == ("clinic", False)
    requester = await town.app.sessions.session(entered.token, town.now)
    assert requester is not None
    assert (requester.id, requester.organisation, requester.licensed) == ("doctor", "county-2", True)
    held = await town.held(entered.token)
    assert held.how == "passkey"
    assert await town.app.sessions.reauthenticated(entered.token, town.now)


async def test_what_a_browser_is_asked_for(town: Town) -> None:
    token = await town.app.sign_in.staffing.invite("doctor", "test", town.now)
    new = await town.app.sign_in.entrance.ask_invited(SITE, token, town.now)
    assert new["rp"] == {"name": "CareCode", "id": "localhost"}
    assert new["authenticatorSelection"]["residentKey"] == "required"
    assert new["authenticatorSelection"]["userVerification"] == "required"
    assert new["attestation"] == "none"
    assert len(unb64(new["challenge"])) == 32
    known = await town.app.sign_in.entrance.ask(SITE, town.now)
    assert known["userVerification"] == "required"
    assert known["allowCredentials"] == []


@pytest.mark.parametrize(
    "fault",
    [
        lambda key: replace(key, origin="http://localhost:9000"),
        lambda key: replace(key, origin="https://localhost:8000"),
        lambda key: replace(key, host="elsewhere"),
        lambda key: replace(key, flags=PRESENT),  # nobody looked whether it is she
        lambda key: replace(key, flags=VERIFIED),  # nobody was there
        lambda key: replace(key, key=SoftKey().key),
        lambda key: replace(key, number=SoftKey().number),
        lambda key: replace(key, handle=b64(bytes(32))),
        lambda key: replace(key, handle=""),
    ],
    ids=["port", "scheme", "host", "unverified", "absent", "signature", "unknown", "handle", "nameless"],
)
async def test_a_faulty_proof_opens_nothing_and_every_refusal_is_the_same(
    town: Town, fault: Callable[[SoftKey], SoftKey]
) -> None:
    key = await town.employ("doctor")
    with pytest.raises(RefusedError) as refused:
        await town.enter(fault(key))
    assert (refused.value.code, refused.value.message) == (
        "passkey-refused",
        "This passkey does not open anything here. Try again, or sign in differently.",
    )
    assert (await town.enter(key)).area == "clinic"  # the control


@pytest.mark.parametrize("fault", ["origin", "host", "flags"])
async def test_a_faulty_passkey_is_not_kept(town: Town, fault: str) -> None:
    wrong: dict[str, Any] = {"origin": "http://evil.localhost:8000", "host": "evil.localhost", "flags": PRESENT}
    with pytest.raises(RefusedError):
        await town.employ("doctor", SoftKey(**{fault: wrong[fault]}))
    members = {one.id: one for one in await town.app.sign_in.staffing.listed("county-2")}
    assert not members["doctor"].signs_in


async def test_a_challenge_is_good_once_for_one_thing_and_for_two_minutes(town: Town) -> None:
    key = await town.employ("doctor")
    entrance = town.app.sign_in.entrance
    answer = key.get(await entrance.ask(SITE, town.now))
    await entrance.enter(SITE, answer, town.now)
    with pytest.raises(RefusedError) as again:
        await entrance.enter(SITE, answer, town.now)
    assert again.value.code == "sign-in-again"
    late = key.get(await entrance.ask(SITE, town.now))
    with pytest.raises(RefusedError) as expired:
        await entrance.enter(SITE, late, town.now + CHALLENGE_TIME)
    assert expired.value.code == "sign-in-again"
    held = await town.held((await town.enter(key)).token)
    other = key.get(await town.app.sign_in.step_up.ask(SITE, held, town.now))
    with pytest.raises(RefusedError) as elsewhere:
        await entrance.enter(SITE, other, town.now)
    assert elsewhere.value.code == "sign-in-again"
    with pytest.raises(RefusedError):  # and it is used up by the attempt
        await town.app.sign_in.step_up.prove(SITE, held, other, town.now)


async def test_one_answer_sent_many_times_at_once_signs_in_once(town: Town) -> None:
    key = await town.employ("doctor")
    answer = key.get(await town.app.sign_in.entrance.ask(SITE, town.now))
    tried = await asyncio.gather(
        *(town.app.sign_in.entrance.enter(SITE, answer, town.now) for _ in range(8)), return_exceptions=True
    )
    assert sum(not isinstance(one, Exception) for one in tried) == 1


async def test_a_counter_that_goes_back_is_a_copied_key(town: Town) -> None:
    key = await town.employ("doctor", SoftKey(counter=5))
    await town.enter(key)
    with pytest.raises(RefusedError):
        await town.enter(replace(key, counter=2))
    with pytest.raises(RefusedError):
        await town.enter(replace(key, steps=False))  # the same counter again
    assert (await town.enter(key)).area == "clinic"


async def test_a_key_without_a_counter_works(town: Town) -> None:
    key = await town.employ("doctor", SoftKey(steps=False))
    assert (await town.enter(key)).area == (await town.enter(key)).area == "clinic"


async def test_an_invitation_works_once_and_for_three_days(town: Town) -> None:
    staffing, entrance = town.app.sign_in.staffing, town.app.sign_in.entrance
    token = await staffing.invite("doctor", "test", town.now)
    answers = [SoftKey().create(await entrance.ask_invited(SITE, token, town.now)) for _ in range(2)]
    await entrance.take(SITE, answers[0], town.now)
    with pytest.raises(RefusedError) as used:
        await entrance.take(SITE, answers[1], town.now)
    old = await staffing.invite("nurse", "test", town.now)
    with pytest.raises(RefusedError) as expired:
        await entrance.ask_invited(SITE, old, town.now + INVITATION_TIME)
    await staffing.invite("nurse", "test", town.now)
    with pytest.raises(RefusedError) as replaced:
        await entrance.ask_invited(SITE, old, town.now)
    with pytest.raises(RefusedError) as forged:
        await entrance.ask_invited(SITE, "0" * 64, town.now)
    answers_given = {(one.value.code, one.value.message) for one in (used, expired, replaced, forged)}
    assert answers_given == {("invitation-used", "This invitation was used or is too old. Ask for a new one.")}


async def test_nobody_invites_a_machine_or_somebody_who_left(town: Town) -> None:
    await town.app.sign_in.staffing.remove("nurse")
    for staff in ("machine", "nurse", "nobody"):
        with pytest.raises(NotFoundError):
            await town.app.sign_in.staffing.invite(staff, "test", town.now)


async def test_an_officer_invites_her_own_institutions_staff_only(town: Town) -> None:
    staffing = town.app.sign_in.staffing
    officer, desk = await town.app.people.staff("officer"), await town.app.people.staff("desk")
    assert officer is not None
    assert desk is not None
    assert re.fullmatch("[0-9a-f]{64}", await staffing.invite_by(officer, "nurse", town.now))
    with pytest.raises(NotFoundError):
        await staffing.invite_by(officer, "doctor-city", town.now)
    with pytest.raises(RefusedError):
        await staffing.invite_by(desk, "nurse", town.now)


async def test_an_invitation_never_opens_what_she_is_at_another_institution(town: Town) -> None:
    """A hospital that invites its own doctor and takes the invitation itself gets that doctor of its own only."""
    key = await town.employ("doctor")
    token = await town.app.sign_in.staffing.invite("doctor-city", "city", town.now)
    join = key.get(await town.app.sign_in.entrance.ask_join(SITE, token, town.now))
    await town.app.sign_in.entrance.join(SITE, join, town.now)
    assert len(await town.app.sign_in.entrance.places(await town.held((await town.enter(key)).token))) == 2
    thief = await town.employ("doctor-city")
    places = await town.app.sign_in.entrance.places(await town.held((await town.enter(thief)).token))
    assert [place.organisation for place in places] == ["city-1"]
    left = await town.app.sign_in.entrance.places(await town.held((await town.enter(key)).token))
    assert [place.organisation for place in left] == ["county-2"]


async def test_a_residents_passkey_opens_her_own_pages_and_no_place_of_work(town: Town, her: Resident) -> None:
    held = await town.held(await town.app.sessions.sign_in(town.now, resident=her.id, how="digits", fresh=True))
    key = SoftKey()
    options = await town.app.sign_in.devices.ask_passkey(SITE, held, "Lin Mei", town.now)
    assert her.id.bytes.hex() not in unb64(options["user"]["id"]).hex()
    await town.app.sign_in.devices.add_passkey(SITE, held, her, key.create(options), town.now)
    assert (await town.enter(key, wanted="clinic")).area == "my"
    token = await town.app.sign_in.staffing.invite("doctor", "test", town.now)
    join = key.get(await town.app.sign_in.entrance.ask_join(SITE, token, town.now))
    with pytest.raises(RefusedError):
        await town.app.sign_in.entrance.join(SITE, join, town.now)
    entries = await town.app.log.entries(her)
    assert [entry.basis for entry in entries] == ["passkey added"]


async def test_a_passkey_begun_in_one_session_is_not_kept_by_another(town: Town, her: Resident) -> None:
    one, other = [
        await town.held(await town.app.sessions.sign_in(town.now, resident=her.id, fresh=True)) for _ in range(2)
    ]
    made = SoftKey().create(await town.app.sign_in.devices.ask_passkey(SITE, one, "Lin Mei", town.now))
    with pytest.raises(RefusedError):
        await town.app.sign_in.devices.add_passkey(SITE, other, her, made, town.now)
    assert await town.app.sign_in.passkeys.of(Owner(resident=her.id)) == []


async def test_one_credential_has_one_owner(town: Town) -> None:
    key = await town.employ("doctor")
    with pytest.raises(RefusedError):
        await town.employ("nurse", replace(key))
    assert (await town.enter(key)).area == "clinic"


async def test_there_is_a_bound_of_passkeys(town: Town, her: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carecode.disclosure.passkeys.PASSKEYS_MAX", 1)
    held = await town.held(await town.app.sessions.sign_in(town.now, resident=her.id, fresh=True))
    devices = town.app.sign_in.devices
    await devices.add_passkey(
        SITE, held, her, SoftKey().create(await devices.ask_passkey(SITE, held, "x", town.now)), town.now
    )
    with pytest.raises(ConflictError):
        await devices.ask_passkey(SITE, held, "x", town.now)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"response": {}},
        {"response": "x"},
        {"response": {"clientDataJSON": "***"}},
        {"response": {"clientDataJSON": b64(b"[]")}},
        {"response": {"clientDataJSON": b64(b'{"challenge": 5}')}},
        {"response": {"clientDataJSON": b64(b'{"challenge": "AA"}')}},
        {"response": {"clientDataJSON": b64(b"[" * 10_000)}},
        {"response": {"clientDataJSON": "é"}},
    ],
)
async def test_anything_else_is_refused_in_words(town: Town, sent: dict[str, Any]) -> None:
    with pytest.raises(CareCodeError) as refused:
        await town.app.sign_in.entrance.enter(SITE, sent, town.now)
    assert refused.value.code in {"sign-in-again", "passkey-refused"}


async def test_a_proof_with_parts_missing_is_refused_in_words(town: Town) -> None:
    key = await town.employ("doctor")
    for part in ("authenticatorData", "signature", "clientDataJSON"):
        for value in (None, 5, "AA", ""):
            answer = key.get(await town.app.sign_in.entrance.ask(SITE, town.now))
            answer["response"][part] = value
            with pytest.raises(RefusedError):
                await town.app.sign_in.entrance.enter(SITE, answer, town.now, peer=f"{part}{value}")


async def test_who_misses_too_often_waits(town: Town) -> None:
    for _ in range(10):
        options = await town.app.sign_in.entrance.ask(SITE, town.now)
        with pytest.raises(RefusedError):
            await town.app.sign_in.entrance.enter(SITE, SoftKey().get(options), town.now, peer="a")
    options = await town.app.sign_in.entrance.ask(SITE, town.now)
    with pytest.raises(CareCodeError) as busy:
        await town.app.sign_in.entrance.enter(SITE, SoftKey().get(options), town.now, peer="a")
    assert busy.value.kind == "unavailable"
