"""Who looked: every entry about her, by day, in words, page after page."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from carecode.disclosure.privacy import LOOKS_MAX
from carecode.web.language import mark
from carecode.web.my import frame, report
from carecode.web.my.named import in_her_language
from carecode.web.my.sentences import COMPUTERS, PEOPLE, in_words

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.disclosure.privacy import Leaf
    from carecode.web.page import Page

HERE: Final = "/my/who-looked"
FILTERS: Final = (("", mark("All")), (PEOPLE, mark("People")), (COMPUTERS, mark("Computers")))
_NUMBER: Final = re.compile("[1-9][0-9]{0,14}")


async def show(page: Page) -> Response:
    """List the looks, newest first; her own are counted and shown on wish."""
    own, chosen, upto = asked(page)
    leaf = await page.app.privacy.page(page.requester, own=own, kind=chosen, upto=upto)
    looks = await in_her_language(page, leaf.looks)
    broken = await page.app.privacy.first_broken(page.requester)
    known = {x.handle: x for x in await page.app.people.organisations()}
    told = [(x.entry, in_words(page, x, known), x.organisation is None) for x in looks]
    days = [(day, list(same)) for day, same in groupby(told, key=lambda x: x[0].at.astimezone().date())]
    return await frame.show(
        page,
        "my/looked.html",
        days=days,
        notices=await report.notices(page),
        orders=await report.orders(page),
        reports=await report.reports(page),
        chosen=chosen,
        filters=FILTERS,
        own=own,
        broken=broken is not None,
        leaf=leaf,
        addresses=_addresses(leaf, own=own, kind=chosen),
        tally=await page.app.privacy.tally(page.requester),
    )


def asked(page: Page) -> tuple[bool, str, int | None]:
    """Read from the address which lines she wants: her own too, of which kind, up to which number."""
    query = page.request.query_params
    kind, upto = query.get("kind", ""), query.get("upto", "")
    return (
        query.get("own") == "1",
        kind if kind in {PEOPLE, COMPUTERS} else "",
        int(upto) if _NUMBER.fullmatch(upto) else None,
    )


def _addresses(leaf: Leaf, *, own: bool, kind: str) -> dict[str, str]:
    """Give the addresses of the pages beside this one, and of what a device checks this one with.

    Lines are numbered from the oldest, so that a page stays what it is while new ones are written.
    """
    here = leaf.total - leaf.later
    above = here + LOOKS_MAX
    return {
        "earlier": _address(HERE, own=own, kind=kind, upto=leaf.earlier) if leaf.earlier else "",
        "later": _address(HERE, own=own, kind=kind, upto=above if above < leaf.total else None) if leaf.later else "",
        "proof": _address(f"{HERE}/proof", own=own, kind=kind, upto=here) if leaf.earlier else f"{HERE}/proof",
    }


def _address(path: str, *, own: bool, kind: str, upto: int | None) -> str:
    query = ({"own": 1} if own else {}) | ({"kind": kind} if kind else {}) | ({"upto": upto} if upto else {})
    return f"{path}?{urlencode(query)}" if query else path
