"""Was this right?  She says it about a look or an emergency; the institution's officer answers here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.disclosure.decisions import HERSELF, QUIETLY
from carecode.disclosure.reviews import WORDS_MAX
from carecode.kernel.errors import CareCodeError, NotFoundError
from carecode.web.language import mark
from carecode.web.my import frame
from carecode.web.said import REASONS
from carecode.web.sentences import sentence
from carecode.web.watched import doors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from carecode.disclosure.emergency import Emergency
    from carecode.disclosure.legal import Order
    from carecode.disclosure.reports import Report
    from carecode.web.page import Page

BACK: Final = "/my/who-looked"
TITLES: Final = {
    "not-there": mark("You were not there?"),
    "ask": mark("What do you want to know?"),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """An emergency as her page shows it on top, framed, until she answered."""

    emergency: Emergency
    place: str
    reason: str


async def reports(page: Page) -> dict[UUID, Report]:
    """Give what she said so far, by the receipt or the emergency it is about: for ``my/report_buttons.html``."""
    return await doors(page).reports.of(await page.resident(), quietly=page.requester.id == QUIETLY)


async def notices(page: Page) -> list[Notice]:
    """Give the emergencies that she did not answer yet, newest first: for ``my/emergency_notices.html``."""
    resident = await page.resident()
    said = await reports(page)
    return [
        Notice(one, await page.place(one.organisation), page.say(REASONS[one.reason]))
        for one in await doors(page).emergencies.of(resident)
        if one.id not in said
    ]


async def orders(page: Page) -> list[Order]:
    """Give the legal orders that she is shown now, newest first: for ``my/legal_orders.html``."""
    found = await doors(page).orders.told(await page.resident(), page.now)
    return [one for one in found if one.statement is not None]


async def ask(page: Page) -> Response:
    """Ask for her words before it goes to the officer."""
    await _require_list(page)
    return await _form(page, page.request.query_params.get("said", ""))


async def make(page: Page) -> Response:
    """Keep what she says, or who acts for her and may see the list, and show the list again."""
    await _require_list(page)
    fields = await page.fields()
    said = fields.get("said", "")
    try:
        await doors(page).reports.make(
            page.requester, await page.resident(), _about(page), said, fields.get("words", ""), page.now
        )
    except CareCodeError as error:
        if said not in TITLES:
            raise
        return await _form(page, said, error=error, typed=fields)
    return page.go(BACK)


async def _require_list(page: Page) -> None:
    """Raise RefusedError for whom the list of who looked is shut: nothing is reported of what one may not see."""
    await page.app.privacy.who_looked(page.requester, limit=1)


async def _form(
    page: Page, said: str, *, error: CareCodeError | None = None, typed: Mapping[str, str] | None = None
) -> Response:
    if said not in TITLES:
        raise NotFoundError("no-such-page", "There is no page at this address.")
    response = await frame.show(
        page,
        "my/report.html",
        about=_about(page),
        said=said,
        titles=TITLES,
        longest=WORDS_MAX,
        behalf=page.requester.id not in {HERSELF, QUIETLY},
        typed=typed or {},
        words=sentence(error, page.language) if error else "",
    )
    response.status_code = error.http_status if error else response.status_code
    return response


def _about(page: Page) -> UUID:
    try:
        return UUID(page.request.path_params["receipt"])
    except ValueError as error:
        raise NotFoundError("no-such-look", "There is no such entry in your list.") from error
