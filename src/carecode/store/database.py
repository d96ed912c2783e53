"""Connections: one pool per room, each under the room's own login role.

No room can use another room's role: the passwords come from the key ring, and PostgreSQL grants
each role only its own schema and the functions that other rooms offer it.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg

from carecode.kernel.errors import InvalidInputError, UnavailableError
from carecode.store.pool import RoomPool, as_it_is

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

ROOMS: Final = (
    "audit",
    "identity",
    "healthcode",
    "record",
    "disclosure",
    "exchange",
    "visits",
    "settlement",
    "statistics",
    "broker",
)
POOL_SIZE_MAX: Final = 8
COMMAND_SECONDS_MAX: Final = 60.0
CONNECT_SECONDS_MAX: Final = 10.0
IDLE_MILLISECONDS_MAX: Final = "30000"  # a transaction left open holds somebody's chain no longer than this
CONNECTION_ERRORS: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server died in the middle of an exchange
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where PostgreSQL listens, and who may administer it."""

    host: str
    port: int
    database: str
    admin_user: str
    admin_password: str | None = field(repr=False)
    ssl: str | None = None

    @classmethod
    def of_socket(cls, folder: Path, port: int, database: str, user: str, password: str) -> Target:
        """Describe the embedded server behind its socket folder."""
        return cls(str(folder), port, database, user, password)

    @classmethod
    def parse(cls, dsn: str) -> Target:
        """Parse ``CARECODE_DATABASE``, a ``postgresql://user:password@host:port/database`` address.

        A socket folder is given as ``postgresql://user@/database?host=/folder``.
        Raises InvalidInputError, which never repeats the address: it holds a password.
        """
        parts = urlsplit(dsn)
        query = dict(parse_qsl(parts.query))
        host, database = parts.hostname or query.get("host"), parts.path.lstrip("/")
        if parts.scheme not in {"postgresql", "postgres"} or not host or not database or not parts.username:
            raise InvalidInputError(
                "database-address", "CARECODE_DATABASE must read postgresql://user:password@host:port/database."
            )
        password = unquote(parts.password) if parts.password else query.get("password")
        port = parts.port or int(query.get("port", "5432"))
        return cls(host, port, database, unquote(parts.username), password, query.get("sslmode"))

    def arguments(self, user: str, password: str | None) -> dict[str, Any]:
        """Return asyncpg's connection arguments for one role."""
        return {
            "host": self.host,
            "port": self.port,
            "database": self.database,
            "user": user,
            "password": password,
            "ssl": self.ssl or _ssl_of(self.host),
            "timeout": CONNECT_SECONDS_MAX,
            "server_settings": {
                "application_name": "carecode",
                "jit": "off",
                "idle_in_transaction_session_timeout": IDLE_MILLISECONDS_MAX,
            },
        }


def _ssl_of(host: str) -> str | None:
    """Choose how to ask for TLS where the address does not say: never unverified over a network."""
    if host.startswith("/"):
        return None
    return "prefer" if host in {"localhost", "127.0.0.1", "::1"} else "verify-full"


class Database:
    """The pools of all rooms on one database."""

    def __init__(self, target: Target, password: Callable[[str], str]) -> None:
        """Remember the target and how a role's password is derived; connect on first use."""
        self.target = target
        self._password = password
        self._pools: dict[str, RoomPool] = {}
        self._lock = asyncio.Lock()

    async def pool(self, room: str) -> RoomPool:
        """Return the room's pool (login role ``carecode_<room>``, at most POOL_SIZE_MAX connections).

        Raises UnavailableError when PostgreSQL does not answer.
        """
        known = self._pools.get(room)
        if known is not None:
            return known
        if room not in ROOMS:
            raise InvalidInputError("unknown-room", f"no room {room!r} stores anything")
        async with self._lock:
            if room not in self._pools:
                role = f"carecode_{room}"
                arguments = self.target.arguments(role, self._password(role))
                with unavailable():
                    pool = await asyncpg.create_pool(
                        **arguments,
                        min_size=1,
                        max_size=POOL_SIZE_MAX,
                        command_timeout=COMMAND_SECONDS_MAX,
                        reset=as_it_is,
                    )
                    self._pools[room] = RoomPool(pool, POOL_SIZE_MAX)
            return self._pools[room]

    @contextlib.asynccontextmanager
    async def connection(self, room: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
        """Borrow one connection of the room; connection faults become UnavailableError."""
        pool = await self.pool(room)
        with unavailable():
            async with pool.acquire() as connection:
                yield connection

    async def close(self) -> None:
        """Close every pool; connections still in use are cut after two seconds."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            try:
                await asyncio.wait_for(pool.close(), timeout=2)
            except (TimeoutError, *CONNECTION_ERRORS):
                pool.terminate()


@contextlib.contextmanager
def unavailable() -> Iterator[None]:
    """Turn a lost or refused connection into UnavailableError; other errors pass."""
    try:
        yield
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise UnavailableError(
            "database-key", "The database does not accept this key ring's passwords. Run carecode migrate."
        ) from error
    except asyncpg.DiskFullError as error:
        raise UnavailableError("disk-full", "The database's disk is full. Nothing was changed.") from error
    except CONNECTION_ERRORS as error:
        raise UnavailableError(
            "database-away",
            "The database does not answer now. Try again; if you sent something, look first whether it is there.",
        ) from error
