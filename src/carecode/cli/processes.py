"""Processes of our own beside the server: started with it, started again when they die, ended with it.

A child gets only the environment it is given, so that it holds no key of ours unless we mean it to.  It
ends when we end, even by kill -9: its standard input is a pipe that closes then (``end_with_parent``),
and where ``setpriv`` is installed the kernel sends it SIGTERM as well.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

import structlog

from carecode.audit.notes import NoteKey
from carecode.audit.witnesses import Address
from carecode.kernel.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

READY_SECONDS_MAX: Final = 30.0
STOP_SECONDS_MAX: Final = 5.0
KEEP_UP_SECONDS: Final = 1.0
READY_BYTES_MAX: Final = 65_536
PARENT: Final = "CARECODE_PARENT"
_STDIN: Final = "stdin"
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH")
log = structlog.get_logger()


class Child:
    """One process beside ours; ``said`` is the JSON object it printed when it was ready."""

    def __init__(
        self,
        name: str,
        command: Callable[[Mapping[str, Any] | None], Sequence[str]],
        report: Path,
        *,
        environment: Mapping[str, str] | None = None,
        secret: bytes = b"",
    ) -> None:
        """Describe it; nothing is started yet.

        ``command`` is given what an earlier start said, so that a second one can take the same place.
        What it writes to standard error goes to ``report``.  ``secret`` is written to its standard
        input first: arguments and environments can be read by others.
        """
        self.name = name
        self.said: dict[str, Any] = {}
        self._command = command
        self._report = report
        self._environment = dict(environment or {})
        self._secret = secret
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def start(self) -> None:
        """Start it and wait until it says that it is ready.  UnavailableError ``NAME-failed`` when it does not."""
        self._report.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._report.open("ab") as report:
            self._process = await asyncio.create_subprocess_exec(
                *_dying_with_us(),
                *self._command(self.said or None),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=report,
                env={**_surroundings(), **self._environment, PARENT: _STDIN},
                start_new_session=True,  # Ctrl-C reaches us first; we end it when nothing needs it any more
                limit=READY_BYTES_MAX,
            )
        try:
            async with asyncio.timeout(READY_SECONDS_MAX):  # wait_for may swallow the cancelling of keep_up
                self.said = await self._ready(self._process)
        except (TimeoutError, ValueError, OSError) as error:
            await self.stop()
            raise UnavailableError(
                f"{self.name}-failed", f"The {self.name} did not start. Its own words are in {self._report.name}."
            ) from error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End it, by force after STOP_SECONDS_MAX."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS_MAX):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def keep_up(self) -> None:
        """Start it again whenever it died, until cancelled."""
        while True:
            await asyncio.sleep(KEEP_UP_SECONDS)
            if self.pid is not None:
                continue
            log.warning("process-died", name=self.name)
            try:
                await self.start()
            except UnavailableError as error:
                log.warning("process-not-back", name=self.name, code=error.code)

    async def _ready(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdin is not None  # noqa: S101  # both are pipes
        assert process.stdout is not None  # noqa: S101
        if self._secret:
            process.stdin.write(self._secret)
            await process.stdin.drain()
        said = json.loads(await process.stdout.readline())
        if not isinstance(said, dict):
            raise ValueError(self.name)  # noqa: TRY004  # told in words by start
        return said


@contextlib.asynccontextmanager
async def running(child: Child) -> AsyncIterator[Child]:
    """Start a child, keep it up, end it."""
    await child.start()
    keeper = asyncio.create_task(child.keep_up())
    try:
        yield child
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper
        await child.stop()


@contextlib.asynccontextmanager
async def witness_process(data: Path, logs: Sequence[NoteKey]) -> AsyncIterator[Address]:
    """Run a witness of these logs on this machine, with a key and a memory of its own in ``data``/witness.

    Gives its key and address.  It proves less than a witness elsewhere: whoever has this machine has both.
    """

    def command(said: Mapping[str, Any] | None) -> list[str]:
        listen = said["listen"] if said else "127.0.0.1:0"
        words = [sys.executable, "-m", "carecode", "witness", "--json", "--listen", listen]
        return [*words, "--data", str(data / "witness"), *(word for key in logs for word in ("--log", key.vkey()))]

    async with running(Child("witness", command, data / "witness.log")) as child:
        yield Address(NoteKey.parse(str(child.said["vkey"])), str(child.said["url"]))


def end_with_parent() -> None:
    """End this process by SIGTERM when whoever started it is gone; a child calls it.

    Does nothing in a process that was not started as a :class:`Child`.  Call it after the secret, if
    any, was read from standard input.
    """
    if os.environ.get(PARENT) != _STDIN:
        return

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def _dying_with_us() -> list[str]:
    found = shutil.which("setpriv")
    return [found, "--pdeathsig", "TERM"] if found else []


def _surroundings() -> dict[str, str]:
    """Return what every program needs, and nothing that names our keys or our database."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}
