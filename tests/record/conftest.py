"""A record, its log, and what is put in."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pytest

from carecode.audit.log import Log
from carecode.crypto.uuid7 import uuid7
from carecode.kernel.vocabulary import (
    ALL_CATEGORIES,
    Category,
    NewResource,
    Purpose,
    Receipt,
    RecordKey,
    Requester,
    Resident,
    ResidentId,
    Role,
)
from carecode.record.catalogue import PLACEHOLDER, extract
from carecode.record.store import RecordStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carecode.crypto.keyring import KeyRing
    from carecode.store.database import Database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DOCTOR = Requester("doctor-1", Role.CLINICIAN, "county-2", "Dr. Lin", "internal medicine")
OTHER_DOCTOR = Requester("doctor-2", Role.CLINICIAN, "city-1", "Dr. Berg")


def new_resident() -> Resident:
    return Resident(ResidentId(UUID(bytes=secrets.token_bytes(16))), (RecordKey(UUID(bytes=secrets.token_bytes(16))),))


@dataclass
class Room:
    """The record beside the log that opens it."""

    store: RecordStore
    log: Log
    ring: KeyRing
    database: Database

    def made(self, type_name: str, version: int = 1, resource_id: UUID | None = None, **fields: object) -> NewResource:
        """Make a resource as exchange hands it over."""
        resource_id = resource_id or uuid7(int(NOW.timestamp() * 1000), secrets.token_bytes(10))
        body: dict[str, object] = {
            "resourceType": type_name,
            "id": str(resource_id),
            "meta": {"versionId": str(version), "lastUpdated": NOW.isoformat()},
            "subject": {"reference": f"Patient/{PLACEHOLDER}"},
            **fields,
        }
        extracted = extract(type_name, body, self.ring.key("record.tokens"))
        category, sort_date, tokens, closed, visit, _links = extracted
        sealed = msgspec.json.encode(body)
        return NewResource(type_name, resource_id, category, sort_date, tokens, sealed, closed, visit)

    async def deposit(self, resident: Resident, *resources: NewResource, by: Requester = DOCTOR) -> UUID:
        return await self.store.deposit(
            resident.keys[0],
            resources,
            organisation=by.organisation,
            requester=by,
            purpose=Purpose.TREAT,
            now=NOW,
        )

    async def open(
        self,
        resident: Resident,
        *,
        by: Requester = DOCTOR,
        categories: Iterable[Category] = ALL_CATEGORIES,
        depositor: str | None = None,
    ) -> Receipt:
        """Seal a disclosure decided just now."""
        return await self.log.seal(
            resident, by, Purpose.TREAT, categories, "test", decided_at=datetime.now(UTC), depositor=depositor
        )


@pytest.fixture
def room(database: Database, ring: KeyRing) -> Room:
    return Room(RecordStore(database, ring, secrets.token_bytes), Log(database, secrets.token_bytes), ring, database)


@pytest.fixture
def resident() -> Resident:
    return new_resident()
