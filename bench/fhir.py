"""Bench ``fhir``: what taking in and giving out a record costs beside moving the same bytes.

``ingest``: transaction bundles through the house's own door (checked, references resolved, sealed,
indexed, logged), durable commit per bundle, one process, one bundle at a time and two in flight;
beside a binary COPY of the same resources into a bare text column of the same PostgreSQL, one
connection, default storage, commit per bundle.

``read``: GET of single observations over HTTP by 8 clients under receipts in force; beside an echo
of the same bytes by a raw ASGI application in the same server.
"""

from __future__ import annotations

import asyncio
import bz2
import io
import random
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import uvloop

from bench.clients import HOST, ask
from bench.house import CLIENTS, MACHINE, Bare, bare_table, house, serving, settle
from bench.report import Pair, Row, progress, quantile, row_of
from carecode.app import App, asgi
from carecode.crypto.canonical import compact
from carecode.demo.generator import bundle_of, generate
from carecode.kernel.vocabulary import Purpose

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

INGEST_RATIO_MIN: Final = 0.08
READ_RATIO_MIN: Final = 0.10
SYNTHEA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "synthea"
COPIES: Final = 3
"""How often a part is copied: one COPY alone is over too soon to be timed well."""
_IN_FLIGHT: Final = (1, 2)
_SEED: Final = 2026
_TODAY: Final = date(2026, 11, 23)
_COPY_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END: Final = struct.pack(">h", -1)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    bundles: int  # Synthea's people at most
    residents: int  # of the demo town, where Synthea is absent
    ingests: int  # repeats, each a part of the bundles
    reads: int  # repeats
    seconds: float  # of each part of each turn of reading
    paths: int


FULL: Final = Size(bundles=100, residents=150, ingests=5, reads=15, seconds=2.0, paths=4_000)
QUICK: Final = Size(bundles=24, residents=40, ingests=3, reads=9, seconds=0.5, paths=800)


@dataclass(frozen=True, slots=True)
class Sample:
    """One bundle as it is sent, and its resources as COPY takes them."""

    data: bytes
    count: int
    copied: bytes


@dataclass(frozen=True, slots=True)
class Samples:
    """Bundles about hospitals, bundles about residents, and where they are from."""

    directory: list[Sample]
    residents: list[Sample]
    source: str


def rows(quick: bool) -> list[Row]:  # noqa: FBT001 - the form every bench has
    """Measure and return the rows ``ingest`` and ``read``."""
    return uvloop.run(_rows(QUICK if quick else FULL))


async def _rows(size: Size) -> list[Row]:
    progress("fhir: reading the bundles")
    found = samples(size)
    async with house() as app:
        return await measured(app, found, size)


async def measured(app: App, found: Samples, size: Size) -> list[Row]:
    """Measure on an empty house with its hospital."""
    for sample in found.directory:
        await app.bundles.process(MACHINE, sample.data)
    async with bare_table(app, "body text NOT NULL") as bare:
        ingest, answers = await _ingest(app, bare, found, size)
        await settle(bare)
    return [ingest, await _read(app, answers, size)]


# What is sent


def samples(size: Size) -> Samples:
    """Take Synthea's bundles from beside the checkout, or those of the demo town."""
    paths = sorted(SYNTHEA.glob("*.json.bz2"))
    if not paths:
        return Samples([], [_sample(data) for data in _town(size.residents)], "demo town")
    about_hospitals = [path for path in paths if path.name.startswith("0-")]
    about_residents = [path for path in paths if path not in about_hospitals][: size.bundles]
    return Samples(
        [_sample(bz2.decompress(path.read_bytes())) for path in about_hospitals],
        [_sample(bz2.decompress(path.read_bytes())) for path in about_residents],
        "Synthea",
    )


def _town(residents: int) -> Iterator[bytes]:
    for household in generate(_SEED, residents, _TODAY):
        for person in household.people:
            for visit in person.visits:
                yield msgspec.json.encode(bundle_of(person, visit))


def _sample(data: bytes) -> Sample:
    entries = msgspec.json.decode(data, type=_Bundle).entry
    bodies = [compact(bytes(entry.resource)) for entry in entries]
    packed = b"".join(struct.pack(">hi", 1, len(body)) + body for body in bodies)
    return Sample(data, len(bodies), _COPY_HEAD + packed + _COPY_END)


class _Entry(msgspec.Struct):
    resource: msgspec.Raw


class _Bundle(msgspec.Struct):
    entry: list[_Entry]


# Ingest


async def _ingest(app: App, bare: Bare, found: Samples, size: Size) -> tuple[Row, list[bytes]]:
    """Take all bundles in, in parts, each beside a bare COPY of the same part; the better way counts."""
    first, *others = sorted(found.residents, key=lambda sample: sample.count)
    answers = [await app.bundles.process(MACHINE, first.data)]  # fills caches, connects
    await _copy(bare, [first])
    parts = iter(_parts(others, size.ingests * len(_IN_FLIGHT)))
    pairs: dict[int, list[Pair]] = {in_flight: [] for in_flight in _IN_FLIGHT}
    for number in range(size.ingests):
        for in_flight in _IN_FLIGHT:
            progress(f"fhir: ingest, part {number + 1} of {size.ingests}, {in_flight} at a time")
            part = next(parts)
            count = sum(sample.count for sample in part)
            begun = time.perf_counter()
            answers += await _take(app, part, in_flight)
            taken = time.perf_counter() - begun
            pairs[in_flight].append(Pair(count / taken, count / await _copy(bare, part)))
    by_way = {
        in_flight: row_of("ingest", "resources per second", some, INGEST_RATIO_MIN) for in_flight, some in pairs.items()
    }
    best = max(by_way, key=lambda way: float(by_way[way]["ratio"]))
    more = {
        "resources": sum(sample.count for sample in found.residents),
        "bundles": len(found.residents),
        "in_flight": best,
        "ratios": {f"{way} in flight": by_way[way]["ratio"] for way in by_way},
        "notes": f"{found.source}, one process, {best} in flight (the better of one and two); denominator: bare COPY"
        " of the same resources, one connection, default storage, commit per bundle",
    }
    return by_way[best] | more, answers


def _parts(bundles: Sequence[Sample], count: int) -> list[list[Sample]]:
    """Deal bundles, sorted by length, into parts of about the same length: there and back again."""
    parts: list[list[Sample]] = [[] for _ in range(count)]
    for place, sample in enumerate(bundles):
        turn, step = divmod(place, count)
        parts[step if turn % 2 == 0 else count - 1 - step].append(sample)
    assert all(parts), "too few bundles"
    return parts


async def _take(app: App, bundles: Sequence[Sample], in_flight: int) -> list[bytes]:
    waiting = iter(bundles)
    answers: list[bytes] = []

    async def sender() -> None:
        for sample in waiting:
            answers.append(await app.bundles.process(MACHINE, sample.data))  # noqa: PERF401 - the senders share waiting

    await asyncio.gather(*(sender() for _ in range(in_flight)))
    return answers


async def _copy(bare: Bare, bundles: Sequence[Sample]) -> float:
    """Return the seconds of a bare COPY, one commit per bundle, taken as the mean of COPIES."""
    async with bare.acquire() as connection:
        begun = time.perf_counter()
        for _ in range(COPIES):
            for sample in bundles:
                source = io.BytesIO(sample.copied)
                await connection.copy_to_table("bare", schema_name="bench", source=source, format="binary")
        return (time.perf_counter() - begun) / COPIES


# Read


async def _read(app: App, answers: Sequence[bytes], size: Size) -> Row:
    token = await app.sessions.issue_bearer(app.clock(), purpose=Purpose.TREAT, staff=MACHINE.id)
    paths = _paths(answers, size.paths)
    headers = {"authorization": f"Bearer {token}", "accept": "application/fhir+json"}
    echoes: dict[str, bytes] = {}
    async with serving(_beside(asgi(app), echoes)) as port:
        plan = {"port": port, "headers": headers, "clients": CLIENTS, "seconds": size.seconds, "paths": paths}
        progress("fhir: opening receipts")
        for path in paths:  # and learns what to echo
            echoes["/echo" + path] = await _body(port, path, headers)
        echo = plan | {"paths": list(echoes)}
        await ask(plan | {"seconds": size.seconds / 2})
        measured_ = []
        for number in range(size.reads):
            progress(f"fhir: read, turn {number + 1} of {size.reads}")
            measured_.append((await ask(plan), await ask(echo)))
    latencies = [one for read, _ in measured_ for one in read["latencies_ms"]]
    return row_of(
        "read",
        "reads per second",
        [Pair(_speed(read), _speed(echoed)) for read, echoed in measured_],
        READ_RATIO_MIN,
        p50_ms=round(quantile(latencies, 0.5), 2),
        p99_ms=round(quantile(latencies, 0.99), 2),
        observations=len(paths),
        notes=f"{CLIENTS} clients in another process, receipts in force; denominator: echo of the same bytes,"
        " same server",
    )


def _speed(answer: dict[str, Any]) -> float:
    return float(answer["count"] / answer["seconds"])


def _paths(answers: Sequence[bytes], count: int) -> list[str]:
    """Pick observations of every bundle, in an order of chance that is always the same."""
    places = [
        entry["response"]["location"].split("/_history/")[0]
        for answer in answers
        for entry in msgspec.json.decode(answer)["entry"]
    ]
    own = ["/fhir/" + place for place in places if place.startswith("Observation/")]
    return random.Random(_SEED).sample(own, min(count, len(own)))


async def _body(port: int, path: str, headers: dict[str, str]) -> bytes:
    """Ask once, plainly."""
    reader, writer = await asyncio.open_connection(HOST, port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n{lines}\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 200"), head.split(b"\r\n", 1)[0]
    return body


def _beside(inner: ASGIApp, echoes: dict[str, bytes]) -> ASGIApp:
    """Put a raw echo into the house's server, in front of it."""

    async def entry(scope: Scope, receive: Receive, send: Send) -> None:
        body = echoes.get(scope.get("path", ""))
        if body is None:
            await inner(scope, receive, send)
            return
        length = str(len(body)).encode()
        kind = (b"content-type", b"application/fhir+json")
        await send({"type": "http.response.start", "status": 200, "headers": [kind, (b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})

    return entry
