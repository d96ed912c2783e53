"""Promise 1: a row becomes readable only after its disclosure was committed to the log.

Each attack runs with the rights of the server's own login roles, all of them together.  Each also runs
with its defence removed, and must then succeed: a test that cannot fail proves nothing.

Answers: M9, M11
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from typing import TypeAlias

import asyncpg
import pytest

from carecode.crypto.keyring import KeyRing
from carecode.store.database import ROOMS, Target
from tests.promises.wall import (
    APPEND,
    CATEGORIES,
    DOCTOR,
    MARK,
    READ,
    ROWS,
    SEAL,
    WITHOUT_EARLIER,
    WITHOUT_POLICY,
    Wall,
    build,
)

Session: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@pytest.fixture
async def wall(target: Target, ring: KeyRing) -> Wall:
    return await build(target, ring)


@pytest.fixture(scope="module")
async def standing(module_target: Target, ring: KeyRing) -> Wall:
    """A wall that no test of this file changes."""
    return await build(module_target, ring)


@pytest.fixture
async def gate(wall: Wall) -> AsyncIterator[Session]:
    connection = await wall.gate()
    yield connection
    await connection.close()


async def sealed(gate: Session, wall: Wall, requester: str = DOCTOR) -> uuid.UUID:
    receipt = uuid.uuid4()
    await gate.fetchval(SEAL, [wall.resident], receipt, requester, CATEGORIES)
    return receipt


async def test_a_committed_receipt_opens_her_rows(gate: Session, wall: Wall) -> None:
    receipt = await sealed(gate, wall)
    assert len(await gate.fetch(READ, receipt, DOCTOR)) == ROWS
    assert await wall.logged(receipt)


async def begin_read_rollback(gate: Session, wall: Wall) -> tuple[int, uuid.UUID]:
    receipt = uuid.uuid4()
    transaction = gate.transaction()
    await transaction.start()
    await gate.fetchval(APPEND, [wall.resident], receipt, DOCTOR, CATEGORIES)
    await gate.fetchval(MARK, wall.resident, receipt)
    rows = await gate.fetch(READ, receipt, DOCTOR)
    await transaction.rollback()
    return len(rows), receipt


async def test_begin_read_rollback_opens_nothing(gate: Session, wall: Wall) -> None:
    rows, _receipt = await begin_read_rollback(gate, wall)
    assert rows == 0


async def test_begin_read_rollback_would_leak_without_the_rule_that_the_entry_is_older(
    gate: Session, wall: Wall
) -> None:
    await wall.plant(WITHOUT_EARLIER)
    rows, receipt = await begin_read_rollback(gate, wall)
    assert rows == ROWS
    assert not await wall.logged(receipt)


async def test_a_savepoint_changes_nothing(gate: Session, wall: Wall) -> None:
    receipt = uuid.uuid4()
    async with gate.transaction():
        async with gate.transaction():
            await gate.fetchval(APPEND, [wall.resident], receipt, DOCTOR, CATEGORIES)
        await gate.fetchval(MARK, wall.resident, receipt)
        assert await gate.fetch(READ, receipt, DOCTOR) == []


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize(
    "table", ["record.resource", "record.history", "record.data_key", "audit.entry", "audit.sealed", "audit.head"]
)
async def test_no_login_role_has_a_direct_select(standing: Wall, room: str, table: str) -> None:
    session = await standing.session(room)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await session.fetch(f"SELECT * FROM {table}")  # noqa: S608  # a constant of this test
    finally:
        await session.close()


async def test_reading_without_a_receipt_gives_nothing(gate: Session) -> None:
    assert await gate.fetch(READ, uuid.uuid4(), DOCTOR) == []
    await gate.execute("SELECT set_config('carecode.receipt', '', false)")
    assert await gate.fetch(READ, None, DOCTOR) == []


async def test_reading_without_a_receipt_would_give_all_without_the_policy(gate: Session, wall: Wall) -> None:
    await wall.plant(WITHOUT_POLICY)
    assert len(await gate.fetch(READ, uuid.uuid4(), DOCTOR)) == ROWS


async def test_even_the_owner_of_the_rows_sees_none(wall: Wall) -> None:
    rows = await wall_rows_as_owner(wall)
    assert rows == 0
    await wall.plant("ALTER TABLE record.resource NO FORCE ROW LEVEL SECURITY")
    assert await wall_rows_as_owner(wall) == ROWS  # the control: FORCE is what holds


async def wall_rows_as_owner(wall: Wall) -> int:
    connection = await asyncpg.connect(**wall.target.arguments(wall.target.admin_user, wall.target.admin_password))
    try:
        await connection.execute("SET ROLE carecode_record_owner")
        return len(await connection.fetch("SELECT id FROM record.resource"))
    finally:
        await connection.close()


async def test_a_receipt_is_good_for_its_requester_only(gate: Session, wall: Wall) -> None:
    receipt = await sealed(gate, wall)
    assert await gate.fetch(READ, receipt, "doctor-2") == []


async def test_a_receipt_is_good_for_its_resident_only(gate: Session, wall: Wall, ring: KeyRing) -> None:
    other = await build(wall.target, ring)
    receipt = await sealed(gate, wall)
    rows = await gate.fetch(READ, receipt, DOCTOR)
    assert {row["resident_id"] for row in rows} == {wall.resident}
    assert other.resident != wall.resident


async def test_a_receipt_is_good_for_its_categories_only(gate: Session, wall: Wall) -> None:
    receipt = uuid.uuid4()
    await gate.fetchval(SEAL, [wall.resident], receipt, DOCTOR, [1, 3, 4])
    assert await gate.fetch(READ, receipt, DOCTOR) == []  # her rows are of category 2


async def test_a_revocation_voids_a_receipt_at_once(gate: Session, wall: Wall) -> None:
    receipt = await sealed(gate, wall)
    await gate.fetchval("SELECT audit.void($1)", wall.resident)
    assert await gate.fetch(READ, receipt, DOCTOR) == []
    await gate.fetchval(MARK, wall.resident, receipt)
    assert await gate.fetch(READ, receipt, DOCTOR) == []  # marking again revives nothing


async def test_a_receipt_of_an_older_decision_is_refused(gate: Session, wall: Wall) -> None:
    decided = await gate.fetchval("SELECT clock_timestamp()")
    await gate.fetchval("SELECT audit.void($1)", wall.resident)
    late = SEAL.replace("'infinity'", "$5")
    with pytest.raises(asyncpg.PostgresError, match="decisions changed"):
        await gate.fetchval(late, [wall.resident], uuid.uuid4(), DOCTOR, CATEGORIES, decided)


async def test_a_revocation_under_repeatable_read_still_holds(gate: Session, wall: Wall) -> None:
    receipt = await sealed(gate, wall)
    other = await wall.gate()
    try:
        async with gate.transaction(isolation="repeatable_read"):
            await gate.fetchval("SELECT 1")
            await other.fetchval("SELECT audit.void($1)", wall.resident)
            assert await gate.fetch(READ, receipt, DOCTOR) == []
    finally:
        await other.close()


async def test_an_expired_receipt_opens_nothing(gate: Session, wall: Wall) -> None:
    receipt = await sealed(gate, wall)
    await wall.plant("UPDATE audit.sealed SET at = at - interval '601 seconds'")
    assert await gate.fetch(READ, receipt, DOCTOR) == []
    await wall.plant("UPDATE audit.sealed SET at = at + interval '600 seconds'")
    assert len(await gate.fetch(READ, receipt, DOCTOR)) == ROWS  # the control: time alone closed it


async def test_an_entry_that_is_no_disclosure_makes_no_receipt(gate: Session, wall: Wall) -> None:
    receipt = uuid.uuid4()
    await gate.fetchval(APPEND.replace("'disclose'", "'identify'"), [wall.resident], receipt, DOCTOR, CATEGORIES)
    assert await gate.fetchval(MARK, wall.resident, receipt) is False
    assert await gate.fetch(READ, receipt, DOCTOR) == []


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO audit.sealed SELECT gen_random_uuid(), gen_random_uuid(), 'x', '{}', '{}', NULL, now(), '0/0'",
        "DELETE FROM audit.entry",
        "UPDATE audit.entry SET requester = 'nobody'",
        "UPDATE audit.head SET void_at = '-infinity'",
        "SET ROLE carecode_record_owner",
        "SET session_replication_role = replica",
        "ALTER TABLE record.resource DISABLE ROW LEVEL SECURITY",
        "CREATE TEMP TABLE sealed (receipt uuid)",
        "CREATE FUNCTION record.shadow() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "COPY record.resource TO STDOUT",
        "SELECT pg_read_file('postgresql.conf')",
    ],
)
async def test_no_login_role_may(standing: Wall, statement: str) -> None:
    gate = await standing.gate()
    with pytest.raises(asyncpg.PostgresError) as refused:
        await gate.execute(statement)
    await gate.close()
    assert refused.value.sqlstate == "42501"  # insufficient_privilege: for no other reason


async def test_the_search_path_cannot_be_turned(gate: Session, wall: Wall) -> None:
    receipt = await sealed(gate, wall, "doctor-3")
    await gate.execute("SET search_path = pg_temp, public")
    assert await gate.fetch(READ, receipt, DOCTOR) == []


async def test_explain_without_a_receipt_tells_no_counts(gate: Session) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await gate.fetch("EXPLAIN SELECT * FROM record.resource")
