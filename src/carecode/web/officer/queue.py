"""What waits for the privacy officer, one item at a time; nothing clinical stands here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.disclosure.reviews import KINDS, VERDICTS, WORDS_MAX, WORDS_MIN
from carecode.kernel.errors import CareCodeError, NotFoundError
from carecode.web import said
from carecode.web.language import mark
from carecode.web.sentences import sentence
from carecode.web.stepup import require_fresh
from carecode.web.watched import doors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from carecode.disclosure.reviews import Item
    from carecode.identity.person import Person
    from carecode.web.page import Page

FILTERS: Final = (("", mark("All")), *((kind, said.KINDS[kind]) for kind in KINDS))


async def show(page: Page) -> Response:
    """List what waits, the most urgent first; decided ones on wish."""
    kind = page.request.query_params.get("kind", "")
    decided = page.request.query_params.get("decided") == "1"
    chosen = kind if kind in KINDS else ""
    items = await doors(page).work.queue(page.requester, kind=chosen or None, decided=decided)
    return page.render(
        "officer/queue.html",
        place=await page.place(),
        items=[(one, await page.place(one.organisation)) for one in items],
        filters=FILTERS,
        chosen=chosen,
        decided=decided,
        said=said,
    )


async def item(page: Page) -> Response:
    """Show one item with what is known about it."""
    return await _item(page)


async def who(page: Page) -> Response:
    """Show whom it is about; her log says so first."""
    number = _number(page)
    return await _item(page, person=await doors(page).work.who(page.requester, number))


async def decide(page: Page) -> Response:
    """Keep a verdict; what was typed stays when it cannot be kept."""
    fields = await page.fields()
    try:
        verdict = fields.get("verdict", "")
        await doors(page).work.decide(page.requester, _number(page), verdict, fields.get("words", ""), page.now)
    except NotFoundError:
        raise
    except CareCodeError as error:
        return await _item(page, error=error, typed=fields)
    return page.go(f"/officer/items/{_number(page)}")


async def approve(page: Page) -> Response:
    """Approve an order for one's own institution, after a fresh proof."""
    address = f"/officer/items/{_number(page)}"
    asked = await require_fresh(page, back=address)
    if asked is not None:
        return asked
    found = await doors(page).work.item(page.requester, _number(page))
    try:
        await doors(page).orders.approve(page.requester, found, page.now)
    except CareCodeError as error:
        return await _item(page, error=error)
    return page.go(address)


async def refuse(page: Page) -> Response:
    """Refuse an order, with the reason."""
    fields = await page.fields()
    found = await doors(page).work.item(page.requester, _number(page))
    try:
        await doors(page).orders.refuse(page.requester, found, fields.get("words", ""), page.now)
    except CareCodeError as error:
        return await _item(page, error=error, typed=fields)
    return page.go(f"/officer/items/{found.id}")


async def _item(
    page: Page,
    *,
    person: Person | None = None,
    error: CareCodeError | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    found = await doors(page).work.item(page.requester, _number(page))
    return page.render(
        "officer/item.html",
        error.http_status if error else 200,
        place=await page.place(),
        item=found,
        where=await page.place(found.organisation),
        told=[(name, await page.place(where)) for name, where in await doors(page).work.told(found)],
        person=person,
        said=said,
        categories=said.CATEGORIES,
        verdicts=VERDICTS[found.kind],
        bounds=(WORDS_MIN, WORDS_MAX),
        typed=typed or {},
        words=sentence(error, page.language) if error else "",
        **await _about(page, found),
    )


async def _about(page: Page, found: Item) -> dict[str, object]:
    """Give the emergency, the question or the order that an item is about."""
    about: dict[str, object] = {"emergency": None, "order": None, "question": ("", "")}
    if found.resident is None or found.subject is None:
        return about
    if found.kind == "emergency":
        about["emergency"] = await doors(page).emergencies.one(found.resident, found.subject)
    if found.kind == "order":
        about["order"] = await doors(page).orders.one(found.resident, found.subject)
    if found.kind == "report":
        asked, _, words = found.note.partition("\n")
        about["question"] = (asked, words)
    return about


def _number(page: Page) -> UUID:
    try:
        return UUID(page.request.path_params["item"])
    except ValueError as error:
        raise NotFoundError("no-such-item", "There is no such work here.") from error
