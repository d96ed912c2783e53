"""The people of her log, as they are called in the language of the page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from carecode.web.language import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecode.disclosure.privacy import Look
    from carecode.web.page import Page


async def in_her_language(page: Page, looks: Sequence[Look]) -> list[Look]:
    """Give names and titles of staff in Chinese on a Chinese page, as long as the log says what is stored.

    For showing only: the hash of such an entry is that of the English one.
    """
    if page.language == DEFAULT:
        return list(looks)
    known = await page.app.people.names(x.entry.requester for x in looks if x.organisation is not None)
    told = []
    for look in looks:
        names = known.get(look.entry.requester) if look.organisation is not None else None
        if names is None:
            told.append(look)
            continue
        name, title = names.chinese(look.entry.requester_name, look.entry.requester_title)
        told.append(replace(look, entry=replace(look.entry, requester_name=name, requester_title=title)))
    return told
