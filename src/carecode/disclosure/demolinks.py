"""Sign-in links for the cast of a demo town, one per role, fresh every hour."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from carecode.disclosure.people import People
    from carecode.disclosure.sessions import Sessions

RESIDENT_CAST: Final = ("@resident", "@elder", "@parent", "@child", "@newborn")
STAFF_CAST: Final = ("@desk", "@doctor", "@cashier", "@steward", "@officer", "@integrator", "@operator")
FRESH: Final = timedelta(hours=1)


class DemoLinks:
    """The links that the front page and ``demo`` show; none on any but demo data."""

    def __init__(self, people: People, sessions: Sessions) -> None:
        """Make no link yet."""
        self._people = people
        self._sessions = sessions
        self._made_at: datetime | None = None
        self._links: dict[str, str] = {}

    async def current(self, now: datetime) -> dict[str, str] | None:
        """Return a sign-in path per member of the cast; None on any but demo data."""
        if not await self._people.is_demo():
            return None
        if self._made_at is None or now - self._made_at > FRESH:
            self._links = await self._fresh(now)
            self._made_at = now
        return self._links

    async def _fresh(self, now: datetime) -> dict[str, str]:
        links = {}
        for handle in RESIDENT_CAST:
            resident = await self._people.cast_member(handle)
            if resident is not None:
                links[handle] = f"/signin/{await self._sessions.link(now, resident=resident)}"
        for handle in STAFF_CAST:
            if await self._people.staff(handle) is not None:
                links[handle] = f"/signin/{await self._sessions.link(now, staff=handle)}"
        return links
