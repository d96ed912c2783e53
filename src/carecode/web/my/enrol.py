"""Adding a phone: the eight digits of the desk, then a key made on the phone itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carecode.healthcode.checks import ACCEPTS
from carecode.kernel.errors import CareCodeError, InvalidInputError, NotFoundError
from carecode.web import sessions
from carecode.web.my import frame
from carecode.web.page import field
from carecode.web.sentences import sentence

if TYPE_CHECKING:
    from starlette.responses import Response

    from carecode.web.page import Page

HANDLES_AT_ONCE: Final = 256
BODY_BYTES_MAX: Final = 4_000
LABEL_LENGTH_MAX: Final = 60
_BAD_REQUEST: Final = ("device-request", "The phone sent something that cannot be used. Open the page again.")


async def form(page: Page) -> Response:
    """Ask for the eight digits; a link carries them behind #, which no server sees."""
    return page.render("my/enrol.html", words="")


async def redeem(page: Page) -> Response:
    """Use the eight digits up and sign her in on this phone."""
    try:
        code = field(await page.fields(), "code")
        _, token = await page.app.sessions.redeem_enrolment(code, page.now, page.peer)
    except CareCodeError as error:
        words = sentence(error, page.language)
        return page.render("my/enrol.html", error.http_status, words=words)
    response = page.go("/my/phone")
    sessions.remember(response, page.request, "my", token)
    return response


async def phone(page: Page) -> Response:
    """Let the phone make its key; a script does it and goes on to the code."""
    return await frame.show(page, "my/phone.html", devices=await own_devices(page))


async def register(page: Page) -> Response:
    """Take the public key of this phone and give it its first handles."""
    sent = await _json(page)
    algorithm, key = sent.get("algorithm"), sent.get("public_key")
    label = str(sent.get("label", ""))[:LABEL_LENGTH_MAX]
    if not isinstance(algorithm, int) or not isinstance(key, str):
        raise InvalidInputError(*_BAD_REQUEST)
    try:
        public_key = bytes.fromhex(key)
    except ValueError as error:
        raise InvalidInputError(*_BAD_REQUEST) from error
    require_key(algorithm, public_key, label)  # before it is written into her log
    resident = await page.resident()
    await page.app.phones.added(page.requester, resident)
    bearer = await page.app.index.bearer_of(resident.id)
    device = await page.app.verifier.register_device(bearer, algorithm, public_key, label, page.now)
    return page.answer(await _batch(page, device))


def require_key(algorithm: int, public_key: bytes, label: str) -> None:
    """Refuse a key that no phone of hers could use; raises InvalidInputError ``device-key`` or ``device-request``."""
    accepts = ACCEPTS.get(algorithm)
    if accepts is None or not accepts(public_key):
        raise InvalidInputError("device-key", "The phone sent a key that cannot be used. Start again on the phone.")
    if not label.isprintable():
        raise InvalidInputError(*_BAD_REQUEST)


async def refill(page: Page) -> Response:
    """Give one of her own phones more handles."""
    sent = await _json(page)
    device = sent.get("device")
    if not isinstance(device, int) or device not in await own_devices(page):
        raise NotFoundError("device-unknown", "This phone is not registered, or was cancelled.")
    return page.answer(await _batch(page, device))


async def own_devices(page: Page) -> list[int]:
    """List the numbers of her phones that may show codes: a browser holding another person's key shows none."""
    bearer = await page.app.index.bearer_of((await page.resident()).id)
    return [x.number for x in await page.app.verifier.devices(bearer) if x.revoked_at is None]


async def _batch(page: Page, device: int) -> dict[str, Any]:
    handles = await page.app.verifier.batch(device, HANDLES_AT_ONCE)
    return {"device": device, "handles": handles, "now_ms": round(page.app.clock().timestamp() * 1000)}


async def _json(page: Page) -> dict[str, Any]:
    """Read a small JSON object; anything else is InvalidInputError ``device-request``."""
    if int(page.request.headers.get("content-length") or BODY_BYTES_MAX + 1) > BODY_BYTES_MAX:
        raise InvalidInputError(*_BAD_REQUEST)
    try:
        sent = await page.request.json()
    except ValueError as error:
        raise InvalidInputError(*_BAD_REQUEST) from error
    if not isinstance(sent, dict):
        raise InvalidInputError(*_BAD_REQUEST)
    return sent
