"""One page: who asks, in which language, what is shown, and what happens when it cannot be.

A handler is an async function from :class:`Page` to a response; :func:`route` wraps it with everything that
holds for all pages, so that a handler only parses, calls a door and renders.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from carecode.disclosure.sessions import AREAS
from carecode.kernel.errors import CareCodeError, InvalidInputError, RefusedError
from carecode.kernel.vocabulary import Role
from carecode.web import rendering, sessions
from carecode.web.language import DEFAULT, LANGUAGES, choose, mark, translate
from carecode.web.security import protect, require_same_origin
from carecode.web.sentences import sentence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import date, datetime

    from starlette.requests import Request

    from carecode.disclosure.people import Names
    from carecode.kernel.vocabulary import Requester, Resident
    from carecode.web.doors import App

LANGUAGE_COOKIE: Final = "lang"
LANGUAGE_SECONDS: Final = 365 * 24 * 3600
FIELD_LENGTH_MAX: Final = 2_000  # characters of one form field
FIELDS_MAX: Final = 40
TEXT_CONTROLS: Final = "\t\n\r"  # the control characters of a text; others cannot be stored or shown
UNWRITABLE: Final = mark("There is a sign here that cannot be stored. Type it again.")
TWICE: Final = mark("Something was sent twice. Go back and choose once.")


@dataclass(frozen=True, slots=True)
class Page:
    """What a handler knows about the request in front of it."""

    app: App
    request: Request
    language: str
    now: datetime
    area: str | None
    visitor: Requester | None
    lost: bool = False  # an error stands where the page was asked for
    names: Names | None = None  # of signed-in staff, on a Chinese page

    @property
    def requester(self) -> Requester:
        """Give who is signed in here; only pages of an area have one."""
        if self.visitor is None:
            raise RefusedError("not-signed-in", "Sign in first.")
        return self.visitor

    @property
    def called(self) -> tuple[str, str]:
        """Give the name and the title of the signed-in person, in this page's language where it is known."""
        name, title = self.requester.name, self.requester.title
        return (name, title) if self.names is None else self.names.chinese(name, title)

    @property
    def peer(self) -> str:
        """Give the address that asks, to slow down guesses; it is kept for a minute in memory only."""
        return self.request.client.host if self.request.client else ""

    @property
    def switch(self) -> str:
        """Give this page's own address in the other language, on this server whatever was asked for.

        A page that came of a form gives its area's, an error the first page's.
        """
        if self.lost:
            return f"/?lang={self.other_language}"
        if self.request.method != "GET":
            return f"/{self.area or ''}?lang={self.other_language}"
        path = "/" + self.request.url.path.lstrip("/")  # two slashes would name another server
        return f"{path}?{self.request.url.include_query_params(lang=self.other_language).query}"

    @property
    def other_language(self) -> str:
        """Name the language that the switch offers."""
        return next(x for x in LANGUAGES if x != self.language)

    @property
    def today(self) -> date:
        """Give the calendar day where this server stands."""
        return self.now.astimezone().date()

    def age(self, born: date) -> int:
        """Count whole years since a birth."""
        today = self.today
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))

    async def place(self, handle: str | None = None) -> str:
        """Name an institution, the signed-in person's own unless another is asked for."""
        organisation = await self.app.people.organisation(handle or self.requester.organisation)
        return organisation.name_zh if self.language != DEFAULT and organisation.name_zh else organisation.name

    async def resident(self) -> Resident:
        """Give the signed-in resident's own keys."""
        number = self.requester.resident
        resident = None if number is None else await self.app.index.by_id(number)
        if resident is None:
            raise RefusedError("not-a-resident", "This page is for residents.")
        return resident

    def say(self, words: str, **values: object) -> str:
        """Say a sentence in this page's language; ``%(name)s`` stands for a value."""
        translated = translate(self.language, words)
        return translated % values if values else translated

    def render(self, template: str, status: int = 200, /, **values: object) -> HTMLResponse:
        """Show a template."""
        path = self.request.url.path if self.request.method == "GET" else f"/{self.area or ''}"
        html = (
            rendering.environment(self.language)
            .get_template(template)
            .render(page=self, here=path, other_language=next(x for x in LANGUAGES if x != self.language), **values)
        )
        return HTMLResponse(html, status_code=status)

    def answer(self, values: Mapping[str, Any]) -> JSONResponse:
        """Answer a script of this page."""
        return JSONResponse(dict(values))

    def go(self, address: str) -> RedirectResponse:
        """Send the browser on, after a change."""
        return RedirectResponse(address, status_code=303)

    async def fields(self) -> Mapping[str, str]:
        """Read the posted form: trimmed texts by name, files refused.

        Raises InvalidInputError ``field-control`` for a control character other than those of a text, and
        ``field-twice`` for a field that comes twice: nobody could say which one she meant.
        """
        async with self.request.form(max_files=0, max_fields=FIELDS_MAX) as form:
            if len(form.multi_items()) != len(form):
                raise InvalidInputError("field-twice", TWICE)
            fields = {name: str(value).strip()[:FIELD_LENGTH_MAX] for name, value in form.items()}
        if any(unicodedata.category(x) in {"Cc", "Cs"} and x not in TEXT_CONTROLS for x in "".join(fields.values())):
            raise InvalidInputError("field-control", UNWRITABLE)
        return fields


def field(fields: Mapping[str, str], name: str) -> str:
    """Give a field that must be there; raises InvalidInputError ``field-missing``."""
    value = fields.get(name, "")
    if not value:
        raise InvalidInputError("field-missing", "Something is missing. Fill in every field that is asked for.")
    return value


def route(
    app: App,
    path: str,
    handler: Callable[[Page], Awaitable[Response]],
    *,
    area: str | None = None,
    method: str = "GET",
) -> Route:
    """Make one line of the site map; pages of an ``area`` are shown to those signed in there."""

    async def endpoint(request: Request) -> Response:
        page = _page(app, request, area)
        response = await _answer(page, handler)
        asked = request.query_params.get("lang")
        if asked in LANGUAGES:
            response.set_cookie(
                LANGUAGE_COOKIE, str(asked), max_age=LANGUAGE_SECONDS, path="/", httponly=True, samesite="lax"
            )
        protect(response)
        return response

    return Route(path, endpoint, methods=[method], name=f"{method} {path}")


def _page(app: App, request: Request, area: str | None) -> Page:
    return Page(
        app=app,
        request=request,
        language=choose(
            request.query_params.get("lang"),
            request.cookies.get(LANGUAGE_COOKIE),
            request.headers.get("accept-language", ""),
        ),
        now=app.clock(),
        area=area,
        visitor=None,
    )


async def _visitor(page: Page) -> Requester | None:
    """Find who is signed in; a session is good in its own area only, whatever cookie carries it."""
    token = sessions.token_of(page.request, page.area) if page.area else None
    visitor = None if token is None else await page.app.sessions.session(token, page.now)
    return visitor if visitor is not None and AREAS.get(visitor.role) == page.area else None


async def _names(page: Page, visitor: Requester | None) -> Names | None:
    """Find what staff are called in Chinese, where it is wanted."""
    if visitor is None or visitor.role is Role.RESIDENT or page.language == DEFAULT:
        return None
    return (await page.app.people.names([visitor.id])).get(visitor.id)


async def _signed_out(page: Page) -> Response:
    """Ask for signing in; who locked a screen, or left it idle, is asked to unlock it."""
    token = sessions.token_of(page.request, page.area) if page.area else None
    held = await page.app.sessions.held(token, page.now) if token else None
    if held is not None and page.request.method == "GET" and AREAS.get(held.requester.role) == page.area:
        return page.go(f"/{page.area}/lock")
    return page.render("front/signed_out.html", 403)


async def _answer(page: Page, handler: Callable[[Page], Awaitable[Response]]) -> Response:
    """Run a handler, and say in words what stood in its way."""
    try:
        require_same_origin(page.request)
        visitor = await _visitor(page)
        page = replace(page, visitor=visitor, names=await _names(page, visitor))
        if page.area and page.visitor is None:
            return await _signed_out(page)
        return await handler(page)
    except CareCodeError as error:
        return failure(page, error)


def failure(page: Page, error: CareCodeError) -> Response:
    """Show what went wrong: as JSON to a script, as a page to a person."""
    words = sentence(error, page.language)
    if "application/json" in page.request.headers.get("accept", ""):
        return JSONResponse({"code": error.code, "message": words}, status_code=error.http_status)
    return replace(page, lost=True).render("front/error.html", error.http_status, words=words, code=error.code)
