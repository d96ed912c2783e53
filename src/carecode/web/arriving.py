"""What signing in, unlocking, switching and proving anew have in common: the doors, the site, the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.disclosure.passkeys import Site
from carecode.kernel.errors import RefusedError
from carecode.web import sessions

if TYPE_CHECKING:
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
