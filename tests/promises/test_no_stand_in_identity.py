"""Where nobody is known, nobody is shown: there is no fallback, no test patient and no first row.

An empty, blank, missing or unknown number, code, name or token gives nothing and says so; so does a session or an
order of somebody who is not there.  Never does any of them show a person who is.

Answers: M25
Proved in detail by: tests/identity/test_identifiers.py, tests/exchange/test_refused.py, tests/visits/test_queue.py
"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from carecode.disclosure.answers import Refusal
from carecode.disclosure.people import herself
from carecode.kernel.errors import CareCodeError, RefusedError
from carecode.kernel.vocabulary import Bearer, CodePurpose, Presentation, Purpose, RecordKey, Resident, ResidentId
from carecode.store.database import Target
from tests.promises.quarter import ADDRESS, NUMBERS, Quarter, bundle, words_of
from tests.promises.wall import as_administrator

NOTHING = ("", " ", "0", "null", "None", "undefined", "-", "%", "*", "' OR 1=1", "\u200b")


@pytest.fixture
async def somebody(quarter: Quarter) -> Resident:
    """One person is there, and she must not be the answer to anything."""
    her = await quarter.resident("XA000001")
    await quarter.phone(her)
    await quarter.deposit("county-2", "XA000001")
    return her


async def test_a_desk_is_shown_nobody_for_nothing(quarter: Quarter, somebody: Resident) -> None:
    assert somebody.keys
    desk = await quarter.session("county-2/desk")
    for value in NOTHING:
        await _desk_for_nothing(quarter, desk, value)


async def _desk_for_nothing(quarter: Quarter, desk: str, value: str) -> None:
    for fields in (
        {"kind": NUMBERS, "number": value},
        {"kind": "passport", "number": value},
        {"name": value, "born": "1970-01-01", "phone": value},
        {"name": "李明", "born": value, "phone": ""},
    ):
        page = await quarter.form("/desk/find", desk, **fields)
        assert page.status_code >= 400
        assert "李明" not in words_of(page.text).replace('value="李明"', "")
    for path, fields in (("/desk/scan", {"code": value}), ("/desk/number", {"patient": value, "service": "surgery"})):
        page = await quarter.form(path, desk, **fields)
        assert page.status_code >= 400
        assert "李明" not in words_of(page.text)


async def test_the_interface_knows_nobody_for_nothing(quarter: Quarter, somebody: Resident) -> None:
    assert somebody.keys
    headers = await quarter.bearer("county-2/machine")
    asked = [{"identifier": f"{system}{value}"} for system in ("", "|", f"{NUMBERS}|") for value in NOTHING]
    for params in [*asked, *({"_id": value} for value in NOTHING)]:
        answer = await quarter.http.get("/fhir/Patient", params=params, headers=headers)
        assert '"resourceType":"Patient"' not in answer.text, params
        assert "李明" not in answer.text


NOBODYS: list[Any] = [
    None,
    [],
    [{}],
    [{"system": NUMBERS}],
    [{"system": NUMBERS, "value": ""}],
    [{"value": "XA000001"}],
]


async def test_a_deposit_about_nobody_in_particular_is_nobodys(quarter: Quarter, somebody: Resident) -> None:
    before = len(await quarter.house.log.entries(somebody))
    for identifiers in NOBODYS:
        sent = json.loads(bundle("XA000001"))
        sent["entry"][0]["resource"].pop("identifier")
        if identifiers is not None:
            sent["entry"][0]["resource"]["identifier"] = identifiers
        with pytest.raises(CareCodeError):
            await quarter.house.bundles.process(quarter.staff["county-2/machine"], json.dumps(sent).encode())
    assert len(await quarter.house.log.entries(somebody)) == before


async def test_a_code_or_a_session_of_somebody_who_is_not_there_opens_nobody(
    quarter: Quarter, somebody: Resident
) -> None:
    assert somebody.keys
    shown = Presentation(Bearer(uuid4()), CodePurpose.OPEN_RECORD, quarter.now, "1234")
    answer = await quarter.house.gate.open(quarter.staff["county-2/doctor"], Purpose.TREAT, presentation=shown)
    assert isinstance(answer, Refusal)
    check_in = Presentation(Bearer(uuid4()), CodePurpose.REGISTER, quarter.now, None)
    with pytest.raises(CareCodeError):
        await quarter.house.cards.of_code(quarter.staff["county-2/desk"], check_in)
    for gone in (ResidentId(uuid4()), ResidentId(UUID(int=0))):
        with pytest.raises(CareCodeError):
            await quarter.house.privacy.who_looked(herself(gone))
        token = await quarter.house.sessions.sign_in(quarter.now, resident=gone)
        for path in ("/my", "/my/record", "/my/who-looked", "/my/privacy"):
            page = await quarter.page(path, token)
            assert "李明" not in page.text
            assert page.status_code >= 400 or path == "/my"
    nobody = Resident(ResidentId(uuid4()), (RecordKey(uuid4()),))
    opened = await quarter.house.gate.open(quarter.staff["county-2/doctor"], Purpose.TREAT, resident=nobody)
    assert isinstance(opened, Refusal)


async def test_without_a_session_no_page_shows_anybody(quarter: Quarter, somebody: Resident) -> None:
    assert somebody.keys
    for cookie in ("", "carecode_my=", "carecode_my=null", "carecode_desk=undefined"):
        for path in ("/my", "/my/record", "/desk", "/clinic", "/clinic/record", "/cashier"):
            page = await quarter.http.get(path, headers={"cookie": cookie, "origin": ADDRESS})
            assert page.status_code in {401, 403, 303}
            assert "李明" not in page.text


async def test_a_link_of_a_demo_town_signs_nobody_in_where_there_is_no_demo(quarter: Quarter, target: Target) -> None:
    """Nor does one that was made while there was."""
    with pytest.raises(RefusedError):
        await quarter.house.sessions.link(quarter.now, staff="county-2/doctor")
    await quarter.house.people.mark_demo()
    token = await quarter.house.sessions.link(quarter.now, staff="county-2/doctor")
    await as_administrator(target, "DELETE FROM disclosure.setting")
    with pytest.raises(RefusedError):
        await quarter.house.sessions.redeem(token, quarter.now)
