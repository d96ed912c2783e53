"""Bench ``audit``: how fast the public log takes entries in, and what a resident's proof of her list weighs.

``sequence``: leaves hashed and put on the tree in memory, a root for every thousand, beside two SHA-256 for
each.  ``durable``: entries that wait in PostgreSQL taken into log and head map, batch by batch, each
committed and flushed.  ``bundle``: the bytes a phone fetches to check one list, with three cosignatures, at
a million residents.  ``growth``: the time of one batch when log and map hold 16 times as much.
"""

from __future__ import annotations

import random
import secrets
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import asyncpg
import uvloop

from bench.house import environment
from bench.report import Pair, Row, progress, quantile, row_of
from carecode.audit.headmap import (
    DEPTH,
    PER_STEP,
    STEP,
    Head,
    HeadMap,
    bucket_hash,
    bucket_of,
    extension,
    prove,
    replaced,
    verify_head,
)
from carecode.audit.merkle import Frontier, leaf_hashes
from carecode.audit.notes import COSIGNATURE, ED25519, Checkpoint, cosign, join, public_key, sign, verify
from carecode.audit.publiclog import BUNDLE_BYTES_MAX, Bundle
from carecode.audit.sequencer import BATCH_ENTRIES_MAX, Sequencer
from carecode.crypto.keyring import KeyRing
from carecode.store.database import Database, Target
from carecode.store.embedded import DATABASE, PORT, SUPERUSER, EmbeddedPostgres
from carecode.store.migrations import create_if_missing, migrate

SEQUENCE_RATIO_MIN: Final = 0.5
DURABLE_PER_SECOND_MIN: Final = 15_000
GROWTH_MAX: Final = 1.5
GROWTH: Final = 16
RESIDENTS: Final = 1_000_000
WITNESSES: Final = 3
_BATCH: Final = 1000
_SMALL_BATCH: Final = 100

# As many entries for each of so many made-up residents, each chain from its beginning or from where it ends.
_WAITING: Final = """
INSERT INTO audit.entry (resident_id, seq, receipt, at, requester, requester_name, requester_title, role,
    organisation, action, purpose, basis, categories, keys, prev, hash)
  SELECT r.id, s.seq, gen_random_uuid(), clock_timestamp(), 'bench', 'Bench', '', 'system', 'county-2', 'disclose',
    'TREAT', 'bench', '{}', ARRAY[r.id],
    CASE WHEN s.seq = 1 THEN sha256(uuid_send(r.id)) ELSE sha256(uuid_send(r.id) || int8send(s.seq - 1)) END,
    sha256(uuid_send(r.id) || int8send(s.seq))
  FROM (SELECT md5(n::text)::uuid AS id FROM generate_series($1::bigint, $2::bigint) AS n) AS r,
    generate_series($3::bigint, $4::bigint) AS s(seq)
  ORDER BY s.seq, r.id
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    leaves: int  # of each turn of ``sequence``
    repeats: int
    residents: int
    entries_each: int
    grown: int  # residents before growth
    steps: int


FULL: Final = Size(leaves=200_000, repeats=9, residents=40_000, entries_each=5, grown=8_000, steps=60)
QUICK: Final = Size(leaves=50_000, repeats=5, residents=15_000, entries_each=4, grown=4_000, steps=25)


def rows(quick: bool) -> list[Row]:  # noqa: FBT001 - the form every bench has
    """Measure and return the rows ``sequence``, ``durable``, ``bundle`` and ``growth``."""
    size = QUICK if quick else FULL
    return [_sequence(size), *uvloop.run(_stored(size)), _bundle()]


# In memory


def _sequence(size: Size) -> Row:
    entries = [b"\x01" + sha256(str(number).encode()).digest() for number in range(_BATCH)]
    pairs = []
    for number in range(size.repeats + 1):
        progress(f"audit: sequence, turn {number} of {size.repeats}")
        begun = time.perf_counter()
        frontier = Frontier.empty()
        for _ in range(size.leaves // _BATCH):
            frontier.extend(leaf_hashes(entries))
            frontier.root()
        value = size.leaves / (time.perf_counter() - begun)
        pairs.append(Pair(value, _two_hashes(size.leaves)))
    return row_of(
        "sequence",
        "entries per second",
        pairs[1:],
        SEQUENCE_RATIO_MIN,
        notes=f"in memory, a root for every {_BATCH}; denominator: two SHA-256 an entry, of 34 and of 65 bytes",
    )


def _two_hashes(count: int) -> float:
    leaf, node = bytes(34), bytes(65)
    begun = time.perf_counter()
    for _ in range(count):
        sha256(leaf).digest()
        sha256(node).digest()
    return count / (time.perf_counter() - begun)


# In PostgreSQL


async def _stored(size: Size) -> list[Row]:
    async with _log() as (connection, sequencer):
        durable = await _durable(connection, sequencer, size)
    async with _log() as small, _log() as grown:
        return [durable, await _growth([small, grown], size)]


@asynccontextmanager
async def _log() -> AsyncIterator[tuple[Any, Sequencer]]:
    """Make an empty log on a PostgreSQL of its own, its sequencer not running; remove it at the end."""
    ring = KeyRing(secrets.token_bytes(32))
    with tempfile.TemporaryDirectory(prefix="carecode-bench-") as folder:
        embedded = EmbeddedPostgres(Path(folder), ring.password(SUPERUSER), environment())
        embedded.start()
        try:
            target = Target.of_socket(embedded.socket_folder, PORT, DATABASE, SUPERUSER, ring.password(SUPERUSER))
            await create_if_missing(target)
            await migrate(target, ring.password)
            database = Database(target, ring.password)
            connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
            try:
                yield connection, Sequencer(database, ring, lambda: datetime.now(UTC))
            finally:
                await connection.close()
                await database.close()
        finally:
            embedded.stop()


async def _durable(connection: Any, sequencer: Sequencer, size: Size) -> Row:  # noqa: ANN401  # asyncpg brings no types
    rates: list[float] = []
    steps: list[float] = []
    for turn in range(size.entries_each + 1):
        progress(f"audit: durable, turn {turn} of {size.entries_each}")
        await connection.execute(_WAITING, 1, size.residents, turn + 1, turn + 1)
        await connection.execute("CHECKPOINT")
        spent, entries = 0.0, 0
        while entries < size.residents:
            begun = time.perf_counter()
            batch = await sequencer.step()
            steps.append(time.perf_counter() - begun)
            spent += steps[-1]
            assert batch is not None
            entries += batch.entries
        rates.append(entries / spent)
    value = statistics.median(rates[1:])  # the first turn makes the map
    return {
        "row": "durable",
        "value": round(value),
        "unit": "entries per second",
        "denominator": None,
        "ratio": None,
        "hold": DURABLE_PER_SECOND_MIN,
        "holds": value >= DURABLE_PER_SECOND_MIN,
        "spread": [round(min(rates[1:])), round(max(rates[1:]))],
        "repeats": len(rates) - 1,
        "first": round(rates[0]),
        "p50_ms": round(quantile(steps, 0.5) * 1000, 1),
        "p99_ms": round(quantile(steps, 0.99) * 1000, 1),
        "notes": f"{size.residents} residents, one entry each a turn, batches of {BATCH_ENTRIES_MAX}; read, hashed,"
        " head map, signed, committed and flushed; p50 and p99 of a batch",
    }


async def _growth(logs: Sequence[tuple[Any, Sequencer]], size: Size) -> Row:
    """Take batches of a small and a grown log in turns, so that a busy moment hits both."""
    held = [size.grown, size.grown * GROWTH]
    for (connection, sequencer), residents in zip(logs, held, strict=True):
        progress(f"audit: growth, at {residents} residents")
        await connection.execute(_WAITING, 1, residents, 1, 2)
        while await sequencer.step():
            pass
        await connection.execute("VACUUM ANALYZE")
    spent: list[list[float]] = [[], []]
    for number in range(size.steps + 5):
        progress(f"audit: growth, turn {number} of {size.steps}")
        for (connection, sequencer), residents, times in zip(logs, held, spent, strict=True):
            last = residents - number * _SMALL_BATCH
            await connection.execute(_WAITING, last - _SMALL_BATCH + 1, last, 3, 3)
            begun = time.perf_counter()
            batch = await sequencer.step()
            times.append((time.perf_counter() - begun) * 1000)
            assert batch is not None
            assert batch.entries == _SMALL_BATCH
    medians = [quantile(times[5:], 0.5) for times in spent]  # the first turns fill caches
    ratio = medians[1] / medians[0]
    return {
        "row": "growth",
        "value": round(ratio, 2),
        "unit": "times",
        "denominator": 1.0,
        "ratio": round(ratio, 3),
        "hold": GROWTH_MAX,
        "holds": ratio <= GROWTH_MAX,
        "p50_ms": round(medians[0], 2),
        "p50_grown_ms": round(medians[1], 2),
        "notes": f"at most; the time of a batch of {_SMALL_BATCH} entries at {size.grown} residents and at {GROWTH}"
        " times as many, in turns",
    }


# What a phone fetches


def _bundle() -> Row:
    """Weigh the bundles of all residents of one page of buckets, as full as it is at a million residents."""
    chance = random.Random(2026)
    per_page = RESIDENTS * PER_STEP // 2**DEPTH
    page = dict.fromkeys(range(PER_STEP), b"")
    for _ in range(per_page):
        bucket = chance.randrange(PER_STEP)
        label = ((bucket << (32 - DEPTH)) | chance.randrange(1 << (32 - DEPTH))).to_bytes(4, "big")
        label += chance.randbytes(28)
        page[bucket_of(label)] = replaced(page[bucket_of(label)], label, Head(chance.randrange(1, 5000), bytes(32)))
    labels = [body[place : place + 32] for body in page.values() for place in range(0, len(body), 72)]
    tree = HeadMap()
    tree.set({number: chance.randbytes(32) for number in range(1 << 2 * STEP)}, 2 * STEP)
    tree.set({number: bucket_hash(body) for number, body in page.items()})
    tiles = [tree.tile(2 * STEP, 0), tree.tile(STEP, 0)]
    note, keys = _note(tree.root)
    bundles = [Bundle(note, (prove(label, page, tiles),)) for label in labels]
    weights = [len(bundle.json()) for bundle in bundles]
    begun = time.perf_counter()
    for bundle in bundles:
        assert len(verify(bundle.note, keys)) == len(keys)
        assert verify_head(bundle.heads[0], tree.root)
    spent = (time.perf_counter() - begun) / len(bundles)
    return {
        "row": "bundle",
        "value": max(weights),
        "unit": "bytes",
        "denominator": None,
        "ratio": None,
        "hold": BUNDLE_BYTES_MAX,
        "holds": max(weights) <= BUNDLE_BYTES_MAX,
        "p50_bytes": round(quantile(weights, 0.5)),
        "two_keys_bytes": max(len(Bundle(note, (one.heads[0], one.heads[0])).json()) for one in bundles),
        "verify_us": round(spent * 1e6),
        "notes": f"at most; {WITNESSES} Ed25519 cosignatures and one record key at {RESIDENTS} residents, the largest"
        f" of {len(weights)}; verify_us: all signatures and the proof",
    }


def _note(map_root: bytes) -> tuple[str, list[Any]]:
    text = Checkpoint("carecode.local/log", 123_456_789, bytes(range(32)), (extension(map_root),)).text()
    seeds = [secrets.token_bytes(32) for _ in range(WITNESSES + 1)]
    names = [f"witness-{number}.example.org" for number in range(WITNESSES)]
    lines = [sign(text, "carecode.local/log", seeds[0])]
    lines += [cosign(text, name, seed, 1_790_000_000) for name, seed in zip(names, seeds[1:], strict=True)]
    keys = [public_key("carecode.local/log", ED25519, seeds[0])]
    keys += [public_key(name, COSIGNATURE, seed) for name, seed in zip(names, seeds[1:], strict=True)]
    return join(text, lines), keys
