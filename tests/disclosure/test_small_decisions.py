"""Small things of her decisions: one way to write days, every institution she decided about, nothing said twice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import urlencode

import httpx
import pytest

from carecode.app import App
from carecode.disclosure.choices import Kind, Wish, checked
from carecode.disclosure.people import Organisation
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.errors import InvalidInputError
from tests.disclosure.test_odd_decisions import Scene

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TWICE = "Something was sent twice. Go back and choose once."


@pytest.fixture
async def scene(house: App, http: httpx.AsyncClient) -> Scene:
    await house.people.mark_demo()  # a link of demo data counts as a fresh proof
    await house.people.put_organisation(Organisation("county-2", "County Hospital 2", "县二院", "hospital"))
    await house.people.put_organisation(Organisation("insurer", "Insurance Office", "医保局", "insurer"))
    person = Person("李明", "Li Ming", date(1970, 1, 1), "female", "")
    done = await house.index.enrol([parse("passport", "E12345678")], person, source="x", now=house.clock())
    token = await house.sessions.sign_in(house.clock(), resident=done.resident.id)
    return Scene(house, http, done.resident, f"carecode_my={token}; lang=en")


async def sent(scene: Scene, path: str, *pairs: tuple[str, str]) -> httpx.Response:
    headers = {
        "cookie": scene.cookie, "sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    return await scene.http.post(path, headers=headers, content=urlencode(pairs))


@pytest.mark.parametrize("days", ["007", "00", "030", "0365", "", "-7", "+7", "7 ", "٧", "7.0", "366"])
def test_days_are_written_in_one_way(days: str) -> None:
    with pytest.raises(InvalidInputError):
        checked(Wish(Kind.WINDOW, days), NOW)


@pytest.mark.parametrize("days", ["0", "7", "30", "365"])
def test_days_are_taken(days: str) -> None:
    assert checked(Wish(Kind.WINDOW, days), NOW).choice == days


async def test_every_institution_about_which_a_decision_stands_is_shown(scene: Scene) -> None:
    assert "Insurance Office" not in (await scene.get("/my/privacy")).text
    assert (await scene.post("/my/privacy/insurer", choice="refuse")).status_code == 303
    shown = (await scene.get("/my/privacy")).text
    row = shown.partition('href="/my/privacy/insurer"')[2].partition("</li>")[0]
    assert "Insurance Office" in row
    assert "Only what it wrote itself, since" in row
    assert shown.count('href="/my/privacy/county-2"') == 1
    for kind, choice, about, section in (
        (Kind.WINDOW, "30", "", "hospitals"),
        (Kind.KEEP, "keep", "", "hospitals"),
        (Kind.CATEGORY, "close", "8", "kinds"),
        (Kind.LABEL, "open", "1", "sensitive"),
    ):
        answer = await scene.post(f"/my/privacy/change/{kind}", whom="insurer", about=about, choice=choice)
        assert answer.status_code == 303, kind
        assert "Insurance Office" in (await scene.get(f"/my/privacy/list/{section}")).text, kind
    standing = await scene.house.decisions.standing(scene.her, scene.house.clock())
    [first] = [x for x in standing if x.kind is Kind.INSTITUTION]
    await scene.post("/my/privacy/changes/undo", decision=str(first.id))
    assert "Insurance Office" not in (await scene.get("/my/privacy")).text


@pytest.mark.parametrize(
    ("path", "pairs"),
    [
        ("/my/privacy/county-2", [("choice", "refuse"), ("choice", "allow")]),
        ("/my/privacy/change/window", [("whom", ""), ("about", ""), ("choice", "7"), ("choice", "7")]),
        ("/my/privacy/change/window", [("whom", "county-2"), ("whom", ""), ("choice", "7")]),
    ],
)
async def test_what_is_said_twice_is_refused_in_words(scene: Scene, path: str, pairs: list[tuple[str, str]]) -> None:
    answer = await sent(scene, path, *pairs)
    assert answer.status_code == 400
    assert TWICE in answer.text
    assert await scene.house.decisions.history(scene.her, None) == []


@pytest.mark.parametrize(
    "path",
    [
        "/my/privacy/change/window?whom=county-2&whom=insurer",
        "/my/privacy/change/category?about=8&about=2",
        "/my/privacy/list/kinds?whom=county-2&whom=insurer",
        "/my/privacy/list/sensitive?whom=county-2&whom=insurer",
    ],
)
async def test_an_address_that_asks_twice_is_refused_in_words(scene: Scene, path: str) -> None:
    answer = await scene.get(path)
    assert answer.status_code == 400
    assert TWICE in answer.text
    chinese = await scene.http.get(path, headers={"cookie": scene.cookie.replace("lang=en", "lang=zh")})
    assert chinese.status_code == 400
    assert TWICE not in chinese.text
