"""From what the gate released to a summary whose every line names its institution."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carecode.web.language import DEFAULT
from carecode.web.reading import decode
from carecode.web.summary import Entry, Summary, summarise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecode.disclosure.answers import Body
    from carecode.web.page import Page


async def summary_of(page: Page, bodies: Sequence[Body]) -> Summary:
    """Decode and sort what was released; institutions are named in the page's language."""
    known = await page.app.people.organisations()
    names = {x.handle: x.name_zh if page.language != DEFAULT and x.name_zh else x.name for x in known}
    summary = summarise(Entry(decode(body.json), names.get(body.organisation, body.organisation)) for body in bodies)
    # a visit says itself, in English, where it was
    written = {x.name: names[x.handle] for x in known}
    visits = (replace(x, source=written.get(x.source, x.source)) for x in summary.visits)
    return replace(summary, visits=tuple(visits))
