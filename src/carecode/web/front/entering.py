"""The session of somebody who just came in: its cookie, where she goes on, and what the last person left open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.web import sessions
from carecode.web.clinic import opened

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.disclosure.entrance import Entered
    from carecode.web.page import Page


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
