"""The first page: what CareCode is, a visit to play through on demo data, and the doors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.web.language import mark

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page

# (what happens, who does it, whose sign-in link or address)
STEPS: Final = (
    (mark("Show your code"), mark("resident"), "@resident"),
    (mark("Scan it at the desk"), mark("front desk"), "@desk"),
    (mark("Open the record"), mark("doctor"), "@doctor"),
    (mark("See that she looked"), mark("resident"), "/my/who-looked"),
    (mark("Pay at the cashier"), mark("cashier"), "@cashier"),
    (mark("Take access back"), mark("resident"), "/my/privacy"),
)
# (icon, name, what it is for, address, whose sign-in link); no address: not built yet
DOORS: Final = (
    ("enter", mark("Front desk"), mark("Check in, register, give a number"), "/desk", "@desk"),
    ("record", mark("Clinic"), mark("Open a summary with a code"), "/clinic", "@doctor"),
    ("card", mark("Cashier"), mark("Bills and receipts"), "/cashier", "@cashier"),
    ("brackets", mark("Developers"), mark("FHIR, a town to test with"), "/developers", ""),
    ("circles", mark("Index steward"), mark("Two entries: one person or two?"), "/steward", "@steward"),
    ("scales", mark("Privacy officer"), mark("Emergencies and court orders"), "/officer", "@officer"),
    ("plug", mark("Hospital IT"), mark("Connect a system, mend a feed"), "", ""),
    ("chart", mark("Public health"), mark("Numbers about towns, never people"), "", ""),
    ("gauge", mark("Operator"), mark("Nodes, back-ups, the log"), "", ""),
)


async def show(page: Page) -> Response:
    """Show the doors; on demo data each opens signed in."""
    links = await page.app.demo_links.current(page.now)
    return page.render("front/doors.html", links=links, steps=STEPS, doors=DOORS)
