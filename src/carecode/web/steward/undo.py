"""Taking a link back: first what it would change and who is concerned, then the doing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from carecode.disclosure.reviews import WORDS_MAX, WORDS_MIN
from carecode.disclosure.stewards_undoing import Taking
from carecode.kernel.errors import CareCodeError, InvalidInputError
from carecode.web.page import field
from carecode.web.sentences import sentence
from carecode.web.steward import said
from carecode.web.steward.case import place_of
from carecode.web.steward.doors import doors
from carecode.web.steward.events import letters_of, told
from carecode.web.steward.facts import LETTERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from carecode.disclosure.stewards_undoing import Preview
    from carecode.web.page import Page


async def preview(page: Page) -> Response:
    """Say what taking an event back would change; nothing is changed."""
    return await _preview(page, await page.fields())


async def undo(page: Page) -> Response:
    """Take it back as it was shown, and say what became of it."""
    fields = await page.fields()
    taken = Taking(
        event=_event(fields),
        reason=fields.get("reason", ""),
        seen=fields.get("seen", ""),
        apart=fields.get("apart") == "1",
    )
    try:
        entry = doors(page).refs.take(field(fields, "of"), page.requester, page.now)
        done = await doors(page).stewards.undo(page.requester, entry, taken, page.now)
    except CareCodeError as error:
        if error.code in {"words-short", "words-long", "steward-stale"}:
            return await _preview(page, fields, error)
        raise
    return page.render("steward/undone.html", done=done, **await _concerned(page, done))


async def _preview(page: Page, fields: Mapping[str, str], error: CareCodeError | None = None) -> Response:
    entry = doors(page).refs.take(field(fields, "of"), page.requester, page.now)
    seen = await doors(page).stewards.preview(page.requester, entry, _event(fields), page.now)
    return page.render(
        "steward/undo.html",
        error.http_status if error else 200,
        seen=seen,
        of=fields["of"],
        bounds=(WORDS_MIN, WORDS_MAX),
        typed=fields,
        words=sentence(error, page.language) if error else "",
        **await _concerned(page, seen),
    )


async def _concerned(page: Page, seen: Preview) -> dict[str, object]:
    """Give the entries concerned by their letters, and the places of those who looked meanwhile."""
    entries = [each.id for each in seen.entries]
    [event] = await told(page, [seen.event], entries)
    return {
        "place": await page.place(),
        "event": event,
        "letters": LETTERS,
        "entries": seen.entries,
        "parted": [(letters_of(entries, [one.first, one.second]), one.spans) for one in seen.undoing.parted],
        "looks": [(each, await place_of(page, each.organisation)) for each in seen.meanwhile],
        "said": said,
    }


def _event(fields: Mapping[str, str]) -> UUID:
    try:
        return UUID(field(fields, "event"))
    except ValueError as error:
        raise InvalidInputError("field-missing", "Something is missing. Go back and choose again.") from error
