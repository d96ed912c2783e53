"""Without a phone, a code, an ID card or a right check digit she is served as everybody is.

A desk finds her by what she tells, gives her a number in the queue, and a cashier takes her money.  A number with a
wrong digit is a warning to compare, never a refusal.  Nothing she decided about her record closes a counter to her.

Answers: M14
Proved in detail by: tests/identity/test_index.py, tests/visits/test_queue.py, tests/day/test_day.py
Not answered: a clerk who sends her away; a paper card, which is not built.
"""

from __future__ import annotations

from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.people import herself
from tests.promises.quarter import NUMBERS, Quarter, words_of


async def test_somebody_without_any_number_or_phone_is_enrolled_and_gets_a_number(quarter: Quarter) -> None:
    desk = await quarter.session("county-2/desk")
    made = await quarter.form("/desk/enrol", desk, name="陈老太", born="1940-02-03", sex="female")
    assert made.status_code == 200
    assert "陈老太" in words_of(made.text)
    again = await quarter.form("/desk/enrol", desk, name="陈老太", born="1940-02-03", sex="female", phone="13811112222")
    assert again.status_code == 200
    found = await quarter.form("/desk/find", desk, name="陈老太", born="1940-02-03", phone="13811112222")
    assert found.status_code == 200
    assert "陈老太" in words_of(found.text)


async def test_a_wrong_check_digit_warns_and_never_blocks(quarter: Quarter) -> None:
    desk = await quarter.session("county-2/desk")
    wrong = "110101195001011230"  # the check character would be another
    made = await quarter.form("/desk/enrol", desk, name="王建国", kind="cn-resident", number=wrong, born="1950-01-01")
    if made.status_code == 400:  # another spelling of the kind: take the page's own first one
        form = (await quarter.page("/desk/enrol", desk)).text
        kind = form.split('<option value="')[1].split('"')[0]
        made = await quarter.form("/desk/enrol", desk, name="王建国", kind=kind, number=wrong, born="1950-01-01")
    assert made.status_code == 200
    assert "王建国" in words_of(made.text)


async def test_who_left_everything_still_waits_in_the_queue_and_pays(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    await quarter.house.privacy.decide(herself(her.id), Wish(Kind.EVERYTHING, "out"))
    await quarter.house.privacy.refuse(herself(her.id), "county-2")
    desk, cashier = await quarter.session("county-2/desk"), await quarter.session("county-2/cashier")
    number = quarter.house.gate.patient_id(quarter.staff["county-2/desk"], her)
    found = await quarter.form("/desk/find", desk, kind=NUMBERS, number="XA000001")
    assert "李明" in words_of(found.text)
    ticket = await quarter.form("/desk/number", desk, patient=number, service="surgery")
    assert ticket.status_code == 200
    assert "C0" in ticket.text or "C1" in ticket.text or "C-" in ticket.text or " C" in words_of(ticket.text)
    billed = await quarter.form("/cashier/charge", cashier, patient=number, item="outpatient-visit")
    assert billed.status_code == 200
    assert "25.00" in billed.text
