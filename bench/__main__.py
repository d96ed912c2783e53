"""Run one bench: ``python -m bench NAME [--json] [--quick]``.

Exit code 0 if every row holds, 1 if one does not, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import signal
import sys
from typing import TYPE_CHECKING, Final

from bench.report import progress, report, table
from carecode.kernel.errors import CareCodeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.report import Row

BENCHES: Final = {
    "fhir": "taking a record in, and reading it",
    "gate": "the log, a disclosure, and whether a refusal can be timed",
    "audit": "the public log: taking entries in, and the proof of a list",
    "code": "checking a health code, and its size",
    "index": "who is one person: how often right, beside Splink, and how fast on PostgreSQL",
    "policy": "what a decision costs, and whether the policies are proved",
    "start": "the demo from the command to its first answer",
}
EXIT_MISSED: Final = 1
EXIT_MISUSED: Final = 2
EXIT_INTERRUPTED: Final = 130


def main(arguments: list[str]) -> int:
    """Run the bench that ``arguments`` name and return the exit code."""
    asked = _parser().parse_args(arguments)
    if asked.people and asked.name != "index":
        print("carecode: Only index takes --people.", file=sys.stderr)
        return EXIT_MISUSED
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
    signal.signal(signal.SIGTERM, lambda _number, _frame: signal.raise_signal(signal.SIGINT))
    rows: Callable[..., list[Row]] = importlib.import_module(f"bench.{asked.name}").rows
    if asked.people:
        rows = functools.partial(rows, people=asked.people)
    try:
        result = report(asked.name, rows(asked.quick), quick=asked.quick)
    except CareCodeError as error:
        print(f"carecode: {error.message}", file=sys.stderr)
        return EXIT_MISSED
    except KeyboardInterrupt:
        print("carecode: Stopped; nothing is left behind.", file=sys.stderr)
        return EXIT_INTERRUPTED
    finally:
        progress("")
    print(json.dumps(result, ensure_ascii=False) if asked.json else table(result))
    return 0 if all(row["holds"] for row in result["rows"]) else EXIT_MISSED


def _parser() -> argparse.ArgumentParser:
    about = "\n".join(f"  {name:<8}{text}" for name, text in BENCHES.items())
    parser = argparse.ArgumentParser(
        prog="./carecode bench", epilog=f"benches:\n{about}", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("name", choices=list(BENCHES), metavar="NAME", help="one of the benches below")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--people", type=int, metavar="N", help="of index: with so many people")
    parser.add_argument("--quick", action="store_true", help="end within 60 seconds")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
