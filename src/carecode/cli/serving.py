"""``serve``, ``demo`` and ``migrate``: bring the house up and keep it up."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import logging
import os
import signal
import socket
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
import structlog
import typer
import uvicorn
import uvloop

from carecode.app import App, Settings, asgi, environment, opened
from carecode.cli.beside import Processes
from carecode.cli.listening import DEMO, Port, listening, ports
from carecode.cli.opening import run
from carecode.cli.output import DataOption, JsonOption, emit, fail, note
from carecode.demo.town import RESIDENTS_DEFAULT, RESIDENTS_MAX, populate
from carecode.kernel.errors import CareCodeError, ConflictError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence

HOST: Final = "127.0.0.1"
PORT_DEFAULT: Final = 8000
PORT_MAX: Final = 65_535
STOP_SECONDS: Final = 2
GC_THRESHOLDS: Final = (200_000, 50, 50)
READY: Final = "CareCode is ready"
PortOption = Annotated[
    int | None,
    typer.Option("--port", min=1, max=PORT_MAX, help="The port on 127.0.0.1 (else CARECODE_PORT, else 8000)."),
]


def migrate_command(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Bring the database to this version."""

    async def work(_app: App) -> None:
        """Leave it at that: opening migrated."""

    run(data, work, as_json=as_json, may_migrate=True)
    emit(as_json, {"migrated": True}, "The database is up to date.")


def serve(
    port: PortOption = None,
    hl7: Annotated[
        Path | None, typer.Option("--hl7", help="A file of HL7 v2 ports; without it none is opened.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Serve the house on 127.0.0.1 until Ctrl-C."""

    async def prepare(_app: App) -> dict[str, str]:
        return {}

    try:
        wanted = ports(hl7) if hl7 is not None else ()
    except CareCodeError as error:
        raise fail(error, as_json) from None
    _serve(data, _checked_port(port, as_json), prepare, wanted, as_json=as_json)


def demo(
    port: PortOption = None,
    data: DataOption = None,
    residents: Annotated[
        int, typer.Option("--residents", min=5, max=RESIDENTS_MAX, help="How many live in the town.")
    ] = RESIDENTS_DEFAULT,
    hl7_port: Annotated[
        int | None,
        typer.Option("--hl7-port", min=0, max=PORT_MAX, help="The port of HL7 v2 (else 2575 if free; 0: none)."),
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make the demo town on first use, then serve it until Ctrl-C."""

    async def prepare(app: App) -> dict[str, str]:
        if not await app.people.is_demo():
            if await app.index.count() and not await app.people.demo_begun():
                raise ConflictError("not-demo", "This data folder holds real data. Choose another with --data.")
            await populate(app, residents, note)
        links = await app.demo_links.current(app.clock()) or {}
        base = f"http://localhost:{chosen}"
        if not no_open:
            asyncio.get_running_loop().call_later(1, _show, base)
        return {handle: f"{base}{path}" for handle, path in links.items()}

    chosen = _checked_port(port, as_json)
    wanted = () if hl7_port == 0 else tuple(msgspec.structs.replace(each, port=hl7_port or each.port) for each in DEMO)
    _serve(data, chosen, prepare, wanted, as_json=as_json, may_migrate=True, try_ports=hl7_port is None)


def _serve(
    data: Path | None,
    port: int,
    prepare: Callable[[App], Awaitable[dict[str, str]]],
    wanted: Sequence[Port],
    *,
    as_json: bool,
    may_migrate: bool = False,
    try_ports: bool = False,
) -> None:
    async def until_stopped(settings: Settings) -> None:
        async with _house(settings, wanted, may_migrate=may_migrate, try_ports=try_ports) as app:
            links = await prepare(app)
            await _serving(app, settings, listener, lambda: _announce(port, links, as_json=as_json))

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)  # a lost database is told per request, without tracebacks
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            settings = Settings.of(data, environment())
            listener = _listen(port)
            runner.run(_until_stopped(until_stopped(settings)))
    except CareCodeError as error:
        raise fail(error, as_json) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        note("CareCode has stopped.")


async def _until_stopped(work: Coroutine[None, None, None]) -> None:
    """Do ``work`` until SIGINT or SIGTERM, then let it end in its own order."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine of asyncio.run always has one
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(each, lambda: None)  # once is enough: a second must not cut the stopping short
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    await work


@contextlib.asynccontextmanager
async def _house(
    settings: Settings, wanted: Sequence[Port], *, may_migrate: bool, try_ports: bool
) -> AsyncIterator[App]:
    """Open the house and its HL7 v2 ports; ``try_ports``: go on without one that another program holds."""
    async with (
        opened(settings, Processes(), may_migrate=may_migrate, alone=True, report=note) as app,
        contextlib.AsyncExitStack() as stack,
    ):
        try:
            await stack.enter_async_context(listening(app, wanted, app.random_bytes))
        except ConflictError as error:
            if not try_ports:
                raise
            note(f"Without HL7 v2: {error.message}")
        yield app


async def _serving(app: App, settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Answer requests until cancelled, then stop answering before anything else stops."""
    server = _Server(
        uvicorn.Config(
            asgi(app, settings.hosts), log_config=None, access_log=False, server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )
    )  # fmt: skip
    # What stands now stands for good; collections that walk it again and again cost every request.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110  # uvicorn offers no event for it
        await asyncio.sleep(0.01)
    ready()
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise


def _announce(port: int, links: dict[str, str], *, as_json: bool) -> None:
    base = f"http://localhost:{port}"
    if as_json:
        print(json.dumps({"open": base, "fhir": f"{base}/fhir", "links": links, "ready": True}), flush=True)
        return
    lines = [f"Open         {base}", *(f"{handle:<12} {link}" for handle, link in links.items())]
    for line in [*lines, f"FHIR base    {base}/fhir", READY]:
        print(line, flush=True)


class _Server(uvicorn.Server):
    """uvicorn without its own signal handlers: it would re-raise the signal before PostgreSQL has stopped."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _checked_port(given: int | None, as_json: bool) -> int:
    try:
        return _port(given)
    except CareCodeError as error:
        raise fail(error, as_json) from None


def _port(given: int | None) -> int:
    text = environment().get("CARECODE_PORT", str(PORT_DEFAULT))
    if given is not None:
        return given
    if not (text.isascii() and text.isdigit()) or not 0 < int(text) <= PORT_MAX:
        raise InvalidInputError("port-form", "CARECODE_PORT must be a number from 1 to 65535.")
    return int(text)


def _listen(port: int) -> socket.socket:
    """Bind before anything is started, so that a taken port costs nothing."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise ConflictError(
            "port-taken", f"Port {port} is in use. Stop the other program, or choose another with --port."
        ) from None
    return listener


def _show(address: str) -> None:
    """Open a browser where a person sits at a desktop."""
    desktop = sys.platform == "darwin" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    if desktop and sys.stdout.isatty():
        webbrowser.open(address)
