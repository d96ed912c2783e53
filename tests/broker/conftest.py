"""A broker beside a record, its log, and a resident with something in it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from carecode.app import wall_clock
from carecode.audit.log import Log
from carecode.crypto.keyring import KeyRing
from carecode.crypto.uuid7 import uuid7
from carecode.disclosure.broker.building import Means, keeping
from carecode.disclosure.broker.local import House, LocalDoor
from carecode.disclosure.broker.ring import BrokerRing
from carecode.kernel.vocabulary import (
    ALL_CATEGORIES,
    EVERYTHING,
    Category,
    NewResource,
    Purpose,
    Receipt,
    RecordKey,
    Requester,
    Resident,
    ResidentId,
    Resource,
    Role,
)
from carecode.record.keys import KeyDoor
from carecode.record.store import RecordStore
from carecode.store.database import Database, Target
from tests.promises.wall import as_administrator

DOCTOR = Requester("doctor-1", Role.CLINICIAN, "county-2", "Dr. Lin", "internal medicine")
OTHER_DOCTOR = Requester("doctor-2", Role.CLINICIAN, "city-1", "Dr. Berg")
OPERATOR = Requester("operator", Role.OPERATOR, "carecode", "Ops")


@dataclass
class Hand:
    """A monotonic clock in the test's hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def new_key() -> RecordKey:
    return RecordKey(UUID(bytes=secrets.token_bytes(16)))


def new_resident(*keys: RecordKey) -> Resident:
    return Resident(ResidentId(UUID(bytes=secrets.token_bytes(16))), keys or (new_key(),))


def made(text: str = "a note") -> NewResource:
    number = uuid7(int(wall_clock().timestamp() * 1000), secrets.token_bytes(10))
    body = msgspec.json.encode({"resourceType": "Condition", "id": str(number), "note": [{"text": text}]})
    return NewResource("Condition", number, Category.PROBLEMS, None, (), body)


@dataclass
class Bench:
    """A database with a record and its log, and whatever door is asked for."""

    database: Database
    target: Target
    ring: KeyRing
    log: Log
    broker_ring: BrokerRing = field(default_factory=lambda: BrokerRing.made(secrets.token_bytes, wall_clock()))

    def store(self, door: KeyDoor) -> RecordStore:
        return RecordStore(self.database, self.ring, secrets.token_bytes, door)

    async def deposit(self, store: RecordStore, resident: Resident, *texts: str) -> None:
        resources = [made(text) for text in texts or ("a note",)]
        await store.deposit(
            resident.keys[0], resources, organisation="county-2", requester=DOCTOR, purpose=Purpose.TREAT,
            now=wall_clock(),
        )  # fmt: skip

    async def open(self, resident: Resident, by: Requester = DOCTOR) -> Receipt:
        return await self.log.seal(
            resident, by, Purpose.TREAT, ALL_CATEGORIES, "test", decided_at=datetime.now(UTC), opens=EVERYTHING
        )

    async def wrapped(self, resident: Resident) -> list[Any]:
        return await self.sql(
            "SELECT resident_id, key_id, wrapped FROM record.data_key WHERE resident_id = ANY ($1)", list(resident.keys)
        )

    async def sql(self, statement: str, *arguments: object) -> list[Any]:
        return await as_administrator(self.target, statement, *arguments)


def texts(resources: Sequence[Resource]) -> list[str]:
    return sorted(msgspec.json.decode(resource.body)["note"][0]["text"] for resource in resources)


def means(monotonic: Hand | None = None) -> Means:
    return Means(secrets.token_bytes, wall_clock, monotonic) if monotonic else Means(secrets.token_bytes, wall_clock)


@pytest.fixture
def bench(database: Database, target: Target, ring: KeyRing) -> Bench:
    return Bench(database, target, ring, Log(database, secrets.token_bytes))


@pytest.fixture
async def house(bench: Bench) -> AsyncIterator[House]:
    async with keeping(bench.database, means(), ring=bench.broker_ring) as kept:
        yield kept


@pytest.fixture
def door(house: House) -> LocalDoor:
    return LocalDoor(house)


@pytest.fixture
def resident() -> Resident:
    return new_resident()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "keys"
    made.mkdir(mode=0o700)
    return made
