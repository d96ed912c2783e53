"""A scan returns five things and no more: name, name in Latin letters, birth date, sex, and the hospital's own number.

Her address, telephone, ethnicity, employer, numbers and illnesses are in the index or the record; no desk or cashier
is shown any of them for scanning a code.

Answers: M27
Proved in detail by: tests/identity/test_person.py
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import Card, CodePurpose, Purpose
from tests.promises.quarter import Quarter, condition

PATIENT: dict[str, Any] = {
    "telecom": [{"system": "phone", "value": "13912345678"}],
    "address": [{"text": "12 Canary Road", "city": "Canaryville"}],
    "maritalStatus": {"text": "canary-married"},
    "contact": [{"organization": {"display": "Canary Employer Ltd"}, "name": {"text": "Canary Relative"}}],
    "extension": [{"url": "urn:test:ethnicity", "valueString": "canary-ethnicity"}],
}
NEVER = ("13912345678", "Canary", "canary", "XA000001", "38341003")


def test_the_card_has_five_fields() -> None:
    assert [one.name for one in fields(Card)] == ["name", "name_latin", "birth_date", "sex", "pseudonym"]


async def prepared(quarter: Quarter) -> Any:  # noqa: ANN401
    her = await quarter.resident("XA000001", phone="13912345678")
    await quarter.deposit("county-2", "XA000001", condition("38341003", "canary illness"), patient=PATIENT)
    return await quarter.phone(her)


async def test_a_desk_sees_the_card_only(quarter: Quarter) -> None:
    phone, desk = await prepared(quarter), await quarter.session("county-2/desk")
    pages = [
        await quarter.form("/desk/scan", desk, code=phone.code(CodePurpose.REGISTER, quarter.now)),
        await quarter.form("/desk/find", desk, name="李明", born="1970-01-01", phone="13912345678"),
    ]
    for page in pages:
        assert page.status_code == 200
        assert "李明" in page.text
        assert [word for word in NEVER if word in page.text] == []


async def test_a_cashier_sees_the_card_and_the_bill(quarter: Quarter) -> None:
    phone, token = await prepared(quarter), await quarter.session("county-2/cashier")
    number = await quarter.desk_number(token)
    page = await quarter.form("/cashier/scan", token, code=phone.code(CodePurpose.PAY, quarter.now, number))
    assert page.status_code == 200
    assert "李明" in page.text
    assert [word for word in NEVER if word in page.text] == []


@pytest.mark.parametrize("who", ["desk", "cashier", "officer"])
async def test_no_such_token_reads_a_patient_by_the_interface(quarter: Quarter, who: str) -> None:
    await prepared(quarter)
    headers = await quarter.bearer(f"county-2/{who}")
    found = await quarter.http.get("/fhir/Patient?identifier=urn:test:number|XA000001", headers=headers)
    assert found.status_code in {200, 403, 404}
    assert [
        word
        for word in NEVER
        if word
        in found.text.replace("identifier=urn:test:number", "").replace("%7CXA000001", "").replace("|XA000001", "")
    ] == []
    assert '"resourceType":"Patient"' not in found.text


async def test_nobody_else_looks_people_up(quarter: Quarter) -> None:
    """Officers get no card, and a desk none for a reason that is not a desk's; a machine's look stands in her list."""
    her = await quarter.resident("XA000001")
    for purpose in (Purpose.IDENTIFY, Purpose.REGISTER):
        with pytest.raises(RefusedError):
            await quarter.house.cards.look(quarter.staff["county-2/officer"], her, purpose, "code")
    for purpose in set(Purpose) - {Purpose.IDENTIFY, Purpose.REGISTER}:
        with pytest.raises(RefusedError):
            await quarter.house.cards.look(quarter.staff["county-2/desk"], her, purpose, "code")
    assert await quarter.looked(her) == []
    await quarter.house.cards.look(quarter.staff["county-2/machine"], her, Purpose.REGISTER, "document")
    assert len(await quarter.looked(her)) == 1
