"""The door of the record: deposits, reads under a committed receipt, and the directory.

``RecordStore`` knows no person, only record keys.  It cannot read a row without a receipt: the row
policy asks the access log (``sql/0001_expand_initial.sql``), whatever this code does.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, Final
from uuid import UUID

import asyncpg

from carecode.crypto.keyring import KeyRing
from carecode.crypto.uuid7 import RANDOM_BYTES, uuid7
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from carecode.kernel.vocabulary import NewResource, Purpose, Receipt, RecordKey, Requester, Resource
from carecode.record.catalogue import BY_NUMBER, type_named
from carecode.record.codec import Codec, shipped_dictionaries
from carecode.record.keys import DataKeys
from carecode.store.database import Database, unavailable
from carecode.store.queries import queries

RESOURCES_PER_DEPOSIT_MAX: Final = 50_000
RESOURCES_PER_READ_MAX: Final = 10_000
TOKEN_GROUPS_MAX: Final = 2
DIRECTORY_KEY: Final = RecordKey(UUID(int=0))  # in place of a resident, in sealed directory bodies


class RecordStore:
    """Residents' resources and the directory; see each method for what it needs."""

    def __init__(self, database: Database, ring: KeyRing, random_bytes: Callable[[int], bytes]) -> None:
        """Connect on first use; ``random_bytes`` gives data keys, nonces and deposit numbers."""
        self._database = database
        self._random_bytes = random_bytes
        self._codec = Codec(shipped_dictionaries(), random_bytes)
        self._keys = DataKeys(ring.key("record.kek"), random_bytes)
        self._directory_dek = ring.key("record.directory")
        self._queries = queries("record")

    async def deposit(
        self,
        key: RecordKey,
        resources: Sequence[NewResource],
        *,
        requester: Requester,
        purpose: Purpose,
        basis: str,
        now: datetime,
    ) -> UUID:
        """Store new resources of one resident and the log entry of it, all or nothing; return its number.

        The depositor is the requester's organisation.  ``now`` is the ``lastUpdated`` that the bodies
        carry.  One round trip (two for a resident not met lately); about 15 us per resource here.
        ConflictError when one of the ids is taken; InvalidInputError for none or more than
        RESOURCES_PER_DEPOSIT_MAX resources, or for a type that is not kept.
        """
        if not 0 < len(resources) <= RESOURCES_PER_DEPOSIT_MAX:
            raise InvalidInputError(
                "deposit-size", f"A deposit has between 1 and {RESOURCES_PER_DEPOSIT_MAX} resources."
            )
        types = [_resident_type(resource.type) for resource in resources]
        deposit_id = uuid7(_milliseconds(now), self._random_bytes(RANDOM_BYTES))
        dek = await self._data_key(key)
        with _answers():
            await (await self._pool()).execute(
                self._queries["deposit"],
                key,
                deposit_id,
                requester.id,
                requester.name,
                requester.title,
                requester.role,
                requester.organisation,
                purpose,
                basis,
                types,
                [resource.id for resource in resources],
                [resource.category for resource in resources],
                [resource.sort_date for resource in resources],
                *_flat_tokens(resources),
                self._codec.encode_all(key, dek, [(resource.id, resource.body) for resource in resources]),
                now,
            )
        return deposit_id

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
        """Return the current resources that the receipt opens: of one type, one of them, or all.

        ``tokens`` are groups: a resource must carry one token of each (at most TOKEN_GROUPS_MAX);
        tokens may collide, so recheck with ``catalogue.matches``.  A receipt that is void or over opens nothing.
        """
        groups = _groups(tokens)
        number = type_named(type_name).number if type_name else None
        with _answers():
            rows = await (await self._pool()).fetch(
                self._queries["find"],
                receipt.id,
                receipt.requester,
                number,
                resource_id,
                *groups,
                newest_first,
                min(limit, RESOURCES_PER_READ_MAX),
                offset,
            )
        return [self._opened(row) for row in rows]

    async def count(
        self, receipt: Receipt, *, type_name: str | None = None, tokens: Sequence[Sequence[int]] = ()
    ) -> int:
        """Count what ``read`` would return without a limit, before any recheck."""
        number = type_named(type_name).number if type_name else None
        with _answers():
            return int(
                await (await self._pool()).fetchval(
                    self._queries["count"], receipt.id, receipt.requester, number, *_groups(tokens)
                )
            )

    async def version(self, receipt: Receipt, type_name: str, resource_id: UUID, version: int) -> Resource | None:
        """Return one version of a resource, current or replaced; None when the receipt opens no such."""
        with _answers():
            row = await (await self._pool()).fetchrow(
                self._queries["version"],
                receipt.id,
                receipt.requester,
                type_named(type_name).number,
                resource_id,
                version,
            )
        return self._opened(row) if row else None

    async def revise(self, receipt: Receipt, resource: NewResource, *, expected_version: int, now: datetime) -> int:
        """Replace a resource that the receipt's organisation deposited; return the new version.

        ``receipt`` must be of organisation scope.  ``resource.body`` carries the next version in its
        meta.  ConflictError when ``expected_version`` is not the current one or the receipt does not
        open it; NotFoundError when there is no such resource at all.
        """
        key = await self.locate(resource.id)
        if key is None:
            raise NotFoundError("no-such-resource", "There is no such resource.")
        dek = await self._data_key(key)
        with _answers():
            version = await (await self._pool()).fetchval(
                self._queries["revise"],
                receipt.id,
                receipt.requester,
                uuid7(_milliseconds(now), self._random_bytes(RANDOM_BYTES)),
                _resident_type(resource.type),
                resource.id,
                expected_version,
                resource.category,
                resource.sort_date,
                resource.tokens,
                self._codec.encode(key, dek, resource.id, expected_version + 1, resource.body),
                now,
            )
        if version is None:
            raise ConflictError("version-conflict", "The resource was changed in the meantime. Read it again.")
        return int(version)
