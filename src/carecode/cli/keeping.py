"""``broker``: the process that holds the key-encryption keys."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from pathlib import Path
from typing import Annotated, Final

import typer
import uvloop

from carecode.app import Settings, environment, wall_clock
from carecode.cli.brokering import keys_folder, socket_path
from carecode.cli.output import DataOption, JsonOption, fail, note
from carecode.cli.processes import end_with_parent
from carecode.disclosure.broker.building import Means
from carecode.disclosure.broker.process import LINE_BYTES_MAX, Introduction, Listening, serve
from carecode.kernel.errors import CareCodeError, InvalidInputError

READY: Final = "The key keeper is ready"
chance: Final = secrets.token_bytes
"""The randomness of the operator's commands on keys."""


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
