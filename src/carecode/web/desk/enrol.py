"""Adding someone: document, name, birth date; whom she may be already; then the eight digits that add her phone."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import TYPE_CHECKING, Final

from carecode.identity.identifiers import KINDS, parse
from carecode.identity.person import SEXES, Person
from carecode.identity.registering import record_of
from carecode.kernel.errors import CareCodeError, InvalidInputError
from carecode.kernel.vocabulary import Purpose, ResidentId
from carecode.web.desk.checkin import born_on, service_names
from carecode.web.language import mark
from carecode.web.page import field
from carecode.web.sentences import sentence
from carecode.web.steward.doors import doors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from carecode.identity.identifiers import Identifier
    from carecode.identity.index import Enrolment
    from carecode.kernel.vocabulary import Resident
    from carecode.web.page import Page

BORN_YEAR_MIN: Final = 1900
NOBODY: Final = "none"  # what the clerk chooses when none of the rows is she
ASKED: Final = mark("A steward compares her entry with another. Care does not wait for it.")
LINKED: Final = mark("She was known under another entry. The two are linked; it can be undone.")
TYPED: Final = ("kind", "number", "name", "latin", "born", "sex", "phone")


async def form(page: Page) -> Response:
    """Ask who she is."""
    return await _form(page, {}, "", 200)


async def enrol(page: Page) -> Response:
    """Register her, or find her when the number is known; a wrong check digit warns and never blocks.

    Where she resembles somebody, the clerk says first whether it is she.
    """
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
        choice = fields.get("choice", "")
        if not choice and not await _is_known(page, numbers):
            record = record_of(person, numbers, None, page.now)
            rows = await doors(page).possible.rows(page.requester, record, page.now)
            if rows:
                typed = {name: fields.get(name, "") for name in TYPED}
                return page.render(
                    "desk/possible.html",
                    place=await page.place(),
                    rows=rows,
                    typed=typed,
                    nobody=NOBODY,
                    form=fields.get("form") or doors(page).forms.word(),
                )
        if choice and choice != NOBODY:
            return await _is_she(
                page, await doors(page).possible.chosen(page.requester, choice, page.now), numbers, person
            )
        return await _added(page, fields, numbers, person)
    except CareCodeError as error:
        return await _form(page, fields, sentence(error, page.language), error.http_status)


async def enrolled(  # what the page after adding somebody shows
    page: Page, resident: Resident, basis: str, *, created: bool, notes: Sequence[str] = (), may_add_phone: bool = True
) -> Response:
    """Show who was added or found, logged, with the digits for her phone if her document was seen."""
    # another one of the same number is the same person: the desk compares the card with what is known
    card = await page.app.cards.look(page.requester, resident, Purpose.REGISTER, basis)
    code = await page.app.phones.code_for(page.requester, resident, page.now) if may_add_phone else ""
    url = page.request.url
    return page.render(
        "desk/enrolled.html",
        place=await page.place(),
        card=card,
        created=created,
        warnings=[page.say(x) for x in notes],
        code=code,
        link=f"{url.scheme}://{url.netloc}/my/enrol#{code}",
        services=service_names(page),
    )


def notes_of(made: Enrolment) -> list[str]:
    """Say what the desk should know of a registration: warnings, and whether she is compared with somebody."""
    return [*made.warnings, *([ASKED] if made.review else []), *([LINKED] if made.linked else [])]


async def _added(page: Page, fields: Mapping[str, str], numbers: Sequence[Identifier], person: Person) -> Response:
    """Register her once, however often the form is sent."""
    done: list[Enrolment] = []

    async def add() -> ResidentId:
        done.append(await page.app.index.enrol(numbers, person, source=page.requester.organisation, now=page.now))
        return done[0].resident.entry

    basis = "document" if numbers else "told at the desk"
    if not fields.get("form"):
        await add()
    else:
        added, _fresh = await doors(page).forms.once(page.requester, fields["form"], page.now, add)
        if not done:  # the same form again: nobody is added
            resident = await page.app.index.by_id(added)
            if resident is not None:
                return await enrolled(page, resident, basis, created=False)
    made = done[0]
    return await enrolled(page, made.resident, basis, created=made.created, notes=notes_of(made))


async def _is_she(page: Page, chosen: Resident, numbers: Sequence[Identifier], person: Person) -> Response:
    """Open the entry of whom the clerk recognised; a new document is entered, and a steward compares the two.

    Her phone is added after a look at a document only.
    """
    if not numbers:
        return await enrolled(page, chosen, "told at the desk", created=False, may_add_phone=False)
    made = await page.app.index.enrol(numbers, person, source=page.requester.organisation, now=page.now)
    asked = await doors(page).possible.ask(page.requester, made.resident.entry, chosen.entry, page.now)
    notes = list(dict.fromkeys([*notes_of(made), *([ASKED] if asked else [])]))
    return await enrolled(page, made.resident, "document", created=made.created, notes=notes)


async def _is_known(page: Page, numbers: Sequence[Identifier]) -> bool:
    """Say whether a number names somebody already: then nobody is looked for."""
    return any([await page.app.index.resolve(each.system, each.value) is not None for each in numbers])


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
        form=doors(page).forms.word(),
        words=words,
    )
