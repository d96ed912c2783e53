"""Sign-in links for the cast of a demo town, one per role that has pages, fresh every hour."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from carecode.disclosure.people import People
    from carecode.disclosure.sessions import Sessions

RESIDENT_CAST: Final = ("@resident", "@elder", "@parent", "@child", "@newborn")
# The integrator and the operator have no pages yet: a link would lead nowhere.
STAFF_CAST: Final = ("@desk", "@doctor", "@cashier", "@steward", "@officer")
FRESH: Final = timedelta(hours=1)


class DemoLinks:
    """The links that the front page and ``demo`` show; none on any but demo data."""

    def __init__(self, people: People, sessions: Sessions) -> None:
        """Make no link yet."""
        self._people = people
        self._sessions = sessions
        self._made_at: datetime | None = None
        self._links: dict[str, str] = {}  # handle -> token

    async def current(self, now: datetime) -> dict[str, str] | None:
        """Return a sign-in path per member of the cast, none of them dead; None on any but demo data."""
        if not await self._people.is_demo():
            return None
        if self._made_at is None or now - self._made_at > FRESH:
            self._links, self._made_at = {}, now
        links = {}
        for handle in (*RESIDENT_CAST, *STAFF_CAST):
            token = self._links.get(handle)
            if token is None or not await self._sessions.link_holds(token, now):  # a desk may have ended it
                token = await self._fresh(handle, now)
            if token is not None:
                links[handle] = token
        self._links = links
        return {handle: f"/signin/{token}" for handle, token in links.items()}

    async def _fresh(self, handle: str, now: datetime) -> str | None:
        if handle in RESIDENT_CAST:
            resident = await self._people.cast_member(handle)
            return None if resident is None else await self._sessions.link(now, resident=resident)
        known = await self._people.staff(handle)
        return None if known is None else await self._sessions.link(now, staff=handle)
