"""The log's door: an entry is committed and flushed before any row can be read under it.

Sources: ISO 27789 (what an entry of an audit trail for health records holds); the write-ahead form
is described in docs/adr/0003 and enforced by the row policy of the record.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from carecode.audit.sealing import Disclosure, Sealing, log_errors
from carecode.kernel.vocabulary import NOTHING_CLOSED, Category, Closed, Purpose, Receipt, RecordKey, Role
from carecode.store.queries import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    import asyncpg

    from carecode.kernel.vocabulary import Requester, Resident
    from carecode.store.database import Database

ENTRIES_MAX: Final = 1000
RECEIPT_SECONDS: Final = 600
"""A receipt opens rows for ten minutes; PostgreSQL holds the same bound (audit.live)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a resident's log."""

    seq: int
    at: datetime
    requester: str
    requester_name: str
    requester_title: str
    role: str
    organisation: str
    action: str  # disclose | identify | deposit | decide | refuse
    purpose: Purpose
    basis: str
    categories: frozenset[Category]
    depositor: str | None  # not None: only what that institution wrote itself
    receipt_number: str
    keys: tuple[RecordKey, ...]  # all under which her record stood then
    chain: RecordKey  # the chain it stands in
    receipt: UUID
    opens: Closed | None
    until: datetime | None  # when what it opened ended at the latest, if before its ten minutes
    prev: bytes
    hash: bytes
    form: int | None  # which fields the hash is over (sql/0002)


@dataclass(frozen=True, slots=True)
class Activity:
    """How much one person opened in a span of time: numbers of entries and people, nothing of whom."""

    requester: str
    requester_name: str
    role: str
    organisation: str
    opened: int
    uncoded: int  # people whose record she opened without a code
    residents: int
    emergencies: int
    refused: int


@dataclass(frozen=True, slots=True)
class Reader:
    """What somebody who reads a list is told of it."""

    requester: str
    decisions: bool  # all of them; else only the reader's own
    withheld: frozenset[UUID] = frozenset()  # receipts that are not told yet


@dataclass(frozen=True, slots=True)
class Told:
    """One page of a list: its entries, newest first, and where they stand in the whole of it."""

    entries: tuple[Entry, ...]
    later: int  # how many stand on pages of newer ones
    total: int


@dataclass(frozen=True, slots=True)
class Tally:
    """How often each kind stands in a list."""

    people: int
    computers: int
    herself: int


@dataclass(frozen=True, slots=True)
class Looker:
    """A person of an institution, as the log last named her."""

    requester: str
    name: str
    organisation: str


class Telling:
    """Her list as it is told: what is left out is left out in the database, before anything is counted or cut."""

    def __init__(self, database: Database) -> None:
        """Use the database's role ``carecode_audit``."""
        self._database = database
        self._sql = queries("audit")

    async def page(  # what is told, and which page of it
        self,
        resident: Resident,
        reader: Reader,
        *,
        own: bool,
        kind: str,
        upto: int | None,
        limit: int,
    ) -> Told:
        """Return the ``limit`` entries up to number ``upto`` of the list, counted from the oldest; None: the newest.

        Her own readings only with ``own``; ``kind`` is people, computers, or empty for all.
        """
        known = (reader.decisions, reader.requester, own, kind, upto, min(limit, ENTRIES_MAX))
        rows = await self._fetch("told", list(resident.keys), list(reader.withheld), *known)
        if not rows:
            return Told((), 0, 0)
        total = rows[0]["total"]
        return Told(tuple(_entry(row, resident.keys) for row in rows), total - rows[0]["place"], total)

    async def of(self, resident: Resident, purpose: Purpose) -> list[Entry]:
        """Return all her entries of one purpose."""
        rows = await self._fetch("told_of", list(resident.keys), purpose.value)
        return [_entry(row, resident.keys) for row in rows]

    async def shared(
        self,
        one: Sequence[RecordKey],
        other: Sequence[RecordKey],
        begins: datetime,
        ends: datetime,
        *,
        limit: int = ENTRIES_MAX,
    ) -> list[Entry]:
        """Return what was given of keys of both sides together, from ``begins`` until before ``ends``, oldest first."""
        keys = (*one, *other)
        rows = await self._fetch("shared", list(keys), begins, ends, list(one), list(other), min(limit, ENTRIES_MAX))
        return [_entry(row, keys) for row in rows]

    async def tally(self, resident: Resident, reader: Reader) -> Tally:
        """Count the whole list."""
        words = (list(resident.keys), list(reader.withheld), reader.decisions, reader.requester)
        [row] = await self._fetch("tally", *words)
        return Tally(*row)

    async def lookers(self, resident: Resident, reader: Reader, limit: int) -> tuple[list[Looker], int]:
        """Return the people of institutions in the list, each once, who looked last first, and how many there are."""
        words = (list(resident.keys), list(reader.withheld), reader.decisions, reader.requester, limit)
        rows = await self._fetch("lookers", *words)
        people = [Looker(row["requester"], row["requester_name"], row["organisation"]) for row in rows]
        return people, rows[0]["total"] if rows else 0

    async def _fetch(self, name: str, *arguments: object) -> list[Any]:
        with log_errors():
            async with self._database.connection("audit") as connection:
                return list(await connection.fetch(self._sql[name], *arguments))


class Log:
    """The disclosure log of all residents."""

    def __init__(self, database: Database, random_bytes: Callable[[int], bytes]) -> None:
        """Use the database's role ``carecode_audit``; receipts get their numbers from ``random_bytes``."""
        self._database = database
        self._random_bytes = random_bytes
        self._sql = queries("audit")
        self._sealing = Sealing(database)
        self.settled: Final = self._sealing.settled
        self.telling: Final = Telling(database)

    async def seal(  # noqa: PLR0913  # one entry has these fields
        self,
        resident: Resident,
        requester: Requester,
        purpose: Purpose,
        categories: Iterable[Category],
        basis: str,
        *,
        decided_at: datetime,
        depositor: str | None = None,
        opens: Closed = NOTHING_CLOSED,
        until: datetime | None = None,
    ) -> Receipt:
        """Commit a disclosure to her log and return the receipt that opens its rows.

        ``opens`` are the closed rows it may see besides; ``until`` ends it before its ten minutes.
        ``decided_at`` is the database's time at which her decisions were read.  Returns only after
        the entry's WAL is flushed.  Raises ConflictError when she revoked since then, or when her keys
        are no longer those of one person (ask the index and decide again), UnavailableError when
        another append holds her chain for more than a second or the database is away.  Nothing is open
        then.
        """
        chosen = frozenset(categories)
        number = UUID(bytes=self._random_bytes(16), version=4)
        disclosure = Disclosure(
            keys=resident.keys,
            receipt=number,
            requester=requester.id,
            name=requester.name,
            title=requester.title,
            role=requester.role.value,
            organisation=requester.organisation,
            purpose=purpose.value,
            basis=basis,
            categories=sorted(int(c) for c in chosen),
            depositor=depositor,
            decided_at=decided_at,
            opens=int(opens),
            until=until,
        )
        at = await self._sealing.seal(disclosure)
        return Receipt(number, resident.keys, requester.id, chosen, depositor, at, opens)

    async def append(self, resident: Resident, requester: Requester, action: str, purpose: Purpose, basis: str) -> str:
        """Commit an entry that opens no row (identify, decide, refuse); return its receipt number.

        It stands in the chain of the whole person; what she decides herself in that of the entry she is there for.
        """
        if action == "decide" and requester.role is Role.RESIDENT:
            resident = replace(resident, keys=(resident.own,))
        number = UUID(bytes=self._random_bytes(16), version=4)
        words = self._words(resident, number, requester)
        at = await self._fetchval("append", *words, action, purpose.value, basis, [], None)
        return Receipt(number, resident.keys, requester.id, frozenset(), None, at).number

    async def set_caps(self, person: int, institution: int) -> None:
        """Bound the disclosures of one hour, per person and per institution; each at least 1."""
        await self._fetchval("set_cap", "person", person)
        await self._fetchval("set_cap", "institution", institution)

    async def is_live(self, receipt: Receipt) -> bool:
        """Tell whether a receipt still opens rows."""
        live: bool = await self._fetchval("is_live", receipt.id, receipt.requester)
        return live

    async def void(self, resident: Resident) -> None:
        """Void every receipt of hers; when this returns, none opens a row any more.

        Of a person of several entries every receipt, whichever of them the index named.
        """
        for key in resident.keys:
            await self._fetchval("void", key)

    async def entries(self, resident: Resident, limit: int = 100, before: int | None = None) -> list[Entry]:
        """Return her entries, newest first, at most ENTRIES_MAX."""
        async with self._database.connection("audit") as connection:
            rows = await connection.fetch(self._sql["entries"], list(resident.keys), before, min(limit, ENTRIES_MAX))
        return [_entry(row, resident.keys) for row in rows]

    async def activity(self, begins: datetime, ends: datetime) -> list[Activity]:
        """Return how much each member of staff opened from ``begins`` until before ``ends``."""
        async with self._database.connection("audit") as connection:
            return [Activity(*row) for row in await connection.fetch(self._sql["activity"], begins, ends)]

    async def receipts_of(self, organisation: str, begins: datetime, ends: datetime) -> list[UUID]:
        """Return the receipts under which an institution got something from ``begins`` until before ``ends``."""
        async with self._database.connection("audit") as connection:
            return [row[0] for row in await connection.fetch(self._sql["receipts_of"], organisation, begins, ends)]

    async def first_broken(self, resident: Resident) -> int | None:
        """Return the number of the first entry that breaks her chain, or None when the chain holds."""
        for key in resident.keys:
            broken: int | None = await self._fetchval("first_broken", key)
            if broken is not None:
                return broken
        return None

    async def prune(self) -> int:
        """Remove receipts past their time; return how many."""
        count: int = await self._fetchval("prune")
        return count

    def _words(self, resident: Resident, number: UUID, requester: Requester) -> tuple[object, ...]:
        return (
            list(resident.keys),
            number,
            requester.id,
            requester.name,
            requester.title,
            requester.role.value,
            requester.organisation,
        )

    async def _fetchval(self, name: str, *arguments: object) -> Any:  # noqa: ANN401  # one column of any type
        with log_errors():
            async with self._database.connection("audit") as connection:
                return await connection.fetchval(self._sql[name], *arguments)


def _entry(row: asyncpg.Record, keys: tuple[RecordKey, ...]) -> Entry:
    receipt = Receipt(row["receipt"], keys, row["requester"], frozenset(), None, row["at"])
    return Entry(
        row["seq"],
        row["at"],
        row["requester"],
        row["requester_name"],
        row["requester_title"],
        row["role"],
        row["organisation"],
        row["action"],
        Purpose(row["purpose"]),
        row["basis"],
        frozenset(Category(number) for number in row["categories"]),
        row["depositor"],
        receipt.number,
        tuple(RecordKey(key) for key in row["keys"]),
        RecordKey(row["resident_id"]),
        row["receipt"],
        None if row["opens"] is None else Closed(row["opens"]),
        row["until"],
        row["prev"],
        row["hash"],
        row["form"],
    )
