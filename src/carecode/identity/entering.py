"""Entries made in the database: one at a time with its own commit, or a thousand together.

Each entry is written whole: ids, key, card, numbers, what her source says, the keys she is found by
and what was decided about her.  Whoever was registered elsewhere since she was looked up is not
written twice: the caller looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from carecode.identity.linking.deciding import Decision, Outcome
from carecode.identity.matcher import Matcher, Said
from carecode.identity.registering import Asked, Seen
from carecode.identity.vault import Vault
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import ResidentId
from carecode.store.room import Room

TOGETHER_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One entry, sealed and hashed."""

    entry: ResidentId
    key: UUID
    bearer: UUID
    rid: UUID
    person: bytes = field(repr=False)
    claimed: list[bytes] = field(repr=False)  # numbers that name her from now on
    also: list[bytes] = field(repr=False)  # numbers of hers that may be another's
    numbers: list[bytes] = field(repr=False)  # sealed, those of ``claimed`` first
    search: list[bytes] = field(repr=False)
    local: bytes = field(repr=False)
    payload: bytes = field(repr=False)
    said: bytes = field(repr=False)
    at: datetime
    keys: tuple[int, ...] = field(repr=False)
    strong: list[int] = field(repr=False)
    seen: list[UUID]
    decision: bytes = field(repr=False)
    unsettled: bool


class Entering:
    """Writes entries."""

    def __init__(self, room: Room, vault: Vault, matcher: Matcher, random_bytes: Callable[[int], bytes]) -> None:
        """Keep what seals and hashes; ``random_bytes`` gives ids."""
        self._room = room
        self._vault = vault
        self._matcher = matcher
        self._random_bytes = random_bytes

    def row(self, asked: Asked, seen: Seen, decision: Decision) -> Row:
        """Seal one entry under fresh random ids.  About 60 us."""
        fresh = [UUID(bytes=self._random_bytes(16), version=4) for _ in range(4)]
        entry = ResidentId(fresh[0])
        taken = {each for one in seen.known for each in one.hashes}
        claimed = [each for each, number in asked.numbers.items() if number.holds and each not in taken]
        also = [each for each in asked.numbers if each not in claimed]
        said, payload = self._matcher.seal_said(said_by(asked, entry), entry, fresh[3])
        return Row(
            entry=entry,
            key=fresh[1],
            bearer=fresh[2],
            rid=fresh[3],
            person=self._vault.seal_person(asked.given, entry),
            claimed=claimed,
            also=also,
            numbers=self._vault.seal_numbers((asked.numbers[x] for x in (*claimed, *also)), asked.source, entry),
            search=self._vault.search_hashes(asked.given),
            local=asked.local_hash or self._matcher.local_hash(asked.source, entry.hex),
            payload=payload,
            said=said,
            at=asked.now,
            keys=asked.keyed.stored,
            strong=[key for key in asked.keyed.strong if key not in seen.crowded],
            seen=[UUID(record) for record in seen.entries],
            decision=self._matcher.seal_decision(decision, entry),
            unsettled=decision.outcome is not Outcome.NEW,
        )

    async def one(self, row: Row) -> bool:
        """Write one entry in a commit of its own; False when another desk was first."""
        became = await self._room.fetch(
            "register",
            *(row.entry, row.key, row.bearer, row.person, row.claimed, row.also, row.numbers, row.search),
            *(row.at.date(), row.rid, row.local, row.payload, row.said, row.at),
            *(row.keys, row.strong, row.seen, row.decision, row.unsettled),
        )
        return bool(became[0][0] == "done")

    async def many(self, rows: Sequence[Row]) -> list[bool]:
        """Write up to TOGETHER_MAX entries in one commit; say of each whether it was written.

        All of one moment.  Who shares a number or a strong key with another that is not among her ``seen`` is left
        out: look again.
        """
        if len(rows) > TOGETHER_MAX:
            raise InvalidInputError("entries-too-many", f"Write at most {TOGETHER_MAX} entries together.")
        if not rows:
            return []
        out = await self._room.fetch(
            "register_many",
            *([getattr(row, name) for row in rows] for name in _WHOLE),
            rows[0].at,
            *_flat([row.claimed for row in rows]),
            *_flat([[*row.claimed, *row.also] for row in rows]),
            [sealed for row in rows for sealed in row.numbers],
            *_flat([row.search for row in rows]),
            *_flat([row.keys for row in rows]),
            *_flat([row.strong for row in rows]),
            *_flat([row.seen for row in rows]),
        )
        left = set(out[0][0])
        return [place not in left for place in range(1, len(rows) + 1)]


_WHOLE: Final = (*("entry", "key", "bearer", "person", "rid", "local", "payload", "said", "decision", "unsettled"),)


def _flat(lists: Sequence[Sequence[Any]]) -> tuple[list[int], list[Any]]:
    """Write lists one after the other, and beside each value the place of its list, from 1."""
    return (
        [place for place, one in enumerate(lists, start=1) for _ in one],
        [value for one in lists for value in one],
    )


def said_by(asked: Asked, entry: ResidentId) -> Said:
    """Say what a source says of an entry; without a number of its own, the entry's stands for it."""
    return Said(source=asked.source, local=asked.local or entry.hex, assurance=asked.assurance, features=asked.features)
