"""Write a population to a file: ``python -m bench.people N OUT.csv --seed S [--harder | --foreign] [--parquet]``.

Exit code 0 when the file is written, 1 when it cannot be.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.people.packs import PACKS, packs
from bench.people.population import columns, population
from bench.people.rates import FOREIGN, HARDER, STANDARD
from bench.people.writing import COLUMNS, Row

EXIT_FAILED = 1


def main(arguments: list[str]) -> int:
    """Write the file that ``arguments`` ask for and return the exit code."""
    asked = _parser().parse_args(arguments)
    rates = HARDER if asked.harder else FOREIGN if asked.foreign else STANDARD
    if asked.pack:
        return _write_pack(asked.out, asked.pack, asked.rows, asked.seed)
    rows = population(asked.rows, asked.seed, rates)
    if asked.parquet:
        return write_parquet(asked.out, rows)
    write_csv(asked.out, rows)
    return 0


def write_csv(out: Path, rows: Iterator[Row]) -> None:
    """Write rows as UTF-8 CSV with a header; a half-written file is what remains of a failure."""
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def write_parquet(out: Path, rows: Iterator[Row]) -> int:
    """Write rows as Parquet if pyarrow is installed; else say so."""
    try:
        arrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ImportError:
        print("Parquet needs the package pyarrow.  Leave --parquet out to write CSV.", file=sys.stderr)
        return EXIT_FAILED
    parquet.write_table(arrow.table(columns(rows)), out)
    return 0


def _write_pack(out: Path, kind: str, count: int, seed: int) -> int:
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ("case", "answer", *(f"left_{column}" for column in COLUMNS), *(f"right_{column}" for column in COLUMNS))
        )
        writer.writerows((pair.case, pair.answer, *pair.left, *pair.right) for pair in packs(kind, count, seed))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.people", description="Write a made-up population with truth."
    )
    parser.add_argument("rows", type=int, metavar="N", help="rows to write, or pairs of a pack")
    parser.add_argument("out", type=Path, metavar="OUT", help="file to write")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same file")
    variant = parser.add_mutually_exclusive_group()
    variant.add_argument("--harder", action="store_true", help="more is missing and more has changed")
    variant.add_argument("--foreign", action="store_true", help="Western names, dates and documents")
    variant.add_argument("--pack", choices=list(PACKS), help="labelled pairs of one kind instead of a population")
    parser.add_argument("--parquet", action="store_true", help="Parquet instead of CSV; needs pyarrow")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
