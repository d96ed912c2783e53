"""What signing in, unlocking and switching have in common: the session's cookie, and what the last person left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.disclosure.passkeys import Site
from carecode.kernel.errors import RefusedError
from carecode.web import sessions
from carecode.web.clinic import opened

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.disclosure.entrance import Entered
    from carecode.disclosure.signin import SignIn
    from carecode.disclosure.tokens import Held
    from carecode.web.page import Page


def doors(page: Page) -> SignIn:
    """Give the doors of signing in."""
    return page.app.sign_in


def site_of(page: Page) -> Site:
    """Say under which name this server was asked; asgi lets only names of its own through."""
    url = page.request.url
    return Site(url.hostname or "", f"{url.scheme}://{url.netloc}")


def area_of(page: Page) -> str:
    """Name the area of an address: its first part."""
    return page.request.url.path.split("/")[1]


async def held_at(page: Page, area: str) -> Held | None:
    """Give the session that this browser holds for an area, locked or not; None when there is none of that area."""
    token = sessions.token_of(page.request, area)
    held = await page.app.sessions.held(token, page.now) if token else None
    return held if held is not None and sessions.area_is(held.requester.role, area) else None


async def require_held(page: Page) -> Held:
    """Give the session behind this page; RefusedError when it has ended."""
    held = await held_at(page, area_of(page))
    if held is None:
        raise RefusedError("not-signed-in", "Sign in first.")
    return held


def remember(page: Page, response: Response, entered: Entered) -> Response:
    """Give the browser its new session; what the last person had open is closed."""
    sessions.remember(response, page.request, entered.area, entered.token)
    if entered.area == "clinic":
        opened.close(response)
    return response


def first_page(entered: Entered, wanted: str = "") -> str:
    """Say where somebody goes who just came in: to choose her place when she has several."""
    if entered.area not in sessions.AREAS:
        return "/"
    return f"/{entered.area}/switch" if entered.choose else sessions.local_path(wanted, entered.area)
