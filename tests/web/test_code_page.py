"""The code page carries no verdict: no colour of a status, no tick, no badge, in either language."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import pytest
from starlette.requests import Request

import carecode.web
from carecode.identity.person import Person
from carecode.kernel.vocabulary import SELF, Requester, Role
from carecode.web.my.code import PURPOSES
from carecode.web.page import Page

WEB = Path(str(carecode.web.__file__)).parent
CSS = (WEB / "static" / "css" / "carecode.css").read_text()
STATUS_TOKENS = ("--cc-alert", "--cc-caution", "--cc-frame")
STATUS_CLASSES = {"tag", "badge", "status", "alert", "odd", "odd-word", "ok", "green", "red", "amber"}
TICKS = "✓✔☑✅✗✘❌⚠●🟢🔴🟡"
PERSON = Person("林梅", "Lin Mei", date(1985, 3, 14), "female", "")


class Elements(HTMLParser):
    """Collects every element's name and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))


FRAME: dict[str, object] = {"tabs": [], "acts_for": "", "own_page": True}


def rendered(language: str) -> str:
    scope = {"type": "http", "method": "GET", "path": "/my", "query_string": b"", "headers": [], "scheme": "http"}
    page = Page(
        app=cast("Any", None),  # the template asks no door
        request=Request(scope | {"server": ("localhost", 8000)}),
        language=language,
        now=datetime(2026, 11, 18, 10, 42, tzinfo=UTC),
        area="my",
        visitor=Requester("resident", Role.RESIDENT, SELF, "herself"),
    )
    response = page.render("my/code.html", person=PERSON, purposes=PURPOSES, now_ms=0, devices=[7], **FRAME)
    return bytes(response.body).decode()


def elements(html: str) -> list[tuple[str, dict[str, str]]]:
    parser = Elements()
    parser.feed(html)
    return parser.found


def classes(html: str) -> set[str]:
    return {name for _, attributes in elements(html) for name in attributes.get("class", "").split()}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_tick_and_no_element_of_a_status(language: str) -> None:
    html = rendered(language)
    assert [x for x in TICKS if x in html] == []
    assert classes(html) & STATUS_CLASSES == set()


def test_no_rule_that_colours_a_status_can_reach_the_page() -> None:
    shown = classes(rendered("en")) | {"my"}
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", CSS):
        if any(token in body for token in STATUS_TOKENS):
            for selector in selectors.split(","):
                named = set(re.findall(r"\.([\w-]+)", selector))
                assert named, selector  # a bare element or :root would reach every page
                assert not named <= shown, selector


def test_every_colour_of_the_own_style_sheet_is_a_token() -> None:
    body = re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)
    assert re.findall(r":[^;{}]*(#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\()", body) == []


def test_the_code_is_made_on_the_phone_and_is_in_no_answer_of_the_server() -> None:
    html = rendered("en")
    assert "CC1" not in html
    assert [x for _, x in elements(html) if x.get("id") == "plate"] != []


def test_without_scripts_a_sentence_says_what_to_do() -> None:
    assert "<noscript>" in rendered("en")
    assert "码需要 JavaScript" in rendered("zh")


def test_the_purposes_are_a_choice_of_three_with_check_in_chosen() -> None:
    radios = [x for tag, x in elements(rendered("en")) if tag == "input" and x.get("type") == "radio"]
    assert [x["value"] for x in radios] == ["REGISTER", "PAY", "OPEN_RECORD"]
    assert ["checked" in x for x in radios] == [True, False, False]


def test_her_name_is_not_in_the_title_bar() -> None:
    title = re.search(r"<title>(.*?)</title>", rendered("en"), re.DOTALL)
    assert title is not None
    assert "Lin" not in title[1]
