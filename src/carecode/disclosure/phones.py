"""Adding a phone: the code that a desk gives, and the phone that uses it, both in her log.

Whoever holds the eight digits can show her codes from then on, so she is told twice: when a desk
makes them, and when a phone is added.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import Purpose, Role

if TYPE_CHECKING:
    from datetime import datetime

    from carecode.audit.log import Log
    from carecode.disclosure.sessions import Sessions
    from carecode.kernel.vocabulary import Requester, Resident

ENROLLERS = frozenset({Role.DESK, Role.SYSTEM})


class Phones:
    """Codes that add a phone."""

    def __init__(self, log: Log, sessions: Sessions) -> None:
        """Write to her log before anything is given."""
        self._log = log
        self._sessions = sessions

    async def code_for(self, requester: Requester, resident: Resident, now: datetime) -> str:
        """Log it, then return eight digits that add one phone within ten minutes.

        The desk has compared her with her document.  RefusedError for anyone but a desk.
        """
        if requester.role not in ENROLLERS:
            raise RefusedError("not-a-desk", "Only a desk adds a phone, after looking at her document.")
        await self._log.append(resident, requester, "identify", Purpose.REGISTER, "phone code")
        return await self._sessions.enrolment_code(resident.id, now)

    async def added(self, requester: Requester, resident: Resident) -> None:
        """Tell her that a phone now shows her code."""
        await self._log.append(resident, requester, "decide", Purpose.PATRQT, "phone added")
