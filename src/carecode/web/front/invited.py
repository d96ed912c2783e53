"""Somebody who was invited: she makes a passkey, or adds the place to the passkey she has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.web.arriving import doors, site_of
from carecode.web.bodies import json_object, object_of, text_of
from carecode.web.front.entering import first_page, remember

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page


async def show(page: Page) -> Response:
    """Show the ways to take an invitation; it stands behind # of the link, which no server's log sees."""
    return page.render("front/invited.html")


async def look(page: Page) -> Response:
    """Say for whom an invitation is, and whether her institution has a sign-in of its own."""
    sent = await json_object(page)
    invited = await doors(page).staffing.invited(text_of(sent, "invitation"), page.now)
    with_provider = {provider.organisation for provider in await doors(page).providers.listed()}
    return page.answer(
        {
            "name": invited.name,
            "place": await page.place(invited.organisation),
            "organisation": invited.organisation if invited.organisation in with_provider else "",
        }
    )


async def ask(page: Page) -> Response:
    """Give what her browser needs to make a passkey."""
    sent = await json_object(page)
    invitation = text_of(sent, "invitation")
    return page.answer(await doors(page).entrance.ask_invited(site_of(page), invitation, page.now))


async def take(page: Page) -> Response:
    """Keep the passkey she made, and sign her in."""
    credential = object_of(await json_object(page), "credential")
    entered = await doors(page).entrance.take(site_of(page), credential, page.now)
    return remember(page, page.answer({"go": first_page(entered)}), entered)


async def ask_join(page: Page) -> Response:
    """Give a challenge for the passkey she has already."""
    sent = await json_object(page)
    invitation = text_of(sent, "invitation")
    return page.answer(await doors(page).entrance.ask_join(site_of(page), invitation, page.now))


async def join(page: Page) -> Response:
    """Add the place to what her passkey opens, and sign her in there."""
    credential = object_of(await json_object(page), "credential")
    entered = await doors(page).entrance.join(site_of(page), credential, page.now)
    return remember(page, page.answer({"go": first_page(entered)}), entered)
