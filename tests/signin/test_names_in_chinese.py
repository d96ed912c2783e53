"""On a Chinese page people and places are called as in Chinese, as long as the log says what is stored."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

from starlette.requests import Request

from carecode.disclosure.answers import Body
from carecode.disclosure.people import Staff
from carecode.kernel.vocabulary import Category, Purpose, Requester, Resident, Role
from carecode.web.page import Page
from carecode.web.sources import summary_of
from tests.signin.conftest import Town


async def test_the_bar_of_staff_pages_is_in_the_language_of_the_page(town: Town) -> None:
    token = await town.app.sessions.sign_in(town.now, staff="desk")
    english = (await town.get("/desk", "desk", token)).text
    assert "desk 12, county-2 hospital" in english
    assert ">Xu Ning<" in english
    chinese = (await town.get("/desk", "desk", token, "zh")).text
    assert "12号窗口，county-2 医院" in chinese
    assert ">徐宁<" in chinese
    assert "desk 12" not in chinese
    await town.app.people.put_staff(Staff("desk", "county-2", Role.DESK, "Xu Ning", "", "desk 12", ""))
    assert "desk 12，county-2 医院" in (await town.get("/desk", "desk", token, "zh")).text


async def test_who_looked_names_her_doctor_in_chinese_but_never_as_somebody_else(town: Town, her: Resident) -> None:
    for title in ("internal medicine", "emergency"):
        doctor = Requester("doctor", Role.CLINICIAN, "county-2", "Dr Zhao Wei", title)
        await town.app.log.append(her, doctor, "refuse", Purpose.TREAT, "no-code")
    gone = Requester("nobody", Role.CLINICIAN, "county-2", "Sun Li", "ward 3")
    await town.app.log.append(her, gone, "refuse", Purpose.TREAT, "no-code")
    token = await town.app.sessions.sign_in(town.now, resident=her.id)

    async def told(language: str) -> list[str]:
        answer = await town.get("/my/who-looked.csv", "my", token, language)
        return [x[1] for x in csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))][1:]

    unknown, other, same = await told("zh")
    assert "赵伟，内科" in same
    assert "赵伟，emergency" in other
    assert "Sun Li，ward 3" in unknown
    assert "Dr Zhao Wei, internal medicine" in (await told("en"))[2]
    await town.app.sign_in.staffing.remove("doctor")
    assert "赵伟，内科" in (await told("zh"))[2]


async def test_a_visit_says_in_the_language_of_the_page_where_it_was(town: Town) -> None:
    page = Page(town.app, Request({"type": "http"}), "zh", town.now, None, None)
    bodies = []
    for number, place in enumerate(("county-2 hospital", "Ward 3, county-2 hospital", "")):
        visit = {"resourceType": "Encounter", "id": str(number), "status": "finished",
                 "period": {"start": f"2026-01-0{number + 1}T08:00:00Z"},
                 "serviceProvider": {"display": place}}  # fmt: skip
        content = json.dumps(visit).encode()
        bodies.append(Body("Encounter", str(number), 1, town.now, "county-2", Category.ENCOUNTERS, content))
    summary = await summary_of(page, bodies)
    assert [x.source for x in reversed(summary.visits)] == [
        "county-2 医院", "Ward 3, county-2 hospital", "county-2 医院",
    ]  # fmt: skip
    english = await summary_of(replace(page, language="en"), bodies)
    assert [x.source for x in reversed(english.visits)][0::2] == ["county-2 hospital", "county-2 hospital"]
