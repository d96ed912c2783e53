"""The catalog lint finds nothing in our schemas, and finds each planted fault."""

from __future__ import annotations

import asyncpg
import pytest

from carecode.store.database import Target
from carecode.store.lint import findings


async def lint(target: Target, *planted: str) -> list[str]:
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        async with connection.transaction():
            for statement in planted:
                await connection.execute(statement)
            return await findings(connection)
    finally:
        await connection.close()


async def test_our_schemas_keep_the_rules(module_target: Target) -> None:
    assert await lint(module_target) == []


@pytest.mark.parametrize(
    ("planted", "sentence"),
    [
        ("CREATE TABLE record.bare (resident_id uuid PRIMARY KEY)", "does not begin with how it is spread"),
        (
            "CREATE TABLE record.a (id uuid PRIMARY KEY, resident_id uuid);COMMENT ON TABLE record.a IS 'resident: x'",
            "does not lead",
        ),
        ("CREATE TABLE record.b (resident_id uuid); COMMENT ON TABLE record.b IS 'resident: x'", "no primary key"),
        (
            """CREATE TABLE record.c (resident_id uuid PRIMARY KEY REFERENCES identity.resident (resident_id));
            COMMENT ON TABLE record.c IS 'resident: x'""",
            "refers to another schema",
        ),
        (
            """CREATE FUNCTION record.t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            REVOKE ALL ON FUNCTION record.t() FROM PUBLIC;
            CREATE TRIGGER t AFTER INSERT ON record.locator FOR EACH ROW EXECUTE FUNCTION record.t()""",
            "has triggers",
        ),
        ("GRANT SELECT ON audit.entry TO PUBLIC", "PUBLIC may use it"),
        ("CREATE FUNCTION record.open() RETURNS int LANGUAGE sql AS 'SELECT 1'", "PUBLIC may use it"),
    ],
)
async def test_a_planted_fault_is_found(module_target: Target, planted: str, sentence: str) -> None:
    connection = await asyncpg.connect(
        **module_target.arguments(module_target.admin_user, module_target.admin_password)
    )
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(planted)
        found = await findings(connection)
    finally:
        await transaction.rollback()
        await connection.close()
    assert [line for line in found if sentence in line], found
