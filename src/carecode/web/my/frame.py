"""What every page of a resident needs: who she is, read from her own card."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import HTMLResponse

    from carecode.web.page import Page


async def show(page: Page, template: str, **values: object) -> HTMLResponse:
    """Show one of her pages, with her name on top."""
    person = await page.app.index.card(await page.resident())
    return page.render(template, person=person, **values)
