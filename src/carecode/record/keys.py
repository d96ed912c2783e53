"""Data keys in the server's memory: no longer than the right to them lasts.

The server cannot open a stored key.  To read, it shows the key broker a receipt and the wrapped keys
it met; what comes back is kept until that receipt ends.  To write, it asks for a fresh key, which it
uses for at most WRITE_SECONDS.  A resident has many data keys; each row names the one that sealed it.

Python cannot wipe memory: what is dropped here is unreachable, and gone when its memory is used again.
Times are of a monotonic clock, so that a clock set back prolongs nothing.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from carecode.crypto.datakeys import FreshKey, Opened, WrappedKey
from carecode.crypto.sealing import KEY_BYTES, NONCE_BYTES, unwrap, wrap
from carecode.kernel.vocabulary import Receipt, RecordKey

WRITE_SECONDS: Final = 600.0
WRITERS_MAX: Final = 4096  # residents written to lately; about 400 bytes each
RECEIPTS_MAX: Final = 10_000  # receipts whose keys are at hand


class KeyDoor(Protocol):
    """Whoever holds the key-encryption keys: the broker's process, or one inside a test."""

    async def fresh(self, key: RecordKey) -> FreshKey:
        """Make a data key for a resident; UnavailableError when the door does not answer."""

    async def open(self, receipt: Receipt, wrapped: Sequence[WrappedKey]) -> Opened:
        """Open keys of the residents that a live receipt names.

        RefusedError ``receipt-over`` when it is not live, UnavailableError when the door does not
        answer or may not open now, CorruptError for a key that it did not wrap.
        """

    def when_erased(self, forget: Callable[[RecordKey], None]) -> None:
        """Call ``forget`` for each resident whose keys are erased from now on."""


_Name = tuple[UUID, UUID]  # whose, and which of hers: rows from before the broker all name key zero


@dataclass(slots=True)
class _Held:
    ends: float
    deks: dict[_Name, bytes] = field(repr=False)


class DataKeys:
    """The keys at hand: by receipt to read, by resident to write."""

    def __init__(
        self, door: KeyDoor, dropped: Callable[[bytes], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask ``door`` for what is not at hand; ``dropped`` hears of each data key that is given up."""
        self._door = door
        self._dropped = dropped
        self._monotonic = monotonic
        self._writers: dict[RecordKey, tuple[float, FreshKey]] = {}
        self._held: dict[UUID, _Held] = {}
        self._ends: list[tuple[float, UUID]] = []  # a heap: when, and which receipt or writer
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ends = 0.0
        door.when_erased(self.forget)

    def __repr__(self) -> str:
        """Hide the keys."""
        return "DataKeys(...)"

    async def to_write(self, key: RecordKey) -> FreshKey:
        """Return the data key to write to a resident's record with, now."""
        found = self._writers.get(key)
        now = self._monotonic()
        if found is not None and now < found[0]:
            return found[1]
        fresh = await self._door.fresh(key)
        self._give_up_writer(key)
        if len(self._writers) >= WRITERS_MAX:
            self._give_up_writer(next(iter(self._writers)))
        ends = now + WRITE_SECONDS  # from before it was asked for
        self._writers[key] = (ends, fresh)
        self._remind(ends, key)
        return fresh

    async def to_read(self, receipt: Receipt, met: Iterable[tuple[UUID, UUID, bytes]]) -> Mapping[_Name, bytes]:
        """Return by owner and id the data keys of the rows that were read under ``receipt``.

        ``met`` says of each row whose it is, which key sealed it, and that key wrapped.
        """
        wrapped = {(owner, key_id): stored for owner, key_id, stored in met}
        now = self._monotonic()
        held = self._held.get(receipt.id)
        if held is not None and now < held.ends:
            missing = [name for name in wrapped if name not in held.deks]
            if not missing:
                return held.deks
        else:
            missing = list(wrapped)
        opened = await self._door.open(
            receipt, [WrappedKey(RecordKey(name[0]), name[1], wrapped[name]) for name in missing]
        )
        return self._keep(receipt.id, now + opened.seconds, dict(zip(missing, opened.keys, strict=True)))

    def forget(self, key: RecordKey) -> None:
        """Drop every data key of a resident at once, when her record is erased."""
        self._give_up_writer(key)
        for held in self._held.values():
            for name in [name for name in held.deks if name[0] == key]:
                self._dropped(held.deks.pop(name))

    def sweep(self) -> None:
        """Drop what has ended; runs by itself when the next one ends."""
        now = self._monotonic()
        while self._ends and self._ends[0][0] <= now:
            _ends, name = heapq.heappop(self._ends)
            held = self._held.get(name)
            if held is not None and held.ends <= now:
                self._give_up(name)
            writer = self._writers.get(RecordKey(name))
            if writer is not None and writer[0] <= now:
                self._give_up_writer(RecordKey(name))

    def _keep(self, receipt: UUID, ends: float, deks: dict[_Name, bytes]) -> dict[_Name, bytes]:
        held = self._held.get(receipt)
        if held is None:
            if len(self._held) >= RECEIPTS_MAX:
                self._give_up(next(iter(self._held)))
            held = self._held[receipt] = _Held(ends, deks)
        else:
            held.ends = ends
            held.deks.update(deks)
        self._remind(ends, receipt)
        return held.deks

    def _give_up(self, receipt: UUID) -> None:
        for dek in self._held.pop(receipt).deks.values():
            self._dropped(dek)

    def _give_up_writer(self, key: RecordKey) -> None:
        writer = self._writers.pop(key, None)
        if writer is not None:
            self._dropped(writer[1].dek)

    def _remind(self, ends: float, name: UUID) -> None:
        heapq.heappush(self._ends, (ends, name))
        if self._timer is not None and ends < self._timer_ends:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._arm()

    def _arm(self) -> None:
        self._timer_ends = self._ends[0][0]
        wait = max(self._timer_ends - self._monotonic(), 0.0) + 0.01
        self._timer = asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.sweep()
        if self._ends:
            self._arm()


class WithoutBroker:
    """A door that keeps the key-encryption key in this very process: for tests of other things only.

    It asks nobody whether a receipt is live; the row policy did.  ``serve`` and ``demo`` never use it.
    """

    def __init__(self, kek: bytes, random_bytes: Callable[[int], bytes]) -> None:
        """Wrap under ``kek`` (32 bytes)."""
        self._kek = kek
        self._random_bytes = random_bytes

    def __repr__(self) -> str:
        """Hide the key."""
        return "WithoutBroker(...)"

    async def fresh(self, key: RecordKey) -> FreshKey:
        """Make a data key."""
        name, dek = UUID(bytes=self._random_bytes(16), version=4), self._random_bytes(KEY_BYTES)
        return FreshKey(name, dek, wrap(self._kek, dek, key.bytes + name.bytes, self._random_bytes(NONCE_BYTES)))

    async def open(self, receipt: Receipt, wrapped: Sequence[WrappedKey]) -> Opened:
        """Open keys; CorruptError for one that this door did not wrap."""
        del receipt
        return Opened([unwrap(self._kek, one.wrapped, one.owner.bytes + one.id.bytes) for one in wrapped], 60.0)

    def when_erased(self, forget: Callable[[RecordKey], None]) -> None:
        """Erase nothing."""
