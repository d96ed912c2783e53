"""What is sent twice, or with another person's number: nothing is lost, nothing is taken from the wrong one."""

from __future__ import annotations

import re

from carecode.kernel.vocabulary import CodePurpose
from tests.day.people import Pocket, words_of


def hidden(html: str, name: str) -> str:
    """Return the last value of a hidden field of this name."""
    return str(re.findall(rf'name="{name}" value="([^"]+)"', html)[-1])


def test_the_form_that_opened_a_record_sent_again_shows_it_until_it_is_closed(pocket: Pocket) -> None:
    other = pocket.code(CodePurpose.OPEN_RECORD, pocket.desk_number("clinic"))
    assert pocket.http.post("/clinic/open", data={"code": other}).status_code == 200
    code = pocket.code(CodePurpose.OPEN_RECORD, pocket.desk_number("clinic"))
    first = pocket.http.post("/clinic/open", data={"code": code})
    again = pocket.http.post("/clinic/open", data={"code": code})
    assert (first.status_code, again.status_code, again.url.path) == (200, 200, "/clinic/record")
    records = [words_of(one.text.partition('class="allergies"')[2]) for one in (first, again)]
    assert records[0] == records[1]
    assert "<title>Summary" in again.text
    until = [re.search(r"until (\d\d:\d\d)", words_of(one.text)) for one in (first, again)]
    assert until[0] is not None
    assert until[1] is not None
    assert until[0][1] == until[1][1]
    assert pocket.http.post("/clinic/open", data={"code": other}).status_code == 403  # another's used code
    pocket.http.get("/clinic")  # closes the record
    assert pocket.http.get("/clinic/record").url.path == "/clinic"
    assert pocket.http.post("/clinic/open", data={"code": code}).status_code == 403


def test_a_bill_is_paid_by_the_person_whose_it_is_and_once(pocket: Pocket) -> None:
    form = {"name": "田七", "born": "1977-07-07", "sex": "male", "phone": "13800000000"}
    stranger = hidden(pocket.http.post("/desk/enrol", data=form).text, "patient")
    code = pocket.code(CodePurpose.PAY, pocket.desk_number("cashier"))
    counter = pocket.http.post("/cashier/scan", data={"code": code}).text
    patient, item = hidden(counter, "patient"), re.findall(r'<option value="([^"]+)"', counter)[0]
    charged = pocket.http.post("/cashier/charge", data={"patient": patient, "item": item}).text
    paying = {"bill": hidden(charged, "bill"), "key": hidden(charged, "key"), "tendered": "900"}
    assert pocket.http.post("/cashier/pay", data={**paying, "patient": stranger}).status_code == 404
    assert "You paid at the counter." not in words_of(pocket.http.get("/my/who-looked").text)
    receipts = [pocket.http.post("/cashier/pay", data={**paying, "patient": patient}).text for _ in range(2)]
    numbers = [re.findall(r"Receipt (\d{4}-\d{6})", words_of(one)) for one in receipts]
    assert len(numbers[0]) == 1
    assert numbers[0] == numbers[1]
    assert pocket.http.post("/cashier/pay", data={**paying, "patient": stranger}).status_code == 409
    looks = words_of(pocket.http.get("/my/who-looked").text)
    assert "You paid at the counter." in looks
    assert "You were at the cashier." in looks


def test_the_desk_takes_no_birth_to_come_and_no_sex_outside_the_list(pocket: Pocket) -> None:
    form = {"name": "田七", "born": "1977-07-07", "sex": "male"}
    for wrong in ({"born": "2999-01-01"}, {"born": "1850-01-01"}, {"sex": "none"}, {"name": "\u202e\u200b"}):
        answer = pocket.http.post("/desk/enrol", data=form | wrong)
        assert answer.status_code == 400, wrong
        assert answer.text.count('role="alert"') == 1
