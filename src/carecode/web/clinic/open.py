"""Opening a record with a code, and the summary on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.disclosure.answers import Refusal
from carecode.kernel.errors import CareCodeError
from carecode.kernel.vocabulary import ALL_CATEGORIES, CodePurpose, Purpose
from carecode.web.charts import spark_of
from carecode.web.page import field
from carecode.web.sentences import sentence
from carecode.web.sources import summary_of
from carecode.web.summary import Summary

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page

RESULTS_SHOWN: Final = 8
LINES_SHOWN: Final = 4
VISITS_SHOWN: Final = 3


async def show(page: Page) -> Response:
    """Ask for a code of the kind Open my record, made for this desk."""
    return page.render("clinic/open.html", place=await page.place(), words="")


async def open_record(page: Page) -> Response:
    """Verify the code, open the record, show its summary with the receipt that her phone shows too.

    What may not be opened and what does not exist look the same: the summary, with nothing in it.
    """
    try:
        code = field(await page.fields(), "code")
        shown = await page.app.verifier.verify(code, CodePurpose.OPEN_RECORD, page.now, page.requester.desk_number)
        opened = await page.app.gate.open(page.requester, Purpose.TREAT, ALL_CATEGORIES, presentation=shown)
    except CareCodeError as error:
        return page.render(
            "clinic/open.html",
            error.http_status,
            place=await page.place(),
            words=sentence(error, page.language),
        )
    release = None if isinstance(opened, Refusal) else opened
    summary = await summary_of(page, release.bodies) if release else Summary()
    return page.render(
        "clinic/summary.html",
        place=await page.place(),
        release=release,
        summary=summary,
        spark_of=spark_of,
        shown={"results": RESULTS_SHOWN, "lines": LINES_SHOWN, "visits": VISITS_SHOWN},
    )
