"""Adding someone: document, name, birth date; then the eight digits that add her phone."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Final

from carecode.identity.identifiers import KINDS, parse
from carecode.identity.person import SEXES, Person
from carecode.kernel.errors import CareCodeError, InvalidInputError
from carecode.kernel.vocabulary import Purpose
from carecode.web.desk.checkin import born_on, service_names
from carecode.web.page import field
from carecode.web.sentences import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from carecode.web.page import Page

BORN_YEAR_MIN: Final = 1900


async def form(page: Page) -> Response:
    """Ask who she is."""
    return await _form(page, {}, "", 200)


async def enrol(page: Page) -> Response:
    """Register her, or find her when the number is known; a wrong check digit warns and never blocks."""
    sent = await page.fields()
    fields = {**sent, **{x: printable(sent[x]) for x in ("name", "latin") if x in sent}}
    try:
        person = Person(
            name=field(fields, "name"),
            name_latin=fields.get("latin", ""),
            birth_date=_born(page, fields) if fields.get("born") else None,
            sex=sex_of(fields),
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


def printable(name: str) -> str:
    r"""Give a name without control and format characters, which could turn the letters around it.

    >>> printable("Li\u202e Wei\x00")
    'Li Wei'
    """
    return "".join(x for x in name if unicodedata.category(x) not in {"Cc", "Cf"}).strip()


def sex_of(fields: Mapping[str, str]) -> str:
    """Give one of SEXES, unknown when nothing was chosen; raises InvalidInputError ``sex``."""
    sex = fields.get("sex") or "unknown"
    if sex not in SEXES:
        raise InvalidInputError("sex", "Choose the sex from the list.")
    return sex


def require_birth(born: date, today: date) -> date:
    """Give a date on which somebody who stands here can be born; raises InvalidInputError ``birth-date``."""
    if not date(BORN_YEAR_MIN, 1, 1) <= born <= today:
        raise InvalidInputError(
            "birth-date", "The date of birth is in the future or before 1900. Compare it with the card."
        )
    return born


def _born(page: Page, fields: Mapping[str, str]) -> date:
    return require_birth(born_on(fields), page.today)


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
