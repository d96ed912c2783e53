"""The cashier: a pay code becomes open bills, a bill a receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import CareCodeError, InvalidInputError, NotFoundError
from carecode.kernel.vocabulary import CodePurpose, Purpose
from carecode.settlement.items import ITEMS, item_of
from carecode.settlement.money import parse, total, written
from carecode.web.language import DEFAULT
from carecode.web.page import field
from carecode.web.sentences import sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from carecode.kernel.vocabulary import Card, Resident
    from carecode.settlement.bills import Receipt
    from carecode.web.page import Page

BILL_DIGITS_MAX: Final = 18  # fits PostgreSQL's bigint
SECTOR: Final = "settlement"  # her settlement number is not the one clinicians know


async def show(page: Page) -> Response:
    """Ask for a code of the kind Pay, made for this desk."""
    return await _counter(page)


async def scan(page: Page) -> Response:
    """Verify the pay code, once, and show what she has to pay here."""
    try:
        code = field(await page.fields(), "code")
        shown = await page.app.verifier.verify(code, CodePurpose.PAY, page.now, page.requester.desk_number)
        resident = await page.app.index.by_bearer(shown.bearer)
        if resident is None:
            raise NotFoundError("card-none", "This code belongs to nobody any more. Ask for her document.")
        card = await page.app.cards.look(page.requester, resident, Purpose.IDENTIFY, "pay code")
    except CareCodeError as error:
        return await _counter(page, error=error)
    return await _counter(page, card=card, resident=resident)


async def charge(page: Page) -> Response:
    """Add one line of the price list to her bills."""
    try:
        fields = await page.fields()
        resident = await _known(page, field(fields, "patient"))
        item = item_of(field(fields, "item"))
        card = await page.app.cards.look(page.requester, resident, Purpose.IDENTIFY, "bill")
        await page.app.bills.open_bill(
            page.requester.organisation, _payer(page, resident), item.code, item.name, item.price
        )
    except CareCodeError as error:
        return await _counter(page, error=error)
    return await _counter(page, card=card, resident=resident)


async def pay(page: Page) -> Response:
    """Take cash for one bill; the same press sent twice gives the same receipt."""
    try:
        fields = await page.fields()
        resident = await _known(page, field(fields, "patient"))
        receipt = await _paid(page, _payer(page, resident), fields)
        card = await page.app.cards.look(page.requester, resident, Purpose.IDENTIFY, "cash")
    except CareCodeError as error:
        return await _counter(page, error=error)
    return await _counter(page, card=card, resident=resident, receipt=receipt)


async def _paid(page: Page, payer: str, fields: Mapping[str, str]) -> Receipt:
    """Take cash for a bill of this payer; another person's bill is as good as none.

    The payment's key is the press of the button and the payer: sent twice it gives the receipt again, and with
    another person it is another payment, which a paid bill refuses.
    """
    here, bill = page.requester.organisation, _number(fields.get("bill", ""))
    tendered, key = parse(field(fields, "tendered")), field(fields, "key")
    hers = any(x.id == bill for x in await page.app.bills.open_bills(here, payer))
    if not hers and await page.app.bills.receipt_of(here, bill) is None:
        raise NotFoundError("bill-unknown", "There is no such bill here.")
    return await page.app.bills.pay_cash(here, bill, tendered, page.now, page.requester.id, f"{payer}-{key}")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= BILL_DIGITS_MAX):
        raise InvalidInputError("bill-unknown", "There is no such bill here.")
    return int(text)


async def _known(page: Page, patient: str) -> Resident:
    """Find again whose code was scanned a moment ago, by this institution's own number."""
    resident = await page.app.gate.subject(page.requester, patient)
    if resident is None:
        raise NotFoundError("no-such-person", "Nobody with this number. Check it, or add someone new.")
    return resident


def _payer(page: Page, resident: Resident) -> str:
    return page.app.pseudonyms.of(resident.keys[0], page.requester.organisation, SECTOR)


async def _counter(
    page: Page,
    *,
    card: Card | None = None,
    resident: Resident | None = None,
    receipt: Receipt | None = None,
    error: CareCodeError | None = None,
) -> Response:
    bills = await page.app.bills.open_bills(page.requester.organisation, _payer(page, resident)) if resident else []
    return page.render(
        "cashier/pay.html",
        error.http_status if error else 200,
        place=await page.place(),
        card=card,
        bills=bills,
        keys=[f"{x.id}-{page.now.timestamp():.6f}" for x in bills],  # one press of one page's button
        due=total(x.amount for x in bills),
        receipt=receipt,
        items={x.code: x.name if page.language == DEFAULT else x.name_zh for x in ITEMS.values()},
        prices={x.code: x.price for x in ITEMS.values()},
        written=written,
        words=sentence(error, page.language) if error else "",
    )
