"""``broker``: the process that holds the key-encryption keys; and how the house starts it and reaches it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import secrets
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import structlog
import typer
import uvloop

from carecode.app import Settings, environment, wall_clock
from carecode.audit.notes import ED25519, public_key
from carecode.audit.sequencer import SIGNING_KEY
from carecode.cli.output import DataOption, JsonOption, fail, note
from carecode.cli.processes import Child, end_with_parent
from carecode.disclosure.broker.building import Means
from carecode.disclosure.broker.client import KeyClient, at_host, at_socket
from carecode.disclosure.broker.process import LINE_BYTES_MAX, DatabaseAddress, Introduction, Listening, serve
from carecode.disclosure.broker.server import client_context
from carecode.kernel.errors import CareCodeError, InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from carecode.audit.witnesses import Demand
    from carecode.crypto.keyring import KeyRing
    from carecode.store.database import Target

ELSEWHERE: Final = "CARECODE_BROKER"
"""The environment's name for a broker on another machine: HOST:PORT."""
READY: Final = "The key keeper is ready"
KEEP_UP_SECONDS: Final = 0.5
_SOCKET_PATH_MAX: Final = 107
_ROLE: Final = "carecode_broker"
chance: Final = secrets.token_bytes
"""The randomness of this process."""
log = structlog.get_logger()


def keys_folder(data: Path) -> Path:
    """Return the folder of the broker's ring, journal and list of the erased."""
    return data / "keys"


def tls_folder(data: Path) -> Path:
    """Return the folder of the server's certificate for a broker on another machine."""
    return data / "keys" / "broker-tls"


def socket_path(data: Path) -> Path:
    """Return where the broker of this data folder listens, in a path short enough for a socket."""
    path = data / "run" / "broker.sock"
    if len(os.fsencode(path)) <= _SOCKET_PATH_MAX:
        return path
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"carecode-{os.geteuid()}-{digest}" / "broker.sock"


def introduction(target: Target, ring: KeyRing, demand: Demand | None) -> Introduction:
    """Return what a broker must be told; ``demand`` None: the house runs without a public log."""
    address = DatabaseAddress(target.host, target.port, target.database, target.ssl)
    if demand is None:
        return Introduction(address, ring.password(_ROLE))
    public = public_key("log", ED25519, ring.key(SIGNING_KEY)).public.hex()
    witnesses = tuple(key.vkey() for key in demand.keys)
    return Introduction(address, ring.password(_ROLE), public, witnesses, demand.quorum, float(demand.grace_seconds))


@contextlib.asynccontextmanager
async def broker_process(
    settings: Settings, target: Target, ring: KeyRing, demand: Demand | None
) -> AsyncIterator[KeyClient]:
    """Reach the key broker: the one that runs, or one of our own as a child, kept up and ended with us.

    ``demand`` names the witnesses; None where the house runs without a public log.  Keys from before
    the broker are handed over on the way.  UnavailableError when it does not start.
    """
    if settings.environment.get(ELSEWHERE):
        client = _elsewhere(settings)
        keeper = None
    else:
        client, child = KeyClient(at_socket(socket_path(settings.data))), _child(settings, target, ring, demand)
        await _start(client, child)
        keeper = asyncio.create_task(_keep_up(client, child))
    try:
        await client.task("adopt", ring.key("record.kek"))
        yield client
    finally:
        if keeper is not None:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
            await client.close()
            await child.stop()
        else:
            await client.close()


def _child(settings: Settings, target: Target, ring: KeyRing, demand: Demand | None) -> Child:
    words = [sys.executable, "-m", "carecode", "broker", "--json", "--data", str(settings.data)]
    told = introduction(target, ring, demand).line()
    return Child("key-keeper", lambda _said: words, settings.data / "broker.log", secret=told)


async def _start(client: KeyClient, child: Child) -> None:
    """Start the child unless a broker answers; raise what it says when it cannot."""
    if await client.ready():
        return
    await child.start()
    error = child.said.get("error")
    if error:
        await child.stop()
        if await client.ready():
            return  # another command's broker was first
        raise UnavailableError(str(error["code"]), str(error["message"]))


async def _keep_up(client: KeyClient, child: Child) -> None:
    """Start a broker again when none answers: ours died, or the command whose broker we shared has ended."""
    while True:
        await asyncio.sleep(KEEP_UP_SECONDS)
        try:
            if not await client.ready():
                log.warning("key-keeper-died")
                await child.stop()
                await _start(client, child)
        except CareCodeError as error:
            log.warning("key-keeper-not-back", code=error.code)


def _elsewhere(settings: Settings) -> KeyClient:
    host, _, port = settings.environment[ELSEWHERE].rpartition(":")
    if not host or not port.isdigit():
        raise InvalidInputError("broker-address", f"{ELSEWHERE} must read HOST:PORT.")
    folder = tls_folder(settings.data)
    context = client_context(folder / "server.pem", folder / "server.key", folder / "authority.pem")
    return KeyClient(at_host(host, int(port), context))


def broker(
    listen: Annotated[
        str | None, typer.Option("--listen", metavar="HOST:PORT", help="Serve another machine by TLS on both sides.")
    ] = None,
    certificate: Annotated[Path | None, typer.Option("--certificate", help="This broker's certificate, PEM.")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Its private key, PEM.")] = None,
    authority: Annotated[
        Path | None, typer.Option("--authority", help="The authority whose certificates may connect, PEM.")
    ] = None,
    server_user: Annotated[
        int | None, typer.Option("--server-user", metavar="UID", help="The user of the server, if not this one.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep the key-encryption keys and open data keys for live receipts only, until Ctrl-C.

    Reads one line on standard input: what carecode keys introduction prints.  serve and demo start it
    by themselves; run it on another machine so that whoever has the server has no keys.
    """
    settings = Settings.of(data, environment())
    told = sys.stdin.buffer.readline(LINE_BYTES_MAX)
    end_with_parent()
    try:
        place = _place(listen, (certificate, key, authority), settings, server_user)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_stopped(Introduction.parse(told), place, settings, as_json=as_json))
    except CareCodeError as error:
        raise fail(error, as_json) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        note("The key keeper has stopped.")


def _place(
    listen: str | None, files: tuple[Path | None, Path | None, Path | None], settings: Settings, user: int | None
) -> Listening:
    uids = frozenset({os.geteuid()} if user is None else {os.geteuid(), user})
    if listen is None:
        return Listening(path=socket_path(settings.data), uids=uids)
    host, _, port = listen.rpartition(":")
    certificate, key, authority = files
    if not host or not port.isdigit() or certificate is None or key is None or authority is None:
        raise InvalidInputError(
            "broker-listen", "Give --listen HOST:PORT together with --certificate, --key and --authority."
        )
    return Listening(host=host, port=int(port), certificate=certificate, key=key, authority=authority)


async def _until_stopped(told: Introduction, place: Listening, settings: Settings, *, as_json: bool) -> None:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # a coroutine of a runner always has one
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)

    def ready() -> None:
        print(json.dumps({"ready": True}) if as_json else READY, flush=True)

    await serve(told, place, keys_folder(settings.data), Means(chance, wall_clock), ready)
