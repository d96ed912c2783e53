"""``load``: read FHIR bundles, NDJSON and other files into the record."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from carecode.cli.opening import run
from carecode.cli.output import EXIT_FAILED, DataOption, JsonOption
from carecode.kernel.errors import NotFoundError
from carecode.kernel.vocabulary import PLATFORM, Requester, Role

if TYPE_CHECKING:
    from carecode.app import App

REFUSED_SHOWN_MAX: Final = 20


def load(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files and folders, also .bz2, .gz and .zip.")],
    org: Annotated[str, typer.Option("--org", help="In whose name: the depositing institution.")] = PLATFORM,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Store what PATHs hold and say what was refused and why.  Running it again changes nothing.

    Exit code 0 when everything was stored or known already, 1 when something was refused.
    """

    async def work(app: App) -> dict[str, Any]:
        missing = [path for path in paths if not path.exists()]
        if missing:
            raise NotFoundError("load-path", f"There is no file or folder {missing[0].name}.")
        requester = await _loader(app, org)
        console = Console(stderr=True)
        columns = (TextColumn("loading"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("load", total=None)
            report = await app.loader.load(
                paths, requester, lambda done, total: bar.update(task, completed=done, total=total)
            )
        found: dict[str, Any] = report.to_json()
        return found

    found = run(data, work, as_json=as_json, may_migrate=True)
    print(json.dumps(found, ensure_ascii=False) if as_json else _words(found))
    if found["refused"]:
        raise typer.Exit(EXIT_FAILED)


async def _loader(app: App, org: str) -> Requester:
    if org == PLATFORM:
        return Requester("carecode/load", Role.SYSTEM, PLATFORM, "CareCode load", "")
    institution = await app.people.organisation(org)
    return Requester(f"{org}/load", Role.SYSTEM, org, f"{institution.name} load", "")


def _words(found: dict[str, Any]) -> str:
    lines = [
        f"stored {found['stored']} resources from {found['files']} files, {found['known']} files were known already"
    ]
    lines += [f"  {name:<26}{count:>8}" for name, count in sorted(found.get("types", {}).items())]
    refused = found["refused"]
    lines += [f"refused {one['file']}: {one['reason']}" for one in refused[:REFUSED_SHOWN_MAX]]
    if len(refused) > REFUSED_SHOWN_MAX:
        lines.append(f"… and {len(refused) - REFUSED_SHOWN_MAX} more; --json lists all")
    return "\n".join(lines)
