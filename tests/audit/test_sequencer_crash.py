"""A killed server leaves the public log consistent: what was seen before stands in what is seen after."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from carecode.app import wall_clock
from carecode.audit.merkle import verify_consistency
from carecode.audit.notes import Checkpoint, split
from carecode.audit.publiclog import PublicLog
from carecode.audit.sequencer import Sequencer
from carecode.crypto.keyring import KeyRing
from carecode.kernel.errors import CareCodeError
from carecode.store.database import Database, Target
from carecode.store.embedded import DATABASE, PORT, SUPERUSER, EmbeddedPostgres
from carecode.store.migrations import create_if_missing, migrate
from tests.audit.conftest import Lists, somebody

KILLS = 20 if os.environ.get("CARECODE_TEST_ALL") else 3
AWAY = (CareCodeError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
ENTRIES = "SELECT e.hash FROM audit.entry e ORDER BY e.resident_id, e.seq"


@pytest.fixture
def cluster(ring: KeyRing, tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    embedded = EmbeddedPostgres(tmp_path, ring.password(SUPERUSER), os.environ, {"wal_writer_delay": "10s"})
    embedded.start()
    yield embedded
    embedded.stop()


def read(note: bytes) -> Checkpoint:
    return Checkpoint.parse(split(note)[0])


async def one_life(cluster: EmbeddedPostgres, database: Database, ring: KeyRing, seen: list[Checkpoint]) -> None:
    """Write, sequence and read until the server is killed."""
    lists, public = Lists(database), PublicLog(database, ring, wall_clock, os.urandom)
    sequencer = Sequencer(database, ring, wall_clock)
    residents = [somebody() for _ in range(3)]

    async def write() -> None:
        with contextlib.suppress(*AWAY):
            while True:
                for resident in residents:
                    await lists.add(resident)

    async def sequence() -> None:
        with contextlib.suppress(*AWAY):
            while True:
                await sequencer.step()
                seen.append(read(await public.checkpoint()))

    tasks = [asyncio.create_task(write()), asyncio.create_task(sequence())]
    await asyncio.sleep(0.3 + random.Random(len(seen)).random() / 2)
    assert cluster.pid is not None
    os.killpg(cluster.pid, signal.SIGKILL)
    cluster.kill()
    await asyncio.wait(tasks, timeout=10)


async def test_a_killed_server_takes_nothing_back(cluster: EmbeddedPostgres, ring: KeyRing) -> None:
    target = Target.of_socket(cluster.socket_folder, PORT, DATABASE, SUPERUSER, ring.password(SUPERUSER))
    await create_if_missing(target)
    await migrate(target, ring.password)
    seen: list[Checkpoint] = []
    for _ in range(KILLS):
        database = Database(target, ring.password)
        await one_life(cluster, database, ring, seen)
        await database.close()
        cluster.start()
        database = Database(target, ring.password)
        public, sequencer = PublicLog(database, ring, wall_clock, os.urandom), Sequencer(database, ring, wall_clock)
        while await sequencer.step():
            pass
        newest = read(await public.checkpoint())
        for old in {one.size: one for one in seen}.values():
            proof = await public.consistency(old.size, newest.size)
            assert verify_consistency(old.size, old.root, newest.size, newest.root, proof)
        assert len({(one.size, one.root) for one in seen}) == len({one.size for one in seen}), "no size signed twice"
        administrator = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
        hashes = [row["hash"] for row in await administrator.fetch(ENTRIES)]
        await administrator.close()
        places = [await public.leaf_of_entry(entry) for entry in hashes]
        assert None not in places
        assert len(set(places)) == newest.size, "each entry once, and nothing else"
        await database.close()
    assert len(seen) > KILLS
