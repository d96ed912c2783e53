"""A house of the bench's own: data folder, PostgreSQL with its usual settings, pools; gone afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import asyncpg
import uvicorn

from bench.clients import HOST
from carecode.app import App, Settings, opened
from carecode.cli.beside import Processes
from carecode.disclosure.people import Organisation, Staff
from carecode.kernel.vocabulary import Requester, Role
from carecode.store.database import POOL_SIZE_MAX
from carecode.store.pool import RoomPool, as_it_is

if TYPE_CHECKING:
    from starlette.types import ASGIApp

CLIENTS: Final = 8
HOSPITAL: Final = "county-2"
MACHINE: Final = Requester("bench-machine", Role.SYSTEM, HOSPITAL, "Bench")
_KEPT: Final = "CARECODE_PG_BIN"

Bare: TypeAlias = RoomPool
"""The rooms' own pool, as large as a room's, to a table with nothing but its key."""


def environment() -> dict[str, str]:
    """Return the environment without what would send a bench to somebody's data, keys or port."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CARECODE_") or name == _KEPT}


@contextlib.asynccontextmanager
async def house() -> AsyncIterator[App]:
    """Open an empty house with one hospital and its machine; remove it at the end, however it ends."""
    with tempfile.TemporaryDirectory(prefix="carecode-bench-") as folder:
        async with opened(
            Settings(Path(folder), None, environment()), Processes(), may_migrate=True, alone=True
        ) as app:
            await furnish(app)
            yield app


async def furnish(app: App) -> None:
    """Put the hospital and its machine into an empty house, where one doctor may open thousands an hour."""
    await app.log.set_caps(2**31 - 1, 2**31 - 1)
    await app.people.put_organisation(Organisation(HOSPITAL, "County Hospital", "县医院", "hospital"))
    await app.people.put_staff(Staff(MACHINE.id, HOSPITAL, Role.SYSTEM, MACHINE.name, "机器", "", ""))


@contextlib.asynccontextmanager
async def bare_table(app: App, columns: str) -> AsyncIterator[Bare]:
    """Make the table ``bench.bare`` with these columns, and a pool to it; drop it at the end."""
    target = app.database.target
    arguments: Mapping[str, Any] = target.arguments(target.admin_user, target.admin_password)
    async with asyncpg.create_pool(**arguments, min_size=1, max_size=POOL_SIZE_MAX, reset=as_it_is) as pool:
        bare = RoomPool(pool, POOL_SIZE_MAX)
        await bare.execute("CREATE SCHEMA bench")
        try:
            await bare.execute(f"CREATE TABLE bench.bare ({columns})")
            yield bare
        finally:
            await bare.execute("DROP SCHEMA bench CASCADE")
            await bare.close()


async def settle(bare: Bare) -> None:
    """Let PostgreSQL count what was just stored; in a running house autovacuum does so within a minute."""
    await bare.execute("ANALYZE")


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast something went."""

    per_second: float
    latencies_ms: list[float]


async def pace(seconds: float, work: Callable[[int], Awaitable[object]], clients: int = CLIENTS) -> Pace:
    """Let ``clients`` do ``work`` (given their number) again and again, each as soon as it has its answer."""
    latencies: list[float] = []
    begun = time.perf_counter()
    until = begun + seconds

    async def client(number: int) -> None:
        before = time.perf_counter()
        while before < until:
            await work(number)
            after = time.perf_counter()
            latencies.append((after - before) * 1000)
            before = after

    await asyncio.gather(*(client(number) for number in range(clients)))
    return Pace(len(latencies) / (time.perf_counter() - begun), latencies)


@contextlib.asynccontextmanager
async def serving(application: ASGIApp) -> AsyncIterator[int]:
    """Serve on a free port of 127.0.0.1 for as long as the block lasts, as ``carecode serve`` does."""
    server = _Server(
        uvicorn.Config(application, log_config=None, access_log=False, server_header=False, lifespan="off")
    )
    with socket.create_server((HOST, 0)) as listening:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers nothing to wait for
            await asyncio.sleep(0.01)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await task


class _Server(uvicorn.Server):
    """uvicorn that leaves Ctrl-C to the bench."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:  # noqa: ANN401 - as uvicorn declares it
        yield
