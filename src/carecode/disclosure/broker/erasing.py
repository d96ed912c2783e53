"""Erasing a record by its keys, and keeping it erased: in the database, in the broker's list, in every memory."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from carecode.disclosure.broker.erased import Erased
from carecode.disclosure.broker.ring import BrokerRing
from carecode.disclosure.broker.rows import PAGE, KeyRows
from carecode.disclosure.broker.wire import NUMBER_BYTES, Id, WrappedItem
from carecode.kernel.errors import ConflictError, CorruptError, InvalidInputError

ERASURES_PER_HOUR_MAX: Final = 100
"""Whoever takes a server must not be able to destroy every record in a night."""
SECONDS_PER_HOUR: Final = 3600.0
WORDS: Final = 5  # id, name, title, role, organisation of who asks for an erasure


class Erasing:
    """Erases, replays erasures, and restores keys without the erased."""

    def __init__(
        self, ring: BrokerRing, rows: KeyRows, erased: Erased, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """``told`` hears of the residents whose keys are erased."""
        self._monotonic = monotonic
        self._lately: deque[float] = deque()
        self._ring = ring
        self._rows = rows
        self._erased = erased
        self.told: list[Callable[[Sequence[Id]], None]] = []

    async def learn(self) -> int:
        """Take up erasures that the database knows and this broker does not; return how many."""
        learned = 0
        async for owners in self._rows.erased():
            learned += self._erased.add(owners)
        return learned

    async def erase(self, argument: object) -> dict[str, Any]:
        """Erase every key of one resident: ``[[number, receipt] ..., words]``.  Told to all who may hold one."""
        try:
            keys, words = msgspec.convert(argument, tuple[list[tuple[Id, Id]], list[str]])
        except msgspec.ValidationError:
            raise InvalidInputError("task-argument", "Say whose keys, and who asks.") from None
        if len(words) != WORDS or any(len(number) != NUMBER_BYTES for pair in keys for number in pair):
            raise InvalidInputError("task-argument", "Say whose keys, and who asks.")
        self._bound(len(keys))
        count = 0
        for key, receipt in keys:  # in the database and the log first: a fact that nobody logged is no fact
            count += await self._rows.erase(key, receipt, words)
        owners = [key for key, _receipt in keys]
        self._erased.add(owners)
        self._tell(owners)
        return {"erased": count}

    async def replay(self, _argument: object) -> dict[str, Any]:
        """Bring the database's erasures and the broker's own list together, and remove keys that came back."""
        learned = await self.learn()
        known = 0
        async for owners in self._rows.erased():
            known += len(owners)
        removed = 0
        if len(self._erased) > known:  # this is a database from before some erasures
            async for page in self._rows.wrapped():
                back = sorted({owner for owner, _name, _wrapped in page if owner in self._erased})
                if back:
                    removed += await self._rows.erase_again(back)
                    self._tell(back)
        return {"learned": learned, "removed": removed}

    async def restore(self, argument: object) -> dict[str, Any]:
        """Put wrapped keys of a backup back that are missing: never one of the erased, nor one that does not open."""
        try:
            items = msgspec.convert(argument, list[WrappedItem])
        except msgspec.ValidationError:
            raise InvalidInputError("task-argument", "Give wrapped keys.") from None
        if len(items) > PAGE:
            raise InvalidInputError("task-argument", "Give fewer keys at once.")
        good: list[WrappedItem] = []
        unreadable = 0
        for item in items:
            if item[0] in self._erased:
                continue
            try:
                self._ring.unwrap(*item)
            except CorruptError:
                unreadable += 1
            else:
                good.append(item)
        erased = len(items) - len(good) - unreadable
        return {"restored": await self._rows.put(good) if good else 0, "erased": erased, "unreadable": unreadable}

    def _bound(self, count: int) -> None:
        """Refuse more than ERASURES_PER_HOUR_MAX."""
        now = self._monotonic()
        while self._lately and now - self._lately[0] >= SECONDS_PER_HOUR:
            self._lately.popleft()
        if len(self._lately) + count > ERASURES_PER_HOUR_MAX:
            raise ConflictError("erasures-many", "Too many records were erased within an hour. Erase the others later.")
        self._lately.extend([now] * count)

    def _tell(self, owners: Sequence[Id]) -> None:
        for tell in self.told:
            tell(owners)
