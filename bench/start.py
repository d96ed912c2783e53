"""Bench ``start``: how long a person waits for the demo that she has started before.

``warm``: seconds from the command ``./carecode demo`` to its line that says it is ready, on a data
folder that holds the town already.  The first start, which makes the town, is not measured.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.house import environment
from bench.report import Row, progress
from carecode.cli.serving import READY

WARM_SECONDS_MAX: Final = 5.0
ROOT: Final = Path(__file__).resolve().parents[1]
_STOP_SECONDS_MAX: Final = 20.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    residents: int
    repeats: int


FULL: Final = Size(residents=200, repeats=7)
QUICK: Final = Size(residents=5, repeats=3)


def rows(quick: bool) -> list[Row]:  # noqa: FBT001 - the form every bench has
    """Measure and return the row ``warm``."""
    size = QUICK if quick else FULL
    with tempfile.TemporaryDirectory(prefix="carecode-bench-") as folder:
        command = [str(ROOT / "carecode"), "demo", "--no-open", "--port", str(_free_port()), "--data", folder]
        command += ["--residents", str(size.residents)]
        progress("start: making the town")
        seconds_to_ready(command)
        taken = []
        for number in range(size.repeats):
            progress(f"start: warm, {number + 1} of {size.repeats}")
            taken.append(seconds_to_ready(command))
    return [warm_row(taken, size)]


def warm_row(taken: Sequence[float], size: Size) -> Row:
    """Make the row of the seconds that each warm start took."""
    value = statistics.median(taken)
    return {
        "row": "warm",
        "value": round(value, 2),
        "unit": "seconds",
        "denominator": None,
        "ratio": None,
        "hold": WARM_SECONDS_MAX,
        "holds": value <= WARM_SECONDS_MAX,
        "spread": [round(min(taken), 2), round(max(taken), 2)],
        "repeats": len(taken),
        "notes": f"at most; from the command to its line that it is ready, {size.residents} residents",
    }


def seconds_to_ready(command: Sequence[str]) -> float:
    """Start a program, wait for its line READY, and end it; return the seconds from start to line."""
    begun = time.perf_counter()
    with _running(command) as program:
        assert program.stdout is not None
        for line in program.stdout:
            if line.strip() == READY:
                return time.perf_counter() - begun
    raise AssertionError(f"the program ended with {program.returncode} before it was ready")


@contextlib.contextmanager
def _running(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a program in a session of its own, so that Ctrl-C reaches only this bench, which then ends it."""
    program = subprocess.Popen(  # noqa: S603 - the checkout's own script
        command,
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with program:
        try:
            yield program
        finally:
            program.send_signal(signal.SIGINT)
            try:
                program.wait(_STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                os.killpg(program.pid, signal.SIGKILL)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port
