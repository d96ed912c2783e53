"""A house that answers a browser, with two stewards, a desk and the people they compare."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import uvicorn
from playwright.async_api import Browser, BrowserContext, Locator, Page
from starlette.applications import Starlette

from carecode.app import App, asgi
from carecode.identity.person import Person
from carecode.kernel.vocabulary import Resident
from carecode.web.desk import routes as desk_routes
from carecode.web.steward import routes as steward_routes
from tests.day.people import ACTION_MS_MAX
from tests.day.test_pages import faults, sideways
from tests.disclosure.comparing import CITIZEN, Scene, scene_of

PERSONAL = ("张", "Zhang", "1958", "4471", CITIZEN[:6])


@dataclass
class Counter:
    """A house and the browsers of those who work in it."""

    scene: Scene
    base: str
    browser: Browser
    contexts: list[BrowserContext]
    complaints: list[str]

    async def enter(self, staff: str, area: str, **options: Any) -> Page:  # noqa: ANN401 - playwright's own
        """Open a browser of somebody who is signed in."""
        token = await self.scene.house.sessions.sign_in(self.scene.now, staff=staff)
        options = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "reduced_motion": "reduce"} | options
        context = await self.browser.new_context(base_url=self.base, **options)
        context.set_default_timeout(ACTION_MS_MAX)
        await context.add_cookies(
            [{"name": f"carecode_{area}", "value": token, "domain": "localhost", "path": f"/{area}", "httpOnly": True}]
        )
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("console", lambda line: self._hear(line.type, line.text))
        self.contexts.append(context)
        return await context.new_page()

    def _hear(self, kind: str, text: str) -> None:
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.complaints.append(text)


@contextlib.asynccontextmanager
async def counter_of(house: App, browser: Browser) -> AsyncIterator[Counter]:
    """Serve a house to a browser, on a port of its own."""
    scene = await scene_of(house)
    inner = Starlette(routes=[*steward_routes.routes(house), *desk_routes.routes(house)])
    own = {re.sub(r"\{.*?\}", "[^/]+", getattr(each, "path", "")) for each in inner.routes}
    whole = asgi(house)

    async def serve(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own
        is_ours = scope["type"] == "http" and any(re.fullmatch(each, scope["path"]) for each in own)
        await (inner if is_ours else whole)(scope, receive, send)

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(serve, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    counter = Counter(scene, f"http://localhost:{port}", browser, [], [])
    try:
        yield counter
    finally:
        for context in counter.contexts:
            await context.close()
        server.should_exit = True
        await task
    assert counter.complaints == []


async def no_fault(page: Page) -> None:
    """A page is as good as any other: axe in light and dark, a narrow phone, its own address and title."""
    assert await faults(page) == []
    assert await sideways(page) == 0
    title = await page.title()
    assert not any(each in page.url + title for each in PERSONAL)
    for one in await page.locator("main :is(a, button, select, input:not([type=hidden]), textarea):visible").all():
        await at_least(one, 44)


async def at_least(one: Locator, pixels: int) -> None:
    """A target can be hit: itself, or the label that stands for it."""
    box = await one.evaluate("x => (x.closest('label') || x).getBoundingClientRect().height")
    assert box >= pixels, await one.evaluate("x => x.outerHTML.slice(0, 200)")


async def fill(desk: Page, person: Person, number: str = "") -> None:
    await desk.get_by_label("Number", exact=True).fill(number)
    await desk.get_by_label("Name as printed").fill(person.name)
    await desk.get_by_label("Name in Latin letters").fill(person.name_latin)
    assert person.birth_date is not None
    await desk.get_by_label("Date of birth").fill(person.birth_date.isoformat())
    await desk.get_by_label("Sex").select_option(person.sex)
    await desk.get_by_label("Phone").fill(person.phone)


async def keys_of(counter: Counter, resident: Resident) -> set[UUID]:
    found = await counter.scene.house.index.by_id(resident.id)
    assert found is not None
    return set(found.keys)
