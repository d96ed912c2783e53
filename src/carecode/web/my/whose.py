"""As whom a page of hers is shown: herself, herself quietly behind a word, or somebody who acts for another.

Every page about her record is wrapped in :func:`seen` in the site map, so that its handler asks with
the right requester and knows nothing of words and families.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.disclosure.decisions import HERSELF
from carecode.web import sessions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response

    from carecode.disclosure.delegationbook import Acting
    from carecode.web.page import Page

COOKIE: Final = "carecode_acting"
_PATH: Final = "/my"


def seen(handler: Callable[[Page], Awaitable[Response]]) -> Callable[[Page], Awaitable[Response]]:
    """Wrap a handler: ask for her word first where she has one, then ask as whom she is shown."""

    async def shown(page: Page) -> Response:
        asked = await page.app.quiet.seen(page.requester, token(page), page.now)
        if asked is None:
            return await ask(page, _here(page))
        if asked.id == HERSELF:
            acting = await acting_of(page)
            asked = acting.requester if acting else asked
        return await handler(replace(page, visitor=asked))

    return shown


async def ask(page: Page, then: str, *, wrong: bool = False) -> Response:
    """Show the page that asks for her word; nothing of hers is on it."""
    return page.render("my/word.html", 403, wrong=wrong, then=then, may_forget=await came_from_a_desk(page))


async def came_from_a_desk(page: Page) -> bool:
    """Tell whether she signed in with a desk's eight digits within the last minutes."""
    held = await page.app.sessions.held(token(page), page.now)
    return held is not None and held.how == "digits" and await page.app.sessions.stepped_up(token(page), page.now)


async def acting_of(page: Page) -> Acting | None:
    """Return for whom the signed-in person chose to act, while she still may."""
    me = page.requester.resident
    try:
        chosen = UUID(page.request.cookies.get(COOKIE, ""))
    except ValueError:
        return None
    for one in await page.app.delegations.for_whom(me, page.now) if me else ():
        subject = await page.app.index.by_id(one.subject)
        if one.id == chosen and subject is not None and me is not None:
            return await page.app.delegations.acting(me, subject, page.now)
    return None


def choose(response: Response, page: Page, delegation: UUID | None) -> Response:
    """Remember in this browser for whom she acts; None: for herself."""
    if delegation is None:
        response.delete_cookie(COOKIE, path=_PATH, httponly=True, samesite="lax")
    else:
        response.set_cookie(
            COOKIE,
            str(delegation),
            path=_PATH,
            secure=page.request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
    return response


def token(page: Page) -> str:
    """Give the session's token of this browser."""
    return sessions.token_of(page.request, "my") or ""


def _here(page: Page) -> str:
    """Give the address to come back to: a page that was asked for, or her record."""
    return page.request.url.path if page.request.method == "GET" else "/my/record"
