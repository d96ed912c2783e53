"""A room's connections, lent and taken back within the process.

asyncpg's own pool spends as much on lending a connection as the query itself takes: a task, a timer
and, by default, a round trip for RESET ALL.  Here a connection that is left clean waits for the next
borrower as it is; asyncpg's pool still connects, and cleans up what ended with an error.

No statement of a room leaves anything in its session: settings and locks end with their transaction.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

import asyncpg


class RoomPool:
    """At most ``size`` connections under one role; the one used last is lent first."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], size: int) -> None:
        """Lend the connections of ``pool``, which nobody else may borrow from; ``size`` is its own."""
        self._pool = pool
        self._turns = asyncio.Semaphore(size)
        self._waiting: list[asyncpg.Connection[asyncpg.Record]] = []

    def acquire(self) -> Loan:
        """Borrow a connection: ``async with pool.acquire() as connection``."""
        return Loan(self)

    async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Run a query and return its rows."""
        async with Loan(self) as connection:
            rows: list[asyncpg.Record] = await connection.fetch(query, *arguments)
            return rows

    async def fetchrow(self, query: str, *arguments: object) -> asyncpg.Record | None:
        """Run a query and return its first row."""
        async with Loan(self) as connection:
            return await connection.fetchrow(query, *arguments)

    async def fetchval(self, query: str, *arguments: object) -> Any:  # noqa: ANN401 - one SQL value
        """Run a query and return the first value of its first row."""
        async with Loan(self) as connection:
            return await connection.fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: object) -> str:
        """Run a statement and return PostgreSQL's word on it."""
        async with Loan(self) as connection:
            done: str = await connection.execute(query, *arguments)
            return done

    async def lend(self) -> asyncpg.Connection[asyncpg.Record]:
        """Wait for a turn and take a connection that is open."""
        await self._turns.acquire()
        try:
            while self._waiting:
                connection = self._waiting.pop()
                if _is_open(connection):
                    return connection
                await self._pool.release(connection)
            return await self._pool.acquire()
        except BaseException:
            self._turns.release()
            raise

    async def take_back(self, connection: asyncpg.Connection[asyncpg.Record], *, failed: bool) -> None:
        """Keep a clean connection for the next one; hand any other to asyncpg, which cleans it or drops it."""
        try:
            if not failed and not _is_busy(connection):
                self._waiting.append(connection)
            else:
                await self._pool.release(connection)
        finally:
            self._turns.release()

    async def close(self) -> None:
        """Close every connection, once those on loan are back."""
        while self._waiting:
            await self._pool.release(self._waiting.pop())
        await self._pool.close()

    def terminate(self) -> None:
        """Cut every connection."""
        self._waiting.clear()
        self._pool.terminate()


class Loan:
    """One connection for the length of a block."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: RoomPool) -> None:
        """Borrow from ``pool`` when the block begins."""
        self._pool = pool

    async def __aenter__(self) -> asyncpg.Connection[asyncpg.Record]:
        self._connection = await self._pool.lend()
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del error, trace
        await self._pool.take_back(self._connection, failed=kind is not None)


def _is_open(connection: asyncpg.Connection[asyncpg.Record]) -> bool:
    try:
        return not connection.is_closed()
    except asyncpg.InterfaceError:  # the server ended it, and asyncpg has it back already
        return False


def _is_busy(connection: asyncpg.Connection[asyncpg.Record]) -> bool:
    """Say whether a transaction was left open."""
    try:
        return bool(connection.is_in_transaction())
    except asyncpg.InterfaceError:
        return True


async def as_it_is(_connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Reset nothing where asyncpg takes a connection back: it rolls back what is open by itself."""
