"""Amounts of money: decimal, two places, never negative, never rounded in silence.

Pure.  An amount is a ``Decimal`` of yuan with exactly two places, 0.00 to AMOUNT_MAX, which is what PostgreSQL's
numeric(12,2) holds.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

CENT: Final = Decimal("0.01")
ZERO: Final = Decimal("0.00")
AMOUNT_MAX: Final = Decimal("9999999999.99")
TEXT_CHARACTERS_MAX: Final = 32
_WRITTEN: Final = re.compile(r"¥?\s*(\d{1,3}(?:,\d{3})+|\d+)(\.\d{1,2})?", re.ASCII)


def checked(amount: Decimal) -> Decimal:
    """Return the amount with two places.

    >>> checked(Decimal("25"))
    Decimal('25.00')

    Raises InvalidInputError for anything but a finite Decimal from 0 to AMOUNT_MAX with at most two places: a float
    has already lost cents, and a third place would have to be rounded for or against somebody.
    """
    # isinstance: a float can still come from where types are not checked.
    if not isinstance(amount, Decimal) or not amount.is_finite():  # type: ignore[redundant-expr]
        raise InvalidInputError("amount", "An amount is a decimal number.")
    if amount < 0:
        raise InvalidInputError("amount-negative", "An amount cannot be less than nothing.")
    if amount > AMOUNT_MAX:
        raise InvalidInputError("amount-too-large", "This amount is larger than a bill can be. Check the figure.")
    rounded = amount.quantize(CENT).copy_abs()  # copy_abs: "-0" is zero
    if rounded != amount:
        raise InvalidInputError("amount-places", "An amount has at most two digits after the point.")
    return rounded


def parse(text: str) -> Decimal:
    """Read an amount as a cashier types it, also with ¥, thousands commas or full-width digits.

    >>> parse("¥1,234.5"), parse("１８５．４８")
    (Decimal('1234.50'), Decimal('185.48'))

    Raises InvalidInputError for anything else; the message does not repeat the text.
    """
    cleaned = unicodedata.normalize("NFKC", text[: TEXT_CHARACTERS_MAX + 1]).strip()
    match = _WRITTEN.fullmatch(cleaned)
    if match is None or len(text) > TEXT_CHARACTERS_MAX:
        raise InvalidInputError("amount", "Write the amount in yuan, like 185.48.")
    return checked(Decimal(match[1].replace(",", "") + (match[2] or "")))


def written(amount: Decimal) -> str:
    """Write an amount as receipts show it.

    >>> written(Decimal("1234.5"))
    '1,234.50'
    """
    return f"{checked(amount):,.2f}"


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Add amounts to the cent; InvalidInputError when the sum passes AMOUNT_MAX.

    >>> total([Decimal("0.10"), Decimal("0.20")])
    Decimal('0.30')
    """
    added = ZERO
    for amount in amounts:
        added = checked(added + checked(amount))
    return added


def change_due(due: Decimal, tendered: Decimal) -> Decimal:
    """Return what goes back to the payer.

    >>> change_due(Decimal("185.48"), Decimal("200"))
    Decimal('14.52')

    Raises InvalidInputError when less is given than is due.
    """
    due, tendered = checked(due), checked(tendered)
    if tendered < due:
        raise InvalidInputError("cash-too-little", "The money given is less than the bill. Nothing was paid.")
    return tendered - due
