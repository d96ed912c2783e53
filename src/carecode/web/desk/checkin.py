"""The front desk: a code or a document becomes a card, the card a number in a queue."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from carecode.identity.identifiers import KINDS
from carecode.kernel.errors import CareCodeError, InvalidInputError, NotFoundError
from carecode.kernel.vocabulary import CodePurpose
from carecode.visits.services import SERVICES
from carecode.web.language import DEFAULT
from carecode.web.page import field
from carecode.web.rendering import written_time
from carecode.web.sentences import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from carecode.kernel.vocabulary import Card
    from carecode.web.page import Page


async def show(page: Page) -> Response:
    """Show the listening field and who waits."""
    return await _desk(page)


async def scan(page: Page) -> Response:
    """Verify a check-in code, once, and show whose it is."""
    try:
        code = field(await page.fields(), "code")
        shown = await page.app.verifier.verify(code, CodePurpose.REGISTER, page.now, None)
        _, card = await page.app.cards.of_code(page.requester, shown)
    except CareCodeError as error:
        return await _desk(page, error=error)
    how = page.say("Phone code for check-in, scanned %(time)s", time=_now(page))
    return await _desk(page, cards=[card], how=how)


async def find(page: Page) -> Response:
    """Find one person by a document number, or by name, date of birth and phone together."""
    fields = await page.fields()
    try:
        if fields.get("number"):
            found = await page.app.cards.of_number(page.requester, field(fields, "kind"), fields["number"])
            people = [found] if found else []
        else:
            born = born_on(fields)
            people = await page.app.cards.search(page.requester, field(fields, "name"), born, field(fields, "phone"))
        if not people:
            raise NotFoundError("no-such-person", "Nobody with this number. Check it, or add someone new.")
    except CareCodeError as error:
        return await _desk(page, error=error, typed=fields)
    how = page.say("Found by what she gave, %(time)s", time=_now(page))
    return await _desk(page, cards=[card for _, card in people], how=how)


async def number(page: Page) -> Response:
    """Give the person on the card a number, or the one she already has."""
    fields = await page.fields()
    try:
        patient = field(fields, "patient")
        if await page.app.gate.subject(page.requester, patient) is None:
            raise NotFoundError("no-such-person", "Nobody with this number. Check it, or add someone new.")
        ticket = await page.app.queue.check_in(
            organisation=page.requester.organisation,
            patient=patient,
            service=field(fields, "service"),
            on=page.today,
        )
    except CareCodeError as error:
        return await _desk(page, error=error)
    return await _desk(page, ticket=ticket)


def born_on(fields: Mapping[str, str], name: str = "born") -> date:
    """Read a date as a browser's date field sends it; raises InvalidInputError ``field-missing``."""
    try:
        return date.fromisoformat(field(fields, name))
    except ValueError as error:
        raise InvalidInputError("field-missing", "Write the date of birth as year-month-day.") from error


def service_names(page: Page) -> Mapping[str, str]:
    """Name every service in the page's language."""
    return {x.code: x.name if page.language == DEFAULT else x.name_zh for x in SERVICES.values()}


async def _desk(
    page: Page,
    *,
    cards: Sequence[Card] = (),
    how: str = "",
    ticket: object = None,
    error: CareCodeError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    waiting = await page.app.queue.waiting(page.requester.organisation, page.today)
    return page.render(
        "desk/checkin.html",
        error.http_status if error else 200,
        place=await page.place(),
        cards=cards,
        how=how,
        ticket=ticket,
        waiting=waiting,
        services=service_names(page),
        kinds={name: page.say(kind.label) for name, kind in KINDS.items()},
        typed=typed or {},
        words=sentence(error, page.language) if error else "",
    )


def _now(page: Page) -> str:
    return written_time(page.now, "HH:mm:ss", language=page.language)
