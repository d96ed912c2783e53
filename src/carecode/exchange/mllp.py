"""The Minimal Lower Layer Protocol: HL7 v2 messages over TCP, each in a frame, each answered before the next.

A first, small listener: it listens on this machine's loopback only.  TLS and client certificates are not
here yet; until they are, another machine comes in through a tunnel that ends here, and a port belongs
to one organisation.  A frame is 0x0B, the message, 0x1C 0x0D.  An answer goes out after what it says was
committed.  Bounds: connections, bytes of a message, time between messages, time within one.

Source: HL7 v2 Transport Specification MLLP Release 1, section 2; port 2575 (IANA, hl7).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from carecode.kernel.errors import ConflictError, InvalidInputError

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

HOST: Final = "127.0.0.1"
PORT: Final = 2575
START: Final = b"\x0b"
END: Final = b"\x1c\x0d"
_READ_BYTES: Final = 65_536
_LINGER_SECONDS: Final = 1.0
_BETWEEN: Final = b"\r\n \t"  # what some senders write after a frame
log = structlog.get_logger()


class Answering(Protocol):
    """Who answers messages; nothing raises."""

    async def answer(self, data: bytes) -> bytes:
        """Answer one message."""

    def too_long(self) -> bytes:
        """Answer one that went on for too long."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one port bears."""

    connections: int = 16
    message_bytes: int = 1 << 20
    idle_seconds: float = 600.0  # between messages
    message_seconds: float = 30.0  # from a message's first byte to its last, and for its answer to be read
    stop_seconds: float = 5.0  # for messages under way when the listener stops


def framed(message: bytes) -> bytes:
    """Put a message into a frame."""
    return START + message + END


class FrameError(Exception):
    """What came is no frame; the connection is of no use any more."""


class Frames:
    """The messages that come in on one connection."""

    def __init__(self, reader: StreamReader, bounds: Bounds) -> None:
        """Read from ``reader``."""
        self._reader = reader
        self._bounds = bounds
        self._buffer = bytearray()

    async def next(self) -> bytes | None:
        """Return the next message; None when the other side ended, or was silent for too long.

        FrameError for bytes outside a frame, TimeoutError for a message that stops half-way,
        OverflowError for one that is too long.
        """
        try:
            async with asyncio.timeout(self._bounds.idle_seconds):
                while not self._begun():
                    if not await self._more():
                        return None
        except TimeoutError:
            return None
        async with asyncio.timeout(self._bounds.message_seconds):
            searched = 0
            while (end := self._buffer.find(END, searched)) < 0:
                if len(self._buffer) > self._bounds.message_bytes + len(START):
                    raise OverflowError
                searched = max(len(self._buffer) - 1, 0)
                if not await self._more():
                    raise FrameError
        message = bytes(self._buffer[1:end])
        del self._buffer[: end + len(END)]
        if len(message) > self._bounds.message_bytes:
            raise OverflowError
        if START in message:
            raise FrameError  # a new frame began before this one ended: a part was lost
        return message

    def _begun(self) -> bool:
        """Say whether a frame has begun; drop line ends between frames."""
        while self._buffer and self._buffer[0] in _BETWEEN:
            del self._buffer[0]
        if self._buffer and not self._buffer.startswith(START):
            raise FrameError
        return bool(self._buffer)

    async def _more(self) -> bool:
        data = await self._reader.read(_READ_BYTES)
        self._buffer += data
        return bool(data)


class Listener:
    """One port of one organisation."""

    def __init__(self, answering: Answering, port: int = PORT, host: str = HOST, bounds: Bounds | None = None) -> None:
        """Prepare to listen; ``port`` 0 takes a free one.

        InvalidInputError ``mllp-not-loopback`` for any address but this machine's own: without TLS,
        names and numbers would cross the network for everybody to read.
        """
        try:
            loopback = ipaddress.ip_address(host).is_loopback
        except ValueError:
            loopback = False
        if not loopback:
            raise InvalidInputError("mllp-not-loopback", "MLLP listens on 127.0.0.1 only until it has TLS.")
        self._answering = answering
        self._port = port
        self._host = host
        self._bounds = bounds or Bounds()
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._working: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """The port that is listened on; known once started."""
        if self._server is None or not self._server.sockets:
            return self._port
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen.  ConflictError ``port-taken``."""
        try:
            self._server = await asyncio.start_server(self._connected, self._host, self._port, limit=_READ_BYTES)
        except OSError:
            raise ConflictError(
                "port-taken", f"Port {self._port} is in use. Stop the other program, or choose another."
            ) from None

    async def stop(self) -> None:
        """Take no new connection, let messages under way be answered, then close what is left."""
        if self._server is not None:
            self._server.close()
        for task in self._serving - self._working:
            task.cancel()
        if self._working:
            await asyncio.wait(self._working, timeout=self._bounds.stop_seconds)
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # asyncio runs this as a task
        if len(self._serving) >= self._bounds.connections:
            log.warning("mllp-full", connections=len(self._serving))
            writer.close()
            return
        self._serving.add(task)
        try:
            await self._serve(reader, writer, task)
        except (FrameError, TimeoutError, ConnectionError) as error:
            log.info("mllp-closed", why=type(error).__name__)
        except asyncio.CancelledError:
            if self._server is not None and self._server.is_serving():
                raise
        finally:
            self._serving.discard(task)
            self._working.discard(task)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: StreamReader, writer: StreamWriter, task: asyncio.Task[None]) -> None:
        """Answer one message after the other, in order."""
        frames = Frames(reader, self._bounds)
        while self._server is not None and self._server.is_serving():
            try:
                message = await frames.next()
            except OverflowError:
                await self._write(writer, self._answering.too_long())
                await self._drop(reader, writer)
                return
            if message is None:
                return
            self._working.add(task)
            await self._write(writer, await self._answering.answer(message))
            self._working.discard(task)

    async def _drop(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Read on a little and forget it: closing over unread bytes would take the answer back."""
        writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                for _ in range(self._bounds.message_bytes // _READ_BYTES + 1):
                    if not await reader.read(_READ_BYTES):
                        return

    async def _write(self, writer: StreamWriter, message: bytes) -> None:
        writer.write(framed(message))
        async with asyncio.timeout(self._bounds.message_seconds):
            await writer.drain()
