"""Who comes without a name of her own: a newborn after the mother, and an unknown person who is known now."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from carecode.disclosure.reviews import WORDS_MAX, WORDS_MIN, long_enough
from carecode.identity.identifiers import KINDS
from carecode.identity.person import Person
from carecode.kernel.errors import CareCodeError, InvalidInputError, NotFoundError
from carecode.kernel.vocabulary import Purpose, ResidentId
from carecode.web.desk.checkin import born_on
from carecode.web.desk.enrol import enrolled, notes_of, require_birth, sex_of
from carecode.web.page import field
from carecode.web.sentences import sentence
from carecode.web.steward.doors import doors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from carecode.identity.index import Enrolment
    from carecode.kernel.vocabulary import Resident
    from carecode.web.page import Page

ORDERS: Final = ("1", "2", "3", "4")
NEWBORN_DAYS_MAX: Final = 60  # an older child has a name
SEXES: Final = ("female", "male", "unknown")
_HAN: Final = {"female": "女", "male": "子"}
_LATIN: Final = {"female": "girl", "male": "boy"}


def placeholder(mother: str, latin: str, sex: str, order: str) -> tuple[str, str]:
    """Give the names under which a newborn stands until she has her own, in both scripts.

    >>> placeholder("林梅", "Lin Mei", "female", "2")
    ('林梅之女2', 'Baby girl 2 of Lin Mei')
    >>> placeholder("Lin Mei", "", "unknown", "1")
    ('Baby 1 of Lin Mei', '')
    """
    words = " ".join(each for each in ("Baby", _LATIN.get(sex, ""), order, "of") if each)
    if mother.isascii():
        return f"{words} {mother}", ""
    return f"{mother}之{_HAN.get(sex, '婴')}{order}", f"{words} {latin}" if latin else ""


async def newborn_form(page: Page) -> Response:
    """Ask for the mother's number and which child it is."""
    return await _newborn_form(page, {})


async def newborn(page: Page) -> Response:
    """Register a newborn under her mother's name; two desks that do so at once register one child."""
    fields = await page.fields()
    try:
        found = await page.app.cards.of_number(page.requester, field(fields, "kind"), field(fields, "number"))
        if found is None:
            raise NotFoundError("no-such-person", "Nobody with this number. Check it, or add someone new.")
        mother, card = found
        born, order, sex = _birth(page, fields), _order(fields), sex_of(fields)
        name, latin = placeholder(card.name, card.name_latin, sex, order)
        child = Person(name, latin, born, sex, (await page.app.index.card(mother)).phone)
        done: list[Enrolment] = []

        async def add() -> ResidentId:
            done.append(await page.app.index.enrol([], child, source=page.requester.organisation, now=page.now))
            return done[0].resident.entry

        word = doors(page).forms.newborn(mother.id, born, int(order))
        added, fresh = await doors(page).forms.once(None, word, page.now, add)
        resident = await page.app.index.by_id(added)
        if resident is None:
            raise NotFoundError("resident-gone", "There is nobody here under this number.")
        return await enrolled(
            page,
            resident,
            "told at the desk",
            created=fresh,
            notes=notes_of(done[0]) if done else (),
            may_add_phone=False,
        )
    except CareCodeError as error:
        return await _newborn_form(page, fields, error)


async def identify_form(page: Page) -> Response:
    """Ask whose entry it is, and who she turned out to be."""
    return await _identify_form(page, {})


async def identify(page: Page) -> Response:
    """Show both, logged to both, and what joining them would do; nothing is changed."""
    fields = await page.fields()
    try:
        unknown = await _unknown(page, fields)
        found = await page.app.cards.of_number(page.requester, field(fields, "kind"), field(fields, "number"))
        if found is None:
            raise NotFoundError("no-such-person", "Nobody with this number. Check it, or add someone new.")
        known, card = found
        return page.render(
            "desk/identify_preview.html",
            place=await page.place(),
            unknown=await page.app.cards.look(page.requester, unknown, Purpose.REGISTER, "document"),
            known=card,
            unknown_ref=doors(page).refs.give(unknown.entry, page.requester, page.now),
            known_ref=doors(page).refs.give(known.entry, page.requester, page.now),
            bounds=(WORDS_MIN, WORDS_MAX),
        )
    except CareCodeError as error:
        return await _identify_form(page, fields, error)


async def identified(page: Page) -> Response:
    """Let the unknown person's entry join hers; her entry stays as it was, and it can be undone."""
    fields = await page.fields()
    try:
        reason = long_enough(fields.get("reason", ""))
        unknown, known = await _referred(page, fields, "unknown"), await _referred(page, fields, "known")
        await doors(page).possible.identify(page.requester, unknown, known, reason, page.now)
    except CareCodeError as error:
        return await _identify_form(page, fields, error)
    resident = await page.app.index.by_id(known.entry)
    if resident is None:
        raise NotFoundError("resident-gone", "There is nobody here under this number.")
    return await enrolled(page, resident, "document", created=False, may_add_phone=False)


async def _unknown(page: Page, fields: Mapping[str, str]) -> Resident:
    """Find the unknown person by her number here."""
    here = "".join(field(fields, "here").split())
    unknown = await page.app.gate.subject(page.requester, here)
    if unknown is None:
        raise NotFoundError("no-such-person", "Nobody with this number. Check it, or add someone new.")
    await doors(page).possible.require_unknown(page.requester, unknown)
    return unknown


async def _referred(page: Page, fields: Mapping[str, str], name: str) -> Resident:
    entry = doors(page).refs.take(field(fields, name), page.requester, page.now)
    resident = await page.app.index.by_id(entry)
    if resident is None:
        raise NotFoundError("resident-gone", "There is nobody here under this number.")
    return resident


def _birth(page: Page, fields: Mapping[str, str]) -> date:
    born = require_birth(born_on(fields), page.today)
    if (page.today - born).days > NEWBORN_DAYS_MAX:
        raise InvalidInputError("newborn-old", "This child is older than two months. Add her under her own name.")
    return born


def _order(fields: Mapping[str, str]) -> str:
    order = fields.get("order") or ORDERS[0]
    if order not in ORDERS:
        raise InvalidInputError("newborn-order", "Choose which child it is from the list.")
    return order


async def _newborn_form(page: Page, typed: Mapping[str, str], error: CareCodeError | None = None) -> Response:
    return page.render(
        "desk/newborn.html",
        error.http_status if error else 200,
        place=await page.place(),
        kinds={name: page.say(kind.label) for name, kind in KINDS.items()},
        sexes=SEXES,
        orders=ORDERS,
        typed=typed,
        today=page.today.isoformat(),
        words=sentence(error, page.language) if error else "",
    )


async def _identify_form(page: Page, typed: Mapping[str, str], error: CareCodeError | None = None) -> Response:
    return page.render(
        "desk/identify.html",
        error.http_status if error else 200,
        place=await page.place(),
        kinds={name: page.say(kind.label) for name, kind in KINDS.items()},
        typed=typed,
        words=sentence(error, page.language) if error else "",
    )
