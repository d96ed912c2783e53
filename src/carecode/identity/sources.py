"""Source records: what each source said of an entry, never changed, and superseded by what it says later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from carecode.identity.linking.golden import Claim
from carecode.identity.matcher import Matcher, Said
from carecode.kernel.errors import NotFoundError
from carecode.kernel.vocabulary import ResidentId
from carecode.store.room import Room


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a source record."""

    entry: ResidentId  # another than the one given: somebody else was first, and nothing was kept
    rid: UUID
    fresh: bool


class Sources:
    """What sources say.  One per process."""

    def __init__(self, room: Room, matcher: Matcher, random_bytes: Callable[[int], bytes]) -> None:
        """Keep the room and what seals; ``random_bytes`` gives ids."""
        self._room = room
        self._matcher = matcher
        self._random_bytes = random_bytes

    async def keep(self, entry: ResidentId, said: Said, now: datetime) -> Kept:
        """Keep what a source says, once, so that it is found; saying something else later supersedes it.

        A source's own number names one entry for ever: when it names another entry already, that one is
        returned and nothing is kept.  Raises NotFoundError ``entry-gone``.
        """
        rid = UUID(bytes=self._random_bytes(16), version=4)
        sealed, payload = self._matcher.seal_said(said, entry, rid)
        local = self._matcher.local_hash(said.source, said.local)
        keys = self._matcher.keyed(said.features).stored
        rows = await self._room.fetch("keep_found", entry, rid, local, payload, sealed, now, keys)
        if not rows:
            raise NotFoundError("entry-gone", "There is nobody here under this number.")
        return Kept(ResidentId(_plain(rows[0]["resident_id"])), _plain(rows[0]["rid"]), rows[0]["fresh"])

    async def claims(self, entry: ResidentId) -> list[Claim]:
        """Return what every source says of the person an entry belongs to, oldest first: see ``golden``."""
        rows = await self._room.fetch("records_of", entry)
        later = {row["supersedes"]: _plain(row["rid"]) for row in rows}
        return [self._claim(row, later.get(row["rid"])) for row in rows]

    async def entry_of(self, rid: UUID) -> ResidentId | None:
        """Say of which entry a source record speaks."""
        found = (await self._room.fetch("entry_of_record", rid))[0][0]
        return ResidentId(_plain(found)) if found else None

    def _claim(self, row: asyncpg.Record, superseded_by: UUID | None) -> Claim:
        rid = _plain(row["rid"])
        said = self._matcher.open_said(row["sealed"], ResidentId(_plain(row["resident_id"])), rid)
        plain = {name: getattr(said, name) for name in ("source", "rank", "assurance", "features")}
        return Claim(rid=rid, recorded_at=row["recorded_at"], superseded_by=superseded_by, **plain)


def _plain(value: UUID) -> UUID:
    """Turn the driver's UUID into the standard one, which every encoder knows."""
    return UUID(int=value.int)
