"""Whatever was ended, cancelled, refused or run out opens nothing more, anywhere.

Every ended session at every page, every ended token at every request, every cancelled phone at every desk: each is
tried, in every way in which it can end.  So is every receipt after every decision of hers.

Answers: M20
Proved in detail by: tests/signin/test_sessions.py, tests/api/test_callers.py,
tests/promises/test_nothing_is_read_unlogged.py
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from starlette.routing import Route

from carecode.disclosure.answers import Query, Refusal, Release
from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.people import herself
from carecode.disclosure.sessions import SessionBook
from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import Category, CodePurpose, Purpose
from carecode.store.database import Target
from carecode.web.sessions import AREAS
from carecode.web.site import FORMS, routes
from tests.promises.quarter import ADDRESS, Quarter, observation
from tests.promises.wall import as_administrator

WORDS = "Brought in unconscious after a fall."
OPEN_TO_ALL = {"/my/enrol"}  # where a phone begins, signed in or not
OF_LOCKED = ("/lock", "/unlock")  # a locked session's own way back
WHO = {"my": None, "desk": "desk", "clinic": "doctor", "cashier": "cashier", "officer": "officer"}

End = Callable[[Quarter, str, str], Awaitable[None]]


async def signed_out(quarter: Quarter, token: str, _who: str) -> None:
    await quarter.house.sessions.sign_out(token)


async def run_out(quarter: Quarter, _token: str, _who: str) -> None:
    quarter.clock.forward(days=31)


async def whose_holder_left(quarter: Quarter, _token: str, who: str) -> None:
    await quarter.house.sign_in.staffing.remove(who)


async def ended_by_the_house(quarter: Quarter, _token: str, who: str) -> None:
    await book(quarter).end_staff(who)


async def idle(quarter: Quarter, _token: str, _who: str) -> None:
    quarter.clock.forward(minutes=11)


def book(quarter: Quarter) -> SessionBook:
    return SessionBook(quarter.house.database, quarter.house.ring.key("sessions"), bytes)


def pages(quarter: Quarter, area: str) -> list[tuple[str, str]]:
    """List every page of an area: method and address."""
    found = []
    for route in routes(quarter.house):
        if isinstance(route, Route) and (route.path == f"/{area}" or route.path.startswith(f"/{area}/")):
            path = route.path.replace("{organisation}", "county-2").replace("{path:path}", "x")
            path = path.replace("{number}", "0" * 32).replace("{kind}", "person")
            found += [(method, path) for method in route.methods or () if method in {"GET", "POST"}]
    return [(method, path) for method, path in found if path not in OPEN_TO_ALL and "{" not in path]


async def opened(quarter: Quarter, area: str, token: str) -> list[str]:
    """Return the pages of an area that a token opens: with 200, or with a way on into the area."""
    served = []
    for method, path in pages(quarter, area):
        if method == "GET" and path in FORMS:
            continue  # whoever opens one is led back to the area's own page, which is tried
        if path.endswith(OF_LOCKED) or "/unlock/" in path or path.endswith("/sign-out"):
            continue
        headers = {"cookie": f"carecode_{area}={token}", "origin": ADDRESS}
        answer = await quarter.http.request(method, path, headers=headers, follow_redirects=False)
        refused = answer.status_code in {401, 403, 404, 405} or not_inside(area, answer.headers.get("location"))
        if not refused:
            served.append(f"{method} {path} {answer.status_code}")
    return served


def not_inside(area: str, location: str | None) -> bool:
    """Tell whether an answer leads out of the area: to signing in, or to a locked screen."""
    return location is not None and (not location.startswith(f"/{area}") or location.startswith(f"/{area}/lock"))


STAFF_ENDS = [signed_out, ended_by_the_house, idle, run_out, whose_holder_left]


@pytest.mark.parametrize("area", ["desk", "clinic", "cashier", "officer"])
async def test_a_session_that_ended_opens_no_page(quarter: Quarter, area: str) -> None:
    who = f"county-2/{WHO[area]}"
    assert await opened(quarter, area, await quarter.session(who)), "the control: in force it opens pages"
    for end in STAFF_ENDS:
        token = await quarter.session(who)
        await end(quarter, token, who)
        assert await opened(quarter, area, token) == [], end.__name__


async def test_whoever_is_marked_as_gone_is_out_though_her_session_stands(quarter: Quarter, target: Target) -> None:
    """Somebody removed from the list by another program than ours: the next request asks the list itself."""
    token = await quarter.session("county-2/doctor")
    bearer = await quarter.bearer("county-2/doctor")
    assert await quarter.house.sessions.session(token, quarter.now) is not None
    await as_administrator(target, "UPDATE disclosure.staff SET active = false WHERE id = 'county-2/doctor'")
    assert await quarter.house.sessions.session(token, quarter.now) is None
    assert (await quarter.http.get("/fhir/Organization", headers=bearer)).status_code == 401


async def test_her_own_session_that_ended_opens_no_page(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    assert await opened(quarter, "my", await quarter.session(resident=her)), "the control"
    for end in ("signed out", "ended from another phone", "run out"):
        token = await quarter.session(resident=her)
        if end == "signed out":
            await quarter.house.sessions.sign_out(token)
        elif end == "run out":
            quarter.clock.forward(days=31)
        else:
            await book(quarter).end_all(her.id)
        assert await opened(quarter, "my", token) == [], end


async def test_a_session_of_another_area_opens_no_page(quarter: Quarter) -> None:
    tokens = {area: await quarter.session(f"county-2/{work}") for area, work in WHO.items() if work}
    tokens["my"] = await quarter.session(resident=await quarter.resident("XA000001"))
    for area in AREAS:
        for other, token in tokens.items():
            if other != area:
                assert await opened(quarter, area, token) == [], other


@pytest.mark.parametrize("end", ["run out", "holder left"])
async def test_a_token_that_ended_reads_nothing(quarter: Quarter, end: str) -> None:
    her = await quarter.resident("XA000001")
    await quarter.deposit("county-2", "XA000001", observation(6.1))
    await quarter.treat("county-2/doctor", her)
    headers = await quarter.bearer("county-2/doctor", her)
    number = quarter.house.gate.patient_id(quarter.staff["county-2/doctor"], her)
    paths = (
        f"Patient/{number}",
        f"Patient/{number}/$everything",
        f"Observation?patient={number}",
        "Organization",
        "Patient",
    )
    before = await quarter.http.get(f"/fhir/{paths[1]}", headers=headers)
    assert before.status_code == 200
    if end == "run out":
        quarter.clock.forward(hours=9)
    else:
        await quarter.house.sign_in.staffing.remove("county-2/doctor")
        quarter.clock.forward(seconds=2)  # the interface asks again within a second
    for path in paths:
        assert (await quarter.http.get(f"/fhir/{path}", headers=headers)).status_code == 401, path
    for method, path in (("POST", ""), ("POST", "Observation"), ("PUT", f"Observation/{number}")):
        answer = await quarter.http.request(method, f"/fhir/{path}", headers=headers, json={"resourceType": "Bundle"})
        assert answer.status_code == 401


async def test_a_cancelled_phone_opens_nothing_at_any_desk(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    for seed, purpose in enumerate(CodePurpose):
        phone = await quarter.phone(her, seed + 1)
        desk = "1234" if purpose in {CodePurpose.PAY, CodePurpose.OPEN_RECORD} else None
        before, after = (phone.code(purpose, quarter.now, desk) for _ in range(2))
        await quarter.house.verifier.verify(before, purpose, quarter.now, desk)
        await quarter.house.verifier.revoke(phone.number, quarter.now)
        with pytest.raises(RefusedError) as refused:
            await quarter.house.verifier.verify(after, purpose, quarter.now, desk)
        assert refused.value.code == "code-revoked"


WISHES = [
    Wish(Kind.INSTITUTION, "refuse", "county-2"),
    Wish(Kind.PERSON, "refuse", "county-2/doctor"),
    Wish(Kind.CATEGORY, "close", about=str(int(Category.LABORATORY))),
    Wish(Kind.EXCHANGE, "out"),
    Wish(Kind.EVERYTHING, "out"),
    Wish(Kind.EMERGENCY, "no"),
]


async def test_after_any_decision_no_receipt_of_before_opens_a_row(quarter: Quarter) -> None:
    doctor = quarter.staff["county-2/doctor"]
    for place, wish in enumerate(WISHES):
        her = await quarter.resident(f"XA{place:06d}")
        await quarter.deposit("county-2", f"XA{place:06d}", observation(6.1))
        await quarter.treat("county-2/doctor", her)
        answer = await quarter.house.gate.open(doctor, Purpose.TREAT, resident=her)
        assert isinstance(answer, Release)
        assert await quarter.house.record.read(answer.receipt) != []
        await quarter.house.privacy.decide(herself(her.id), wish)
        assert await quarter.house.record.read(answer.receipt) == [], wish.kind
        assert not await quarter.house.log.is_live(answer.receipt)


async def test_an_ended_window_licence_or_emergency_opens_nothing(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    await quarter.deposit("county-2", "XA000001", observation(6.1))
    await quarter.treat("county-2/doctor", her)
    doctor, house = quarter.staff["county-2/doctor"], quarter.house
    assert isinstance(await house.gate.open(doctor, Purpose.TREAT, resident=her), Release)
    unlicensed = replace(doctor, licensed=False)
    assert isinstance(await house.gate.open(unlicensed, Purpose.TREAT, resident=her), Refusal)
    await house.watch.emergencies.declare(doctor, her, "unconscious", WORDS, quarter.now)
    assert isinstance(await house.gate.open(doctor, Purpose.ETREAT, resident=her), Release)
    await house.watch.emergencies.end(doctor, her, quarter.now)
    assert isinstance(await house.gate.open(doctor, Purpose.ETREAT, resident=her), Refusal)
    quarter.clock.forward(hours=5)
    assert isinstance(await house.gate.open(doctor, Purpose.TREAT, resident=her), Refusal)
    assert (await house.gate.fetch(doctor, her, Query())).total == 0


async def test_what_she_hid_stays_hidden_in_its_next_version(quarter: Quarter) -> None:
    """The hospital that wrote an entry replaces it: another hospital still sees nothing of it."""
    her = await quarter.resident("XA000001")
    await quarter.deposit("city-1", "XA000001", observation(6.1))
    await quarter.treat("county-2/doctor", her)
    doctor = quarter.staff["county-2/doctor"]
    [written] = (await quarter.house.gate.fetch(doctor, her, Query(type="Observation"))).bodies
    await quarter.house.privacy.decide(herself(her.id), Wish(Kind.ENTRY, "hide", about=str(written.id)))
    headers = await quarter.bearer("city-1/machine")
    again = (await quarter.http.get(f"/fhir/Observation/{written.id}", headers=headers)).json()
    again.pop("meta")
    replaced = await quarter.http.put(f"/fhir/Observation/{written.id}", headers=headers, json=again)
    assert replaced.status_code == 200
    assert replaced.json()["meta"]["versionId"] == "2"
    assert (await quarter.house.gate.fetch(doctor, her, Query(type="Observation"))).total == 0
