"""Migrations: numbered plain SQL per room, applied once, checked by checksum, one at a time.

``<room>/sql/NNNN_expand_*.sql`` runs before the code that needs it, ``NNNN_contract_*.sql`` after
the last code that needed what it removes.  Each script runs in one transaction as the room's owner.
The administering role needs CREATEROLE and CREATE on the database, for this module only.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import asyncpg

from carecode.kernel.errors import ConflictError, CorruptError, UnavailableError
from carecode.store.database import ROOMS, unavailable
from carecode.store.queries import queries, sql_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from carecode.store.database import Target

_SCRIPT: Final = re.compile(r"(\d{4})_(expand|contract)_[a-z0-9_]+\.sql")
_LOCK: Final = 0x43415245  # "CARE": one migration at a time per database
_SCRAM_ITERATIONS: Final = 4096
_ROLE_ATTEMPTS_MAX: Final = 5
READER: Final = "carecode_disclosure"  # the login role that may see which scripts ran


@dataclass(frozen=True, slots=True)
class Script:
    """One migration as it stands in the package."""

    room: str
    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def scripts() -> list[Script]:
    """Return every migration in the order in which they are applied: rooms as in ROOMS, then numbers.

    Raises CorruptError when numbers repeat or a file's name has another form.
    """
    found: list[Script] = []
    for room in ROOMS:
        numbers: set[int] = set()
        for entry in sorted(sql_folder(room).iterdir(), key=lambda e: e.name):
            if entry.name == "queries.sql":
                continue
            match = _SCRIPT.fullmatch(entry.name)
            if match is None or int(match[1]) in numbers:
                raise CorruptError("migration-name", f"{room}/sql/{entry.name} is not a numbered migration")
            numbers.add(int(match[1]))
            found.append(Script(room, int(match[1]), entry.name, entry.read_text(encoding="utf-8")))
    return found


async def migrate(
    target: Target, password: Callable[[str], str], report: Callable[[str], None] = lambda _line: None
) -> int:
    """Bring the database to this version; return how many scripts ran.

    Raises ConflictError when the database is newer than this program or an applied script was
    changed, UnavailableError when it does not answer or its locale cannot compare Chinese names.
    """
    with unavailable():
        connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        await connection.execute(queries("store")["lock"].replace("$1", str(_LOCK)))
        await _prepare(connection)
        await _ensure_roles(connection, password)
        return await _apply(connection, report)
    except asyncpg.InsufficientPrivilegeError as error:
        raise UnavailableError(
            "migrate-rights", "The role of CARECODE_DATABASE needs CREATEROLE, and CREATE on its database, to migrate."
        ) from error
    finally:
        await connection.close()


async def create_if_missing(target: Target, maintenance: str = "postgres") -> None:
    """Create the embedded server's database on its first start."""
    arguments = {**target.arguments(target.admin_user, target.admin_password), "database": maintenance}
    with unavailable():
        connection = await asyncpg.connect(**arguments)
    try:
        if not await connection.fetchval(queries("store")["database_exists"], target.database):
            await connection.execute(await connection.fetchval(queries("store")["create_database"], target.database))
    finally:
        await connection.close()


async def pending(target: Target, password: Callable[[str], str]) -> int:
    """Count migrations that this program brings and the database lacks (all of them if it is empty).

    Asks as an ordinary login role: the administering one is for ``migrate`` only.
    Raises ConflictError as ``migrate`` does.
    """
    try:
        with unavailable():
            connection = await asyncpg.connect(**target.arguments(READER, password(READER)))
    except UnavailableError as error:
        if isinstance(error.__cause__, asyncpg.InvalidAuthorizationSpecificationError):
            return len(scripts())  # never migrated, or with another key ring: migrate tells which
        raise
    try:
        return len(await _missing(connection))
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError, asyncpg.InsufficientPrivilegeError):
        return len(scripts())
    finally:
        await connection.close()


async def _prepare(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.execute(queries("store")["prepare"])
    if not await connection.fetchval(queries("store")["chinese_locale"]):
        raise UnavailableError(
            "locale-c",
            "The database's locale cannot compare Chinese names. Create it with LC_CTYPE C.UTF-8 (or another UTF-8).",
        )


async def _ensure_roles(connection: asyncpg.Connection[asyncpg.Record], password: Callable[[str], str]) -> None:
    """Create or refresh the login role and the owner of each room (roles belong to the whole cluster)."""
    for attempt in range(_ROLE_ATTEMPTS_MAX):
        try:
            for room in ROOMS:
                verifier = scram_verifier(password(f"carecode_{room}"))
                statement = await connection.fetchval(queries("store")["role_statements"], room, verifier)
                await connection.execute(statement)
        except (asyncpg.InternalServerError, asyncpg.UniqueViolationError, asyncpg.DuplicateObjectError):
            # Another database of the same cluster migrates at this moment and touched the same role.
            if attempt == _ROLE_ATTEMPTS_MAX - 1:
                raise
            await asyncio.sleep(0.1 * (attempt + 1))
        else:
            return


async def _apply(connection: asyncpg.Connection[asyncpg.Record], report: Callable[[str], None]) -> int:
    missing = await _missing(connection)
    for script in missing:
        report(f"{script.room} {script.name}")
        async with connection.transaction():
            await connection.execute(await connection.fetchval(queries("store")["become_owner"], script.room))
            await connection.execute(script.sql)
            await connection.execute(queries("store")["become_self"])
            await connection.execute(
                queries("store")["record_migration"], script.room, script.number, script.name, script.checksum
            )
    await _secure(connection)
    return len(missing)


async def secure(target: Target) -> None:
    """Take every right on the database itself from PUBLIC; a copy of a database needs it again."""
    with unavailable():
        connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        await _secure(connection)
    finally:
        await connection.close()


async def _secure(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.execute(await connection.fetchval(queries("store")["secure_database"], list(ROOMS)))


async def _missing(connection: asyncpg.Connection[asyncpg.Record]) -> Sequence[Script]:
    rows = await connection.fetch(queries("store")["applied_migrations"])
    applied = {(row["room"], row["number"]): row["checksum"] for row in rows}
    known = {(script.room, script.number): script for script in scripts()}
    if applied.keys() - known.keys():
        raise ConflictError(
            "database-newer",
            "A newer CareCode migrated this database. Install that version, or restore a backup.",
        )
    for place, checksum in applied.items():
        if known[place].checksum != checksum:
            raise ConflictError(
                "migration-changed", f"Migration {known[place].name} of {place[0]} was changed after it was applied."
            )
    return [script for place, script in known.items() if place not in applied]


def scram_verifier(password: str) -> str:
    """Return PostgreSQL's SCRAM-SHA-256 verifier of a password (RFC 5803), so that SQL never carries it.

    The salt is derived from the password, which is 256 random bits: equal calls give equal verifiers.
    """
    salt = hashlib.sha256(b"carecode scram salt" + password.encode()).digest()[:16]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_SCRAM_ITERATIONS}:{encoded[0]}${encoded[1]}:{encoded[2]}"
