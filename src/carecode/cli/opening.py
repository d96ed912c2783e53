"""How a command opens the house: beside a running server, or for itself alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import typer

from carecode.app import App, Settings, environment, opened
from carecode.cli.beside import Processes
from carecode.cli.output import EXIT_FAILED, fail, note
from carecode.kernel.errors import CareCodeError

Result = TypeVar("Result")


def run(
    data: Path | None,
    work: Callable[[App], Awaitable[Result]],
    *,
    as_json: bool,
    may_migrate: bool = False,
) -> Result:
    """Open the house beside a running server, or start it for this one command, and do the work."""

    async def inside() -> Result:
        settings = Settings.of(data, environment())
        async with opened(settings, Processes(), may_migrate=may_migrate, alone=False) as app:
            return await work(app)

    try:
        return asyncio.run(inside())
    except CareCodeError as error:
        raise fail(error, as_json) from None
    except KeyboardInterrupt:
        note("carecode: stopped")
        raise typer.Exit(EXIT_FAILED) from None
