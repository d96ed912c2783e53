"""Patient master identity feed: POST [base]/$process-message, a message of new, changed and replaced Patients.

Small form: Patients only, POST and PUT; a deletion is the resident's own to ask for, and a newborn is joined to her
mother at the desk.  All is read before anything is done; what follows a Patient whose numbers are of two people
is not done, and the message may be sent again.

Source: IHE PMIR 1.5, 2:3.93 (ITI-93); FHIR R4 2.4 (messaging), MessageHeader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from carecode.api import feeding, pix_feed
from carecode.api.call import Answer
from carecode.api.feeding import Became
from carecode.api.operation import resource_of
from carecode.api.parameters import refuse_unknown
from carecode.api.registering import require_registrar
from carecode.crypto import canonical
from carecode.exchange.answers import instant
from carecode.exchange.pmir_message import EVENT
from carecode.exchange.refusals import SentRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from carecode.api.call import Call
    from carecode.api.feeding import Change

PATIENTS_MAX: Final = 500
"""Patients of one message."""
BYTES_MAX: Final = 8 * 1024 * 1024

_IN_ADDRESS: Final = frozenset({"_format", "_pretty"})
_HISTORY: Final = "Bundle.entry[1].resource"


async def answer(call: Call) -> Answer:
    """Take in a message: its answer is a message too, or 202 when a person is to decide about a merge."""
    requester = require_registrar(call)
    refuse_unknown(call.parameters, _IN_ADDRESS)
    header, rows = _message(resource_of(await call.body(), most=BYTES_MAX))
    near = _named(rows)
    changes = [_change(row, place, requester.organisation, near) for place, row in enumerate(rows)]
    became = {(await feeding.feed(call, change)).became for change in changes}
    if Became.ASKED in became:
        return Answer(202, pix_feed.said(Became.ASKED))
    return Answer(200, canonical.encode(_response(call, header)))


def _message(bundle: dict[str, Any]) -> tuple[Mapping[str, Any], list[dict[str, Any]]]:
    """Return the MessageHeader and the entries of the history that it brings."""
    entries = bundle.get("entry")
    if (bundle["resourceType"], bundle.get("type")) != ("Bundle", "message") or not isinstance(entries, list):
        raise SentRefusedError("message", "Send a Bundle of the type message.", "Bundle.type", "structure")
    resources = [found for one in entries if isinstance(one, dict) and isinstance(found := one.get("resource"), dict)]
    if not len(resources) == len(entries) == 2:  # noqa: PLR2004 - as PMIR has it
        raise SentRefusedError(
            "message-entries", "The message has a MessageHeader and one Bundle of the type history.", "Bundle.entry"
        )
    header, history = resources
    if header.get("resourceType") != "MessageHeader" or header.get("eventUri") != EVENT:
        raise SentRefusedError(
            "message-event", f"The message's event is {EVENT}.", "Bundle.entry[0].resource.eventUri", "not-supported"
        )
    rows = history.get("entry")
    if (history.get("resourceType"), history.get("type")) != ("Bundle", "history") or not isinstance(rows, list):
        raise SentRefusedError("message-history", "The message brings a Bundle of the type history.", _HISTORY)
    if not 0 < len(rows) <= PATIENTS_MAX or not all(isinstance(row, dict) for row in rows):
        raise SentRefusedError(
            "message-patients", f"A message brings 1 to {PATIENTS_MAX} Patients.", f"{_HISTORY}.entry"
        )
    return header, rows


def _named(rows: list[dict[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the Patients of a message by what others in it call them."""
    found: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        resource = row.get("resource")
        if isinstance(resource, dict) and resource.get("resourceType") == "Patient":
            for name in (row.get("fullUrl"), f"Patient/{resource.get('id', '')}"):
                if isinstance(name, str) and name != "Patient/":
                    found[name] = resource
    return found


def _change(row: dict[str, Any], place: int, organisation: str, near: Mapping[str, Mapping[str, Any]]) -> Change:
    request, resource = row.get("request"), row.get("resource")
    where = f"{_HISTORY}.entry[{place}]"
    if not isinstance(request, dict) or request.get("method") not in {"POST", "PUT"} or not isinstance(resource, dict):
        raise SentRefusedError(
            "message-method",
            "Each entry brings a Patient with POST or PUT.",
            f"{where}.request.method",
            "not-supported",
        )
    try:
        return feeding.change(resource, organisation, near)
    except SentRefusedError as error:
        raise error.within(f"{where}.resource") from None


def _response(call: Call, header: Mapping[str, Any]) -> dict[str, Any]:
    """Write the message that answers a message.  Source: FHIR R4 MessageHeader.response."""
    sent = header.get("id")
    ident = str(UUID(bytes=call.app.bundles.random_bytes(16), version=4))
    response = {
        "resourceType": "MessageHeader",
        "id": ident,
        "eventUri": EVENT,
        "source": {"endpoint": f"{call.base}/$process-message"},
        "response": {"identifier": sent if isinstance(sent, str) and sent else ident, "code": "ok"},
    }
    return {
        "resourceType": "Bundle",
        "type": "message",
        "timestamp": instant(call.app.clock()),
        "entry": [{"fullUrl": f"urn:uuid:{ident}", "resource": response}],
    }
