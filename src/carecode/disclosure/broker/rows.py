"""What the broker asks PostgreSQL, over its own role: receipts, wrapped keys, erasures; never a record's row."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final
from uuid import UUID

import asyncpg

from carecode.audit.merkle import Subtree
from carecode.audit.stored import fetch_subtrees
from carecode.disclosure.broker.wire import WrappedItem
from carecode.kernel.errors import UnavailableError
from carecode.store.database import Database, unavailable
from carecode.store.queries import queries

PAGE: Final = 1000
_NONE: Final = UUID(int=0)


class KeyRows:
    """The functions that PostgreSQL grants ``carecode_broker``."""

    def __init__(self, database: Database) -> None:
        """Connect on first use."""
        self._database = database
        self._sql = queries("broker")

    async def live(self, receipts: Sequence[UUID], requesters: Sequence[str]) -> list[asyncpg.Record]:
        """Return ``place, seconds, prev, hash, words`` of each receipt that is live and flushed now."""
        return await self._fetch("live", receipts, requesters)

    async def wrapped(self, not_of: bytes | None = None) -> AsyncIterator[list[WrappedItem]]:
        """Yield all wrapped keys, PAGE at a time; with ``not_of`` only those of other epochs."""
        after = (_NONE, _NONE)
        while True:
            rows = await self._fetch("keys_after", *after, PAGE, not_of)
            if rows:
                yield [(row["resident_id"].bytes, row["key_id"].bytes, row["wrapped"]) for row in rows]
            if len(rows) < PAGE:
                return
            after = (rows[-1]["resident_id"], rows[-1]["key_id"])

    async def legacy(self) -> AsyncIterator[list[WrappedItem]]:
        """Yield the keys from before the broker, PAGE at a time; each must be wrapped anew before the next page."""
        while rows := await self._fetch("legacy_keys", PAGE):
            yield [(row["resident_id"].bytes, row["key_id"].bytes, row["wrapped"]) for row in rows]

    async def counts(self) -> dict[int, int]:
        """Return how many wrapped keys there are of each epoch; of epoch 0 those from before the broker."""
        rows = await self._fetch("key_counts")
        return {int.from_bytes(row["epoch"] or b"\0"): row["keys"] for row in rows}

    async def rewrap(self, old: Sequence[WrappedItem], new: Sequence[bytes]) -> int:
        """Put newly wrapped forms in the place of old ones; return how many stood there still."""
        return int(await self._value("rewrap", *_columns(old), list(new)))

    async def erase(self, key: bytes, receipt: bytes, words: Sequence[str]) -> int:
        """Erase the keys under one number of hers, and say so in her log; return how many there were.

        ``words`` are id, name, title, role and organisation of who asks.
        """
        return int(await self._value("erase", UUID(bytes=key), UUID(bytes=receipt), *words))

    async def erased(self) -> AsyncIterator[list[bytes]]:
        """Yield who was erased, PAGE at a time."""
        after = _NONE
        while True:
            rows = await self._fetch("erased_after", after, PAGE)
            if rows:
                yield [row["erased"].bytes for row in rows]
            if len(rows) < PAGE:
                return
            after = rows[-1]["erased"]

    async def erase_again(self, owners: Sequence[bytes]) -> int:
        """Replay erasures that this database does not know; return how many keys that removed."""
        return int(await self._value("erase_again", [UUID(bytes=owner) for owner in owners]))

    async def put(self, keys: Sequence[WrappedItem]) -> int:
        """Put wrapped keys back that are missing; return how many were."""
        return int(await self._value("put_keys", *_columns(keys)))

    # The public log, for the watch

    async def checkpoint(self, quorum: int) -> tuple[int, str] | None:
        """Return size and note of the newest checkpoint that has so many cosignatures."""
        [row] = await self._fetch("log_checkpoint", quorum)
        return (row["size"], row["note"]) if row["size"] is not None else None

    async def leaf_hashes(self, first: int, count: int) -> bytes:
        """Return the hashes of leaves from ``first`` on, joined; fewer where the log ends."""
        [row] = await self._fetch("log_hashes", [0], [first], [count])
        return bytes(row["hashes"])

    async def hashes_of(self, wanted: Sequence[Subtree]) -> dict[Subtree, bytes]:
        """Return hashes of complete subtrees; CorruptError when some are missing."""
        with _answered():
            async with self._database.connection("broker") as connection:
                return await fetch_subtrees(connection, self._sql, wanted)

    async def places(self, leaves: Sequence[bytes]) -> list[int | None]:
        """Return where leaves stand in the public log."""
        return [row["idx"] for row in await self._fetch("log_leaf_of", list(leaves))]

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        pool = await self._database.pool("broker")
        with _answered():
            return await pool.fetch(self._sql[query], *arguments)

    async def _value(self, query: str, *arguments: object) -> Any:  # noqa: ANN401 - one SQL value
        pool = await self._database.pool("broker")
        with _answered():
            return await pool.fetchval(self._sql[query], *arguments)


def _columns(keys: Sequence[WrappedItem]) -> tuple[list[UUID], list[UUID], list[bytes]]:
    owners = [UUID(bytes=owner) for owner, _id, _wrapped in keys]
    return owners, [UUID(bytes=name) for _owner, name, _wrapped in keys], [wrapped for _o, _i, wrapped in keys]


@contextlib.contextmanager
def _answered() -> Iterator[None]:
    try:
        with unavailable():
            yield
    except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError) as error:
        raise UnavailableError("keys-busy", "This record is in use. Nothing was changed; try again.") from error
