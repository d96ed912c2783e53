"""A town of its own that is sent junk, loses its database in mid-request, and comes back whole."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from starlette.routing import Route

import carecode.web.site
from tests.day.people import words_of
from tests.day.town import Town, free_port, run, settle

AREAS = ("@resident", "@desk", "@doctor", "@cashier")
OBSERVATIONS = 20
BEFORE_SECONDS, AFTER_SECONDS = 1.0, 1.5
ANSWERED_SECONDS_MAX = 15.0
NOISE = (b"", b"\x00", b"\xff\xfe\x80", b"%00=%ff&code=%00", b"{", b"[[[[", b"a" * 70_000, "码=码&number=码".encode())
TYPES = ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x", "text/plain", "")
NAMES = (
    *("code", "number", "kind", "name", "latin", "born", "sex", "phone", "patient", "service", "choice", "bill"),
    *("tendered", "key", "item", "algorithm", "public_key", "label", "device"),
)
VALUES = ("", "\x00", "\ud7ff\uffff", "-1", "9" * 40, "NaN", "' OR 1=1 --", "%s", "0" * 32, "\u202e", "x" * 3000)


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A second town, to be hurt."""
    settled = settle(tmp_path_factory.mktemp("victim") / "data", residents=5)
    yield settled
    if settled.process.poll() is None:
        settled.stop()


def token_of(town: Town, *arguments: str) -> str:
    """Have the command line print a bearer token."""
    return run("token", *arguments, "--data", str(town.data)).out.split()[-1]


# Refusals at the start


def test_a_taken_port_ends_at_once_in_words(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port), "--data", str(tmp_path / "data"))
    sentence = f"Port {port} is in use. Stop the other program, or choose another with --port."
    assert (done.code, done.out, done.err) == (1, "", f"carecode: {sentence}\n")
    assert not (tmp_path / "data").exists()


def test_a_second_demo_on_the_same_data_ends_at_once_in_words(victim: Town) -> None:
    done = run("demo", "--no-open", "--port", str(free_port()), "--data", str(victim.data), "--json")
    assert done.code == 1
    told = json.loads(done.out)["error"]
    assert (told["kind"], told["code"]) == ("conflict", "data-in-use")
    assert told["message"].startswith("Another CareCode is running on this data folder.")
    assert httpx.get(f"{victim.base}/health").status_code == 200  # the first one did not notice


# Junk


def posts() -> list[str]:
    """List every page address that takes a POST, its parameters filled in."""
    found = carecode.web.site.routes(cast("Any", None))  # the map asks no door
    paths = [one.path for one in found if isinstance(one, Route) and "POST" in (one.methods or ())]
    assert len(paths) > 12
    return [path.replace("{organisation}", "county-2") for path in paths]


@pytest.mark.parametrize("path", posts())
def test_junk_to_a_page_is_answered_in_words(victim: Town, path: str) -> None:
    with httpx.Client(base_url=victim.base, timeout=30) as http:
        answers = [http.post(path, content=noise) for noise in NOISE]  # nobody signed in
        assert {answer.status_code for answer in answers} <= {200, 303, 400, 403, 503}
        for handle in AREAS:
            http.get(victim.links[handle])
        for kind in TYPES:
            answers += [http.post(path, content=noise, headers={"Content-Type": kind}) for noise in NOISE]
        for value in VALUES:
            answers.append(http.post(path, data=dict.fromkeys(NAMES, value)))
            answers.append(http.post(path, json=dict.fromkeys(NAMES, value)))
            answers.append(http.post(path, files={"code": value.encode()}))
        if path.endswith("sign-out"):
            assert http.get(path.removesuffix("/sign-out")).status_code == 403
    for answer in answers:
        assert answer.status_code in {200, 303, 400, 403, 404, 409, 503}, answer.request.content[:100]
        if answer.status_code >= 400:
            assert "Something went wrong" not in answer.text
            assert len(words_of(answer.text)) > 20


FHIR_POSTS = ("", "/Patient", "/Observation", "/Observation/_search", "/Nothing", "/metadata")
FHIR_NOISE = (
    *NOISE,
    b'{"resourceType":"Bundle"}',
    b'{"resourceType":"Bundle","type":"transaction","entry":[{}]}',
    b'{"resourceType":"Bundle","type":"transaction","entry":{"a":1}}',
    b'{"resourceType":"Patient","identifier":[{"system":"urn:x","value":"\\u0000"}]}',
    b'{"resourceType":"Patient","name":[{"text":"\\ud800"}]}',
    b'{"resourceType":"Observation","subject":{"reference":"Patient/../../etc"}}',
    b'{"resourceType":"Observation","resourceType":"Patient"}',
    b'{"resourceType":"Patient","birthDate":"9999999-99-99"}',
    b"[" * 100_000,
)  # fmt: skip


@pytest.mark.parametrize("path", FHIR_POSTS)
def test_junk_to_the_api_is_answered_by_an_outcome(victim: Town, junk_token: str, path: str) -> None:
    with httpx.Client(base_url=victim.base, timeout=30, headers={"Authorization": f"Bearer {junk_token}"}) as http:
        for kind in ("application/fhir+json", "application/x-www-form-urlencoded", "text/plain"):
            for noise in FHIR_NOISE:
                answer = http.post(f"/fhir{path}", content=noise, headers={"Content-Type": kind})
                assert answer.status_code < 500, noise[:100]
                if answer.status_code >= 400:
                    [issue] = answer.json()["issue"]
                    assert issue["diagnostics"].endswith((".", "…"))


@pytest.fixture(scope="module")
def junk_token(victim: Town) -> str:
    return token_of(victim, "--as", "system", "--org", "county-2")


def test_junk_left_no_trace_in_the_servers_words(victim: Town) -> None:
    assert "Traceback" not in victim.complaints


# The database gone


@dataclass(frozen=True, slots=True)
class Sent:
    """One request during the outage and its answer."""

    number: str
    status: int
    body: str


def bundle(number: str) -> dict[str, Any]:
    """One patient with OBSERVATIONS observations."""
    patient = {"resourceType": "Patient", "identifier": [{"system": "urn:test:outage", "value": number}]}
    observation = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "urn:test", "code": "outage"}]},
        "subject": {"reference": "urn:uuid:her"},
    }
    found: list[tuple[str, dict[str, Any]]] = [("urn:uuid:her", patient)]
    found += [(f"urn:uuid:{place}", observation) for place in range(OBSERVATIONS)]
    entries = [
        {"fullUrl": url, "resource": one, "request": {"method": "POST", "url": one["resourceType"]}}
        for url, one in found
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


async def work(town: Town, token: str, until: float, sent: list[Sent], pages: list[httpx.Response]) -> None:
    """Send bundles and open pages, from several clients at once, until the clock says so."""
    fhir = httpx.AsyncClient(base_url=town.base, headers={"Authorization": f"Bearer {token}"}, timeout=30)
    signed_in = httpx.AsyncClient(base_url=town.base, timeout=30, follow_redirects=True)

    async def deposit(worker: int) -> None:
        count = 0
        while time.monotonic() < until:
            number, count = f"{worker}-{count}", count + 1
            answer = await fhir.post("/fhir", json=bundle(number))
            sent.append(Sent(number, answer.status_code, answer.text))
            await asyncio.sleep(0 if answer.status_code == 200 else 0.1)

    async def look(address: str) -> None:
        while time.monotonic() < until:
            pages.append(await signed_in.get(address))
            await asyncio.sleep(0.02)

    async def read(address: str) -> None:
        while time.monotonic() < until:
            answer = await fhir.get(address)
            sent.append(Sent("", answer.status_code, answer.text))
            await asyncio.sleep(0.02)

    async with fhir, signed_in:
        for handle in ("@resident", "@desk"):
            await signed_in.get(town.links[handle])
        reads = ("/fhir/Patient?identifier=urn:test:outage|0-0", "/fhir/Organization?identifier=urn:test|none")
        await asyncio.gather(
            *(deposit(worker) for worker in range(4)),
            *(look(address) for address in ("/", "/my/record", "/desk", "/health")),
            *(read(address) for address in reads),
        )


async def test_the_database_gone_in_mid_request_leaves_nothing_half_written(victim: Town) -> None:
    arguments = ("--as", "system", "--org", "east-clinic")
    token = await asyncio.to_thread(token_of, victim, *arguments)
    sent: list[Sent] = []
    pages: list[httpx.Response] = []
    asyncio.get_running_loop().call_later(BEFORE_SECONDS, victim.kill_postgres)
    await asyncio.wait_for(
        work(victim, token, time.monotonic() + BEFORE_SECONDS + AFTER_SECONDS, sent, pages), ANSWERED_SECONDS_MAX
    )
    assert {one.status for one in sent} == {200, 503}
    stored, lost = ([one for one in sent if one.number and one.status == status] for status in (200, 503))
    assert stored
    assert lost
    for one in (one for one in sent if one.status == 503):
        outcome = json.loads(one.body)
        assert outcome["resourceType"] == "OperationOutcome"
        assert (
            outcome["issue"][0]["diagnostics"]
            == "The database does not answer now. Try again; if you sent something, look first whether it is there."
        )
    odd = [(page.url.path, words_of(page.text)[:300]) for page in pages if page.status_code not in {200, 503}]
    assert odd == []
    assert {page.status_code for page in pages} == {200, 503}
    for page in pages:
        if page.status_code == 503 and page.url.path != "/health":
            assert (
                "The database does not answer now. Try again; if you sent something, look first whether it is there."
                in words_of(page.text)
            )

    # The server brings its PostgreSQL back by itself; nobody has to restart it.
    deadline = time.monotonic() + ANSWERED_SECONDS_MAX
    beside = await asyncio.to_thread(run, "who-looked", "@resident", "--json", "--data", str(victim.data))
    while beside.code != 0 and time.monotonic() < deadline:
        assert json.loads(beside.out)["error"]["kind"] == "unavailable"
        await asyncio.sleep(0.5)
        beside = await asyncio.to_thread(run, "who-looked", "@resident", "--json", "--data", str(victim.data))
    assert json.loads(beside.out)["first_broken_entry"] is None
    async with httpx.AsyncClient(base_url=victim.base) as client:
        assert (await client.get("/health")).status_code == 200
    assert victim.stop() == 0
    assert "Traceback" not in victim.complaints

    again = settle(victim.data, residents=5)
    try:
        await whole(again, await asyncio.to_thread(token_of, again, *arguments), stored, lost)
    finally:
        code = again.stop()
    assert code == 0
    assert again.postgres_is_gone()


async def whole(town: Town, token: str, stored: list[Sent], lost: list[Sent]) -> None:
    """Ask the town that came back: what it acknowledged is all there, the rest whole or not at all."""
    async with httpx.AsyncClient(base_url=town.base, headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:

        async def held(number: str) -> int:
            answer = await http.get("/fhir/Patient", params={"identifier": f"urn:test:outage|{number}"})
            entries = answer.raise_for_status().json().get("entry", [])
            if not entries:
                return 0
            one = entries[0]["resource"]["id"]
            found = await http.get("/fhir/Observation", params={"patient": one, "_count": 1})
            total: int = found.raise_for_status().json()["total"]
            return total

        assert {await held(one.number) for one in stored} == {OBSERVATIONS}
        before = {one.number: await held(one.number) for one in lost}
        assert set(before.values()) <= {0, OBSERVATIONS}
        retried = next(number for number, count in before.items() if count == 0)
        (await http.post("/fhir", json=bundle(retried))).raise_for_status()
        assert await held(retried) == OBSERVATIONS
    looked = await asyncio.to_thread(run, "who-looked", "@resident", "--json", "--data", str(town.data))
    assert json.loads(looked.out)["first_broken_entry"] is None
