"""Her phones, passkeys and open sessions: what can act for her, and how she stops it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.kernel.errors import InvalidInputError
from carecode.web.arriving import doors, require_held, site_of
from carecode.web.bodies import json_object, object_of
from carecode.web.language import mark
from carecode.web.my import frame
from carecode.web.page import field
from carecode.web.stepup import require_fresh

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page

HERE: Final = "/my/devices"
HOW: Final = {
    "link": mark("Signed in by a link of the demo town"),
    "digits": mark("Signed in with eight digits of a desk"),
    "passkey": mark("Signed in with a passkey"),
}


async def show(page: Page) -> Response:
    """List everything that can act for her."""
    held = await require_held(page)
    belongings = await doors(page).devices.of(await page.resident(), page.now)
    return await frame.show(
        page, "my/devices.html", belongings=belongings, this=held.id, how={x: page.say(HOW[x]) for x in HOW}
    )


async def cancel(page: Page) -> Response:
    """Cancel one thing; a phone or a passkey only after she proved that it is she."""
    fields = await page.fields()
    kind, number = field(fields, "kind"), field(fields, "number")
    resident = await page.resident()
    if kind == "session":
        await doors(page).devices.end_session(resident, _uuid(number))
        return page.go(HERE)
    asked = await require_fresh(page, HERE)
    if asked is not None:
        return asked
    if kind == "phone" and number.isascii() and number.isdecimal():
        await doors(page).devices.cancel_phone(page.requester, resident, int(number), page.now)
    elif kind == "passkey":
        await doors(page).devices.cancel_passkey(page.requester, resident, _uuid(number))
    else:
        raise _unknown()
    return page.go(HERE)


async def cancel_others(page: Page) -> Response:
    """Sign her out everywhere but here."""
    await doors(page).devices.end_others(await require_held(page))
    return page.go(HERE)


async def add(page: Page) -> Response:
    """Show how a passkey is made, once she proved that it is she."""
    asked = await require_fresh(page)
    return asked if asked is not None else await frame.show(page, "my/passkey.html")


async def ask(page: Page) -> Response:
    """Give what her browser needs to make a passkey."""
    asked = await require_fresh(page)  # a script is told with an error
    if asked is not None:
        return asked
    person = await page.app.index.card(await page.resident())
    held = await require_held(page)
    options = await doors(page).devices.ask_passkey(site_of(page), held, person.name_latin or person.name, page.now)
    return page.answer(options)


async def keep(page: Page) -> Response:
    """Keep the passkey she made."""
    credential = object_of(await json_object(page), "credential")
    held = await require_held(page)
    await doors(page).devices.add_passkey(site_of(page), held, await page.resident(), credential, page.now)
    return page.answer({"go": HERE})


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise _unknown() from error


def _unknown() -> InvalidInputError:
    return InvalidInputError("request-form", "The page sent something that cannot be used. Open it again.")
