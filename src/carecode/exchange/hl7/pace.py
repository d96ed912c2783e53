"""How fast one organisation may ask: all its questions, and those that found nobody, within a minute.

The second bound is the lower: who tries out persons mostly misses.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Final

from carecode.exchange.hl7.faults import Condition, MessageError

ASKED_PER_MINUTE: Final = 600
MISSED_PER_MINUTE: Final = 60
MINUTE: Final = timedelta(minutes=1)


class Pace:
    """Questions of the last minute, of one organisation, in this process."""

    def __init__(self, asked: int = ASKED_PER_MINUTE, missed: int = MISSED_PER_MINUTE) -> None:
        """Begin with none."""
        self._asked: deque[datetime] = deque(maxlen=asked)
        self._missed: deque[datetime] = deque(maxlen=missed)

    def ask(self, now: datetime) -> None:
        """Count a question; MessageError (AE, 206) when there were too many."""
        for tries in (self._asked, self._missed):
            if len(tries) == tries.maxlen and now - tries[0] < MINUTE:
                words = "Too many questions within a minute. Wait, then ask again."
                raise MessageError(Condition.LOCKED, "query-busy", words)
        self._asked.append(now)

    def miss(self, now: datetime) -> None:
        """Count a question that was answered with nobody."""
        self._missed.append(now)
