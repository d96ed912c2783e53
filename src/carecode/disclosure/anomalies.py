"""Days that stand out: who opened far more records without a code than she and her colleagues use to.

Looked at every hour, so that a snooper is found on the day; each person's day comes before the officers of
her institution once, in words.  The operator sees only how many wait.  Numbers of people are compared, never
which people, and a finding stops nobody: it asks a second person to look.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import NAMESPACE_OID, uuid5

from carecode.disclosure.reviews import NewItem
from carecode.disclosure.unusual import DAYS_MAX, unusual
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from carecode.audit.log import Activity, Log
    from carecode.disclosure.reviews import Work
    from carecode.store.database import Database

EVERY: Final = timedelta(hours=1)
_Place = tuple[str, str]  # institution and role: who are colleagues


class Anomalies:
    """The hourly look."""

    def __init__(self, database: Database, log: Log, work: Work) -> None:
        """Use the role ``carecode_disclosure``; count in ``log``, put what stands out before ``work``."""
        self._room = Room(database, "disclosure")
        self._log = log
        self._work = work
        self._looked_at: datetime | None = None

    async def look(self, now: datetime) -> int:
        """Look at the day so far, at most once in EVERY; return how many days were put before officers."""
        if self._looked_at is not None and timedelta() <= now - self._looked_at < EVERY:
            return 0
        self._looked_at = now
        midnight = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
        found = 0
        for begins in (midnight - timedelta(days=1), midnight):  # yesterday's last hour is looked at, too
            day = await self._log.activity(begins, begins + timedelta(days=1))
            found += await self._compare(begins.date(), day, now)
        await self._room.run("prune_activity", midnight.date() - timedelta(days=DAYS_MAX))
        return found

    async def _compare(self, day: date, activity: Iterable[Activity], now: datetime) -> int:
        by_place: dict[_Place, dict[str, Activity]] = defaultdict(dict)
        for one in activity:
            by_place[one.organisation, one.role][one.requester] = one
        history = await self._history(day)
        found = 0
        for place, people in by_place.items():
            counts = {who: one.uncoded for who, one in people.items()}
            for out in unusual(counts, history.get(place, {})):
                await self._work.add(_item(day, people[out.who], out.usual), now)
                found += 1
        if day < now.astimezone(UTC).date():
            await self._keep(day, [one for people in by_place.values() for one in people.values()])
        return found

    async def _history(self, before: date) -> dict[_Place, dict[str, list[int]]]:
        history: dict[_Place, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for row in await self._room.fetch("activity", before):
            history[row["organisation"], row["role"]][row["staff"]].append(row["uncoded"])
        return history

    async def _keep(self, day: date, people: list[Activity]) -> None:
        """Keep a day that is over, for later days to be compared with."""
        await self._room.run(
            "put_activity",
            day,
            [one.requester for one in people],
            [one.organisation for one in people],
            [one.role for one in people],
            [one.uncoded for one in people],
        )


def _item(day: date, one: Activity, usual: float) -> NewItem:
    """Say it in words; the same person's same day is the same item."""
    return NewItem(
        one.organisation,
        uuid5(NAMESPACE_OID, f"{one.organisation}\n{one.requester}\n{day.isoformat()}"),
        "anomaly",
        one.requester_name,
        person=one.requester,
        note=f"{day.isoformat()}: {one.uncoded} people's records opened without a code; usual {round(usual)}.",
    )
