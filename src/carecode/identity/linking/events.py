"""What happened to a link: events that are only ever added, and the chain of hashes each person has of hers.

Pure.  An *entry* is a resident of the index as she was registered: she has one key of the record and
keeps it.  A *person* is a group of entries, named by one of them, her *leader*.  Ids are ResidentIds.
An event says what was wanted (``kind``, ``entries``, ``beside``) and what it changed (``moves``,
``markings``, ``reviewing``), so that it can be replayed to the letter, and thought away.

| kind | entries | beside | what it does |
|---|---|---|---|
| link | one, alone | any | she joins the person of ``beside``, the entry she was compared with |
| unlink | one | | she stands alone |
| merge | one | any | her whole person joins the person of ``beside``, whose name stays |
| split | some of one person | | they leave as a person of their own; the first leads |
| move | some of one person | any | they leave and join the person of ``beside`` |
| pin | two | | must be, or cannot be, one person; made by people only |
| dismiss | two | | looked at, not to be proposed again |
| review-opened, review-closed | some | | a case for a person to decide, by its number |
| unmerge, undo | | | takes back a merge, or another event (``undoes``) |
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

from carecode.kernel.errors import CorruptError, InvalidInputError

ENTRIES_MAX: Final = 1_000
REASON_CHARACTERS_MAX: Final = 1_000
START: Final = bytes(32)
"""What the first event of a person follows."""

_BODY: Final = b"carecode link event\n"
_LINK: Final = b"carecode link chain\n"
_ENCODER: Final = msgspec.json.Encoder(order="sorted", uuid_format="canonical")


class Kind(StrEnum):
    """What was wanted."""

    LINK = "link"
    UNLINK = "unlink"
    MERGE = "merge"
    UNMERGE = "unmerge"
    SPLIT = "split"
    MOVE = "move"
    PIN = "pin"
    DISMISS = "dismiss"
    REVIEW_OPENED = "review-opened"
    REVIEW_CLOSED = "review-closed"
    UNDO = "undo"


class Mark(StrEnum):
    """What people decided about two entries."""

    NONE = ""
    MUST = "must"
    CANNOT = "cannot"
    DISMISSED = "dismissed"


class Case(StrEnum):
    """How a case for review stands."""

    NONE = ""
    OPEN = "open"
    CLOSED = "closed"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Why a model thought so: its version, the level of each field, and their sum in bits."""

    model: str
    bits: float
    levels: dict[str, str]  # field -> level, never a value


class Move(msgspec.Struct, frozen=True):
    """One entry went from one person to another."""

    entry: UUID
    before: UUID
    after: UUID


class Marking(msgspec.Struct, frozen=True):
    """The mark of one pair changed; ``first`` < ``second``."""

    first: UUID
    second: UUID
    before: Mark
    after: Mark


class Reviewing(msgspec.Struct, frozen=True):
    """A case changed how it stands."""

    review: UUID
    before: Case
    after: Case


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened; the last four fields are filled in by ``membership.settled`` and ``undoing.undo``."""

    id: UUID  # random, 128 bits: also what keeps the hash of a short reason from being guessed
    kind: Kind
    at: datetime  # with a zone
    actor: str  # id of a person of the staff, or of a model's run
    human: bool
    reason: str
    entries: tuple[UUID, ...] = ()
    beside: UUID | None = None
    evidence: Evidence | None = None
    mark: Mark = Mark.NONE  # of a pin
    review: UUID | None = None  # of a review
    undoes: UUID | None = None
    moves: tuple[Move, ...] = ()
    markings: tuple[Marking, ...] = ()
    reviewing: tuple[Reviewing, ...] = ()
    touched: tuple[UUID, ...] = ()  # every entry and person in whose chain it stands, sorted


class Head(msgspec.Struct, frozen=True):
    """The end of one chain: how many events it has, the hash of the last, and when that was."""

    seq: int = 0
    hash: bytes = START
    at: datetime | None = None


_ENTRIES: Final[dict[Kind, tuple[int, int, bool]]] = {  # fewest, most, is there somebody beside
    Kind.LINK: (1, 1, True),
    Kind.UNLINK: (1, 1, False),
    Kind.MERGE: (1, 1, True),
    Kind.SPLIT: (1, ENTRIES_MAX, False),
    Kind.MOVE: (1, ENTRIES_MAX, True),
    Kind.PIN: (2, 2, False),
    Kind.DISMISS: (2, 2, False),
    Kind.REVIEW_OPENED: (1, ENTRIES_MAX, False),
    Kind.REVIEW_CLOSED: (1, ENTRIES_MAX, False),
    Kind.UNMERGE: (0, 0, False),
    Kind.UNDO: (0, 0, False),
}


def check(event: Event) -> None:
    """See that an event has the form of its kind.  Raises InvalidInputError ``link-event-form``."""
    fewest, most, beside = _ENTRIES[event.kind]
    named = (*event.entries, *(() if event.beside is None else (event.beside,)))
    faults = {
        "Name the entries it is about.": not fewest <= len(event.entries) <= most,
        "Say which entry they are put beside.": beside is not (event.beside is not None),
        "Name each entry once.": len(set(named)) != len(named),
        "Say who decides.": not event.actor,
        "Give a reason.": event.human and not event.reason.strip(),
        f"A reason has at most {REASON_CHARACTERS_MAX} characters.": len(event.reason) > REASON_CHARACTERS_MAX,
        "Say when, with a time zone.": event.at.tzinfo is None,
        "A pin says must or cannot.": (event.kind is Kind.PIN) is not (event.mark in (Mark.MUST, Mark.CANNOT)),
        "Name the case.": (event.kind in (Kind.REVIEW_OPENED, Kind.REVIEW_CLOSED)) is not (event.review is not None),
        "Name what is taken back.": (event.kind in (Kind.UNMERGE, Kind.UNDO)) is not (event.undoes is not None),
        "Bits are a number.": event.evidence is not None and not math.isfinite(event.evidence.bits),
    }
    for sentence, broken in faults.items():
        if broken:
            raise InvalidInputError("link-event-form", sentence)


def canonical(event: Event) -> bytes:
    """Spell an event in one way: compact JSON with sorted keys, times in UTC.

    Whoever reads it again with ``read`` has an equal event.
    """
    at = event.at.astimezone(UTC)
    return _ENCODER.encode(event if at.tzinfo is event.at.tzinfo else msgspec.structs.replace(event, at=at))


def read(body: bytes) -> Event:
    """Read what ``canonical`` wrote.  Raises CorruptError ``link-event-broken``."""
    try:
        return msgspec.json.decode(body, type=Event)
    except msgspec.MsgspecError:
        raise CorruptError("link-event-broken", "A stored link event cannot be read. Call the operator.") from None


def body_hash(event: Event) -> bytes:
    """Hash an event's canonical bytes, 32 bytes; the chain stays whole when the body is erased."""
    return sha256(_BODY + canonical(event)).digest()


def chain_hash(owner: UUID, seq: int, before: bytes, body: bytes) -> bytes:
    """Hash the ``seq``-th link (from 1) of an owner's chain: it follows ``before`` and holds the body's hash."""
    return sha256(_LINK + owner.bytes + seq.to_bytes(8) + before + body).digest()


def follow(owner: UUID, head: Head, body: bytes, at: datetime) -> Head:
    """Return the head of a chain after one more event, given by the hash of its body."""
    seq = head.seq + 1
    return Head(seq, chain_hash(owner, seq, head.hash, body), at)


def verify(owner: UUID, links: Iterable[tuple[bytes, bytes]]) -> Head:
    """Follow a whole chain from its start, given as (hash of the body, stored hash); return its head.

    Raises CorruptError ``link-chain-broken`` at the first link that does not follow.
    """
    head = Head()
    for body, stored in links:
        seq = head.seq + 1
        if chain_hash(owner, seq, head.hash, body) != stored:
            raise CorruptError("link-chain-broken", f"Link event {seq} of a person was changed. Call the operator.")
        head = Head(seq, stored)
    return head


def pair(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    """Return two entries in their order, as marks are kept."""
    return (one, other) if one < other else (other, one)


def standing(history: Sequence[Event]) -> list[Event]:
    """Return what still counts, oldest first: events that no standing event takes back, without the taking back.

    ``history`` is in the order in which it happened.
    """
    gone: set[UUID] = set()
    kept: list[Event] = []
    for event in reversed(history):
        if event.id in gone:
            continue
        if event.undoes is None:
            kept.append(event)
        else:
            gone.add(event.undoes)
    kept.reverse()
    return kept
