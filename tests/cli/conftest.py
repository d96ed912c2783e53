"""Commands in the test's own house: typed as on a terminal, worked on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from carecode.app import App
from carecode.cli import evaluating, linking
from carecode.cli.output import fail
from carecode.kernel.errors import CareCodeError
from tests.cli.typed import Command, commands


@pytest.fixture
async def command(house: App, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Type a command: its work runs in this test's house, its words come back.

    With ``typing`` it is typed at a terminal, which is asked.
    """
    loop = asyncio.get_running_loop()

    def run(_data: Path | None, work: Callable[[App], Any], *, as_json: bool, **_more: bool) -> object:
        try:
            return asyncio.run_coroutine_threadsafe(work(house), loop).result(120)
        except CareCodeError as fault:
            raise fail(fault, as_json) from None

    for module in (linking, evaluating):
        monkeypatch.setattr(module, "run", run)

    async def typed(*words: str, typing: str | None = None) -> Result:
        with monkeypatch.context() as patch:
            if typing is not None:
                patch.setattr(linking, "at_terminal", lambda: True)
            return await asyncio.to_thread(lambda: CliRunner().invoke(commands(), list(words), typing))

    return typed
