"""Fixtures of the log: lists that grow, a sequencer and the door for readers on this test's own database."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import pytest

from carecode.audit.log import Log
from carecode.audit.publiclog import PublicLog
from carecode.audit.sequencer import Sequencer
from carecode.audit.stored import Connection
from carecode.crypto.keyring import KeyRing
from carecode.kernel.vocabulary import Purpose, RecordKey, Requester, Resident, ResidentId, Role
from carecode.store.database import Database, Target

DOCTOR = Requester("doctor-1", Role.CLINICIAN, "county-2", "Dr Chen", "internal medicine")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


def somebody(keys: int = 1) -> Resident:
    return Resident(ResidentId(uuid4()), tuple(RecordKey(uuid4()) for _ in range(keys)))


class Lists:
    """Access lists of residents on a real database."""

    def __init__(self, database: Database) -> None:
        self.log = Log(database, secrets.token_bytes)

    async def add(self, resident: Resident, count: int = 1) -> None:
        for _ in range(count):
            await self.log.append(resident, DOCTOR, "identify", Purpose.IDENTIFY, "desk")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lists(database: Database) -> Lists:
    return Lists(database)


@pytest.fixture
def sequencer(database: Database, ring: KeyRing, clock: Clock) -> Sequencer:
    return Sequencer(database, ring, clock)


@pytest.fixture
def public(database: Database, ring: KeyRing, clock: Clock) -> PublicLog:
    return PublicLog(database, ring, clock, secrets.token_bytes)


@asynccontextmanager
async def administrator(target: Target) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        yield connection
    finally:
        await connection.close()


async def drain(sequencer: Sequencer) -> int:
    entries = 0
    while batch := await sequencer.step():
        entries += batch.entries
    return entries
