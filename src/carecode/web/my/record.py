"""Her record: kinds as tiles, visits by year, at a glance, and the page of one result."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from carecode.disclosure.answers import Refusal
from carecode.disclosure.decisions import HERSELF, QUIETLY
from carecode.kernel.errors import NotFoundError, RefusedError
from carecode.kernel.vocabulary import ALL_CATEGORIES, Purpose
from carecode.web.charts import trend_of
from carecode.web.language import mark
from carecode.web.my import frame
from carecode.web.sources import summary_of
from carecode.web.summary import Visit

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page
    from carecode.web.summary import Summary

VISITS_SHOWN: Final = 20
LINES_SHOWN_MAX: Final = 300
SEARCH_LENGTH_MAX: Final = 100
# (kind in the address, icon, word)
TILES: Final = (
    ("allergies", "heart", mark("Allergies")),
    ("medicines", "pill", mark("Medicines")),
    ("results", "flask", mark("Results")),
    ("vaccines", "syringe", mark("Vaccines")),
    ("problems", "record", mark("Problems")),
    ("letters", "letter", mark("Letters")),
)


async def show(page: Page) -> Response:
    """Show the front page of her record, or one kind of it, or what a search finds."""
    summary, complete = await _own(page)
    kind = page.request.query_params.get("kind", "")
    search = page.request.query_params.get("find", "").strip()[:SEARCH_LENGTH_MAX]
    if kind not in {x[0] for x in TILES}:
        kind = ""
    visits = [x for x in summary.visits if _mentions(x, search)]
    shown = visits if page.request.query_params.get("all") == "1" or search else visits[:VISITS_SHOWN]
    return await frame.show(
        page,
        "my/record.html",
        summary=summary,
        complete=complete,
        tiles=[(*tile, len(getattr(summary, tile[0]))) for tile in TILES],
        kind=kind,
        lines=getattr(summary, kind)[:LINES_SHOWN_MAX] if kind else (),
        search=search,
        years=[(year, list(same)) for year, same in groupby(shown, key=lambda x: x.on.year)],
        more=len(visits) - len(shown),
        decides=await decides(page),
    )


async def result(page: Page) -> Response:
    """Show one test: the newest value in words, its course, every value."""
    key = page.request.query_params.get("code", "")
    summary, _ = await _own(page)
    for one in (*summary.results, *summary.vitals):
        if key in {one.key, one.key.partition("|")[2]}:
            return await frame.show(
                page, "my/result.html", result=one, trend=trend_of(one), decides=await decides(page)
            )
    raise NotFoundError("nothing-here", "Nothing you may see.")


async def _own(page: Page) -> tuple[Summary, bool]:
    """Open her record; say, too, whether it is all that there is."""
    opened = await page.app.gate.open(
        page.requester,
        Purpose.PATRQT,
        ALL_CATEGORIES,
        resident=await page.resident(),
    )
    if isinstance(opened, Refusal):
        raise RefusedError(opened.code, opened.message)
    return await summary_of(page, opened.bodies), opened.complete


async def decides(page: Page) -> bool:
    """Tell whether who asks may say who sees single entries: herself, or who decides for her."""
    if page.requester.id in {HERSELF, QUIETLY}:
        return True
    acting = await page.app.delegations.acting_as(page.requester, page.now)
    return acting is not None and acting.may_decide


def _mentions(visit: Visit, search: str) -> bool:
    words = (visit.title, visit.source, visit.who, *(x.name for x in visit.items))
    return not search or any(search.casefold() in x.casefold() for x in words)
