from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

import carecode
from carecode.store.database import Database, Target
from carecode.store.pool import RoomPool, as_it_is

SIZE = 2
# What outlives its transaction, and so would reach the connection's next borrower.
LEFT_BEHIND = re.compile(
    r"set_config\([^)]*,\s*false\s*\)|pg_(try_)?advisory_lock|\blisten\s+\w|create\s+temp|with\s+hold|^\s*prepare\s",
    re.IGNORECASE | re.MULTILINE,
)


@pytest.fixture
async def pool(target: Target) -> AsyncIterator[RoomPool]:
    arguments = target.arguments(target.admin_user, target.admin_password)
    lent = RoomPool(await asyncpg.create_pool(**arguments, min_size=1, max_size=SIZE, reset=as_it_is), SIZE)
    yield lent
    await asyncio.wait_for(lent.close(), timeout=10)


async def test_lends_no_more_than_it_has_and_everybody_gets_a_turn(pool: RoomPool) -> None:
    lent: list[int] = []
    most = 0

    async def borrow() -> int:
        nonlocal most
        async with pool.acquire() as connection:
            lent.append(1)
            most = max(most, len(lent))
            found: int = await connection.fetchval("SELECT pg_backend_pid() FROM pg_sleep(0.002)")
            lent.pop()
            return found

    backends = await asyncio.gather(*(borrow() for _ in range(40)))
    assert most == SIZE
    assert len(set(backends)) == SIZE


async def test_a_connection_goes_back_as_it_is_and_is_lent_again(pool: RoomPool) -> None:
    first = await pool.fetchval("SELECT pg_backend_pid()")
    assert await pool.fetchval("SELECT pg_backend_pid()") == first
    row = await pool.fetchrow("SELECT 1 AS one, 2 AS two")
    assert row is not None
    assert row["two"] == 2
    assert [row[0] for row in await pool.fetch("SELECT * FROM generate_series(1, 3)")] == [1, 2, 3]
    assert await pool.execute("SELECT 1") == "SELECT 1"


async def fail(pool: RoomPool) -> None:
    async with pool.acquire() as connection:
        await connection.execute("BEGIN")
        await connection.execute("INSERT INTO public.left_open VALUES (2)")
        await connection.fetchval("SELECT 1 / 0")


async def test_what_a_borrower_leaves_open_reaches_nobody(pool: RoomPool) -> None:
    await pool.execute("CREATE TABLE public.left_open (n int)")
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)  # asyncpg reports the open one
    try:
        async with pool.acquire() as connection:
            await connection.execute("BEGIN")
            await connection.execute("INSERT INTO public.left_open VALUES (1)")
        with pytest.raises(asyncpg.DivisionByZeroError):
            await fail(pool)
    finally:
        asyncio.get_running_loop().set_exception_handler(None)
    for _ in range(2 * SIZE):
        async with pool.acquire() as connection:
            assert not connection.is_in_transaction()
            assert await connection.fetchval("SELECT count(*) FROM public.left_open") == 0


async def test_a_connection_that_the_server_ended_is_replaced(pool: RoomPool, target: Target) -> None:
    backend = await pool.fetchval("SELECT pg_backend_pid()")
    other = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    await other.execute("SELECT pg_terminate_backend($1, 5000)", backend)
    await other.close()
    await asyncio.sleep(0.05)
    assert await pool.fetchval("SELECT pg_backend_pid()") != backend


async def test_a_borrower_who_gives_up_keeps_no_turn(pool: RoomPool) -> None:
    for _ in range(2 * SIZE):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.fetchval("SELECT pg_sleep(60)"), timeout=0.02)
    held = [pool.acquire() for _ in range(SIZE)]
    for loan in held:
        await loan.__aenter__()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pool.fetchval("SELECT 1"), timeout=0.02)
    for loan in held:
        await loan.__aexit__(None, None, None)
    assert await asyncio.wait_for(pool.fetchval("SELECT 1"), timeout=10) == 1


async def test_a_database_is_closed_with_connections_waiting(target: Target, database: Database) -> None:
    await database.pool("audit")
    async with database.connection("audit") as connection:
        assert await connection.fetchval("SELECT current_user") == "carecode_audit"
    await asyncio.wait_for(database.close(), timeout=10)
    other = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    assert not await other.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'carecode_audit' AND datname = $1", target.database
    )
    await other.close()


def test_no_statement_of_a_room_leaves_anything_in_its_session() -> None:
    rooms = Path(carecode.__file__).parent
    scripts = [path for path in sorted(rooms.glob("*/sql/*.sql")) if path.parent.parent.name != "store"]
    assert len(scripts) > 10
    assert not [path.name for path in scripts if LEFT_BEHIND.search(path.read_text("utf-8"))]
    for planted in ("SELECT set_config('a.b', $1, false)", "SELECT pg_advisory_lock(1)", "LISTEN changes"):
        assert LEFT_BEHIND.search(planted)
