"""Finding somebody in the index: by an exact number, key or bearer, or by name, date of birth and telephone together.

Nothing here lists residents, and nothing is found by less.  What is sealed is opened for the one it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg

from carecode.crypto.keyring import KeyRing
from carecode.identity.identifiers import Identifier, parse
from carecode.identity.linking.deciding import Decision, Outcome, Weighed
from carecode.identity.linking.standardise import Record, standardise
from carecode.identity.matcher import SHARED_MAX, Match, Matcher, Stored
from carecode.identity.person import Person
from carecode.identity.registering import Seen, named, resident_of
from carecode.identity.vault import Vault
from carecode.kernel.errors import InvalidInputError, NotFoundError
from carecode.kernel.vocabulary import Bearer, RecordKey, Resident, ResidentId
from carecode.store.database import Database
from carecode.store.room import Room

FOUND_MAX: Final = 5


class Stated(NamedTuple):
    """A number of hers, of which of her entries, and the organisation that said so first."""

    entry: ResidentId
    identifier: Identifier
    source: str


class Similar(NamedTuple):
    """Somebody whom a record resembles."""

    resident: Resident
    weighed: Weighed


class Finding:
    """Look-ups of the index, each one round trip to PostgreSQL."""

    def __init__(self, database: Database, ring: KeyRing, random_bytes: Callable[[int], bytes]) -> None:
        """Keep the database and the keys of this room; ``random_bytes`` gives nonces."""
        self.room = Room(database, "identity")
        self._vault = Vault(ring, random_bytes)
        self.matcher: Final = Matcher(self.room, ring, random_bytes)

    async def resolve(self, system: str, value: str) -> Resident | None:
        """Find whom exactly this number names, among every number of every resident."""
        return _only(await self.room.fetch("named_by", [self._vault.number_hash(parse(system, value))]))

    async def entry_of(self, system: str, value: str) -> ResidentId | None:
        """Find the entry that this number names, whoever leads the person it belongs to."""
        rows = await self.room.fetch("named_by", [self._vault.number_hash(parse(system, value))])
        return ResidentId(_plain(rows[0]["entry"])) if rows else None

    async def by_bearer(self, bearer: Bearer) -> Resident | None:
        """Find who holds a health code."""
        return _only(await self.room.fetch("held_by", bearer))

    async def by_key(self, key: RecordKey) -> Resident | None:
        """Find whose record a key is."""
        return _only(await self.room.fetch("held_under", key))

    async def by_id(self, resident_id: ResidentId) -> Resident | None:
        """Find an entry with every key of the person she belongs to."""
        rows = await self.room.fetch("one", resident_id)
        return resident_of(rows[0], resident_id) if rows else None

    async def bearer_of(self, resident_id: ResidentId) -> Bearer:
        """Return the number her health code knows her by, made when she was registered."""
        return Bearer(_plain((await self._one(resident_id))["bearer"]))

    async def card(self, resident: Resident) -> Person:
        """Open the facts of her card."""
        return self._vault.open_person((await self._one(resident.id))["person"], resident.id)

    async def numbers(self, resident: Resident) -> list[Identifier]:
        """Open every number of hers, of all her entries, oldest first, none twice."""
        return list(dict.fromkeys(one.identifier for one in await self.stated(resident)))

    async def stated(self, resident: Resident) -> list[Stated]:
        """Open every number of hers with the entry it was given to and the organisation that said so first."""
        rows = await self.room.fetch("numbers_of", resident.id)
        found = []
        for row in rows:
            entry = ResidentId(_plain(row["entry"]))
            found.append(Stated(entry, *self._vault.open_number(row["sealed"], entry)))
        return found

    async def search(self, name: str, birth_date: date, phone: str) -> list[Resident]:
        """Find residents by all three together, exactly; at most FOUND_MAX.

        The name is in either script.  Raises InvalidInputError when any of the three is missing.
        """
        hashes = self._vault.search_hashes(Person(name, "", birth_date, "unknown", phone))
        if not hashes:
            raise InvalidInputError(
                "search-incomplete", "Give the name, the date of birth and the telephone number, all three."
            )
        return [resident_of(row) for row in await self.room.fetch("found_by", hashes[0], FOUND_MAX)]

    async def count(self) -> int:
        """Count entries."""
        return int((await self.room.fetch("residents"))[0][0])

    async def counts(self) -> dict[str, int]:
        """Count entries, entries that belong to another's person, persons, open cases and unsettled decisions."""
        return dict((await self.room.fetch("link_counts"))[0])

    async def decisions(self, entry: ResidentId) -> list[Stored]:
        """Return why an entry was linked, asked about or left alone, newest first."""
        return await self.matcher.decisions(entry)

    async def identify(self, record: Record) -> Decision:
        """Decide whose record this is; writes nothing, one round trip.  ``decision.best.person`` leads the person."""
        features = standardise(record)
        seen = await self.seen([], self.matcher.keyed(features).asked)
        return self.matcher.decide(features, seen.candidates)

    async def match(self, record: Record, _now: datetime) -> Match | None:
        """Find the one person whom a record would be linked to without asking anybody; writes nothing.

        None for nobody and for several alike.
        """
        decision = await self.identify(record)
        if decision.outcome is not Outcome.LINK or decision.best is None:
            return None
        resident = await self.by_id(ResidentId(UUID(decision.best.person)))
        return None if resident is None else Match(resident, decision.best.total, decision.best.certain)

    async def similar(self, record: Record, _now: datetime, limit: int = FOUND_MAX) -> list[Similar]:
        """Find whom a record resembles so far that it would be linked or asked about, the nearest first.

        For a desk that is about to register somebody; at most FOUND_MAX.  Writes nothing.
        """
        decision = await self.identify(record)
        near = () if decision.best is None or decision.outcome is Outcome.NEW else (decision.best, *decision.also)
        found = [
            (weighed, await self.by_id(ResidentId(UUID(weighed.person)))) for weighed in near[: min(limit, FOUND_MAX)]
        ]
        return [Similar(resident, weighed) for weighed, resident in found if resident is not None]

    # Inside

    async def seen(self, hashes: Sequence[bytes], keys: Sequence[int]) -> Seen:
        """Look up whom numbers name and which records share a key: one round trip."""
        rows = await self.room.fetch("look", hashes, keys, SHARED_MAX)
        records = [row for row in rows if row["rid"] is not None]
        return Seen(
            named([row for row in rows if row["number_hash"] is not None]),
            tuple(self.matcher.candidate(row) for row in records),
            {str(row["rid"]): ResidentId(_plain(row["entry"])) for row in records},
            frozenset(row["crowded"] for row in rows if row["crowded"] is not None),
        )

    async def _one(self, resident_id: ResidentId) -> asyncpg.Record:
        rows = await self.room.fetch("one", resident_id)
        if not rows:
            raise NotFoundError("resident-gone", "There is nobody here under this number.")
        return rows[0]


def _plain(value: UUID) -> UUID:
    """Turn the driver's UUID into the standard one, which every encoder knows."""
    return UUID(int=value.int)


def _only(rows: Sequence[asyncpg.Record]) -> Resident | None:
    return resident_of(rows[0]) if rows else None
