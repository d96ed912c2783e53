"""Which language a page speaks, and its sentences.

Two languages: English, whose sentences are the keys, and simplified Chinese, from one catalogue in gettext's
format, read once at the start.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from babel import Locale
from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES: Final = ("en", "zh")
DEFAULT: Final = "en"
ACCEPT_LENGTH_MAX: Final = 200  # characters of Accept-Language that are read
_CATALOGUES: Final = Path(__file__).parent / "i18n"
_LOCALES: Final = {"en": Locale("en"), "zh": Locale("zh", script="Hans")}


def locale(language: str) -> Locale:
    """Give the Babel locale by which dates and numbers of ``language`` are written."""
    return _LOCALES[language]


def choose(asked: str | None, remembered: str | None, accept: str) -> str:
    """Choose the language of a page: what was just asked for, then the cookie, then the browser.

    ``accept`` is an Accept-Language header (RFC 9110, 12.5.4); its quality values are honoured.

    >>> choose(None, None, "fr, zh-CN;q=0.8, en;q=0.5")
    'zh'
    >>> choose("en", "zh", "zh")
    'en'
    """
    for wish in (asked, remembered):
        if wish in LANGUAGES:
            return wish
    best, best_weight = DEFAULT, 0.0
    for part in accept[:ACCEPT_LENGTH_MAX].split(","):
        tag, _, quality = part.strip().partition(";q=")
        language = tag.strip().lower().partition("-")[0]
        weight = float(quality) if quality.replace(".", "", 1).isdecimal() else 1.0
        if language in LANGUAGES and weight > best_weight:
            best, best_weight = language, weight
    return best


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Read the sentences of ``language``: English sentence -> its translation; empty for English."""
    if language == DEFAULT:
        return {}
    path = _CATALOGUES / f"{locale(language)}" / "messages.po"
    with path.open("rb") as lines:
        read = read_po(lines, locale=locale(language))
    return {str(message.id): str(message.string) for message in read if message.id and message.string}


def translate(language: str, sentence: str) -> str:
    """Say ``sentence`` in ``language``; English where the catalogue lacks it (a test allows no such gap)."""
    return catalogue(language).get(sentence, sentence)


def mark(sentence: str) -> str:
    """Mark a sentence of a table for translation; it is translated where it is shown."""
    return sentence
