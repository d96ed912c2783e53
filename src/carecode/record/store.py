"""The door of the record: deposits, and reads under a committed receipt.

``RecordStore`` knows no person, only record keys.  It cannot read a row without a receipt: the row
policy asks the access log (``sql/0001_expand_initial.sql``), whatever this code does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from carecode.crypto.keyring import KeyRing
from carecode.crypto.uuid7 import RANDOM_BYTES, uuid7
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError
from carecode.kernel.vocabulary import (
    NewResource,
    Purpose,
    Receipt,
    RecordKey,
    Requester,
    Resource,
)
from carecode.record.answers import answered, flat_tokens, groups_of
from carecode.record.catalogue import type_named
from carecode.record.codec import Codec, shipped_dictionaries
from carecode.record.directory import Directory
from carecode.record.keys import DataKeys, KeyDoor, WithoutBroker
from carecode.record.marks import Marks
from carecode.record.opening import opened
from carecode.record.recent import Recent
from carecode.store.database import Database
from carecode.store.pool import RoomPool
from carecode.store.queries import queries

RESOURCES_PER_DEPOSIT_MAX: Final = 50_000
RESOURCES_PER_READ_MAX: Final = 10_000
PLACES_MAX: Final = 50_000  # about 10 MB


class RecordStore:
    """Residents' resources; ``directory`` holds what belongs to no resident."""

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        random_bytes: Callable[[int], bytes],
        keys: KeyDoor | None = None,
    ) -> None:
        """Connect on first use; ``random_bytes`` gives nonces and deposit numbers, ``keys`` the data keys."""
        self.marks: Final = Marks(database)
        self.directory: Final = Directory(database, ring, random_bytes)
        self._database = database
        self._random_bytes = random_bytes
        self._codec = Codec(shipped_dictionaries(), random_bytes)
        self._keys = DataKeys(keys or WithoutBroker(ring.key("record.kek"), random_bytes), self._codec.forget)
        self._places = Recent[UUID, RecordKey](PLACES_MAX)
        self._queries = queries("record")

    async def deposit(
        self,
        key: RecordKey,
        resources: Sequence[NewResource],
        *,
        organisation: str,
        requester: Requester,
        purpose: Purpose,
        now: datetime,
        basis: str = "deposit",
    ) -> UUID:
        """Store new resources of one resident and the log entry of it, all or nothing; return its number.

        ``now`` is the ``lastUpdated`` that the bodies carry.  One round trip, two for a resident not
        met lately; about 15 us per resource here.  ConflictError when one of the ids is taken;
        InvalidInputError for a type not kept, for none and above RESOURCES_PER_DEPOSIT_MAX resources.
        """
        if not 0 < len(resources) <= RESOURCES_PER_DEPOSIT_MAX:
            raise InvalidInputError("deposit-size", f"A deposit has 1 to {RESOURCES_PER_DEPOSIT_MAX} resources.")
        types = [_resident_number(resource.type) for resource in resources]
        number = _deposit_number(now, self._random_bytes)
        bodies = [(resource.id, resource.body) for resource in resources]
        data_key = await self._keys.to_write(key)
        stored = self._codec.encode_all(key, data_key.dek, bodies)
        who = (requester.id, requester.name, requester.title, requester.role, organisation, purpose, basis)
        columns = ([r.id for r in resources], [r.category for r in resources], [r.sort_date for r in resources])
        marks = ([int(r.closed) for r in resources], [r.visit for r in resources])
        sealed = (*flat_tokens(resources), stored, now, *marks, data_key.id, data_key.wrapped)
        await self._value("deposit", key, number, *who, types, *columns, *sealed)
        return number

    async def read(
        self,
        receipt: Receipt,
        *,
        type_name: str | None = None,
        resource_id: UUID | None = None,
        tokens: Sequence[Sequence[int]] = (),
        limit: int = RESOURCES_PER_READ_MAX,
        offset: int = 0,
        newest_first: bool = True,
    ) -> list[Resource]:
        """Return current resources that the receipt opens: of one type, one by its id, or all.

        A resource must carry one token of each group in ``tokens`` (at most two groups); tokens may
        collide, so recheck with ``catalogue.matches``.  Nothing under a receipt that is void or over.
        """
        if resource_id and not type_name:
            raise InvalidInputError("type-missing", "To read one resource, name its type too.")
        asked = (type_named(type_name).number if type_name else None, resource_id, *groups_of(tokens))
        page = (newest_first, min(limit, RESOURCES_PER_READ_MAX), offset)
        with answered():
            pool = await self._pool()
            rows = await pool.fetch(
                self._queries["find"], receipt.id, receipt.requester, *asked, *page, receipt.depositor
            )
        return await opened(self._keys, self._codec, receipt, rows)

    async def count(
        self, receipt: Receipt, *, type_name: str | None = None, tokens: Sequence[Sequence[int]] = ()
    ) -> int:
        """Count what ``read`` would return without a limit, before any recheck."""
        number = type_named(type_name).number if type_name else None
        groups = groups_of(tokens)
        return int(await self._value("count", receipt.id, receipt.requester, number, *groups, receipt.depositor))

    async def version(self, receipt: Receipt, type_name: str, resource_id: UUID, version: int) -> Resource | None:
        """Return one version of a resource, current or replaced; None when the receipt opens no such."""
        number = type_named(type_name).number
        with answered():
            rows = await (await self._pool()).fetch(
                self._queries["version"], receipt.id, receipt.requester, number, resource_id, version
            )
        return next(iter(await opened(self._keys, self._codec, receipt, rows)), None)

    async def revise(self, receipt: Receipt, resource: NewResource, *, expected_version: int, now: datetime) -> int:
        """Replace a resource that the receipt's organisation deposited itself; return the new version.

        ``receipt`` is of organisation scope; the body carries the next version in its meta.
        NotFoundError when no such resource exists; ConflictError when ``expected_version`` is not the
        current one or the receipt does not open it.
        """
        key = await self.locate(resource.id)
        if key is None:
            raise NotFoundError("no-such-resource", "There is no such resource.")
        data_key, next_version = await self._keys.to_write(key), expected_version + 1
        version = await self._value(
            "revise",
            receipt.id,
            receipt.requester,
            _deposit_number(now, self._random_bytes),
            _resident_number(resource.type),
            resource.id,
            expected_version,
            resource.category,
            resource.sort_date,
            resource.tokens,
            self._codec.encode(key, data_key.dek, resource.id, next_version, resource.body),
            now,
            int(resource.closed),
            resource.visit,
            data_key.id,
            data_key.wrapped,
        )
        if version is None:
            raise ConflictError("version-conflict", "The resource was changed in the meantime. Read it again.")
        return int(version)

    async def locate(self, resource_id: UUID) -> RecordKey | None:
        """Return under which key a resource stands, whoever may read it; None when there is none."""
        found = self._places.get(resource_id)  # never changes: linking two residents moves no record
        if found is None:
            found = await self._value("locate", resource_id)
            if found is not None:
                self._places.put(resource_id, found)
        return found

    def forget(self, key: RecordKey) -> None:
        """Drop a resident's data keys from memory, when her record is erased."""
        self._keys.forget(key)

    async def _pool(self) -> RoomPool:
        return await self._database.pool("record")

    async def _value(self, query: str, *arguments: object) -> Any:  # noqa: ANN401 - one SQL value
        with answered():
            return await (await self._pool()).fetchval(self._queries[query], *arguments)


def _deposit_number(now: datetime, random_bytes: Callable[[int], bytes]) -> UUID:
    return uuid7(int(now.timestamp() * 1000), random_bytes(RANDOM_BYTES))


def _resident_number(type_name: str) -> int:
    kept = type_named(type_name)
    if kept.directory:
        raise InvalidInputError("type-of-directory", "Resources of this type belong to the directory.")
    return kept.number
