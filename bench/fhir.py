"""Bench ``fhir``: what taking in and giving out a record costs beside moving the same bytes.

``ingest``: transaction bundles through the house's own door (checked, references resolved, sealed,
indexed, logged), durable commit per bundle, one process, two bundles in flight; beside a binary
COPY of the same resource bytes into a bare table of the same PostgreSQL, one connection, default
storage, commit per bundle.

``read``: GET of single resources by 8 clients under a receipt; beside an echo of the same bytes by
a raw ASGI application in the same server.
"""

from __future__ import annotations

import asyncio
import bz2
import io
import os
import socket
import statistics
import struct
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import msgspec
import uvicorn
import uvloop

from bench.clients import HOST, ask
from carecode.app import App, Settings, asgi, opened
from carecode.crypto.canonical import compact
from carecode.demo.generator import bundle_of, generate
from carecode.disclosure.people import Organisation, Staff
from carecode.kernel.vocabulary import Purpose, Requester, Role

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

INGEST_RATIO_MIN: Final = 0.08
READ_RATIO_MIN: Final = 0.10
IN_FLIGHT: Final = 2
CLIENTS: Final = 8
REPEATS: Final = 3
SYNTHEA: Final = Path(__file__).resolve().parents[2] / "shared" / "data" / "synthea"
BUNDLES_QUICK: Final = 9
PEOPLE: Final = 400
PEOPLE_QUICK: Final = 60
TODAY: Final = date(2026, 11, 1)
PATHS_MAX: Final = 400
HOSPITAL: Final = "county-2"
MACHINE: Final = Requester("bench-machine", Role.SYSTEM, HOSPITAL, "Bench")

_COPY_HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END: Final = struct.pack(">h", -1)


@dataclass(frozen=True, slots=True)
class Sample:
    """One bundle as it is sent, and its resources as COPY takes them."""

    data: bytes
    count: int
    copied: bytes


def rows(quick: bool) -> list[dict[str, Any]]:  # noqa: FBT001 - the form every bench has
    """Measure and return the rows ``ingest`` and ``read``."""
    return uvloop.run(_rows(quick))


async def _rows(quick: bool) -> list[dict[str, Any]]:  # noqa: FBT001
    directory, bundles = _samples(quick)
    with tempfile.TemporaryDirectory(prefix="carecode-bench-") as folder:
        settings = Settings(Path(folder), os.environ.get("CARECODE_DATABASE"), dict(os.environ))
        async with opened(settings, may_migrate=True, alone=True) as app:
            await app.people.put_organisation(Organisation(HOSPITAL, "County Hospital", "县医院", "hospital"))
            await app.people.put_staff(Staff(MACHINE.id, HOSPITAL, Role.SYSTEM, MACHINE.name, "机器", "", ""))
            for sample in directory:
                await app.bundles.process(MACHINE, sample.data)
            ingest, answers = await _ingest(app, bundles)
            return [ingest, await _read(app, answers, seconds=1.0 if quick else 4.0)]


def _samples(quick: bool) -> tuple[list[Sample], list[Sample]]:  # noqa: FBT001
    """Read the bundles about hospitals, and those about residents: real ones, else the demo town's."""
    paths = sorted(SYNTHEA.glob("*.json.bz2"))
    if not paths:
        people = (person for house in generate(1, PEOPLE_QUICK if quick else PEOPLE, TODAY) for person in house.people)
        bundles = (bundle_of(person, visit) for person in people for visit in person.visits)
        return [], [_sample(msgspec.json.encode(bundle)) for bundle in bundles]
    about_hospitals = [path for path in paths if path.name.startswith("0-")]
    about_residents = [path for path in paths if path not in about_hospitals]
    if quick:
        about_residents = about_residents[:BUNDLES_QUICK]
    hospitals, residents = (
        [_sample(bz2.decompress(path.read_bytes())) for path in chosen] for chosen in (about_hospitals, about_residents)
    )
    return hospitals, residents


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


async def _ingest(app: App, bundles: Sequence[Sample]) -> tuple[dict[str, Any], list[bytes]]:
    """Take all bundles in, in REPEATS parts, each beside a bare COPY of the same part."""
    target = app.database.target
    bare = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    answers: list[bytes] = []
    speeds: list[tuple[float, float]] = []
    try:
        await bare.execute("CREATE TABLE public.bench_bare (body bytea)")
        answers.append(await app.bundles.process(MACHINE, bundles[0].data))  # fills caches, connects
        await _copy(bare, bundles[:1])
        for part in range(REPEATS):
            chosen = bundles[1 + part :: REPEATS]
            count = sum(sample.count for sample in chosen)
            begun = time.perf_counter()
            answers += await _take(app, chosen)
            taken = time.perf_counter() - begun
            speeds.append((count / taken, count / await _copy(bare, chosen)))
    finally:
        await bare.execute("DROP TABLE IF EXISTS public.bench_bare")
        await bare.close()
    ratios = [ours / copied for ours, copied in speeds]
    ratio = statistics.median(ratios)
    return {
        "row": "ingest",
        "value": round(statistics.median(ours for ours, _ in speeds)),
        "unit": "resources per second",
        "denominator": round(statistics.median(copied for _, copied in speeds)),
        "ratio": round(ratio, 3),
        "hold": INGEST_RATIO_MIN,
        "holds": ratio >= INGEST_RATIO_MIN,
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "repeats": len(ratios),
        "resources": sum(sample.count for sample in bundles),
        "data": "synthea" if SYNTHEA.is_dir() else "demo town",
        "notes": f"one process, {IN_FLIGHT} bundles in flight; denominator: bare COPY of the same resource bytes",
    }, answers


async def _take(app: App, bundles: Sequence[Sample]) -> list[bytes]:
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def one(sample: Sample) -> bytes:
        async with gate:
            return await app.bundles.process(MACHINE, sample.data)

    return await asyncio.gather(*(one(sample) for sample in bundles))


async def _copy(bare: asyncpg.Connection[asyncpg.Record], bundles: Sequence[Sample]) -> float:
    """Return the seconds of a bare COPY, one commit per bundle."""
    begun = time.perf_counter()
    for sample in bundles:
        await bare.copy_to_table("bench_bare", schema_name="public", source=io.BytesIO(sample.copied), format="binary")
    return time.perf_counter() - begun


# Read


async def _read(app: App, answers: Sequence[bytes], *, seconds: float) -> dict[str, Any]:
    token = await app.people.issue_bearer(app.clock(), purpose=Purpose.TREAT, staff=MACHINE.id)
    paths = _paths(answers)
    headers = {"authorization": f"Bearer {token}", "accept": "application/fhir+json"}
    echoes: dict[str, bytes] = {}
    async with _serving(_beside(asgi(app), echoes)) as port:
        plan = {"port": port, "headers": headers, "clients": CLIENTS, "seconds": seconds, "paths": paths}
        for path in paths:  # opens the receipts, and learns what to echo
            echoes["/echo" + path] = await _body(port, path, headers)
        echo = plan | {"paths": list(echoes)}
        await ask(plan | {"seconds": 0.5})
        measured = [(await ask(plan), await ask(echo)) for _ in range(REPEATS)]
    wrong = sum(read["wrong"] + echoed["wrong"] for read, echoed in measured)
    assert wrong == 0, f"{wrong} answers were not 200"
    ratios = [_speed(read) / _speed(echoed) for read, echoed in measured]
    latencies = sorted(one for read, _ in measured for one in read["latencies_ms"])
    ratio = statistics.median(ratios)
    return {
        "row": "read",
        "value": round(statistics.median(_speed(read) for read, _ in measured)),
        "unit": "reads per second",
        "denominator": round(statistics.median(_speed(echoed) for _, echoed in measured)),
        "ratio": round(ratio, 3),
        "hold": READ_RATIO_MIN,
        "holds": ratio >= READ_RATIO_MIN,
        "p50_ms": round(latencies[len(latencies) // 2], 2),
        "p99_ms": round(latencies[len(latencies) * 99 // 100], 2),
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "repeats": len(ratios),
        "notes": f"{CLIENTS} clients, receipts in force; denominator: echo of the same bytes, same server",
    }


def _speed(answer: dict[str, Any]) -> float:
    return float(answer["count"] / answer["seconds"])


def _paths(answers: Sequence[bytes]) -> list[str]:
    """Pick resources of every bundle, spread evenly."""
    places = [
        entry["response"]["location"].split("/_history/")[0]
        for answer in answers
        for entry in msgspec.json.decode(answer)["entry"]
    ]
    own = [place for place in places if not place.startswith(("Medication/", "Patient/"))]
    return ["/fhir/" + place for place in own[:: max(1, len(own) // PATHS_MAX)]][:PATHS_MAX]


async def _body(port: int, path: str, headers: dict[str, str]) -> bytes:
    """Ask once, plainly."""
    reader, writer = await asyncio.open_connection(HOST, port)
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n{lines}\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    assert head.startswith(b"HTTP/1.1 200"), head.split(b"\r\n", 1)[0]
    return body


def _beside(house: ASGIApp, echoes: dict[str, bytes]) -> ASGIApp:
    """Put a raw echo into the house's server, in front of it."""

    async def entry(scope: Scope, receive: Receive, send: Send) -> None:
        body = echoes.get(scope.get("path", ""))
        if body is None:
            await house(scope, receive, send)
            return
        length = str(len(body)).encode()
        kind = (b"content-type", b"application/fhir+json")
        await send({"type": "http.response.start", "status": 200, "headers": [kind, (b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})

    return entry


@asynccontextmanager
async def _serving(application: ASGIApp) -> AsyncIterator[int]:
    """Serve on a free port of 127.0.0.1 for as long as the block lasts."""
    options: dict[str, Any] = {"log_level": "warning", "access_log": False, "lifespan": "off"}
    server = uvicorn.Server(uvicorn.Config(application, **options))
    with socket.create_server((HOST, 0)) as listening:
        task = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
            await asyncio.sleep(0.01)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await task
