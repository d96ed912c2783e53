"""A served API on 127.0.0.1, a resident with a record, and tokens of people and machines."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import asyncpg
import httpx
import pytest
import uvicorn
from starlette.applications import Starlette

from carecode.api.routes import routes
from carecode.app import App, wall_clock
from carecode.crypto.keyring import KeyRing
from carecode.disclosure.people import Organisation, Staff
from carecode.kernel.vocabulary import Purpose, Requester, Resident, Role
from carecode.store.database import Database, Target
from tests.exchange.samples import NUMBER_SYSTEM, visit

MACHINE = Requester("county-2/system", Role.SYSTEM, "county-2", "County machine")
DOCTOR = Requester("county-2/doctor", Role.CLINICIAN, "county-2", "Dr. Lin")
OTHER_MACHINE = Requester("city-1/system", Role.SYSTEM, "city-1", "City machine")
OTHER_DOCTOR = Requester("city-1/doctor", Role.CLINICIAN, "city-1", "Dr. Berg")
STAFF = (MACHINE, DOCTOR, OTHER_MACHINE, OTHER_DOCTOR)


@dataclass(frozen=True)
class Served:
    """A running server and the house behind it."""

    app: App
    base: str
    port: int

    def client(self, token: str | None = None, **headers: str) -> httpx.AsyncClient:
        authorization = {"authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(base_url=self.base, headers={**authorization, **headers}, timeout=20)

    async def resident(self, value: str = "P-1") -> Resident:
        found = await self.app.index.resolve(NUMBER_SYSTEM, value)
        assert found is not None
        return found

    def number(self, requester: Requester, resident: Resident) -> str:
        return self.app.gate.patient_id(requester, resident)

    async def token(self, requester: Requester, resident: Resident | None = None) -> str:
        """Issue a token; a clinician's window is opened as a shown code would open it."""
        now = self.app.clock()
        if requester.role is Role.CLINICIAN and resident is not None:
            await self.app.decisions.open_window(resident, requester.organisation, now, now + timedelta(hours=1))
        return await self.app.sessions.issue_bearer(
            now, purpose=Purpose.TREAT, staff=requester.id, resident=resident.id if resident else None
        )


@contextlib.asynccontextmanager
async def serving(database: Database, ring: KeyRing) -> AsyncIterator[Served]:
    """Serve the API of a house with staff and without residents."""
    app = App(database, ring, wall_clock)
    for handle in ("county-2", "city-1"):
        await app.people.put_organisation(Organisation(handle, handle, handle, "hospital"))
    for member in STAFF:
        await app.people.put_staff(Staff(member.id, member.organisation, member.role, member.name, member.name, "", ""))
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    config = uvicorn.Config(Starlette(routes=routes(app)), log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it in no other way
        await asyncio.sleep(0.01)
    yield Served(app, f"http://127.0.0.1:{port}", port)
    server.should_exit = True
    await running


@pytest.fixture
async def served(database: Database, ring: KeyRing) -> AsyncIterator[Served]:
    async with serving(database, ring) as one:
        yield one


@pytest.fixture(scope="module")
async def standing(server: Target, template: Target, ring: KeyRing) -> AsyncIterator[Served]:
    """Like ``filled``, one for all tests of a file that only read."""
    name = f"carecode_standing_{os.getpid()}_{secrets.token_hex(4)}"
    administrator = await asyncpg.connect(**server.arguments(server.admin_user, server.admin_password))
    await administrator.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template.database}"')
    database = Database(replace(server, database=name), ring.password)
    async with serving(database, ring) as one:
        await one.app.bundles.process(MACHINE, visit(3))
        yield one
    await database.close()
    await administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await administrator.close()


@pytest.fixture
async def filled(served: Served) -> Served:
    """One resident of county-2's: herself, a visit, three results."""
    answer = json.loads(await served.app.bundles.process(MACHINE, visit(3)))
    assert len(answer["entry"]) == 5
    return served
