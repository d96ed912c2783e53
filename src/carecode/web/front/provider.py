"""The way to a hospital's own provider and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.kernel.errors import CareCodeError, RefusedError
from carecode.web import sessions
from carecode.web.arriving import area_of, doors, require_held, site_of
from carecode.web.bodies import json_object, text_of
from carecode.web.front.entering import first_page, remember
from carecode.web.front.refusals import told

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.disclosure.providers import Sent
    from carecode.web.page import Page

COOKIE: Final = "carecode_provider"
PATH: Final = "/signin/provider"
BACK: Final = "/signin/provider/back"
SECONDS_MAX: Final = 600
_SEPARATOR: Final = "."
_PARTS: Final = 3


async def leave(page: Page) -> Response:
    """Send somebody who wants to sign in to her hospital's provider."""
    sent = await doors(page).providers.begin(page.request.path_params["organisation"], _back(page), page.now)
    return _marked(page, page.go(sent.address), sent)


async def leave_invited(page: Page) -> Response:
    """Send somebody who was invited to her hospital's provider; her page's script goes there."""
    asked = await json_object(page)
    sent = await doors(page).providers.begin(
        text_of(asked, "organisation"), _back(page), page.now, invitation=text_of(asked, "invitation")
    )
    return _marked(page, page.answer({"go": sent.address}), sent)


async def leave_to_prove(page: Page) -> Response:
    """Send somebody who is signed in to her hospital's provider, to prove anew who she is."""
    held = await require_held(page)
    if held.how != "provider":
        raise RefusedError("provider-none", "This institution has no sign-in of its own. Use a passkey.")
    sent = await doors(page).providers.begin(held.requester.organisation, _back(page), page.now, held=held)
    then = sessions.local_path(page.request.query_params.get("next", ""), area_of(page))
    return _marked(page, page.go(sent.address), sent, f"{area_of(page)}{_SEPARATOR}{then}")


async def come_back(page: Page) -> Response:
    """Take the browser that comes back from a provider."""
    asked = page.request.query_params
    mark, area, then = _mark_of(page)
    try:
        if "error" in asked:
            raise RefusedError("provider-refused", "Your hospital's sign-in does not open anything here. Start again.")
        done = await doors(page).providers.come_back(
            asked.get("state", ""), mark, asked.get("code", ""), asked.get("iss"), _back(page), page.now
        )
    except CareCodeError as error:
        response: Response = page.render(
            "front/error.html", error.http_status, words=told(page, error), code=error.code
        )
    else:
        if isinstance(done, UUID):
            response = page.go(sessions.local_path(then, area))
        else:
            response = remember(page, page.go(first_page(done)), done)
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="lax")
    return response


def _back(page: Page) -> str:
    return f"{site_of(page).origin}{BACK}"


def _marked(page: Page, response: Response, sent: Sent, then: str = "") -> Response:
    """Mark the browser that is sent away: only the same one may come back with the answer."""
    response.set_cookie(
        COOKIE,
        f"{sent.mark}{_SEPARATOR}{then}" if then else sent.mark,
        max_age=SECONDS_MAX,
        path=PATH,
        secure=page.request.url.scheme == "https",
        httponly=True,
        samesite="lax",  # the provider's site sends the browser back
    )
    return response


def _mark_of(page: Page) -> tuple[str, str, str]:
    """Read the mark, and where somebody who proves herself anew goes on: (mark, area, address)."""
    parts = page.request.cookies.get(COOKIE, "").split(_SEPARATOR, _PARTS - 1)
    mark, area, then = (*parts, "", "")[:_PARTS]
    return mark, area if area in sessions.AREAS else "", then
