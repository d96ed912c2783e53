"""Queries: Q22, who is this (IHE PDQ), and Q23, which numbers of mine does she have (IHE PIX).

Both answer with at most one person, and only whom the index is certain of.  Nobody, several, and one whom
the sender may not see give one and the same answer, without an error, so that asking finds out nothing:
here we leave IHE, which tells an unknown number (AE) from a known one without others (NF).  Every answer
with a person was committed to her log first.

Q22 must say name, day of birth, and a number or a telephone; no wildcards, no search by a home or a name
alone.  It gives the minimum card.  Q23 gives the sender's own numbers and ours for it, nobody else's.

Sources: HL7 v2.5.1 5.3.1, 5.4; IHE ITI TF-2 3.9 (ITI-9), 3.21 (ITI-21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.exchange.hl7 import numbers, patient
from carecode.exchange.hl7.answers import Reply, card_fields
from carecode.exchange.hl7.correspondent import OURS
from carecode.exchange.hl7.er7 import Marks, Segment
from carecode.exchange.hl7.faults import Condition, MessageError, missing
from carecode.kernel.errors import NotFoundError, RefusedError
from carecode.kernel.vocabulary import Resident, ResidentId

if TYPE_CHECKING:
    from carecode.exchange.hl7.call import Call
    from carecode.kernel.vocabulary import Card

PARAMETERS_MAX: Final = 32
BASIS_Q22: Final = "query"
BASIS_Q23: Final = "own number"
# Parameter -> field, component; a bare field is its first component (ITI-21 table 3.21-1).
_PARAMETERS: Final = {
    "PID.3": (3, 1), "PID.3.1": (3, 1), "PID.3.4": (3, 4), "PID.3.4.1": (3, 4), "PID.3.4.2": (3, 42),
    "PID.3.4.3": (3, 43), "PID.3.5": (3, 5), "PID.5": (5, 1), "PID.5.1": (5, 1), "PID.5.1.1": (5, 1), "PID.5.2": (5, 2),
    "PID.7": (7, 1), "PID.7.1": (7, 1), "PID.8": (8, 1), "PID.11.1": (11, 1), "PID.11.1.1": (11, 1),
    "PID.11.3": (11, 3), "PID.11.4": (11, 4), "PID.11.5": (11, 5), "PID.13": (13, 12), "PID.13.1": (13, 12),
    "PID.13.12": (13, 12), "PID.13.6": (13, 6), "PID.13.7": (13, 7),
}  # fmt: skip
_DAY: Final = 8
_NOBODY: Final = Resident(ResidentId(UUID(int=0)), ())
_QPD3: Final = "QPD^1^3"
_WILD: Final = ("*", "%", "?")


async def candidates(call: Call) -> Reply:
    """Q22: the one person whom the index is certain of, with the minimum card."""
    qpd = call.message.one("QPD")
    _check_domains(call, qpd, 8)
    asked = patient.read_asked(_as_pid(_parameters(qpd), qpd.marks), call.sender, call.today)
    if not (asked.names and len(asked.birth_date) >= _DAY and (asked.identifiers or asked.phones)):
        raise missing("query-minimum", "Ask by name, whole date of birth, and a number or a telephone together.", _QPD3)
    found = await call.register.match(asked, call.now)
    return Reply(await _person(call, found, BASIS_Q22, whole=True))


async def corresponding(call: Call) -> Reply:
    """Q23: the sender's own numbers of the person whom one number names, and ours for it."""
    qpd = call.message.one("QPD")
    _check_domains(call, qpd, 4)
    asked = qpd.repetitions(3)
    if len(asked) != 1 or not qpd.text(3):
        raise missing("query-number", "Ask by exactly one number, with its authority.", _QPD3)
    if _ours(qpd.part(asked[0], 4)):
        found = await call.register.by_patient_id(call.requester, qpd.text(3))
        return Reply(await _person(call, found, BASIS_Q23, whole=False))
    number = numbers.read(qpd, asked[0], call.sender, call.today)
    if number is None:
        words = "Ask by a number of your own, of a document, or of ours."
        raise MessageError(Condition.UNKNOWN_KEY, "authority-unknown", words, f"{_QPD3}^1^4")
    found = await call.register.resolve(number)
    # Whoever holds no number of hers learns of none, nor that she is here; nobody is asked about as often, so
    # that the time tells nothing either.
    held = await call.register.numbers(found or _NOBODY)
    found = found if call.sender.own(held) else None
    return Reply(await _person(call, found, BASIS_Q23, whole=False))


async def _person(call: Call, found: Resident | None, basis: str, *, whole: bool) -> dict[int, str] | None:
    """Log the look, then write her PID: numbers, and the card where ``whole``."""
    if found is None:
        return None
    try:
        card: Card = await call.register.look(call.requester, found, basis)
    except (RefusedError, NotFoundError):
        return None
    own = call.sender.own(await call.register.numbers(found))
    fields = {3: numbers.written(own, call.sender, card.pseudonym)}
    # ITI-9 wants a name that says nothing where only numbers are asked for.
    return fields | (card_fields(card) if whole else {5: "^^^^^^S"})


def _parameters(qpd: Segment) -> dict[tuple[int, int], str]:
    """Read QPD-3 (``@PID.5.1.1^林~@PID.7^19850314``).  MessageError for what is unknown, twice there, or a wildcard."""
    found: dict[tuple[int, int], str] = {}
    for place, components in enumerate(qpd.repetitions(3)[: PARAMETERS_MAX + 1], 1):
        name = qpd.part(components, 1).removeprefix("@").upper()
        # An unescaped date with a part after it stays one value: only the first component is read.
        value, key, where = qpd.part(components, 2), _PARAMETERS.get(name), f"{_QPD3}^{place}"
        if key is None:
            raise MessageError(
                Condition.VALUE, "query-parameter", "This index cannot be asked by this parameter.", where
            )
        if key in found:
            raise MessageError(Condition.VALUE, "query-twice", "Ask for one person: each parameter once.", where)
        if any(sign in value for sign in _WILD):
            raise MessageError(Condition.VALUE, "query-wildcard", "Ask by whole values, without * or %.", where)
        found[key] = value
    return found


def _as_pid(found: dict[tuple[int, int], str], marks: Marks) -> Segment:
    """Write what was asked as a PID, which is then read like any other."""
    escape = marks.escape

    def safe(text: str) -> str:
        for sign, code in ((marks.field, "F"), (marks.component, "S"), (marks.repetition, "R"), (marks.sub, "T")):
            text = text.replace(sign, f"{escape}{code}{escape}")
        return text

    fields = [""] * 41
    for field in {number for number, _component in found}:
        parts = [safe(found.get((field, component), "")) for component in range(1, 13)]
        if field == 3:  # noqa: PLR2004  # CX.4 has three parts
            parts[3] = marks.sub.join([parts[3], safe(found.get((3, 42), "")), safe(found.get((3, 43), ""))])
        fields[field] = marks.component.join(parts)
    return Segment(marks.field.join(["PID", *fields[1:]]), marks)


def _check_domains(call: Call, qpd: Segment, field: int) -> None:
    """See that only the sender's own numbers, or ours for it, are wanted back."""
    for place, components in enumerate(qpd.repetitions(field), 1):
        name, universal = qpd.part(components, 4), qpd.part(components, 4, 2)
        if (name or universal) and not (_ours(name) or call.sender.is_authority(name, universal)):
            raise MessageError(
                Condition.UNKNOWN_KEY,
                "domain-unknown",
                "You are given your own numbers only.",
                f"QPD^1^{field}^{place}",
            )


def _ours(name: str) -> bool:
    return name == OURS
