"""Proving anew who she is, and going on where that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.disclosure.passkeys import refused
from carecode.web.arriving import area_of, doors, require_held, site_of
from carecode.web.bodies import json_object, object_of, text_of
from carecode.web.my.enrol import own_devices
from carecode.web.page import field
from carecode.web.sessions import local_path

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page


async def show(page: Page) -> Response:
    """Show the ways to prove it: a passkey, her phone's key, her hospital's own sign-in."""
    held = await require_held(page)
    area = area_of(page)
    step_up = doors(page).step_up
    return page.render(
        "front/confirm.html",
        area=area,
        then=local_path(page.request.query_params.get("next", ""), area),
        has_passkey=await step_up.has_passkey(held),
        devices=await own_devices(page) if area == "my" else [],
        by_word=await step_up.may_type(held),
        by_provider=held.how == "provider",
    )


async def ask(page: Page) -> Response:
    """Give a challenge for her passkeys."""
    return page.answer(await doors(page).step_up.ask(site_of(page), await require_held(page), page.now))


async def prove(page: Page) -> Response:
    """Take a passkey's answer; her page's script goes on."""
    sent = await json_object(page)
    held = await require_held(page)
    await doors(page).step_up.prove(site_of(page), held, object_of(sent, "credential"), page.now)
    return page.answer({"go": local_path(text_of(sent, "next"), area_of(page))})


async def ask_phone(page: Page) -> Response:
    """Give a challenge for the key of her phone."""
    return page.answer({"challenge": await doors(page).step_up.ask_phone(await require_held(page), page.now)})


async def prove_by_phone(page: Page) -> Response:
    """Take the answer of her phone's key."""
    sent = await json_object(page)
    device = sent.get("device")
    try:
        challenge, signature = (bytes.fromhex(text_of(sent, name)) for name in ("challenge", "signature"))
    except ValueError as error:
        raise refused() from error
    if not isinstance(device, int) or isinstance(device, bool):
        raise refused()
    held = await require_held(page)
    await doors(page).step_up.prove_by_phone(held, challenge, device, signature, page.now)
    return page.answer({"go": local_path(text_of(sent, "next"), area_of(page))})


async def prove_by_word(page: Page) -> Response:
    """Take a typed word, on demo data."""
    fields = await page.fields()
    await doors(page).step_up.prove_by_word(await require_held(page), field(fields, "word"), page.now)
    return page.go(local_path(fields.get("next", ""), area_of(page)))
