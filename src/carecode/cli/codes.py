"""``code show`` and ``scan``: present a health code and read it, on demo data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carecode.cli.opening import run
from carecode.cli.output import DataOption, JsonOption, emit
from carecode.cli.who import AsOption, ResidentArgument, resident_named, staff_named
from carecode.crypto.keyed import keyed_hash
from carecode.disclosure.answers import Refusal
from carecode.healthcode.phone import DeviceKey
from carecode.kernel.errors import InvalidInputError, RefusedError
from carecode.kernel.vocabulary import CodePurpose, Purpose

if TYPE_CHECKING:
    from carecode.app import App
    from carecode.kernel.vocabulary import Card, Presentation, Requester, Resident

codes = typer.Typer(help="Health codes.", no_args_is_help=True)
DEVICE_LABEL = "command line"
PurposeOption = Annotated[
    str, typer.Option("--purpose", help="IDENTIFY, REGISTER, PAY, OPEN_RECORD, PROVE, EMERGENCY.")
]
DeskNumberOption = Annotated[
    str | None, typer.Option("--desk-number", metavar="NNNN", help="The desk's four digits, for PAY and OPEN_RECORD.")
]


def code_purpose(name: str) -> CodePurpose:
    """Parse a purpose by its name.  Raises InvalidInputError that lists them."""
    try:
        return CodePurpose[name.upper()]
    except KeyError:
        names = ", ".join(purpose.name for purpose in CodePurpose)
        raise InvalidInputError("purpose-unknown", f"There is no such purpose. Choose one of {names}.") from None


@codes.command("show")
def show(
    resident: ResidentArgument,
    purpose: PurposeOption = "IDENTIFY",
    desk_number: DeskNumberOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a code that RESIDENT's phone would show now (demo data only; the key is the CLI's own)."""

    async def work(app: App) -> str:
        await app.people.require_demo()
        chosen = code_purpose(purpose)
        found = await resident_named(app, resident)
        bearer = await app.index.bearer_of(found.id)
        key = DeviceKey(keyed_hash(app.ring.key("demo.device"), bearer.bytes))
        known = [phone for phone in await app.verifier.devices(bearer) if phone.label == DEVICE_LABEL]
        usable = [phone.number for phone in known if phone.revoked_at is None]
        now = app.clock()
        device = (
            usable[0]
            if usable
            else await app.verifier.register_device(bearer, key.algorithm, key.public, DEVICE_LABEL, now)
        )
        [(handle, secret)] = await app.verifier.batch(device, 1)
        return key.show(bytes.fromhex(handle), bytes.fromhex(secret), chosen, now, desk_number)

    text = run(data, work, as_json=as_json)
    emit(as_json, {"code": text, "purpose": purpose.upper()}, text)


def scan(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The code's text.")],
    staff: AsOption,
    purpose: PurposeOption,
    desk_number: DeskNumberOption = None,
    service: Annotated[str, typer.Option("--service", help="Where to queue, for REGISTER.")] = "internal-medicine",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a code as a desk, a doctor or a cashier would (demo data only)."""

    async def work(app: App) -> dict[str, Any]:
        await app.people.require_demo()
        chosen = code_purpose(purpose)
        requester = replace(await staff_named(app, staff), desk_number=desk_number)
        presentation = await app.verifier.verify(text, chosen, app.clock(), desk_number)
        if chosen in {CodePurpose.IDENTIFY, CodePurpose.REGISTER}:
            return await _identified(app, requester, presentation, service)
        if chosen is CodePurpose.OPEN_RECORD:
            return await _record(app, requester, presentation)
        raise RefusedError("purpose-not-built", "The code is good. What it opens is not built into this command yet.")

    found = run(data, work, as_json=as_json)
    lines = [f"{name}: {value}" for name, value in found.items() if not isinstance(value, dict | list)]
    emit(as_json, found, "\n".join(lines))


async def _identified(app: App, requester: Requester, presentation: Presentation, service: str) -> dict[str, Any]:
    resident, card = await app.cards.of_code(requester, presentation)
    answer: dict[str, Any] = _card(card)
    if presentation.purpose is CodePurpose.REGISTER:
        ticket = await check_in(app, requester, resident, service)
        answer |= {"queue_number": ticket.number, "waiting_before": ticket.waiting_before}
    return answer


async def check_in(app: App, requester: Requester, resident: Resident, service: str) -> Any:  # noqa: ANN401  # visits' ticket
    """Give a queue number under the institution's own pseudonym."""
    pseudonym = app.gate.patient_id(requester, resident)
    return await app.queue.check_in(
        organisation=requester.organisation, patient=pseudonym, service=service, on=app.clock().date()
    )


async def _record(app: App, requester: Requester, presentation: Presentation) -> dict[str, Any]:
    outcome = await app.gate.open(requester, Purpose.TREAT, presentation=presentation)
    if isinstance(outcome, Refusal):
        raise RefusedError(outcome.code, outcome.message)
    counts: dict[str, int] = {}
    for body in outcome.bodies:
        counts[body.type] = counts.get(body.type, 0) + 1
    return {
        **_card(outcome.card),
        "receipt": outcome.receipt.number,
        "until": outcome.until.isoformat(timespec="minutes"),
        "resources": len(outcome.bodies),
        "types": dict(sorted(counts.items())),
    }


def _card(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "name_latin": card.name_latin,
        "birth_date": card.birth_date.isoformat() if card.birth_date else None,
        "sex": card.sex,
        "patient": card.pseudonym,
    }
