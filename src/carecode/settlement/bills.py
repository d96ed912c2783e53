"""The door of settlement: open a bill, pay it in cash once, keep its receipt.

A row belongs to one institution and names the person by that institution's settlement pseudonym, which is not
the one clinicians see: who is paid for what cannot be joined with why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from carecode.kernel.errors import CareCodeError, ConflictError, CorruptError, InvalidInputError, NotFoundError
from carecode.settlement.items import item_of
from carecode.settlement.money import change_due, checked
from carecode.store.queries import queries

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecode.store.database import Database

LOCAL_TIME: Final = timezone(timedelta(hours=8), "CST")  # receipts are numbered by the institution's own year
OPEN_BILLS_MAX: Final = 200  # of one patient at one institution
DESCRIPTION_CHARACTERS_MAX: Final = 120
NAME_CHARACTERS_MAX: Final = 64  # of an institution's handle or a cashier's id
KEY_CHARACTERS_MAX: Final = 128
_BILL_MAX: Final = 2**63 - 1  # PostgreSQL's bigint
_PSEUDONYM: Final = re.compile(r"[0-9a-f]{32}")

# Why PostgreSQL did not pay -> what the cashier reads.  Nothing was taken in any of them.
_REFUSALS: Final[Mapping[str, tuple[type[CareCodeError], str, str]]] = {
    "absent": (NotFoundError, "bill-unknown", "There is no such bill here."),
    "already-paid": (ConflictError, "bill-paid", "This bill is paid already. Show its receipt and take no money."),
    "other-payment": (
        ConflictError,
        "payment-differs",
        "This payment was made already, for another bill or with other money. Look at its receipt.",
    ),
    "too-little": (
        InvalidInputError,
        "cash-too-little",
        "The money given is less than the bill. Nothing was paid.",
    ),
}


@dataclass(frozen=True, slots=True)
class Bill:
    """One charged item."""

    organisation: str
    id: int  # 1, 2, 3, ... within the institution
    patient: str = field(repr=False)  # settlement pseudonym, 32 characters
    item: str = field(repr=False)  # a code of ITEMS; what was done says much about why
    description: str = field(repr=False)
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of one payment; never changed."""

    number: str  # "2026-000047", gapless per institution and year
    bill_id: int
    amount: Decimal
    tendered: Decimal
    change: Decimal
    paid_at: datetime
    cashier: str


class Bills:
    """Bills and receipts of all institutions; each call sees one institution."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queries = queries("settlement")

    async def open_bill(self, organisation: str, patient: str, item: str, description: str, amount: Decimal) -> Bill:
        """Charge one item to a patient.

        ``patient`` is the institution's settlement pseudonym (32 lower hexadecimal characters), ``item`` a code of
        ITEMS, ``description`` 1 to DESCRIPTION_CHARACTERS_MAX characters, ``amount`` as ``money.checked`` demands.
        Raises InvalidInputError otherwise.
        """
        _demand_text("organisation", organisation, NAME_CHARACTERS_MAX)
        _demand_pseudonym(patient)
        _demand_text("description", description, DESCRIPTION_CHARACTERS_MAX)
        code, due = item_of(item).code, checked(amount)
        async with self._database.connection("settlement") as connection:
            number = await connection.fetchval(
                self._queries["open_bill"], organisation, patient, code, description, due
            )
        return Bill(organisation, number, patient, code, description, due)

    async def open_bills(self, organisation: str, patient: str) -> list[Bill]:
        """List her unpaid bills here, oldest first, at most OPEN_BILLS_MAX."""
        _demand_pseudonym(patient)
        async with self._database.connection("settlement") as connection:
            rows = await connection.fetch(self._queries["open_bills"], organisation, patient, OPEN_BILLS_MAX)
        return [
            Bill(organisation, row["bill"], patient, row["item"], row["description"], row["amount"]) for row in rows
        ]

    async def pay_cash(
        self, organisation: str, bill_id: int, tendered: Decimal, now: datetime, cashier: str, key: str
    ) -> Receipt:
        """Take cash for a bill and give its receipt.

        ``key`` is made once per press of the button (1 to KEY_CHARACTERS_MAX characters): the same call again, as
        after a lost connection, returns the same receipt and takes nothing.  A bill is paid once, whoever asks at
        once.  ``now`` must be aware; its year in LOCAL_TIME numbers the receipt.

        Raises NotFoundError for a bill of another institution or none, ConflictError for one paid under another
        key or a key used for something else, InvalidInputError for too little money.
        """
        given = checked(tendered)
        _demand_text("cashier", cashier, NAME_CHARACTERS_MAX)
        _demand_text("payment-key", key, KEY_CHARACTERS_MAX)
        if now.tzinfo is None:
            raise InvalidInputError("time-zone", "The time of a payment needs a time zone.")
        if not 1 <= bill_id <= _BILL_MAX:
            raise _refusal("absent")
        year = now.astimezone(LOCAL_TIME).year
        async with self._database.connection("settlement") as connection:
            outcome = await connection.fetchval(
                self._queries["pay_cash"], organisation, bill_id, given, now, year, cashier, key
            )
        if outcome != "paid":
            raise _refusal(outcome)
        receipt = await self.receipt_of(organisation, bill_id)
        if receipt is None:
            raise CorruptError("receipt-missing", "A bill counts as paid and has no receipt. Call the operator.")
        return receipt

    async def receipt_of(self, organisation: str, bill_id: int) -> Receipt | None:
        """Return the receipt of a bill, or None while it is unpaid or not of this institution."""
        async with self._database.connection("settlement") as connection:
            row = await connection.fetchrow(self._queries["receipt_of"], organisation, bill_id)
        return _receipt(row) if row is not None else None


def _refusal(outcome: str) -> CareCodeError:
    error, code, message = _REFUSALS[outcome]
    return error(code, message)


def _receipt(row: Mapping[str, Any]) -> Receipt:
    return Receipt(
        number=f"{row['year']}-{row['number']:06d}",
        bill_id=row["bill"],
        amount=row["amount"],
        tendered=row["tendered"],
        change=change_due(row["amount"], row["tendered"]),
        paid_at=row["paid_at"],
        cashier=row["cashier"],
    )


def _demand_pseudonym(patient: str) -> None:
    # Anything else, a document number above all, must never be stored here.
    if not _PSEUDONYM.fullmatch(patient):
        raise InvalidInputError(
            "patient-pseudonym", "A patient is named by this institution's own 32-character number."
        )


def _demand_text(code: str, text: str, characters_max: int) -> None:
    if not text.strip() or len(text) > characters_max or not text.isprintable():
        raise InvalidInputError(code, f"This text is needed, on one line, with at most {characters_max} characters.")
