"""What the attacks on the log share: a resident with ten rows, and a session as each login role."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from carecode.crypto.keyring import KeyRing
from carecode.store.database import ROOMS, Target

ROWS = 10
CATEGORIES = list(range(1, 12))
DOCTOR = "doctor-1"

APPEND = (
    "SELECT audit.append($1, $2, $3, 'Dr Zhao', '', 'clinician', 'county-2', 'disclose', 'TREAT', 'code', $4, NULL,"
    " 'infinity', 0)"
)
MARK = "SELECT audit.mark($1, $2)"
SEAL = (
    "CALL audit.seal($1, $2, $3, 'Dr Zhao', '', 'clinician', 'county-2', 'TREAT', 'code', $4, NULL,"
    " 'infinity', 0, NULL, NULL)"
)
READ = "SELECT * FROM record.find($1, $2, NULL, NULL, NULL, NULL, true, 1000, 0)"
DEPOSIT = (
    "SELECT record.deposit($1, $2, 'machine', 'A machine', '', 'system', 'county-2', 'TREAT', 'deposit',"
    " $3, $4, $5, $6, $7, $8, $9, now(), $10, $11, gen_random_uuid(), 'wrapped')"
)
# Row-level security as it would be without the log: the planted fault under which each attack must succeed.
WITHOUT_POLICY = "ALTER POLICY disclosed ON record.resource USING (true)"
# The log's question as it stands; each part can be replaced to see what it is for.
_SIGHT = """
CREATE OR REPLACE FUNCTION audit.sight(OUT keys uuid[], OUT own text, OUT barred int)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT s.keys, s.own, s.barred INTO sight.keys, sight.own, sight.barred
    FROM audit.sealed s JOIN audit.head h ON h.resident_id = s.resident_id
    WHERE s.receipt = nullif(current_setting('carecode.receipt', true), '')::uuid
      AND s.requester = current_setting('carecode.requester', true)
      AND {flushed} AND {clock} < {until} AND {void} AND {isolation};
END $$
"""


def sight_with(
    *,
    flushed: str = "s.target <= pg_current_wal_flush_lsn()",
    clock: str = "clock_timestamp()",
    until: str = "least(s.at + interval '10 minutes', s.until)",
    void: str = "s.at > h.void_at",
    isolation: str = "current_setting('transaction_isolation') = 'read committed'",
) -> str:
    """Return SQL that asks the log's question with some of its parts replaced."""
    return _SIGHT.format(flushed=flushed, clock=clock, until=until, void=void, isolation=isolation)


# Without "flushed": what a crash then takes is the log, not the rows already shown.
WITHOUT_FLUSH = sight_with(flushed="true")
# The log's answer without "committed earlier": the same transaction may then read and roll back.
WITHOUT_EARLIER = """
CREATE OR REPLACE FUNCTION audit.mark(p_resident uuid, p_receipt uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO audit.sealed (receipt, resident_id, requester, keys, categories, depositor, at, target, own, barred)
    SELECT e.receipt, e.resident_id, e.requester, e.keys, e.categories, e.depositor, e.at, '0/0'::pg_lsn,
      e.organisation, audit.barred(e.categories, e.depositor, e.opens)
    FROM audit.entry e WHERE e.resident_id = p_resident AND e.receipt = p_receipt;
  RETURN FOUND;
END $$
"""


@dataclass(frozen=True)
class Wall:
    """One database with one resident, attacked with the rights of the login roles."""

    target: Target
    ring: KeyRing
    resident: uuid.UUID
    revise: str = (
        "SELECT record.revise($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, gen_random_uuid(), 'wrapped')"
    )

    @property
    def revision(self) -> tuple[object, ...]:
        """What ``revise`` is given after the row's place: the next version of any row here."""
        return (1, 2, None, [], b"other body", datetime.now(UTC), 0, None)

    async def session(self, room: str) -> asyncpg.Connection[asyncpg.Record]:
        """Connect with a room's own password, as a stolen server could."""
        role = f"carecode_{room}"
        return await asyncpg.connect(**self.target.arguments(role, self.ring.password(role)))

    async def gate(self) -> asyncpg.Connection[asyncpg.Record]:
        """Connect as one role that may append, mark and read: the worst case, a server with all passwords."""
        role = "carecode_everything"
        return await asyncpg.connect(**self.target.arguments(role, self.ring.password(role)))

    async def plant(self, statement: str) -> None:
        """Plant a fault as the administrator."""
        await as_administrator(self.target, statement)

    async def logged(self, receipt: uuid.UUID) -> bool:
        """Tell whether a disclosure stands in the log."""
        rows = await as_administrator(self.target, "SELECT FROM audit.entry WHERE receipt = $1", receipt)
        return bool(rows)


async def as_administrator(target: Target, statement: str, *arguments: object) -> list[Any]:
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        return list(await connection.fetch(statement, *arguments))
    finally:
        await connection.close()


async def build(target: Target, ring: KeyRing) -> Wall:
    """Store ten rows of one resident through the real deposit function."""
    wall = Wall(target, ring, uuid.uuid4())
    everything = "carecode_everything"
    rooms = ", ".join(f"carecode_{room}" for room in ROOMS)
    await as_administrator(
        target,
        f"DO $$ BEGIN CREATE ROLE {everything} LOGIN PASSWORD '{ring.password(everything)}' IN ROLE {rooms};"
        " EXCEPTION WHEN duplicate_object THEN NULL; END $$",
    )
    await as_administrator(
        target,
        f"DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO {everything}', current_database()); END $$",
    )
    connection = await wall.session("record")
    try:
        await connection.fetchval(
            DEPOSIT,
            wall.resident,
            uuid.uuid4(),
            [3] * ROWS,
            [uuid.uuid4() for _ in range(ROWS)],
            [2] * ROWS,
            [None] * ROWS,
            [],
            [0] * ROWS,
            [b"sealed body"] * ROWS,
            [0] * ROWS,
            [None] * ROWS,
        )
    finally:
        await connection.close()
    return wall
