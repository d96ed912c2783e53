"""The door of statistics: count cells, release noisy figures once, forget the tokens.

What is kept of a person is a token keyed for one week and the cells it touched, until the week's figures are out;
then nothing.  What comes out are sums with noise, never a row about anybody.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

import asyncpg

from carecode.kernel.errors import ConflictError, InvalidInputError, RefusedError
from carecode.statistics.mechanisms import noisy
from carecode.statistics.releases import (
    CONFIDENCE,
    RELEASES,
    WINDOW,
    Release,
    Released,
    decode,
    encode,
    figures,
    release_of,
    window_of,
)
from carecode.store.queries import queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carecode.kernel.vocabulary import Counted
    from carecode.store.database import Database

EVENTS_MAX: Final = 1_000  # of one call of count_all
DUE_WINDOWS_MAX: Final = 60  # of one call of release_due
_TOKEN_BYTES: Final = range(16, 33)


@dataclass(frozen=True, slots=True)
class Budget:
    """Privacy spent and allowed, as epsilon, over one resident's week and over her year."""

    week_spent: Decimal
    week_cap: Decimal
    year_spent: Decimal
    year_cap: Decimal


class Counts:
    """Counting cells and released figures of the whole population."""

    def __init__(self, database: Database, releases: Mapping[str, Release] = RELEASES) -> None:
        self._database = database
        self._queries = queries("statistics")
        self._releases = releases
        self._cells = {cell for release in releases.values() for cell in release.cells()}

    async def count(self, event: Counted) -> bool:
        """Count one cell touched by one contributor; see ``count_all``.  Return whether it is new."""
        return await self.count_all([event]) == 1

    async def count_all(self, events: Sequence[Counted]) -> int:
        """Count at most EVENTS_MAX events in one round trip and one commit; return how many were new.

        Not counted, and no error: a repeated event, a contributor's cells beyond CELLS_PER_CONTRIBUTOR in one
        window (PostgreSQL holds the bound), a window whose tokens are gone.  Raises InvalidInputError for an
        unknown cell, a window that is no Monday or a token that is not 16 to 32 bytes.
        """
        if len(events) > EVENTS_MAX:
            raise InvalidInputError("too-many-events", f"Count at most {EVENTS_MAX} events at once.")
        for event in events:
            _demand_monday(event.window)
            if event.cell not in self._cells or len(event.contributor) not in _TOKEN_BYTES:
                raise InvalidInputError("count", "This is no cell of a statistic, or no contributor token.")
        # One order for all callers, so that two of them never wait for each other in a ring.
        ordered = sorted(events, key=lambda event: (event.window, event.contributor, event.cell))
        async with self._database.connection("statistics") as connection:
            added: int = await connection.fetchval(
                self._queries["count_cells"],
                [event.window for event in ordered],
                [event.cell for event in ordered],
                [event.contributor for event in ordered],
            )
        return added

    async def release(self, name: str, window: date, now: datetime) -> Released:
        """Return a statistic of a week that is over: noisy figures with 95 % bounds.

        The first call draws the noise, pays for it and keeps the result for ever; each later call, by whomever,
        returns the same and costs nothing.  When the last statistic of the week is out, its tokens are deleted.

        ``window`` is a Monday, ``now`` aware; a week ends on Monday 00:00 UTC.  Raises NotFoundError for an unknown
        statistic, ConflictError for a week that is not over or that was closed without it, RefusedError when the
        privacy budget is spent.
        """
        release = release_of(name, self._releases)
        _demand_monday(window)
        if _day(now) < window + WINDOW:
            raise ConflictError("week-not-over", "This week is not over. Its figures can be released from Monday on.")
        kept = await self._kept(name, window)
        if kept is None:
            kept = await self._draw(release, window, now)
            await self.close_window(window)
        return decode(kept)

    async def release_due(self, now: datetime) -> list[Released]:
        """Release every statistic of each week that is over and still has tokens, oldest first.

        At most DUE_WINDOWS_MAX weeks a call.  Run it once a day: tokens then live a week and a day.
        """
        async with self._database.connection("statistics") as connection:
            rows = await connection.fetch(self._queries["due_windows"], window_of(_day(now)), DUE_WINDOWS_MAX)
        out = [await self.release(name, row["window_start"], now) for row in rows for name in self._releases]
        for row in rows:  # a crash between release and deletion leaves tokens behind; here they go
            await self.close_window(row["window_start"])
        return out

    async def close_window(self, window: date) -> bool:
        """Delete the tokens of a week whose statistics are all released; count nothing in it any more.

        Return False, and change nothing, while one is still outstanding.  May be repeated.
        """
        _demand_monday(window)
        async with self._database.connection("statistics") as connection:
            closed: bool = await connection.fetchval(self._queries["close_window"], window, list(self._releases))
        return closed

    async def budget(self, window: date) -> Budget:
        """Return the privacy budget of a week and of its year."""
        _demand_monday(window)
        async with self._database.connection("statistics") as connection:
            row = await connection.fetchrow(self._queries["budget"], window)
        return Budget(row["week_spent"], row["week_cap"], row["year_spent"], row["year_cap"])

    async def _kept(self, name: str, window: date) -> bytes | None:
        async with self._database.connection("statistics") as connection:
            body: bytes | None = await connection.fetchval(self._queries["kept_release"], name, window)
        return body

    async def _draw(self, release: Release, window: date, now: datetime) -> bytes:
        """Draw noise, offer the result, and return the one that stands: of two at once only one is ever shown."""
        cells = list(release.cells())
        async with self._database.connection("statistics") as connection:
            rows = await connection.fetch(self._queries["true_counts"], release.name, window, cells)
        if not rows:  # another call released it just now, or the tokens are gone
            kept = await self._kept(release.name, window)
            if kept is None:
                raise ConflictError("week-closed", "The counts of this week are deleted; it has no such figures.")
            return kept
        truth = [row["residents"] for row in rows]
        # In a thread: the first draw of a process loads OpenDP, for 0.4 s.
        drawn = await asyncio.to_thread(
            partial(noisy, truth, epsilon=float(release.epsilon), sensitivity=release.sensitivity)
        )
        released = Released(
            release.name, window, release.epsilon, release.sensitivity, CONFIDENCE, figures(release, drawn)
        )
        try:
            async with self._database.connection("statistics") as connection:
                body: bytes = await connection.fetchval(
                    self._queries["keep_release"], release.name, window, release.epsilon, encode(released), now
                )
        except asyncpg.CheckViolationError as error:
            raise RefusedError(
                "privacy-budget-spent",
                "The privacy budget of this week or year is spent. Use figures already released.",
            ) from error
        return body


def _day(now: datetime) -> date:
    if now.tzinfo is None:
        raise InvalidInputError("time-zone", "The time of a release needs a time zone.")
    return now.astimezone(UTC).date()


def _demand_monday(window: date) -> None:
    if window != window_of(window):
        raise InvalidInputError("window", "A week is named by its Monday.")
