"""The sequencer takes every committed entry once, in order, whatever else goes on; and stops at corruption."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from carecode.audit import chains
from carecode.audit import sequencer as module
from carecode.audit.growth import Grown
from carecode.audit.notes import Checkpoint, split
from carecode.audit.publiclog import PublicLog
from carecode.audit.sequencer import Sequencer
from carecode.audit.stored import Connection
from carecode.crypto.keyring import KeyRing
from carecode.kernel.vocabulary import RecordKey
from carecode.store.database import Database, Target
from tests.audit.conftest import Clock, Lists, administrator, drain, somebody

APPEND = """SELECT audit.append(ARRAY[$1::uuid], gen_random_uuid(), 'doctor-1', 'Dr Chen', '', 'clinician', 'county-2',
  'identify', 'IDENTIFY', 'desk', '{}', NULL)"""
LEAVES = (
    "SELECT e.resident_id, e.seq, l.idx FROM audit.entry e LEFT JOIN audit.leaf l ON l.data = '\\x01'::bytea || e.hash"
)


async def unsequenced(connection: Connection) -> int:
    rows = await connection.fetch(LEAVES)
    places = [row["idx"] for row in rows if row["idx"] is not None]
    assert len(places) == len(set(places))
    return len(rows) - len(places)


async def test_the_first_step_signs_an_empty_log(sequencer: Sequencer, public: PublicLog) -> None:
    assert await sequencer.step() is None
    checkpoint = Checkpoint.parse(split(await public.checkpoint())[0])
    assert (checkpoint.origin, checkpoint.size) == ("carecode.local/log", 0)
    assert checkpoint.extensions == ("head-map 18 VC+OO0mz8L/eGBKrs9nTTwFOS9Dhmr5qy2lOlHoAn30=",)


async def test_the_name_of_a_log_is_fixed_once(target: Target, sequencer: Sequencer, public: PublicLog) -> None:
    async with administrator(target) as connection:
        await connection.execute("SELECT audit.log_setting('origin', 'example.org/carecode')")
    await sequencer.step()
    assert (await public.checkpoint()).startswith(b"example.org/carecode\n0\n")


async def test_every_entry_becomes_one_leaf(target: Target, lists: Lists, sequencer: Sequencer) -> None:
    residents = [somebody() for _ in range(5)]
    for number in range(12):
        await lists.add(residents[number % 5], number % 3 + 1)
        if number % 4 == 0:
            await sequencer.step()
    await drain(sequencer)
    async with administrator(target) as connection:
        assert await unsequenced(connection) == 0
        rows = await connection.fetch(LEAVES + " ORDER BY l.idx")
    for resident in residents:
        assert [r["seq"] for r in rows if r["resident_id"] == resident.keys[0]] == sorted(
            r["seq"] for r in rows if r["resident_id"] == resident.keys[0]
        )


async def test_a_transaction_that_stays_open_holds_back_its_own_entries_only(
    target: Target, lists: Lists, sequencer: Sequencer, public: PublicLog
) -> None:
    slow, quick = somebody(), somebody()
    async with administrator(target) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.fetchval(APPEND, slow.keys[0])
        await lists.add(quick, 3)
        assert await drain(sequencer) == 3
        assert (await public.head_proof(quick.keys[0])).head is not None
        await lists.add(quick, 2)
        assert await drain(sequencer) == 2
        await asyncio.sleep(1.2)
        await lists.add(quick)
        assert await drain(sequencer) == 1
        await transaction.commit()
        assert (await public.status()).waiting_seconds < 1, "it waits since its commit, not since its beginning"
        assert await drain(sequencer) == 1
        head = (await public.head_proof(slow.keys[0])).head
        assert head is not None
        assert head.seq == 1
        assert await unsequenced(connection) == 0


async def test_an_entry_of_an_older_transaction_may_follow_one_of_a_newer(
    target: Target, lists: Lists, sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The older transaction has its number before the newer one writes the entry that comes first."""
    resident = somebody()
    await sequencer.step()
    async with administrator(target) as connection:
        async with connection.transaction():
            await connection.fetchval("SELECT pg_current_xact_id()")
            await lists.add(resident, 2)
            await connection.fetchval(APPEND, resident.keys[0])
        for limit in (8192, 1):
            monkeypatch.setattr(module, "BATCH_ENTRIES_MAX", limit)
            assert await drain(sequencer) == 3
            assert await unsequenced(connection) == 0
            async with connection.transaction():
                await connection.fetchval("SELECT pg_current_xact_id()")
                await lists.add(resident, 2)
                await connection.fetchval(APPEND, resident.keys[0])


async def test_small_batches_take_all_that_waited(
    target: Target, lists: Lists, sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH_ENTRIES_MAX", 3)
    residents = [somebody() for _ in range(4)]
    async with administrator(target) as connection:
        async with connection.transaction():  # one transaction that is larger than a batch
            for resident in residents * 2:
                await connection.fetchval(APPEND, resident.keys[0])
        first = await sequencer.step()
        assert first is not None
        assert (first.entries, first.full) == (3, True)
        await lists.add(residents[0], 2)
        assert await drain(sequencer) == 7
        await lists.add(residents[1], 6)  # as many as two whole batches: the next must still look for newer ones
        for _ in range(2):
            assert (await sequencer.step()) is not None
        await lists.add(residents[2], 6)
        assert await drain(sequencer) == 6
        await lists.add(residents[3], 1)
        assert await drain(sequencer) == 1
        assert await unsequenced(connection) == 0


async def test_two_servers_never_both_sequence(
    target: Target, database: Database, ring: KeyRing, clock: Clock, lists: Lists, public: PublicLog
) -> None:
    two = [Sequencer(database, ring, clock), Sequencer(database, ring, clock)]
    await two[0].step()
    residents = [somebody() for _ in range(4)]

    done = asyncio.Event()

    async def write() -> None:
        for number in range(40):
            await lists.add(residents[number % 4])
        done.set()

    async def sequence(one: Sequencer) -> int:
        entries = 0
        while not done.is_set():
            batch = await one.step()
            entries += batch.entries if batch else 0
            await asyncio.sleep(0.002)
        return entries

    _, first, second = await asyncio.gather(write(), sequence(two[0]), sequence(two[1]))
    assert first + second + await drain(two[0]) == 40
    async with administrator(target) as connection:
        assert await unsequenced(connection) == 0
    assert (await public.status()).size == 40


async def test_two_servers_take_turns(database: Database, ring: KeyRing, clock: Clock, lists: Lists) -> None:
    """What one has in memory is old when the other wrote: it reads the log again."""
    two = [Sequencer(database, ring, clock), Sequencer(database, ring, clock)]
    residents = [somebody() for _ in range(2)]
    for number in range(6):
        await lists.add(residents[number % 2], number + 1)
        batch = await two[number % 2].step()
        assert batch is not None
        assert batch.entries == number + 1


async def test_no_append_waits_for_the_sequencer(
    lists: Lists, sequencer: Sequencer, database: Database, ring: KeyRing, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = somebody()
    await lists.add(resident)
    store, other = Sequencer._store, Sequencer(database, ring, clock)
    grown: list[Grown] = []

    async def store_slowly(self: Sequencer, connection: Connection, batch: Grown) -> None:
        await store(self, connection, batch)
        if batch.leaves and not grown:
            assert await other.step() is None, "one sequences, so the other does not"
            await asyncio.wait_for(lists.add(resident, 3), 1)  # while the batch is written and not committed
            grown.append(batch)

    monkeypatch.setattr(Sequencer, "_store", store_slowly)
    await sequencer.step()
    assert len(grown) == 1
    assert await drain(sequencer) == 3


async def test_a_batch_that_fails_leaves_what_stood(
    target: Target, lists: Lists, sequencer: Sequencer, public: PublicLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    resident = somebody()
    await lists.add(resident, 2)
    await sequencer.step()
    before = await public.checkpoint()
    await lists.add(resident, 2)
    placed = sequencer._sql
    monkeypatch.setattr(
        sequencer, "_sql", {**placed, "log_advance": "SELECT 1 / 0, $1::text, $2::text, $3::uuid, $4::int"}
    )
    with pytest.raises(asyncpg.DivisionByZeroError):
        await sequencer.step()
    assert await public.checkpoint() == before
    monkeypatch.setattr(sequencer, "_sql", placed)
    assert await drain(sequencer) == 2
    async with administrator(target) as connection:
        assert await unsequenced(connection) == 0


async def test_a_server_that_starts_again_goes_on(
    database: Database, ring: KeyRing, clock: Clock, lists: Lists, public: PublicLog
) -> None:
    residents = [somebody() for _ in range(3)]
    for number in range(6):
        await lists.add(residents[number % 3], 100)
        again = Sequencer(database, ring, clock)
        assert (await again.step()) is not None
    proof = await public.head_proof(residents[0].keys[0])
    assert proof.head is not None
    assert proof.head.seq == 200
    assert (await public.status()).size == 600


async def test_a_clock_that_steps_back_does_not_take_the_log_back(
    lists: Lists, sequencer: Sequencer, clock: Clock, public: PublicLog
) -> None:
    resident = somebody()
    await lists.add(resident)
    await sequencer.step()
    first = (await public.status()).signed_at
    clock.now -= timedelta(hours=3)
    await lists.add(resident)
    await sequencer.step()
    second = (await public.status()).signed_at
    assert first is not None
    assert first == second


async def test_large_batches_are_hashed_beside_the_server(
    lists: Lists, sequencer: Sequencer, public: PublicLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chains, "IN_PLACE_MAX", 0)
    residents = [somebody() for _ in range(4)]
    for resident in residents:
        await lists.add(resident, 2)
    await drain(sequencer)
    assert (await public.head_proof(residents[3].keys[0])).head is not None


async def test_run_goes_on_after_the_database_was_away(
    database: Database, ring: KeyRing, clock: Clock, lists: Lists, public: PublicLog, target: Target
) -> None:
    sequencer = Sequencer(database, ring, clock)
    task = asyncio.create_task(sequencer.run(0.01))
    try:
        await lists.add(somebody())
        async with administrator(target) as connection:
            for _ in range(3):
                await asyncio.sleep(0.05)
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'carecode_audit' AND datname = current_database()"
                )
        for _ in range(100):
            await asyncio.sleep(0.02)
            if (await public.status()).size == 1:
                break
        assert (await public.status()).size == 1
        assert not task.done()
    finally:
        task.cancel()


async def test_chains_without_an_entry_have_no_head(sequencer: Sequencer, public: PublicLog) -> None:
    await sequencer.step()
    assert (await public.head_proof(RecordKey(uuid4()))).head is None


async def test_old_states_of_the_map_are_removed(
    target: Target, lists: Lists, sequencer: Sequencer, database: Database, ring: KeyRing, clock: Clock
) -> None:
    resident = somebody()
    for _ in range(5):
        await lists.add(resident)
        await sequencer.step()
    async with administrator(target) as connection:
        assert await connection.fetchval("SELECT count(*) FROM audit.map_bucket") == 1
        assert await connection.fetchval("SELECT count(*) FROM audit.map_tile") == 2
        await connection.execute("INSERT INTO audit.map_bucket SELECT bucket, 1, body FROM audit.map_bucket")
        await lists.add(resident)
        await Sequencer(database, ring, clock).step()  # after a start nobody remembers which are old
        assert await connection.fetchval("SELECT count(*) FROM audit.map_bucket") == 1
