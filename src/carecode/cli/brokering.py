"""How the house starts its key broker and reaches it, here or on another machine."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from carecode.audit.notes import ED25519, public_key
from carecode.audit.sequencer import SIGNING_KEY
from carecode.cli.processes import Child
from carecode.disclosure.broker.client import KeyClient, at_host, at_socket
from carecode.disclosure.broker.process import DatabaseAddress, Introduction
from carecode.disclosure.broker.server import client_context
from carecode.kernel.errors import CareCodeError, InvalidInputError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from carecode.app import Settings
    from carecode.audit.witnesses import Demand
    from carecode.crypto.keyring import KeyRing
    from carecode.store.database import Target

ELSEWHERE: Final = "CARECODE_BROKER"
"""The environment's name for a broker on another machine: HOST:PORT."""
KEEP_UP_SECONDS: Final = 0.5
STARTS_MAX: Final = 10
_SOCKET_PATH_MAX: Final = 107
_ROLE: Final = "carecode_broker"
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
    for _ in range(STARTS_MAX):
        if await client.ready():
            return
        await child.start()
        error = child.said.get("error")
        if not error:
            return
        await child.stop()
        if error["code"] != "broker-runs":
            raise UnavailableError(str(error["code"]), str(error["message"]))
        await asyncio.sleep(KEEP_UP_SECONDS)  # another command's broker is just coming, or just going
    raise UnavailableError("keys-away", "The key keeper does not start. Its own words are in broker.log.")


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
