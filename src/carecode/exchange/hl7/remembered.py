"""Messages that were taken, by their control id: a repeat changes nothing and gets the very same answer.

Kept in memory, bounded, of one process: after a restart a repeat is done again, which changes nothing
either, for registering the same numbers, merging who is one and renaming what is renamed leave all as it
is.  Only answers that say "taken" are kept; what failed may be sent again under the same id, corrected.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final, NamedTuple

from carecode.exchange.hl7.faults import Condition, MessageError

KEPT_MAX: Final = 10_000
KEPT: Final = timedelta(hours=24)
_KEY_BYTES: Final = 16


class _Answered(NamedTuple):
    digest: bytes
    answer: bytes
    at: datetime


class _Running:
    """One message under way, and how many repeats of it wait for its answer."""

    __slots__ = ("lock", "waiting")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0


class Remembered:
    """Answers by sender and control id, the oldest falling out."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: OrderedDict[bytes, _Answered] = OrderedDict()
        self._running: dict[bytes, _Running] = {}

    async def once(
        self, sender: tuple[str, ...], data: bytes, now: datetime, work: Callable[[], Awaitable[tuple[bytes, bool]]]
    ) -> bytes:
        """Do ``work`` unless its message was taken before; it returns the answer and whether to keep it.

        ``sender`` ends with the control id.  MessageError when the id was used for another message within
        KEPT.  Two repeats at once wait for each other.
        """
        key = blake2b("\x1f".join(sender).encode(), digest_size=_KEY_BYTES).digest()
        digest = blake2b(data, digest_size=_KEY_BYTES).digest()
        running = self._running.setdefault(key, _Running())
        running.waiting += 1
        try:
            async with running.lock:
                known = self._kept.get(key)
                if known is not None and now - known.at < KEPT:
                    if known.digest != digest:
                        words = "This control id was used for another message. Give each message its own."
                        raise MessageError(Condition.DUPLICATE_KEY, "control-id-used", words, "MSH^1^10")
                    return known.answer
                answer, keep = await work()
                if keep:
                    self._keep(key, _Answered(digest, answer, now))
                return answer
        finally:
            running.waiting -= 1
            if not running.waiting:
                del self._running[key]

    def _keep(self, key: bytes, answered: _Answered) -> None:
        self._kept[key] = answered
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
