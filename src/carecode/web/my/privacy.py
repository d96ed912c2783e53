"""Her decisions about institutions: what each may see, and what follows, said before she saves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import InvalidInputError, NotFoundError
from carecode.web.my import frame

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.disclosure.privacy import Institution
    from carecode.web.page import Page

ALLOW: Final = "everything"
REFUSE: Final = "own"


async def show(page: Page) -> Response:
    """List the institutions with what each may see now."""
    institutions = await page.app.privacy.institutions(page.requester)
    return await frame.show(page, "my/privacy.html", institutions=institutions)


async def choose(page: Page) -> Response:
    """Show the choices for one institution."""
    institution = await _institution(page, page.request.path_params["organisation"])
    return await frame.show(page, "my/privacy_choice.html", institution=institution)


async def save(page: Page) -> Response:
    """Keep her choice and show it; a refusal is in force when this answers, and what stays as it is changes nothing."""
    handle = page.request.path_params["organisation"]
    refused = (await _institution(page, handle)).refused_since is not None
    choice = (await page.fields()).get("choice", "")
    if choice not in {ALLOW, REFUSE}:
        raise InvalidInputError("field-missing", "Choose one of the two.")
    if choice == REFUSE and not refused:
        await page.app.privacy.refuse(page.requester, handle)
    elif choice == ALLOW and refused:
        await page.app.privacy.allow(page.requester, handle)
    return page.go("/my/privacy")


async def _institution(page: Page, handle: str) -> Institution:
    for institution in await page.app.privacy.institutions(page.requester):
        if institution.organisation.handle == handle:
            return institution
    raise NotFoundError("no-such-page", "There is no page at this address.")
