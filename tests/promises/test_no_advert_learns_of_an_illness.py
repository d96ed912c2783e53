"""Nobody who sells anything learns of her illness: no page and no process of ours speaks to anybody else.

Every page loads from this house alone, by its content security policy and by what stands in it.  While she looks and
is looked at, the server opens connections to its own database only.  There is no list of people to hand out.

Answers: M8
Proved in detail by: tests/web/test_security.py, tests/day/test_pages.py, tests/promises/test_closed_purposes.py
Not answered: a person who may read and tells.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from carecode.kernel.vocabulary import CodePurpose
from carecode.store.database import Target
from tests.promises.quarter import Quarter, condition

PAGES = ("/my", "/my/record", "/my/who-looked", "/my/privacy", "/my/phone", "/my/enrol", "/", "/developers", "/signin")
ELSEWHERE = re.compile(r"""(?:src|href|action|srcset|poster)\s*=\s*["'](?:https?:)?//([^/"']+)""", re.IGNORECASE)
_connected: list[Any] = []
_listening = False


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _listening and event in {"socket.connect", "socket.sendto", "socket.getaddrinfo"}:
        _connected.append(arguments[1] if event != "socket.getaddrinfo" else arguments[0])


sys.addaudithook(_hear)  # cannot be taken away again: it listens only while a test asks


async def pregnant(quarter: Quarter) -> tuple[Any, str]:
    her = await quarter.resident("XA000001")
    await quarter.deposit("county-2", "XA000001", condition("77386006", "Pregnancy"))
    return her, await quarter.session(resident=her)


async def test_no_page_loads_or_sends_anything_elsewhere(quarter: Quarter) -> None:
    _her, token = await pregnant(quarter)
    seen = 0
    for path in PAGES:
        page = await quarter.http.get(path, headers={"cookie": f"carecode_my={token}"})
        if page.status_code != 200:
            continue
        seen += 1
        policy = page.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "http:" not in policy
        assert "https:" not in policy
        assert page.headers["referrer-policy"] in {"no-referrer", "same-origin"}
        assert [host for host in ELSEWHERE.findall(page.text) if not host.startswith("localhost")] == [], path
    assert seen >= 6


async def test_the_server_speaks_to_its_database_only(quarter: Quarter, target: Target) -> None:
    global _listening  # noqa: PLW0603  # an audit hook is for the whole process
    her, token = await pregnant(quarter)
    phone, clinic = await quarter.phone(her), await quarter.session("county-2/doctor")
    await quarter.house.database.close()  # so that its connections are opened while we listen
    _connected.clear()
    _listening = True
    try:
        code = phone.code(CodePurpose.OPEN_RECORD, quarter.now, await quarter.desk_number(clinic))
        opened = await quarter.form("/clinic/open", clinic, code=code)
        assert "Pregnancy" in opened.text
        await quarter.page("/my/record", token)
        await quarter.http.get("/fhir/metadata")
        await quarter.house.housekeep()
    finally:
        _listening = False
    strangers = [address for address in _connected if not str(address).startswith(str(target.host))]
    assert _connected, "the control: opening the database's connections was heard"
    assert strangers == []
