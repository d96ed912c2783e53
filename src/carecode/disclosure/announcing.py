"""What the public log says of legal orders: each before its release, and how many there were every week."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from carecode.kernel.vocabulary import ResidentId
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from carecode.store.database import Database

CLAIM: Final = timedelta(minutes=1)
"""For how long one process may be about to say something before another does it."""
WAITING_MAX: Final = 200
WEEK: Final = timedelta(days=7)
WEEKS_MAX: Final = 60  # said in one call, after a long silence


class Status(Protocol):
    """How far the public log is."""

    @property
    def cosigned_size(self) -> int | None:
        """How many leaves a cosigned checkpoint holds."""


class Public(Protocol):
    """The public log, as far as orders use it (``audit.publiclog.PublicLog``)."""

    async def publish(self, statement: Mapping[str, Any]) -> UUID:
        """Take a statement for the log."""

    async def leaf_of_statement(self, number: UUID) -> int | None:
        """Return where it stands, or None."""

    async def status(self) -> Status:
        """Say how far the log is."""


class Announcements:
    """Says orders in public, each once, though several processes may try."""

    def __init__(self, database: Database, public: Public) -> None:
        """Use the role ``carecode_disclosure``; ``public`` is the log."""
        self._room = Room(database, "disclosure")
        self._public = public

    async def is_public(self, statement: UUID | None) -> bool:
        """Tell whether a statement stands under a checkpoint that the witnesses cosigned."""
        leaf = None if statement is None else await self._public.leaf_of_statement(statement)
        size = None if leaf is None else (await self._public.status()).cosigned_size
        return leaf is not None and size is not None and leaf < size

    async def waiting(self) -> list[tuple[ResidentId, UUID]]:
        """Return the orders that two bodies approved and that are not public yet, at most WAITING_MAX."""
        rows = await self._room.fetch("unpublished_orders", WAITING_MAX)
        return [(ResidentId(row["resident_id"]), row["id"]) for row in rows]

    async def announce(self, resident: ResidentId, order: UUID, statement: Mapping[str, Any], now: datetime) -> None:
        """Publish an order's statement, unless it is public or another process is about to."""
        if await self._room.fetch("claim_order", resident, order, now, now - CLAIM):
            number = await self._public.publish(statement)
            await self._room.run("publish_order", resident, order, number, now)

    async def weekly(self, now: datetime) -> int:
        """Say how many orders each finished week had, none included; return how many weeks were said.

        The first call says the last finished week; later ones every week since.  Weeks begin on Monday, UTC.
        """
        today = now.astimezone(UTC).date()
        last = today - timedelta(days=today.weekday()) - WEEK
        newest: date | None = (await self._room.fetch("newest_week"))[0]["week"]
        week = last if newest is None else max(newest + WEEK, last - (WEEKS_MAX - 1) * WEEK)
        said = 0
        while week <= last:
            begins = datetime.combine(week, time(), UTC)
            rows = await self._room.fetch("claim_week", week, begins, begins + WEEK, now, now - CLAIM)
            if rows:
                statement = {
                    "kind": "legal orders of a week",
                    "week": week.isoformat(),
                    "orders": rows[0]["orders"],
                    "sealed": rows[0]["sealed"],
                }
                await self._room.run("publish_week", week, await self._public.publish(statement))
                said += 1
            week += WEEK
        return said
