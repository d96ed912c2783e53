"""A house with two hospitals, people who work there, one resident, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from carecode.app import App, asgi, wall_clock
from carecode.crypto.keyring import KeyRing
from carecode.disclosure.entrance import Entered
from carecode.disclosure.passkeys import Site
from carecode.disclosure.people import Organisation, Staff
from carecode.disclosure.tokens import Held
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import Resident, Role
from carecode.store.database import Database
from tests.signin.authenticator import ORIGIN, SoftKey

SITE = Site("localhost", ORIGIN)
STAFF = (
    Staff("doctor", "county-2", Role.CLINICIAN, "Dr Zhao Wei", "赵伟", "internal medicine", "内科"),
    Staff("doctor-city", "city-1", Role.CLINICIAN, "Dr Zhao Wei", "赵伟", "surgery", "外科"),
    Staff("nurse", "county-2", Role.CLINICIAN, "Sun Li", "孙丽", "ward 3", "三病区"),
    Staff("desk", "county-2", Role.DESK, "Xu Ning", "徐宁", "desk 12", "12号窗口"),
    Staff("officer", "county-2", Role.OFFICER, "Tan Hui", "谭慧", "privacy officer", "隐私保护专员"),
    Staff("machine", "county-2", Role.SYSTEM, "A computer", "电脑", "", ""),
)


class Moving:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return wall_clock() + self.ahead

    def move(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass
class Town:
    """The house, its clock and a client of its pages."""

    app: App
    clock: Moving
    http: httpx.AsyncClient

    @property
    def now(self) -> datetime:
        return self.clock()

    async def employ(self, staff: str, key: SoftKey | None = None) -> SoftKey:
        """Invite a member of staff and let her make her passkey."""
        made = key or SoftKey()
        token = await self.app.sign_in.staffing.invite(staff, "test", self.now)
        options = await self.app.sign_in.entrance.ask_invited(SITE, token, self.now)
        await self.app.sign_in.entrance.take(SITE, made.create(options), self.now)
        return made

    async def enter(self, key: SoftKey, wanted: str = "") -> Entered:
        """Sign in with a passkey."""
        options = await self.app.sign_in.entrance.ask(SITE, self.now)
        return await self.app.sign_in.entrance.enter(SITE, key.get(options), self.now, wanted=wanted)

    async def held(self, token: str) -> Held:
        found = await self.app.sessions.held(token, self.now)
        assert found is not None
        return found

    async def post(self, path: str, area: str = "", token: str = "", **sent: Any) -> httpx.Response:  # noqa: ANN401
        """Send what a page's script sends."""
        headers = {"accept": "application/json", "origin": ORIGIN}
        if token:
            headers["cookie"] = f"carecode_{area}={token}"
        return await self.http.post(path, json=sent, headers=headers)

    async def submit(self, path: str, area: str, token: str, **sent: str) -> httpx.Response:
        """Send what a page's form sends."""
        return await self.http.post(path, data=sent, headers={"cookie": f"carecode_{area}={token}", "origin": ORIGIN})

    async def get(self, path: str, area: str = "", token: str = "", language: str = "en") -> httpx.Response:
        """Open a page."""
        headers = {"accept-language": language}
        if token:
            headers["cookie"] = f"carecode_{area}={token}"
        return await self.http.get(path, headers=headers)


@pytest.fixture
async def town(database: Database, ring: KeyRing) -> AsyncIterator[Town]:
    clock = Moving()
    app = App(database, ring, clock)
    for handle in ("county-2", "city-1"):
        await app.people.put_organisation(Organisation(handle, f"{handle} hospital", f"{handle} 医院", "hospital"))
    for member in STAFF:
        await app.people.put_staff(member)
    transport = httpx.ASGITransport(app=asgi(app))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, timeout=60) as client:
        yield Town(app, clock, client)


@pytest.fixture
async def her(town: Town) -> Resident:
    person = Person("林梅", "Lin Mei", date(1985, 3, 14), "female", "13900000000")
    done = await town.app.index.enrol([parse("urn:test:number", "XA1")], person, source="x", now=town.now)
    return done.resident
