"""``who-looked``, ``shut-out``, ``let-in``: her own side, on demo data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from carecode.cli.output import DataOption, JsonOption, emit, run
from carecode.cli.who import ResidentArgument, resident_named
from carecode.disclosure.people import herself

if TYPE_CHECKING:
    from carecode.app import App
    from carecode.kernel.vocabulary import Requester

OrganisationArgument = Annotated[str, typer.Argument(metavar="ORG", help="county-2, city-1, east-clinic …")]


async def _her(app: App, resident: str) -> Requester:
    await app.people.require_demo()
    return herself((await resident_named(app, resident)).id)


def who_looked(
    resident: ResidentArgument,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="At most so many lines.")] = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print who looked at RESIDENT's record, newest first (demo data only)."""

    async def work(app: App) -> dict[str, Any]:
        requester = await _her(app, resident)
        looks = await app.privacy.who_looked(requester, limit=limit)
        return {
            "looks": [
                {
                    "at": look.entry.at.isoformat(timespec="seconds"),
                    "who": look.entry.requester_name,
                    "title": look.entry.requester_title,
                    "institution": look.organisation.name if look.organisation else "herself",
                    "what": look.entry.action,
                    "purpose": look.entry.purpose.value,
                    "basis": look.entry.basis,
                    "receipt": look.entry.receipt_number,
                }
                for look in looks
            ],
            "first_broken_entry": await app.privacy.first_broken(requester),
        }

    found = run(data, work, as_json=as_json)
    lines = [
        "{at}  {by}, {institution}: {what}, {purpose}, {basis}, receipt {receipt}".format(
            by=f"{look['who']} ({look['title']})" if look["title"] else look["who"], **look
        )
        for look in found["looks"]
    ]
    broken = found["first_broken_entry"]
    end = "Nothing is missing from this list." if broken is None else f"Entry {broken} does not verify!"
    emit(as_json, found, "\n".join([*(lines or ["Nobody looked."]), end]))


def shut_out(
    resident: ResidentArgument, organisation: OrganisationArgument, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Shut an institution out of RESIDENT's record, as she would on her phone (demo data only)."""

    async def work(app: App) -> None:
        await app.privacy.refuse(await _her(app, resident), organisation)

    run(data, work, as_json=as_json)
    emit(as_json, {"refused": organisation}, f"{organisation} sees only what it wrote itself, from now on.")


def let_in(
    resident: ResidentArgument, organisation: OrganisationArgument, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Let an institution in again (demo data only)."""

    async def work(app: App) -> None:
        await app.privacy.allow(await _her(app, resident), organisation)

    run(data, work, as_json=as_json)
    emit(
        as_json,
        {"allowed": organisation},
        f"{organisation} may open the record again: while her visit there lasts, or when she shows a code.",
    )
