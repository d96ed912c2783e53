"""``witness``: watch a log from outside and cosign that it only grows."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import httpx
import typer
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from carecode.app import environment, wall_clock
from carecode.audit.notes import ED25519, NAME_BYTES_MAX, NoteKey, is_name
from carecode.audit.witness import REQUEST_BYTES_MAX, TEXT, Memory, Witness
from carecode.cli.output import JsonOption, fail
from carecode.cli.processes import end_with_parent
from carecode.kernel.errors import CareCodeError, ConflictError, InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from starlette.requests import Request

LISTEN_DEFAULT: Final = "127.0.0.1:8090"
LOGS_MAX: Final = 64
KEY_SECONDS_MAX: Final = 10.0
KEY_BYTES_MAX: Final = 8_192
READY: Final = "The witness is ready"


def witness(
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where to listen; port 0 takes a free one.")
    ] = LISTEN_DEFAULT,
    data: Annotated[
        Path | None, typer.Option("--data", help="The witness's own folder: its key, and what it signed last.")
    ] = None,
    log: Annotated[list[str] | None, typer.Option("--log", metavar="KEY", help="The key of a log to watch.")] = None,
    log_url: Annotated[
        list[str] | None,
        typer.Option("--log-url", metavar="URL", help="Fetch a log's key there now; it is trusted as it comes."),
    ] = None,
    name: Annotated[str, typer.Option("--name", help="The name it signs under.")] = "carecode-witness",
    beyond: Annotated[
        bool, typer.Option("--beyond-this-machine", help="Allow an address that other machines can reach.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Cosign checkpoints of the named logs, each only if the log only grew, until Ctrl-C.

    Run it on a machine that the log's operator does not have: then nobody can show two people two logs.
    """
    try:
        host, port = _place(listen, beyond=beyond)
        if not is_name(name):
            raise InvalidInputError(
                "witness-name", f"A name has 1 to {NAME_BYTES_MAX} characters, no spaces and no plus."
            )
        keys = [NoteKey.parse(text) for text in log or []] + [_fetched(url) for url in log_url or []]
        if not keys or len(keys) > LOGS_MAX or any(key.kind != ED25519 for key in keys):
            raise InvalidInputError("witness-logs", f"Name 1 to {LOGS_MAX} logs with --log KEY or --log-url URL.")
        memory = Memory(_folder(data), name)
        listener = _listening(host, port)
        house = Witness(memory, keys, lambda: int(wall_clock().timestamp()))
        asyncio.run(_serve(house, listener, as_json=as_json))
        memory.close()
    except CareCodeError as error:
        raise fail(error, as_json) from None
    except KeyboardInterrupt:
        raise typer.Exit from None


def application(house: Witness) -> Starlette:
    """Serve a witness: POST /add-checkpoint, and its key at /key."""

    async def add_checkpoint(request: Request) -> Response:
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > REQUEST_BYTES_MAX:
                return PlainTextResponse("The request is too long.\n", 413)
        try:
            answer = house.add_checkpoint(body)
        except (CareCodeError, OSError):  # its disk: nothing was signed
            return PlainTextResponse("The witness cannot write down what it would sign.\n", 503)
        return Response(answer.body, answer.status, {"cache-control": "no-store"}, answer.media_type)

    async def key(_request: Request) -> Response:
        return Response(f"{house.key.vkey()}\n", media_type=TEXT)

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"]), Route("/key", key)])


async def _serve(house: Witness, listener: socket.socket, *, as_json: bool) -> None:
    config = uvicorn.Config(application(house), log_config=None, access_log=False, server_header=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110  # uvicorn offers no event for it
        await asyncio.sleep(0.01)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    end_with_parent()
    host, port = listener.getsockname()[:2]
    listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    said = {"vkey": house.key.vkey(), "url": f"http://{listen}", "listen": listen, "ready": True}
    text = f"Key          {said['vkey']}\nAnswers at   {said['url']}/add-checkpoint\n{READY}"
    print(json.dumps(said) if as_json else text, flush=True)
    await serving


def _place(listen: str, *, beyond: bool) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
        colon = colon if beyond and host else ""
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65_535:  # noqa: PLR2004  # RFC 9293
        raise InvalidInputError("witness-listen", "Write where to listen as 127.0.0.1:8090.")
    if not loopback and not beyond:
        raise InvalidInputError(
            "witness-beyond", "Other machines could reach that address. Add --beyond-this-machine to allow it."
        )
    return host, int(port)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError:
        raise ConflictError("port-taken", "That address is in use. Choose another with --listen.") from None


def _folder(given: Path | None) -> Path:
    named = environment().get("CARECODE_WITNESS_DATA")
    return (given or Path(named or "~/.local/share/carecode-witness")).expanduser().resolve()


def _fetched(url: str) -> NoteKey:
    """Ask a log for its key: ``URL``/log/key."""
    address = url.rstrip("/").removesuffix("/log/key") + "/log/key"
    body = b""
    try:
        with httpx.stream("GET", address, timeout=KEY_SECONDS_MAX, trust_env=False) as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                body += part
                if len(body) > KEY_BYTES_MAX:
                    break
    except (httpx.HTTPError, httpx.InvalidURL):
        raise UnavailableError("log-key-unavailable", "The log did not give its key. Copy it with --log.") from None
    return NoteKey.parse(body[:KEY_BYTES_MAX].decode(errors="replace").split("\n")[0])
