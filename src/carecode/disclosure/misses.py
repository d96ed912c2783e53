"""How often wrong codes were tried: one address is stopped early, all together late.

Eight digits that live ten minutes withstand a thousand guesses a minute; one address gets ten, so
that a stranger cannot lock the phones of everybody else out.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import UnavailableError

if TYPE_CHECKING:
    from datetime import datetime

MISSES_PER_PEER: Final = 10
MISSES_IN_ALL: Final = 1000
PEERS_MAX: Final = 10_000
MINUTE: Final = timedelta(minutes=1)


class Misses:
    """Wrong codes of the last minute, in this process."""

    def __init__(self) -> None:
        """Begin with none."""
        self._all: deque[datetime] = deque(maxlen=MISSES_IN_ALL)
        self._peers: OrderedDict[str, deque[datetime]] = OrderedDict()

    def refuse_if_many(self, peer: str, now: datetime) -> None:
        """Raise UnavailableError when this address, or all together, missed too often within a minute."""
        mine = self._peers.get(peer, deque())
        if _full(mine, MISSES_PER_PEER, now) or _full(self._all, MISSES_IN_ALL, now):
            raise UnavailableError("enrolment-busy", "Too many codes were tried. Wait a minute, then try again.")

    def add(self, peer: str, now: datetime) -> None:
        """Remember a wrong code."""
        self._all.append(now)
        self._peers.setdefault(peer, deque(maxlen=MISSES_PER_PEER)).append(now)
        self._peers.move_to_end(peer)
        if len(self._peers) > PEERS_MAX:
            self._peers.popitem(last=False)


def _full(tries: deque[datetime], most: int, now: datetime) -> bool:
    return len(tries) == most and now - tries[0] < MINUTE
