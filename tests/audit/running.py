"""A whole public log in one process: entries of real lists, its sequencer, a witness, and its addresses."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from starlette.applications import Starlette

from carecode.api.log import routes
from carecode.app import wall_clock
from carecode.audit.logkey import log_key_of
from carecode.audit.publiclog import PublicLog
from carecode.audit.sequencer import Sequencer
from carecode.audit.witness import Memory, Witness
from carecode.audit.witnesses import Address, Demand, Standing, Witnesses
from carecode.cli.witnessing import application
from carecode.crypto.keyring import KeyRing
from carecode.kernel.vocabulary import Resident
from carecode.store.database import Database
from tests.audit.conftest import Lists

WITNESS_URL = "http://witness"


@dataclass(frozen=True)
class Running:
    """What of a house the public log's addresses use, and what fills it."""

    public_log: PublicLog
    witnesses: Witnesses
    ring: KeyRing
    sequencer: Sequencer
    lists: Lists
    http: httpx.AsyncClient

    async def publish(self) -> None:
        """Take all that waits into the log and have it cosigned."""
        while (batch := await self.sequencer.step()) is not None and batch.full:
            pass
        assert await self.witnesses.round(self.public_log, wall_clock()) is Standing.COSIGNED

    async def grow(self, resident: Resident, count: int) -> None:
        await self.lists.add(resident, count)
        await self.publish()

    async def grow_many(self, residents: list[Resident], each: int) -> None:
        for first in range(0, len(residents), 8):
            await asyncio.gather(*(self.lists.add(one, each) for one in residents[first : first + 8]))
        await self.publish()


@contextlib.asynccontextmanager
async def running_log(database: Database, ring: KeyRing, folder: Path) -> AsyncIterator[Running]:
    """Run one on a database; its witness keeps its memory in ``folder``."""
    key = await log_key_of(database, ring)
    memory = Memory(folder / "witness", "witness.example")
    house = Witness(memory, [key], lambda: int(wall_clock().timestamp()))
    demand = Demand((Address(house.key, WITNESS_URL),), 1, 60)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(application(house)))
    witnesses = Witnesses(demand, client)
    public_log = PublicLog(database, ring, wall_clock, secrets.token_bytes, demand.keys, demand.quorum)
    sequencer = Sequencer(database, ring, wall_clock, demand.quorum)
    addresses = Starlette()
    http = httpx.AsyncClient(transport=httpx.ASGITransport(addresses), base_url="http://localhost:8000")
    running = Running(public_log, witnesses, ring, sequencer, Lists(database), http)
    addresses.router.routes.extend(routes(running))
    yield running
    await http.aclose()
    await witnesses.close()
    memory.close()
