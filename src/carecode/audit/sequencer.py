"""The sequencer: takes what is committed into the public log, batch by batch, and signs each checkpoint.

Only one runs at a time (an advisory lock for the length of a batch).  It reads entries under MVCC and locks
nothing that an append needs.  A batch, its tiles, map and checkpoint are one transaction: a crash leaves what
stood before it, and a checkpoint is seen by nobody until it is on disk.

What is new is what the snapshot of the batch sees and that of the last one did not: an entry is found once,
however long its transaction took, and a transaction that stays open holds nobody else's entries back.

Sources: C2SP tlog-tiles, tlog-checkpoint; PostgreSQL, "Snapshot functions".
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import structlog

from carecode.audit.chains import LABELS_KEY, Chains, maybe_apart
from carecode.audit.growth import TOP, Advance, Grown, Growth
from carecode.audit.headmap import PER_STEP, STEP, broken_map, extension
from carecode.audit.merkle import Frontier, subtrees
from carecode.audit.notes import Checkpoint, join, sign
from carecode.audit.stored import SIZE_MAX, Connection, columns, fetch_subtrees
from carecode.audit.tiles import statement_leaf
from carecode.kernel.errors import CareCodeError, ConflictError, CorruptError
from carecode.store.queries import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from carecode.crypto.keyring import KeyRing
    from carecode.store.database import Database

ORIGIN_DEFAULT: Final = "carecode.local/log"
ORIGIN_SETTING: Final = "origin"
SIGNING_KEY: Final = "log.signing"
BATCH_ENTRIES_MAX: Final = 8192
BATCH_STATEMENTS_MAX: Final = 64
REST_SECONDS: Final = 0.5
STALE_BATCHES_MAX: Final = 10_000
_NOT_FOLLOWING: Final = "CC010"
_NUMBERS_WENT_BACK: Final = "CC011"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Batch:
    """What one step added."""

    first: int
    size: int
    entries: int
    statements: int
    at: datetime
    full: bool  # more may wait


@dataclass(frozen=True, slots=True)
class _Stale:
    """What the batch up to ``size`` superseded in the stored map."""

    size: int
    buckets: list[int]
    tiles: list[tuple[int, int]]


class Superseded:
    """States of the stored head map that newer ones stand above, until no proof can need them."""

    def __init__(self, sql: Mapping[str, str], quorum: int) -> None:
        """Keep what a proof under the newest checkpoint with ``quorum`` cosignatures is made of."""
        self._sql = sql
        self._quorum = quorum
        self._waiting: deque[_Stale] = deque()
        self._swept = False

    def put(self, grown: Grown) -> None:
        """Note what a batch wrote anew."""
        self._waiting.append(_Stale(grown.size, list(grown.buckets), list(grown.tiles)))

    def forget(self) -> None:
        """Begin anew: nobody remembers what was superseded, so all of the map is looked through once."""
        self._waiting.clear()
        self._swept = False

    async def remove(self, connection: Connection) -> None:
        """Remove what stood before the newest checkpoint that the quorum saw."""
        if not self._waiting:
            return
        pinned = await connection.fetchrow(self._sql["log_checkpoint"], self._quorum)
        if pinned is None or pinned["size"] is None:
            return
        if not self._swept or len(self._waiting) > STALE_BATCHES_MAX:
            await connection.execute(self._sql["log_map_sweep"], pinned["size"])
            self._swept = True
        while self._waiting and self._waiting[0].size <= pinned["size"]:
            stale = self._waiting.popleft()
            await connection.execute(self._sql["log_map_prune"], stale.buckets, *columns(stale.tiles, 2), stale.size)


class Sequencer:
    """Writes the public log of one database."""

    def __init__(self, database: Database, ring: KeyRing, clock: Callable[[], datetime], quorum: int = 0) -> None:
        """Use the role ``carecode_audit`` and the ring's keys ``log.signing`` and ``log.labels``.

        Older states of the head map are kept as far back as the newest checkpoint with ``quorum``
        cosignatures, so that proofs under it can be made.
        """
        self._database = database
        self._seed = ring.key(SIGNING_KEY)
        self._clock = clock
        self._sql = queries("audit")
        self._chains = Chains(ring.key(LABELS_KEY), self._sql)
        self._origin = ""
        self._growth: Growth | None = None
        self._at: datetime | None = None
        self._superseded = Superseded(self._sql, quorum)

    async def run(self, rest_seconds: float = REST_SECONDS) -> None:
        """Take batches for ever, with a rest after each that was not full.

        A database that is away is tried again.  CorruptError ends it, loudly: the log then says by its
        lag that it stands still, and what depends on it stops.
        """
        while True:
            full = False
            try:
                batch = await self.step()
                full = batch is not None and batch.full
            except CorruptError as error:
                log.critical("sequencer-stopped", code=error.code)
                raise
            except CareCodeError as error:
                log.warning("sequencer-waits", code=error.code)
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("sequencer-waits", kind=type(error).__name__)
            except Exception as error:
                log.critical("sequencer-stopped", kind=type(error).__name__)  # its text may hold a value
                raise
            await asyncio.sleep(0 if full else rest_seconds)

    async def step(self) -> Batch | None:
        """Take one batch; None when nothing waits or another server is at it.

        Raises CorruptError when what is stored does not fit what was signed, UnavailableError when the
        database is away.
        """
        try:
            async with self._database.connection("audit") as connection:
                async with connection.transaction():
                    batch = await self._batch(connection)
                self._chains.forget()
                if self._growth is not None:
                    self._growth.forget()
                with contextlib.suppress(asyncpg.PostgresError):  # what stays is swept after the next start
                    await self._superseded.remove(connection)
        except BaseException as error:
            self._growth = None  # what is in memory may be ahead of what is stored
            if isinstance(error, asyncpg.PostgresError):
                _raise_corruption(error)
            raise
        return batch

    async def _batch(self, connection: Connection) -> Batch | None:
        if not await connection.fetchval(self._sql["log_lock"]):
            return None
        growth = await self._taken_up(connection)
        pending = await connection.fetchrow(self._sql["log_pending"], BATCH_ENTRIES_MAX)
        statements = await connection.fetch(self._sql["log_statements"], BATCH_STATEMENTS_MAX)
        count = len(pending["seqs"] or ())
        if not count and not statements:
            older = await connection.fetchval(self._sql["log_rest"], pending["target"])
            return await self._batch(connection) if older else None
        advance = await self._chains.advance(connection, growth, pending) if count else Advance({})
        leaves = [statement_leaf(row["body"]) for row in statements]
        if advance.hashes or leaves:
            grown = await maybe_apart(len(advance.hashes), lambda: growth.grow(advance, leaves))
            await self._store(connection, grown)
            placed = [grown.size - len(leaves) + number for number in range(len(leaves))]
            await connection.execute(self._sql["log_placed"], [row["id"] for row in statements], placed)
        full = count == BATCH_ENTRIES_MAX
        await connection.execute(
            self._sql["log_advance"],
            pending["target"],
            pending["last_xid"] if full else None,
            pending["residents"][-1] if full else None,
            pending["seqs"][-1] if full else None,
        )
        size = growth.frontier.size
        first = size - len(advance.hashes) - len(leaves)
        return Batch(first, size, len(advance.hashes), len(leaves), self._at or self._clock(), full)

    # What stands

    async def _taken_up(self, connection: Connection) -> Growth:
        """Return tree and map as they are stored, from memory while nobody else wrote."""
        newest = await connection.fetchrow(self._sql["log_newest"])
        if not self._origin:
            self._origin = await connection.fetchval(self._sql["log_setting"], ORIGIN_SETTING, ORIGIN_DEFAULT)
        if newest is None or newest["size"] is None:
            self._growth = Growth(Frontier.empty())
            await self._store(connection, self._growth.grow(Advance({}), []))
            return self._growth
        if self._growth is None or self._growth.frontier.size != newest["size"]:
            self._growth, self._at = await self._loaded(connection, newest), newest["at"]
            self._superseded.forget()
        if self._growth.frontier.root() != newest["root"] or self._growth.map_root != newest["map_root"]:
            raise CorruptError("log-broken", "The public log is not the one that was signed. Call the operator.")
        return self._growth

    async def _loaded(self, connection: Connection, newest: Mapping[str, Any]) -> Growth:
        found = await fetch_subtrees(connection, self._sql, subtrees((0, newest["size"])))
        growth = Growth(Frontier.of(newest["size"], found))
        places = [(TOP, index) for index in range(PER_STEP)] + [(STEP, 0)]
        tiles = await connection.fetch(self._sql["log_map_tiles"], *columns(places, 2), SIZE_MAX)
        upper = b""
        for row in tiles:
            if row["depth"] == TOP:
                growth.set_tile(TOP, row["idx"], row["hashes"])
            else:
                upper = row["hashes"]
        if upper and upper != growth.tile(STEP, 0):
            raise broken_map()
        return growth

    # What is stored

    async def _store(self, connection: Connection, grown: Grown) -> None:
        at = max(self._clock(), self._at) if self._at else self._clock()
        checkpoint = Checkpoint(self._origin, grown.size, grown.root, (extension(grown.map_root),))
        text = checkpoint.text()
        places = list(grown.tiles)
        await connection.execute(
            self._sql["log_write"],
            grown.first,
            grown.leaves,
            *columns(grown.nodes, 3),
            list(grown.buckets),
            list(grown.buckets.values()),
            *columns(places, 2),
            list(grown.tiles.values()),
            grown.root,
            grown.map_root,
            at,
            join(text, [sign(text, self._origin, self._seed)]),
        )
        self._at = at
        self._superseded.put(grown)


def _raise_corruption(error: asyncpg.PostgresError) -> None:
    """Turn what the log's tables refuse into the errors that stop the sequencer; others are tried again."""
    if isinstance(error, asyncpg.UniqueViolationError):
        raise CorruptError(
            "log-overwritten", "The public log holds more than was signed. Call the operator."
        ) from error
    if error.sqlstate == _NUMBERS_WENT_BACK:
        raise CorruptError(
            "log-restored", "This database came from another server. Adopt its log before it goes on."
        ) from error
    if error.sqlstate == _NOT_FOLLOWING:
        raise ConflictError("log-moved", "Another server went on with the log. It is read again.") from error
