"""Her own copies: who looked as a table and as AuditEvents, what she decided as FHIR Consents, and back from a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
from starlette.datastructures import UploadFile
from starlette.responses import Response

from carecode.disclosure.auditevents import audit_bundle, table
from carecode.disclosure.choices import Kind
from carecode.disclosure.consent_taking import take
from carecode.disclosure.decisions import HERSELF, QUIETLY
from carecode.disclosure.fhir_consent import Whose, consents_of
from carecode.disclosure.fhir_consent_parts import Reading
from carecode.disclosure.fhir_consent_reading import missing, wishes_of
from carecode.kernel.errors import CareCodeError, InvalidInputError
from carecode.web.language import DEFAULT, mark
from carecode.web.my import frame
from carecode.web.my.deciding import ALL, CHOICES, QUESTIONS, consequence_in_words
from carecode.web.my.named import in_her_language
from carecode.web.my.privacy import institution_name, people_known, what_in_words
from carecode.web.my.sentences import CATEGORIES, in_words
from carecode.web.sentences import sentence
from carecode.web.stepup import require_fresh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markupsafe import Markup

    from carecode.disclosure.choices import Wish
    from carecode.disclosure.delegationbook import Delegation
    from carecode.web.page import Page

HERE: Final = "/my/privacy/files"
ENTRIES_MAX: Final = 1000
FILE_BYTES_MAX: Final = 400_000
FHIR: Final = "application/fhir+json; charset=utf-8"
HEADINGS: Final = (
    mark("When"),
    mark("What happened"),
    mark("Why"),
    mark("Person"),
    mark("Institution"),
    mark("Kinds of information"),
    mark("Receipt"),
)
# refusals of a file, by the part of their code after "consent-"; in English the reading itself says it best
REFUSALS: Final[Mapping[str, str]] = {
    "form": mark("This is not a file of FHIR Consents."),
    "many": mark("The file holds too many decisions. Send fewer."),
    "size": mark("The file is too large. Choose the one you saved from here."),
    "patients": mark("The file is about more than one person."),
    "patient": mark("The file is not about you."),
    "scope": mark("The file holds something that is not about privacy."),
    "policy": mark("The file names a rule that CareCode does not have."),
    "policy-differs": mark("The file says two different things about one rule."),
    "contradicts": mark("The file says two different things about one matter."),
    "acting": mark("Who acts for you cannot be taken from a file. Ask the person again, under Family."),
    "purpose": mark("The file names a purpose that CareCode does not have. Nothing is opened for it."),
    "purpose-none": mark("The file does not say for what a rule holds."),
    "requester": mark("The file names an institution or a person that is not known here."),
    "entry": mark("The file names an entry or a visit that cannot be in your record."),
    "label": mark("The file names a sensitive kind that CareCode does not have."),
    "category": mark("The file names a kind of information that CareCode does not have."),
    "date": mark("A date of the file cannot be read."),
    "rule": mark("The file holds a rule that CareCode does not have. Decide it on the page instead."),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One decision of a file, before she takes it."""

    question: str
    choice: str
    until: object  # a moment, or None
    lines: tuple[tuple[str, Markup], ...]  # icon and sentence


async def who_looked_csv(page: Page) -> Response:
    """Give who looked as a table, in her language, with the sentences of the page."""
    known = {x.handle: x for x in await page.app.people.organisations()}
    rows = [[page.say(words) for words in HEADINGS]]
    looks = await page.app.privacy.who_looked(page.requester, own=True, limit=ENTRIES_MAX)
    for look in await in_her_language(page, looks):
        told = in_words(page, look, known)
        place = "" if look.organisation is None else await institution_name(page, look.organisation.handle)
        rows.append(
            [
                look.entry.at.astimezone().isoformat(sep=" ", timespec="seconds"),
                told.title.striptags(),
                told.reason,
                look.entry.requester_name,
                place,
                page.say(", ").join(page.say(CATEGORIES[x]) for x in sorted(look.entry.categories)),
                look.entry.receipt_number,
            ]
        )
    return _file(table(rows), "text/csv; charset=utf-8", "who-looked.csv")


async def who_looked_json(page: Page) -> Response:
    """Give who looked as a Bundle of AuditEvents (IHE BALP)."""
    looks = await page.app.privacy.who_looked(page.requester, own=True, limit=ENTRIES_MAX)
    bundle = audit_bundle(looks, await _number(page), page.now)
    return _file(msgspec.json.encode(bundle), FHIR, "who-looked.json")


async def privacy_json(page: Page) -> Response:
    """Give what she decided as a Bundle of Consents (IHE PCF)."""
    standing = await page.app.privacy.standing(page.requester)
    bundle = consents_of(standing, await _acting(page), Whose(await _number(page)), page.now)
    return _file(msgspec.json.encode(bundle), FHIR, "privacy.json")


async def show(page: Page) -> Response:
    """Offer the copies, and the way back from a file; RefusedError for who may not decide."""
    await page.app.privacy.standing(page.requester)
    asked = await require_fresh(page)
    return asked if asked is not None else await _shown(page)


async def look_at(page: Page) -> Response:
    """Say what a file would change, before anything is saved."""
    asked = await require_fresh(page, HERE)
    if asked is not None:
        return asked
    try:
        sent = await _sent(page)
        new = await _new(page, sent)
        changes = [await _change(page, wish) for wish in new]
    except CareCodeError as error:
        return await _shown(page, error)
    return await _shown(page, changes=changes, sent=sent.decode())


async def keep(page: Page) -> Response:
    """Take the file that was just looked at, whole or not at all."""
    asked = await require_fresh(page, HERE)
    if asked is not None:
        return asked
    try:
        taken = await take(page.app.privacy, page.requester, await _new(page, await _sent(page)))
    except CareCodeError as error:
        return await _shown(page, error)
    return page.go("/my/privacy/changes" if taken else HERE)


async def _shown(page: Page, error: CareCodeError | None = None, **values: object) -> Response:
    wrong = "" if error is None else _in_words(page, error)
    own = page.requester.id in {HERSELF, QUIETLY}
    looks = frame.may_look(None if own else await page.app.delegations.acting_as(page.requester, page.now))
    response = await frame.show(page, "my/export.html", wrong=wrong, looks=looks, **values)
    if error is not None:
        response.status_code = error.http_status
    return response


def _in_words(page: Page, error: CareCodeError) -> str:
    words = REFUSALS.get(error.code.removeprefix("consent-"))
    return error.message if page.language == DEFAULT else page.say(words) if words else sentence(error, page.language)


async def _new(page: Page, sent: bytes) -> list[Wish]:
    """Return what a file wishes for and does not hold already."""
    try:
        decoded = msgspec.json.decode(sent)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError("consent-form", "This is not a file of FHIR Consents.") from error
    standing = await page.app.privacy.standing(page.requester)
    reading = Reading(
        await _number(page),
        frozenset(one.handle for one in await page.app.people.organisations()),
        frozenset(await people_known(page)),
        frozenset(x.whom for x in standing if x.kind is Kind.INSTITUTION and x.choice != "refuse"),
        frozenset(str(one.id) for one in await _acting(page)),
        page.now,
    )
    return missing(wishes_of(decoded, reading), standing, page.now)


async def _change(page: Page, wish: Wish) -> Change:
    name = page.say(ALL)
    if wish.whom and wish.kind is not Kind.PERSON:
        name = await institution_name(page, wish.whom)
    what = await what_in_words(page, wish.kind, wish.whom, wish.about)
    values = {"name": name, "what": what, "days": wish.choice}
    words = CHOICES.get((wish.kind, wish.choice))
    follows = await page.app.privacy.preview(page.requester, wish)
    return Change(
        page.say(QUESTIONS[wish.kind], **values),
        page.say(words[0]) if words else page.say(mark("%(days)s days"), days=wish.choice),
        wish.until_at,
        tuple(consequence_in_words(page, key, values, "") for key in follows.keys),
    )


async def _sent(page: Page) -> bytes:
    """Read the file, or the text of the one that was looked at before; InvalidInputError when it is too large."""
    too_large = InvalidInputError("consent-size", "The file is too large. Choose the one you saved from here.")
    length = page.request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > 3 * FILE_BYTES_MAX:  # text fields are sent with escapes
        raise too_large
    async with page.request.form(max_files=1, max_fields=2, max_part_size=FILE_BYTES_MAX) as form:
        value = form.get("file")
        sent = await value.read(FILE_BYTES_MAX + 1) if isinstance(value, UploadFile) else str(value or "").encode()
    if len(sent) > FILE_BYTES_MAX:
        raise too_large
    return sent


async def _acting(page: Page) -> list[Delegation]:
    """Return who acts for her; nobody, where somebody who acts for her asks."""
    if page.requester.id not in {HERSELF, QUIETLY}:
        return []
    return [one for one in await page.app.delegations.by_whom(page.requester, page.now) if one.holds(page.now)]


async def _number(page: Page) -> str:
    """Return her own number of herself: what others see as hers stands in no file."""
    return page.app.gate.patient_id(page.requester, await page.resident())


def _file(content: bytes, kind: str, name: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
    return Response(content, media_type=kind, headers=headers)
