"""Persons and their numbers, out: A28, A31, A47, A40 when two became one, A37 when they were parted.

Pure: what is known of a person and to whom it goes, in; messages out.  A receiver is told only of persons
for whom it holds a number, of two only where it holds one of each, and reads its own numbers only.  A28 and
A31 carry the minimum card, which comes from ``disclosure/cards.py: Cards.look``: a feed is a look like any
other and stands in her log.  The others carry no name.

Sources: HL7 v2.5.1 3.3.28, 3.3.31, 3.3.37, 3.3.40, 3.3.47; IHE ITI TF-2 3.10 (ITI-10), 3.30 (ITI-30).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from carecode.exchange.hl7 import er7, numbers
from carecode.exchange.hl7.answers import Stamp, card_fields, timestamp
from carecode.exchange.hl7.correspondent import OURS, Correspondent
from carecode.exchange.hl7.er7 import escaped, hat, segment

if TYPE_CHECKING:
    from carecode.kernel.vocabulary import Card

NO_NAME: Final = "^^^^^^S"
"""PID-5 where a name has to be and none is said (table 0200: S, coded to hide who it is)."""
OUR_FACILITY: Final = OURS
_NO_VISIT: Final = {1: "1", 2: "N"}  # PV1-2 N: not applicable; the structure of A28 and A31 demands the segment
_UNLINKED: Final = (
    "Two of your patients were taken for one person here, and are two again. "
    "Look through what was written for both since then, and put each entry where it belongs."
)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What one receiver calls one person: its own numbers, the first being the usual one, and ours for it."""

    own: tuple[str, ...] = field(repr=False)
    patient_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Out:
    """One message for one receiver."""

    receiver: str  # organisation
    event: str  # A28 …
    control_id: str
    message: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """Something that a person at the receiver has to look into, for its system cannot."""

    receiver: str
    code: str
    words: str
    own: tuple[str, ...] = field(repr=False)


class Outbox(Protocol):
    """Where messages wait.  It keeps them in order for each receiver, over restarts, until an AA came back.

    The same control id is sent again after a lost answer, so that the receiver knows the repeat.  AE and AR
    stop the queue of that receiver and show the message to an integrator.  Bounded: a receiver that is away
    too long is told everything anew from the index.
    """

    async def put(self, out: Out) -> None:
        """Queue a message, in the transaction of what it tells where that is possible."""

    async def ask(self, item: WorkItem) -> None:
        """Show a work item to the receiver's people."""


def registered(to: Correspondent, who: Numbers, card: Card, stamp: Stamp) -> tuple[Out, ...]:
    """A28: tell a receiver of a person; nothing where it holds no number of hers."""
    return _about(to, "A28", who, card, stamp)


def changed(to: Correspondent, who: Numbers, card: Card, stamp: Stamp) -> tuple[Out, ...]:
    """A31: tell a receiver what is on her card now."""
    return _about(to, "A31", who, card, stamp)


def renumbered(to: Correspondent, who: Numbers, old: str, stamp: Stamp) -> tuple[Out, ...]:
    """A47: one of the receiver's own numbers took the place of ``old``, which was its own too."""
    if not who.own or who.own[0] == old:
        return ()
    return (_out(to, "A47", "ADT_A30", stamp, (_pid(to, who), _mrg(to, old))),)


def linked(to: Correspondent, stays: Numbers, goes: Numbers, stamps: Callable[[], Stamp]) -> tuple[Out, ...]:
    """A40: two persons are one; nothing unless the receiver holds a number of each, one message for each that ends."""
    ends = [number for number in goes.own if number not in stays.own]
    if not stays.own:
        return ()
    return tuple(_out(to, "A40", "ADT_A39", stamps(), (_pid(to, stays), _mrg(to, number))) for number in ends)


def unlinked(
    to: Correspondent, one: Numbers, other: Numbers, cards: tuple[Card, Card], stamps: Callable[[], Stamp]
) -> tuple[tuple[Out, ...], tuple[WorkItem, ...]]:
    """A37: they are two again.  Who does not read it gets A31 of both, and its people a work item."""
    if not (one.own and other.own):
        return (), ()
    if to.takes_unlink:
        return (_out(to, "A37", "ADT_A37", stamps(), (_pid(to, one), _pid(to, other))),), ()
    told = (*changed(to, one, cards[0], stamps()), *changed(to, other, cards[1], stamps()))
    return told, (WorkItem(to.organisation, "unlinked", _UNLINKED, one.own + other.own),)


def _about(to: Correspondent, event: str, who: Numbers, card: Card, stamp: Stamp) -> tuple[Out, ...]:
    if not who.own:
        return ()
    lines = (segment("PID", {3: _numbers(to, who), **card_fields(card)}), segment("PV1", _NO_VISIT))
    return (_out(to, event, "ADT_A05", stamp, lines),)


def _out(to: Correspondent, event: str, structure: str, stamp: Stamp, lines: tuple[str, ...]) -> Out:
    application, facility = min(to.systems)
    msh = er7.header(
        {
            3: OURS,
            4: OUR_FACILITY,
            5: escaped(application),
            6: escaped(facility),
            7: timestamp(stamp.at),
            9: hat("ADT", event, structure),
            10: stamp.control_id,
            11: to.processing,
            12: to.version,
            18: to.answers_in,
        }
    )
    evn = segment("EVN", {1: event, 2: timestamp(stamp.at)})
    return Out(to.organisation, event, stamp.control_id, er7.encode((msh, evn, *lines), to.answers_in))


def _numbers(to: Correspondent, who: Numbers) -> str:
    return numbers.written(who.own, to, who.patient_id)


def _pid(to: Correspondent, who: Numbers) -> str:
    return segment("PID", {3: _numbers(to, who), 5: NO_NAME})


def _mrg(to: Correspondent, number: str) -> str:
    return segment("MRG", {1: numbers.written([number], to)})
