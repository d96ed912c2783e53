"""Patient/$ihe-pix: GET or POST [base]/Patient/$ihe-pix, the institution's own numbers for whom a number names.

Answered with the numbers that the asking institution gave itself, and its own Patient.id.  Numbers of other
institutions are never answered, and a document's number only to who asks by it, so it is never a target.

Source: IHE PIXm 3.0, 2:3.83.4.1.2 (parameters), 2:3.83.4.2.2 (200, 400, 403, 404).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carecode.api import registering
from carecode.api.call import Answer
from carecode.api.operation import parameters_in, resource_of
from carecode.api.parameters import refuse_unknown
from carecode.crypto import canonical
from carecode.exchange.refusals import SentRefusedError
from carecode.identity.identifiers import HOSPITAL_SYSTEM, KINDS, SYSTEM_LENGTH_MAX, hospital_system, parse
from carecode.identity.linking.standardise import Record
from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from carecode.api.call import Call
    from carecode.api.registering import Shown
    from carecode.identity.identifiers import Identifier

TARGETS_MAX: Final = 16

_SOURCE: Final = "sourceIdentifier"
_TARGET: Final = "targetSystem"
_KNOWN: Final = frozenset({_SOURCE, _TARGET, "_format", "_pretty"})
_DOCUMENTS: Final = frozenset(kind.system for kind in KINDS.values())


class SourceUnknownError(SentRefusedError):
    """The number names nobody who may be shown.  Source: 2:3.83.4.2.2.3 (404)."""

    http_status = 404

    def __init__(self) -> None:
        super().__init__("source-unknown", "sourceIdentifier Patient Identifier not found", _SOURCE, "not-found")


class SourceDomainError(SentRefusedError):
    """Numbers of this system are not asked by here.  Source: 2:3.83.4.2.2.4 (400)."""

    def __init__(self) -> None:
        super().__init__("source-domain", "sourceIdentifier Assigning Authority not found", _SOURCE, "code-invalid")


class TargetDomainError(SentRefusedError):
    """Numbers of this system are not answered.  Source: 2:3.83.4.2.2.5 (403)."""

    http_status = 403

    def __init__(self) -> None:
        super().__init__("target-domain", "targetSystem not found", _TARGET, "code-invalid")


async def answer(call: Call) -> Answer:
    """Answer with a Parameters resource."""
    requester = registering.require_registrar(call)
    sources, targets = await _asked(call)
    if len(sources) != 1:
        raise SentRefusedError("source-one", "Give sourceIdentifier once, as system|value.", _SOURCE, "required")
    number = _number(sources[0], requester.organisation)
    for target in targets:
        _check_target(target, requester.organisation)
    wanted = registering.Wanted(Record(source=requester.organisation, identifiers=(number,)))
    shown = await registering.find(call, wanted)
    if shown is None:
        raise SourceUnknownError
    return Answer(200, canonical.encode(_parameters(call.base, shown, number, frozenset(targets))))


async def _asked(call: Call) -> tuple[list[str], list[str]]:
    """Read the question from the address, and of a POST from its body."""
    refuse_unknown(call.parameters, _KNOWN)
    found: dict[str, list[Any]] = {_SOURCE: [], _TARGET: []}
    for name, text in call.parameters:
        if name in found:
            found[name].append(text)
    if call.header(b"content-length") not in {"", "0"} or call.header(b"transfer-encoding"):
        for name, values in parameters_in(resource_of(await call.body()), _KNOWN).items():
            found.setdefault(name, []).extend(values)
    if len(found[_TARGET]) > TARGETS_MAX:
        raise SentRefusedError("too-many-values", f"Give at most {TARGETS_MAX} target systems.", _TARGET)
    return [_token(value) for value in found[_SOURCE]], [_system(value) for value in found[_TARGET]]


def _token(value: object) -> str:
    """Write a source as ``system|value``; older clients send an Identifier."""
    if isinstance(value, dict):
        return f"{value.get('system', '')}|{value.get('value', '')}"
    return value if isinstance(value, str) else ""


def _system(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= SYSTEM_LENGTH_MAX:
        raise TargetDomainError
    return value


def _number(text: str, organisation: str) -> Identifier:
    system, bar, value = text.partition("|")
    if not bar or not system or not value:
        raise SentRefusedError("source-form", "sourceIdentifier reads system|value.", _SOURCE, "value")
    if _is_of_another(system, organisation):
        raise SourceDomainError
    try:
        return parse(system, value)
    except InvalidInputError:
        raise SourceDomainError from None


def _check_target(system: str, organisation: str) -> None:
    if system in _DOCUMENTS or _is_of_another(system, organisation):
        raise TargetDomainError


def _is_of_another(system: str, organisation: str) -> bool:
    return system.startswith(HOSPITAL_SYSTEM) and system != hospital_system(organisation)


def _parameters(base: str, shown: Shown, source: Identifier, targets: frozenset[str]) -> dict[str, Any]:
    """Write the answer; the number that was asked by, and what another target was meant for, are left out."""
    asked_by = (source.system, source.canonical)
    rows: list[dict[str, Any]] = [
        {"name": "targetIdentifier", "valueIdentifier": {"system": one.system, "value": one.value}}
        for one in shown.numbers
        if (one.system, one.canonical) != asked_by and (not targets or one.system in targets)
    ]
    rows.append({"name": "targetId", "valueReference": {"reference": f"{base}/Patient/{shown.card.pseudonym}"}})
    return {"resourceType": "Parameters", "parameter": rows}
