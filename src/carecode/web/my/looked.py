"""Who looked: every entry about her, by day, in words."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from carecode.web.language import mark
from carecode.web.my import frame, report
from carecode.web.my.named import in_her_language
from carecode.web.my.sentences import COMPUTERS, PEOPLE, in_words

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page

FILTERS: Final = (("", mark("All")), (PEOPLE, mark("People")), (COMPUTERS, mark("Computers")))


async def show(page: Page) -> Response:
    """List the looks, newest first; her own are counted and shown on wish."""
    own = page.request.query_params.get("own") == "1"
    looks = await in_her_language(page, await page.app.privacy.who_looked(page.requester, own=True))
    broken = await page.app.privacy.first_broken(page.requester)
    known = {x.handle: x for x in await page.app.people.organisations()}
    told = [(x.entry, in_words(page, x, known), x.organisation is None) for x in looks]
    chosen = page.request.query_params.get("kind", "")
    shown = [x for x in told if (own or not x[2] or x[0].action == "decide") and chosen in {"", x[1].kind}]
    days = [(day, list(same)) for day, same in groupby(shown, key=lambda x: x[0].at.astimezone().date())]
    return await frame.show(
        page,
        "my/looked.html",
        days=days,
        notices=await report.notices(page),
        orders=await report.orders(page),
        reports=await report.reports(page),
        chosen=chosen,
        filters=FILTERS,
        own=own,
        broken=broken is not None,
        people=sum(x[1].kind == PEOPLE for x in told),
        computers=sum(x[1].kind == COMPUTERS for x in told),
        herself=sum(x[2] for x in told),
    )
