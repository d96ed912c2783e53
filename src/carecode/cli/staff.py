"""``staff``: who works where, their licences and invitations, and the hospitals' own sign-in."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from carecode.cli.opening import run
from carecode.cli.output import DataOption, JsonOption, emit
from carecode.cli.serving import PORT_DEFAULT
from carecode.disclosure.openid import Provider
from carecode.disclosure.people import Staff
from carecode.disclosure.staffing import LICENSED_ROLES, in_force
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import Role

if TYPE_CHECKING:
    from carecode.app import App
    from carecode.disclosure.staffing import Member

staff = typer.Typer(help="Who works here and how they sign in.", no_args_is_help=True)
provider = typer.Typer(help="A hospital's own sign-in (OpenID Connect).", no_args_is_help=True)
staff.add_typer(provider, name="provider")

ROLES: Final = [role.value for role in Role if role is not Role.RESIDENT]
SECRET_BYTES_MAX: Final = 4_096
_MADE_BY: Final = "carecode/staff"
StaffArgument = Annotated[str, typer.Argument(metavar="STAFF", help="Her short name here, such as county-2/zhao.")]
OrganisationArgument = Annotated[str, typer.Argument(metavar="ORG", help="county-2, city-1 …")]
LicenceOption = Annotated[str, typer.Option("--licence", metavar="NUMBER", help="The number of her licence.")]
FromOption = Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help="The licence's first day.")]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="YYYY-MM-DD", help="The licence's last day.")]


@staff.command("add")
def add(  # one option per column
    name: StaffArgument,
    org: Annotated[str, typer.Option("--org", help="Her institution.")],
    role: Annotated[str, typer.Option("--role", help=", ".join(ROLES) + ".")],
    called: Annotated[str, typer.Option("--name", help="Her name as residents read it.")],
    title: Annotated[str, typer.Option("--title", help="What she does: internal medicine, desk 12 …")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a member of staff, or change her entry.  A doctor opens no record before she has a licence here."""

    async def work(app: App) -> None:
        if role not in ROLES:
            raise InvalidInputError("role-unknown", f"There is no such role. Roles: {', '.join(ROLES)}.")
        await app.sign_in.staffing.add(Staff(name, org, Role(role), called, called, title, title), app.clock())

    run(data, work, as_json=as_json)
    following = "carecode staff licence, then " if role in LICENSED_ROLES else ""
    emit(as_json, {"staff": name}, f"{name} works at {org}. Next: {following}carecode staff invite")


@staff.command("list")
def list_(
    org: Annotated[str | None, typer.Option("--org", help="One institution only.")] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the staff, with their licences."""

    async def work(app: App) -> list[dict[str, Any]]:
        return [_row(member, app) for member in await app.sign_in.staffing.listed(org)]

    rows = run(data, work, as_json=as_json)
    emit(as_json, {"staff": rows}, "\n".join(_line(row) for row in rows) or "Nobody works here yet.")


@staff.command("remove")
def remove(name: StaffArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """End her work here: she is signed out at once and cannot come in again."""

    async def work(app: App) -> None:
        await app.sign_in.staffing.remove(name)

    run(data, work, as_json=as_json)
    emit(as_json, {"removed": name}, f"{name} is signed out everywhere and cannot come in any more.")


@staff.command("invite")
def invite(
    name: StaffArgument,
    base: Annotated[
        str, typer.Option("--base", metavar="ADDRESS", help="Where she opens CareCode.")
    ] = f"http://localhost:{PORT_DEFAULT}",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a link with which she makes her passkey: once, within three days.  Earlier links of hers stop."""

    async def work(app: App) -> str:
        return await app.sign_in.staffing.invite(name, _MADE_BY, app.clock())

    link = f"{base.rstrip('/')}/signin/invite#{run(data, work, as_json=as_json)}"
    emit(as_json, {"link": link}, link)


@staff.command("licence")
def licence_(
    name: StaffArgument,
    number: LicenceOption,
    since: FromOption = None,
    until: UntilOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give her a licence: its number and its dates.  Outside them she opens no record."""

    async def work(app: App) -> None:
        await app.sign_in.staffing.license(name, number, _date(since), _date(until))

    run(data, work, as_json=as_json)
    emit(as_json, {"staff": name, "licence": number}, f"The licence of {name} is kept.")


@provider.command("set")
def set_(
    org: OrganisationArgument,
    issuer: Annotated[str, typer.Option("--issuer", metavar="ADDRESS", help="The provider's issuer, https.")],
    client_id: Annotated[str, typer.Option("--client-id", help="Under which the provider knows CareCode.")],
    secret_file: Annotated[
        Path | None, typer.Option("--secret-file", help="A file with the client secret; none for a public client.")
    ] = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let the staff of ORG sign in through its own provider, after an invitation."""

    async def work(app: App) -> None:
        secret = _secret(secret_file) if secret_file else ""
        await app.sign_in.providers.put(Provider(org, issuer, client_id, secret))

    run(data, work, as_json=as_json)
    emit(as_json, {"organisation": org, "issuer": issuer}, f"{org} signs in through {issuer}")


@provider.command("remove")
def unset(org: OrganisationArgument, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Stop signing in through the provider of ORG."""

    async def work(app: App) -> bool:
        return await app.sign_in.providers.remove(org)

    there = run(data, work, as_json=as_json)
    emit(as_json, {"removed": there}, f"Nobody of {org} signs in through a provider any more.")


def _row(member: Member, app: App) -> dict[str, Any]:
    return {
        "staff": member.id,
        "organisation": member.organisation,
        "role": member.role.value,
        "name": member.name,
        "title": member.title,
        "licence": member.licence,
        "from": member.licence_from.isoformat() if member.licence_from else None,
        "until": member.licence_until.isoformat() if member.licence_until else None,
        "in_force": in_force(member, app.clock()),
        "works_here": member.active,
        "signs_in": member.signs_in,
    }


def _line(row: dict[str, Any]) -> str:
    states = [
        "" if row["works_here"] else "left",
        "" if row["in_force"] else "licence not in force",
        "signs in" if row["signs_in"] else "not signed in yet",
    ]
    what = f"{row['staff']:<24} {row['organisation']:<12} {row['role']:<11} {row['name']}"
    return f"{what} ({', '.join(state for state in states if state)})"


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInputError("date-form", "Give a date as YYYY-MM-DD.") from None


def _secret(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(SECRET_BYTES_MAX).decode().strip()
    except (OSError, UnicodeDecodeError):
        raise InvalidInputError("secret-file", "The file with the client secret cannot be read.") from None
