"""Who is paid for her care learns what it costs and never what she has.

The cashier knows her under another number than the doctor of the same hospital.  Bills hold lines of a price list and
no free text.  No code, token or page of a cashier opens a row of her record.

Answers: M7
Proved in detail by: tests/settlement/test_bills.py, tests/settlement/test_money.py,
tests/architecture/test_contracts.py
Not answered: what a line of the price list itself gives away.
"""

from __future__ import annotations

from carecode.disclosure.answers import Refusal
from carecode.kernel.vocabulary import CodePurpose, Purpose
from carecode.store.database import Target
from tests.conftest import demand_superuser
from tests.promises.quarter import Quarter, condition, rows

ILLNESS, CODE = "canary illness", "86406008"


async def charged(quarter: Quarter) -> tuple[str, str]:
    """Let her be charged by a pay code; return the page and the number that the cashier's page knows her by."""
    her = await quarter.resident("XA000001")
    await quarter.deposit("county-2", "XA000001", condition(CODE, ILLNESS))
    phone, token = await quarter.phone(her), await quarter.session("county-2/cashier")
    code = phone.code(CodePurpose.PAY, quarter.now, await quarter.desk_number(token))
    page = (await quarter.form("/cashier/scan", token, code=code)).text
    number = quarter.house.gate.patient_id(quarter.staff["county-2/cashier"], her)
    billed = await quarter.form("/cashier/charge", token, patient=number, item="hba1c")
    return page + billed.text, number


async def test_a_cashier_sees_no_word_of_it(quarter: Quarter) -> None:
    page, _number = await charged(quarter)
    assert "李明" in page, "the control: it is her bill"
    assert ILLNESS not in page
    assert CODE not in page


async def test_bills_know_her_under_a_number_that_no_clinician_has(quarter: Quarter, target: Target) -> None:
    await demand_superuser(target)
    _page, number = await charged(quarter)
    stored = [
        line for table, lines in (await rows(target)).items() if table.startswith("settlement.") for line in lines
    ]
    assert stored, "the control: something is billed"
    assert not [line for line in stored if number in line or ILLNESS in line or CODE in line]


async def test_no_purpose_of_payment_opens_a_row(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    await quarter.deposit("county-2", "XA000001", condition(CODE, ILLNESS))
    await quarter.treat("county-2/doctor", her)
    for purpose in Purpose:
        answer = await quarter.house.gate.open(quarter.staff["county-2/cashier"], purpose, resident=her)
        assert isinstance(answer, Refusal)
    for purpose in (Purpose.HPAYMT, Purpose.TREAT):
        headers = await quarter.bearer("county-2/cashier", her, purpose)
        for path in ("Condition", "Patient?identifier=urn:test:number|XA000001", "Claim"):
            answer_ = await quarter.http.get(f"/fhir/{path}", headers=headers)
            assert ILLNESS not in answer_.text
            assert CODE not in answer_.text
