"""The broker as a process: told where the database is by a pipe, listening until it is stopped.

What is secret comes as one JSON line on standard input, never in arguments or the environment, which
other processes may read::

    {"database": {"host", "port", "name", "ssl"}, "password", "log_key", "witnesses", "quorum", "grace_seconds"}

``log_key`` null: the house has no public log, and nothing is watched.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from carecode.audit.notes import NoteKey
from carecode.disclosure.broker.building import Means, keeping
from carecode.disclosure.broker.server import BrokerServer, server_context
from carecode.disclosure.broker.watch import LogDemand
from carecode.kernel.errors import InvalidInputError
from carecode.store.database import Database, Target

LINE_BYTES_MAX: Final = 65_536


class DatabaseAddress(msgspec.Struct, frozen=True):
    """Where PostgreSQL listens."""

    host: str
    port: int
    name: str
    ssl: str | None = None


class Introduction(msgspec.Struct, frozen=True):
    """What a broker is told at its start."""

    database: DatabaseAddress
    password: str
    log_key: str | None = None  # the log's Ed25519 public key, hexadecimal
    witnesses: tuple[str, ...] = ()  # key lines
    quorum: int = 0
    grace_seconds: float = 600.0

    def __repr__(self) -> str:
        """Hide the password."""
        return "Introduction(...)"

    def line(self) -> bytes:
        """Write the line."""
        return msgspec.json.encode(self) + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Introduction:
        """Read the line.  InvalidInputError, which repeats nothing of it."""
        try:
            return msgspec.json.decode(line, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise InvalidInputError(
                "broker-introduction",
                "The key keeper needs one line on its standard input: carecode keys introduction prints it.",
            ) from None

    def demand(self) -> LogDemand | None:
        """Return what the watch is to demand; None where there is no public log."""
        if self.log_key is None:
            return None
        try:
            public = bytes.fromhex(self.log_key)
        except ValueError:
            raise InvalidInputError("broker-introduction", "The public log's key is not one.") from None
        keys = tuple(NoteKey.parse(text) for text in self.witnesses)
        return LogDemand(public, keys, self.quorum, self.grace_seconds)


class Listening(msgspec.Struct, frozen=True):
    """Where a broker listens: at a socket of these users', or by TLS."""

    path: Path | None = None
    uids: frozenset[int] = frozenset()
    host: str = ""
    port: int = 0
    certificate: Path = Path()
    key: Path = Path()
    authority: Path = Path()


async def serve(
    introduction: Introduction, listening: Listening, folder: Path, means: Means, ready: Callable[[], None]
) -> None:
    """Serve until cancelled; ``ready`` is called once it listens.  Raises what ``keeping`` and ``listen`` raise."""
    address = introduction.database
    target = Target(address.host, address.port, address.name, "", None, address.ssl)
    database = Database(target, lambda _role: introduction.password)
    try:
        async with keeping(database, means, folder=folder, demand=introduction.demand()) as house:
            server = BrokerServer(house, uids=listening.uids)
            if listening.path is not None:
                listener = await server.listen(listening.path)
            else:
                context = server_context(listening.certificate, listening.key, listening.authority)
                listener = await server.listen_tls(listening.host, listening.port, context)
            gc.collect()
            gc.freeze()
            ready()
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                listener.close()
                for connection in list(server.connections):
                    connection.close()
                if listening.path is not None:
                    with contextlib.suppress(FileNotFoundError):
                        listening.path.unlink()
    finally:
        await database.close()
