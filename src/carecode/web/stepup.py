"""A fresh proof before what matters: break-glass, and changes of who may see her record.

A handler begins with::

    asked = await require_fresh(page)
    if asked is not None:
        return asked

Whoever proved it lately goes on; anybody else is sent to the area's page ``confirm`` and comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from carecode.kernel.errors import RefusedError
from carecode.web import sessions

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page


async def require_fresh(page: Page, back: str | None = None) -> Response | None:
    """Return None when the signed-in person proved lately who she is, else the way to the page that asks.

    Residents within five minutes, staff within two.  ``back``: where she goes on afterwards, the page
    itself unless given; a form that was sent is not kept, so ask before its page is shown as well.
    A script is told so with RefusedError ``prove-first``.
    """
    area = page.area or ""
    token = sessions.token_of(page.request, area) or ""
    ask = page.app.sessions.stepped_up if area == "my" else page.app.sessions.reauthenticated
    if await ask(token, page.now):
        return None
    if "application/json" in page.request.headers.get("accept", ""):
        raise RefusedError("prove-first", "Prove first that it is you. Open the page again.")
    url = page.request.url
    here = f"{url.path}?{url.query}" if url.query and page.request.method == "GET" else url.path
    then = sessions.local_path(back or here, area)
    return page.go(f"/{area}/confirm?next={quote(then, safe='/')}")
