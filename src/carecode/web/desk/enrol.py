"""Adding someone: document, name, birth date; then the eight digits that add her phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.identity.identifiers import KINDS, parse
from carecode.identity.person import SEXES, Person
from carecode.kernel.errors import CareCodeError
from carecode.kernel.vocabulary import Purpose
from carecode.web.desk.checkin import born_on, service_names
from carecode.web.page import field
from carecode.web.sentences import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from carecode.web.page import Page


async def form(page: Page) -> Response:
    """Ask who she is."""
    return await _form(page, {}, "", 200)


async def enrol(page: Page) -> Response:
    """Register her, or find her when the number is known; a wrong check digit warns and never blocks."""
    fields = await page.fields()
    try:
        person = Person(
            name=field(fields, "name"),
            name_latin=fields.get("latin", ""),
            birth_date=born_on(fields) if fields.get("born") else None,
            sex=fields.get("sex", "unknown"),
            phone=fields.get("phone", ""),
        )
        numbers = [parse(field(fields, "kind"), fields["number"])] if fields.get("number") else []
        made = await page.app.index.enrol(numbers, person, source=page.requester.organisation, now=page.now)
        # another one of the same number is the same person: the desk compares the card with what is known
        basis = "document" if numbers else "told at the desk"
        card = await page.app.cards.look(page.requester, made.resident, Purpose.REGISTER, basis)
    except CareCodeError as error:
        return await _form(page, fields, sentence(error, page.language), error.http_status)
    code = await page.app.phones.code_for(page.requester, made.resident, page.now)
    url = page.request.url
    return page.render(
        "desk/enrolled.html",
        place=await page.place(),
        card=card,
        created=made.created,
        warnings=[page.say(x) for x in made.warnings],
        code=code,
        link=f"{url.scheme}://{url.netloc}/my/enrol#{code}",
        services=service_names(page),
    )


async def _form(page: Page, typed: Mapping[str, str], words: str, status: int) -> Response:
    return page.render(
        "desk/enrol.html",
        status,
        place=await page.place(),
        kinds={name: page.say(kind.label) for name, kind in KINDS.items()},
        sexes=SEXES,
        typed=typed,
        words=words,
    )
