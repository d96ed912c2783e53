"""Residents met a moment ago, so that the many requests of one visit ask the index about her once."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecode.identity.index import Index
    from carecode.kernel.vocabulary import RecordKey, Resident

KEPT: Final = timedelta(seconds=1)
"""How long a change to her keys in the index may stay unseen here; it opens nothing by itself."""
KEPT_MAX: Final = 10_000


class Known:
    """Whose record a key is: asked of the index once a second."""

    def __init__(self, index: Index, clock: Callable[[], datetime]) -> None:
        """Begin empty."""
        self._index = index
        self._clock = clock
        self._met: OrderedDict[RecordKey, tuple[datetime, Resident]] = OrderedDict()

    async def by_key(self, key: RecordKey) -> Resident | None:
        """Find whose record a key is."""
        now = self._clock()
        met = self._met.get(key)
        if met is not None and met[0] <= now < met[0] + KEPT:
            return met[1]
        resident = await self._index.by_key(key)
        if resident is not None:
            self._met[key] = (now, resident)
            self._met.move_to_end(key)
            if len(self._met) > KEPT_MAX:
                self._met.popitem(last=False)
        return resident
