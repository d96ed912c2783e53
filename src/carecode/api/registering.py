"""Who somebody is, told to an institution's machine that registers people: one person or nobody.

In this order: who asks, how often, what is asked, and only then the index.  Nobody, several people and one who
refuses this institution are one answer, and it leaves no earlier than after SETTLE.  Whoever is shown was
told so first: the look stands in her log before the bytes leave.  Shown is the minimum card, with the numbers
that the institution gave itself and those it sent.

Source: IHE PDQm 2:3.119.4.2.3, 2:3.78.4.2.3 (security considerations); docs/promises.md 4, 6 and 9.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from carecode.api import registry
from carecode.crypto import canonical
from carecode.disclosure.answers import Body
from carecode.identity.identifiers import HOSPITAL_SYSTEM, hospital_system, may_show
from carecode.identity.linking.dates import fold_birth
from carecode.identity.linking.features import Precision
from carecode.kernel.errors import InvalidInputError, RefusedError
from carecode.kernel.vocabulary import Category, Purpose, Resident, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from carecode.api.call import Call
    from carecode.identity.identifiers import Identifier
    from carecode.identity.linking.standardise import Record
    from carecode.kernel.vocabulary import Card, Requester

SETTLE: Final = 0.05
"""Seconds after which an answer that shows nobody leaves at the earliest: why it shows nobody takes less."""
CERTAIN: Final = 1.0

_BY_NUMBER: Final = "document"
_BY_OWN_NUMBER: Final = "own number"
_BY_PHONE: Final = "name, birth date and phone"
_BY_ADDRESS: Final = "name, birth date and address"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a question means."""

    record: Record = field(repr=False)
    patient_id: str = field(repr=False, default="")  # the requester's own Patient.id; then nothing else is asked by


@dataclass(frozen=True, slots=True)
class Shown:
    """Who was found, after her log was told."""

    card: Card = field(repr=False)
    numbers: tuple[Identifier, ...] = field(repr=False)
    probability: float  # that she is the one who was meant


def require_registrar(call: Call) -> Requester:
    """Return who asks: a machine that registers people.  RefusedError for everybody else."""
    if not is_registrar(call):
        raise RefusedError(
            "not-a-registrar", "Ask with the token of an institution's machine, of the purpose REGISTER."
        )
    return call.requester


def is_registrar(call: Call) -> bool:
    """Say whether a machine asks under the purpose REGISTER, bound to nobody."""
    asks = call.requester
    return asks.role is Role.SYSTEM and asks.purpose is Purpose.REGISTER and call.bound is None


def require_enough(record: Record) -> None:
    """Refuse a question that might mean many: InvalidInputError ``ask-more`` says what is missing.

    Enough is a number of a document or of the asking institution, or a name with the whole date of birth
    and a telephone or an address.  Source: IHE PDQm 2:3.119.4.1.2 (minimum input), stricter.
    """
    for one in record.identifiers:
        if one.system.startswith(HOSPITAL_SYSTEM) and one.system != hospital_system(record.source):
            raise InvalidInputError("number-of-others", "Ask by a document's number or your own, not by another's.")
    if not _is_enough(record):
        raise InvalidInputError(
            "ask-more",
            "Give a number of hers (system and value), or her name with the whole date of birth and a telephone "
            "number or an address.",
        )


def _is_enough(record: Record) -> bool:
    born = fold_birth(record.birth_date, record.as_of).precision is Precision.DAY if record.birth_date else False
    return bool(record.identifiers or (record.names and born and (record.phones or record.addresses)))


async def find(call: Call, wanted: Wanted) -> Shown | None:
    """Return the one person who is meant, her log told; None for nobody, several, and one who refuses."""
    requester = require_registrar(call)
    now = call.app.clock()
    pace = call.app.pace
    pace.take(requester.organisation, now)
    began = _seconds()
    found = await _meant(call, wanted)
    if found is not None and await _refuses(call, found[0]):
        found = None
    if found is None:
        pace.unfound(requester.organisation, now)
        await asyncio.sleep(max(0.0, began + SETTLE - _seconds()))
        return None
    return await _shown(call, wanted.record, *found)


def patient(shown: Shown) -> dict[str, Any]:
    """Write the minimum card as a FHIR Patient under the requester's own id."""
    card = shown.card
    names = [{"use": "official", "text": card.name}] if card.name else []
    if card.name_latin and card.name_latin != card.name:
        names.append({"use": "usual", "text": card.name_latin})
    written: dict[str, Any] = {
        "resourceType": "Patient",
        "id": card.pseudonym,
        "identifier": [{"system": one.system, "value": one.value} for one in shown.numbers],
        "active": True,
        "name": names,
        "gender": card.sex,
        "birthDate": card.birth_date.isoformat() if card.birth_date else None,
    }
    return {name: value for name, value in written.items() if value not in (None, [], "")}


def body(call: Call, shown: Shown) -> Body:
    """Return the card as one entry of a searchset."""
    resource = canonical.encode(patient(shown))
    organisation = call.requester.organisation
    return Body("Patient", shown.card.pseudonym, 1, call.app.clock(), organisation, Category.DEMOGRAPHICS, resource)


def _seconds() -> float:
    return asyncio.get_running_loop().time()


async def _meant(call: Call, wanted: Wanted) -> tuple[Resident, float] | None:
    """Find the one person, or None: by her number alone, else by all that is known of her."""
    if wanted.patient_id:
        known = await call.subject(wanted.patient_id)
        return None if known is None else (known, CERTAIN)
    record = wanted.record
    record = msgspec.structs.replace(record, identifiers=await registry.usable(call, record.identifiers))
    if record.names or record.birth_date:
        match = await call.app.index.match(record, call.app.clock()) if _is_enough(record) else None
        return None if match is None else (match.resident, CERTAIN if match.certain else _probability(match.bits))
    named = [await call.app.index.resolve(number.system, number.value) for number in record.identifiers]
    once = {one.id: one for one in named if one is not None}
    return (once.popitem()[1], CERTAIN) if len(once) == 1 else None


async def _refuses(call: Call, resident: Resident) -> bool:
    """Say whether she shut this institution or machine out, or left; her log then says that it asked.

    Of entries that were linked, the stricter decision holds.
    """
    requester = call.requester
    each = [(Resident(entry, resident.keys), requester) for entry in resident.entries or (resident.id,)]
    states = await call.app.decisions.states(each, call.app.clock())
    if not any(one.refused or one.person_refused or one.opted_out or one.opted_out_everything for one in states):
        return False
    await call.app.log.append(resident, requester, "refuse", Purpose.REGISTER, "institution-refused")
    return True


async def _shown(call: Call, record: Record, resident: Resident, probability: float) -> Shown:
    """Tell her log, then open her card."""
    card = await call.app.cards.look(call.requester, resident, Purpose.REGISTER, _basis(record))
    own = (await registry.own_of(call, resident)).numbers
    held = {(one.system, one.canonical) for one in await call.app.index.numbers(resident)}
    sent = [one for one in record.identifiers if one.kind is not None and (one.system, one.canonical) in held]
    return Shown(card, tuple(shown_of((*own, *sent))), probability)


def shown_of(numbers: Iterable[Identifier]) -> list[Identifier]:
    """Leave out doubles, and what is never shown to register somebody: an insurance number, say."""
    once = {(one.system, one.canonical): one for one in numbers if may_show(one, Purpose.REGISTER)}
    return list(once.values())


def _basis(record: Record) -> str:
    """Say in her log what she was found by."""
    if any(one.kind is not None for one in record.identifiers):
        return _BY_NUMBER
    if record.identifiers or not record.names:
        return _BY_OWN_NUMBER
    return _BY_PHONE if record.phones else _BY_ADDRESS


def _probability(bits: float) -> float:
    """Turn bits into the probability that both are one person, cut to four digits.

    >>> _probability(0.0), _probability(14.0)
    (0.5, 0.9999)
    """
    return round(1.0 / (1.0 + math.pow(2.0, -min(max(bits, -60.0), 60.0))), 4)
