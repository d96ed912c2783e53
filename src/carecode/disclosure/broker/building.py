"""A broker put together: its files in one folder, its one right to them, and what runs beside it.

The folder holds the ring (``broker.json``), the erased, how far the public log was followed, and the
journal; a lock lets only one broker use them.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from carecode.disclosure.broker.broker import Broker, Unwatched, Watching
from carecode.disclosure.broker.erased import FILE_NAME as ERASED_NAME
from carecode.disclosure.broker.erased import Erased
from carecode.disclosure.broker.erasing import Erasing
from carecode.disclosure.broker.journal import Journal
from carecode.disclosure.broker.local import House
from carecode.disclosure.broker.ring import FILE_NAME as RING_NAME
from carecode.disclosure.broker.ring import BrokerRing
from carecode.disclosure.broker.rows import KeyRows
from carecode.disclosure.broker.tending import LEGACY_EPOCH, Tending
from carecode.disclosure.broker.watch import LogDemand, Watch
from carecode.kernel.errors import ConflictError, NotFoundError
from carecode.store.database import Database

LOCK_NAME: Final = "broker.lock"
SEEN_NAME: Final = "broker.seen.json"
JOURNAL_NAME: Final = "journal"


@dataclass(frozen=True, slots=True)
class Means:
    """Randomness and clocks."""

    random_bytes: Callable[[int], bytes]
    clock: Callable[[], datetime]
    monotonic: Callable[[], float] = field(default=time.monotonic)


@contextlib.asynccontextmanager
async def keeping(
    database: Database, means: Means, *, folder: Path | None = None, demand: LogDemand | None = None,
    ring: BrokerRing | None = None,
) -> AsyncIterator[House]:  # fmt: skip
    """Put a broker together and keep it running; ``demand`` None leaves the public log unwatched.

    Without a folder (tests, benches) it remembers nothing: give it its ``ring``.  Raises what the
    files' own readers raise, and ConflictError ``broker-runs`` when another broker has the folder.
    """
    rows = KeyRows(database)
    with locked(folder):
        ring = ring or await _ring(rows, means, folder)
        journal = Journal(folder / JOURNAL_NAME if folder else None, means.clock, means.monotonic)
        erased = Erased(ring, folder / ERASED_NAME if folder else None)
        watch: Watch | None = None
        if demand is not None:
            seen = folder / SEEN_NAME if folder else None
            watch = Watch(rows, ring, demand, path=seen, clock=means.clock, monotonic=means.monotonic)
        watching: Watching = watch or Unwatched()
        broker = Broker(ring, rows, journal, watching, erased, means.random_bytes)
        state = watch.state if watch else dict
        erasing = Erasing(ring, rows, erased, means.monotonic)
        tending = Tending(ring, rows, journal, erased, erasing, state, means.random_bytes, means.clock)
        tasks = [asyncio.create_task(watch.run())] if watch else []
        try:
            await erasing.learn()
            tasks.append(asyncio.create_task(tending.go_on()))
            yield House(broker, tending, erasing.told)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if watch is not None:
                watch.close()
            await journal.close()


@contextlib.contextmanager
def locked(folder: Path | None) -> Iterator[None]:
    """Be the only one who uses a broker's files; ConflictError ``broker-runs`` when somebody else does."""
    if folder is None:
        yield
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LOCK_NAME).open("ab") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConflictError(
                "broker-runs", "The key keeper of this data folder is running already. Stop it first."
            ) from None
        yield


async def _ring(rows: KeyRows, means: Means, folder: Path | None) -> BrokerRing:
    """Open the ring; make one only where nothing was ever wrapped by another."""
    path = folder / RING_NAME if folder else None
    try:
        if path is not None:
            return BrokerRing.open(path)
    except NotFoundError:
        if any(number != LEGACY_EPOCH for number in await rows.counts()):
            raise  # a new ring would open none of them, and make it look as if all were well
    return BrokerRing.made(means.random_bytes, means.clock(), path)
