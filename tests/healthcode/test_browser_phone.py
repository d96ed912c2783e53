"""The browser's maker of codes, in a real browser, against the verifier."""

from __future__ import annotations

import functools
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser, Error, Page, async_playwright

from carecode.healthcode import base45
from carecode.healthcode.checks import ACCEPTS, Device
from carecode.healthcode.format import SLOT_SECONDS, parse
from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import Bearer, CodePurpose
from tests.healthcode.codes import CHECKS, DESK, NOW

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MODULES = Path(__file__).parents[2] / "src" / "carecode" / "web" / "static" / "js"
NOW_MS = int(NOW.timestamp() * 1000)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]


class Quiet(SimpleHTTPRequestHandler):
    extensions_map = {".js": "text/javascript", "": "text/html"}  # noqa: RUF012 - the form of the standard library

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the standard library
        """Say nothing."""


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "page").write_text("<!doctype html><title>phone</title>")
    shutil.copy(MODULES / "healthcode.js", folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        await launched.close()


@pytest.fixture
async def page(browser: Browser, origin: str) -> AsyncIterator[Page]:
    context = await browser.new_context()  # a phone of its own
    opened = await context.new_page()
    await opened.goto(f"{origin}/page")
    yield opened
    await context.close()


async def call(page: Page, name: str, *arguments: object) -> Any:  # noqa: ANN401 - whatever the module returns
    """Call an exported function of the module; a CodeError comes back as its code."""
    return await page.evaluate(
        """async ([name, given]) => {
            const phone = await import("/healthcode.js");
            try { return await phone[name](...given); } catch (error) { return {code: error.code ?? String(error)}; }
        }""",
        [name, list(arguments)],
    )


def issued(count: int, start: int = 0) -> list[tuple[str, str]]:
    return [(h.hex(), s.hex()) for h, s in (CHECKS.handles.issue(1, n) for n in range(start, start + count))]


async def enrolled(page: Page, *algorithms: str, handles: int = 8) -> Device:
    """Make the phone's key and give it handles; return its row on the server."""
    made = await call(page, "createDevice", *([list(algorithms)] if algorithms else []))
    public = bytes.fromhex(made["publicKey"])
    assert ACCEPTS[made["algorithm"]](public)
    state = await call(page, "storeBatch", issued(handles), {"device": 1})
    assert (state["state"], state["left"], state["device"]) == ("ready", handles, 1)
    return Device(1, Bearer(UUID(int=1)), made["algorithm"], public, revoked=False)


def verify(text: str, purpose: CodePurpose, device: Device, now: datetime = NOW) -> None:
    CHECKS.check(CHECKS.recognise(text, purpose, now, DESK), device)


@pytest.mark.parametrize(("wanted", "number"), [((), 1), (("Ed25519",), 1), (("P-256",), 2)])
async def test_its_codes_are_accepted_for_every_purpose(page: Page, wanted: tuple[str, ...], number: int) -> None:
    device = await enrolled(page, *wanted)
    assert device.algorithm == number
    handles = set()
    for purpose in CodePurpose:
        shown = await call(page, "show", purpose.name, DESK, NOW_MS)
        verify(shown["text"], purpose, device)
        assert (shown["endsAtMs"] - NOW_MS, shown["fresh"], shown["reused"]) == (SLOT_SECONDS * 1000, True, False)
        handles.add(parse(shown["text"]).handle)
    assert len(handles) == len(CodePurpose)
    assert (await call(page, "deviceState"))["left"] == 8 - len(CodePurpose)


async def test_a_browser_without_ed25519_falls_back(page: Page) -> None:
    await page.evaluate(
        """() => {
            const made = crypto.subtle.generateKey.bind(crypto.subtle);
            crypto.subtle.generateKey = (algorithm, ...rest) => algorithm.name === "Ed25519"
                ? Promise.reject(new DOMException("no", "NotSupportedError")) : made(algorithm, ...rest);
        }"""
    )
    device = await enrolled(page)
    assert device.algorithm == 2
    verify((await call(page, "show", "IDENTIFY", None, NOW_MS))["text"], CodePurpose.IDENTIFY, device)


async def test_one_screen_keeps_its_handle_and_renews_its_slot(page: Page) -> None:
    device = await enrolled(page)
    first = await call(page, "show", "REGISTER", None, NOW_MS)
    again = await call(page, "show", "REGISTER", None, NOW_MS + 29_000)
    next_slot = await call(page, "show", "REGISTER", None, NOW_MS + 30_000)
    assert parse(first["text"]).slot == parse(again["text"]).slot == parse(next_slot["text"]).slot - 1
    assert {parse(s["text"]).handle for s in (first, again, next_slot)} == {parse(first["text"]).handle}
    verify(next_slot["text"], CodePurpose.REGISTER, device, NOW + timedelta(seconds=30))
    refreshed = await call(page, "show", "REGISTER", None, NOW_MS + 31_000, {"fresh": True})
    after_ten_minutes = await call(page, "show", "REGISTER", None, NOW_MS + 631_000)
    clock_set_back = await call(page, "show", "REGISTER", None, NOW_MS)
    handles = [parse(s["text"]).handle for s in (first, refreshed, after_ten_minutes, clock_set_back)]
    assert len(set(handles)) == 4


async def test_a_shown_handle_stays_shown_after_a_reload_and_in_another_tab(page: Page, origin: str) -> None:
    device = await enrolled(page, handles=6)
    seen = [(await call(page, "show", "IDENTIFY", None, NOW_MS))["text"]]
    await page.reload()
    seen.append((await call(page, "show", "IDENTIFY", None, NOW_MS))["text"])
    tab = await page.context.new_page()
    await tab.goto(f"{origin}/page")
    seen.append((await call(tab, "show", "IDENTIFY", None, NOW_MS))["text"])
    assert len({parse(text).handle for text in seen}) == 3
    for text in seen:
        verify(text, CodePurpose.IDENTIFY, device)


async def test_an_empty_phone_shows_the_oldest_handle_again_and_says_so(page: Page) -> None:
    device = await enrolled(page, handles=2)
    shown = [await call(page, "show", "IDENTIFY", None, NOW_MS + n, {"fresh": True}) for n in range(4)]
    assert [(s["reused"], s["left"]) for s in shown] == [(False, 1), (False, 0), (True, 0), (True, 0)]
    handles = [parse(s["text"]).handle for s in shown]
    assert handles[2:] == handles[:2]
    verify(shown[3]["text"], CodePurpose.IDENTIFY, device)
    # The same batch once more makes no shown handle new; another batch does help.
    assert (await call(page, "storeBatch", issued(2)))["left"] == 0
    assert (await call(page, "storeBatch", issued(3, start=2)))["left"] == 3
    fresh = await call(page, "show", "IDENTIFY", None, NOW_MS, {"fresh": True})
    assert (fresh["reused"], parse(fresh["text"]).handle in handles) == (False, False)


async def test_the_server_s_clock_counts(page: Page) -> None:
    device = await enrolled(page)
    # This phone is an hour slow; the answer took 400 ms.
    slow_ms = NOW_MS - 3_600_000
    await call(page, "storeServerTime", NOW_MS + 200, slow_ms, slow_ms + 400)
    shown = await call(page, "show", "IDENTIFY", None, slow_ms)
    verify(shown["text"], CodePurpose.IDENTIFY, device)
    assert shown["endsAtMs"] == slow_ms + SLOT_SECONDS * 1000


async def test_a_desk_s_number_is_asked_for_and_mixed_in(page: Page) -> None:
    device = await enrolled(page)
    for wrong in (None, "", "407", "40711", "٤٠٧١", 4071.5):
        assert (await call(page, "show", "PAY", wrong, NOW_MS))["code"] == "desk-number"
    text = (await call(page, "show", "PAY", "4072", NOW_MS))["text"]
    with pytest.raises(RefusedError) as caught:
        verify(text, CodePurpose.PAY, device)
    assert caught.value.code == "code-desk-number"
    assert (await call(page, "show", "EMPLOYER", None, NOW_MS))["code"] == "purpose"
    assert (await call(page, "show", "constructor", None, NOW_MS))["code"] == "purpose"


async def test_a_phone_without_a_key_says_which_way_it_has_none(page: Page, origin: str) -> None:
    assert (await call(page, "deviceState"))["state"] == "none"
    assert (await call(page, "show", "IDENTIFY", None, NOW_MS))["code"] == "no-device"
    assert (await call(page, "storeBatch", issued(1)))["code"] == "no-device"
    await call(page, "createDevice")
    assert (await call(page, "deviceState"))["state"] == "empty"
    assert (await call(page, "show", "IDENTIFY", None, NOW_MS))["code"] == "no-handles"
    await call(page, "storeBatch", issued(1))
    session = await page.context.new_cdp_session(page)
    await session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "indexeddb"})
    await page.reload()
    assert (await call(page, "deviceState"))["state"] == "lost"
    await call(page, "clear")
    assert (await call(page, "deviceState"))["state"] == "none"


async def test_a_malformed_batch_is_refused_whole(page: Page) -> None:
    await enrolled(page, handles=1)
    good = issued(2, start=5)
    for wrong in ([*good, ("00", "00")], [*good, ("g" * 32, "0" * 64)], "handles", issued(257), [*good, (1, 2)]):
        assert (await call(page, "storeBatch", wrong))["code"] == "batch"
    assert (await call(page, "storeBatch", good, {"serverMs": "now"}))["code"] == "batch"
    assert (await call(page, "deviceState"))["left"] == 1


async def test_a_new_key_forgets_the_old_handles_and_cannot_be_taken_out(page: Page) -> None:
    old = await enrolled(page)
    await call(page, "show", "IDENTIFY", None, NOW_MS)
    new = await enrolled(page, handles=3)
    assert new.public_key != old.public_key
    shown = await call(page, "show", "IDENTIFY", None, NOW_MS)
    verify(shown["text"], CodePurpose.IDENTIFY, new)
    with pytest.raises(Error, match="not extractable"):
        await page.evaluate(
            """async () => {
                const opened = indexedDB.open("carecode-healthcode");
                await new Promise((done) => { opened.onsuccess = done; });
                const read = opened.result.transaction("device").objectStore("device").get("me");
                await new Promise((done) => { read.onsuccess = done; });
                await crypto.subtle.exportKey("jwk", read.result.privateKey);
            }"""
        )


async def test_its_base45_is_ours(page: Page) -> None:
    samples = [b"", b"A", b"AB", b"Hello!!", bytes(range(256)), b"\xff" * 85]
    written = await page.evaluate(
        """async (samples) => {
            const {base45} = await import("/healthcode.js");
            return samples.map((sample) => base45(Uint8Array.from(sample)));
        }""",
        [list(sample) for sample in samples],
    )
    assert written == [base45.encode(sample) for sample in samples]


async def test_old_shown_handles_are_dropped(page: Page) -> None:
    await enrolled(page, handles=256)
    for _ in range(2):
        await page.evaluate(
            """async (nowMs) => {
                const {show} = await import("/healthcode.js");
                for (let i = 0; i < 140; i++) await show("IDENTIFY", null, nowMs + i, {fresh: true});
            }""",
            NOW_MS,
        )
        state = await call(page, "storeBatch", issued(200, start=(await call(page, "deviceState"))["shown"] + 1000))
    assert state["shown"] == 256
