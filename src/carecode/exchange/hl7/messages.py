"""The messages that are taken: a row for each.  To add one: a function, its row, a golden pair.

Source: HL7 v2.5.1 table 0076 (message type), table 0003 (event).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from carecode.exchange.hl7 import adt, qbp
from carecode.exchange.hl7.answers import Envelope, Note, Reply
from carecode.exchange.hl7.faults import Condition, MessageError

if TYPE_CHECKING:
    from carecode.exchange.hl7.call import Call

Change: TypeAlias = "Callable[[Call], Awaitable[tuple[Note, ...]]]"
Query: TypeAlias = "Callable[[Call], Awaitable[Reply]]"

CHANGES: Final[dict[tuple[str, str], Change]] = {
    ("ADT", "A28"): adt.add,
    ("ADT", "A31"): adt.add,
    ("ADT", "A40"): adt.merge,
    ("ADT", "A47"): adt.renumber,
}
QUERIES: Final[dict[tuple[str, str], Query]] = {
    ("QBP", "Q22"): qbp.candidates,
    ("QBP", "Q23"): qbp.corresponding,
}


def unsupported(envelope: Envelope) -> MessageError:
    """Say which part of MSH-9 is not taken here."""
    if any(code == envelope.code for code, _trigger in (*CHANGES, *QUERIES)):
        words = "This event is not taken here. Send A28, A31, A40, A47, Q22 or Q23."
        return MessageError(Condition.EVENT, "event", words, "MSH^1^9^1^2", rejects=True)
    words = "This type of message is not taken here. Send ADT or QBP."
    return MessageError(Condition.MESSAGE_TYPE, "message-type", words, "MSH^1^9^1^1", rejects=True)
