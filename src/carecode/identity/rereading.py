"""All source records again, in batches: what a model is trained on, and what another model is tried on.

For the operator's ``link retrain`` alone.  Nothing that is read leaves the memory of that command, and what it says
of it are counts and case numbers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final, NamedTuple
from uuid import UUID

from carecode.identity.linking.events import Mark
from carecode.identity.linking.features import Features
from carecode.identity.matcher import Matcher
from carecode.kernel.vocabulary import ResidentId
from carecode.store.room import Room

BATCH: Final = 5_000
_FIRST: Final = UUID(int=0)


class Again(NamedTuple):
    """A source record that holds now."""

    entry: ResidentId
    person: ResidentId
    features: Features


class Marked(NamedTuple):
    """What people decided about two entries."""

    entry: ResidentId
    other: ResidentId
    mark: Mark


class Rereading:
    """Reads what the index holds of everybody."""

    def __init__(self, room: Room, matcher: Matcher) -> None:
        """Read from the room ``identity``; ``matcher`` opens records."""
        self._room = room
        self._matcher = matcher

    async def records(self, batch: int = BATCH) -> AsyncIterator[list[Again]]:
        """Give every record that holds now, ``batch`` at a time, those of one entry one after the other."""
        entry = rid = _FIRST
        while rows := await self._room.fetch("records_after", entry, rid, batch):
            found = []
            for row in rows:
                entry, rid = UUID(int=row["entry"].int), UUID(int=row["rid"].int)
                said = self._matcher.open_said(row["sealed"], ResidentId(entry), rid)
                found.append(Again(ResidentId(entry), ResidentId(UUID(int=row["person"].int)), said.features))
            yield found

    async def marks(self, batch: int = BATCH) -> list[Marked]:
        """Give what people decided, each pair once."""
        found: list[Marked] = []
        entry = other = _FIRST
        while rows := await self._room.fetch("marks_after", entry, other, batch):
            for row in rows:
                entry, other = UUID(int=row["entry"].int), UUID(int=row["other"].int)
                found.append(Marked(ResidentId(entry), ResidentId(other), Mark(row["mark"])))
        return found
