"""A whole house on a database of the test's own, and machines of two institutions."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import asyncpg
import pytest

from carecode.app import App, wall_clock
from carecode.crypto.keyring import KeyRing
from carecode.disclosure.answers import Query
from carecode.kernel.vocabulary import Requester, Role
from carecode.store.database import Database, Target
from tests.conftest import demand_superuser
from tests.exchange.samples import NUMBER_SYSTEM

TABLES = ("identity.resident", "record.resource", "record.directory", "audit.entry", "exchange.loaded")
Rows: TypeAlias = Callable[[], Awaitable[dict[str, int]]]
Held: TypeAlias = Callable[..., Awaitable[list[dict[str, Any]]]]


@pytest.fixture
def house(database: Database, ring: KeyRing) -> App:
    return App(database, ring, wall_clock)


@pytest.fixture
def machine() -> Requester:
    return Requester("county-2/load", Role.SYSTEM, "county-2", "county-2 load")


@pytest.fixture
def other_machine() -> Requester:
    return Requester("city-1/load", Role.SYSTEM, "city-1", "city-1 load")


@pytest.fixture
async def rows(target: Target) -> AsyncIterator[Rows]:
    """Count what stands in every table that sending something may touch."""
    await demand_superuser(target)
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))

    async def count() -> dict[str, int]:
        return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}  # noqa: S608

    yield count
    await connection.close()


@pytest.fixture
def held(house: App, machine: Requester) -> Held:
    """Read what the machine's own institution deposited about one person, decoded."""

    async def read(value: str = "P-1", requester: Requester = machine, **query: object) -> list[dict[str, Any]]:
        resident = await house.index.resolve(NUMBER_SYSTEM, value)
        assert resident is not None
        found = await house.gate.fetch(requester, resident, Query(**query))  # type: ignore[arg-type]
        return [json.loads(body.json) for body in found.bodies]

    return read
