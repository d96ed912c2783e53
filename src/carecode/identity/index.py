"""The door of the master index: one person however often, and by whomever at once, she is registered.

The index answers only for an exact number, key or bearer, or for name, date of birth and telephone
given together.  Nothing lists residents.  Everything personal is sealed before it reaches the
database and found again through keyed hashes, so that a stolen copy names nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg

from carecode.crypto.keyring import KeyRing
from carecode.identity.identifiers import Identifier, parse
from carecode.identity.person import Person, against_numbers, are_two_people, clean, complete, differences
from carecode.identity.vault import Vault
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from carecode.kernel.vocabulary import Bearer, RecordKey, Resident, ResidentId
from carecode.store.database import Database
from carecode.store.queries import queries

IDENTIFIERS_MAX: Final = 32
FOUND_MAX: Final = 5
ENROL_ATTEMPTS_MAX: Final = 4

_ROOM: Final = "identity"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What became of a registration."""

    resident: Resident
    created: bool
    warnings: tuple[str, ...]  # sentences for the desk: what to compare with the card


@dataclass(frozen=True, slots=True)
class _Known:
    """A resident whom some of the given numbers name."""

    resident: Resident
    sealed: bytes = field(repr=False)
    hashes: frozenset[bytes] = field(repr=False)


class Index:
    """The master index.  One per process; every method is one or two round trips to PostgreSQL."""

    def __init__(self, database: Database, ring: KeyRing, random_bytes: Callable[[int], bytes]) -> None:
        """Keep the database and the keys of this room; ``random_bytes`` gives ids and nonces."""
        self._database = database
        self._random_bytes = random_bytes
        self._vault = Vault(ring, random_bytes)

    async def enrol(
        self, identifiers: Sequence[Identifier], person: Person, *, source: str, now: datetime
    ) -> Enrolment:
        """Register somebody, or find her when any of the numbers is hers already, and add what is new.

        At most IDENTIFIERS_MAX numbers; none at all always registers somebody new (a person who
        cannot say who she is).  ``source`` is the organisation that vouches for the numbers.
        Raises ConflictError("identifiers-of-two-people") when the numbers name two residents, and
        ConflictError("number-in-use") when name, date of birth and sex all differ from those known.
        """
        if len(identifiers) > IDENTIFIERS_MAX:
            raise InvalidInputError("identifiers-too-many", f"Give at most {IDENTIFIERS_MAX} numbers.")
        given = clean(person)
        numbers = {self._vault.number_hash(identifier): identifier for identifier in identifiers}
        warnings = [warning for identifier in identifiers for warning in identifier.warnings]
        warnings += against_numbers(given, identifiers)
        for _ in range(ENROL_ATTEMPTS_MAX):
            known = await self._named_by(numbers)
            if known is not None:
                warnings += await self._add(known, numbers, given, source, now.date())
                return Enrolment(known.resident, created=False, warnings=tuple(dict.fromkeys(warnings)))
            made = await self._create(numbers, given, source, now.date())
            if made is not None:
                return Enrolment(made, created=True, warnings=tuple(dict.fromkeys(warnings)))
            # Another desk registered one of these numbers in between: look again.
        raise UnavailableError("enrol-busy", "These numbers are being registered elsewhere. Try again.")

    async def resolve(self, system: str, value: str) -> Resident | None:
        """Find whom exactly this number names, among every number of every resident."""
        rows = await self._fetch("named_by", [self._vault.number_hash(parse(system, value))])
        return _resident(rows[0]) if rows else None

    async def by_bearer(self, bearer: Bearer) -> Resident | None:
        """Find who holds a health code."""
        return _only(await self._fetch("held_by", bearer))

    async def by_key(self, key: RecordKey) -> Resident | None:
        """Find whose record a key is."""
        return _only(await self._fetch("held_under", key))

    async def by_id(self, resident_id: ResidentId) -> Resident | None:
        """Find a resident with every key of hers, oldest first."""
        rows = await self._fetch("one", resident_id)
        return Resident(resident_id, _keys(rows[0])) if rows else None

    async def bearer_of(self, resident_id: ResidentId) -> Bearer:
        """Return the number her health code knows her by, made when she was registered."""
        return Bearer(_plain((await self._one(resident_id))["bearer"]))

    async def card(self, resident: Resident) -> Person:
        """Open the facts of her card."""
        return self._vault.open_person((await self._one(resident.id))["person"], resident.id)

    async def numbers(self, resident: Resident) -> list[Identifier]:
        """Open every number of hers, oldest first."""
        rows = await self._fetch("numbers_of", resident.id)
        return [self._vault.open_number(row["sealed"], resident.id) for row in rows]

    async def search(self, name: str, birth_date: date, phone: str) -> list[Resident]:
        """Find residents by all three together, exactly; at most FOUND_MAX.

        The name is in either script.  Raises InvalidInputError when any of the three is missing.
        """
        hashes = self._vault.search_hashes(Person(name, "", birth_date, "unknown", phone))
        if not hashes:
            raise InvalidInputError(
                "search-incomplete", "Give the name, the date of birth and the telephone number, all three."
            )
        rows = await self._fetch("found_by", hashes[0], FOUND_MAX)
        return [_resident(row) for row in rows]

    async def count(self) -> int:
        """Count residents."""
        return int((await self._fetch("residents"))[0][0])

    async def _named_by(self, numbers: Mapping[bytes, Identifier]) -> _Known | None:
        """Find the one resident whom the numbers name; ConflictError when they name two."""
        rows = await self._fetch("named_by", list(numbers)) if numbers else []
        if not rows:
            return None
        if len({row["resident_id"] for row in rows}) > 1:
            raise _two_people()
        return _Known(_resident(rows[0]), rows[0]["person"], frozenset(row["number_hash"] for row in rows))

    async def _create(
        self, numbers: Mapping[bytes, Identifier], given: Person, source: str, on: date
    ) -> Resident | None:
        """Make a resident with fresh random ids; None when another desk was first."""
        fresh = [UUID(bytes=self._random_bytes(16), version=4) for _ in range(3)]
        resident_id, key, bearer = ResidentId(fresh[0]), RecordKey(fresh[1]), Bearer(fresh[2])
        rows = await self._fetch(
            "enrol",
            resident_id,
            key,
            bearer,
            self._vault.seal_person(given, resident_id),
            list(numbers),
            self._vault.seal_numbers(numbers.values(), source, resident_id),
            self._vault.search_hashes(given),
            on,
        )
        return None if rows[0][0] else Resident(resident_id, (key,))

    async def _add(
        self, known: _Known, numbers: Mapping[bytes, Identifier], given: Person, source: str, on: date
    ) -> tuple[str, ...]:
        """Add what is new about a known resident; return what differs from what was known."""
        resident_id = known.resident.id
        before = self._vault.open_person(known.sealed, resident_id)
        if are_two_people(before, given):
            raise _in_use()
        differs, after = differences(before, given), complete(before, given)
        fresh = {hash_: number for hash_, number in numbers.items() if hash_ not in known.hashes}
        # A second telephone finds her as well, unless the rest of what was typed is doubtful.
        search = self._vault.search_hashes(after, *(() if differs else (complete(given, before),)))
        if fresh or after != before or given.phone not in ("", before.phone):
            rows = await self._fetch(
                "add",
                resident_id,
                known.sealed,
                known.sealed if after == before else self._vault.seal_person(after, resident_id),
                list(fresh),
                self._vault.seal_numbers(fresh.values(), source, resident_id),
                search,
                on,
            )
            if rows[0][0]:
                raise _two_people()
        return differs

    async def _one(self, resident_id: ResidentId) -> asyncpg.Record:
        rows = await self._fetch("one", resident_id)
        if not rows:
            raise NotFoundError("resident-gone", "There is nobody here under this number.")
        return rows[0]

    async def _fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        async with self._database.connection(_ROOM) as connection:
            rows: list[asyncpg.Record] = await connection.fetch(queries(_ROOM)[query], *arguments)
            return rows


def _in_use() -> ConflictError:
    return ConflictError(
        "number-in-use",
        "This number is registered for somebody with another name, date of birth and sex. Compare it with the card.",
    )


def _two_people() -> ConflictError:
    return ConflictError(
        "identifiers-of-two-people",
        "These numbers belong to two people. Compare each with its card and give only one person's.",
    )


def _plain(value: UUID) -> UUID:
    """Turn the driver's UUID into the standard one, which every encoder knows."""
    return UUID(int=value.int)


def _keys(row: asyncpg.Record) -> tuple[RecordKey, ...]:
    return tuple(RecordKey(_plain(key)) for key in row["keys"])


def _resident(row: asyncpg.Record) -> Resident:
    return Resident(ResidentId(_plain(row["resident_id"])), _keys(row))


def _only(rows: Sequence[asyncpg.Record]) -> Resident | None:
    return _resident(rows[0]) if rows else None
