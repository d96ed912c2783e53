"""capabilities: GET [base]/metadata, what this server does and no more.

Source: FHIR R4 3.1.0.12 (capabilities), CapabilityStatement.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import msgspec

from carecode.api import pdqm
from carecode.api.call import Answer
from carecode.api.parameters import known
from carecode.kernel.vocabulary import Purpose
from carecode.record.catalogue import TYPES

if TYPE_CHECKING:
    from carecode.api.call import Call

STATEMENT_DATE: Final = "2026-11-24"
"""When what is stated here last changed."""

_BASES_MAX: Final = 16
_REFERENCE: Final = "reference"
_OPERATIONS: Final = {
    "everything": "http://hl7.org/fhir/OperationDefinition/Patient-everything",
    "match": "http://hl7.org/fhir/OperationDefinition/Patient-match",
    "ihe-pix": "https://profiles.ihe.net/ITI/PIXm/OperationDefinition/IHE.PIXm.pix",
}
_MESSAGES: Final = {"process-message": "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"}
_OF_REGISTRARS: Final = {one: kind for one, kind in pdqm.PARAMETERS.items() if one != "identifier"}
_REGISTERING: Final = (
    "A machine's token of the purpose REGISTER asks who somebody is, and is told of one person or nobody: by a "
    "document's number or its institution's own, or by her name with the whole date of birth and a telephone number "
    "or an address. It feeds the index with PUT Patient?identifier and with $process-message. Each look stands in "
    "her log before it is answered. Other tokens search by identifier and _id only."
)
_FORMATS: Final = ["application/fhir+json", "json"]


async def answer(call: Call) -> Answer:
    """Answer with the CapabilityStatement."""
    return Answer(200, statement(call.base))


@lru_cache(maxsize=_BASES_MAX)
def statement(base: str) -> bytes:
    """Write the CapabilityStatement for this spelling of the base."""
    rest = {
        "mode": "server",
        "documentation": "Residents' data is read under a bearer token, each reading logged before it is made. "
        f"Purposes of use: {', '.join(purpose.value for purpose in Purpose)}.",
        "security": {
            "cors": True,
            "description": "Bearer tokens (RFC 6750). A token is bound to one resident and a purpose, or to a "
            "machine that reads what its own institution deposited. SMART App Launch is not offered yet.",
        },
        "resource": [_resource(name) for name in sorted(TYPES)],
        "interaction": [{"code": "transaction"}, {"code": "batch"}],
        "operation": [{"name": one, "definition": definition} for one, definition in _MESSAGES.items()],
    }
    return msgspec.json.encode(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": STATEMENT_DATE,
            "kind": "instance",
            "software": {"name": "CareCode", "version": version("carecode")},
            "implementation": {"description": "CareCode: one lifelong record and one code per resident", "url": base},
            "fhirVersion": "4.0.1",
            "format": _FORMATS,
            "rest": [rest],
        }
    )


def _resource(name: str) -> dict[str, Any]:
    row = TYPES[name]
    updated = not (row.directory or name == "Patient")
    codes = ["read", "vread", *(["update"] if updated else []), "create", "search-type"]
    stated: dict[str, Any] = {
        "type": name,
        "interaction": [{"code": code} for code in codes],
        "versioning": "versioned",
        "readHistory": updated,
        "updateCreate": False,
        "conditionalCreate": row.directory or name == "Patient",
        "searchParam": [{"name": parameter, "type": _kind(name, parameter)} for parameter in _parameters(name)],
    }
    if name == "Patient":
        stated["operation"] = [{"name": one, "definition": definition} for one, definition in _OPERATIONS.items()]
        stated["conditionalUpdate"] = True
        stated["documentation"] = _REGISTERING
        stated["searchParam"] += [{"name": one, "type": kind} for one, kind in _OF_REGISTRARS.items()]
    return stated


def _parameters(name: str) -> list[str]:
    return sorted(parameter for parameter in known(name) if not parameter.startswith("_") or parameter == "_id")


def _kind(name: str, parameter: str) -> str:
    rules = TYPES[name].parameters.get(parameter)
    if rules is None:
        return _REFERENCE if parameter in {"patient", "subject"} else "token"
    return _REFERENCE if rules[0].kind.value == _REFERENCE else "token"
