"""What every page of a resident needs: who she is, for whom she acts, and where she may go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.disclosure.decisions import HERSELF, QUIETLY
from carecode.web.language import DEFAULT, mark
from carecode.web.my import whose

if TYPE_CHECKING:
    from starlette.responses import HTMLResponse

    from carecode.disclosure.delegationbook import Acting
    from carecode.web.page import Page

# (address, icon, word) of the bar
CODE: Final = ("/my", "code", mark("Code"))
RECORD: Final = ("/my/record", "record", mark("Record"))
WHO_LOOKED: Final = ("/my/who-looked", "eye", mark("Who looked"))
PRIVACY: Final = ("/my/privacy", "shield", mark("Privacy"))


async def show(page: Page, template: str, **values: object) -> HTMLResponse:
    """Show one of her pages, with her name on top; while she acts for somebody, with the way back."""
    person = await page.app.index.card(await page.resident())
    acting = await _acting(page)
    acts_for = ""
    if acting is not None:
        subject = await page.app.index.card(acting.subject)
        acts_for = subject.name_latin if page.language == DEFAULT and subject.name_latin else subject.name
    return page.render(
        template,
        person=person,
        acts_for=acts_for,
        own_page=page.requester.id == HERSELF,
        tabs=[CODE, RECORD, *_more(acting)],
        **values,
    )


def may_look(acting: Acting | None) -> bool:
    """Tell whether who looked may be shown: to herself, and to who decides for her and sees everything."""
    return acting is None or (acting.may_decide and acting.sees_all)


def _more(acting: Acting | None) -> list[tuple[str, str, str]]:
    """Choose the tabs that open for her; the rest would answer that only the other person herself may."""
    decides = acting is None or acting.may_decide
    return [*([WHO_LOOKED] if may_look(acting) else []), *([PRIVACY] if decides else [])]


async def _acting(page: Page) -> Acting | None:
    """Return for whom this browser shows the pages; those of her own code and phones are always hers."""
    if page.requester.id == QUIETLY:
        return None
    if page.requester.id != HERSELF:
        return await page.app.delegations.acting_as(page.requester, page.now)
    if whose.COOKIE not in page.request.cookies:
        return None
    seen = await page.app.quiet.seen(page.requester, whose.token(page), page.now)
    return await whose.acting_of(page) if seen is not None and seen.id == HERSELF else None
