"""Bench ``gate``: what the log costs beside a bare insert, and whether a refusal shows in the time taken.

``log``: entries committed and flushed with their receipts, as the gate has them made.  ``disclosure``:
one request decided, logged and answered with ten rows, under a new receipt each time.  Both by 8
clients, residents spread, beside durable one-row inserts over a pool of the same size.

``absence``: a clinic that a resident shut out asks about her, and about a person of whom nothing is
stored.  Both answers are empty; the row says how well their times tell them apart (0.5: not at all).
"""

from __future__ import annotations

import itertools
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import msgspec
import uvloop

from bench.house import CLIENTS, HOSPITAL, MACHINE, Bare, Pace, bare_table, house, pace, settle
from bench.report import Pair, Row, progress, quantile, row_of
from carecode.disclosure.answers import Query
from carecode.disclosure.people import Organisation, herself
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import ALL_CATEGORIES, CodePurpose, Purpose, Requester, Resident, Role

if TYPE_CHECKING:
    from carecode.app import App

LOG_RATIO_MIN: Final = 0.50
DISCLOSURE_RATIO_MIN: Final = 0.20
ABSENCE_AUC_MAX: Final = 0.52
ROWS_READ: Final = 10
CLINIC: Final = "east-clinic"  # shut out
SYSTEM: Final = "urn:carecode:bench"
_TEN: Final = Query(type="Observation")
_INSERT: Final = "INSERT INTO bench.bare (id, body) VALUES ($1, $2)"
_ENTRY_TEXT: Final = "x" * 200


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    residents: int
    seconds: float  # of each part of each turn
    repeats: int
    pairs: int  # of absence, unless its time is over before
    absence_seconds: float
    rows_refused: int  # of each resident who shut the clinic out


FULL: Final = Size(residents=400, seconds=1.0, repeats=15, pairs=10_000, absence_seconds=120.0, rows_refused=50)
QUICK: Final = Size(residents=80, seconds=0.4, repeats=9, pairs=1_500, absence_seconds=12.0, rows_refused=50)


def rows(quick: bool) -> list[Row]:  # noqa: FBT001 - the form every bench has
    """Measure and return the rows ``log``, ``disclosure`` and ``absence``."""
    return uvloop.run(_rows(QUICK if quick else FULL))


async def _rows(size: Size) -> list[Row]:
    async with house() as app:
        return await measured(app, size)


async def measured(app: App, size: Size) -> list[Row]:
    """Measure on an empty house with its hospital."""
    progress("gate: making residents")
    residents = [await _resident(app, number, ROWS_READ) for number in range(size.residents)]
    async with bare_table(app, "id uuid PRIMARY KEY, body text NOT NULL") as bare:
        await settle(bare)
        log = await _log(app, bare, residents, size)
        disclosure = await _disclosure(app, bare, residents, size)
    return [log, disclosure, await _absence(app, size)]


async def _resident(app: App, number: int, count: int) -> Resident:
    """Enrol somebody and give her ``count`` observations and an open window at the hospital."""
    await app.bundles.process(MACHINE, _bundle(number, count))
    resident = await app.index.resolve(SYSTEM, str(number))
    assert resident is not None
    await app.gate.code_was_shown(MACHINE, resident, CodePurpose.OPEN_RECORD)
    return resident


def _bundle(number: int, count: int) -> bytes:
    """Write a transaction: one Patient and her observations."""
    her = f"urn:uuid:{uuid4()}"
    patient: dict[str, Any] = {"resourceType": "Patient", "identifier": [{"system": SYSTEM, "value": str(number)}]}
    observations: list[dict[str, Any]] = [
        {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4", "display": "Heart rate"}]},
            "subject": {"reference": her},
            "effectiveDateTime": f"2026-{1 + place % 12:02d}-{1 + place % 28:02d}T08:30:00+08:00",
            "valueQuantity": {"value": 60 + place % 40, "unit": "/min", "code": "/min"},
        }
        for place in range(count)
    ]
    entries = [
        {"fullUrl": name, "resource": resource, "request": {"method": "POST", "url": resource["resourceType"]}}
        for name, resource in zip(
            [her, *(f"urn:uuid:{uuid4()}" for _ in observations)], [patient, *observations], strict=True
        )
    ]
    return msgspec.json.encode({"resourceType": "Bundle", "type": "transaction", "entry": entries})


# What the log and a disclosure cost


async def _log(app: App, bare: Bare, residents: Sequence[Resident], size: Size) -> Row:
    turn = _spread(residents)

    async def seal(client: int) -> None:
        decided = app.clock()
        await app.log.seal(next(turn[client]), MACHINE, Purpose.TREAT, ALL_CATEGORIES, "bench", decided_at=decided)

    turns = await _turns("log", size, seal, _inserting(bare))
    latencies = list(itertools.chain.from_iterable(subject.latencies_ms for subject, _ in turns))
    return row_of(
        "log",
        "entries per second",
        _pairs(turns),
        LOG_RATIO_MIN,
        p50_ms=round(quantile(latencies, 0.5), 2),
        p99_ms=round(quantile(latencies, 0.99), 2),
        notes=f"{CLIENTS} clients; denominator: durable one-row inserts over the same pool",
    )


async def _disclosure(app: App, bare: Bare, residents: Sequence[Resident], size: Size) -> Row:
    turn = _spread(residents)
    asking = _clinicians()

    async def disclose(client: int) -> None:
        found = await app.gate.fetch(next(asking), next(turn[client]), _TEN)
        assert found.total == ROWS_READ

    known = next(asking)  # its receipts stay in force: what a read costs without a new disclosure

    async def read(client: int) -> None:
        await app.gate.fetch(known, next(turn[client]), _TEN)

    for resident in residents:
        await app.gate.fetch(known, resident, _TEN)
    turns = await _turns("disclosure", size, disclose, _inserting(bare))
    again = (await pace(size.seconds, read)).latencies_ms
    latencies = list(itertools.chain.from_iterable(subject.latencies_ms for subject, _ in turns))
    return row_of(
        "disclosure",
        "disclosures per second",
        _pairs(turns),
        DISCLOSURE_RATIO_MIN,
        p50_ms=round(quantile(latencies, 0.5), 2),
        p95_ms=round(quantile(latencies, 0.95), 2),
        p99_ms=round(quantile(latencies, 0.99), 2),
        p50_added_ms=round(quantile(latencies, 0.5) - quantile(again, 0.5), 2),
        p95_added_ms=round(quantile(latencies, 0.95) - quantile(again, 0.95), 2),
        notes=f"{CLIENTS} clients, {ROWS_READ} rows, decided and logged anew each time; denominator: durable one-row"
        " inserts over the same pool; added: beside the same read under a receipt in force",
    )


def _spread(residents: Sequence[Resident]) -> list[Iterator[Resident]]:
    """Give each client residents of its own, again and again."""
    return [itertools.cycle(residents[client::CLIENTS]) for client in range(CLIENTS)]


def _clinicians() -> Iterator[Requester]:
    """Give a clinician who never asked before, again and again: nothing is open for her yet."""
    doctor = replace(MACHINE, role=Role.CLINICIAN, title="general medicine")
    return (replace(doctor, id=f"bench-doctor-{number}") for number in itertools.count())


def _inserting(bare: Bare) -> Callable[[int], Any]:
    async def insert(_client: int) -> None:
        async with bare.acquire() as connection:
            await connection.execute(_INSERT, uuid4(), _ENTRY_TEXT)

    return insert


async def _turns(
    name: str, size: Size, subject: Callable[[int], Any], denominator: Callable[[int], Any]
) -> list[tuple[Pace, Pace]]:
    """Measure the two in turns; the first turn, which connects and fills caches, does not count."""
    turns = []
    for number in range(size.repeats + 1):
        progress(f"gate: {name}, turn {number} of {size.repeats}")
        seconds = size.seconds if number else size.seconds / 2
        turns.append((await pace(seconds, subject), await pace(seconds, denominator)))
    return turns[1:]


def _pairs(turns: Sequence[tuple[Pace, Pace]]) -> list[Pair]:
    return [Pair(subject.per_second, denominator.per_second) for subject, denominator in turns]


# Whether a refusal can be told from an absence


async def _absence(app: App, size: Size) -> Row:
    await app.people.put_organisation(Organisation(CLINIC, "East Clinic", "东区诊所", "clinic"))
    refusing = [await _refusing(app, 1_000_000 + number, size.rows_refused) for number in range(CLIENTS)]
    unknown = [await _unknown(app, 2_000_000 + number) for number in range(CLIENTS)]
    asking = (replace(doctor, organisation=CLINIC) for doctor in _clinicians())

    async def asked(resident: Resident) -> float:
        doctor = next(asking)
        begun = time.perf_counter()
        found = await app.gate.fetch(doctor, resident, _TEN)
        spent = time.perf_counter() - begun
        assert found.total == 0
        return spent

    order = random.Random(2026)
    restricted: list[float] = []
    none: list[float] = []
    until = time.perf_counter() + size.absence_seconds
    for number in range(-size.pairs // 20, size.pairs):  # the first ones fill caches
        if time.perf_counter() > until:
            break
        if number % 100 == 0:
            progress(f"gate: absence, pair {number} of {size.pairs}")
        two = [(restricted, refusing[number % CLIENTS]), (none, unknown[number % CLIENTS])]
        order.shuffle(two)
        for times, resident in two:
            spent = await asked(resident)
            if number >= 0:
                times.append(spent)
    return absence_row(restricted, none)


async def _refusing(app: App, number: int, count: int) -> Resident:
    """Give somebody a record at the hospital and let her shut the clinic out."""
    resident = await _resident(app, number, count)
    await app.privacy.refuse(herself(resident.id), CLINIC)
    await app.gate.code_was_shown(replace(MACHINE, organisation=CLINIC), resident, CodePurpose.OPEN_RECORD)
    return resident


async def _unknown(app: App, number: int) -> Resident:
    """Enrol somebody of whom nothing is stored but that she decided about another clinic."""
    person = Person("", "", None, "unknown", "")
    made = await app.index.enrol([parse(SYSTEM, str(number))], person, source=HOSPITAL, now=app.clock())
    await app.gate.code_was_shown(replace(MACHINE, organisation=CLINIC), made.resident, CodePurpose.OPEN_RECORD)
    return made.resident


def absence_row(restricted: Sequence[float], none: Sequence[float]) -> Row:
    """Make the row of the seconds that answers of both kinds took."""
    found = auc(restricted, none)
    value = max(found, 1 - found)  # a classifier may as well take the shorter time
    error = math.sqrt((2 * len(none) + 1) / 12) / len(none)  # of an AUC of 0.5
    doubt = 2 * error if len(none) < FULL.pairs else 0.0
    return {
        "row": "absence",
        "value": round(value, 4),
        "unit": "AUC",
        "denominator": 0.5,
        "ratio": round(value / 0.5, 3),
        "hold": ABSENCE_AUC_MAX,
        "holds": value <= ABSENCE_AUC_MAX + doubt,
        "spread": [round(value - 2 * error, 4), round(value + 2 * error, 4)],
        "pairs": len(none),
        "p50_ms": round(quantile(none, 0.5) * 1000, 3),
        "p50_restricted_ms": round(quantile(restricted, 0.5) * 1000, 3),
        "notes": "at most; a person whose record is closed to the asker against one of whom nothing is stored"
        + (f"; so few pairs leave a doubt of {doubt:.3f}, which is granted" if doubt else ""),
    }


def auc(above: Sequence[float], below: Sequence[float]) -> float:
    """Return how probably a random one of ``above`` exceeds a random one of ``below`` (Mann and Whitney).

    >>> auc([2.0, 3.0], [1.0, 2.0])
    0.875
    """
    ranked = sorted([(value, True) for value in above] + [(value, False) for value in below])
    total = 0.0
    place = 0
    for _, tied in itertools.groupby(ranked, key=lambda one: one[0]):
        kinds = [kind for _, kind in tied]
        total += sum(kinds) * (place + (len(kinds) + 1) / 2)  # equal values share their mean rank
        place += len(kinds)
    return (total - len(above) * (len(above) + 1) / 2) / (len(above) * len(below))
