"""Break-glass in three steps: find her, say why, read; and one's word on it afterwards."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode
from uuid import UUID

from carecode.disclosure.reviews import WORDS_MAX, WORDS_MIN
from carecode.identity.identifiers import KINDS
from carecode.kernel.errors import CareCodeError, InvalidInputError, NotFoundError
from carecode.kernel.vocabulary import CodePurpose, Purpose
from carecode.web.clinic import opened
from carecode.web.page import field
from carecode.web.said import ATTESTED, REASONS
from carecode.web.sentences import sentence
from carecode.web.stepup import require_fresh
from carecode.web.watched import doors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    from carecode.disclosure.emergency import Emergency
    from carecode.kernel.vocabulary import Card, Resident
    from carecode.web.page import Page

COOKIE: Final = "carecode_declaring"
PATH: Final = "/clinic/emergency"
TYPED_SECONDS_MAX: Final = 600  # what was typed waits that long for her proof that it is she
_FIELDS: Final = ("patient", "reason", "words")


async def show(page: Page) -> Response:
    """Ask whom it is about, and say beforehand what follows."""
    return await _find(page)


async def find(page: Page) -> Response:
    """Find one person by a code of the kind emergency or by a document number; her log has the look."""
    fields = await page.fields()
    try:
        if fields.get("code"):
            shown = await page.app.verifier.verify(fields["code"], CodePurpose.EMERGENCY, page.now, None)
            resident = await page.app.index.by_bearer(shown.bearer)
            if resident is None:
                raise NotFoundError("card-none", "This code belongs to nobody any more. Ask for her document.")
            card = await page.app.cards.look(page.requester, resident, Purpose.IDENTIFY, "emergency code")
        else:
            found = await page.app.cards.of_number(page.requester, field(fields, "kind"), field(fields, "number"))
            if found is None:
                raise NotFoundError("no-such-person", "Nobody with this number. Check it, or treat without the record.")
            card = found[1]
    except CareCodeError as error:
        return await _find(page, error=error, typed=fields)
    return await _declare(page, card)


async def declaring(page: Page) -> Response:
    """Go on with what was typed before she proved that it is she; whoever typed nothing begins."""
    typed = _typed(page)
    resident = await page.app.gate.subject(page.requester, typed.get("patient", "")) if typed else None
    if resident is None:
        return page.go(PATH)
    card = await page.app.cards.look(page.requester, resident, Purpose.IDENTIFY, "emergency")
    return await _declare(page, card, typed=typed)


async def declare(page: Page) -> Response:
    """Declare the emergency and open; without a fresh proof, keep what was typed and ask for one first."""
    fields = await page.fields()
    resident = await _resident(page, fields)
    asked = await require_fresh(page, back=f"{PATH}/declare")
    if asked is not None:
        _keep_typed(asked, page, fields)
        return asked
    try:
        found = await doors(page).emergencies.declare(
            page.requester, resident, fields.get("reason", ""), fields.get("words", ""), page.now
        )
    except CareCodeError as error:
        # no find step is known to have been before this form: her log has this look too
        card = await page.app.cards.look(page.requester, resident, Purpose.IDENTIFY, "emergency")
        return await _declare(page, card, error=error, typed=fields)
    again = found.declared_at < page.now
    response = page.go("/clinic/record?again=1" if again else "/clinic/record")
    response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")
    patient = page.app.gate.patient_id(page.requester, resident)
    opened.keep(response, page.request, patient, found.id.hex, found.over_at, emergency=True)
    return response


async def end(page: Page) -> Response:
    """End the emergency whose number the form carries, if it is one's own and runs; the next page says what became."""
    number = (await page.fields()).get("emergency", "")
    mine = await doors(page).emergencies.still_running(page.requester, page.now)
    found = next((one for one in mine if str(one.id) == number), None)
    resident = None if found is None else await page.app.index.by_id(found.resident)
    if resident is not None:
        with suppress(NotFoundError):  # it ended by itself just now
            await doors(page).emergencies.end(page.requester, resident, page.now)
    return page.go(f"{PATH}/ended?{urlencode({'emergency': number})}")


async def ended(page: Page) -> Response:
    """Say whether the asked one is over, ask for her word on each that lacks it, and link to those that still run."""
    return await _ended(page)


async def attest(page: Page) -> Response:
    """Keep her word on an emergency of hers."""
    fields = await page.fields()
    waiting = await doors(page).emergencies.unattested(page.requester, page.now)
    try:
        number = UUID(field(fields, "emergency"))
        found = next((one for one in waiting if one.id == number), None)
        resident = None if found is None else await page.app.index.by_id(found.resident)
        if resident is None:
            raise NotFoundError("no-such-emergency", "There is no such emergency, or you said this already.")
        attested, words = fields.get("attested", ""), fields.get("words", "")
        await doors(page).emergencies.attest(page.requester, resident, number, attested, words, page.now)
    except ValueError as error:
        raise InvalidInputError("field-missing", "Open the page again.") from error
    except CareCodeError as error:
        return await _ended(page, error=error, typed=fields)
    return page.go(f"{PATH}/ended")


async def _find(page: Page, *, error: CareCodeError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    response = page.render(
        "clinic/emergency.html",
        error.http_status if error else 200,
        place=await page.place(),
        minutes=_minutes(page),
        kinds={name: page.say(kind.label) for name, kind in KINDS.items()},
        typed=typed or {},
        waiting=await doors(page).emergencies.unattested(page.requester, page.now),
        words=sentence(error, page.language) if error else "",
    )
    opened.close(response)
    return response


async def _declare(
    page: Page, card: Card, *, error: CareCodeError | None = None, typed: Mapping[str, str] | None = None
) -> Response:
    return page.render(
        "clinic/declare.html",
        error.http_status if error else 200,
        place=await page.place(),
        card=card,
        minutes=_minutes(page),
        reasons=REASONS,
        bounds=(WORDS_MIN, WORDS_MAX),
        typed=typed or {},
        words=sentence(error, page.language) if error else "",
    )


async def _ended(page: Page, *, error: CareCodeError | None = None, typed: Mapping[str, str] | None = None) -> Response:
    waiting = await doors(page).emergencies.unattested(page.requester, page.now)
    running = await doors(page).emergencies.still_running(page.requester, page.now)
    response = page.render(
        "clinic/ended.html",
        error.http_status if error else 200,
        place=await page.place(),
        waiting=waiting,
        running=running,
        state="" if error else _state(page, waiting, running),
        reasons=REASONS,
        answers=ATTESTED,
        bounds=(WORDS_MIN, WORDS_MAX),
        typed=typed or {},
        words=sentence(error, page.language) if error else "",
    )
    opened.close(response)
    return response


def _state(page: Page, waiting: Sequence[Emergency], running: Sequence[Emergency]) -> str:
    """Tell of the asked emergency, else of the one open in this browser: over, runs or unknown; nothing of none."""
    asked = page.request.query_params.get("emergency")
    before = opened.opened_in(page.request)
    if asked is None and (before is None or not before.emergency):
        return ""

    def is_it(one: Emergency) -> bool:
        if asked is not None:
            return str(one.id) == asked
        return before is not None and before.code == opened.hash_of(one.id.hex)

    if any(is_it(one) for one in waiting):
        return "over"
    if any(is_it(one) for one in running):
        return "runs"
    return "unknown" if asked is not None else ""


async def _resident(page: Page, fields: Mapping[str, str]) -> Resident:
    resident = await page.app.gate.subject(page.requester, field(fields, "patient"))
    if resident is None:
        raise NotFoundError("no-such-person", "Nobody with this number. Check it, or treat without the record.")
    return resident


def _minutes(page: Page) -> int:
    """How long an emergency lasts here, in whole minutes, begun ones too."""
    return -(-int(doors(page).emergencies.limits.lasts.total_seconds()) // 60)


def _keep_typed(response: Response, page: Page, fields: Mapping[str, str]) -> None:
    """Keep what was typed in this browser, unseen by scripts, while she proves that it is she."""
    written = ".".join(
        base64.urlsafe_b64encode(fields.get(name, "")[:WORDS_MAX].encode()).decode().rstrip("=") for name in _FIELDS
    )
    response.set_cookie(
        COOKIE,
        written,
        max_age=TYPED_SECONDS_MAX,
        path=PATH,
        secure=page.request.url.scheme == "https",
        httponly=True,
        samesite="lax",  # the hospital's own sign-in, elsewhere, may lead back here
    )


def _typed(page: Page) -> dict[str, str]:
    """Read what was typed; nothing when it is not of our own form."""
    parts = page.request.cookies.get(COOKIE, "").split(".")
    if len(parts) != len(_FIELDS):
        return {}
    try:
        texts = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode() for part in parts]
    except ValueError:
        return {}
    return dict(zip(_FIELDS, texts, strict=True))
