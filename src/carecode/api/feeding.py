"""One Patient of an institution's feed: registered, brought up to date, or merged into another of its own.

A merge is the institution's word about its own numbers.  It is done when nobody else says anything of either
person; anything else opens a case for a steward and is answered alike, whether or not there is
anybody under the numbers: what another institution knows is not learnt by a merge.

Source: IHE PIXm 2:3.104.4.1, 2:3.104.4.2 (resolve duplicate); IHE PMIR 2:3.93.4.1.3; FHIR R4 Patient.link.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import msgspec

from carecode.api import registry
from carecode.exchange import patient
from carecode.exchange.patient_record import record_of
from carecode.exchange.refusals import SentRefusedError
from carecode.identity import identifiers
from carecode.identity.identifiers import HOSPITAL_SYSTEM, hospital_system
from carecode.identity.ledger import By
from carecode.identity.linking.standardise import IDENTIFIERS_MAX as RECORD_NUMBERS_MAX
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carecode.api.call import Call
    from carecode.identity.identifiers import Identifier
    from carecode.kernel.vocabulary import ResidentId

REASON: Final = "merged by the institution that registered both"

_REPLACED_BY: Final = "replaced-by"
_ALREADY: Final = "already-one"


class Became(Enum):
    """What became of one Patient of a feed."""

    REGISTERED = "registered"
    UPDATED = "updated"
    MERGED = "merged"
    ASKED = "asked"  # a steward is asked, or there is nothing to ask about


@dataclass(frozen=True, slots=True)
class Fed:
    """What became of one Patient, and the sender's own number for her; "" where a case was opened."""

    became: Became
    patient_id: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Change:
    """One Patient of a feed, read and checked, nothing done yet."""

    sent: Mapping[str, Any] = field(repr=False)
    numbers: Sequence[Identifier] = field(repr=False)
    into: Identifier | str | None = field(repr=False, default=None)  # a merge: a number, or the sender's Patient.id


def change(sent: Mapping[str, Any], organisation: str, near: Mapping[str, Mapping[str, Any]] | None = None) -> Change:
    """Read one Patient; ``near`` are the Patients of the same message by what names them there.

    SentRefusedError for what is no Patient with a number, is deactivated without a successor, or bears a
    number of another institution.
    """
    if sent.get("resourceType") != "Patient":
        raise SentRefusedError("feed-patient", "A feed is of Patients.", "resourceType", "not-supported")
    numbers = patient.numbers(sent)
    for place, one in enumerate(numbers):
        if _is_of_another(one, organisation):
            raise SentRefusedError(
                "number-of-others", "A feed states documents' numbers and your own, not another's.",
                f"identifier[{place}]", "business-rule",
            )  # fmt: skip
    links = [one for one in _objects(sent.get("link")) if one.get("type") == _REPLACED_BY]
    if sent.get("active") is False and len(links) == 1:
        return Change(sent, numbers, _into(links[0].get("other"), organisation, near or {}))
    if sent.get("active") is False or links:
        raise SentRefusedError(
            "feed-inactive",
            "A Patient that is replaced has active false and one link of the type replaced-by.",
            "active",
            "business-rule",
        )
    return Change(sent, numbers)


async def feed(call: Call, one: Change) -> Fed:
    """Do what one Patient of a feed says.

    ConflictError of the index when its numbers name two people, or its number somebody else.
    """
    if one.into is not None:
        return await _merge(call, one.numbers, one.into)
    index, now = call.app.index, call.app.clock()
    organisation = call.requester.organisation
    numbers = await registry.usable(call, one.numbers, fresh=True)
    known = await _is_known(call, numbers)
    record = record_of(one.sent, organisation, now.date().isoformat())
    record = msgspec.structs.replace(record, identifiers=numbers[:RECORD_NUMBERS_MAX])
    done = await index.enrol(numbers, patient.person(one.sent), source=organisation, now=now, more=record)
    became = Became.UPDATED if known else Became.REGISTERED
    return Fed(became, call.app.gate.patient_id(call.requester, done.resident))


async def _is_known(call: Call, numbers: Sequence[Identifier]) -> bool:
    """Say whether a number names somebody that this institution gave: what others know makes no difference."""
    for number in numbers:
        resident = await call.app.index.resolve(number.system, number.value)
        if resident is not None and number in await registry.own_of(call, resident):
            return True
    return False


async def _merge(call: Call, numbers: Sequence[Identifier], into: Identifier | str) -> Fed:
    """Merge two entries of the institution's own, or ask a steward."""
    ledger, now = call.app.index.ledger, call.app.clock()
    by = By(call.requester.organisation, human=False, reason=REASON)
    gone, stays = await _entry(call, numbers), await _target(call, into)
    if gone is None or stays is None or gone == stays:
        return Fed(Became.MERGED if gone is not None and gone == stays else Became.ASKED)
    if await registry.is_alone(call, gone) and await registry.is_alone(call, stays):
        try:
            await ledger.merge(gone, stays, by, now)
        except ConflictError as error:
            if error.code == _ALREADY:
                return Fed(Became.MERGED)
        except RefusedError:
            pass  # people decided otherwise before: a steward looks again
        else:
            return Fed(Became.MERGED)
    # A case is open, or a person said that these are two: nothing more is to be said here.
    with contextlib.suppress(ConflictError, RefusedError, NotFoundError):
        await ledger.open_review((gone, stays), by, now)
    return Fed(Became.ASKED)


async def _entry(call: Call, numbers: Sequence[Identifier]) -> ResidentId | None:
    """Find the entry that every number of a Patient names; None when there is none, or several."""
    found = {await call.app.index.entry_of(one.system, one.value) for one in numbers}
    return found.pop() if len(found) == 1 else None


async def _target(call: Call, into: Identifier | str) -> ResidentId | None:
    if isinstance(into, str):
        resident = await call.subject(into)
        return None if resident is None else resident.id
    return await call.app.index.entry_of(into.system, into.value)


def _into(other: object, organisation: str, near: Mapping[str, Mapping[str, Any]]) -> Identifier | str:
    """Read by whom a Patient is replaced: her identifier, a Patient of the same message, or the sender's id."""
    if isinstance(other, dict):
        named = other.get("identifier")
        reference = other.get("reference")
        if isinstance(named, dict):
            return _checked(str(named.get("system", "")), str(named.get("value", "")), organisation)
        if isinstance(reference, str) and reference in near:
            first = patient.numbers(near[reference])[0]
            return _checked(first.system, first.value, organisation)
        if isinstance(reference, str) and reference.rpartition("Patient/")[2]:
            return reference.rpartition("Patient/")[2]
    raise SentRefusedError(
        "feed-replaced-by", "Say by whom she is replaced: link.other with identifier or reference.", "link", "required"
    )


def _checked(system: str, value: str, organisation: str) -> Identifier:
    try:
        number = identifiers.parse(system, value)
    except InvalidInputError as error:
        raise SentRefusedError(error.code, error.message, "link", "value") from None
    if _is_of_another(number, organisation):
        raise SentRefusedError(
            "number-of-others", "A feed states documents' numbers and your own, not another's.", "link", "business-rule"
        )
    return number


def _is_of_another(number: Identifier, organisation: str) -> bool:
    return number.system.startswith(HOSPITAL_SYSTEM) and number.system != hospital_system(organisation)


def _objects(value: object) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
