"""Her two words: typed to open her pages, set and taken away on a page of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.disclosure.decisions import HERSELF, QUIETLY
from carecode.kernel.errors import RefusedError
from carecode.web import sessions
from carecode.web.my import frame, whose
from carecode.web.page import field
from carecode.web.stepup import require_fresh

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page

HERE: Final = "/my/privacy/words"


async def unlock(page: Page) -> Response:
    """Take a word; the second one opens her pages quietly, and nothing shows which it was."""
    fields = await page.fields()
    then = sessions.local_path(fields.get("then", ""), "my")
    try:
        resident = (await page.resident()).id
        await page.app.quiet.unlock(resident, whose.token(page), field(fields, "word"), page.now, page.peer)
    except RefusedError as error:
        if error.code != "word-wrong":
            raise
        return await whose.ask(page, then, wrong=True)
    return page.go(then)


async def forgotten(page: Page) -> Response:
    """Take her words away for who has just come with a desk's eight digits: it saw her document."""
    if not await whose.came_from_a_desk(page):
        raise RefusedError("desk-first", "Ask a desk for eight digits first. It looks at your ID card.")
    await page.app.quiet.remove_words(page.requester)
    return page.go("/my/privacy")


async def lock(page: Page) -> Response:
    """Close her pages now; a word opens them again."""
    await page.app.quiet.lock(whose.token(page))
    return page.go("/my")


async def show(page: Page) -> Response:
    """Show what two words are for, and what they cannot do; to herself only, whoever acts for her."""
    if page.requester.id not in {HERSELF, QUIETLY}:
        raise RefusedError("herself-only", "Only she herself may see and change this.")
    asked = await require_fresh(page)
    if asked is not None:
        return asked
    is_set = await page.app.quiet.is_set((await page.resident()).id)
    return await frame.show(page, "my/words_set.html", is_set=is_set)


async def save(page: Page) -> Response:
    """Set both words, or take them away."""
    asked = await require_fresh(page, HERE)
    if asked is not None:
        return asked
    fields = await page.fields()
    if fields.get("do") == "remove":
        await page.app.quiet.remove_words(page.requester)
    else:
        await page.app.quiet.set_words(page.requester, field(fields, "word"), field(fields, "quiet"))
        await page.app.quiet.unlock(
            (await page.resident()).id, whose.token(page), field(fields, "word"), page.now, page.peer
        )
    return page.go("/my/privacy")
