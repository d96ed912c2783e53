"""The places where a signed-in person works, and her passkeys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.disclosure.stepup import owner_of
from carecode.web.arriving import area_of, doors, require_held
from carecode.web.front.entering import first_page, remember
from carecode.web.page import field
from carecode.web.sessions import forget, token_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page


async def show(page: Page) -> Response:
    """List where she may go on; the present one is marked."""
    held = await require_held(page)
    owner = owner_of(held)
    return page.render(
        "front/places.html",
        place=await page.place(),
        places=[(one, await page.place(one.organisation)) for one in await doors(page).entrance.places(held)],
        passkeys=await doors(page).passkeys.of(owner) if owner.account else [],
    )


async def switch(page: Page) -> Response:
    """Go on at another place: a new session there, this one ends."""
    held = await require_held(page)
    token = token_of(page.request, area_of(page)) or ""
    staff = field(await page.fields(), "staff")
    entered = await doors(page).entrance.switch(held, token, staff, page.now)
    response = page.go(first_page(entered))
    forget(response, area_of(page))
    return remember(page, response, entered)
