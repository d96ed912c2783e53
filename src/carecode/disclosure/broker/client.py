"""The server's door to the broker's process: asks of one moment go in one frame.

A broker that is down, does not answer in time or refuses is an error in plain words; nothing is
answered from memory here.  A lost connection is made again by the next ask.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, cast
from uuid import UUID

from carecode.crypto.datakeys import FreshKey, Opened, WrappedKey
from carecode.disclosure.broker import wire
from carecode.disclosure.broker.local import fresh_key, open_item
from carecode.disclosure.broker.wire import Frames, OpenItem
from carecode.kernel.errors import InvalidInputError, UnavailableError
from carecode.kernel.vocabulary import Receipt, RecordKey
from carecode.store.together import Together

ANSWER_SECONDS_MAX: Final = 5.0
CONNECT_SECONDS_MAX: Final = 2.0
TASK_SECONDS_MAX: Final = 3600.0

Connect = Callable[[Callable[[], asyncio.Protocol]], Awaitable[tuple[asyncio.BaseTransport, asyncio.BaseProtocol]]]


def at_socket(path: Path) -> Connect:
    """Connect to a broker on this machine."""
    return lambda factory: asyncio.get_running_loop().create_unix_connection(factory, str(path))


def at_host(host: str, port: int, context: ssl.SSLContext) -> Connect:
    """Connect to a broker on another machine; ``context`` is that of ``client_context``."""
    return lambda factory: asyncio.get_running_loop().create_connection(factory, host, port, ssl=context)


class KeyClient:
    """A ``KeyDoor`` onto a broker's process."""

    def __init__(self, connect: Connect) -> None:
        """Connect on first use, by ``at_socket`` or ``at_host``."""
        self._connect = connect
        self._wire: _Wire | None = None
        self._lock = asyncio.Lock()
        self._forgetting: list[Callable[[RecordKey], None]] = []
        self._opening = Together[OpenItem, Any](lambda items: self._ask(wire.OPEN, items))
        self._making = Together[bytes, Any](lambda items: self._ask(wire.FRESH, items))

    async def fresh(self, key: RecordKey) -> FreshKey:
        """Make a data key for a resident; RefusedError ``record-erased``, UnavailableError ``keys-away``."""
        return fresh_key(await self._making.ask(key.bytes))

    async def open(self, receipt: Receipt, wrapped: Sequence[WrappedKey]) -> Opened:
        """Open keys under a live receipt; see ``Broker.open_all``; UnavailableError ``keys-away``."""
        if len(wrapped) > wire.KEYS_MAX:
            raise InvalidInputError("keys-many", "This asks for too many keys at once.")
        seconds, deks = await self._opening.ask(open_item(receipt, wrapped))
        return Opened(deks, seconds)

    def when_erased(self, forget: Callable[[RecordKey], None]) -> None:
        """Call ``forget`` for each resident whose keys are erased from now on."""
        self._forgetting.append(forget)

    async def task(self, name: str, argument: object = None) -> Any:  # noqa: ANN401 - each answers its own way
        """Have an operator's task done; it may take long."""
        [answer] = await self._ask(wire.TASK, [(name, argument)], TASK_SECONDS_MAX)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def ready(self) -> bool:
        """Tell whether a broker answers now."""
        try:
            await self._connected()
        except UnavailableError:
            return False
        return True

    async def close(self) -> None:
        """End the connection."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    async def _ask(self, kind: int, items: Sequence[object], seconds: float = ANSWER_SECONDS_MAX) -> list[Any]:
        connected = self._wire
        if connected is None or connected.lost:
            connected = await self._connected()
        answers = await connected.ask(kind, items, seconds)
        if len(answers) != len(items):
            connected.close()
            raise _away()
        return [wire.error_of(one) if isinstance(one, dict) and "type" in one else one for one in answers]

    async def _connected(self) -> _Wire:
        async with self._lock:
            if self._wire is None or self._wire.lost:
                try:
                    async with asyncio.timeout(CONNECT_SECONDS_MAX):
                        _transport, made = await self._connect(lambda: _Wire(self._forget))
                except (OSError, TimeoutError):
                    raise _away() from None
                self._wire = cast("_Wire", made)
            return self._wire

    def _forget(self, owners: Sequence[bytes]) -> None:
        for owner in owners:
            for forget in self._forgetting:
                forget(RecordKey(UUID(bytes=owner)))


class _Wire(asyncio.Protocol):
    """One connection, and who waits for an answer on it."""

    def __init__(self, forget: Callable[[Sequence[bytes]], None]) -> None:
        self.lost = False
        self._forget = forget
        self._frames = Frames()
        self._number = 0
        self._waiting: dict[int, asyncio.Future[list[Any]]] = {}
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    async def ask(self, kind: int, items: Sequence[object], seconds: float) -> list[Any]:
        if self._transport is None or self.lost:
            raise _away()
        self._number += 1
        number = self._number
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Any]] = loop.create_future()
        self._transport.write(wire.framed((number, kind, items)))
        self._waiting[number] = future
        late = loop.call_later(seconds, self.close)  # one that does not answer is not asked again
        try:
            return await future
        finally:
            late.cancel()
            self._waiting.pop(number, None)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.feed(data):
                number, answers = wire.answer_of(frame)
                if number == 0:
                    self._forget([bytes(owner) for owner in answers])
                    continue
                future = self._waiting.get(number)
                if future is not None and not future.done():
                    future.set_result(answers)
        except InvalidInputError:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.lost = True
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(_away())

    def close(self) -> None:
        self.lost = True
        if self._transport is not None:
            self._transport.abort()


def _away() -> UnavailableError:
    return UnavailableError("keys-away", "The key keeper does not answer; nothing was opened. Try again in a moment.")
