"""Promise 1 in a crash: whatever was shown stands in the log, however the server died.

The clients switch synchronous_commit off before each COMMIT, as a careless or malicious server could.
The server is killed with all its processes (kill -9) and started again.

Answers: M11
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from carecode.crypto.keyring import KeyRing
from carecode.store.database import Target
from carecode.store.embedded import DATABASE, PORT, SUPERUSER, EmbeddedPostgres
from carecode.store.migrations import create_if_missing, migrate
from tests.promises.wall import APPEND, CATEGORIES, DOCTOR, MARK, READ, WITHOUT_FLUSH, Wall, as_administrator, build

CLIENTS = 4
SERVER_GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
KILLS = 20 if os.environ.get("CARECODE_TEST_ALL") else 4
# The WAL writer would flush behind our back five times a second; ten seconds leave the crash something to lose.
SETTINGS = {"wal_writer_delay": "10s", "wal_writer_flush_after": "1GB"}


@pytest.fixture
def cluster(ring: KeyRing, tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    embedded = EmbeddedPostgres(tmp_path, ring.password(SUPERUSER), os.environ, SETTINGS)
    embedded.start()
    yield embedded
    embedded.stop()


async def walled(cluster: EmbeddedPostgres, ring: KeyRing) -> Wall:
    password = ring.password(SUPERUSER)
    target = Target.of_socket(cluster.socket_folder, PORT, DATABASE, SUPERUSER, password)
    await create_if_missing(target)
    await migrate(target, ring.password)
    wall = await build(target, ring)
    await wall.plant("UPDATE audit.cap SET hourly = 1000000")  # one doctor opens thousands here
    return wall


def kill_whole_server(cluster: EmbeddedPostgres) -> None:
    pid = cluster.pid
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)
    cluster.kill()


async def disclose_until_killed(wall: Wall, shown: list[uuid.UUID]) -> None:
    """Append, commit without waiting, mark, read: note each receipt that opened rows."""
    try:
        gate = await wall.gate()
        await gate.execute("SET synchronous_commit = off")
        while True:
            receipt = uuid.uuid4()
            await gate.fetchval(APPEND, [wall.resident], receipt, DOCTOR, CATEGORIES)
            await gate.fetchval(MARK, wall.resident, receipt)
            for _attempt in range(3):
                if await gate.fetch(READ, receipt, DOCTOR):
                    shown.append(receipt)
                    break
    except SERVER_GONE:
        return  # the server is gone: that is the drill


async def flush_now_and_then(wall: Wall) -> None:
    """Another client's durable commits: they flush the log for everybody."""
    try:
        gate = await wall.gate()
        while True:
            await gate.fetchval("SELECT pg_logical_emit_message(true, 'drill', '')")
            await asyncio.sleep(0.02)
    except SERVER_GONE:
        return


async def drill(cluster: EmbeddedPostgres, wall: Wall, seconds: float) -> tuple[int, int]:
    """Run the clients, kill the server, start it again: (shown, shown but not in the log)."""
    shown: list[uuid.UUID] = []
    clients = [asyncio.create_task(disclose_until_killed(wall, shown)) for _ in range(CLIENTS)]
    clients.append(asyncio.create_task(flush_now_and_then(wall)))
    await asyncio.sleep(seconds)
    kill_whole_server(cluster)
    await asyncio.wait(clients, timeout=10)
    for client in clients:
        client.result()
    cluster.start()
    rows = await as_administrator(wall.target, "SELECT receipt FROM audit.entry WHERE receipt = ANY ($1)", shown)
    return len(shown), len(set(shown) - {row["receipt"] for row in rows})


async def test_a_killed_server_shows_nothing_that_its_log_lost(cluster: EmbeddedPostgres, ring: KeyRing) -> None:
    wall = await walled(cluster, ring)
    moments = random.Random(20)
    shown = missing = 0
    for _kill in range(KILLS):
        opened, lost = await drill(cluster, wall, 0.3 + moments.random() / 2)
        shown += opened
        missing += lost
    assert shown > 0
    assert missing == 0


async def test_without_the_flush_rule_the_same_drill_loses_entries(cluster: EmbeddedPostgres, ring: KeyRing) -> None:
    wall = await walled(cluster, ring)
    await wall.plant(WITHOUT_FLUSH)
    lost = 0
    for _kill in range(KILLS):
        lost += (await drill(cluster, wall, 0.5))[1]
        if lost:
            break
    assert lost > 0


async def test_a_kill_between_log_and_read_voids_the_receipt(cluster: EmbeddedPostgres, ring: KeyRing) -> None:
    wall = await walled(cluster, ring)
    receipt = uuid.uuid4()
    gate = await wall.gate()
    await gate.fetchval(APPEND, [wall.resident], receipt, DOCTOR, CATEGORIES)
    await gate.fetchval(MARK, wall.resident, receipt)
    kill_whole_server(cluster)
    cluster.start()
    gate = await wall.gate()
    assert await gate.fetch(READ, receipt, DOCTOR) == []
    await gate.close()


async def test_her_chain_verifies_after_a_crash(cluster: EmbeddedPostgres, ring: KeyRing) -> None:
    wall = await walled(cluster, ring)
    await drill(cluster, wall, 0.5)
    gate = await wall.gate()
    assert await gate.fetchval("SELECT audit.first_broken($1)", wall.resident) is None
    await gate.close()
    await wall.plant("UPDATE audit.entry SET requester_name = 'somebody else' WHERE seq = 2")
    gate = await wall.gate()
    assert await gate.fetchval("SELECT audit.first_broken($1)", wall.resident) == 2
    await gate.close()
