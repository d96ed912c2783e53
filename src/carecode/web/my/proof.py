"""What her own device checks "Who looked" with: everything that is hashed, and the signed public log."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page


async def show(page: Page) -> Response:
    """Give her list as it is hashed, in words only where the page itself tells it, and the proof of its length."""
    looks = await page.app.privacy.who_looked(page.requester, own=True)
    return page.answer(await page.app.proofs.of(await page.resident(), [look.entry for look in looks]))
