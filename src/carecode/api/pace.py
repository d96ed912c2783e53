"""How often one institution asks who somebody is: enough for every patient it registers, too little to try numbers out.

Counted in this process.  A question that shows nobody counts twice over: towards the minute and towards the
hour, for who asks about people who are there is at work, and who asks about people who are not is guessing.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import UnavailableError

if TYPE_CHECKING:
    from datetime import datetime

ASKED_MAX: Final = 240
"""Questions of one institution within a minute: a large hospital registers some ten patients."""
UNFOUND_MAX: Final = 600
"""Questions within an hour that showed nobody."""
MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
INSTITUTIONS_MAX: Final = 10_000


class TooManyError(UnavailableError):
    """This institution asks too often."""

    http_status = 429

    def __init__(self) -> None:
        super().__init__("too-many-questions", "Your institution asks too often who somebody is. Wait, then try again.")


@dataclass(slots=True)
class _Asked:
    """When one institution asked."""

    asked: deque[datetime] = field(default_factory=lambda: deque(maxlen=ASKED_MAX))
    unfound: deque[datetime] = field(default_factory=lambda: deque(maxlen=UNFOUND_MAX))


class Pace:
    """Questions of the last hour, by institution; the ones silent longest fall out."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: OrderedDict[str, _Asked] = OrderedDict()

    def take(self, organisation: str, now: datetime) -> None:
        """Count a question before anything is looked up.  TooManyError when there were too many."""
        mine = self._kept.setdefault(organisation, _Asked())
        self._kept.move_to_end(organisation)
        if len(self._kept) > INSTITUTIONS_MAX:
            self._kept.popitem(last=False)
        if _full(mine.asked, now, MINUTE) or _full(mine.unfound, now, HOUR):
            raise TooManyError
        mine.asked.append(now)

    def unfound(self, organisation: str, now: datetime) -> None:
        """Count a question that showed nobody."""
        self._kept.setdefault(organisation, _Asked()).unfound.append(now)


def _full(times: deque[datetime], now: datetime, span: timedelta) -> bool:
    return len(times) == times.maxlen and now - times[0] < span
