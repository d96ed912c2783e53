"""Bills and receipts on a real PostgreSQL: paid once, numbered without a gap."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest

from carecode.kernel.errors import CareCodeError, ConflictError, InvalidInputError, NotFoundError
from carecode.settlement.bills import Bill, Bills, Receipt
from carecode.store.database import ROOMS, Database, Target

HOSPITAL = "county-2"
PATIENT = "5e" * 16
NOW = datetime(2026, 11, 18, 3, 20, 31, tzinfo=UTC)
CLIENTS = 8


@pytest.fixture
def bills(database: Database) -> Bills:
    return Bills(database)


async def bill(bills: Bills, amount: str = "68.00", organisation: str = HOSPITAL, patient: str = PATIENT) -> Bill:
    return await bills.open_bill(organisation, patient, "hba1c", "HbA1c 糖化血红蛋白", Decimal(amount))


async def pay(
    bills: Bills, bill_id: int, tendered: str = "100", *, key: str, now: datetime = NOW, organisation: str = HOSPITAL
) -> Receipt:
    return await bills.pay_cash(organisation, bill_id, Decimal(tendered), now, "cashier-3", key)


async def test_a_bill_is_paid_and_its_receipt_adds_up(bills: Bills) -> None:
    opened = await bill(bills)
    assert opened == Bill(HOSPITAL, 1, PATIENT, "hba1c", "HbA1c 糖化血红蛋白", Decimal("68.00"))
    receipt = await pay(bills, opened.id, "100", key="k1")
    assert receipt == Receipt("2026-000001", 1, Decimal("68.00"), Decimal("100.00"), Decimal("32.00"), NOW, "cashier-3")
    assert await bills.receipt_of(HOSPITAL, opened.id) == receipt


async def test_open_bills_are_hers_here_and_unpaid(bills: Bills) -> None:
    first, second = await bill(bills, "1.00"), await bill(bills, "2.00")
    await bill(bills, patient="0f" * 16)
    await bill(bills, organisation="city-1")
    assert await bills.open_bills(HOSPITAL, PATIENT) == [first, second]
    await pay(bills, first.id, key="k1")
    assert await bills.open_bills(HOSPITAL, PATIENT) == [second]
    assert await bills.open_bills("east-clinic", PATIENT) == []


async def test_the_same_payment_again_gives_the_same_receipt(bills: Bills) -> None:
    opened = await bill(bills)
    first = await pay(bills, opened.id, key="k1")
    later = await pay(bills, opened.id, key="k1", now=NOW + timedelta(minutes=5))
    assert later == first
    assert (await pay(bills, (await bill(bills)).id, key="k2")).number == "2026-000002"


async def test_eight_presses_of_one_button_at_once_take_the_money_once(bills: Bills) -> None:
    for turn in range(1, 6):
        opened = await bill(bills)
        receipts = await asyncio.gather(*(pay(bills, opened.id, key=f"k{turn}") for _ in range(CLIENTS)))
        assert {receipt.number for receipt in receipts} == {f"2026-{turn:06d}"}


async def test_eight_cashiers_at_one_bill_at_once_take_the_money_once(bills: Bills) -> None:
    for turn in range(1, 6):
        opened = await bill(bills)
        outcomes = await asyncio.gather(
            *(pay(bills, opened.id, key=f"{turn}-{client}") for client in range(CLIENTS)), return_exceptions=True
        )
        paid = [outcome for outcome in outcomes if isinstance(outcome, Receipt)]
        refused = [outcome.code for outcome in outcomes if isinstance(outcome, CareCodeError)]
        assert [receipt.number for receipt in paid] == [f"2026-{turn:06d}"]
        assert refused == ["bill-paid"] * (CLIENTS - 1)


async def test_one_key_at_eight_bills_at_once_pays_one_of_them(bills: Bills) -> None:
    opened = [await bill(bills) for _ in range(CLIENTS)]
    outcomes = await asyncio.gather(*(pay(bills, each.id, key="same") for each in opened), return_exceptions=True)
    assert sum(isinstance(outcome, Receipt) for outcome in outcomes) == 1
    assert sum(isinstance(o, ConflictError) and o.code == "payment-differs" for o in outcomes) == CLIENTS - 1
    assert len(await bills.open_bills(HOSPITAL, PATIENT)) == CLIENTS - 1


async def test_receipts_of_many_cashiers_have_no_gap_even_when_payments_fail(bills: Bills) -> None:
    opened = [await bill(bills) for _ in range(40)]
    tries = [pay(bills, each.id, "67.99" if each.id % 4 == 0 else "70", key=f"k{each.id}") for each in opened]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    numbers = sorted(outcome.number for outcome in outcomes if isinstance(outcome, Receipt))
    assert numbers == [f"2026-{number:06d}" for number in range(1, 31)]
    assert sum(isinstance(outcome, InvalidInputError) for outcome in outcomes) == 10


async def test_bills_opened_at_once_get_every_number_once(bills: Bills) -> None:
    opened = await asyncio.gather(*(bill(bills) for _ in range(40)))
    assert sorted(each.id for each in opened) == list(range(1, 41))


async def test_receipts_are_numbered_per_institution_and_per_local_year(bills: Bills) -> None:
    new_year_there = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)  # 00:00 on 1 January in China
    times = [NOW, new_year_there - timedelta(seconds=1), new_year_there]
    numbers = [(await pay(bills, (await bill(bills)).id, key=f"k{at}", now=at)).number for at in times]
    assert numbers == ["2026-000001", "2026-000002", "2027-000001"]
    elsewhere = await bill(bills, organisation="city-1")
    assert (await pay(bills, elsewhere.id, key=f"k{NOW}", organisation="city-1")).number == "2026-000001"


async def test_too_little_money_pays_nothing(bills: Bills) -> None:
    opened = await bill(bills, "68.00")
    with pytest.raises(InvalidInputError) as caught:
        await pay(bills, opened.id, "67.99", key="k1")
    assert caught.value.code == "cash-too-little"
    assert await bills.receipt_of(HOSPITAL, opened.id) is None
    assert (await pay(bills, opened.id, "68.00", key="k1")).change == Decimal("0.00")


async def test_a_key_never_stands_for_another_payment(bills: Bills) -> None:
    one, other = await bill(bills), await bill(bills)
    await pay(bills, one.id, "70", key="k1")
    for bill_id, tendered in ((other.id, "70"), (one.id, "80")):
        with pytest.raises(ConflictError) as caught:
            await pay(bills, bill_id, tendered, key="k1")
        assert caught.value.code == "payment-differs"


async def test_another_institution_can_neither_pay_nor_see_a_bill(bills: Bills) -> None:
    opened = await bill(bills)
    await bill(bills, organisation="city-1")
    await bill(bills, organisation="city-1")
    with pytest.raises(NotFoundError):
        await pay(bills, opened.id, key="k1", organisation="insurer")
    assert await bills.receipt_of("insurer", opened.id) is None


@pytest.mark.parametrize("bill_id", [0, -1, 2, 2**63, -(2**70)])
async def test_a_bill_that_is_not_there_cannot_be_paid(bills: Bills, bill_id: int) -> None:
    await bill(bills)
    with pytest.raises(NotFoundError):
        await pay(bills, bill_id, key="k1")


async def test_a_free_item_gets_a_receipt_of_nothing(bills: Bills) -> None:
    free = await bills.open_bill(HOSPITAL, PATIENT, "vaccination-programme", "Vaccination", Decimal(0))
    assert (await pay(bills, free.id, "0", key="k1")).amount == Decimal("0.00")


async def test_the_largest_amount_keeps_every_cent(bills: Bills) -> None:
    opened = await bill(bills, "9999999999.99")
    assert (await pay(bills, opened.id, "9999999999.99", key="k1")).amount == Decimal("9999999999.99")


@pytest.mark.parametrize("amount", ["-0.01", "0.001", "NaN", "Infinity", "10000000000"])
async def test_a_wrong_amount_opens_and_pays_nothing(bills: Bills, amount: str) -> None:
    with pytest.raises(InvalidInputError):
        await bill(bills, amount)
    opened = await bill(bills)
    with pytest.raises(InvalidInputError):
        await pay(bills, opened.id, amount, key="k1")
    assert await bills.open_bills(HOSPITAL, PATIENT) == [opened]


@pytest.mark.parametrize(
    ("organisation", "patient", "item", "description"),
    [
        ("", PATIENT, "hba1c", "HbA1c"),
        (HOSPITAL, "11010519491231002X", "hba1c", "HbA1c"),
        (HOSPITAL, PATIENT, "unknown", "HbA1c"),
        (HOSPITAL, PATIENT, "hba1c", " "),
        (HOSPITAL, PATIENT, "hba1c", "x" * 121),
        (HOSPITAL, PATIENT, "hba1c", "two\nlines"),
        (HOSPITAL, PATIENT, "hba1c", "a\x00b"),
    ],
)
async def test_a_malformed_bill_is_refused(
    bills: Bills, organisation: str, patient: str, item: str, description: str
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await bills.open_bill(organisation, patient, item, description, Decimal(1))
    assert patient not in str(caught.value)


@pytest.mark.parametrize("key", ["", "k" * 129, "a\x00b"])
async def test_a_payment_needs_its_key(bills: Bills, key: str) -> None:
    with pytest.raises(InvalidInputError):
        await pay(bills, (await bill(bills)).id, key=key)


async def test_a_payment_needs_a_time_zone(bills: Bills) -> None:
    with pytest.raises(InvalidInputError):
        await pay(bills, (await bill(bills)).id, key="k1", now=NOW.replace(tzinfo=None))


def test_a_bill_shows_neither_patient_nor_item_in_a_traceback() -> None:
    shown = repr(Bill(HOSPITAL, 1, PATIENT, "hba1c", "HbA1c", Decimal("68.00")))
    assert PATIENT not in shown
    assert "hba1c" not in shown.lower()


async def test_postgresql_itself_refuses_a_second_or_a_negative_payment(bills: Bills, target: Target) -> None:
    """What the functions promise also holds for whoever writes past them."""
    await pay(bills, (await bill(bills)).id, key="k1")
    await bill(bills)
    insert = (
        "INSERT INTO settlement.receipt (organisation, year, number, bill, amount, tendered, paid_at, cashier, key)"
        " VALUES ($1, 2026, $2, $3, $4, $5, now(), 'x', $6)"
    )
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        for number, bill_id, amount, tendered, key in (
            (2, 1, 1, 1, "k9"),  # the bill is paid
            (2, 2, 1, 1, "k1"),  # the key is used
            (1, 2, 1, 1, "k9"),  # the number is given
            (2, 2, -1, 1, "k9"),
            (2, 2, 2, 1, "k9"),  # too little
            (2, 3, 1, 1, "k9"),  # no such bill
        ):
            with pytest.raises(asyncpg.IntegrityConstraintViolationError):
                await connection.execute(insert, HOSPITAL, number, bill_id, Decimal(amount), Decimal(tendered), key)
        await connection.execute(insert, HOSPITAL, 2, 2, Decimal(1), Decimal(1), "k9")
    finally:
        await connection.close()


async def test_the_only_right_of_any_login_role_is_to_call_the_four_functions(target: Target) -> None:
    roles = [f"carecode_{room}" for room in ROOMS]
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    tables = await connection.fetch(
        "SELECT role, c.relname FROM unnest($1::text[]) AS role, pg_class c"
        " WHERE c.relnamespace = 'settlement'::regnamespace AND c.relkind = 'r'"
        " AND has_table_privilege(role, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES')",
        roles,
    )
    functions = await connection.fetch(
        "SELECT role, p.proname::text AS name FROM unnest($1::text[]) AS role, pg_proc p"
        " WHERE p.pronamespace = 'settlement'::regnamespace AND has_function_privilege(role, p.oid, 'EXECUTE')",
        roles,
    )
    await connection.close()
    assert tables == []
    assert {(row["role"], row["name"]) for row in functions} == {
        ("carecode_settlement", name) for name in ("open_bill", "open_bills", "pay_cash", "receipt_of")
    }


async def test_the_login_role_cannot_undo_a_payment(bills: Bills, database: Database) -> None:
    await pay(bills, (await bill(bills)).id, key="k1")
    pool = await database.pool("settlement")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("DELETE FROM settlement.receipt")
