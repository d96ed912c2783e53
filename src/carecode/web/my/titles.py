"""What the entries and visits of a record are called, by their ids: for pages that decide about single ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carecode.disclosure.answers import Refusal
from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import ALL_CATEGORIES, Purpose
from carecode.web.language import DEFAULT, mark
from carecode.web.reading import concept, day, decode, first_moment, items, part, reference_id, words
from carecode.web.rendering import written_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from carecode.disclosure.answers import Body
    from carecode.web.page import Page

NAMES: Final = ("code", "vaccineCode", "medicationCodeableConcept", "type", "category")
DATES: Final = (
    "effectiveDateTime",
    "occurrenceDateTime",
    "onsetDateTime",
    "performedDateTime",
    "performedPeriod.start",
    "authoredOn",
    "period.start",
    "date",
    "recordedDate",
    "issued",
    "created",
)
# FHIR type -> what it is called when it does not name itself
PLAIN: Final[Mapping[str, str]] = {
    "Encounter": mark("Visit"),
    "Observation": mark("Measurement"),
    "Condition": mark("Problem"),
    "AllergyIntolerance": mark("Allergy"),
    "MedicationRequest": mark("Medicine"),
    "Immunization": mark("Vaccine"),
    "DocumentReference": mark("Letter"),
}
ENTRY: Final = mark("Entry")
NOT_SINGLE: Final = frozenset({"Patient", "Provenance"})
"""Types about which nothing is decided entry by entry."""


@dataclass(frozen=True, slots=True)
class Title:
    """One entry as a list of entries shows it."""

    id: str
    type: str
    name: str
    on: date | None
    day: str
    source: str
    visit: str  # the visit it belongs to, or nothing
    parts: frozenset[str]  # what its components are called

    @property
    def words(self) -> str:
        """Its name and its day, as the page writes days."""
        return f"{self.name}, {self.day}" if self.day else self.name


async def titles_of(page: Page) -> dict[str, Title]:
    """Open her record and name every entry, by id."""
    opened = await page.app.gate.open(
        page.requester,
        Purpose.PATRQT,
        ALL_CATEGORIES,
        resident=await page.resident(),
    )
    if isinstance(opened, Refusal):
        raise RefusedError(opened.code, opened.message)
    known = {
        x.handle: x.name_zh if page.language != DEFAULT and x.name_zh else x.name
        for x in await page.app.people.organisations()
    }
    return {body.id: _title(page, body, known) for body in opened.bodies if body.type not in NOT_SINGLE}


def _title(page: Page, body: Body, known: Mapping[str, str]) -> Title:
    resource = decode(body.json)
    named = concept(part(resource, "reasonCode", 0)) if body.type == "Encounter" else ""
    for name in NAMES:
        value = part(resource, name)
        named = named or concept(value[0] if isinstance(value, list) and value else value)
    named = named or words(part(resource, "medicationReference", "display")) or page.say(PLAIN.get(body.type, ENTRY))
    encounter = part(resource, "encounter") or next(iter(items(resource, "context", "encounter")), None)
    on = day(first_moment(resource, *DATES))
    return Title(
        body.id,
        body.type,
        named,
        on,
        written_date(on, "short", language=page.language) if on else "",
        known.get(body.organisation, body.organisation),
        body.id if body.type == "Encounter" else reference_id(encounter),
        frozenset(concept(part(one, "code")) for one in items(resource, "component")),
    )
