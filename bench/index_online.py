"""The index on PostgreSQL: finding one person among many, registering, linking and parting.

People of ``bench.people`` fill an empty house (all in keyed keys and sealed features, as always); then whoever is
looked up or registered is somebody else's row of the same population, or somebody new.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from bench.house import CLIENTS, HOSPITAL, Bare, bare_table, house, pace, settle
from bench.index_batch_people import record_of
from bench.people.population import population
from bench.report import Pair, Row, progress, quantile, row_of
from carecode.identity.bulk import Arrival, Bulk
from carecode.identity.entering import TOGETHER_MAX
from carecode.identity.ledger import By
from carecode.identity.linking.deciding import Outcome
from carecode.identity.person import Person
from carecode.kernel.errors import ConflictError

if TYPE_CHECKING:
    from carecode.app import App
    from carecode.identity.linking.standardise import Record
    from carecode.kernel.vocabulary import ResidentId

NOW: Final = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SEED: Final = 77
IDENTIFY_PER_SECOND_MIN: Final = 2_500
IDENTIFY_P99_MS_MAX: Final = 1.0
REGISTER_PER_SECOND_MIN: Final = 1_500
BATCH_PER_SECOND_MIN: Final = 8_000
MERGE_MS_MAX: Final = 5.0
GROWTH_MAX: Final = 1.5
_GROWN: Final = 16
_ASKED: Final = 4_000
_MERGES: Final = 200
_BATCHES: Final = 20


async def rows(people: int, seconds: float, repeats: int) -> list[Row]:
    """Measure with ``people`` rows in the index: identify, growth, register, register_batch, merge."""
    coming = (arrival(row) for row in population(people + people // 2 + 200_000, SEED))
    async with house() as app, bare_table(app, "id int PRIMARY KEY, body text") as bare:
        await bare.execute("INSERT INTO bench.bare SELECT i, 'x' FROM generate_series(1, 1000) AS i")
        await _fill(app, coming, people // _GROWN)
        asked = [one.more for one in islice(coming, _ASKED) if one.more is not None]
        small = await _identify(app, bare, asked, seconds, repeats)
        await _fill(app, coming, people - people // _GROWN)
        await settle(bare)
        found = await _identify(app, bare, asked, seconds, repeats)
        found["people"] = people
        growth = _growth(small, found)
        register = await _register(app, bare, coming, seconds, repeats)
        batch = await _batches(app, coming)
        merge = await _merge(app)
        return [found, register, batch, merge, growth]


def arrival(row: Any) -> Arrival:  # noqa: ANN401 - a row of the population
    """Read one row as a loader of such files would."""
    record = record_of(row)
    return Arrival(
        record.identifiers,
        Person(row.name, row.name_latin, None, row.sex or "unknown", row.phone[:32]),
        record,
        f"{row.source}|{row.local_id}",
    )


async def _fill(app: App, coming: Iterator[Arrival], count: int) -> None:
    bulk, begun = Bulk(app.index), time.perf_counter()
    for done in range(0, count, TOGETHER_MAX):
        progress(f"index: filling, {done:,} of {count:,}, {done / max(time.perf_counter() - begun, 0.1):,.0f} a second")
        await bulk.enrol(list(islice(coming, TOGETHER_MAX)), source=HOSPITAL, now=NOW)


async def _identify(app: App, bare: Bare, asked: list[Record], seconds: float, repeats: int) -> dict[str, Any]:
    """Look one person up after the other in one process, beside one select by its key."""
    turn = _forever(asked)
    pairs, latencies = [], []

    async def look(_client: int) -> None:
        await app.index.identify(next(turn))

    async def select(client: int) -> None:
        await bare.fetch("SELECT body FROM bench.bare WHERE id = $1", client + 1)

    for number in range(repeats):
        progress(f"index: identify, {number + 1} of {repeats}")
        one, other = await pace(seconds, look, 1), await pace(seconds / 2, select, 1)
        pairs.append(Pair(one.per_second, other.per_second))
        latencies += one.latencies_ms
    row: dict[str, Any] = dict(row_of("identify", "people per second and process", pairs, 0.0))
    p99 = quantile(latencies, 0.99)
    row |= {
        "hold": IDENTIFY_PER_SECOND_MIN,
        "holds": row["value"] >= IDENTIFY_PER_SECOND_MIN and p99 <= IDENTIFY_P99_MS_MAX,
    }
    return row | {
        "p50_ms": round(quantile(latencies, 0.5), 3),
        "p99_ms": round(p99, 3),
        "notes": "one process, one at a time, to the person she is; denominator: one select by key, same pool",
    }


def _growth(small: dict[str, Any], large: dict[str, Any]) -> Row:
    ratio = round(large["p50_ms"] / small["p50_ms"], 3)
    return {
        "row": "growth",
        "value": large["p50_ms"],
        "unit": "ms, p50 of identify",
        "denominator": small["p50_ms"],
        "ratio": ratio,
        "hold": GROWTH_MAX,
        "holds": ratio <= GROWTH_MAX,
        "notes": f"at most; at {_GROWN} times the people against at once",
    }


async def _register(app: App, bare: Bare, coming: Iterator[Arrival], seconds: float, repeats: int) -> Row:
    """Register, each with its own commit, 8 clients, beside a durable insert by as many."""
    pairs, latencies, place = [], [], iter(range(10_000, 1 << 31))

    async def register(_client: int) -> None:
        one = next(coming)
        with contextlib.suppress(ConflictError):  # numbers of two people: told, and as much work
            await app.index.enrol(one.identifiers, one.person, source=HOSPITAL, now=NOW, more=one.more, local=one.local)

    async def insert(_client: int) -> None:
        await bare.execute("INSERT INTO bench.bare VALUES ($1, 'x')", next(place))

    for number in range(repeats):
        progress(f"index: register, {number + 1} of {repeats}")
        one, other = await pace(seconds, register, CLIENTS), await pace(seconds / 2, insert, CLIENTS)
        pairs.append(Pair(one.per_second, other.per_second))
        latencies += one.latencies_ms
    row = dict(row_of("register", "registrations per second", pairs, 0.0))
    row |= {"hold": REGISTER_PER_SECOND_MIN, "holds": row["value"] >= REGISTER_PER_SECOND_MIN}
    return row | {
        "p50_ms": round(quantile(latencies, 0.5), 2),
        "p99_ms": round(quantile(latencies, 0.99), 2),
        "notes": "8 clients, a commit each, matched against the index; denominator: durable one-row inserts, same pool",
    }


async def _batches(app: App, coming: Iterator[Arrival]) -> Row:
    """Register by the thousand, a commit for each thousand."""
    bulk, rates = Bulk(app.index), []
    for number in range(_BATCHES):
        progress(f"index: batches, {number + 1} of {_BATCHES}")
        some = list(islice(coming, TOGETHER_MAX))
        begun = time.perf_counter()
        await bulk.enrol(some, source=HOSPITAL, now=NOW)
        rates.append(len(some) / (time.perf_counter() - begun))
    value = round(sorted(rates)[len(rates) // 2])
    return {
        "row": "register_batch",
        "value": value,
        "unit": "registrations per second",
        "denominator": None,
        "ratio": None,
        "hold": BATCH_PER_SECOND_MIN,
        "holds": value >= BATCH_PER_SECOND_MIN,
        "spread": [round(min(rates)), round(max(rates))],
        "notes": "batches of 1,000, one commit each, standardised and matched, links and cases made",
    }


async def _merge(app: App) -> Row:
    """Merge two persons, read the history, undo it."""
    steward = By("bench-steward", human=True, reason="bench")
    taken: dict[str, list[float]] = {"merge": [], "history": [], "unmerge": []}
    pairs = await _strangers(app)
    for one, other in pairs:
        begun = time.perf_counter()
        event = await app.ledger.merge(one, other, steward, NOW)
        merged = time.perf_counter()
        await app.ledger.history(one)
        read = time.perf_counter()
        await app.ledger.undo(event.id, steward, NOW)
        done = time.perf_counter()
        for name, spent in zip(taken, (merged - begun, read - merged, done - read), strict=True):
            taken[name].append(spent * 1000)
    p99 = {name: round(quantile(spent, 0.99), 2) for name, spent in taken.items()}
    worst = max(round(quantile(spent, 0.5), 2) for spent in taken.values())
    return {
        "row": "merge",
        "value": worst,
        "unit": "ms, p50 of the slowest of merge, history, unmerge",
        "denominator": None,
        "ratio": None,
        "hold": MERGE_MS_MAX,
        "holds": worst <= MERGE_MS_MAX,
        "p50_ms": {name: round(quantile(spent, 0.5), 2) for name, spent in taken.items()},
        "p99_ms": p99,
    }


async def _strangers(app: App) -> list[tuple[ResidentId, ResidentId]]:
    """Register people who are nobody else, two by two."""
    found: list[ResidentId] = []
    number = 0
    while len(found) < 2 * _MERGES:
        person = Person(f"Bench Person{number}", "", None, "unknown", "")
        made = await app.index.enrol([], person, source=HOSPITAL, now=NOW)
        number += 1
        if made.decision is not None and made.decision.outcome is Outcome.NEW:
            found.append(made.resident.id)
    return list(zip(found[::2], found[1::2], strict=True))


def _forever(asked: list[Record]) -> Iterator[Record]:
    while True:
        yield from asked
