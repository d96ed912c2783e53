"""Signing in: with a passkey, by a link of the demo town; and signing out of an area."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.web import sessions
from carecode.web.arriving import doors, site_of
from carecode.web.bodies import json_object, object_of, text_of
from carecode.web.clinic import opened
from carecode.web.front.entering import first_page, remember
from carecode.web.language import mark

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page


async def show(page: Page) -> Response:
    """Show the ways in; the same for everybody."""
    wanted = page.request.query_params.get("area", "")
    return page.render(
        "front/signin.html",
        wanted=wanted if wanted in sessions.AREAS else "",
        providers=[
            (provider.organisation, await page.place(provider.organisation))
            for provider in await doors(page).providers.listed()
        ],
        demo=await page.app.people.is_demo(),
    )


async def ask(page: Page) -> Response:
    """Give a challenge to whoever asks."""
    return page.answer(await doors(page).entrance.ask(site_of(page), page.now))


async def enter(page: Page) -> Response:
    """Take a passkey's answer and begin a session."""
    sent = await json_object(page)
    entered = await doors(page).entrance.enter(
        site_of(page), object_of(sent, "credential"), page.now, wanted=text_of(sent, "wanted"), peer=page.peer
    )
    return remember(page, page.answer({"go": first_page(entered)}), entered)


async def redeem(page: Page) -> Response:
    """Turn a sign-in link into a session of its area; a resident's phone gets its key next."""
    area, token = await page.app.sessions.redeem(page.request.path_params["token"], page.now)
    if area not in sessions.AREAS:
        await page.app.sessions.sign_out(token)
        words = page.say(mark("There is no page for this work here yet."))
        return page.render("front/error.html", 404, words=words, code="no-pages-yet")
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
