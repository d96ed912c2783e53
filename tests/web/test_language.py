"""Every sentence of the pages exists in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

import carecode.web
from carecode.identity import identifiers, person, registering
from carecode.web.language import catalogue, choose, translate

WEB = Path(str(carecode.web.__file__)).parent
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None, "say": None}


def sentences_of_the_pages() -> Iterator[str]:
    found = extract_from_dir(
        WEB,
        method_map=[("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")],
        options_map={"**.html": {"extensions": "jinja2.ext.i18n", "trim_blocks": "true", "lstrip_blocks": "true"}},
        keywords=KEYWORDS,
    )
    for _, _, words, _, _ in found:
        yield words[-1] if isinstance(words, tuple) else words


def sentences_of_the_index() -> Iterator[str]:
    for kind in identifiers.KINDS.values():
        yield kind.label
        yield kind.shape
    for module in (identifiers, person, registering):
        for name, value in vars(module).items():
            if name.isupper() and isinstance(value, str) and value.endswith("."):
                yield value


def test_the_extraction_finds_the_pages() -> None:
    assert len(set(sentences_of_the_pages())) > 200


def test_every_sentence_is_said_in_chinese() -> None:
    known = catalogue("zh")
    wanted = {*sentences_of_the_pages(), *sentences_of_the_index()}
    assert sorted(wanted - known.keys()) == []


def test_no_translation_stands_for_a_sentence_that_is_gone() -> None:
    wanted = {*sentences_of_the_pages(), *sentences_of_the_index()}
    assert sorted(catalogue("zh").keys() - wanted) == []


@pytest.mark.parametrize("sentence", sorted(catalogue("zh")))
def test_a_translation_keeps_the_places_for_values_and_the_marks(sentence: str) -> None:
    def places(text: str) -> list[str]:
        return sorted(set(re.findall(r"%\(\w+\)s", text))) + sorted(re.findall(r"</?\w+[^>]*>", text))

    assert places(translate("zh", sentence)) == places(sentence)


def test_no_chinese_sentence_speaks_of_the_coloured_code() -> None:
    assert [x for x in catalogue("zh").values() if "健康码" in x or re.search("你(?!们)", x)] == []


@pytest.mark.parametrize(
    ("asked", "remembered", "accept", "expected"),
    [
        (None, None, "", "en"),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, None, "de, en;q=0.7, zh;q=0.3", "en"),
        (None, "zh", "en", "zh"),
        ("en", "zh", "zh", "en"),
        ("xx", None, "zh;q=x", "zh"),
    ],
)
def test_the_language_is_what_was_asked_then_remembered_then_the_browsers(
    asked: str | None, remembered: str | None, accept: str, expected: str
) -> None:
    assert choose(asked, remembered, accept) == expected
