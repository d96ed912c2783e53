"""The site map: one line per page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.routing import Mount

from carecode.kernel.errors import NotFoundError
from carecode.web import sessions
from carecode.web.cashier import pay
from carecode.web.clinic import open as clinic
from carecode.web.desk import checkin
from carecode.web.desk import enrol as desk_enrol
from carecode.web.front import developers, doors, signin
from carecode.web.my import code, enrol, looked, privacy, record
from carecode.web.page import route
from carecode.web.rendering import STATIC, Files, static

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from carecode.web.doors import App
    from carecode.web.page import Page


# addresses that only take forms: whoever opens one again comes back to its area
FORMS: Final = (
    "/desk/scan",
    "/desk/find",
    "/desk/number",
    "/clinic/open",
    "/cashier/scan",
    "/cashier/charge",
    "/cashier/pay",
)


def routes(app: App) -> list[BaseRoute]:
    """List every page.  Raises UnavailableError when the pages' files are not built."""
    static("built/govuk.css")
    return [
        Mount("/static", Files(directory=STATIC), name="static"),
        route(app, "/", doors.show),
        route(app, "/developers", developers.show),
        route(app, "/signin/{token}", signin.redeem),
        *(route(app, f"/{area}/sign-out", signin.sign_out, area=area, method="POST") for area in sessions.AREAS),
        route(app, "/my", code.show, area="my"),
        route(app, "/my/news", code.news, area="my"),
        route(app, "/my/enrol", enrol.form),
        route(app, "/my/enrol", enrol.redeem, method="POST"),
        route(app, "/my/phone", enrol.phone, area="my"),
        route(app, "/my/device", enrol.register, area="my", method="POST"),
        route(app, "/my/device/batch", enrol.refill, area="my", method="POST"),
        route(app, "/my/record", record.show, area="my"),
        route(app, "/my/record/result", record.result, area="my"),
        route(app, "/my/who-looked", looked.show, area="my"),
        route(app, "/my/privacy", privacy.show, area="my"),
        route(app, "/my/privacy/{organisation}", privacy.choose, area="my"),
        route(app, "/my/privacy/{organisation}", privacy.save, area="my", method="POST"),
        route(app, "/desk", checkin.show, area="desk"),
        route(app, "/desk/scan", checkin.scan, area="desk", method="POST"),
        route(app, "/desk/find", checkin.find, area="desk", method="POST"),
        route(app, "/desk/number", checkin.number, area="desk", method="POST"),
        route(app, "/desk/enrol", desk_enrol.form, area="desk"),
        route(app, "/desk/enrol", desk_enrol.enrol, area="desk", method="POST"),
        route(app, "/clinic", clinic.show, area="clinic"),
        route(app, "/clinic/record", clinic.reopen, area="clinic"),
        route(app, "/clinic/open", clinic.open_record, area="clinic", method="POST"),
        route(app, "/cashier", pay.show, area="cashier"),
        route(app, "/cashier/scan", pay.scan, area="cashier", method="POST"),
        route(app, "/cashier/charge", pay.charge, area="cashier", method="POST"),
        route(app, "/cashier/pay", pay.pay, area="cashier", method="POST"),
        *(route(app, path, _back) for path in FORMS),
        route(app, "/{path:path}", _nothing),
    ]


async def _back(page: Page) -> Response:
    """Go to the area that a form belongs to."""
    return page.go("/" + page.request.url.path.split("/")[1])


async def _nothing(page: Page) -> Response:
    """Answer every other address."""
    raise NotFoundError("no-such-page", page.say("There is no page at this address."))
