"""The single entries behind a line of her record, or of a visit: each with the way to decide who may see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.disclosure.choices import Kind
from carecode.disclosure.decisions import holding
from carecode.kernel.errors import NotFoundError
from carecode.web.my import frame
from carecode.web.my.deciding import CHOICES
from carecode.web.my.titles import titles_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from carecode.web.my.titles import Title
    from carecode.web.page import Page

ENTRIES_MAX: Final = 300
# kind of a tile of her record -> FHIR types
TYPES: Final[Mapping[str, frozenset[str]]] = {
    "allergies": frozenset({"AllergyIntolerance"}),
    "medicines": frozenset({"MedicationRequest", "MedicationStatement"}),
    "results": frozenset({"Observation", "DiagnosticReport"}),
    "vaccines": frozenset({"Immunization"}),
    "problems": frozenset({"Condition"}),
    "letters": frozenset({"DocumentReference"}),
}


async def show(page: Page) -> Response:
    """List the entries of one visit, or of one name among a kind; without either, lead to where they are chosen."""
    query = page.request.query_params
    visit, kind, name = query.get("visit", ""), query.get("of", ""), query.get("name", "")
    if not visit and not name:
        return page.go(f"/my/record?kind={kind}" if kind in TYPES else "/my/record")
    titles = await titles_of(page)
    if visit:
        found = [x for x in titles.values() if x.visit == visit and x.id != visit]
        head = titles.get(visit)
    else:
        found = [x for x in titles.values() if x.type in TYPES.get(kind, frozenset()) and name in {x.name, *x.parts}]
        head = None
    if (visit and head is None) or (not visit and not found):
        raise NotFoundError("nothing-here", "Nothing you may see.")
    found.sort(key=_newest_first)
    held = holding(await page.app.privacy.standing(page.requester), page.now)
    said = {x.about: page.say(CHOICES[x.kind, x.choice][0]) for x in held if x.kind in {Kind.ENTRY, Kind.VISIT}}
    return await frame.show(
        page,
        "my/entries.html",
        head=head,
        name=name,
        entries=found[:ENTRIES_MAX],
        more=max(len(found) - ENTRIES_MAX, 0),
        said=said,
    )


def _newest_first(title: Title) -> tuple[int, str]:
    return (-title.on.toordinal() if title.on else 0, title.name)
