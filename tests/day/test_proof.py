"""Her own device checks "Who looked" against the public log, and says so when the server shows her anything else."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import copy
import json
import re
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, Route, async_playwright, expect

from carecode.app import App, asgi
from carecode.audit.logkey import log_key_of
from carecode.audit.proofs import Proofs
from carecode.audit.witness import Memory, Witness
from carecode.audit.witnesses import Address, Demand, Standing, Witnesses
from carecode.cli.witnessing import application
from carecode.crypto.keyring import KeyRing
from carecode.kernel.vocabulary import Purpose, Resident
from carecode.store.database import Database, Target
from tests.conftest import administer
from tests.day.conftest import CHROMIUM_ARGUMENTS
from tests.promises.quarter import Clock, Quarter, settle

pytestmark = pytest.mark.browser

WHOLE = "Nothing is missing from this list."
BROKEN = "This list does not fit together."
USUAL = 200  # entries of a usual list; the page shows no more
PROOF = "/my/who-looked/proof"
DAY = re.compile(r"\b[A-Z][a-z]+day,? \d{1,2} [A-Z][a-z]+ 20\d\d\b")
INVENTED = '<li class="look" data-entry="9 2026-11-01T00:00:00.000000Z">Somebody looked.</li>'
Change = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class House:
    """A served house with its log and a witness, and a resident who is signed in."""

    quarter: Quarter
    her: Resident
    base: str
    token: str

    async def look(self, times: int = 1) -> None:
        doctor = self.quarter.staff["county-2/doctor"]
        for _ in range(times):
            await self.quarter.house.log.append(self.her, doctor, "identify", Purpose.IDENTIFY, "document")
        await self.publish()

    async def publish(self) -> None:
        house = self.quarter.house
        while (batch := await house.sequencer.step()) is not None and batch.full:
            pass
        assert await house.witnesses.round(house.public_log, self.quarter.now) is Standing.COSIGNED


@contextlib.asynccontextmanager
async def serving(app: App) -> AsyncIterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(asgi(app), log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    yield f"http://localhost:{listening.getsockname()[1]}"
    server.should_exit = True
    await running


@contextlib.asynccontextmanager
async def living(database: Database, ring: KeyRing, folder: Path) -> AsyncIterator[House]:
    clock = Clock()
    memory = Memory(folder / "witness", "witness.example")
    watcher = Witness(memory, [await log_key_of(database, ring)], lambda: int(clock().timestamp()))
    demand = Demand((Address(watcher.key, "http://witness"),), 1, 60)
    app = App(database, ring, clock, demand=demand)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(application(watcher)))
    app.witnesses = Witnesses(demand, client)
    app.proofs = Proofs(app.log, app.public_log, app.witnesses, ring)
    async with serving(app) as base, httpx.AsyncClient(base_url=base) as http:
        quarter = await settle(Quarter(app, http, clock))
        her = await quarter.resident("P-1")
        yield House(quarter, her, base, await quarter.session(resident=her))
    await client.aclose()
    memory.close()


@pytest.fixture
async def house(database: Database, ring: KeyRing, tmp_path: Path) -> AsyncIterator[House]:
    async with living(database, ring, tmp_path) as house:
        yield house


@pytest.fixture(scope="module")
async def seven(module_target: Target, ring: KeyRing, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One house for all tests that only read it: seven looks, signed, a minute ago."""
    database = Database(module_target, ring.password)
    async with living(database, ring, tmp_path_factory.mktemp("seven")) as house:
        await house.look(7)
        house.quarter.clock.forward(minutes=1)
        yield house
    await database.close()


@pytest.fixture(scope="module")
async def chrome(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGUMENTS))
        yield launched
        await launched.close()


@contextlib.asynccontextmanager
async def carried(chrome: Browser, house: House) -> AsyncIterator[BrowserContext]:
    context = await chrome.new_context(base_url=house.base)
    await context.add_cookies([{"name": "carecode_my", "value": house.token, "domain": "localhost", "path": "/my"}])
    yield context
    await context.close()


@pytest.fixture
async def phone(chrome: Browser, house: House) -> AsyncIterator[BrowserContext]:
    async with carried(chrome, house) as context:
        yield context


@pytest.fixture
async def her_phone(chrome: Browser, seven: House) -> AsyncIterator[BrowserContext]:
    async with carried(chrome, seven) as context:
        yield context


async def looked(phone: BrowserContext, path: str = "/my/who-looked?lang=en") -> Page:
    """Open the page and wait until the device has had its say."""
    page = await phone.new_page()
    await page.goto(path)
    await expect(page.locator("#proof")).to_have_attribute("data-state", re.compile("."))
    return page


async def said(page: Page) -> str:
    return await page.locator("#proof [data-shown]").inner_text()


async def change_proof(phone: BrowserContext, change: Change) -> None:
    """Stand between server and device, and change what the device is given to check."""

    async def handle(route: Route) -> None:
        answer = await route.fetch()
        proof = await answer.json()
        change(proof)
        await route.fulfill(response=answer, json=proof)

    await phone.route(f"**{PROOF}", handle)


async def test_her_device_says_that_nothing_is_missing_and_how_it_knows(house: House, phone: BrowserContext) -> None:
    await house.look(7)
    page = await looked(phone)
    assert WHOLE in await said(page)
    assert "by this device itself" in await said(page)
    await page.get_by_text("How this was checked").click()
    told = {
        name: await page.locator(f"[data-told={name}]").inner_text()
        for name in ("entries", "wordless", "waiting", "size", "witnesses", "before")
    }
    assert told == {"entries": "7", "wordless": "0", "waiting": "0", "size": "7", "witnesses": "1", "before": "–"}
    await house.look(2)
    page = await looked(phone)
    assert WHOLE in await said(page)
    assert await page.locator("[data-told=before]").text_content() != "–"
    assert await page.locator("[data-told=entries]").text_content() == "9"


async def test_a_usual_list_is_checked_in_a_moment(house: House, phone: BrowserContext) -> None:
    await house.look(USUAL)
    times = []
    for _ in range(5):
        page = await looked(phone)
        assert WHOLE in await said(page)
        times.append(float((await page.locator("[data-told=time]").text_content() or "").split()[0]))
        await page.close()
    bundle = (await house.quarter.house.public_log.bundle(house.her)).json()
    middle = sorted(times)[2]
    print(f"\n{USUAL} entries checked in {middle:.1f} ms (of five: {times}), bundle {len(bundle)} B")  # noqa: T201
    assert len(bundle) <= 4096


async def test_a_browser_that_cannot_check_signatures_itself_gets_a_module_that_can(
    house: House, phone: BrowserContext
) -> None:
    await house.look(3)
    await phone.add_init_script(
        "const real = crypto.subtle.importKey.bind(crypto.subtle);"
        "crypto.subtle.importKey = async (format, key, how, ...rest) => {"
        "  if (how.name === 'Ed25519') throw new DOMException('old browser', 'NotSupportedError');"
        "  return real(format, key, how, ...rest); };"
    )
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    page = await looked(phone)
    assert "by this device itself" in await said(page)
    assert any("built/ed25519.js" in url for url in asked)
    await change_proof(phone, lambda proof: forge(proof, 0))
    assert BROKEN in await said(await looked(phone))


def forge(proof: dict[str, Any], line: int) -> None:
    """Change one bit of one signature of the checkpoint."""
    text, _, signatures = proof["checkpoint"].rpartition("\n\n")
    lines = signatures.rstrip("\n").split("\n")
    dash, name, data = lines[line].split(" ")
    raw = bytearray(base64.b64decode(data))
    raw[-1] ^= 1
    lines[line] = f"{dash} {name} {base64.b64encode(raw).decode()}"
    proof["checkpoint"] = text + "\n\n" + "\n".join(lines) + "\n"


def without_witness(proof: dict[str, Any]) -> None:
    head, _, _ = proof["checkpoint"].rpartition("\u2014 witness")
    proof["checkpoint"] = head


def edit(place: int, name: str, value: object) -> Change:
    return lambda proof: proof["entries"][place].update({name: value})


def run_together(proof: dict[str, Any]) -> None:
    """Say the same lines under other names: two fields in one, the other left out."""
    entry = proof["entries"][3]
    entry.update(requester_name=f"{entry['requester_name']}\n{entry['requester_title']}", requester_title=None)


def move_head(proof: dict[str, Any]) -> None:
    """Show six of seven: the oldest trick, with a head that fits."""
    proof["entries"].pop(0)
    proof["lists"][0]["head"]["seq"] = 6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (edit(3, "requester_name", "Nobody"), "not as it was logged"),
        (edit(3, "purpose", "TREAT"), "not as it was logged"),
        (edit(3, "categories", "4"), "not as it was logged"),
        (edit(3, "opens", 1), "not as it was logged"),
        (edit(3, "receipt", "00000000-0000-4000-8000-000000000000"), "not as it was logged"),
        (run_together, "not as it was logged"),
        (lambda proof: proof["entries"].pop(3), "are missing after"),
        (lambda proof: proof["entries"].pop(0), "are missing after"),
        (lambda proof: proof["entries"].pop(), "are missing after"),
        (lambda proof: proof["entries"].clear(), "and none is here"),
        (move_head, "not the one in the public log"),
        (lambda proof: proof["lists"][0]["head"].update(label=base64.b64encode(bytes(32)).decode()), "not the one in"),
        (lambda proof: forge(proof, 0), "not signed by its key"),
        (lambda proof: forge(proof, 1), "Too few witnesses"),
        (without_witness, "Too few witnesses"),
        (lambda proof: proof.update(witnesses=[]), "Too few witnesses"),
        (lambda proof: proof.update(checkpoint=proof["checkpoint"].replace("\n7\n", "\n8\n")), "not signed by its key"),
    ],
)
async def test_a_list_that_was_changed_for_her_is_told(her_phone: BrowserContext, change: Change, words: str) -> None:
    await change_proof(her_phone, change)
    page = await looked(her_phone)
    told = await said(page)
    assert BROKEN in told
    assert words in told
    assert WHOLE not in told
    dated = DAY.search(told) is not None
    assert dated == (words in {"not as it was logged", "are missing after"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Doctor of County", "Nurse of County"),
        ('<li class="look" data-entry="4 ', '<li class="look" data-entry="9 '),
        ('<li class="look" data-entry="4 ', f'{INVENTED}<li class="look" data-entry="4 '),
    ],
)
async def test_a_line_on_the_page_that_is_not_in_the_log_is_told(her_phone: BrowserContext, old: str, new: str) -> None:

    async def handle(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=(await answer.text()).replace(old, new, 1))

    await her_phone.route("**/my/who-looked?lang=en", handle)
    assert "A line on this page is not what was logged" in await said(await looked(her_phone))


async def test_a_line_that_the_page_leaves_out_is_told(her_phone: BrowserContext) -> None:
    async def handle(route: Route) -> None:
        answer = await route.fetch()
        body = re.sub(r'<li class="look" data-entry="4 .*?</li>', "", await answer.text(), flags=re.DOTALL)
        await route.fulfill(response=answer, body=body)

    await her_phone.route("**/my/who-looked?lang=en", handle)
    assert "A line on this page is not what was logged" in await said(await looked(her_phone))


async def test_an_older_log_than_she_saw_is_told(house: House, phone: BrowserContext) -> None:
    await house.look(5)
    kept: list[Any] = []
    await change_proof(phone, lambda proof: kept.append(copy.deepcopy(proof)))
    await looked(phone)
    await house.look(2)
    await looked(phone)
    await phone.unroute(f"**{PROOF}")

    async def handle(route: Route) -> None:
        await route.fulfill(json=kept[0])

    await phone.route(f"**{PROOF}", handle)
    assert "older than the one this device saw before" in await said(await looked(phone))


async def test_a_list_that_the_operator_rewrote_in_the_database_is_told(
    house: House, phone: BrowserContext, target: Target
) -> None:
    """The whole attack: the newest entry and the chain's end are taken back, so that the server finds no fault."""
    await house.look(5)
    assert WHOLE in await said(await looked(phone))
    await administer(  # there is nobody else in this database
        target,
        "DELETE FROM audit.entry WHERE seq = 5",
        "UPDATE audit.head h SET seq = 4, hash = e.hash FROM audit.entry e "
        "WHERE e.resident_id = h.resident_id AND e.seq = 4",
    )
    assert await house.quarter.house.log.first_broken(house.her) is None
    assert "Entries are missing after" in await said(await looked(phone))


async def test_another_log_than_she_saw_is_told(house: House, phone: BrowserContext) -> None:
    await house.look(5)
    page = await looked(phone)
    for change, words in (
        ({"root": base64.b64encode(bytes(32)).decode()}, "not the one this device saw before"),
        ({"size": 3}, "not the one this device saw before"),  # what it was at three leaves is not this root
        ({"log": "carecode.local/log+00000000+AQ=="}, "another key than before"),
        ({"size": 9}, "older than the one this device saw before"),
    ):
        await page.evaluate(
            """change => { for (const [name, value] of Object.entries(localStorage))
                localStorage.setItem(name, JSON.stringify({...JSON.parse(value), ...change})); }""",
            change,
        )
        assert words in await said(await looked(phone))
        await page.evaluate("localStorage.clear()")
        await looked(phone)
    await page.evaluate(
        """() => { for (const [name, value] of Object.entries(localStorage)) { const kept = JSON.parse(value);
            for (const list of Object.values(kept.lists)) list.seq = 9;
            localStorage.setItem(name, JSON.stringify(kept)); } }"""
    )
    assert "longer when this device last saw it" in await said(await looked(phone))


async def test_an_entry_kept_from_the_log_for_too_long_is_told(house: House, phone: BrowserContext) -> None:
    await house.look(2)
    doctor = house.quarter.staff["county-2/doctor"]
    await house.quarter.house.log.append(house.her, doctor, "identify", Purpose.IDENTIFY, "document")
    page = await looked(phone)
    assert WHOLE in await said(page)
    assert await page.locator("[data-told=waiting]").text_content() == "1"
    await phone.clock.install(time=house.quarter.now)
    await phone.clock.fast_forward("11:00")
    assert "waiting for the public log for too long" in await said(await looked(phone))


async def test_a_log_that_does_not_answer_is_no_proof(house: House, phone: BrowserContext) -> None:
    await house.look(2)
    await phone.route(f"**{PROOF}", lambda route: route.fulfill(status=503, json={"message": "later"}))
    told = await said(await looked(phone))
    assert "could not check the list itself" in told
    assert WHOLE not in told


async def test_what_is_given_to_the_device_names_no_number_of_hers(house: House) -> None:
    await house.look(3)
    answer = await house.quarter.page(PROOF, house.token)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    for number in (house.her.id, *house.her.keys):
        assert str(number) not in answer.text
    assert (await house.quarter.http.get(PROOF)).status_code == 403
    assert cast("dict[str, Any]", json.loads(answer.text))["quorum"] == 1
