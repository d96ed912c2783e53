"""Eight clients in a process of their own: python -m bench.clients < plan, one JSON object in and out.

Each keeps one connection and asks as soon as it has its answer; latencies are what a client sees.
The plan: ``{"port", "paths", "headers", "seconds", "clients"}``; the answer: ``{"count", "seconds",
"latencies_ms", "wrong"}``.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import uvloop

HOST: Final = "127.0.0.1"
_ROOT: Final = Path(__file__).resolve().parents[1]
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_HEAD_END: Final = b"\r\n\r\n"


class _Client(asyncio.Protocol):
    """One connection that asks again and again until the time is over."""

    def __init__(self, requests: Iterator[bytes], until: float) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.latencies: list[float] = []
        self.wrong = 0
        self._requests = requests
        self._until = until
        self._buffer = b""
        self._asked_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none of asyncio's
        self._ask()

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data
        end = data.find(_HEAD_END)
        length = _LENGTH.search(data, 0, end + 2) if end >= 0 else None
        if length is None or len(data) < end + len(_HEAD_END) + int(length[1]):
            self._buffer = data
            return
        now = time.perf_counter()
        self.latencies.append((now - self._asked_at) * 1000)
        self.wrong += not data.startswith(b"HTTP/1.1 200 ")
        self._buffer = b""
        if now >= self._until:
            self._transport.close()
        else:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.wrong += exc is not None or time.perf_counter() < self._until
            self.done.set_result(None)

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(next(self._requests))


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
    return {
        "count": sum(len(client.latencies) for client in clients),
        "seconds": time.perf_counter() - begun,
        "latencies_ms": list(itertools.chain.from_iterable(client.latencies for client in clients)),
        "wrong": sum(client.wrong for client in clients),
    }


async def ask(plan: dict[str, Any]) -> dict[str, Any]:
    """Run one plan in a process of its own, so that the clients do not share the server's loop.

    Ctrl-C does not reach that process: it ends with this one's wish or with its own plan.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.clients"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        cwd=_ROOT,
        start_new_session=True,
    )
    try:
        out, _ = await process.communicate(msgspec.json.encode(plan))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, "the clients failed"
    answer: dict[str, Any] = msgspec.json.decode(out)
    assert answer["wrong"] == 0, f"{answer['wrong']} answers were not 200"
    return answer


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_drive(msgspec.json.decode(sys.stdin.buffer.read())))))
