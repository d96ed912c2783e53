"""What a person reads when signing in does not work, by the error's code; sentences of their own pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.web.language import DEFAULT, mark
from carecode.web.page import failure
from carecode.web.sentences import sentence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.responses import Response

    from carecode.web.page import Page

from starlette.responses import JSONResponse

from carecode.kernel.errors import CareCodeError

BY_CODE: Final[Mapping[str, str]] = {
    "passkey-refused": mark("This passkey does not open anything here. Try again, or sign in differently."),
    "sign-in-again": mark("This took too long or was used already. Start again."),
    "passkeys-many": mark("There are too many passkeys. Cancel one that is not used any more."),
    "invitation-used": mark("This invitation was used or is too old. Ask for a new one."),
    "provider-refused": mark("Your hospital's sign-in does not open anything here. Start again."),
    "provider-away": mark("Your hospital's sign-in does not answer now. Try again, or use a passkey."),
    "provider-none": mark("This institution has no sign-in of its own. Use a passkey."),
    "not-your-place": mark("You do not work there. Choose one of the list."),
    "demo-word": mark("Type the word demo. Outside the demo town a passkey is needed."),
    "device-gone": mark("This is not in your list any more. Look again."),
    "prove-first": mark("Prove first that it is you. Open the page again."),
    "request-form": mark("The page sent something that cannot be used. Open it again."),
    "not-an-officer": mark("Only an officer of the institution invites its staff."),
    "staff-none": mark("Nobody of that name works here."),
}


def told(page: Page, error: CareCodeError) -> str:
    """Say in the page's language what went wrong and what to do."""
    if page.language != DEFAULT and error.code in BY_CODE:
        return page.say(BY_CODE[error.code])
    return sentence(error, page.language)


def spoken(handler: Callable[[Page], Awaitable[Response]]) -> Callable[[Page], Awaitable[Response]]:
    """Wrap a handler: its refusals are said in these sentences, to scripts as JSON."""

    async def wrapped(page: Page) -> Response:
        try:
            return await handler(page)
        except CareCodeError as error:
            if "application/json" in page.request.headers.get("accept", ""):
                answer = {"code": error.code, "message": told(page, error)}
                return JSONResponse(answer, status_code=error.http_status)
            if error.code not in BY_CODE:
                return failure(page, error)
            return page.render("front/error.html", error.http_status, words=told(page, error), code=error.code)

    return wrapped
