"""The people of a day: visitors in a browser, and a resident's phone that is no browser."""

from __future__ import annotations

import re
import secrets
from collections import deque
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from playwright.async_api import Browser, BrowserContext, Page

from carecode.healthcode.phone import DeviceKey
from carecode.kernel.vocabulary import CodePurpose
from tests.day.town import Town

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
COUNTER: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
ACTION_MS_MAX = 10_000


class Visitors:
    """Browser contexts of one browser, each a person's own; remembers what their pages asked for."""

    def __init__(self, browser: Browser, town: Town) -> None:
        self._browser = browser
        self._town = town
        self._contexts: list[BrowserContext] = []
        self.asked: list[str] = []  # every address a page requested
        self.complaints: list[str] = []  # what scripts and the content security policy complained about

    async def enter(self, handle: str | None = None, **options: Any) -> Page:  # noqa: ANN401 - playwright's own
        """Open a browser of her own and, by a sign-in link of the town, her first page."""
        context = await self._browser.new_context(base_url=self._town.base, **options)
        context.set_default_timeout(ACTION_MS_MAX)
        self._contexts.append(context)
        context.on("request", lambda request: self.asked.append(request.url))
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("console", lambda line: self._hear(line.type, line.text))
        page = await context.new_page()
        if handle is not None:
            await page.goto(self._town.links[handle])
        return page

    async def leave(self) -> None:
        """Close every context."""
        for context in self._contexts:
            await context.close()

    def strangers(self) -> list[str]:
        """List the requests that went anywhere but to the town itself."""
        own = urlsplit(self._town.base).netloc
        return [url for url in self.asked if urlsplit(url).netloc != own and not url.startswith(("data:", "blob:"))]

    def _hear(self, kind: str, text: str) -> None:
        # A refusal's own status is no complaint: the page says it in words.
        if kind == "error" and not text.startswith("Failed to load resource"):
            self.complaints.append(text)


class Pocket:
    """A signed-in HTTP client and, for a resident, a phone key: makes codes of any moment and purpose."""

    def __init__(self, town: Town, *handles: str) -> None:
        self.http = httpx.Client(base_url=town.base, follow_redirects=True, timeout=30)
        for handle in handles:
            self.http.get(town.links[handle]).raise_for_status()
        self._key = DeviceKey(secrets.token_bytes(32))
        self._handles: deque[tuple[str, str]] = deque()

    def close(self) -> None:
        """Put it away."""
        self.http.close()

    def add_phone(self) -> None:
        """Register a key for the signed-in resident and take its handles."""
        sent = {"algorithm": self._key.algorithm, "public_key": self._key.public.hex(), "label": "a test's phone"}
        answer = self.http.post("/my/device", json=sent).raise_for_status()
        self._handles.extend((handle, secret) for handle, secret in answer.json()["handles"])

    def code(self, purpose: CodePurpose, desk_number: str | None = None, at: datetime | None = None) -> str:
        """Show a new code."""
        handle, secret = map(bytes.fromhex, self._handles.popleft())
        return self._key.show(handle, secret, purpose, at or datetime.now(UTC), desk_number)

    def desk_number(self, area: str) -> str:
        """Read the four digits on a counter's page."""
        found = re.search(r"\b(\d{4})\b", words_of(self.http.get(f"/{area}").text).partition("number")[2])
        assert found is not None
        return found[1]


def words_of(html: str) -> str:
    """Return what a person reads of a page."""
    body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("&#39;", "'").strip()
