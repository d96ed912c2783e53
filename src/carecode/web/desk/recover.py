"""Recovery at a counter: she lost her phones; after a look at her document all of them stop, and she begins anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.kernel.errors import CareCodeError, NotFoundError
from carecode.web.arriving import doors
from carecode.web.page import field
from carecode.web.sentences import sentence

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page


async def cancel_all(page: Page) -> Response:
    """Cancel all her phones, passkeys and sessions, and make eight digits for a new phone."""
    try:
        resident = await page.app.gate.subject(page.requester, field(await page.fields(), "patient"))
        if resident is None:
            raise NotFoundError("no-such-person", "Nobody with this number. Check it, or add someone new.")
        cancelled = await doors(page).devices.cancel_all(page.requester, resident, page.now)
        code = await page.app.phones.code_for(page.requester, resident, page.now)
        card = await page.app.cards.card(page.requester, resident)
    except CareCodeError as error:
        words = sentence(error, page.language)
        return page.render("front/error.html", error.http_status, words=words, code=error.code)
    url = page.request.url
    return page.render(
        "desk/recovered.html",
        place=await page.place(),
        card=card,
        cancelled=cancelled,
        code=code,
        link=f"{url.scheme}://{url.netloc}/my/enrol#{code}",
    )
