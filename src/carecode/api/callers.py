"""Who calls: the holder of a bearer token and the resident it is bound to, asked at most once a second.

Reads of one visit come in bursts; each would ask the database twice for the same answer.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from carecode.api.doors import App
    from carecode.kernel.vocabulary import Requester, Resident

KEPT: Final = timedelta(seconds=1)
"""So long a token that was taken back may still be answered; what it opens is decided anew each time."""
CALLERS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and whose record a token that is bound to one resident is for."""

    requester: Requester
    resident: Resident | None = field(repr=False)  # None: a machine's token
    asked_at: datetime


class Callers:
    """Callers by token; the oldest fall out."""

    def __init__(self, app: App) -> None:
        """Ask the sessions and the index of ``app``."""
        self._app = app
        self._kept: OrderedDict[str, Caller] = OrderedDict()

    async def of(self, token: str) -> Caller | None:
        """Return who holds a token that is in force, or None.

        None as well when the resident it is bound to is not in the index any more.
        """
        now = self._app.clock()
        kept = self._kept.get(token)
        if kept is not None and now - kept.asked_at < KEPT:
            return kept
        self._kept.pop(token, None)
        requester = await self._app.sessions.bearer(token, now)
        if requester is None:
            return None
        resident = None
        if requester.resident is not None:
            resident = await self._app.index.by_id(requester.resident)
            if resident is None:
                return None
        caller = self._kept[token] = Caller(requester, resident, now)
        if len(self._kept) > CALLERS_MAX:
            self._kept.popitem(last=False)
        return caller
