"""How commands speak: a line for a person, one JSON object for a program, errors that say what to do."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from carecode.kernel.errors import CareCodeError

DataOption = Annotated[
    Path | None, typer.Option("--data", help="The data folder (else CARECODE_DATA, else ~/.local/share/carecode).")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
EXIT_FAILED: Final = 1


def emit(as_json: bool, value: Mapping[str, Any], text: str) -> None:  # the option's own name
    """Print a command's result: ``value`` as JSON, or ``text``."""
    print(json.dumps(value, ensure_ascii=False, default=str) if as_json else text)


def note(line: str) -> None:
    """Print one line of progress to standard error."""
    print(line, file=sys.stderr, flush=True)


def fail(error: CareCodeError, as_json: bool) -> typer.Exit:
    """Print an error and return the exit to raise."""
    if as_json:
        print(json.dumps({"error": {"kind": error.kind, "code": error.code, "message": error.message}}))
    else:
        note(f"carecode: {error.message}")
    return typer.Exit(error.exit_code)
