"""Fixtures of all rooms: one real PostgreSQL per run, one migrated database per test."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, settings

from carecode.app import App, asgi, wall_clock
from carecode.crypto.keyring import KeyRing
from carecode.store.database import Database, Target
from carecode.store.embedded import PORT, SUPERUSER, EmbeddedPostgres
from carecode.store.migrations import migrate, secure

TEMPLATE = "carecode_template"
SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
_counter = itertools.count()

settings.register_profile("few", max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("many", max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile("many" if os.environ.get("CARECODE_TEST_ALL") else "few")


@pytest.fixture(scope="session")
def ring(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.open(tmp_path_factory.mktemp("keys") / "ring.json")


@pytest.fixture(scope="session")
def server(ring: KeyRing, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Where this run's PostgreSQL listens: CARECODE_DATABASE when given, else an embedded one."""
    given = os.environ.get("CARECODE_DATABASE")
    if given:
        yield Target.parse(given)
        return
    # fsync off: no ordinary test pulls the plug, and those that do start a server of their own.
    embedded = EmbeddedPostgres(
        tmp_path_factory.mktemp("pg"), ring.password(SUPERUSER), os.environ, {"fsync": "off", "max_connections": "200"}
    )
    embedded.start()
    yield Target.of_socket(embedded.socket_folder, PORT, "postgres", SUPERUSER, ring.password(SUPERUSER))
    embedded.stop()


async def administer(target: Target, *statements: str) -> None:
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
async def template(server: Target, ring: KeyRing) -> AsyncIterator[Target]:
    """A migrated database that each test copies."""
    name = f"{TEMPLATE}_{os.getpid()}"
    await administer(
        server, f'CREATE DATABASE "{name}" TEMPLATE template0 ENCODING UTF8 LC_CTYPE "C.UTF-8" LC_COLLATE "C"'
    )
    target = replace(server, database=name)
    await migrate(target, ring.password)
    yield target
    await drop(server, name)


async def demand_superuser(target: Target) -> None:
    """Skip where the administering role is held by row-level security like everybody else."""
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        if not await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            pytest.skip("looking behind row-level security needs a superuser; CARECODE_DATABASE names none")
    finally:
        await connection.close()


async def drop(server: Target, name: str) -> None:
    """Drop a test's database; one that a lost connection still holds stays, and dies with its server."""
    try:
        await administer(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    except asyncpg.InsufficientPrivilegeError:  # only a superuser may end other roles' connections
        with contextlib.suppress(asyncpg.ObjectInUseError):
            await administer(server, f'DROP DATABASE IF EXISTS "{name}"')


@contextlib.asynccontextmanager
async def _copy(server: Target, template: Target) -> AsyncIterator[Target]:
    name = f"carecode_test_{os.getpid()}_{next(_counter)}"
    await administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template.database}" STRATEGY FILE_COPY')
    copied = replace(server, database=name)
    await secure(copied)  # a database's own rights are not copied with it
    yield copied
    await drop(server, name)


@pytest.fixture
async def target(server: Target, template: Target) -> AsyncIterator[Target]:
    """An empty migrated database of this test's own."""
    async with _copy(server, template) as copied:
        yield copied


@pytest.fixture(scope="module")
async def module_target(server: Target, template: Target) -> AsyncIterator[Target]:
    """An empty migrated database that the tests of one file share."""
    async with _copy(server, template) as copied:
        yield copied


@pytest.fixture
async def database(target: Target, ring: KeyRing) -> AsyncIterator[Database]:
    """The pools of all rooms on this test's own database."""
    opened = Database(target, ring.password)
    yield opened
    await opened.close()


@pytest.fixture
def random_bytes() -> object:
    return secrets.token_bytes


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real test data beside the checkout; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real test data is not beside this checkout (../shared/data)")
    return SHARED_DATA


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to drive; tests that need one skip where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip("no Chromium on this machine: apt-get install chromium")


@pytest.fixture
def house(database: Database, ring: KeyRing) -> App:
    """Every door of the house on this test's own database."""
    return App(database, ring, wall_clock)


@pytest.fixture
async def http(house: App) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the house's pages and API, in process."""
    transport = httpx.ASGITransport(app=asgi(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000", timeout=60) as client:
        yield client
