"""What her own device checks "Who looked" with: everything that is hashed, and the signed public log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from carecode.audit.log import ENTRIES_MAX
from carecode.audit.proofs import bare
from carecode.web.my.looked import asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.responses import Response

    from carecode.audit.log import Entry
    from carecode.web.page import Page


async def show(page: Page) -> Response:
    """Give her list as it is hashed, and the proof of its length.

    In words is given what she is told of it, from the newest down to the last line of the page she has open, so
    that each of them is tied to the one before; of what is older the numbers.
    """
    told = [x.entry for x in await page.app.privacy.who_looked(page.requester, own=True, limit=ENTRIES_MAX)]
    own, kind, upto = asked(page)
    if upto is not None:
        leaf = await page.app.privacy.page(page.requester, own=own, kind=kind, upto=upto)
        if leaf.earlier:
            last = leaf.looks[-1].entry
            told = [x for x in told if (x.at, x.seq) >= (last.at, last.seq)]
    proof = await page.app.proofs.of(await page.resident(), told)
    return page.answer(proof if proof["whole"] else {**proof, "entries": _begun(proof["entries"], told)})


def _begun(given: Sequence[dict[str, Any]], told: Sequence[Entry]) -> list[dict[str, Any]]:
    """Give the oldest of each list without words: what it is tied to is not given, so they prove nothing."""
    known = {str(x.receipt): x for x in told}
    oldest = {one["resident"]: place for place, one in enumerate(given)}  # newest first: the last one stays
    ends = {place for place in oldest.values() if given[place]["seq"] > 1 and "form" in given[place]}
    return [bare(known[one["receipt"]]) if place in ends else one for place, one in enumerate(given)]
