"""Who may see her record: the page of all her decisions, and the page of one, with what follows before she saves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from carecode.disclosure.answers import Refusal
from carecode.disclosure.choices import KINDS, YEARS_AHEAD_MAX, Kind, Whom, Wish
from carecode.disclosure.consequences import consequence
from carecode.disclosure.decisions import HERSELF, QUIETLY, holding, maker
from carecode.disclosure.privacy import Institution
from carecode.kernel.errors import InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Category, Closed, Purpose
from carecode.web.language import DEFAULT
from carecode.web.my import frame
from carecode.web.my.deciding import (
    ALL,
    CHOICES,
    LABELS,
    NOW,
    QUESTIONS,
    allergy_in_words,
    consequence_in_words,
)
from carecode.web.my.titles import titles_of
from carecode.web.page import TWICE
from carecode.web.said import KINDS_OF_ENTRIES
from carecode.web.sources import summary_of
from carecode.web.stepup import require_fresh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup
    from starlette.responses import Response

    from carecode.disclosure.decisions import Decision
    from carecode.disclosure.people import Organisation
    from carecode.web.page import Page

HERE: Final = "/my/privacy"
_OLD_NAMES: Final = {"everything": "allow", "own": "refuse"}  # what an open page of before may still send
BACK: Final[Mapping[Kind, str]] = {
    Kind.INSTITUTION: HERE,
    Kind.NEWCOMERS: HERE,
    Kind.PERSON: f"{HERE}/list/people",
    Kind.CATEGORY: f"{HERE}/list/kinds",
    Kind.LABEL: f"{HERE}/list/sensitive",
    Kind.EMERGENCY_LABEL: f"{HERE}/list/sensitive",
    Kind.ENTRY: f"{HERE}/list/entries",
    Kind.VISIT: f"{HERE}/list/entries",
    Kind.KEEP: f"{HERE}/list/hospitals",
    Kind.EXCHANGE: f"{HERE}/list/taking-part",
    Kind.STATISTICS: f"{HERE}/list/taking-part",
    Kind.EVERYTHING: f"{HERE}/list/taking-part",
    Kind.EMERGENCY: HERE,
    Kind.WINDOW: f"{HERE}/list/hospitals",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a page: what it is called and what follows."""

    choice: str
    name: str
    hint: str
    lines: tuple[tuple[str, Markup], ...]  # icon and sentence


async def show(page: Page) -> Response:
    """List the institutions with what each may see now, and the ways to everything else she decides."""
    institutions = await page.app.privacy.institutions(page.requester)
    standing = await page.app.privacy.standing(page.requester)
    held = holding(standing, page.now)
    for one in await others_decided(page, Kind.INSTITUTION):
        said = next((x for x in held if x.kind is Kind.INSTITUTION and x.whom == one.handle), None)
        choice = said.choice if said else await _unsaid(page, Kind.INSTITUTION, one.handle)
        institutions.append(Institution(one, choice, said.made_at if said else None, None))
    return await frame.show(
        page,
        "my/privacy.html",
        institutions=institutions,
        count=_counts(held),
        said={x.kind.value: x.choice for x in held if not x.whom and not x.about},
        mine=page.requester.id in {HERSELF, QUIETLY},
        kinds=await page.app.privacy.decides(page.requester),
    )


async def others_decided(page: Page, *kinds: Kind) -> list[Organisation]:
    """Give the institutions that are no hospitals, and about which a decision of these kinds stands all the same."""
    listed = {x.organisation.handle for x in await page.app.privacy.institutions(page.requester)}
    standing = await page.app.privacy.standing(page.requester)
    found = []
    for handle in sorted({x.whom for x in standing if x.kind in kinds and x.whom} - listed):
        try:
            found.append(await page.app.people.organisation(handle))
        except NotFoundError:
            continue  # it is gone; her changes still tell what she said
    return found


async def choose(page: Page) -> Response:
    """Show the choices for one institution, one person, one kind, one entry, with what follows from each."""
    asked = await require_fresh(page)
    if asked is not None:
        return asked
    kind, whom, about = _subject_of(page)
    if kind not in await page.app.privacy.decides(page.requester):
        raise RefusedError("decision-hers", "Only she herself decides this. Show her this page.")
    values = await _values(page, kind, whom, about)
    present = await _present(page, kind, whom, about)
    choice = present.choice if present else await _unsaid(page, kind, whom)
    return await frame.show(
        page,
        "my/privacy_choice.html",
        question=page.say(QUESTIONS[kind], **values),
        options=await _options(page, kind, whom, about, values),
        present=choice,
        now=page.say(NOW.get((kind, choice), "")),
        dated=present if present and present.until_at else None,
        action=page.request.url.path,
        whom=whom,
        about=about,
        back=BACK[kind],
        undoable=present if present and present.made_by == maker(page.requester) else None,
    )


async def save(page: Page) -> Response:
    """Keep her choice; it holds when this answers, and what stays as it is changes nothing."""
    kind, whom, about = _subject_of(page)
    asked = await require_fresh(page, f"{HERE}/change/{kind}?{urlencode({'whom': whom, 'about': about})}")
    if asked is not None:
        return asked
    fields = await page.fields()
    if kind is not Kind.INSTITUTION or not page.request.path_params.get("organisation"):
        whom, about = fields.get("whom", ""), fields.get("about", "")
    choice = fields.get("choice", "")
    if not choice:
        raise InvalidInputError("field-missing", "Choose one.")
    begins, ends = day_of(page, fields.get("from", "")), day_of(page, fields.get("until", ""))
    wish = Wish(
        kind,
        _OLD_NAMES.get(choice, choice),
        whom,
        about,
        None if begins is None or begins <= page.now < begins + timedelta(days=1) else begins,
        None if ends is None else ends + timedelta(days=1),
    )
    await page.app.privacy.decide(page.requester, wish)
    return page.go(BACK[kind] + (f"?whom={whom}" if kind in {Kind.CATEGORY, Kind.LABEL} and whom else ""))


def _subject_of(page: Page) -> tuple[Kind, str, str]:
    """Read from the address what is decided: an institution's own page, or any kind by its name."""
    organisation = page.request.path_params.get("organisation")
    if organisation is not None:
        return Kind.INSTITUTION, organisation, ""
    try:
        kind = Kind(page.request.path_params["kind"])
    except ValueError as error:
        raise NotFoundError("no-such-page", "There is no page at this address.") from error
    return kind, asked_for(page, "whom"), asked_for(page, "about")


def asked_for(page: Page, name: str) -> str:
    """Read from the address what is asked for.  InvalidInputError ``field-twice`` when it stands there twice."""
    given = page.request.query_params.getlist(name)
    if len(given) > 1:
        raise InvalidInputError("field-twice", TWICE)
    return given[0] if given else ""


async def _values(page: Page, kind: Kind, whom: str, about: str) -> dict[str, str]:
    """Name what a decision is about; NotFoundError for what she cannot know of."""
    name = page.say(ALL)
    if whom and kind is not Kind.PERSON:
        name = await institution_name(page, whom)
    return {"name": name, "what": await what_in_words(page, kind, whom, about), "days": ""}


async def what_in_words(page: Page, kind: Kind, whom: str, about: str) -> str:
    """Name a category, a label, a person, an entry or a visit; empty for what needs no name."""
    if kind is Kind.CATEGORY and about in {str(int(x)) for x in KINDS_OF_ENTRIES}:
        return page.say(KINDS_OF_ENTRIES[Category(int(about))])
    if kind in {Kind.LABEL, Kind.EMERGENCY_LABEL} and about in {str(int(x)) for x in LABELS}:
        return page.say(LABELS[Closed(int(about))])
    if kind is Kind.PERSON:
        name = (await people_known(page)).get(whom)
        if name is not None:
            return name
    elif kind in {Kind.ENTRY, Kind.VISIT}:
        title = (await titles_of(page)).get(about)
        if title is not None:
            return title.words
    elif KINDS[kind].about == "" and about == "":
        return ""
    raise NotFoundError("nothing-here", "Nothing you may see.")


async def people_known(page: Page) -> dict[str, str]:
    """Name the people she may block: who looked at her record, and whom she blocked before."""
    return (await people_known_of(page))[0]


async def people_known_of(page: Page) -> tuple[dict[str, str], int]:
    """Name them, and count who looked at her record besides."""
    known = {}
    for decision in await page.app.privacy.standing(page.requester):
        if decision.kind is Kind.PERSON:
            staff = await page.app.people.staff(decision.whom)
            known[decision.whom] = staff.name if staff else page.say("Somebody who no longer works there")
    if page.requester.id not in {HERSELF, QUIETLY}:
        return known, 0
    people, total = await page.app.privacy.lookers(page.requester)
    for one in people:
        place = await institution_name(page, one.organisation)
        known.setdefault(one.requester, page.say("%(name)s, %(title)s", name=one.name, title=place))
    return known, total - len(people)


async def institution_name(page: Page, handle: str) -> str:
    """Name an institution in the page's language.  NotFoundError when there is none."""
    found = await page.app.people.organisation(handle)
    return _called(page, found.name, found.name_zh)


def _called(page: Page, name: str, name_zh: str) -> str:
    return name_zh if page.language != DEFAULT and name_zh else name


async def _options(page: Page, kind: Kind, whom: str, about: str, values: Mapping[str, str]) -> list[Option]:
    choices = [choice for known, choice in CHOICES if known is kind]
    refused = await _emergencies_refused(page)
    said = {x: consequence(Wish(kind, x, whom, about), emergencies_refused=refused).keys for x in choices}
    allergy = await _allergy(page) if any("may-not-know" in keys for keys in said.values()) else ""
    return [
        Option(
            choice,
            page.say(CHOICES[kind, choice][0]),
            page.say(CHOICES[kind, choice][1]),
            tuple(consequence_in_words(page, key, {**values, "days": choice}, allergy) for key in said[choice]),
        )
        for choice in choices
    ]


async def _present(page: Page, kind: Kind, whom: str, about: str) -> Decision | None:
    """Return her decision about exactly this that holds now."""
    held = holding(await page.app.privacy.standing(page.requester), page.now)
    return next((x for x in held if (x.kind, x.whom, x.about) == (kind, whom, about)), None)


async def _unsaid(page: Page, kind: Kind, whom: str) -> str:
    """Return what holds while she said nothing about exactly this: what she said about all, else the beginning."""
    held = holding(await page.app.privacy.standing(page.requester), page.now)
    if kind is Kind.INSTITUTION and any((x.kind, x.choice) == (Kind.NEWCOMERS, "ask") for x in held):
        return "refuse"
    for decision in held:
        if whom and KINDS[kind].whom is Whom.EITHER and decision.kind is kind and not decision.whom:
            return decision.choice
    return KINDS[kind].unsaid


async def _emergencies_refused(page: Page) -> bool:
    held = holding(await page.app.privacy.standing(page.requester), page.now)
    return any((x.kind, x.choice) in {(Kind.EMERGENCY, "no"), (Kind.EVERYTHING, "out")} for x in held)


async def _allergy(page: Page) -> str:
    """Name her gravest allergy, read from her own record."""
    opened = await page.app.gate.open(
        page.requester,
        Purpose.PATRQT,
        frozenset({Category.ALLERGIES}),
        resident=await page.resident(),
    )
    if isinstance(opened, Refusal):
        return ""
    summary = await summary_of(page, opened.bodies)
    return allergy_in_words(page, [x.name for x in summary.allergies])


def day_of(page: Page, text: str) -> datetime | None:
    """Read a day of a form as its first moment, where this server stands; None for no day.

    InvalidInputError for what is no day, and for one so far away that no decision lasts until then.
    """
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError("dates-form", "This is not a day. Choose it in the calendar.") from error
    if found.year > page.today.year + YEARS_AHEAD_MAX:
        raise InvalidInputError("dates-far", "This day is too far away. Choose an earlier one, or none.")
    return datetime.combine(found, time(), page.now.astimezone().tzinfo)


def _counts(held: list[Decision]) -> dict[str, int]:
    """Count what she closed, section by section."""
    closed = [x for x in held if x.choice not in {"show", "allow"}]
    return {
        "people": sum(x.kind is Kind.PERSON for x in closed),
        "kinds": sum(x.kind is Kind.CATEGORY and x.choice == "close" for x in closed),
        "sensitive": sum(x.kind is Kind.LABEL and x.choice == "open" for x in closed),
        "entries": sum(x.kind in {Kind.ENTRY, Kind.VISIT} for x in closed),
    }
