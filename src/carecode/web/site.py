"""The site map: one line per page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from starlette.routing import Mount

from carecode.kernel.errors import NotFoundError
from carecode.web import sessions
from carecode.web.cashier import pay
from carecode.web.clinic import emergency
from carecode.web.clinic import open as clinic
from carecode.web.desk import checkin, recover
from carecode.web.desk import enrol as desk_enrol
from carecode.web.desk import routes as desk_routes
from carecode.web.front import confirm, developers, doors, invited, lock, places, provider, signin, team
from carecode.web.front.refusals import spoken
from carecode.web.my import (
    code,
    decided,
    devices,
    enrol,
    entries,
    export,
    family,
    looked,
    privacy,
    proof,
    record,
    report,
    whose,
    word,
)
from carecode.web.officer import orders, queue
from carecode.web.page import route
from carecode.web.rendering import STATIC, Files, static
from carecode.web.steward import routes as steward_routes

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
    "/desk/cancel-phones",
    "/clinic/emergency/find",
    "/clinic/emergency/end",
    "/clinic/emergency/attest",
    "/officer/items/{item}/who",
    "/officer/items/{item}/decide",
    "/officer/items/{item}/approve",
    "/officer/items/{item}/refuse",
    "/officer/orders/{order}/release",
    *desk_routes.FORMS,
    *steward_routes.FORMS,
)


def routes(app: App) -> list[BaseRoute]:
    """List every page.  Raises UnavailableError when the pages' files are not built."""
    static("built/govuk.css")
    return [
        Mount("/static", Files(directory=STATIC), name="static"),
        route(app, "/", doors.show),
        route(app, "/developers", developers.show),
        *_sign_in(app),
        route(app, "/signin/{token}", signin.redeem),
        *(route(app, f"/{area}/sign-out", signin.sign_out, area=area, method="POST") for area in sessions.AREAS),
        route(app, "/my", code.show, area="my"),
        route(app, "/my/news", code.news, area="my"),
        route(app, "/my/enrol", enrol.form),
        route(app, "/my/enrol", enrol.redeem, method="POST"),
        route(app, "/my/phone", enrol.phone, area="my"),
        route(app, "/my/device", enrol.register, area="my", method="POST"),
        route(app, "/my/device/batch", enrol.refill, area="my", method="POST"),
        route(app, "/my/who-looked", whose.seen(looked.show), area="my"),
        route(app, "/my/who-looked/proof", whose.seen(proof.show), area="my"),
        *_hers(app),
        route(app, "/desk", checkin.show, area="desk"),
        route(app, "/desk/scan", checkin.scan, area="desk", method="POST"),
        route(app, "/desk/find", checkin.find, area="desk", method="POST"),
        route(app, "/desk/number", checkin.number, area="desk", method="POST"),
        route(app, "/desk/enrol", desk_enrol.form, area="desk"),
        route(app, "/desk/enrol", desk_enrol.enrol, area="desk", method="POST"),
        route(app, "/clinic", clinic.show, area="clinic"),
        route(app, "/clinic/record", clinic.reopen, area="clinic"),
        route(app, "/clinic/open", clinic.open_record, area="clinic", method="POST"),
        *desk_routes.routes(app),
        *steward_routes.routes(app),
        *_second_persons(app),
        route(app, "/cashier", pay.show, area="cashier"),
        route(app, "/cashier/scan", pay.scan, area="cashier", method="POST"),
        route(app, "/cashier/charge", pay.charge, area="cashier", method="POST"),
        route(app, "/cashier/pay", pay.pay, area="cashier", method="POST"),
        *(route(app, path, _back) for path in FORMS),
        route(app, "/{path:path}", _nothing),
    ]


def _hers(app: App) -> list[BaseRoute]:
    """List the pages about her record and who may see it: behind her word, as whom she is shown."""
    pages = (
        ("GET", "record", record.show),
        ("GET", "record/result", record.result),
        ("GET", "record/entries", entries.show),
        ("GET", "who-looked.csv", export.who_looked_csv),
        ("GET", "who-looked.json", export.who_looked_json),
        ("GET", "privacy.json", export.privacy_json),
        ("GET", "privacy/files", export.show),
        ("POST", "privacy/files", export.look_at),
        ("POST", "privacy/files/keep", export.keep),
        ("GET", "privacy", privacy.show),
        ("GET", "privacy/list/{section}", decided.section),
        ("GET", "privacy/changes", decided.changes),
        ("POST", "privacy/changes/undo", decided.undo),
        ("GET", "privacy/change/{kind}", privacy.choose),
        ("POST", "privacy/change/{kind}", privacy.save),
        ("GET", "privacy/words", word.show),
        ("POST", "privacy/words", word.save),
        ("GET", "privacy/{organisation}", privacy.choose),
        ("POST", "privacy/{organisation}", privacy.save),
        ("GET", "family", family.show),
        ("POST", "family/offer", family.offer),
        ("POST", "family/invite", family.invite),
        ("POST", "family/grant", family.grant),
        ("POST", "family/end", family.end),
        ("POST", "family/accept", family.accept),
        ("POST", "family/stop", family.stop),
        ("POST", "family/switch", family.switch),
    )
    locked = (("word", word.unlock), ("word/lock", word.lock), ("word/forgotten", word.forgotten))
    return [
        *(route(app, f"/my/{path}", whose.seen(handler), area="my", method=method) for method, path, handler in pages),
        *(route(app, f"/my/{path}", handler, area="my", method="POST") for path, handler in locked),
    ]


def _second_persons(app: App) -> list[BaseRoute]:
    """List break-glass, the privacy officer's pages, and what a resident says about a look."""
    pages = (
        ("GET", "/clinic/emergency", emergency.show),
        ("POST", "/clinic/emergency/find", emergency.find),
        ("GET", "/clinic/emergency/declare", emergency.declaring),
        ("POST", "/clinic/emergency/declare", emergency.declare),
        ("POST", "/clinic/emergency/end", emergency.end),
        ("GET", "/clinic/emergency/ended", emergency.ended),
        ("POST", "/clinic/emergency/attest", emergency.attest),
        ("GET", "/officer", queue.show),
        ("GET", "/officer/items/{item}", queue.item),
        ("POST", "/officer/items/{item}/who", queue.who),
        ("POST", "/officer/items/{item}/decide", queue.decide),
        ("POST", "/officer/items/{item}/approve", queue.approve),
        ("POST", "/officer/items/{item}/refuse", queue.refuse),
        ("GET", "/officer/orders", orders.show),
        ("POST", "/officer/orders", orders.enter),
        ("GET", "/officer/orders/{order}", orders.one),
        ("POST", "/officer/orders/{order}/release", orders.release),
        ("GET", "/my/who-looked/{receipt}/report", report.ask),
        ("POST", "/my/who-looked/{receipt}/report", report.make),
    )
    return [
        route(
            app,
            path,
            whose.seen(handler) if path.startswith("/my/") else handler,
            area=path.split("/")[1],
            method=method,
        )
        for method, path, handler in pages
    ]


def _sign_in(app: App) -> list[BaseRoute]:
    """List the pages of signing in, locking, switching and proving anew."""
    plain = (
        ("GET", "/signin", signin.show),
        ("POST", "/signin/passkey/ask", signin.ask),
        ("POST", "/signin/passkey", signin.enter),
        ("GET", "/signin/invite", invited.show),
        ("POST", "/signin/invite/look", invited.look),
        ("POST", "/signin/invite/ask", invited.ask),
        ("POST", "/signin/invite", invited.take),
        ("POST", "/signin/invite/join/ask", invited.ask_join),
        ("POST", "/signin/invite/join", invited.join),
        ("POST", "/signin/provider", provider.leave_invited),
        ("GET", "/signin/provider/back", provider.come_back),
        ("GET", "/signin/provider/{organisation}", provider.leave),
    )
    locked = (  # to pages of an area a locked session is none: these look at it themselves
        ("GET", "lock", lock.show),
        ("POST", "lock", lock.lock),
        ("POST", "unlock/ask", lock.ask),
        ("POST", "unlock", lock.unlock),
        ("POST", "unlock/word", lock.unlock_by_word),
    )
    of_staff = (("POST", "awake", lock.awake), ("GET", "switch", places.show), ("POST", "switch", places.switch))
    of_all = (
        ("GET", "confirm", confirm.show),
        ("POST", "confirm/ask", confirm.ask),
        ("POST", "confirm", confirm.prove),
        ("POST", "confirm/word", confirm.prove_by_word),
        ("GET", "confirm/provider", provider.leave_to_prove),
    )
    of_one = (
        ("POST", "my", "confirm/phone/ask", confirm.ask_phone),
        ("POST", "my", "confirm/phone", confirm.prove_by_phone),
        ("GET", "my", "devices", devices.show),
        ("POST", "my", "devices/cancel", devices.cancel),
        ("POST", "my", "devices/others", devices.cancel_others),
        ("GET", "my", "devices/passkey", devices.add),
        ("POST", "my", "devices/passkey/ask", devices.ask),
        ("POST", "my", "devices/passkey", devices.keep),
        ("POST", "desk", "cancel-phones", recover.cancel_all),
        ("GET", "officer", "staff", team.show),
        ("POST", "officer", "staff", team.invite),
    )
    everywhere = [(method, area, path, handler) for area in sessions.AREAS for method, path, handler in of_all]
    at_work = [(method, area, path, handler) for area in sessions.STAFF_AREAS for method, path, handler in of_staff]
    return [
        *(route(app, path, spoken(handler), method=method) for method, path, handler in plain),
        *(
            route(app, f"/{x}/{path}", spoken(handler), method=m)
            for x in sessions.STAFF_AREAS
            for m, path, handler in locked
        ),
        *(
            route(app, f"/{area}/{path}", spoken(handler), area=area, method=method)
            for method, area, path, handler in (*everywhere, *at_work, *of_one)
        ),
    ]


async def _back(page: Page) -> Response:
    """Go to the area that a form belongs to."""
    return page.go("/" + page.request.url.path.split("/")[1])


async def _nothing(page: Page) -> Response:
    """Answer every other address."""
    raise NotFoundError("no-such-page", page.say("There is no page at this address."))
