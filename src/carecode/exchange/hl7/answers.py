"""What goes back: acknowledgements with their errors in plain words, and answers to queries.

Pure: time and control id are parameters.  An answer speaks the sender's version and repeats nothing of a
person but what the query itself said (QPD) and what was found.

Sources: HL7 v2.5.1 2.14.8 (MSA), 2.14.5 (ERR), 5.5.1 (QAK), 5.3.1 (RSP); IHE ITI TF-2 3.9, 3.21.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from carecode.exchange.hl7 import er7
from carecode.exchange.hl7.correspondent import OURS
from carecode.exchange.hl7.er7 import escaped, hat, segment
from carecode.exchange.hl7.faults import NAMES, Condition, MessageError

if TYPE_CHECKING:
    from carecode.exchange.hl7.er7 import Message, Segment
    from carecode.kernel.vocabulary import Card

VERSION: Final = "2.5"
_ERR_SINCE: Final = "2.5"  # before, ERR has another form, which nobody reads: MSA-3 says it too
_SEXES: Final = {"male": "M", "female": "F", "other": "O"}
_PLACE_PARTS_MAX: Final = 6
RESPONSES: Final = {"Q22": ("K22", "RSP_K21"), "Q23": ("K23", "RSP_K23")}
"""The event and structure that answer a query."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom a message came and what it asked for; every field may be empty in a broken one."""

    application: str = ""
    facility: str = ""
    code: str = ""
    trigger: str = ""
    control_id: str = ""
    processing: str = "P"
    version: str = VERSION
    charset: str = ""

    @classmethod
    def of(cls, message: Message) -> Envelope:
        """Read MSH."""
        msh = message.header
        code, trigger = msh.text(9), msh.text(9, 2)
        return cls(msh.text(3), msh.text(4), code, trigger, msh.text(10), msh.text(11), msh.text(12), message.charset)

    @property
    def answers_in(self) -> str:
        """The set of the answer: GB 18030 to who sent it, else UTF-8, which holds every name."""
        return er7.GB_18030 if self.charset.upper().startswith("GB") else er7.UTF_8


@dataclass(frozen=True, slots=True)
class Stamp:
    """When an answer is made and its own control id."""

    at: datetime
    control_id: str


@dataclass(frozen=True, slots=True)
class Note:
    """One ERR segment."""

    condition: Condition
    code: str  # stable, kebab-case
    words: str
    place: str = ""  # ERL: PID^1^3
    severity: str = "E"  # table 0516: E error, W warning, I information


def timestamp(at: datetime) -> str:
    """Write a time with its zone (TS)."""
    return at.strftime("%Y%m%d%H%M%S%z")


def acknowledge(to: Envelope, stamp: Stamp, notes: tuple[Note, ...] = (), *, code: str = "AA") -> bytes:
    """Write an ACK: AA, AE or AR (table 0008), each note as an ERR."""
    kind = hat("ACK", to.trigger, "ACK") if to.trigger else "ACK"
    return er7.encode([_header(to, stamp, kind), _msa(to, code, notes), *map(_err, notes)], to.answers_in)


def refuse(to: Envelope, stamp: Stamp, fault: MessageError) -> bytes:
    """Write the ACK for what was not taken."""
    note = Note(fault.condition, fault.code, fault.message, fault.place)
    return acknowledge(to, stamp, (note,), code="AR" if fault.rejects else "AE")


@dataclass(frozen=True, slots=True)
class Reply:
    """What a query is answered: at most one person, as PID fields; nobody is None.

    None, several and refused are one answer: nothing in it tells which it was.
    """

    pid: dict[int, str] | None


def reply(to: Envelope, stamp: Stamp, qpd: Segment, found: Reply) -> bytes:
    """Write an RSP: MSA, QAK, the query as it was asked, and the one person, if there is one."""
    status = ("NF", "0") if found.pid is None else ("OK", "1")
    lines = [
        _header(to, stamp, hat("RSP", *RESPONSES[to.trigger])),
        _msa(to, "AA", ()),
        _qak(qpd, status[0], status[1]),
        qpd.again(),
    ]
    if found.pid is not None:
        lines.append(segment("PID", found.pid))
    return er7.encode(lines, to.answers_in)


def refuse_query(to: Envelope, stamp: Stamp, qpd: Segment, fault: MessageError) -> bytes:
    """Write the RSP for a query that cannot be asked so; whom it was about plays no part in it."""
    note = Note(fault.condition, fault.code, fault.message, fault.place)
    lines = [
        _header(to, stamp, hat("RSP", *RESPONSES[to.trigger])),
        _msa(to, "AE", (note,)),
        _err(note),
        _qak(qpd, "AE", "0"),
        qpd.again(),
    ]
    return er7.encode(lines, to.answers_in)


def _qak(qpd: Segment, status: str, count: str) -> str:
    name = hat(qpd.text(1), qpd.text(1, 2), qpd.text(1, 3))
    return segment("QAK", {1: escaped(qpd.text(2)), 2: status, 3: name, 4: count, 5: count, 6: "0"})


def card_fields(card: Card) -> dict[int, str]:
    """Write the minimum card as PID-5, 7 and 8: name in both scripts, day of birth, sex; nothing else is sent."""
    names = [hat(card.name, "", "", "", "", "", "L", "I")] if card.name and card.name != card.name_latin else []
    if card.name_latin:
        given, _, family = card.name_latin.rpartition(" ")
        names.append(hat(family, given, "", "", "", "", "L", "A"))
    born = "" if card.birth_date is None else card.birth_date.strftime("%Y%m%d")
    return {5: "~".join(names), 7: born, 8: _SEXES.get(card.sex, "U")}


def _header(to: Envelope, stamp: Stamp, kind: str) -> str:
    return er7.header(
        {
            3: OURS,
            4: OURS,
            5: escaped(to.application),
            6: escaped(to.facility),
            7: timestamp(stamp.at),
            9: kind,
            10: stamp.control_id,
            11: escaped(to.processing),
            12: escaped(to.version or VERSION),
            18: to.answers_in,
        }
    )


def _msa(to: Envelope, code: str, notes: tuple[Note, ...]) -> str:
    words = notes[0].words if notes and to.version < _ERR_SINCE else ""
    return segment("MSA", {1: code, 2: escaped(to.control_id), 3: escaped(words)})


def _err(note: Note) -> str:
    place = hat(*note.place.split("^", _PLACE_PARTS_MAX))
    condition = hat(note.condition, NAMES[note.condition], "HL70357")
    return segment("ERR", {2: place, 3: condition, 4: note.severity, 5: hat(note.code), 8: escaped(note.words)})
