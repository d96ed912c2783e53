"""What forms, links and odd values must not do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import cast
from urllib.parse import urlencode
from uuid import UUID

import pytest
from starlette.requests import Request
from starlette.responses import Response

from carecode.audit.log import Entry
from carecode.crypto.signatures import P256_PUBLIC_BYTES
from carecode.disclosure.people import Organisation
from carecode.disclosure.privacy import Look
from carecode.healthcode.format import ED25519, P256
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import ALL_CATEGORIES, Category, Purpose, RecordKey, Role
from carecode.web.charts import trend_of
from carecode.web.clinic import opened
from carecode.web.desk.enrol import printable, require_birth, sex_of
from carecode.web.doors import App
from carecode.web.my.enrol import require_key
from carecode.web.my.sentences import in_words
from carecode.web.page import Page
from carecode.web.reading import decode, number
from carecode.web.summary import Entry as Written
from carecode.web.summary import summarise

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
HOSPITAL = Organisation("county-2", "County Hospital 2", "县二院", "hospital")
PATIENT = "0123456789abcdef" * 2


def request(path: str = "/", query: str = "", cookie: str = "", **more: object) -> Request:
    headers = [(b"host", b"localhost:8000"), (b"cookie", cookie.encode())]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "scheme": "http"}
    return Request(scope | {"server": ("localhost", 8000), "headers": headers} | more)


def page(asked: Request | None = None, language: str = "en", app: object = None, *, lost: bool = False) -> Page:
    return Page(cast("App", app), asked or request(), language, NOW, None, None, lost)


# Sentences


def look(action: str, basis: str, depositor: str | None, categories: frozenset[Category], role: str) -> Look:
    entry = Entry(
        seq=1,
        at=NOW,
        requester="zhao",
        requester_name="Dr Zhao Wei",
        requester_title="internal medicine",
        role=role,
        organisation="county-2",
        action=action,
        purpose=Purpose.TREAT,
        basis=basis,
        categories=categories,
        depositor=depositor,
        receipt_number="0000-0000",
        keys=(),
        chain=RecordKey(UUID(int=1)),
        receipt=UUID(int=2),
        opens=None,
        until=None,
        prev=b"",
        hash=b"",
        form=2,
    )
    return Look(entry, None if role == Role.RESIDENT else HOSPITAL)


@pytest.mark.parametrize(
    ("depositor", "categories", "language", "end"),
    [
        (None, ALL_CATEGORIES, "en", "opened your whole record."),
        ("county-2", ALL_CATEGORIES, "en", "opened what County Hospital 2 itself wrote."),
        ("county-2", frozenset({Category.LABORATORY}), "en", "opened results that County Hospital 2 itself wrote."),
        ("county-2", ALL_CATEGORIES, "zh", "县二院自己写的内容。"),
    ],
)
def test_a_look_at_own_deposits_is_not_called_the_whole_record(
    depositor: str | None, categories: frozenset[Category], language: str, end: str
) -> None:
    told = in_words(page(language=language), look("disclose", "visit", depositor, categories, Role.CLINICIAN))
    assert told.title.striptags().endswith(end)


@pytest.mark.parametrize(
    ("basis", "language", "words"),
    [
        ("refuse county-2", "en", "You shut County Hospital 2 out of what others wrote."),
        ("allow county-2", "en", "You let County Hospital 2 see this record again."),
        ("refuse county-2", "zh", "您本人不让县二院看别处写的内容。"),
        ("refuse gone-1", "en", "You shut gone-1 out of what others wrote."),
        ("undo refuse county-2", "en", "You took a decision about this record back."),
        ("hide entry but emergencies", "en", "You changed who may see an entry."),
        ("days all", "en", "You changed how long a hospital may look after a code."),
    ],
)
def test_a_decision_names_the_institution(basis: str, language: str, words: str) -> None:
    decided = look("decide", basis, None, frozenset(), Role.RESIDENT)
    assert in_words(page(language=language), decided, {"county-2": HOSPITAL}).title.striptags() == words


@pytest.mark.parametrize(
    ("action", "basis", "language", "words"),
    [
        ("disclose", "delegate", "en", "<b>Wang Jing, who acts for you</b>, opened your record."),
        (
            "refuse",
            "scope",
            "en",
            "<b>Wang Jing, who acts for you</b>, wanted to open this record. Nothing was opened.",
        ),
        (
            "decide",
            "refuse county-2",
            "en",
            "<b>Wang Jing, who acts for you</b>, shut County Hospital 2 out of what others wrote.",
        ),
    ],
)
@pytest.mark.parametrize("title", ["who acts for you", "acts for you"])
def test_who_acts_for_her_is_named_in_the_pages_language(
    action: str, basis: str, language: str, words: str, title: str
) -> None:
    done = look(action, basis, None, frozenset(), Role.RESIDENT)
    entry = replace(done.entry, requester="delegate:ab", requester_name="王静 / Wang Jing", requester_title=title)
    told = in_words(page(language=language), replace(done, entry=entry), {"county-2": HOSPITAL})
    assert str(told.title) == words
    chinese = in_words(page(language="zh"), replace(done, entry=entry), {"county-2": HOSPITAL}).title
    assert "王静，代您办理" in chinese
    assert "Wang" not in chinese


# Forms


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "@doctor\x00", "\x1b[2J", "a\x7fb", "a\x9bb"])
async def test_a_sign_that_no_database_keeps_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        await page(posted({"whom": text, "choice": "refuse"})).fields()
    assert error.value.code == "field-control"
    assert error.value.message == "There is a sign here that cannot be stored. Type it again."


async def test_a_text_keeps_its_lines() -> None:
    assert await page(posted({"words": " one\r\n\ttwo\u200d \U0001f600 "})).fields() == {
        "words": "one\r\n\ttwo\u200d \U0001f600"
    }


def posted(fields: dict[str, str]) -> Request:
    body = urlencode(fields).encode()

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"content-length", str(len(body)).encode())]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}, receive)


# Keys


@pytest.mark.parametrize(
    ("algorithm", "key"), [(ED25519, bytes(32)), (P256, bytes(P256_PUBLIC_BYTES)), (9, bytes(32)), (ED25519, b"")]
)
def test_a_key_that_no_phone_can_use_is_refused(algorithm: int, key: bytes) -> None:
    with pytest.raises(InvalidInputError, match="key that cannot be used"):
        require_key(algorithm, key, "my phone")


# Numbers


@pytest.mark.parametrize("value", ["1e400", "-1e400", "1" + "0" * 400])
def test_a_number_beyond_every_float_is_dropped(value: str) -> None:
    assert number(decode(f'{{"value":{value}}}'.encode()).get("value")) is None


@pytest.mark.parametrize(
    "values", [("1e400", "2"), ("1e308", "-1e308"), ("1e300", "1e300"), ("1e-320", "0"), ("1e17", "1e17"), ("3", "3")]
)
def test_no_value_breaks_the_page_of_a_result(values: tuple[str, str]) -> None:
    written = [
        Written(
            decode(
                (
                    '{"resourceType":"Observation","status":"final","category":[{"coding":[{"code":"laboratory"}]}],'
                    '"code":{"text":"a test"},"effectiveDateTime":"2026-01-01",'
                    f'"valueQuantity":{{"value":{value},"unit":"%"}}}}'
                ).encode()
            ),
            "County Hospital 2",
        )
        for value in values
    ]
    results = summarise(written).results
    drawn = [trend_of(x) for x in results]
    assert [x is not None for x in drawn] == ([True] if values == ("3", "3") else [False])


# Links


@pytest.mark.parametrize("path", ["//evil.example/x", "///evil.example/x", "/evil.example/x"])
def test_the_other_language_stays_on_this_server(path: str) -> None:
    assert page(request(path, "a=1")).switch == "/evil.example/x?a=1&lang=zh"
    assert page(request(path, "a=1"), lost=True).switch == "/?lang=zh"


# The open record of a clinic's browser


def test_the_open_record_is_kept_in_a_cookie_that_scripts_and_other_pages_do_not_see() -> None:
    response = Response()
    until = NOW + timedelta(hours=4)
    opened.keep(response, request(), PATIENT, "a code", until)
    cookie = response.headers["set-cookie"]
    for part in ("HttpOnly", "Path=/clinic", "SameSite=strict", "Max-Age=14400"):
        assert part in cookie
    assert "a code" not in cookie
    read = opened.opened_in(request(cookie=cookie.partition(";")[0]))
    assert read == opened.Opened(PATIENT, opened.hash_of("a code"), until)


@pytest.mark.parametrize("value", ["", "x", PATIENT, f"{PATIENT}.{'0' * 64}.{'9' * 11}", f"{PATIENT.upper()}.0.0"])
def test_anything_else_is_no_open_record(value: str) -> None:
    assert opened.opened_in(request(cookie=f"{opened.COOKIE}={value}")) is None


# Adding someone


def test_a_name_loses_what_cannot_be_seen() -> None:
    assert printable("\u202eLi\u2066 Wei\u200f\x07") == "Li Wei"


@pytest.mark.parametrize("born", [date(1899, 12, 31), date(2026, 3, 3), date(9999, 1, 1)])
def test_nobody_is_born_tomorrow_or_before_1900(born: date) -> None:
    with pytest.raises(InvalidInputError, match="in the future or before 1900"):
        require_birth(born, date(2026, 3, 2))


def test_the_sex_is_one_of_the_list() -> None:
    assert (sex_of({}), sex_of({"sex": "female"})) == ("unknown", "female")
    with pytest.raises(InvalidInputError, match="from the list"):
        sex_of({"sex": "x"})
