"""Lists of what she decided: people, kinds, sensitive things, entries, hospitals, and every change with its undo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from uuid import UUID

from carecode.disclosure.choices import KINDS, Kind, Whom
from carecode.disclosure.decisions import BY_QUIET, HERSELF, holding, maker
from carecode.kernel.errors import CareCodeError, InvalidInputError, NotFoundError, RefusedError
from carecode.web.language import mark
from carecode.web.my import frame
from carecode.web.my.deciding import ALL, CHOICES, LABELS, QUESTIONS
from carecode.web.my.privacy import HERE, asked_for, institution_name, others_decided, people_known_of, what_in_words
from carecode.web.my.titles import titles_of
from carecode.web.page import field
from carecode.web.said import KINDS_OF_ENTRIES
from carecode.web.stepup import require_fresh

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from starlette.responses import Response

    from carecode.disclosure.decisions import Decision
    from carecode.web.my.titles import Title
    from carecode.web.page import Page

CHANGES: Final = f"{HERE}/changes"
SHOWN_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One thing she can decide, as it is now."""

    name: str
    now: str
    address: str
    below: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One decision of her history in words."""

    decision: Decision
    question: str
    choice: str
    by: str
    undoable: bool


async def section(page: Page) -> Response:
    """Show one list."""
    try:
        title, lead, rows_of = _SECTIONS[page.request.path_params["section"]]
    except KeyError as error:
        raise NotFoundError("no-such-page", "There is no page at this address.") from error
    held = holding(await page.app.privacy.standing(page.requester), page.now)
    groups = await rows_of(page, held)
    whom = asked_for(page, "whom")
    chips = await _chips(page, whom) if title in {_KINDS_TITLE, _SENSITIVE_TITLE} else ()
    return await frame.show(
        page, "my/privacy_list.html", title=page.say(title), lead=page.say(lead), groups=groups, chips=chips
    )


async def changes(page: Page) -> Response:
    """List every decision ever made, newest first, each that stands with its undo."""
    history = (await page.app.privacy.history(page.requester))[:SHOWN_MAX]
    titles = await _titles(page) if any(x.kind in {Kind.ENTRY, Kind.VISIT} for x in history) else {}
    shown = [await _change(page, one, titles) for one in history]
    return await frame.show(page, "my/privacy_changes.html", changes=shown)


async def undo(page: Page) -> Response:
    """Take a decision back; what it had replaced holds again."""
    asked = await require_fresh(page, CHANGES)
    if asked is not None:
        return asked
    try:
        number = UUID(field(await page.fields(), "decision"))
    except ValueError as error:
        raise InvalidInputError(
            "request-form", "The page sent something that cannot be used. Open it again."
        ) from error
    await page.app.privacy.undo(page.requester, number)
    return page.go(CHANGES)


async def _change(page: Page, one: Decision, titles: Mapping[str, Title]) -> Change:
    if one.kind in {Kind.ENTRY, Kind.VISIT}:
        what = titles[one.about].words if one.about in titles else page.say(_GONE)
    elif one.kind is Kind.PERSON:
        staff = await page.app.people.staff(one.whom)
        what = staff.name if staff else page.say(_GONE_PERSON)
    else:
        try:
            what = await what_in_words(page, one.kind, one.whom, one.about)
        except NotFoundError:
            what = page.say(_UNNAMED)  # decided before it was no longer offered
    name = page.say(ALL)
    if one.whom and one.kind is not Kind.PERSON:
        try:
            name = await institution_name(page, one.whom)
        except CareCodeError:
            name = one.whom  # it no longer takes part
    words = CHOICES.get((one.kind, one.choice))
    choice = page.say(words[0]) if words else page.say(_DAYS, days=one.choice)
    by = "" if page.requester.id != HERSELF or one.made_by in {"self", BY_QUIET} else page.say(_FOR_YOU)
    return Change(
        one,
        page.say(QUESTIONS[one.kind], name=name, what=what),
        choice,
        by,
        one.ended_at is None and (page.requester.id == HERSELF or one.made_by == maker(page.requester)),
    )


async def _titles(page: Page) -> dict[str, Title]:
    """Name what can be named: a record that is closed to this reader takes no list down."""
    try:
        return await titles_of(page)
    except RefusedError:
        return {}


_UNNAMED: Final = mark("other information")
_GONE: Final = mark("an entry that is no longer there")
_GONE_PERSON: Final = mark("Somebody who no longer works there")
_DAYS: Final = mark("%(days)s days")
_FOR_YOU: Final = mark("Somebody who acts for you chose this.")


def _address(kind: Kind, whom: str = "", about: str = "") -> str:
    query = urlencode({name: value for name, value in (("whom", whom), ("about", about)) if value})
    return f"{HERE}/change/{kind}{'?' if query else ''}{query}"


def _choice_of(page: Page, held: Sequence[Decision], kind: Kind, whom: str = "", about: str = "") -> str:
    """Say what holds: what was said about exactly this, else about all, else the beginning."""
    found = {(x.whom, x.about): x.choice for x in held if x.kind is kind}
    general = found.get(("", about)) if KINDS[kind].whom is Whom.EITHER else None
    choice = found.get((whom, about)) or general or KINDS[kind].unsaid
    words = CHOICES.get((kind, choice))
    return page.say(words[0]) if words else page.say(_DAYS, days=choice)


async def _people(page: Page, held: Sequence[Decision]) -> list[tuple[str, list[Row]]]:
    known, unnamed = await people_known_of(page)
    rows = [
        Row(name, _choice_of(page, held, Kind.PERSON, staff), _address(Kind.PERSON, staff))
        for staff, name in known.items()
    ]
    return [(page.say(_UNNAMED_PEOPLE, count=unnamed) if unnamed else "", rows)]


_UNNAMED_PEOPLE: Final = mark("Who looked last stands here; %(count)s who looked before stand under Who looked.")


async def _kinds(page: Page, held: Sequence[Decision]) -> list[tuple[str, list[Row]]]:
    whom = asked_for(page, "whom")
    rows = [
        Row(
            page.say(words)[:1].upper() + page.say(words)[1:],
            _choice_of(page, held, Kind.CATEGORY, whom, str(int(category))),
            _address(Kind.CATEGORY, whom, str(int(category))),
        )
        for category, words in KINDS_OF_ENTRIES.items()
    ]
    return [("", rows)]


async def _sensitive(page: Page, held: Sequence[Decision]) -> list[tuple[str, list[Row]]]:
    whom = asked_for(page, "whom")
    groups = []
    for kind, heading in ((Kind.LABEL, _IN_TREATMENT), (Kind.EMERGENCY_LABEL, _IN_EMERGENCIES)):
        to = whom if kind is Kind.LABEL else ""
        rows = [
            Row(
                page.say(words)[:1].upper() + page.say(words)[1:],
                _choice_of(page, held, kind, to, str(int(label))),
                _address(kind, to, str(int(label))),
            )
            for label, words in LABELS.items()
        ]
        groups.append((page.say(heading), rows))
    return groups if not whom else groups[:1]


_IN_TREATMENT: Final = mark("May doctors see it when you show your code?")
_IN_EMERGENCIES: Final = mark("May an emergency open it?")


async def _entries(page: Page, held: Sequence[Decision]) -> list[tuple[str, list[Row]]]:
    closed = [x for x in held if x.kind in {Kind.ENTRY, Kind.VISIT} and x.choice != "show"]
    titles = await _titles(page) if closed else {}
    rows = [
        Row(
            titles[x.about].words if x.about in titles else page.say(_GONE),
            _choice_of(page, held, x.kind, "", x.about),
            _address(x.kind, "", x.about),
            titles[x.about].source if x.about in titles else "",
        )
        for x in closed
    ]
    return [("", rows)]


async def _hospitals(page: Page, held: Sequence[Decision]) -> list[tuple[str, list[Row]]]:
    """How long each may look, and whether others see what it writes."""
    window = [Row(page.say(_EVERY), _choice_of(page, held, Kind.WINDOW), _address(Kind.WINDOW))]
    keep = []
    for handle in await _handles(page, Kind.WINDOW, Kind.KEEP):
        name = await institution_name(page, handle)
        window.append(Row(name, _choice_of(page, held, Kind.WINDOW, handle), _address(Kind.WINDOW, handle)))
        keep.append(Row(name, _choice_of(page, held, Kind.KEEP, handle), _address(Kind.KEEP, handle)))
    return [(page.say(_HOW_LONG), window), (page.say(_WHO_SEES), keep)]


_EVERY: Final = mark("Every hospital")
_HOW_LONG: Final = mark("How long may it look after you show your code?")
_WHO_SEES: Final = mark("Who sees what it writes from now on?")


async def _taking_part(page: Page, held: Sequence[Decision]) -> list[tuple[str, list[Row]]]:
    rows = [
        Row(page.say(QUESTIONS[kind]), _choice_of(page, held, kind), _address(kind))
        for kind in (Kind.EXCHANGE, Kind.STATISTICS, Kind.EVERYTHING)
    ]
    return [("", rows)]


async def _handles(page: Page, *kinds: Kind) -> list[str]:
    """Name the hospitals, and whatever else a decision of these kinds stands about."""
    hospitals = [x.organisation.handle for x in await page.app.privacy.institutions(page.requester)]
    return [*hospitals, *(x.handle for x in await others_decided(page, *kinds))]


async def _chips(page: Page, whom: str) -> list[tuple[str, str, bool]]:
    here = page.request.url.path
    return [
        (here, page.say(_EVERY), not whom),
        *[
            (f"{here}?whom={handle}", await institution_name(page, handle), whom == handle)
            for handle in await _handles(page, Kind.CATEGORY, Kind.LABEL)
        ],
    ]


_KINDS_TITLE: Final = mark("Which kinds of information may be seen?")
_SENSITIVE_TITLE: Final = mark("What is sensitive")
_SECTIONS: Final[
    Mapping[str, tuple[str, str, Callable[[Page, Sequence[Decision]], Awaitable[list[tuple[str, list[Row]]]]]]]
] = {
    "people": (
        mark("Which people may see nothing?"),
        mark("Here stand the people who looked lately. Whom you block sees nothing of yours, in emergencies too."),
        _people,
    ),
    "kinds": (_KINDS_TITLE, mark("Close a kind, and it looks as if there were none of it."), _kinds),
    "sensitive": (
        _SENSITIVE_TITLE,
        mark("All of this is closed until you say yes: results, medicines and letters about it too."),
        _sensitive,
    ),
    "entries": (
        mark("What you locked or hid"),
        mark("Only you see this list. To lock or hide something, open it in your record."),
        _entries,
    ),
    "hospitals": (
        mark("How long, and who else"),
        mark("A hospital may look for four hours after you show your code, unless you choose longer here."),
        _hospitals,
    ),
    "taking-part": (
        mark("Do you take part?"),
        mark("You may leave at any time, and come back. You are treated the same."),
        _taking_part,
    ),
}
