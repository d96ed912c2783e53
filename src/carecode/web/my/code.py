"""Her code, and the news of who scanned it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from carecode.disclosure.decisions import QUIETLY
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import CodePurpose, Role
from carecode.visits.services import service_of
from carecode.web.language import DEFAULT, mark
from carecode.web.my import frame, whose
from carecode.web.my.enrol import own_devices
from carecode.web.my.named import in_her_language
from carecode.web.my.sentences import scanned
from carecode.web.rendering import written_time

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.disclosure.privacy import Look
    from carecode.web.page import Page

# (purpose inside the code, icon, word)
PURPOSES: Final = (
    (CodePurpose.REGISTER, "enter", mark("Check in")),
    (CodePurpose.PAY, "card", mark("Pay")),
    (CodePurpose.OPEN_RECORD, "folder", mark("Open my record")),
)
NEWS_LOOKS_MAX: Final = 20
NEWS_AGE_MAX: Final = timedelta(minutes=10)  # older looks stand in "Who looked"


async def show(page: Page) -> Response:
    """Show the code page; the code itself is made on the phone."""
    return await frame.show(
        page,
        "my/code.html",
        purposes=PURPOSES,
        now_ms=round(page.now.timestamp() * 1000),
        devices=await own_devices(page),
    )


async def news(page: Page) -> Response:
    """Tell the open code page of the newest look after ``since`` (milliseconds), in words.

    The code page shows without a word, so its news say nothing until one is given; opened quietly, they say
    what "Who looked" says then.  They are about herself, whomever she acts for.
    """
    try:
        since = datetime.fromtimestamp(int(page.request.query_params.get("since", "0")) / 1000, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise InvalidInputError("since", "Give the time in milliseconds.") from error
    answer: dict[str, object] = {"now_ms": round(page.app.clock().timestamp() * 1000)}
    asked = await page.app.quiet.seen(page.requester, whose.token(page), page.now)
    if asked is None:
        return page.answer(answer)
    page = replace(page, visitor=asked)
    since = max(since, page.now - NEWS_AGE_MAX)
    looks = await page.app.privacy.who_looked(page.requester, limit=NEWS_LOOKS_MAX)
    fresh = [x for x in looks if x.organisation is not None and x.entry.at > since and x.entry.action != "deposit"]
    if fresh:
        [newest] = await in_her_language(page, fresh[:1])
        title, detail = scanned(page, newest)
        answer |= {
            "at_ms": round(newest.entry.at.timestamp() * 1000) + 1,
            "title": title,
            "detail": f"{written_time(newest.entry.at)}. {detail}",
        }
        if asked.id != QUIETLY:  # a place in a queue names the service
            answer |= await _ticket(page, newest)
    return page.answer(answer)


async def _ticket(page: Page, look: Look) -> dict[str, str]:
    """Give her place in the queue of the institution whose desk looked."""
    if look.entry.role != Role.DESK:
        return {}
    resident = await page.resident()
    patient = page.app.pseudonyms.of(resident.keys[0], look.entry.organisation)
    ticket = await page.app.queue.ticket_of(look.entry.organisation, patient, page.today)
    if ticket is None:
        return {}
    service = service_of(ticket.service)
    name = service.name if page.language == DEFAULT else service.name_zh
    if ticket.called:
        where = page.say("%(service)s. You are called: go in.", service=name)
    elif ticket.waiting_before == 0:
        where = page.say("%(service)s. You are next.", service=name)
    elif ticket.waiting_before == 1:
        where = page.say("%(service)s. One person before you.", service=name)
    else:
        where = page.say("%(service)s. %(before)s people before you.", service=name, before=ticket.waiting_before)
    return {"number": ticket.number, "where": where}
