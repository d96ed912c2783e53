"""Turns a template and values into a page: one Jinja environment per language, dates, static addresses.

Templates stand beside their handlers (``my/code.html`` beside ``my/code.py``); govuk-frontend's macros are
reached as ``govuk_frontend_jinja/components/...``.
"""

from __future__ import annotations

import hashlib
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from babel.dates import format_date, format_datetime, format_time
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader
from starlette.staticfiles import StaticFiles

from carecode.kernel.errors import UnavailableError
from carecode.web.language import DEFAULT, locale, translate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date, datetime

    from starlette.responses import Response
    from starlette.types import Scope

WEB: Final = Path(__file__).parent
STATIC: Final = WEB / "static"
NO_BREAK: Final = "\N{NO-BREAK SPACE}"
HASH_LENGTH: Final = 12
_FOREVER: Final = "public, max-age=31536000, immutable"
# (English, Chinese) patterns of Babel; a date never breaks across lines
_PATTERNS: Final[Mapping[str, Mapping[str, str]]] = {
    "full": {"en": "d MMMM y", "zh": "y年M月d日"},
    "short": {"en": "d MMM y", "zh": "y年M月d日"},
    "day": {"en": "d MMM", "zh": "M月d日"},
    "weekday": {"en": "EEEE d MMMM", "zh": "M月d日 EEEE"},
    "month": {"en": "MMM", "zh": "M月"},
    "month_year": {"en": "MMM y", "zh": "y年M月"},
}


class Files(StaticFiles):
    """Static files: kept for ever when asked for by their hash, checked by ETag otherwise."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with the file and how long a browser may keep it."""
        response = await super().get_response(path, scope)
        hashed = b"v=" in scope.get("query_string", b"")
        response.headers["Cache-Control"] = _FOREVER if hashed else "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        return response


class Missing(ChainableUndefined):
    """What a template names and nobody gave: nothing for an absent key of a mapping, else an error.

    The macros of govuk-frontend read keys of their parameters that are mostly absent; a page's own names
    must be there.
    """

    def _given(self) -> None:
        if not isinstance(self._undefined_obj, dict):
            self._fail_with_undefined_error()

    def __str__(self) -> str:
        self._given()
        return ""

    def __bool__(self) -> bool:
        self._given()
        return False

    def __iter__(self) -> Iterator[Any]:
        self._given()
        return iter(())

    def __len__(self) -> int:
        self._given()
        return 0

    def __html__(self) -> str:
        return str(self)


@cache
def static(path: str) -> str:
    """Give the address of a static file, with the hash of its bytes so that a browser may keep it for ever."""
    try:
        content = (STATIC / path).read_bytes()
    except FileNotFoundError as error:
        raise UnavailableError(
            "front-end-not-built",
            "The pages' files are not built. Run ./carecode demo once, or npm ci and npm run build.",
        ) from error
    return f"/static/{path}?v={hashlib.sha256(content).hexdigest()[:HASH_LENGTH]}"


def written_date(value: date, form: str = "full", *, language: str = DEFAULT) -> str:
    """Write a date in a ``form`` of the table above, in the language's order, unbreakable."""
    text = format_date(value, _PATTERNS[form][language], locale=locale(language))
    return text.replace(" ", NO_BREAK)


def written_time(value: datetime, form: str = "HH:mm", *, language: str = DEFAULT) -> str:
    """Write the time of day where this server stands, 24 hours."""
    return format_time(value.astimezone(), form, locale=locale(language), tzinfo=value.astimezone().tzinfo)


def written_moment(value: datetime, *, as_recorded: bool = False, language: str = DEFAULT) -> str:
    """Write a date and a time of day: where this server stands, or as a record has it."""
    pattern = f"{_PATTERNS['short'][language]}, HH:mm" if language == DEFAULT else "y年M月d日 HH:mm"
    local = value if as_recorded else value.astimezone()
    text = format_datetime(local, pattern, locale=locale(language), tzinfo=local.tzinfo)
    return text.replace(" ", NO_BREAK)


@cache
def environment(language: str) -> Environment:
    """Build the environment of one language; undefined names fail instead of showing nothing."""
    made = Environment(
        loader=ChoiceLoader(
            [
                FileSystemLoader(WEB),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=Missing,
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]  # the i18n extension adds it
        partial(translate, language), partial(_translate_plural, language), newstyle=True
    )
    made.filters["date"] = partial(written_date, language=language)
    made.filters["time"] = partial(written_time, language=language)
    made.filters["moment"] = partial(written_moment, language=language)
    made.globals["static"] = static
    made.globals["language"] = language
    return made


def _translate_plural(language: str, one: str, many: str, number: int) -> str:
    """Say a sentence with a number; Chinese has one form, kept under the plural sentence."""
    return translate(language, one if number == 1 and language == DEFAULT else many)
