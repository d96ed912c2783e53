"""``reconcile``: compare an institution's own list of receipts with the access log."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from carecode.cli.opening import run
from carecode.cli.output import EXIT_FAILED, DataOption, JsonOption, emit, fail
from carecode.cli.who import staff_named
from carecode.kernel.errors import CareCodeError, InvalidInputError

if TYPE_CHECKING:
    from carecode.app import App
    from carecode.disclosure.reconciling import Reconciled


def reconcile(
    file: Annotated[Path, typer.Argument(help="One receipt number per line, as the answers carried them.")],
    asker: Annotated[str, typer.Option("--as", help="Whose list it is: a system, integrator or officer.")],
    day: Annotated[str, typer.Option("--day", metavar="YYYY-MM-DD", help="The day, in UTC.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare what an institution says it got on a day with what the access log says.

    The counts are published; exit 1 when the log lacks a receipt that the institution has.
    """

    async def work(app: App) -> Reconciled:
        requester = await staff_named(app, asker)
        return await app.reconciling.compare(requester, _day(day), lines, app.clock())

    try:
        lines = [line for line in file.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        error: CareCodeError = InvalidInputError("file-unreadable", "The file cannot be read as text.")
        raise fail(error, as_json) from None
    found = run(data, work, as_json=as_json)
    emit(
        as_json,
        asdict(found),
        f"In both: {found.both}. Only in the list: {found.only_theirs}. Only in the log: {found.only_ours}.",
    )
    if found.only_theirs:
        raise typer.Exit(EXIT_FAILED)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("day-form", "Write the day as YYYY-MM-DD.") from None
