"""A hospital's own provider, as a real process: the whole way, and everything that must not pass."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from carecode.disclosure.openid import Provider
from carecode.kernel.errors import NotFoundError, RefusedError, UnavailableError
from tests.signin.authenticator import ORIGIN, SoftKey
from tests.signin.conftest import SITE, Town

ROOT = Path(__file__).parents[2]
BACK = f"{ORIGIN}/signin/provider/back"
SECRET = "a secret of sixty characters for the tests of the county"
CLIENTS = {"county": SECRET, "open-es": "", "open-ed": ""}


@dataclass(frozen=True)
class Running:
    """A provider that runs."""

    issuer: str

    def browser(self) -> httpx.AsyncClient:
        """Open a browser of somebody's own, that keeps this provider's cookies."""
        return httpx.AsyncClient(base_url=self.issuer, timeout=20)


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("needs node and the packages of package.json: run ./carecode test once")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    program = [node, str(Path(__file__).with_name("provider.mjs")), str(port), BACK]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"listening"
        yield Running(f"http://localhost:{port}")
        process.terminate()


async def at_the_provider(browser: httpx.AsyncClient, address: str, name: str) -> httpx.URL:
    """Sign in at the provider as a person would; return where it sends the browser back to."""
    answer = await browser.get(address)
    for _ in range(10):
        if answer.is_redirect:
            target = answer.headers["location"]
            if target.startswith(BACK):
                return httpx.URL(target)
            answer = await browser.get(target)
            continue
        assert answer.status_code == 200, answer.text
        action = re.search(r'action="([^"]+)"', answer.text)
        assert action is not None, answer.text
        answer = await browser.post(action[1], data={"prompt": "login", "login": name, "password": "x"})
    raise AssertionError("the provider did not send the browser back")


async def set_up(town: Town, running: Running, client: str = "county") -> None:
    await town.app.sign_in.providers.put(Provider("county-2", running.issuer, client, CLIENTS[client]))


async def leave(town: Town, running: Running, name: str, **asked: Any) -> tuple[dict[str, str], str]:  # noqa: ANN401
    """Go to the provider and come back: what the answer carries, and the browser's mark."""
    sent = await town.app.sign_in.providers.begin("county-2", BACK, town.now, **asked)
    async with running.browser() as browser:
        back = await at_the_provider(browser, sent.address, name)
    return dict(back.params), sent.mark


async def come_back(town: Town, answer: dict[str, str], mark: str) -> Any:  # noqa: ANN401
    return await town.app.sign_in.providers.come_back(
        answer["state"], mark, answer["code"], answer.get("iss"), BACK, town.now
    )


@pytest.mark.parametrize("client", CLIENTS)
async def test_who_took_an_invitation_through_the_provider_signs_in_through_it(
    town: Town, running: Running, client: str
) -> None:
    await set_up(town, running, client)
    invitation = await town.app.sign_in.staffing.invite("doctor", "test", town.now)
    bound = await come_back(town, *await leave(town, running, "zhao", invitation=invitation))
    assert bound.area == "clinic"
    entered = await come_back(town, *await leave(town, running, "zhao"))
    requester = await town.app.sessions.session(entered.token, town.now)
    assert requester is not None
    assert (requester.id, requester.organisation) == ("doctor", "county-2")
    assert not await town.app.sessions.reauthenticated(entered.token, town.now)  # the provider may have asked hours ago
    with pytest.raises(RefusedError) as stranger:
        await come_back(town, *await leave(town, running, "somebody"))
    assert stranger.value.code == "provider-refused"


async def test_the_pages_lead_there_and_back(town: Town, running: Running) -> None:
    await set_up(town, running)
    page = await town.get("/signin")
    assert "/signin/provider/county-2" in page.text
    invitation = await town.app.sign_in.staffing.invite("doctor", "test", town.now)
    away = await town.post("/signin/provider", organisation="county-2", invitation=invitation)
    assert "HttpOnly" in away.headers["set-cookie"]
    async with running.browser() as browser:
        back = await at_the_provider(browser, away.json()["go"], "zhao")
    answer = await town.http.get(back.raw_path.decode())  # the client kept the mark
    assert answer.headers["location"] == "/clinic"
    assert any(x.startswith("carecode_clinic=") for x in answer.headers.get_list("set-cookie"))
    town.http.cookies.clear()
    away = await town.get("/signin/provider/county-2")
    assert urlsplit(away.headers["location"]).netloc == urlsplit(running.issuer).netloc
    asked = parse_qs(urlsplit(away.headers["location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["scope"] == ["openid"]
    assert (await town.get("/signin/provider/city-1")).status_code == 404
    assert (await town.get("/signin/provider/back?error=access_denied&state=0")).status_code == 403


async def test_a_fresh_proof_through_the_provider(town: Town, running: Running) -> None:
    await set_up(town, running)
    invitation = await town.app.sign_in.staffing.invite("doctor", "test", town.now)
    await come_back(town, *await leave(town, running, "zhao", invitation=invitation))
    other = await town.app.sign_in.staffing.invite("nurse", "test", town.now)
    await come_back(town, *await leave(town, running, "sun", invitation=other))
    entered = await come_back(town, *await leave(town, running, "zhao"))
    held = await town.held(entered.token)
    with pytest.raises(RefusedError):
        await come_back(town, *await leave(town, running, "sun", held=held))
    assert not await town.app.sessions.reauthenticated(entered.token, town.now)
    assert await come_back(town, *await leave(town, running, "zhao", held=held)) == held.id
    assert await town.app.sessions.reauthenticated(entered.token, town.now)


async def test_the_pages_prove_anew_through_the_provider(town: Town, running: Running) -> None:
    await set_up(town, running)
    invitation = await town.app.sign_in.staffing.invite("doctor", "test", town.now)
    await come_back(town, *await leave(town, running, "zhao", invitation=invitation))
    token = (await come_back(town, *await leave(town, running, "zhao"))).token
    away = await town.get("/clinic/confirm/provider?next=/clinic/emergency", "clinic", token)
    assert "max_age=0" in away.headers["location"]
    async with running.browser() as browser:
        back = await at_the_provider(browser, away.headers["location"], "zhao")
    answer = await town.http.get(back.raw_path.decode())
    assert answer.headers["location"] == "/clinic/emergency"
    assert await town.app.sessions.reauthenticated(token, town.now)


async def test_an_answer_is_good_once_in_the_browser_that_left_and_unchanged(town: Town, running: Running) -> None:
    await set_up(town, running)
    invitation = await town.app.sign_in.staffing.invite("doctor", "test", town.now)
    await come_back(town, *await leave(town, running, "zhao", invitation=invitation))
    faults: tuple[dict[str, str], ...] = (
        {"state": "00" * 32}, {"state": "x"}, {"code": "x"}, {"code": ""}, {"iss": "http://localhost:1"}, {"iss": ""},
    )  # fmt: skip
    for fault in faults:
        answer, mark = await leave(town, running, "zhao")
        with pytest.raises(RefusedError):
            await come_back(town, answer | fault, mark)
    answer, mark = await leave(town, running, "zhao")
    del answer["iss"]  # this provider announces that it names itself
    with pytest.raises(RefusedError):
        await come_back(town, answer, mark)
    answer, mark = await leave(town, running, "zhao")
    _, others = await leave(town, running, "zhao")
    with pytest.raises(RefusedError):
        await come_back(town, answer, others)
    assert (await come_back(town, answer, mark)).area == "clinic"
    with pytest.raises(RefusedError):
        await come_back(town, answer, mark)
    late, mark = await leave(town, running, "zhao")
    town.clock.move(minutes=11)
    with pytest.raises(RefusedError):
        await come_back(town, late, mark)


async def test_a_subject_is_bound_once_and_to_its_own_institution(town: Town, running: Running) -> None:
    await set_up(town, running)
    staffing = town.app.sign_in.staffing
    city = await staffing.invite("doctor-city", "test", town.now)
    with pytest.raises(RefusedError):
        await town.app.sign_in.providers.begin("county-2", BACK, town.now, invitation=city)
    first = await staffing.invite("doctor", "test", town.now)
    await come_back(town, *await leave(town, running, "zhao", invitation=first))
    second = await staffing.invite("nurse", "test", town.now)
    with pytest.raises(RefusedError):
        await come_back(town, *await leave(town, running, "zhao", invitation=second))
    await staffing.remove("doctor")
    with pytest.raises(RefusedError):
        await come_back(town, *await leave(town, running, "zhao"))


async def test_a_provider_that_is_taken_away_signs_nobody_in(town: Town, running: Running) -> None:
    await set_up(town, running)
    invitation = await town.app.sign_in.staffing.invite("doctor", "test", town.now)
    await come_back(town, *await leave(town, running, "zhao", invitation=invitation))
    left = await leave(town, running, "zhao")
    await town.app.sign_in.providers.remove("county-2")
    with pytest.raises(NotFoundError):
        await come_back(town, *left)
    with pytest.raises(NotFoundError):
        await town.app.sign_in.providers.begin("county-2", BACK, town.now)


async def test_a_provider_that_is_away_or_another_is_said_in_words(town: Town, running: Running) -> None:
    for issuer in ("http://localhost:1", f"{running.issuer}/", "http://127.0.0.1:" + running.issuer.rpartition(":")[2]):
        await town.app.sign_in.providers.put(Provider("county-2", issuer, "county", SECRET))
        with pytest.raises(UnavailableError) as away:
            await town.app.sign_in.providers.begin("county-2", BACK, town.now)
        assert away.value.code == "provider-away"


async def test_the_client_secret_is_sealed(town: Town) -> None:
    await town.app.sign_in.providers.put(Provider("county-2", "https://id.example", "carecode", SECRET))
    assert (await town.app.sign_in.providers.of("county-2")).secret == SECRET
    [row] = await town.app.sign_in.providers._room.fetch("providers")
    assert SECRET.encode() not in row["secret"]


async def test_a_passkey_and_a_provider_of_the_same_person_stay_apart(town: Town, running: Running) -> None:
    """The invitation is the only way from one to the other: a provider cannot take over a passkey's account."""
    await set_up(town, running)
    key = await town.employ("doctor", SoftKey())
    invitation = await town.app.sign_in.staffing.invite("doctor", "test", town.now)
    await come_back(town, *await leave(town, running, "zhao", invitation=invitation))
    options = await town.app.sign_in.entrance.ask(SITE, town.now)
    with pytest.raises(RefusedError):
        await town.app.sign_in.entrance.enter(SITE, key.get(options), town.now)
