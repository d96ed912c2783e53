"""The staff of an institution, and inviting one of them, by its officer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.disclosure.staffing import in_force
from carecode.kernel.vocabulary import Role
from carecode.web.arriving import doors
from carecode.web.language import mark
from carecode.web.page import field
from carecode.web.stepup import require_fresh

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page

ROLES = {
    Role.DESK: mark("front desk"),
    Role.CLINICIAN: mark("doctor"),
    Role.CASHIER: mark("cashier"),
    Role.STEWARD: mark("index steward"),
    Role.OFFICER: mark("privacy officer"),
    Role.INTEGRATOR: mark("hospital IT"),
    Role.OPERATOR: mark("operator"),
}


async def show(page: Page) -> Response:
    """List the staff of the officer's own institution."""
    return await _show(page)


async def invite(page: Page) -> Response:
    """Make an invitation, once the officer proved that it is she; shown once."""
    asked = await require_fresh(page)
    if asked is not None:
        return asked
    staff = field(await page.fields(), "staff")
    token = await doors(page).staffing.invite_by(page.requester, staff, page.now)
    url = page.request.url
    return await _show(page, f"{url.scheme}://{url.netloc}/signin/invite#{token}", staff)


async def _show(page: Page, link: str = "", invited: str = "") -> Response:
    members = await doors(page).staffing.listed(page.requester.organisation)
    shown = [member for member in members if member.active and member.role in ROLES]
    return page.render(
        "front/team.html",
        place=await page.place(),
        members=[(member, page.say(ROLES[member.role]), in_force(member, page.now)) for member in shown],
        link=link,
        invited=invited,
    )
