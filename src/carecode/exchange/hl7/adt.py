"""Persons and their numbers, in: A28 add, A31 update, A40 merge, A47 change of number.

A sender names persons by its own numbers only.  The answer says what in the message contradicts itself,
never what the index knows of a person besides: an acknowledgement is no way to ask.

Sources: HL7 v2.5.1 3.3.28, 3.3.31, 3.3.40, 3.3.47; IHE ITI TF-2 3.8 (ITI-8), 3.30 (ITI-30).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from carecode.exchange.hl7 import numbers, patient
from carecode.exchange.hl7.answers import Note
from carecode.exchange.hl7.door import Merged
from carecode.exchange.hl7.faults import Condition, MessageError, missing

if TYPE_CHECKING:
    from carecode.exchange.hl7.call import Call
    from carecode.exchange.hl7.patient import Patient
    from carecode.identity.identifiers import Identifier
    from carecode.kernel.vocabulary import ResidentId

WARNINGS_MAX: Final = 8
_ASKED: Final = Note(
    Condition.ACCEPTED,
    "merge-asked",
    "A steward of the index decides about this merge. Nothing is merged yet.",
    "MRG^1^1",
    "I",
)


async def add(call: Call) -> tuple[Note, ...]:
    """A28, A31: register somebody, or add what is new of her under the same number.

    A31 of somebody unknown registers her: a feed may begin in the middle of a life.  Nothing is ever
    taken away: a field that is empty, or HL7's null, says nothing.
    """
    sent = _patient(call)
    await call.register.enrol(sent, call.sender.organisation, call.now)
    return _warnings(sent)


async def merge(call: Call) -> tuple[Note, ...]:
    """A40: the person of MRG-1 is that of PID-3.  Both are the sender's own numbers; one pair in a message."""
    stays = await _known(call, "PID", 3)
    goes = await _known(call, "MRG", 1)
    if stays == goes:
        return ()
    became = await call.register.merge(goes, stays, call.requester, call.now)
    return (_ASKED,) if became is Merged.ASKED else ()


async def renumber(call: Call) -> tuple[Note, ...]:
    """A47: the person of MRG-1 has the number of PID-3 now; the old one goes on naming her.

    MessageError when the new number names somebody else: two persons are made one by A40 only.
    """
    await _known(call, "MRG", 1)
    sent = _patient(call)
    hers = await call.register.resolve(_own(call, "MRG", 1)[0])
    for number in sent.own:
        other = await call.register.resolve(number)
        if other is not None and (hers is None or other.id != hers.id):
            words = "The new number is another person's. If both are one person, send A40."
            raise MessageError(Condition.DUPLICATE_KEY, "number-taken", words, "PID^1^3")
    old = tuple(number for number in _own(call, "MRG", 1) if number not in sent.own)
    both = replace(sent, own=sent.own + old)
    await call.register.enrol(both, call.sender.organisation, call.now)
    return _warnings(sent)


def _patient(call: Call) -> Patient:
    return patient.read(call.message.one("PID"), call.sender, call.today)


def _own(call: Call, name: str, field: int) -> list[Identifier]:
    found = numbers.read_all(call.message.one(name), field, call.sender, call.today)
    return [number for number in found if number.system == call.sender.system]


async def _known(call: Call, name: str, field: int) -> ResidentId:
    """Return the one entry that the sender's own numbers in a field name.  MessageError for none, or two."""
    place = f"{name}^1^{field}"
    own = _own(call, name, field)
    if not own:
        raise missing("number-own", f"{name}-{field} holds no number of your own. Send it with your authority.", place)
    entries = {await call.register.entry_of(number) for number in own}
    if None in entries:
        raise MessageError(
            Condition.UNKNOWN_KEY, "number-unknown", "You never sent this number. Send A28 first.", place
        )
    if len(entries) > 1:
        raise MessageError(
            Condition.DUPLICATE_KEY, "numbers-of-two", "These numbers name two entries. Send one.", place
        )
    entry = entries.pop()
    assert entry is not None  # noqa: S101  # seen above
    return entry


def _warnings(sent: Patient) -> tuple[Note, ...]:
    return tuple(Note(Condition.ACCEPTED, "compare", words, "PID^1", "W") for words in sent.warnings[:WARNINGS_MAX])
