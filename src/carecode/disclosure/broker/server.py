"""The broker's socket: frames in, frames out, and nobody but the server's own user at the other end.

On one machine a Unix socket of mode 0600 in a folder of mode 0700, and the kernel's word for who
connects (SO_PEERCRED); to another machine TCP with TLS 1.3 on both sides, under an authority that
the operator made for this purpose alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import stat
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, cast

from carecode.disclosure.broker import wire
from carecode.disclosure.broker.local import House
from carecode.disclosure.broker.wire import Fault, Frames, Id, OpenAnswer, OpenItem
from carecode.kernel.errors import CareCodeError, ConflictError, InvalidInputError, RefusedError, UnavailableError
from carecode.store.together import Together

CONNECTIONS_MAX: Final = 64
UNANSWERED_MAX: Final = 64  # frames of one connection
_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid


class BrokerServer:
    """Answers frames with a broker."""

    def __init__(self, house: House, *, uids: frozenset[int]) -> None:
        """Serve this broker; over a Unix socket only to processes of these users."""
        self.house = house
        self.uids = uids
        self.opening = Together[list[OpenItem], list[OpenAnswer | CareCodeError]](self._open_frames)
        self.connections: set[Connection] = set()
        house.told.append(self._tell)

    async def listen(self, path: Path) -> asyncio.Server:
        """Listen at a Unix socket; ConflictError when another broker does."""
        if await _answers(path):
            raise ConflictError("broker-runs", "A key keeper is running on this data folder already.")
        _make_way(path)
        before = os.umask(0o177)
        try:
            return await asyncio.get_running_loop().create_unix_server(lambda: Connection(self, local=True), path)
        finally:
            os.umask(before)

    async def listen_tls(self, host: str, port: int, context: ssl.SSLContext) -> asyncio.Server:
        """Listen for TLS; ``context`` is that of ``server_context``."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.create_server(lambda: Connection(self, local=False), host, port, ssl=context)
        except OSError:
            raise ConflictError("broker-port", "The key keeper cannot listen there. Choose another port.") from None

    async def _open_frames(self, frames: Sequence[list[OpenItem]]) -> list[list[OpenAnswer | CareCodeError]]:
        """Answer the frames of one moment with one question to the database."""
        answers = await self.house.broker.open_all([item for items in frames for item in items])
        ends = 0
        apart = []
        for items in frames:
            apart.append(answers[ends : ends + len(items)])
            ends += len(items)
        return apart

    def _tell(self, owners: Sequence[Id]) -> None:
        frame = wire.framed((0, list(owners)))
        for connection in self.connections:
            connection.send(frame)


class Connection(asyncio.Protocol):
    """One peer; a fault in its frames ends it."""

    def __init__(self, server: BrokerServer, *, local: bool) -> None:
        """Wait for the peer."""
        self._server = server
        self._local = local
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let in who may come."""
        self._transport = cast("asyncio.Transport", transport)
        if len(self._server.connections) >= CONNECTIONS_MAX or (self._local and not self._is_ours()):
            self._transport.abort()
            return
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Answer each whole frame."""
        try:
            for frame in self._frames.feed(data):
                number, kind, items = wire.request_of(frame)
                if kind == wire.FRESH:
                    self._answer(number, self._server.house.broker.fresh_all(items))
                    continue
                task = asyncio.ensure_future(self._work(number, kind, items))
                self._tasks.add(task)
                task.add_done_callback(self._done)
        except InvalidInputError:
            self._abort()
            return
        if len(self._tasks) > UNANSWERED_MAX and self._transport is not None:
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the peer."""
        del exc
        self._transport = None
        self._server.connections.discard(self)

    def send(self, frame: bytes) -> None:
        """Send a frame, if the peer is still there."""
        if self._transport is not None:
            self._transport.write(frame)

    def close(self) -> None:
        """End the connection once what was written is sent."""
        if self._transport is not None:
            self._transport.close()

    async def _work(self, number: int, kind: int, items: list[Any]) -> None:
        try:
            if kind == wire.OPEN:
                self._answer(number, await self._server.opening.ask(items))
            else:
                self._answer(number, [await self._task(*item) for item in items])
        except Exception as error:  # noqa: BLE001 - the asker must hear; the text of a fault of ours may hold a key
            known = error if isinstance(error, CareCodeError) else _fault()
            self._answer(number, [known] * len(items))

    async def _task(self, name: str, argument: object) -> object:
        try:
            return await self._server.house.tending.do(name, argument)
        except CareCodeError as error:
            return error

    def _answer(self, number: int, answers: Sequence[object]) -> None:
        told = [Fault.of(answer) if isinstance(answer, CareCodeError) else answer for answer in answers]
        self.send(wire.framed((number, told)))

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._transport is not None and len(self._tasks) == UNANSWERED_MAX:
            self._transport.resume_reading()

    def _is_ours(self) -> bool:
        peer = self._transport.get_extra_info("socket") if self._transport else None
        if peer is None:
            return False
        _pid, uid, _gid = _CREDENTIALS.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        return uid in self._server.uids

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def server_context(certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    """Return the broker's side of TLS: it shows its certificate and demands one of the same authority.

    InvalidInputError when a file is missing or not what it should be.
    """
    return _context(ssl.PROTOCOL_TLS_SERVER, certificate, key, authority)


def client_context(certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    """Return the server's side of TLS: it checks the broker's name and shows its own certificate."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, certificate, key, authority)


def _context(protocol: int, certificate: Path, key: Path, authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(authority)
    except OSError:  # ssl.SSLError is one
        raise InvalidInputError(
            "broker-certificate", "The certificates for the key keeper are missing or damaged. Make them again."
        ) from None
    return context


def _make_way(path: Path) -> None:
    """Make the socket's folder, for its owner alone, and remove what a killed broker left there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise RefusedError("socket-folder", "Others may enter the folder of the key keeper's socket: chmod 700 on it.")
    path.unlink(missing_ok=True)


async def _answers(path: Path) -> bool:
    """Tell whether somebody listens at a socket."""
    try:
        _reader, writer = await asyncio.open_unix_connection(path)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _fault() -> UnavailableError:
    return UnavailableError("keys-fault", "The key keeper made a mistake. Nothing was opened; tell the operator.")
