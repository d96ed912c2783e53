"""Patient/$match: POST [base]/Patient/$match, whether the index knows this person.  Writes nothing but her log.

One person or nobody: whoever would be linked without asking anybody, which is what FHIR calls a certain
match, so that ``onlyCertainMatches`` changes nothing.

Source: IHE PDQm 3.2, 2:3.119 (ITI-119); FHIR R4 Patient operation match, extension match-grade.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carecode.api import registering
from carecode.api.call import Answer
from carecode.api.operation import parameters_in, resource_of
from carecode.api.parameters import refuse_unknown
from carecode.api.searchset import searchset
from carecode.crypto import canonical
from carecode.exchange.patient_record import record_of
from carecode.exchange.refusals import SentRefusedError

if TYPE_CHECKING:
    from carecode.api.call import Call
    from carecode.api.registering import Shown

GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"

_KNOWN: Final = frozenset({"resource", "onlyCertainMatches", "count"})
_IN_ADDRESS: Final = frozenset({"_format", "_pretty"})
_COUNT_MAX: Final = 1_000


async def answer(call: Call) -> Answer:
    """Answer with a searchset Bundle of one Patient or none."""
    requester = registering.require_registrar(call)
    refuse_unknown(call.parameters, _IN_ADDRESS)
    asked = _asked(resource_of(await call.body()))
    record = record_of(asked, requester.organisation, call.app.clock().date().isoformat())
    registering.require_enough(record)
    shown = await registering.find(call, registering.Wanted(record))
    place = f"{call.base}/Patient/$match"
    if shown is None:
        return Answer(200, searchset(call.base, place, [], 0, None))
    return Answer(200, canonical.encode(_bundle(call.base, place, shown)))


def _asked(sent: dict[str, Any]) -> dict[str, Any]:
    """Return the Patient of a question: by itself, or in a Parameters resource."""
    if sent["resourceType"] == "Patient":
        return sent
    values = parameters_in(sent, _KNOWN)
    for name, most in (("resource", 1), ("onlyCertainMatches", 1), ("count", 1)):
        if len(values.get(name, [])) > most:
            raise _wrong(name, "Give each parameter once.")
    for only in values.get("onlyCertainMatches", []):
        if not isinstance(only, bool):
            raise _wrong("onlyCertainMatches", "onlyCertainMatches is true or false.")
    for count in values.get("count", []):
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= _COUNT_MAX:
            raise _wrong("count", f"count is a whole number from 1 to {_COUNT_MAX}.")
    patients = values.get("resource", [])
    if not patients or not isinstance(patients[0], dict) or patients[0].get("resourceType") != "Patient":
        raise SentRefusedError("match-patient", "Send the Patient to match as the parameter resource.", "parameter")
    found: dict[str, Any] = patients[0]
    return found


def _wrong(name: str, sentence: str) -> SentRefusedError:
    return SentRefusedError("parameter-value", sentence, f"parameter[{name}]", "value")


def _bundle(base: str, place: str, shown: Shown) -> dict[str, Any]:
    search = {
        "extension": [{"url": GRADE, "valueCode": "certain"}],
        "mode": "match",
        "score": shown.probability,
    }
    entry = {
        "fullUrl": f"{base}/Patient/{shown.card.pseudonym}",
        "resource": registering.patient(shown),
        "search": search,
    }
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 1,
        "link": [{"relation": "self", "url": place}],
        "entry": [entry],
    }
