"""Patient identity feed: PUT [base]/Patient?identifier=system|value, an institution says who bears its number.

The number is the institution's own and stands in the Patient as well.  201 when the institution says it for the
first time, whoever else knows her; 200 afterwards; 202 when a person is to decide.  Nothing of her record is
stored by it.

Source: IHE PIXm 3.0, 2:3.104 (ITI-104); FHIR R4 3.1.0.7.1 (conditional update).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carecode.api import feeding
from carecode.api.call import Answer
from carecode.api.feeding import Became
from carecode.api.operation import resource_of
from carecode.api.parameters import refuse_unknown
from carecode.api.registering import require_registrar
from carecode.crypto import canonical
from carecode.exchange.refusals import SentRefusedError
from carecode.identity.identifiers import parse
from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecode.api.call import Call
    from carecode.api.feeding import Fed
    from carecode.identity.identifiers import Identifier

STATUS: Final = {Became.REGISTERED: 201, Became.UPDATED: 200, Became.MERGED: 200, Became.ASKED: 202}

_KNOWN: Final = frozenset({"identifier", "_format", "_pretty"})
_SAID: Final = {
    Became.MERGED: "Both are one person now.",
    Became.ASKED: "Taken in. A person compares both entries before anything is merged.",
}


async def answer(call: Call) -> Answer:
    """Take in one Patient."""
    requester = require_registrar(call)
    refuse_unknown(call.parameters, _KNOWN)
    number = _number([text for name, text in call.parameters if name == "identifier"])
    sent = resource_of(await call.body())
    change = feeding.change(sent, requester.organisation)
    if (number.system, number.canonical) not in {(one.system, one.canonical) for one in change.numbers}:
        raise SentRefusedError(
            "feed-identifier", "The identifier in the address is one of the Patient's.", "identifier", "business-rule"
        )
    fed = await feeding.feed(call, change)
    if fed.became in _SAID:
        return Answer(STATUS[fed.became], said(fed.became))
    headers = ((b"location", f"{call.base}/Patient/{fed.patient_id}".encode()),)
    if "return=minimal" in call.header(b"prefer"):
        return Answer(STATUS[fed.became], b"", headers)
    return Answer(STATUS[fed.became], canonical.encode(_patient(fed, change.numbers)), headers)


def said(became: Became) -> bytes:
    """Write the OperationOutcome of a merge."""
    issue = {"severity": "information", "code": "informational", "diagnostics": _SAID[became]}
    return canonical.encode({"resourceType": "OperationOutcome", "issue": [issue]})


def _number(texts: list[str]) -> Identifier:
    """Read the one number that the address names: an institution's own, no document's."""
    system, bar, value = texts[0].partition("|") if len(texts) == 1 else ("", "", "")
    if not bar or not system or not value:
        raise InvalidInputError("identifier", "Give identifier once, as system|value.")
    number = parse(system, value)
    if number.kind is not None:
        raise InvalidInputError(
            "feed-own-number", "The identifier in the address is your own number, not a document's."
        )
    return number


def _patient(fed: Fed, numbers: Sequence[Identifier]) -> dict[str, Any]:
    rows = [{"system": one.system, "value": one.value} for one in numbers]
    return {"resourceType": "Patient", "id": fed.patient_id, "identifier": rows, "active": True}
