"""Commands as they are typed, and what they print."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import typer
from typer.testing import Result

from carecode.cli import evaluating, linking

Command = Callable[..., Awaitable[Result]]


def commands() -> typer.Typer:
    """Give the commands of this folder as ``carecode`` has them."""
    app = typer.Typer()
    app.add_typer(linking.link, name="link")
    app.command("evaluate")(evaluating.evaluate_command)
    return app


def told(result: Result) -> dict[str, Any]:
    """Read the JSON that a command printed."""
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def error(result: Result) -> str:
    """Read the code of the error that a command printed as JSON."""
    assert result.exit_code in {1, 2}, result.output
    code: str = json.loads(result.stdout)["error"]["code"]
    return code
