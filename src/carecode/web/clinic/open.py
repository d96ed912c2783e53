"""Opening a record with a code, and the summary on one screen."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from carecode.disclosure.answers import Refusal
from carecode.disclosure.purposes import PURPOSES
from carecode.kernel.errors import CareCodeError, InvalidInputError, RefusedError
from carecode.kernel.vocabulary import ALL_CATEGORIES, CodePurpose, Purpose
from carecode.web.charts import spark_of
from carecode.web.clinic import opened
from carecode.web.said import REASONS
from carecode.web.sentences import sentence
from carecode.web.sources import summary_of
from carecode.web.summary import Summary
from carecode.web.watched import doors

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.disclosure.answers import Release
    from carecode.disclosure.emergency import Emergency
    from carecode.web.page import Page

RESULTS_SHOWN: Final = 8
LINES_SHOWN: Final = 4
VISITS_SHOWN: Final = 3


async def show(page: Page) -> Response:
    """Ask for a code of the kind Open my record, made for this desk; a record open here is closed."""
    response = page.render("clinic/open.html", place=await page.place(), words="")
    opened.close(response)
    return response


async def open_record(page: Page) -> Response:
    """Verify the code, open the record, show its summary with the receipt that her phone shows too.

    What may not be opened and what does not exist look the same: the summary, with nothing in it.
    The form that opened the record, sent again by F5 or Back, goes on to the record while the window is open.
    """
    code = (await page.fields()).get("code", "")
    before = opened.opened_in(page.request)
    if before is not None and before.code == opened.hash_of(code):
        return page.go("/clinic/record")
    try:
        if not code:
            raise InvalidInputError("field-missing", "Something is missing. Fill in every field that is asked for.")
        shown = await page.app.verifier.verify(code, CodePurpose.OPEN_RECORD, page.now, page.requester.desk_number)
        answer = await page.app.gate.open(page.requester, Purpose.TREAT, ALL_CATEGORIES, presentation=shown)
    except CareCodeError as error:
        return await _ask(page, error)
    if isinstance(answer, Refusal):
        return await _summary(page, None)
    response = await _summary(page, answer)
    opened.keep(response, page.request, answer.card.pseudonym, code, answer.until)
    return response


async def reopen(page: Page) -> Response:
    """Show again the record that is open in this browser, under the window that her code opened; her log has it.

    One opened by break-glass is shown while its emergency runs; ``emergency`` asks for another of one's own.
    """
    chosen = page.request.query_params.get("emergency")
    if chosen is not None:
        return await _go_on(page, chosen)
    before = opened.opened_in(page.request)
    if before is None:
        return page.go("/clinic")
    if before.emergency:
        return await _in_emergency(page, before.patient)
    try:
        resident = await page.app.gate.subject(page.requester, before.patient)
        answer = await page.app.gate.open(page.requester, Purpose.TREAT, ALL_CATEGORIES, resident=resident)
        if isinstance(answer, Refusal):
            raise RefusedError(answer.code, answer.message)
    except CareCodeError as error:
        return await _ask(page, error)
    return await _summary(page, replace(answer, until=min(answer.until, before.until)))


async def _ask(page: Page, error: CareCodeError) -> Response:
    words = sentence(error, page.language)
    return page.render("clinic/open.html", error.http_status, place=await page.place(), words=words)


async def _go_on(page: Page, chosen: str) -> Response:
    """Turn this browser to another emergency of one's own that still runs."""
    mine = await doors(page).emergencies.still_running(page.requester, page.now)
    found = next((one for one in mine if str(one.id) == chosen), None)
    resident = None if found is None else await page.app.index.by_id(found.resident)
    if found is None or resident is None:
        return page.go("/clinic/emergency/ended")
    response = page.go("/clinic/record")
    patient = page.app.gate.patient_id(page.requester, resident)
    opened.keep(response, page.request, patient, found.id.hex, found.over_at, emergency=True)
    return response


async def _in_emergency(page: Page, patient: str) -> Response:
    """Show what an emergency opens, in its frame; the page leaves by itself when it is over."""
    resident = await page.app.gate.subject(page.requester, patient)
    running = resident and await doors(page).emergencies.running(resident, page.requester, page.now)
    if not running:
        return page.go("/clinic/emergency/ended")
    asked = PURPOSES[Purpose.ETREAT].categories
    answer = await page.app.gate.open(page.requester, Purpose.ETREAT, asked, resident=resident)
    response = await _summary(page, None if isinstance(answer, Refusal) else answer, running)
    left = max(math.ceil((running.over_at - page.now).total_seconds()), 1)
    response.headers["Refresh"] = f"{left}; url=/clinic/emergency/ended"
    return response


async def _summary(page: Page, release: Release | None, emergency: Emergency | None = None) -> Response:
    summary = await summary_of(page, release.bodies) if release else Summary()
    return page.render(
        "clinic/summary.html",
        place=await page.place(),
        release=release,
        emergency=emergency,
        again=emergency is not None and page.request.query_params.get("again") == "1",
        reasons=REASONS,
        complete=release is None or release.complete,
        summary=summary,
        spark_of=spark_of,
        shown={"results": RESULTS_SHOWN, "lines": LINES_SHOWN, "visits": VISITS_SHOWN},
    )
