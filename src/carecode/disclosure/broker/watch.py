"""The watch: whatever the broker opened must stand in the signed public log within seconds.

Each entry for which keys were opened must come by among the log's new leaves within MISSING_SECONDS; as
long as one does not, and for good once the log does not verify, no key is opened.  The same when
witnesses fall silent for longer than their grace.  Times are of a monotonic clock.

Source: C2SP tlog-cosignature.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from carecode.audit.merkle import leaf_hash
from carecode.audit.notes import NoteKey, held
from carecode.audit.tiles import entry_leaf
from carecode.disclosure.broker.following import Follower, LogView
from carecode.disclosure.broker.ring import BrokerRing
from carecode.kernel.errors import CareCodeError, CorruptError, InvalidInputError, UnavailableError

MISSING_SECONDS: Final = 5.0
ROUND_SECONDS: Final = 0.5
LATE_SECONDS: Final = 1.5
LATE_MAX: Final = 1024  # looked up in one round
FOUND_MAX: Final = 100_000  # entries found lately: a receipt may be shown again
STATE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class LogDemand:
    """Whose log it is, and which witnesses must have seen it."""

    log_key: bytes | None = None  # the log's Ed25519 public key; None: the pinned one
    witnesses: tuple[NoteKey, ...] = ()
    quorum: int = 0
    grace_seconds: float = 600.0


class Seen(msgspec.Struct, frozen=True):
    """How far the watch has come, kept in a file: after a start it goes on from there."""

    size: int
    root: str
    uncosigned_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Expected:
    since: float
    data: bytes


class Watch:
    """Follows the log; ``check`` before keys are opened, ``opened`` after."""

    def __init__(
        self,
        view: LogView,
        ring: BrokerRing,
        demand: LogDemand,
        *,
        path: Path | None,
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        """Go on from what the file at ``path`` says; nothing is asked yet.  CorruptError for a damaged file."""
        self._view = view
        self._demand = demand
        self._path = path
        self._clock = clock
        self._monotonic = monotonic
        seen = _read(path)
        self._follower = Follower(view, ring, demand.log_key, (seen.size, bytes.fromhex(seen.root)) if seen else None)
        self._pending: OrderedDict[bytes, _Expected] = OrderedDict()  # by leaf hash, the oldest first
        self._found: OrderedDict[bytes, None] = OrderedDict()
        self._broken: CareCodeError | None = None
        self._uncosigned_since = seen.uncosigned_since if seen else None
        self._uncosigned_at: float | None = None
        if self._uncosigned_since is not None:  # a start does not give the grace anew
            self._uncosigned_at = monotonic() - max((clock() - self._uncosigned_since).total_seconds(), 0.0)
        self._cosigned_size = 0
        self._written_at = monotonic()
        self._wake = asyncio.Event()

    def check(self) -> None:
        """Raise UnavailableError ``log-behind``, ``log-unseen`` or ``log-broken`` when nothing may be opened."""
        if self._broken is not None:
            raise UnavailableError("log-broken", self._broken.message) from self._broken
        now = self._monotonic()
        if self._waiting(now) > MISSING_SECONDS:
            raise UnavailableError(
                "log-behind",
                "What was opened last does not stand in the public log yet. Nothing is opened until it does.",
            )
        if self._uncosigned_at is not None and now - self._uncosigned_at > self._demand.grace_seconds:
            raise UnavailableError(
                "log-unseen", "No witness has confirmed the public log for too long. Nothing is opened until they do."
            )

    def opened(self, entry: bytes) -> None:
        """Expect this entry's hash in the log within MISSING_SECONDS."""
        data = entry_leaf(entry)
        leaf = leaf_hash(data)
        if leaf not in self._found and leaf not in self._pending:
            self._pending[leaf] = _Expected(self._monotonic(), data)
            self._wake.set()

    def state(self) -> dict[str, Any]:
        """Say how the log stands, for an operator."""
        now = self._monotonic()
        try:
            self.check()
            stopped = None
        except UnavailableError as error:
            stopped = error.code
        frontier = self._follower.frontier
        return {
            "size": frontier.size if frontier else None,
            "waiting_entries": len(self._pending),
            "waiting_seconds": round(self._waiting(now), 1),
            "uncosigned_seconds": round(now - self._uncosigned_at, 1) if self._uncosigned_at is not None else 0.0,
            "stopped": stopped,
        }

    async def run(self) -> None:
        """Follow the log until cancelled: twice a second while entries are waited for, and each two seconds."""
        while True:
            with contextlib.suppress(UnavailableError):  # the database is away: what is waited for is late by itself
                await self.round()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ROUND_SECONDS if self._pending else 4 * ROUND_SECONDS):
                    await self._wake.wait()
                await asyncio.sleep(ROUND_SECONDS)  # let the log take it up
            self._wake.clear()

    async def round(self) -> None:
        """Follow the log up to its newest checkpoint, once.  UnavailableError when it cannot be followed."""
        if self._broken is not None:
            return
        try:
            for leaf in await self._follower.follow(self._pending, self._monotonic()):
                self._settle(leaf)
            await self._look_up_late()
            await self._count_witnesses()
        except (CorruptError, InvalidInputError) as error:
            self._broken = error
            raise UnavailableError("log-broken", error.message) from error
        if self._monotonic() - self._written_at >= STATE_SECONDS:
            self._written_at = self._monotonic()
            self._write()

    def close(self) -> None:
        """Write down how far it came."""
        self._write()

    async def _look_up_late(self) -> None:
        """Prove entries that did not come by among the new leaves: they stood in the log before the watch began."""
        now = self._monotonic()
        late = [leaf for leaf, expected in self._pending.items() if now - expected.since >= LATE_SECONDS][:LATE_MAX]
        if not late:
            return
        places = await self._view.places([self._pending[leaf].data for leaf in late])
        for leaf, index in zip(late, places, strict=True):
            if index is not None and await self._follower.prove(leaf, index, now):
                self._settle(leaf)

    async def _count_witnesses(self) -> None:
        frontier = self._follower.frontier
        if self._demand.quorum == 0 or frontier is None:
            return
        seen = await self._view.checkpoint(self._demand.quorum)
        if seen is not None:
            signed = {one.key.public for one in held(seen[1], self._demand.witnesses)}
            if len(signed) >= self._demand.quorum:
                self._cosigned_size = max(self._cosigned_size, self._follower.verified(seen[1]).size)
        if self._cosigned_size >= frontier.size:
            self._uncosigned_at = self._uncosigned_since = None
        elif self._uncosigned_at is None:
            self._uncosigned_at, self._uncosigned_since = self._monotonic(), self._clock()

    def _waiting(self, now: float) -> float:
        """Return for how many seconds the oldest entry has been waited for."""
        return now - next(iter(self._pending.values())).since if self._pending else 0.0

    def _settle(self, leaf: bytes) -> None:
        self._pending.pop(leaf, None)
        self._found[leaf] = None
        if len(self._found) > FOUND_MAX:
            self._found.popitem(last=False)

    def _write(self) -> None:
        frontier = self._follower.frontier
        if self._path is None or frontier is None or self._broken is not None:
            return
        state = Seen(frontier.size, frontier.root().hex(), self._uncosigned_since)
        draft = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(state))
        draft.replace(self._path)


def _read(path: Path | None) -> Seen | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Seen) if path is not None else None
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError:
        raise CorruptError("watch-unreadable", "What the key keeper knows of the public log is damaged.") from None
