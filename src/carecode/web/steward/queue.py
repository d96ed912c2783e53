"""What waits for an index steward: case numbers and ages, nobody's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.disclosure.stewards_rules import BLIND_PERCENT, Urgency
from carecode.identity.identifiers import KINDS
from carecode.kernel.errors import CareCodeError, NotFoundError
from carecode.web.page import field
from carecode.web.sentences import sentence
from carecode.web.steward import said
from carecode.web.steward.doors import doors
from carecode.web.steward.events import told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from carecode.web.page import Page


async def show(page: Page) -> Response:
    """List what waits, the most urgent and oldest first."""
    return await _queue(page)


async def person(page: Page) -> Response:
    """Show whom a number names, with all entries of hers and what happened to them; her log says so first."""
    fields = await page.fields()
    try:
        found = await doors(page).stewards.person(page.requester, field(fields, "kind"), field(fields, "number"))
        if found is None:
            raise NotFoundError("no-such-person", "Nobody with this number. Check it, or add someone new.")
    except CareCodeError as error:
        return await _queue(page, error=error, typed=fields)
    return page.render(
        "steward/person.html",
        place=await page.place(),
        entries=found.entries,
        events=await told(page, found.history, [each.id for each in found.entries]),
        of=doors(page).refs.give(found.entries[0].id, page.requester, page.now),
        said=said,
    )


async def _queue(page: Page, *, error: CareCodeError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    asked = page.request.query_params.get("urgency", "")
    chosen = Urgency(int(asked)) if asked in {str(int(each)) for each in Urgency} else None
    waiting = await doors(page).stewards.queue(page.requester, page.now, chosen)
    return page.render(
        "steward/queue.html",
        error.http_status if error else 200,
        place=await page.place(),
        queue=waiting,
        chosen=chosen,
        urgencies=sorted(Urgency, reverse=True),
        blind_percent=BLIND_PERCENT,
        kinds={name: page.say(kind.label) for name, kind in KINDS.items()},
        typed=typed or {},
        words=sentence(error, page.language) if error else "",
        said=said,
        days=lambda at: (page.now - at).days,
    )
