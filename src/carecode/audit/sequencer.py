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
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import structlog

from carecode.audit.growth import TOP, Advance, Grown, Growth, Link
from carecode.audit.headmap import PER_STEP, STEP, broken_map, extension
from carecode.audit.merkle import HASH_BYTES, TILE_HEIGHT, Frontier, complete_root, subtrees
from carecode.audit.notes import Checkpoint, join, sign
from carecode.audit.tiles import entry_leaf, hashes_of, statement_leaf
from carecode.crypto.keyed import keyed_hash
from carecode.kernel.errors import CareCodeError, ConflictError, CorruptError
from carecode.store.queries import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from carecode.audit.merkle import Subtree
    from carecode.crypto.keyring import KeyRing
    from carecode.store.database import Database

ORIGIN_DEFAULT: Final = "carecode.local/log"
ORIGIN_SETTING: Final = "origin"
SIGNING_KEY: Final = "log.signing"
LABELS_KEY: Final = "log.labels"
BATCH_ENTRIES_MAX: Final = 8192
BATCH_STATEMENTS_MAX: Final = 64
STATEMENT_BATCH_BYTES_MAX: Final = BATCH_STATEMENTS_MAX * 65_536
REST_SECONDS: Final = 0.5
LABELS_KEPT_MAX: Final = 65_536
STALE_BATCHES_MAX: Final = 10_000
IN_PLACE_MAX: Final = 256
"""Entries that are hashed without leaving the server's loop; more go to a thread."""
_NOT_FOLLOWING: Final = "CC010"
_NUMBERS_WENT_BACK: Final = "CC011"
SIZE_MAX: Final = 2**63 - 1

log = structlog.get_logger()
Connection = Any  # asyncpg's, which brings no types


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


class Sequencer:
    """Writes the public log of one database."""

    def __init__(self, database: Database, ring: KeyRing, clock: Callable[[], datetime], quorum: int = 0) -> None:
        """Use the role ``carecode_audit`` and the ring's keys ``log.signing`` and ``log.labels``.

        Older states of the head map are kept as far back as the newest checkpoint with ``quorum``
        cosignatures, so that proofs under it can be made.
        """
        self._database = database
        self._seed = ring.key(SIGNING_KEY)
        self._labels_key = ring.key(LABELS_KEY)
        self._clock = clock
        self._quorum = quorum
        self._sql = queries("audit")
        self._origin = ""
        self._growth: Growth | None = None
        self._at: datetime | None = None
        self._labels: dict[UUID, bytes] = {}
        self._stale: deque[_Stale] = deque()
        self._swept = False

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
                with contextlib.suppress(asyncpg.PostgresError):  # what stays is swept after the next start
                    await self._prune(connection)
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
            await connection.execute(self._sql["log_rest"], pending["target"])
            return None
        advance = await self._advance(connection, growth, pending) if count else Advance({})
        leaves = [statement_leaf(row["body"]) for row in statements]
        if advance.hashes or leaves:
            grown = await _maybe_apart(len(advance.hashes), lambda: growth.grow(advance, leaves))
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
            self._stale.clear()
            self._swept = False
        if self._growth.frontier.root() != newest["root"] or self._growth.map_root != newest["map_root"]:
            raise CorruptError("log-broken", "The public log is not the one that was signed. Call the operator.")
        return self._growth

    async def _loaded(self, connection: Connection, newest: Mapping[str, Any]) -> Growth:
        found = await fetch_subtrees(connection, self._sql, subtrees((0, newest["size"])))
        growth = Growth(Frontier.of(newest["size"], found))
        places = [(TOP, index) for index in range(PER_STEP)] + [(STEP, 0)]
        tiles = await connection.fetch(self._sql["log_map_tiles"], *_columns(places, 2), SIZE_MAX)
        upper = b""
        for row in tiles:
            if row["depth"] == TOP:
                growth.set_tile(TOP, row["idx"], row["hashes"])
            else:
                upper = row["hashes"]
        if upper and upper != growth.tile(STEP, 0):
            raise broken_map()
        return growth

    # What is new

    async def _advance(self, connection: Connection, growth: Growth, pending: Mapping[str, Any]) -> Advance:
        """Let the chains advance by what waits; fetch what fell between two batches."""
        residents = pending["residents"]
        keys = {self._label(resident): resident for resident in residents}
        pages = growth.missing_pages(keys)
        if pages:
            rows = await connection.fetch(self._sql["log_map_pages"], pages, SIZE_MAX)
            bodies = {row["bucket"]: row["body"] for row in rows}
            await _maybe_apart(len(bodies) + len(pages), lambda: growth.set_pages(pages, bodies))
        advance = Advance(growth.heads({label: sha256(key.bytes).digest() for label, key in keys.items()}))
        labels = map(self._labels.__getitem__, residents)
        advance.take(map(Link, labels, pending["seqs"], pending["prevs"], pending["hashes"]))
        if advance.ahead:
            await self._fetch_between(connection, advance, keys)
        if advance.known:
            await self._are_known(connection, advance.known)
        return advance

    async def _fetch_between(self, connection: Connection, advance: Advance, keys: Mapping[bytes, UUID]) -> None:
        for label, (first, last) in advance.take_ahead().items():
            rows = await connection.fetch(self._sql["log_between"], keys[label], first, last)
            advance.take(Link(label, row["seq"], row["prev"], row["hash"]) for row in rows)
        if any(advance.ahead.values()) and advance.take_ahead():
            raise CorruptError("log-gap", "An entry is missing from a resident's list. Call the operator.")

    async def _are_known(self, connection: Connection, hashes: Sequence[bytes]) -> None:
        """See that entries numbered below the end of their chain are in the log indeed."""
        places = await connection.fetch(self._sql["log_leaf_of"], [entry_leaf(entry) for entry in hashes])
        if any(row["idx"] is None for row in places):
            raise CorruptError("log-rewritten", "An entry was changed after it was made public. Call the operator.")

    def _label(self, key: UUID) -> bytes:
        label = self._labels.get(key)
        if label is None:
            label = self._labels[key] = label_of(self._labels_key, key)
        return label

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
            *_columns(grown.nodes, 3),
            list(grown.buckets),
            list(grown.buckets.values()),
            *_columns(places, 2),
            list(grown.tiles.values()),
            grown.root,
            grown.map_root,
            at,
            join(text, [sign(text, self._origin, self._seed)]),
        )
        self._at = at
        self._stale.append(_Stale(grown.size, list(grown.buckets), places))

    async def _prune(self, connection: Connection) -> None:
        """Remove states of the head map from before the newest checkpoint that the quorum saw."""
        if len(self._labels) > LABELS_KEPT_MAX:
            self._labels.clear()
        if self._growth is not None:
            self._growth.forget()
        if not self._stale:
            return
        pinned = await connection.fetchrow(self._sql["log_checkpoint"], self._quorum)
        if pinned is None or pinned["size"] is None:
            return
        if not self._swept or len(self._stale) > STALE_BATCHES_MAX:
            await connection.execute(self._sql["log_map_sweep"], pinned["size"])
            self._swept = True
        while self._stale and self._stale[0].size <= pinned["size"]:
            stale = self._stale.popleft()
            await connection.execute(self._sql["log_map_prune"], stale.buckets, *_columns(stale.tiles, 2), stale.size)


def label_of(labels_key: bytes, key: UUID) -> bytes:
    """Return the blind label of a record key, 32 bytes."""
    return keyed_hash(labels_key, key.bytes)


async def fetch_subtrees(
    connection: Connection, sql: Mapping[str, str], wanted: Iterable[Subtree]
) -> dict[Subtree, bytes]:
    """Read the hashes of complete subtrees from the stored tiles, in one round trip.

    Raises CorruptError ``log-truncated`` when tiles are missing.
    """
    ordered = list(dict.fromkeys(wanted))
    runs = [
        (height // TILE_HEIGHT, place << height % TILE_HEIGHT, 1 << height % TILE_HEIGHT) for height, place in ordered
    ]
    rows = await connection.fetch(sql["log_hashes"], *_columns(runs, 3))
    found = {}
    for subtree, (_, _, count), row in zip(ordered, runs, rows, strict=True):
        if len(row["hashes"]) != count * HASH_BYTES:
            raise truncated()
        found[subtree] = complete_root(hashes_of(row["hashes"]))
    return found


def truncated() -> CorruptError:
    """Say that stored leaves or hashes are missing."""
    return CorruptError("log-truncated", "A part of the public log is missing. Restore it from a copy.")


def _columns(rows: Iterable[tuple[Any, ...]], count: int) -> list[list[Any]]:
    """Turn rows of ``count`` fields into lists, as unnest takes them."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(count)]


async def _maybe_apart(count: int, work: Callable[[], Any]) -> Any:  # noqa: ANN401  # whatever the work returns
    """Do small work at once, large work in a thread, so that requests are answered meanwhile."""
    return work() if count <= IN_PLACE_MAX else await asyncio.to_thread(work)


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
