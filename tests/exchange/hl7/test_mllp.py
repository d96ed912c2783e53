"""Frames over a real socket: whole messages answered in order, everything else bounded."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager

import pytest

from carecode.exchange.mllp import END, START, Bounds, Listener, framed
from carecode.kernel.errors import ConflictError, InvalidInputError

Serving = Callable[..., AbstractAsyncContextManager[Listener]]


class Echo:
    """Answers with what it was sent; ``hold`` keeps it waiting."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.hold = asyncio.Event()
        self.hold.set()

    async def answer(self, data: bytes) -> bytes:
        self.seen.append(data)
        await self.hold.wait()
        return b"got " + data

    def too_long(self) -> bytes:
        return b"too long"


@pytest.fixture
def echo() -> Echo:
    return Echo()


@contextlib.asynccontextmanager
async def serving(echo: Echo, **bounds: float) -> AsyncIterator[Listener]:
    listener = Listener(echo, 0, bounds=Bounds(**bounds))  # type: ignore[arg-type]
    await listener.start()
    yield listener
    await listener.stop()


async def dial(listener: Listener) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", listener.port)


async def receive(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        frame = await reader.readuntil(END)
    assert frame.startswith(START)
    return frame[1:-2]


async def closed(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(5):
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True


async def test_messages_are_answered_in_order_however_they_are_cut(echo: Echo) -> None:
    async with serving(echo) as listener:
        reader, writer = await dial(listener)
        stream = framed(b"one") + b"\r\n" + framed(b"two") + framed("三".encode())
        for place in range(len(stream)):
            writer.write(stream[place : place + 1])
            await writer.drain()
        assert [await receive(reader) for _ in range(3)] == [b"got one", b"got two", "got 三".encode()]
        writer.close()


async def test_two_connections_do_not_wait_for_each_other(echo: Echo) -> None:
    async with serving(echo) as listener:
        first, second = await dial(listener), await dial(listener)
        echo.hold.clear()
        first[1].write(framed(b"slow"))
        await asyncio.sleep(0.05)
        second[1].write(framed(b"next"))
        await asyncio.sleep(0.05)
        assert echo.seen == [b"slow", b"next"]
        echo.hold.set()
        assert [await receive(each[0]) for each in (first, second)] == [b"got slow", b"got next"]
        first[1].close()
        second[1].close()


@pytest.mark.parametrize(
    "sent",
    [b"GET / HTTP/1.1\r\n\r\n", START + b"half" + START + b"next" + END, b"\x00"],
    ids=["http", "lost end", "nul"],
)
async def test_what_is_no_frame_closes_the_connection(echo: Echo, sent: bytes) -> None:
    async with serving(echo) as listener:
        reader, writer = await dial(listener)
        writer.write(sent)
        assert await closed(reader)
        assert echo.seen == []
        writer.close()


@pytest.mark.parametrize("end", [b"", END], ids=["endless", "whole"])
async def test_a_message_that_is_too_long_is_refused(echo: Echo, end: bytes) -> None:
    async with serving(echo, message_bytes=1000) as listener:
        reader, writer = await dial(listener)
        writer.write(framed(b"x" * 1000))
        assert await receive(reader) == b"got " + b"x" * 1000
        writer.write(START + b"x" * 1002 + end)
        assert await receive(reader) == b"too long"
        assert await closed(reader)
        assert len(echo.seen) == 1
        writer.close()


async def test_a_silent_connection_is_closed_and_so_is_a_message_that_stops_half_way(echo: Echo) -> None:
    for sent, bounds in ((b"", {"idle_seconds": 0.1}), (START + b"half", {"message_seconds": 0.1})):
        async with serving(echo, **bounds) as listener:
            reader, writer = await dial(listener)
            writer.write(sent)
            assert await closed(reader)
            writer.close()
    assert echo.seen == []


async def test_connections_are_bounded_and_freed(echo: Echo) -> None:
    async with serving(echo, connections=2) as listener:
        kept = [await dial(listener) for _ in range(2)]
        for reader, writer in kept:
            writer.write(framed(b"here"))
            await receive(reader)
        over = await dial(listener)
        assert await closed(over[0])
        kept[0][1].close()
        await asyncio.sleep(0.05)
        again = await dial(listener)
        again[1].write(framed(b"again"))
        assert await receive(again[0]) == b"got again"
        for _reader, writer in (*kept, over, again):
            writer.close()


async def test_a_message_under_way_is_answered_before_the_listener_stops(echo: Echo) -> None:
    async with serving(echo) as listener:
        idle, busy = await dial(listener), await dial(listener)
        echo.hold.clear()
        busy[1].write(framed(b"last"))
        await asyncio.sleep(0.05)
        stopping = asyncio.create_task(listener.stop())
        await asyncio.sleep(0.05)
        echo.hold.set()
        assert await receive(busy[0]) == b"got last"
        await stopping
        assert await closed(idle[0])
        assert await closed(busy[0])
        with pytest.raises(ConnectionRefusedError):
            await dial(listener)
        idle[1].close()
        busy[1].close()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "hospital.example"])  # noqa: S104  # refused
def test_without_tls_only_this_machine_is_listened_to(echo: Echo, host: str) -> None:
    with pytest.raises(InvalidInputError, match="TLS"):
        Listener(echo, 0, host)


async def test_a_taken_port_is_said(echo: Echo) -> None:
    async with serving(echo) as listener:
        with pytest.raises(ConflictError, match="in use"):
            await Listener(echo, listener.port).start()
