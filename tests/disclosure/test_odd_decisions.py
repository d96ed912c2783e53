"""Odd decisions on her real pages and at the command line: refused in words, and no list goes down with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from carecode.app import App
from carecode.cli import enrolling, privacy
from carecode.cli.main import app as commands
from carecode.disclosure.choices import KINDS, Kind, Wish
from carecode.disclosure.consequences import KEYS
from carecode.disclosure.people import Organisation, Staff, herself
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import Resident, Role
from carecode.web.my.deciding import LABELS, in_plain_words
from carecode.web.said import KINDS_OF_ENTRIES


@dataclass
class Scene:
    house: App
    http: httpx.AsyncClient
    her: Resident
    cookie: str

    async def get(self, path: str) -> httpx.Response:
        return await self.http.get(path, headers={"cookie": self.cookie})

    async def post(self, path: str, **fields: str) -> httpx.Response:
        headers = {"cookie": self.cookie, "sec-fetch-site": "same-origin"}
        return await self.http.post(path, headers=headers, data=fields)


@pytest.fixture
async def scene(house: App, http: httpx.AsyncClient) -> Scene:
    await house.people.mark_demo()  # a link of demo data counts as a fresh proof
    await house.people.put_organisation(Organisation("county-2", "County Hospital 2", "县二院", "hospital"))
    await house.people.put_staff(Staff("doctor", "county-2", Role.CLINICIAN, "Dr Zhao", "赵", "", ""))
    person = Person("李明", "Li Ming", date(1970, 1, 1), "female", "")
    done = await house.index.enrol([parse("passport", "E12345678")], person, source="x", now=house.clock())
    token = await house.sessions.sign_in(house.clock(), resident=done.resident.id)
    return Scene(house, http, done.resident, f"carecode_my={token}; lang=en")


async def test_a_decision_that_no_page_names_takes_no_list_down(scene: Scene) -> None:
    """Such as one of an older release, which let her close who she is."""
    now = scene.house.clock()
    made = await scene.house.decisions.decide(scene.her, Wish(Kind.CATEGORY, "close", about="1"), "self", now)
    shown = await scene.get("/my/privacy/changes")
    assert shown.status_code == 200
    assert "May every hospital see your other information?" in shown.text
    await scene.house.privacy.undo(herself(scene.her.id), made)
    assert (await scene.get("/my/privacy/changes")).status_code == 200


@pytest.mark.parametrize(
    ("path", "fields", "words"),
    [
        ("change/category", {"choice": "close", "about": "1"}, "Say what this is about"),
        ("change/emergency", {"choice": "no", "until": "9999-12-31"}, "too far away"),
        ("change/emergency", {"choice": "no", "from": "9999-12-31"}, "too far away"),
        ("change/emergency", {"choice": "no", "from": "0001-01-01"}, "over already"),
        ("change/person", {"choice": "refuse", "whom": "\0"}, "cannot be stored"),
        ("change/person", {"choice": "refuse", "whom": "@doctor\0"}, "cannot be stored"),
        ("change/person", {"choice": "refuse", "whom": "somebody"}, "Choose from the list"),
    ],
)
async def test_an_odd_choice_is_refused_in_words(scene: Scene, path: str, fields: dict[str, str], words: str) -> None:
    answer = await scene.post(f"/my/privacy/{path}", **fields)
    assert 400 <= answer.status_code < 500
    assert words in answer.text
    assert await scene.house.privacy.history(herself(scene.her.id)) == []


async def test_a_helper_is_not_named_for_ever(scene: Scene) -> None:
    answer = await scene.post("/my/family/grant", code="12345678", until="9999-12-31")
    assert answer.status_code == 400
    assert "too far away" in answer.text


# The command line


def inside(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Let commands work in the test's own house."""
    found: list[Any] = []

    def run(_data: Path | None, work: Callable[[App], Any], *, as_json: bool, **_more: bool) -> object:
        del as_json
        found.append(work)
        return None

    for module in (privacy, enrolling):
        monkeypatch.setattr(module, "run", run)
    return lambda: found[-1](scene.house)


def test_the_choices_are_listed_with_their_words() -> None:
    said = CliRunner().invoke(commands, ["privacy", "choices"])
    assert said.exit_code == 0
    for words in (*KINDS_OF_ENTRIES.values(), *LABELS.values()):
        assert f"  {words}" in said.output
    assert all(kind in said.output for kind in KINDS)


def test_every_consequence_is_said_in_plain_words() -> None:
    for key in KEYS:
        said = in_plain_words(key, {"name": "County Hospital 2", "what": "HIV", "days": "7"})
        assert said.endswith(".")
        assert "<" not in said
        assert "%" not in said


def test_no_sign_works_on_the_terminal() -> None:
    assert privacy.visible("Dr \x1b[2JZhao\x9b\u202e 赵\n") == "Dr \\x1b[2JZhao\\x9b\\u202e 赵\\n"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--name", "Li\x1b[2J"], "name-control"),
        (["--name", "Li", "--name-latin", "Li\u202e"], "name-control"),
        (["--name", "Li", "--birth-date", "2999-01-01"], "birth-date"),
    ],
)
async def test_nobody_is_registered_with_a_hidden_sign_or_born_tomorrow(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, more: list[str], code: str
) -> None:
    work = inside(scene, monkeypatch)
    CliRunner().invoke(commands, ["enrol", "--number", "passport|E99999999", *more])
    with pytest.raises(InvalidInputError) as error:
        await work()
    assert error.value.code == code
    assert await scene.house.index.resolve("passport", "E99999999") is None


async def test_a_decision_at_the_command_line_says_what_follows(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await scene.house.people.put_cast_member("@her", scene.her.id)
    work = inside(scene, monkeypatch)
    CliRunner().invoke(commands, ["privacy", "set", "@her", "category", "close", "--about", "6"])
    made, follows = await work()
    assert made is not None
    assert follows["category-not-seen"].startswith("Every hospital sees none of your results.")
