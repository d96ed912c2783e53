"""Signing in by a link of the demo town, and signing out of an area."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.kernel.errors import NotFoundError
from carecode.web import sessions
from carecode.web.clinic import opened

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page


async def redeem(page: Page) -> Response:
    """Turn a sign-in link into a session of its area; a resident's phone gets its key next."""
    area, token = await page.app.sessions.redeem(page.request.path_params["token"], page.now)
    if area not in sessions.AREAS:
        raise NotFoundError("no-such-page", "This area has no pages yet.")
    response = page.go("/my/phone" if area == "my" else f"/{area}")
    sessions.remember(response, page.request, area, token)
    return response


async def sign_out(page: Page) -> Response:
    """End the session of this area, on the server too."""
    area = page.area or ""
    token = sessions.token_of(page.request, area)
    if token:
        await page.app.sessions.sign_out(token)
    response = page.go("/")
    sessions.forget(response, area)
    if area == "clinic":
        opened.close(response)
    return response
