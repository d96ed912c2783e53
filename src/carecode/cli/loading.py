"""``load``: read FHIR bundles, NDJSON and other files into the record."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from carecode.cli.opening import run
from carecode.cli.output import EXIT_FAILED, DataOption, JsonOption
from carecode.exchange.people_files import is_people
from carecode.exchange.people_loading import PeopleLoader
from carecode.kernel.errors import NotFoundError
from carecode.kernel.vocabulary import PLATFORM, Requester, Role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecode.app import App

REFUSED_SHOWN_MAX: Final = 20
_HEAD_BYTES: Final = 64 * 1024


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
            lists, others = await asyncio.to_thread(apart, paths)
            report = await app.loader.load(
                others, requester, lambda done, total: bar.update(task, completed=done, total=total)
            )
            loader = PeopleLoader(app.index, app.clock)
            people = [
                await loader.load(path, requester.organisation, lambda done: bar.update(task, completed=done))
                for path in lists
            ]
        found: dict[str, Any] = report.to_json()
        return found | ({"people": [one.to_json() for one in people]} if people else {})

    found = run(data, work, as_json=as_json, may_migrate=True)
    print(json.dumps(found, ensure_ascii=False) if as_json else _words(found))
    if found["refused"] or any(one["refused"] or one["failure"] for one in found.get("people", ())):
        raise typer.Exit(EXIT_FAILED)


def apart(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Tell files of people (CSV, Parquet) from everything else, by their content; of folders each file."""
    lists: list[Path] = []
    others: list[Path] = []
    for path in paths:
        if path.is_dir():
            below = [one for one in sorted(path.rglob("*")) if one.is_file() and _is_people(one)]
            lists += below
            others += [one for one in sorted(path.iterdir()) if one not in below] if below else [path]
        else:
            (lists if _is_people(path) else others).append(path)
    return lists, others


def _is_people(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return is_people(file.read(_HEAD_BYTES))
    except OSError:
        return False  # the loader says why it cannot be read


async def _loader(app: App, org: str) -> Requester:
    if org == PLATFORM:
        return Requester("carecode/load", Role.SYSTEM, PLATFORM, "CareCode load", "")
    institution = await app.people.organisation(org)
    return Requester(f"{org}/load", Role.SYSTEM, org, f"{institution.name} load", "")


def _words(found: dict[str, Any]) -> str:
    lines = []
    if found["files"] or not found.get("people"):
        lines.append(
            f"stored {found['stored']} resources from {found['files']} files, {found['known']} files were known already"
        )
    lines += [f"  {name:<26}{count:>8}" for name, count in sorted(found.get("types", {}).items())]
    for one in found.get("people", ()):
        lines += _of_people(one)
    refused = found["refused"]
    lines += [f"refused {one['file']}: {one['reason']}" for one in refused[:REFUSED_SHOWN_MAX]]
    if len(refused) > REFUSED_SHOWN_MAX:
        lines.append(f"… and {len(refused) - REFUSED_SHOWN_MAX} more; --json lists all")
    return "\n".join(lines)


def _of_people(one: dict[str, Any]) -> list[str]:
    """Say what became of a file of people."""
    lines = [
        (
            f"{one['file']}: {one['registered']} registered, {one['linked']} of them linked at once and {one['asked']}"
            f" put before a steward; {one['known']} were known; {one['refused']} refused"
        )
    ]
    lines += [f"  {count} {code}" for code, count in sorted(one["reasons"].items())]
    lines += [f"  line {row['line']}: {row['reason']}" for row in one["refusals"][:REFUSED_SHOWN_MAX]]
    if one["failure"]:
        lines.append(f"  not read to its end: {one['failure']}")
    return lines
