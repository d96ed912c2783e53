"""What a bench says: rows, each with the figure it was measured beside, and the machine they ran on."""

from __future__ import annotations

import math
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from carecode.store.binaries import bindir

Row = dict[str, Any]
"""``row``, ``value``, ``unit``, ``denominator``, ``ratio``, ``hold``, ``holds``, and what a bench adds."""
Bench = Callable[[bool], list[Row]]
"""Measures and returns its rows; True ends within a minute."""

_COLUMNS: Final = ("row", "value", "unit", "denominator", "ratio", "hold", "holds", "spread", "p50_ms", "p99_ms")


@dataclass(frozen=True, slots=True)
class Pair:
    """One measurement of the subject and the one of its denominator right after it, in the same unit."""

    value: float
    denominator: float

    @property
    def ratio(self) -> float:
        """The subject as a part of its denominator."""
        return self.value / self.denominator


def row_of(name: str, unit: str, pairs: Sequence[Pair], hold: float, **more: object) -> Row:
    """Make a row of pairs taken in turns: the ratio is the median of theirs, not the ratio of medians."""
    ratios = [pair.ratio for pair in pairs]
    ratio = statistics.median(ratios)
    return {
        "row": name,
        "value": round(statistics.median(pair.value for pair in pairs)),
        "unit": unit,
        "denominator": round(statistics.median(pair.denominator for pair in pairs)),
        "ratio": round(ratio, 3),
        "hold": hold,
        "holds": ratio >= hold,
        "spread": [round(min(ratios), 3), round(max(ratios), 3)],
        "repeats": len(ratios),
        **more,
    }


def quantile(values: Sequence[float], part: float) -> float:
    """Return the smallest value that at least ``part`` (0 to 1) of all do not exceed.

    >>> quantile([4.0, 1.0, 3.0, 2.0], 0.5)
    2.0
    """
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def report(name: str, rows: Sequence[Row], *, quick: bool) -> dict[str, Any]:
    """Put the one object together that a bench prints."""
    return {"bench": name, "machine": machine(), "quick": quick, "rows": list(rows)}


def machine() -> dict[str, Any]:
    """Describe where this runs."""
    said = subprocess.run(  # noqa: S603 - the PostgreSQL that the benches start
        [str(bindir(os.environ) / "postgres"), "--version"], capture_output=True, text=True, check=True
    )
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": platform.python_version(),
        "postgres": said.stdout.split()[2],
    }


def table(result: dict[str, Any]) -> str:
    """Write a report for a person: one line for each row, what it is measured beside below it."""
    of = result["machine"]
    head = f"{result['bench']} on {of['cores']} cores, {of['memory_bytes'] / 2**30:.1f} GiB, "
    head += f"Python {of['python']}, PostgreSQL {of['postgres']}" + (", quick" if result["quick"] else "")
    shown = [name for name in _COLUMNS if any(row.get(name) is not None for row in result["rows"])]
    cells = [shown, *([_cell(row.get(name)) for name in shown] for row in result["rows"])]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    notes = [f"{row['row']}: {row['notes']}" for row in result["rows"] if row.get("notes")]
    return "\n".join([head, "", *lines, "", *notes])


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "NO"
        case list():
            return " to ".join(map(str, value))
    return str(value)


def progress(text: str) -> None:
    """Say what is going on, where a person watches; the line is written over by the next one."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
