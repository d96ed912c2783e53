"""``enrol`` and ``token``: register a resident, and print a bearer token on demo data."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from carecode.cli.opening import run
from carecode.cli.output import DataOption, JsonOption, emit
from carecode.cli.who import resident_named
from carecode.disclosure.people import herself
from carecode.identity.identifiers import parse
from carecode.identity.person import SEXES, Person
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import PLATFORM, CodePurpose, Purpose, Requester, Role
from carecode.web.desk.enrol import require_birth

if TYPE_CHECKING:
    from carecode.app import App
    from carecode.kernel.vocabulary import ResidentId

ENROLLER: Final = Requester("carecode/enrol", Role.SYSTEM, PLATFORM, "CareCode enrol", "")
_STAFF_OF: Final = {
    "clinician": "@doctor",
    "desk": "@desk",
    "cashier": "@cashier",
    "steward": "@steward",
    "officer": "@officer",
    "integrator": "@integrator",
    "operator": "@operator",
}


def enrol(  # one option per field of the form
    number: Annotated[
        list[str], typer.Option("--number", metavar="SYSTEM|VALUE", help="A number of hers; repeatable.")
    ],
    name: Annotated[str, typer.Option("--name", help="Her name as printed on the document.")],
    name_latin: Annotated[str, typer.Option("--name-latin", help="Her name in Latin letters.")] = "",
    birth_date: Annotated[str | None, typer.Option("--birth-date", metavar="YYYY-MM-DD")] = None,
    sex: Annotated[str, typer.Option("--sex", help="female, male, other or unknown.")] = "unknown",
    phone: Annotated[str, typer.Option("--phone")] = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register a resident, or find her if any of the numbers is hers; print the code that adds her phone.

    SYSTEM is citizen-id, passport, insurance … or any FHIR identifier.system.
    """

    async def work(app: App) -> dict[str, Any]:
        if sex not in SEXES:
            raise InvalidInputError("sex-unknown", f"--sex is one of {', '.join(SEXES)}.")
        identifiers = [parse(*_pair(text)) for text in number]
        born = _date(birth_date)
        if born is not None:
            require_birth(born, app.clock().astimezone().date())
        person = Person(_printable(name), _printable(name_latin), born, sex, _printable(phone))
        done = await app.index.enrol(identifiers, person, source=PLATFORM, now=app.clock())
        code = await app.phones.code_for(ENROLLER, done.resident, app.clock())
        return {"created": done.created, "warnings": list(done.warnings), "enrolment_code": code}

    found = run(data, work, as_json=as_json)
    first = "Registered." if found["created"] else "She is registered already; nothing was doubled."
    warnings = [f"Compare: {line}" for line in found["warnings"]]
    phone_line = f"Code that adds her phone, once, within ten minutes: {found['enrolment_code']}"
    emit(as_json, found, "\n".join([first, *warnings, phone_line]))


def token(
    role: Annotated[str, typer.Option("--as", help="clinician, system, resident, desk, cashier, steward …")],
    resident: Annotated[
        str | None, typer.Option("--resident", metavar="ID", help="Bind the token to one resident.")
    ] = None,
    purpose: Annotated[str | None, typer.Option("--purpose", help="TREAT, PATRQT, HPAYMT …")] = None,
    org: Annotated[str, typer.Option("--org", help="county-2, city-1, east-clinic, insurer.")] = "county-2",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a bearer token for the running demo (demo data only).

    A clinician's token bound to a resident stands for a code she showed: it opens a treatment window.
    """

    async def work(app: App) -> str:
        await app.people.require_demo()
        await app.people.organisation(org)
        bound = (await resident_named(app, resident)).id if resident else None
        if role == Role.RESIDENT:
            return await _her_token(app, bound)
        return await _staff_token(app, role, org, bound, _purpose(purpose or "TREAT"))

    text = run(data, work, as_json=as_json)
    emit(as_json, {"token": text}, text)


async def _her_token(app: App, resident: ResidentId | None) -> str:
    if resident is None:
        raise InvalidInputError("token-resident", "Say whose: --resident @resident, or SYSTEM|VALUE.")
    requester = herself(resident)
    return await app.sessions.issue_bearer(app.clock(), purpose=requester.purpose or Purpose.PATRQT, resident=resident)


async def _staff_token(app: App, role: str, org: str, bound: ResidentId | None, purpose: Purpose) -> str:
    staff = await _staff_id(app, role, org)
    now = app.clock()
    if bound is not None and role == Role.CLINICIAN and purpose is Purpose.TREAT:
        found = await app.index.by_id(bound)
        requester = await app.people.staff(staff)
        if found is not None and requester is not None:
            await app.gate.code_was_shown(requester, found, CodePurpose.OPEN_RECORD)
    return await app.sessions.issue_bearer(now, purpose=purpose, staff=staff, resident=bound)


async def _staff_id(app: App, role: str, org: str) -> str:
    candidates = [f"{org}/{role}"]
    if org == "county-2" and role in _STAFF_OF:
        candidates.insert(0, _STAFF_OF[role])
    for candidate in candidates:
        if await app.people.staff(candidate) is not None:
            return candidate
    raise InvalidInputError(
        "role-unknown", f"{org} has nobody of that role. Roles: {', '.join(_STAFF_OF)}, system, resident."
    )


def _purpose(name: str) -> Purpose:
    try:
        return Purpose(name.upper())
    except ValueError:
        names = ", ".join(purpose.value for purpose in Purpose)
        raise InvalidInputError("purpose-unknown", f"There is no such purpose. Choose one of {names}.") from None


def _printable(text: str) -> str:
    """Give a text as it is, unless a sign of it works on whatever shows it."""
    if any(unicodedata.category(sign) in {"Cc", "Cf", "Cs"} for sign in text):
        raise InvalidInputError("name-control", "There is a sign here that cannot be seen. Type it again without it.")
    return text


def _pair(text: str) -> tuple[str, str]:
    system, bar, value = text.partition("|")
    if not bar or not system or not value:
        raise InvalidInputError("number-form", "Give a number as SYSTEM|VALUE, such as passport|E12345678.")
    return system, value


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("date-form", "Give a date as YYYY-MM-DD.") from None
