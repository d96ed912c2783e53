"""A shared terminal: locked by hand or after idle minutes, unlocked by its holder's passkey only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.web.arriving import area_of, doors, held_at, require_held, site_of
from carecode.web.bodies import json_object, object_of
from carecode.web.page import field

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page


async def show(page: Page) -> Response:
    """Show who locked this screen and how it opens; ask whether to lock one that is open."""
    area = area_of(page)
    held = await held_at(page, area)
    if held is None:
        return page.go(f"/signin?area={area}")
    return page.render(
        "front/lock.html",
        area=area,
        person=held.requester.name,
        locked=page.app.sessions.is_locked(held, page.now),
        by_word=await doors(page).step_up.may_type(held),
        by_provider=held.how == "provider" and not await doors(page).step_up.has_passkey(held),
    )


async def lock(page: Page) -> Response:
    """Lock this area's session at once."""
    held = await require_held(page)
    await doors(page).book.lock(held, page.now)
    return page.go(f"/{area_of(page)}/lock")


async def ask(page: Page) -> Response:
    """Give a challenge for the passkeys of the session's holder."""
    return page.answer(await doors(page).step_up.ask(site_of(page), await require_held(page), page.now))


async def unlock(page: Page) -> Response:
    """Take her passkey's answer, and open the session again."""
    held = await require_held(page)
    credential = object_of(await json_object(page), "credential")
    await doors(page).step_up.prove(site_of(page), held, credential, page.now)
    return page.answer({"go": f"/{area_of(page)}"})


async def unlock_by_word(page: Page) -> Response:
    """Open a demo session again by a typed word."""
    word = field(await page.fields(), "word")
    await doors(page).step_up.prove_by_word(await require_held(page), word, page.now)
    return page.go(f"/{area_of(page)}")


async def awake(page: Page) -> Response:
    """Note that somebody still works at an open page: reading the session counted as use."""
    return page.answer({"by": page.requester.id})
