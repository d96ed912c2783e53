"""An employer or a school that demands her history has nothing here to demand it from.

There is no role, institution, purpose, page or request for it.  Whoever holds her own phone cannot send her record to
anybody from it.  What she hid or shut out looks like nothing there, so that what she shows shows no gap.

Answers: M6
Proved in detail by: tests/promises/test_closed_purposes.py, tests/promises/test_a_restriction_looks_like_absence.py
Not answered: somebody who makes her open her own record before his eyes; a quiet second word shows less then.
"""

from __future__ import annotations

import re

import asyncpg
import pytest
from starlette.routing import Route

from carecode.api.routes import routes as api
from carecode.disclosure.answers import Refusal
from carecode.disclosure.people import Organisation
from carecode.kernel.vocabulary import Purpose, Role
from carecode.web.site import routes as web
from tests.promises.quarter import Quarter, observation

ASKED_FOR = ("employer", "school", "university", "landlord", "advertiser", "bank")
SENDS = re.compile(r"share|send|forward|export|download|link", re.IGNORECASE)
REASONED = {"/my/privacy/export"}  # her own decisions, as a file for herself


@pytest.mark.parametrize("kind", ASKED_FOR)
async def test_no_institution_of_that_kind_can_take_part(quarter: Quarter, kind: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await quarter.house.people.put_organisation(Organisation(kind, kind, kind, kind))


@pytest.mark.parametrize("role", ASKED_FOR)
def test_no_role_or_purpose_of_that_name_is_known(role: str) -> None:
    with pytest.raises(ValueError, match="is not a valid Role"):
        Role(role)
    with pytest.raises(ValueError, match="is not a valid Purpose"):
        Purpose(role.upper())


async def test_no_member_of_staff_opens_a_record_for_any_other_reason(quarter: Quarter) -> None:
    her = await quarter.resident("XA000001")
    await quarter.deposit("county-2", "XA000001", observation(6.1))
    for who, requester in quarter.staff.items():
        for purpose in Purpose:
            if who.endswith("machine") and purpose is Purpose.TREAT:
                continue  # what its own hospital wrote
            answer = await quarter.house.gate.open(requester, purpose, resident=her)
            assert isinstance(answer, Refusal), (who, purpose)


def test_no_page_and_no_request_sends_a_record_to_somebody(quarter: Quarter) -> None:
    paths = {route.path for route in (*web(quarter.house), *api(quarter.house)) if isinstance(route, Route)}
    assert "/my/record" in paths
    assert {path for path in paths if SENDS.search(path)} - REASONED == set()
