"""A demo town as a real child process, and the commands beside it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

CARECODE = Path(sys.executable).with_name("carecode")
READY = "CareCode is ready"
READY_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 20.0
COMMAND_SECONDS_MAX = 120.0


@dataclass(frozen=True, slots=True)
class Town:
    """A running demo town: where it answers, who may sign in, where its data lies."""

    base: str
    port: int
    links: Mapping[str, str]  # "@desk" -> sign-in address
    data: Path
    process: subprocess.Popen[bytes]
    postgres: int  # process id

    @property
    def complaints(self) -> str:
        """What the server wrote to standard error so far."""
        return self.data.with_name(f"{self.data.name}.err").read_text()

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def kill_postgres(self) -> None:
        """Pull the plug of the database."""
        os.kill(self.postgres, signal.SIGKILL)

    def postgres_is_gone(self) -> bool:
        """Tell whether the database's process has ended, waiting for it a little."""
        deadline = time.monotonic() + STOP_SECONDS_MAX
        while is_alive(self.postgres) and time.monotonic() < deadline:
            time.sleep(0.05)
        return not is_alive(self.postgres)


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ran to its end."""

    code: int
    out: str
    err: str


def settle(data: Path, *, residents: int) -> Town:
    """Start a demo town on ``data`` and wait until it is ready."""
    port = free_port()
    said = data.with_name(f"{data.name}.out")
    complained = data.with_name(f"{data.name}.err")
    options = {"--port": port, "--data": data, "--residents": residents}
    command = [str(CARECODE), "demo", "--no-open", *(str(word) for option in options.items() for word in option)]
    with said.open("wb") as out, complained.open("wb") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, env=surroundings())
    deadline = time.monotonic() + READY_SECONDS_MAX
    while READY not in said.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            pytest.fail(f"the demo town did not start:\n{complained.read_text()[-2000:]}")
        time.sleep(0.05)
    links = dict(re.findall(r"^(@\w+) +(http://localhost:\d+/signin/\w+)$", said.read_text(), re.MULTILINE))
    postgres = int((data / "postgres" / "postmaster.pid").read_text().split()[0])
    return Town(f"http://localhost:{port}", port, links, data, process, postgres)


def run(*arguments: str, program: Path = CARECODE) -> Ended:
    """Run one command to its end."""
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS_MAX,
        env=surroundings(), stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


def surroundings() -> dict[str, str]:
    """Return this process's environment without what would lead a child to another house."""
    return {name: value for name, value in os.environ.items() if name not in {"CARECODE_DATABASE", "CARECODE_PORT"}}


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_alive(process: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}
