"""Migrations run once, in order, one at a time, and notice when something was changed."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import asyncpg
import pytest

from carecode.crypto.keyring import KeyRing
from carecode.kernel.errors import ConflictError, CorruptError, InvalidInputError, UnavailableError
from carecode.store.database import ROOMS, Database, Target
from carecode.store.migrations import migrate, pending, scram_verifier, scripts
from carecode.store.queries import parse, queries
from tests.conftest import administer


@pytest.fixture
async def empty(server: Target) -> Target:
    name = "carecode_empty"
    await administer(
        server,
        f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)',
        f'CREATE DATABASE "{name}" TEMPLATE template0 ENCODING UTF8 LC_COLLATE "C" LC_CTYPE "C.UTF-8"',
    )
    return replace(server, database=name)


async def test_two_at_once_make_one_database(empty: Target, ring: KeyRing) -> None:
    assert await pending(empty, ring.password) == len(scripts())
    ran = await asyncio.gather(migrate(empty, ring.password), migrate(empty, ring.password))
    assert sorted(ran) == [0, len(scripts())]
    assert await migrate(empty, ring.password) == 0


async def test_a_changed_script_is_refused(target: Target, ring: KeyRing) -> None:
    await administer(target, "UPDATE store.migration SET checksum = 'x' WHERE room = 'record'")
    with pytest.raises(ConflictError, match="was changed after it was applied"):
        await migrate(target, ring.password)


async def test_a_newer_database_is_refused(target: Target, ring: KeyRing) -> None:
    await administer(
        target, "INSERT INTO store.migration (room, number, name, checksum) VALUES ('record', 9999, 'x', 'x')"
    )
    with pytest.raises(ConflictError, match="A newer CareCode"):
        await pending(target, ring.password)


async def test_another_key_ring_is_told_what_to_do(target: Target) -> None:
    with contextlib.suppress(asyncpg.InvalidPasswordError):
        connection = await asyncpg.connect(**target.arguments("carecode_audit", "wrong"))
        await connection.close()
        pytest.skip("this PostgreSQL trusts every password (pg_hba.conf)")
    database = Database(target, lambda _role: "wrong")
    with pytest.raises(UnavailableError, match="carecode migrate"):
        await database.pool("audit")


async def test_no_login_role_is_more_than_a_login(target: Target) -> None:
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        rows = await connection.fetch(
            "SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication FROM pg_roles"
            " WHERE rolname = ANY ($1)",
            [f"carecode_{room}" for room in ROOMS],
        )
        members = await connection.fetch(
            "SELECT m.member::regrole::text FROM pg_auth_members m WHERE m.member::regrole::text = ANY ($1)",
            [f"carecode_{room}" for room in ROOMS],
        )
    finally:
        await connection.close()
    assert len(rows) == len(ROOMS)
    assert not any(any(row[column] for column in list(row.keys())[1:]) for row in rows)
    assert members == []


def test_a_verifier_is_stable_and_holds_no_password() -> None:
    verifier = scram_verifier("secret")
    assert verifier == scram_verifier("secret") != scram_verifier("secret2")
    assert verifier.startswith("SCRAM-SHA-256$4096:")
    assert "secret" not in verifier


@pytest.mark.parametrize(
    "dsn", ["", "mysql://u:p@h/d", "postgresql://h/d", "postgresql://u:p@h", "postgresql:///d", "postgresql://u:p@/d"]
)
def test_a_bad_address_is_refused_without_repeating_it(dsn: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Target.parse(dsn)
    assert "u:p" not in refused.value.message


def test_addresses() -> None:
    target = Target.parse("postgresql://joe:p%40ss@db.example:6000/care?sslmode=require")
    assert (target.host, target.port, target.database, target.admin_password, target.ssl) == (
        "db.example", 6000, "care", "p@ss", "require",
    )  # fmt: skip
    assert Target.parse("postgresql://joe@/care?host=/run/pg").host == "/run/pg"
    assert "p@ss" not in repr(target)


def test_a_query_needs_a_description() -> None:
    with pytest.raises(CorruptError):
        parse("-- name: one\nSELECT 1;\n")
    with pytest.raises(CorruptError):
        parse("-- name: one\n-- a\nSELECT 1;\n-- name: one\n-- a\nSELECT 1;\n")
    for room in (*ROOMS, "store"):
        assert queries(room)
