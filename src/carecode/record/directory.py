"""The directory: organisations, practitioners, places and medicines, about no resident.

Every signed-in requester may read it, without a receipt.  Bodies are sealed all the same, under one
key of the ring: a stolen copy of the database names nobody, not even a doctor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from carecode.crypto.keyring import KeyRing
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import NewResource, RecordKey, Resource
from carecode.record.answers import answered, flat_tokens, groups_of
from carecode.record.catalogue import BY_NUMBER, type_named
from carecode.record.codec import Codec, shipped_dictionaries
from carecode.store.database import Database
from carecode.store.queries import queries

FOUND_MAX: Final = 1_000
_NOBODY: Final = RecordKey(UUID(int=0))  # where a resident's body is bound to her key


class Directory:
    """Stores directory resources once and finds them by token."""

    __slots__ = ("_codec", "_database", "_dek", "_queries")

    def __init__(self, database: Database, ring: KeyRing, random_bytes: Callable[[int], bytes]) -> None:
        """Connect on first use; bodies are sealed under the ring's ``record.directory``."""
        self._database = database
        self._codec = Codec(shipped_dictionaries(), random_bytes)
        self._dek = ring.key("record.directory")
        self._queries = queries("record")

    async def put(self, resources: Sequence[NewResource], *, organisation: str, now: datetime) -> int:
        """Store the resources whose ids are not there yet; return how many were new.

        One round trip.  InvalidInputError for a type that belongs to residents.
        """
        bodies = [(resource.id, resource.body) for resource in resources]
        with answered():
            return int(
                await (await self._database.pool("record")).fetchval(
                    self._queries["put_directory"],
                    [_directory_number(resource.type) for resource in resources],
                    [resource.id for resource in resources],
                    *flat_tokens(resources),
                    self._codec.encode_all(_NOBODY, self._dek, bodies),
                    now,
                    organisation,
                )
            )

    async def get(self, type_name: str, resource_id: UUID) -> Resource | None:
        """Return one resource; None when there is none."""
        with answered():
            row = await (await self._database.pool("record")).fetchrow(
                self._queries["get_directory"], _directory_number(type_name), resource_id
            )
        return self._opened(row) if row else None

    async def find(
        self, type_name: str, tokens: Sequence[Sequence[int]] = (), *, limit: int = FOUND_MAX, offset: int = 0
    ) -> list[Resource]:
        """Return the resources that carry one token of each group, in the order of their ids.

        Tokens may collide: recheck with ``catalogue.matches``.
        """
        with answered():
            rows = await (await self._database.pool("record")).fetch(
                self._queries["find_directory"],
                _directory_number(type_name),
                *groups_of(tokens),
                min(limit, FOUND_MAX),
                offset,
            )
        return [self._opened(row) for row in rows]

    async def ids(self, type_name: str, tokens: Sequence[int]) -> dict[int, list[UUID]]:
        """Return for each token that is carried the ids of up to three resources: one means "that one".

        For conditional references, many in one round trip.
        """
        with answered():
            rows = await (await self._database.pool("record")).fetch(
                self._queries["directory_ids"], _directory_number(type_name), list(dict.fromkeys(tokens))
            )
        found: dict[int, list[UUID]] = {}
        for token, resource_id in rows:
            found.setdefault(token, []).append(resource_id)
        return found

    def _opened(self, row: asyncpg.Record) -> Resource:
        number, resource_id, version, at, organisation, body = row
        kept = BY_NUMBER[number]
        return Resource(
            kept.name,
            str(resource_id),
            version,
            at,
            organisation,
            kept.category_of({}),
            self._codec.decode(_NOBODY, self._dek, resource_id, version, body),
        )


def _directory_number(type_name: str) -> int:
    kept = type_named(type_name)
    if not kept.directory:
        raise InvalidInputError("type-of-residents", "Resources of this type belong to a resident.")
    return kept.number
