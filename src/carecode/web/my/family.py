"""Family: who acts for her, for whom she acts, and as whom this browser shows the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.disclosure.decisions import HERSELF, QUIETLY
from carecode.disclosure.delegationbook import GUARDIAN, Delegation, Scope
from carecode.kernel.errors import InvalidInputError, RefusedError
from carecode.kernel.vocabulary import NOTHING_CLOSED, SENSITIVE, Category
from carecode.web.language import DEFAULT
from carecode.web.my import frame, whose
from carecode.web.my.privacy import day_of
from carecode.web.page import field
from carecode.web.said import KINDS_OF_ENTRIES
from carecode.web.stepup import require_fresh

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from starlette.responses import Response

    from carecode.identity.person import Person
    from carecode.kernel.vocabulary import Resident, ResidentId
    from carecode.web.page import Page

HERE: Final = "/my/family"


@dataclass(frozen=True, slots=True)
class Member:
    """One person of the page: her name, and the delegation that ties her to whom the page is about."""

    name: str
    age: int | None
    delegation: Delegation
    holds: bool
    shown: bool = False  # her pages are shown in this browser now

    @property
    def guardian(self) -> bool:
        """Tell whether it is a guardianship."""
        return self.delegation.kind == GUARDIAN


async def show(page: Page) -> Response:
    """List who acts for her and for whom she acts; a code just made stands on top."""
    return await _list(page, "")


async def offer(page: Page) -> Response:
    """Make a code with which somebody else may ask her to act."""
    me = await _myself(page)
    return await _list(page, await page.app.delegations.codes.offer(me.id, page.now))


async def invite(page: Page) -> Response:
    """Show whose code was typed, and what that person may then see and do, before she saves."""
    asked = await require_fresh(page, HERE)
    if asked is not None:
        return asked
    code = field(await page.fields(), "code")
    delegate = await page.app.delegations.offered(page.requester, code, page.now, page.peer)
    name = _name(page, await page.app.index.card(delegate))
    kinds = [(int(x), page.say(words)) for x, words in KINDS_OF_ENTRIES.items()]
    return await frame.show(page, "my/family_invite.html", name=name, code=code, kinds=kinds)


async def grant(page: Page) -> Response:
    """Ask that person to act for her."""
    asked = await require_fresh(page, HERE)
    if asked is not None:
        return asked
    fields = await page.fields()
    until = _last_day(page, fields.get("until", ""))
    await page.app.delegations.grant(
        page.requester, field(fields, "code"), _scope(fields), page.now, until=until, peer=page.peer
    )
    return page.go(HERE)


async def end(page: Page) -> Response:
    """End what somebody may do for her; it holds when this answers."""
    asked = await require_fresh(page, HERE)
    if asked is not None:
        return asked
    await page.app.delegations.end(page.requester, await _chosen(page), page.now)
    return page.go(HERE)


async def accept(page: Page) -> Response:
    """Begin to act for somebody who asked."""
    await page.app.delegations.accept((await _myself(page)).id, await _chosen(page), page.now)
    return page.go(HERE)


async def stop(page: Page) -> Response:
    """Stop acting for somebody, or say no to who asked."""
    await page.app.delegations.stop((await _myself(page)).id, await _chosen(page), page.now)
    return whose.choose(page.go(HERE), page, None)


async def switch(page: Page) -> Response:
    """Show another person's pages in this browser, or her own again."""
    number = (await page.fields()).get("delegation", "")
    return whose.choose(page.go("/my/record" if number else HERE), page, _uuid(number) if number else None)


async def _list(page: Page, code: str) -> Response:
    me = await _myself(page)
    quiet = page.requester.id == QUIETLY
    shown = page.requester.resident
    mine = page.requester.id == HERSELF
    helpers = [
        await _member(page, x.delegate, x)
        for x in (await page.app.delegations.by_whom(page.requester, page.now) if mine else ())
    ]
    helped = [await _member(page, x.subject, x) for x in await page.app.delegations.for_whom(me.id, page.now)]
    return await frame.show(
        page,
        "my/family.html",
        helpers=[x for x in helpers if x is not None],
        helped=[] if quiet else [x for x in helped if x is not None],
        code=f"{code[:4]} {code[4:]}" if code else "",
        me=_name(page, await page.app.index.card(me)),
        acting=shown != me.id,
    )


async def _member(page: Page, person: ResidentId, one: Delegation) -> Member | None:
    """Name the other person of a delegation; what is asked for shows a name only, no age."""
    resident = await page.app.index.by_id(person)
    if resident is None:
        return None
    card = await page.app.index.card(resident)
    age = page.age(card.birth_date) if card.birth_date and one.kind == GUARDIAN else None
    shown = page.requester.id not in {HERSELF, QUIETLY} and page.requester.resident == person
    return Member(_name(page, card), age, one, one.holds(page.now), shown)


async def _myself(page: Page) -> Resident:
    """Return who is signed in, whomever the page is about."""
    session = await page.app.sessions.session(whose.token(page), page.now)
    resident = await page.app.index.by_id(session.resident) if session and session.resident else None
    if resident is None:
        raise RefusedError("not-a-resident", "This page is for residents.")
    return resident


def _name(page: Page, card: Person) -> str:
    return card.name_latin if page.language == DEFAULT and card.name_latin else card.name


def _scope(fields: Mapping[str, str]) -> Scope:
    """Read the scope of a form: which kinds, sensitive or not, deciding, showing her code."""
    kinds = {category for category in KINDS_OF_ENTRIES if fields.get(f"kind-{int(category)}") == "yes"}
    return Scope(
        frozenset(kinds | {Category.DEMOGRAPHICS}) if kinds else frozenset(),
        SENSITIVE if fields.get("sensitive") == "yes" else NOTHING_CLOSED,
        may_decide=fields.get("decide") == "yes",
        may_show_code=fields.get("show-code") == "yes",
    )


async def _chosen(page: Page) -> UUID:
    return _uuid(field(await page.fields(), "delegation"))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInputError(
            "request-form", "The page sent something that cannot be used. Open it again."
        ) from error


def _last_day(page: Page, text: str) -> datetime | None:
    """Read the last day of a form as the moment after it."""
    day = day_of(page, text)
    return None if day is None else day + timedelta(days=1)
