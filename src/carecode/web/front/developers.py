"""A short page for those who connect a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page


async def show(page: Page) -> Response:
    """Show where the FHIR interface is and how to ask it."""
    url = page.request.url
    return page.render("front/developers.html", base=f"{url.scheme}://{url.netloc}/fhir")
