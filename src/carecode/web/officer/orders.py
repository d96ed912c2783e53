"""Legal orders: entered here, released here once two bodies approved and the public log shows it."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from starlette.responses import Response

from carecode.disclosure.answers import Refusal
from carecode.disclosure.legal import SEALED_DAYS_MAX, NewOrder
from carecode.identity.identifiers import KINDS
from carecode.kernel.errors import CareCodeError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Category, Purpose
from carecode.web.page import field
from carecode.web.said import CATEGORIES
from carecode.web.sentences import sentence
from carecode.web.stepup import require_fresh
from carecode.web.watched import doors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecode.disclosure.legal import Order
    from carecode.web.page import Page


async def show(page: Page) -> Response:
    """List the orders that this institution entered, and take a new one."""
    return await _orders(page)


async def enter(page: Page) -> Response:
    """Enter an order; what was typed stays when it contradicts itself."""
    fields = await page.fields()
    try:
        number = field(fields, "number")
        resident = await page.app.index.resolve(KINDS[fields.get("kind", "")].system, number)
        if resident is None:
            raise NotFoundError("no-such-person", "Nobody with this number. Check it, or add someone new.")
        order = await doors(page).orders.enter(page.requester, resident, _new(fields), page.now)
    except KeyError:
        error: CareCodeError = InvalidInputError("field-missing", "Choose the document from the list.")
        return await _orders(page, error=error, typed=fields)
    except CareCodeError as error:
        return await _orders(page, error=error, typed=fields)
    return page.go(f"/officer/orders/{order.id}")


async def one(page: Page) -> Response:
    """Show one order of this institution."""
    return await _one(page, await _order(page))


async def release(page: Page) -> Response:
    """Give out what an order opens, as one file; the gate and her log come first."""
    order = await _order(page)
    asked = await require_fresh(page, back=f"/officer/orders/{order.id}")
    if asked is not None:
        return asked
    resident = await page.app.index.by_id(order.resident)
    answer = await page.app.gate.open(page.requester, Purpose.HLEGAL, order.categories, resident=resident)
    if isinstance(answer, Refusal):
        error = RefusedError("order-not-ready", "This order opens nothing: two approvals and its public entry first.")
        return await _one(page, order, error=error)
    bundle: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": page.now.isoformat(),
        "entry": [{"resource": json.loads(body.json)} for body in answer.bodies],
    }
    named = f"order-{answer.receipt.number}.json"
    return Response(
        json.dumps(bundle, ensure_ascii=False),
        media_type="application/fhir+json",
        headers={"content-disposition": f'attachment; filename="{named}"', "cache-control": "no-store"},
    )


async def _orders(
    page: Page, *, error: CareCodeError | None = None, typed: Mapping[str, str] | None = None
) -> Response:
    bodies = await doors(page).orders.bodies()
    return page.render(
        "officer/orders.html",
        error.http_status if error else 200,
        place=await page.place(),
        orders=await doors(page).orders.of_institution(page.requester),
        bodies=bodies,
        kinds={name: page.say(kind.label) for name, kind in KINDS.items()},
        categories=CATEGORIES,
        sealed_days=SEALED_DAYS_MAX,
        typed=typed or {},
        words=sentence(error, page.language) if error else "",
    )


async def _one(page: Page, order: Order, *, error: CareCodeError | None = None) -> Response:
    return page.render(
        "officer/order.html",
        error.http_status if error else 200,
        place=await page.place(),
        order=order,
        bodies=[await page.place(body) for body in order.bodies],
        categories=CATEGORIES,
        words=sentence(error, page.language) if error else "",
    )


async def _order(page: Page) -> Order:
    """Find an order that this institution entered; another's is none."""
    try:
        number = UUID(page.request.path_params["order"])
    except ValueError as error:
        raise NotFoundError("no-such-order", "There is no such order here.") from error
    for order in await doors(page).orders.of_institution(page.requester):
        if order.id == number:
            return order
    raise NotFoundError("no-such-order", "There is no such order here.")


def _new(fields: Mapping[str, str]) -> NewOrder:
    return NewOrder(
        field(fields, "body"),
        field(fields, "basis"),
        field(fields, "reference"),
        frozenset(one for one in Category if fields.get(f"category-{int(one)}")),
        _day(fields, "from_on"),
        _day(fields, "to_on"),
        _day(fields, "sealed_until") if fields.get("sealed_until") else None,
        (field(fields, "body_one"), field(fields, "body_two")),
    )


def _day(fields: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(field(fields, name))
    except ValueError as error:
        raise InvalidInputError("order-day", "Write the days as year-month-day.") from error
