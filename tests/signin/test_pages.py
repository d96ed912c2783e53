"""Pages of signing in over HTTP: where they lead, what they refuse, and that a refusal tells nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.disclosure.passkeys import Owner
from carecode.kernel.vocabulary import Resident
from carecode.web.sessions import AREAS, STAFF_AREAS, local_path
from tests.signin.authenticator import ORIGIN, SoftKey, b64
from tests.signin.conftest import Town

ELSEWHERE = (
    "https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "\\\\elsewhere.example",
    "/clinic//elsewhere.example", "/clinic/../desk", "/clinic/%0d%0aSet-Cookie:x=1\r\n", "javascript:alert(1)",
    "/clinic@elsewhere.example", "/clinicelsewhere", "/my", "clinic", "", "/clinic/" + "x" * 400, "/clinic/\u00e9",
    "http:/clinic", "/clinic/ x", "/clinic/#x",
)  # fmt: skip


@pytest.mark.parametrize("given_", ELSEWHERE)
def test_nowhere_else_is_gone_to(given_: str) -> None:
    assert local_path(given_, "clinic") == "/clinic"


@pytest.mark.parametrize("given_", ["/clinic", "/clinic/emergency", "/clinic/a-b_c.d/1?of=1&x=%20", "/clinic?lang=zh"])
def test_an_address_of_the_area_is_kept(given_: str) -> None:
    assert local_path(given_, "clinic") == given_


@given(st.text(max_size=60), st.sampled_from(AREAS))
def test_whatever_is_given_stays_in_its_area_and_on_this_server(given_: str, area: str) -> None:
    for text in (given_, f"/{area}{given_}", f"/{area}/{given_}"):
        path = local_path(text, area)
        assert path == f"/{area}" or path.startswith((f"/{area}/", f"/{area}?"))
        assert "//" not in path
        assert "\\" not in path
        assert path.isascii()
        assert path.isprintable()


async def test_a_confirmed_page_leads_back_to_its_own_area_only(town: Town) -> None:
    await town.app.people.mark_demo()
    token = await town.app.sessions.sign_in(town.now, staff="doctor")
    for then in ELSEWHERE:
        answer = await town.submit("/clinic/confirm/word", "clinic", token, word="demo", next=then)
        assert answer.headers["location"] == "/clinic"
    answer = await town.submit("/clinic/confirm/word", "clinic", token, word="demo", next="/clinic/switch")
    assert answer.headers["location"] == "/clinic/switch"
    page = await town.get("/clinic/confirm?next=https://elsewhere.example", "clinic", token)
    assert 'data-next="/clinic"' in page.text
    assert 'name="next" value="/clinic"' in page.text


async def test_an_officer_proves_it_before_she_invites(town: Town) -> None:
    key = await town.employ("officer")
    token = (await town.enter(key)).token
    assert "signin/invite#" in (await town.submit("/officer/staff", "officer", token, staff="nurse")).text
    town.clock.move(minutes=3)
    asked = await town.submit("/officer/staff", "officer", token, staff="nurse")
    assert asked.headers["location"] == "/officer/confirm?next=/officer/staff"
    options = (await town.post("/officer/confirm/ask", "officer", token)).json()
    done = await town.post("/officer/confirm", "officer", token, credential=key.get(options), next="/officer/staff")
    assert done.json() == {"go": "/officer/staff"}
    assert (await town.submit("/officer/staff", "officer", token, staff="doctor-city")).status_code == 404
    assert (await town.submit("/officer/staff", "officer", token, staff="nurse")).status_code == 200


async def test_the_pages_of_a_passkey(town: Town) -> None:
    token = await town.app.sign_in.staffing.invite("doctor", "test", town.now)
    looked = (await town.post("/signin/invite/look", invitation=token)).json()
    assert looked == {"name": "Dr Zhao Wei", "place": "county-2 hospital", "organisation": ""}
    key = SoftKey()
    options = (await town.post("/signin/invite/ask", invitation=token)).json()
    made = await town.post("/signin/invite", credential=key.create(options))
    assert made.json() == {"go": "/clinic"}
    cookie = made.headers["set-cookie"]
    assert cookie.startswith("carecode_clinic=")
    assert "HttpOnly" in cookie
    options = (await town.post("/signin/passkey/ask")).json()
    entered = await town.post("/signin/passkey", credential=key.get(options), wanted="clinic")
    assert entered.json() == {"go": "/clinic"}
    session = next(x for x in entered.headers.get_list("set-cookie") if x.startswith("carecode_clinic="))
    held = session.partition("=")[2].partition(";")[0]
    town.http.cookies.clear()
    assert (await town.get("/clinic", "clinic", held)).status_code == 200
    locked = await town.submit("/clinic/lock", "clinic", held)
    assert locked.headers["location"] == "/clinic/lock"
    assert "This screen is locked" in (await town.get("/clinic/lock", "clinic", held)).text
    for path in ("/clinic/confirm", "/clinic/switch", "/clinic"):
        assert (await town.get(path, "clinic", held)).status_code in {303, 403}
    assert (await town.post("/clinic/awake", "clinic", held)).status_code == 403
    options = (await town.post("/clinic/unlock/ask", "clinic", held)).json()
    assert (await town.post("/clinic/unlock", "clinic", held, credential=key.get(options))).json() == {"go": "/clinic"}
    assert (await town.post("/clinic/awake", "clinic", held)).status_code == 200


async def test_every_refused_passkey_gets_the_same_answer(town: Town) -> None:
    key, left = await town.employ("doctor"), await town.employ("nurse")
    await town.app.sign_in.staffing.remove("nurse")
    copied = SoftKey(number=key.number, handle=key.handle)
    answers = set()
    for shown in (SoftKey(handle=b64(bytes(32))), left, copied):
        options = (await town.post("/signin/passkey/ask")).json()
        assert options["allowCredentials"] == []
        answer = await town.post("/signin/passkey", credential=shown.get(options))
        answers.add((answer.status_code, answer.text, "set-cookie" in answer.headers))
    assert len(answers) == 1
    assert next(iter(answers))[0] == 403


@pytest.mark.parametrize("path", ["/signin/passkey", "/signin/invite/look", "/signin/invite", "/signin/provider"])
@pytest.mark.parametrize(
    "sent", [b"", b"[]", b"{", b'"x"', b"\xff", b"[" * 20_000, b'{"credential": 5}', b" " * 30_000]
)
async def test_anything_else_is_answered_in_words(town: Town, path: str, sent: bytes) -> None:
    answer = await town.http.post(path, content=sent, headers={"accept": "application/json", "origin": ORIGIN})
    assert answer.status_code in {400, 403, 404}
    assert answer.json()["message"]
    chinese = await town.http.post(
        path, content=sent, headers={"accept": "application/json", "origin": ORIGIN, "accept-language": "zh"}
    )
    assert not chinese.json()["message"].isascii()


async def test_another_sites_page_changes_nothing(town: Town, her: Resident) -> None:
    token = await town.app.sessions.sign_in(town.now, staff="doctor")
    hers = await town.app.sessions.sign_in(town.now, resident=her.id)
    for path, area, held in (
        ("/clinic/lock", "clinic", token), ("/clinic/switch", "clinic", token),
        ("/signin/passkey/ask", "clinic", token),
        ("/my/devices/others", "my", hers), ("/my/devices/cancel", "my", hers),
    ):  # fmt: skip
        headers = {"cookie": f"carecode_{area}={held}", "sec-fetch-site": "cross-site", "origin": "https://x.example"}
        answer = await town.http.post(path, data={}, headers=headers)
        assert (answer.status_code, "Another site sent this." in answer.text) == (403, True)


async def test_a_session_of_another_area_locks_and_proves_nothing(town: Town) -> None:
    token = await town.app.sessions.sign_in(town.now, staff="doctor")
    for area in STAFF_AREAS:
        if area == "clinic":
            continue
        assert (await town.submit(f"/{area}/lock", area, token)).status_code == 403
        assert (await town.get(f"/{area}/lock", area, token)).headers["location"] == f"/signin?area={area}"
        assert (await town.get(f"/{area}/confirm", area, token)).status_code == 403
    assert await town.app.sessions.session(token, town.now) is not None


async def test_her_phones_and_passkeys_need_a_fresh_proof_to_be_cancelled(town: Town, her: Resident) -> None:
    app = town.app
    code = await app.sessions.enrolment_code(her.id, town.now)
    _, token = await app.sessions.redeem_enrolment(code, town.now)
    key = SoftKey()
    options = (await town.post("/my/devices/passkey/ask", "my", token)).json()
    made = await town.post("/my/devices/passkey", "my", token, credential=key.create(options))
    assert made.status_code == 200
    [passkey] = await app.sign_in.passkeys.of(Owner(resident=her.id))
    town.clock.move(minutes=6)
    asked = await town.submit("/my/devices/cancel", "my", token, kind="passkey", number=str(passkey.id))
    assert asked.headers["location"] == "/my/confirm?next=/my/devices"
    assert (await town.post("/my/devices/passkey/ask", "my", token)).json()["code"] == "prove-first"
    options = (await town.post("/my/confirm/ask", "my", token)).json()
    assert (await town.post("/my/confirm", "my", token, credential=key.get(options))).json() == {"go": "/my"}
    for number, expected in ((str(passkey.id), 303), (str(passkey.id), 404), ("x", 400), ("9" * 30, 400)):
        answer = await town.submit("/my/devices/cancel", "my", token, kind="passkey", number=number)
        assert answer.status_code == expected
    assert await app.sign_in.passkeys.of(Owner(resident=her.id)) == []
    for kind, number in (("phone", "1"), ("phone", "٣"), ("other", "1")):
        assert (await town.submit("/my/devices/cancel", "my", token, kind=kind, number=number)).status_code in {
            400,
            404,
        }


async def test_a_script_of_a_page_of_another_kind_is_not_let_past_the_fresh_proof(town: Town, her: Resident) -> None:
    """Whatever the request says it accepts: without a proof no passkey is begun."""
    token = await town.app.sessions.sign_in(town.now, resident=her.id)
    headers = {"cookie": f"carecode_my={token}", "origin": ORIGIN, "accept": "text/html"}
    answer = await town.http.post("/my/devices/passkey/ask", json={}, headers=headers)
    assert answer.headers["location"].startswith("/my/confirm")
