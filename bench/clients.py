"""Eight clients in a process of their own: python -m bench.clients < plan, one JSON object in and out.

Each keeps one connection and asks as soon as it has its answer; latencies are what a client sees.
The plan: ``{"port", "paths", "headers", "seconds", "clients"}``; the answer: ``{"count", "seconds",
"latencies_ms", "wrong"}``.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import sys
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import uvloop

HOST = "127.0.0.1"


class _Client(asyncio.Protocol):
    """One connection that asks again and again until the time is over."""

    def __init__(self, requests: Iterator[bytes], until: float) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.latencies: list[float] = []
        self.wrong = 0
        self._requests = requests
        self._until = until
        self._buffer = bytearray()
        self._asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = bytes(self._buffer).partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        now = time.perf_counter()
        self.latencies.append((now - self._asked_at) * 1000)
        self.wrong += not head.startswith(b"HTTP/1.1 200")
        self._buffer.clear()
        if now >= self._until:
            self._transport.close()
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if not self.done.done():
            self.done.set_result(None)

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(next(self._requests))


def _length(head: bytes) -> int:
    name = b"content-length:"
    lower = head.lower()
    at = lower.index(name) + len(name)
    return int(lower[at:].split(b"\r\n", 1)[0])


async def _drive(plan: dict[str, Any]) -> dict[str, Any]:
    head = "".join(f"{name}: {value}\r\n" for name, value in plan["headers"].items())
    asked = [f"GET {path} HTTP/1.1\r\nhost: {HOST}\r\n{head}\r\n".encode() for path in plan["paths"]]
    begun = time.perf_counter()
    clients = []
    for number in range(plan["clients"]):
        start = number * len(asked) // plan["clients"]
        requests = itertools.cycle(asked[start:] + asked[:start])
        make = functools.partial(_Client, requests, begun + plan["seconds"])
        _, client = await asyncio.get_running_loop().create_connection(make, HOST, plan["port"])
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    latencies = sorted(itertools.chain.from_iterable(client.latencies for client in clients))
    return {
        "count": len(latencies),
        "seconds": time.perf_counter() - begun,
        "latencies_ms": latencies,
        "wrong": sum(client.wrong for client in clients),
    }


async def ask(plan: dict[str, Any]) -> dict[str, Any]:
    """Run one plan in a process of its own, so that the clients do not share the server's loop."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.clients", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate(msgspec.json.encode(plan))
    assert process.returncode == 0, "the clients failed"
    answer: dict[str, Any] = msgspec.json.decode(out)
    return answer


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_drive(msgspec.json.decode(sys.stdin.buffer.read())))))
