"""A log whose store was tampered with stops, loudly, and signs nothing more."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from carecode.audit import sequencer as module
from carecode.audit.publiclog import PublicLog
from carecode.audit.sequencer import Sequencer
from carecode.crypto.keyring import KeyRing
from carecode.kernel.errors import ConflictError, CorruptError
from carecode.store.database import Database, Target
from tests.audit.conftest import Clock, Lists, administrator, drain, somebody


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("DELETE FROM audit.entry WHERE seq = 3", "log-gap"),
        ("UPDATE audit.entry SET prev = sha256(prev) WHERE seq = 4", "log-chain"),
        ("UPDATE audit.entry SET resident_id = gen_random_uuid() WHERE seq = 3", "log-gap"),
        ("TRUNCATE audit.leaf", "log-truncated"),
        ("UPDATE audit.leaf SET data = sha256(data) WHERE idx = 1", "log-broken"),
        ("DELETE FROM audit.map_bucket", "head-map-broken"),
        ("INSERT INTO audit.map_bucket SELECT bucket # 1, 9, body FROM audit.map_bucket", "head-map-broken"),
        ("UPDATE audit.map_bucket SET body = substring(body FOR 64) || sha256(body)::bytea", "head-map-broken"),
        ("DELETE FROM audit.map_tile WHERE depth = 12", "head-map-broken"),
        ("TRUNCATE audit.map_tile", "log-broken"),
        ("INSERT INTO audit.leaf VALUES (2, '')", "log-overwritten"),
        ("UPDATE audit.checkpoint SET root = sha256(root) WHERE size = 2", "log-broken"),
        ("UPDATE audit.log_state SET done = '900000000:900000000:'", "log-restored"),
    ],
)
async def test_corruption_stops_it(
    target: Target, database: Database, ring: KeyRing, clock: Clock, lists: Lists, fault: str, code: str
) -> None:
    resident = somebody()
    await lists.add(resident, 2)
    await Sequencer(database, ring, clock).step()
    await lists.add(resident, 3)
    async with administrator(target) as connection:
        await connection.execute(fault)
        size = await connection.fetchval("SELECT max(size) FROM audit.checkpoint")
        with pytest.raises(CorruptError) as stopped:
            await asyncio.wait_for(Sequencer(database, ring, clock).run(), 10)
        assert stopped.value.code == code
        assert await connection.fetchval("SELECT max(size) FROM audit.checkpoint") == size


async def test_an_entry_changed_after_it_was_public_is_not_passed_over(
    target: Target, database: Database, ring: KeyRing, clock: Clock, lists: Lists
) -> None:
    """When entries are looked at again, those that are public must be the ones that are public."""
    resident = somebody()
    await lists.add(resident, 3)
    await Sequencer(database, ring, clock).step()
    async with administrator(target) as connection:
        await connection.execute("UPDATE audit.entry SET hash = sha256(hash) WHERE seq = 2")
        await connection.execute("SELECT audit.log_adopt()")
    with pytest.raises(CorruptError) as stopped:
        await Sequencer(database, ring, clock).step()
    assert stopped.value.code == "log-rewritten"


async def test_a_restored_dump_is_adopted(
    target: Target, database: Database, ring: KeyRing, clock: Clock, lists: Lists, public: PublicLog
) -> None:
    """Another server counts its transactions from the beginning: every entry seems to be of the future."""
    resident = somebody()
    await lists.add(resident, 3)
    await Sequencer(database, ring, clock).step()
    await lists.add(resident, 2)
    async with administrator(target) as connection:
        await connection.execute("UPDATE audit.entry SET xid = '4000000000'")
        await connection.execute("UPDATE audit.log_state SET done = '4000000000:4000000000:'")
        with pytest.raises(CorruptError, match="another server"):
            await Sequencer(database, ring, clock).step()
        await connection.execute("SELECT audit.log_adopt()")
    again = Sequencer(database, ring, clock)
    await lists.add(resident, 1)
    assert await drain(again) == 3
    head = (await public.head_proof(resident.keys[0])).head
    assert head is not None
    assert head.seq == 6


async def test_another_server_that_went_on_is_noticed(
    target: Target, database: Database, ring: KeyRing, clock: Clock, lists: Lists
) -> None:
    """The store takes no batch that does not follow the newest checkpoint, whoever holds the lock."""
    resident = somebody()
    await lists.add(resident, 2)
    one = Sequencer(database, ring, clock)
    await one.step()
    async with administrator(target) as connection:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await connection.execute(
                "SELECT audit.log_write(1, ARRAY[''::bytea], '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '', '',"
                " clock_timestamp(), '')"
            )
    with pytest.raises(ConflictError):
        module._raise_corruption(refused.value)
