"""Typed words of the domain that two rooms on one floor need.

Values only: no clock, no randomness, no I/O.  Sources: HL7 v3 ActReason PurposeOfUse (purposes),
HL7 FHIR R4 (resource types, ids), DESIGN of the record (eleven categories).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, IntFlag, StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NewType

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

ResidentId = NewType("ResidentId", "UUID")
"""A resident in the index: random, 128 bits; never leaves the platform."""
RecordKey = NewType("RecordKey", "UUID")
"""The number under which a resident's record and log are kept: random, 128 bits; never leaves."""
Bearer = NewType("Bearer", "UUID")
"""The number under which the health code knows its holder: random, 128 bits; never leaves."""

SELF: Final = "self"
"""The organisation name under which a resident sees her own record."""
PLATFORM: Final = "carecode"
"""The organisation name of the platform's own demo loader."""


class Purpose(StrEnum):
    """Purposes of use at the gate (HL7 v3 ActReason); the list is closed."""

    TREAT = "TREAT"
    ETREAT = "ETREAT"
    HPAYMT = "HPAYMT"
    PATRQT = "PATRQT"
    PUBHLTH = "PUBHLTH"
    HLEGAL = "HLEGAL"
    IDENTIFY = "IDENTIFY"
    REGISTER = "REGISTER"


class CodePurpose(IntEnum):
    """Purposes signed inside a health code; the number is the low nibble of its first byte."""

    IDENTIFY = 1
    REGISTER = 2
    PAY = 3
    OPEN_RECORD = 4
    PROVE = 5
    EMERGENCY = 6


class Category(IntEnum):
    """The eleven categories of a record, by which it is disclosed."""

    DEMOGRAPHICS = 1
    ALLERGIES = 2
    PROBLEMS = 3
    MEDICINES = 4
    IMMUNIZATIONS = 5
    LABORATORY = 6
    IMAGING = 7
    PROCEDURES = 8
    ENCOUNTERS = 9
    DOCUMENTS = 10
    OBSERVATIONS = 11


ALL_CATEGORIES: Final = frozenset(Category)


class Closed(IntFlag):
    """Why a resource is closed; a reader opens it who may open every bit it has.

    The first eight are HL7 v3 ActCode sensitivity labels, closed until she says yes.
    """

    HIV = 1
    STD = 2
    PSY = 4
    SUD = 8
    SEX = 16
    PREGNANT = 32
    GDIS = 64
    SDV = 128
    UNLABELLED = 256  # free text that nobody coded: counts as sensitive
    UNSHARED = 512  # a visit she kept with its institution, or written while she was opted out
    LOCKED = 1024  # staff see a padlock; an emergency opens it and tells her
    HIDDEN = 2048  # looks like nothing; no emergency opens it
    HIDDEN_OPENS = 4096  # looks like nothing; she lets an emergency open it


NOTHING_CLOSED: Final = Closed(0)
EVERYTHING: Final = Closed(8191)
SENSITIVE: Final = Closed(511)
DEPOSITOR_SEES: Final = SENSITIVE | Closed.UNSHARED
"""What never closes a resource to the institution that wrote it: PostgreSQL holds the same (record's row policy)."""


class Role(StrEnum):
    """What a signed-in person or machine does."""

    RESIDENT = "resident"
    DESK = "desk"
    CLINICIAN = "clinician"
    CASHIER = "cashier"
    STEWARD = "steward"
    OFFICER = "officer"
    INTEGRATOR = "integrator"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks: parsed from a session at the edge, trusted from there on."""

    id: str  # stable id of the person or machine; for a resident "resident"
    role: Role
    organisation: str  # handle of the institution, or SELF
    name: str  # shown to residents
    title: str = ""  # "internal medicine", "desk 12"
    desk_number: str | None = None  # four digits of the place where she works now
    resident: ResidentId | None = None  # set for residents, and for tokens bound to one resident
    purpose: Purpose | None = None  # a bearer token's purpose
    licensed: bool = True  # staff: her licence is in force


@dataclass(frozen=True, slots=True)
class Resident:
    """One person of the index with every key her record is kept under; keys[0] is the oldest.

    An entry is a resident as she was registered, with one key of her own; a person is one entry, or several
    that were linked.  ``entries[i]`` keeps ``keys[i]``; fewer than two entries: she is not linked.
    """

    id: ResidentId = field(repr=False)
    keys: tuple[RecordKey, ...] = field(repr=False)
    entries: tuple[ResidentId, ...] = field(default=(), repr=False, compare=False)
    entry_key: RecordKey | None = field(default=None, repr=False, compare=False)  # of the entry named; None: keys[0]

    @property
    def own(self) -> RecordKey:
        """Give the key of the entry that was named: what is deposited for her stays under it when links change."""
        return self.keys[0] if self.entry_key is None else self.entry_key

    @property
    def entry(self) -> ResidentId:
        """Give the entry that was named, whoever leads the person she belongs to."""
        if len(self.entries) != len(self.keys) or self.own not in self.keys:
            return self.id
        return self.entries[self.keys.index(self.own)]

    def has(self, entry: ResidentId | None) -> bool:
        """Tell whether an entry, a session's or a token's, is one of hers."""
        return entry == self.id or entry in self.entries


@dataclass(frozen=True, slots=True)
class Card:
    """The minimum card: all that IDENTIFY and REGISTER give."""

    name: str = field(repr=False)
    name_latin: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    sex: str = field(repr=False)  # FHIR administrative-gender
    pseudonym: str = field(repr=False)  # this institution's own number for her, 32 characters


@dataclass(frozen=True, slots=True)
class Presentation:
    """A health code that verified: who showed it, for what, when.  Made by the verifier only."""

    bearer: Bearer = field(repr=False)
    purpose: CodePurpose
    shown_at: datetime
    desk_number: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a disclosure was committed to the access log.  Made by ``audit.log`` only."""

    id: UUID
    keys: tuple[RecordKey, ...] = field(repr=False)
    requester: str
    categories: frozenset[Category]
    depositor: str | None  # not None: only what this organisation itself deposited
    at: datetime
    opens: Closed = NOTHING_CLOSED

    @property
    def number(self) -> str:
        """Eight hexadecimal characters that both the clinic and the resident's phone show."""
        text = self.id.hex[-8:].upper()
        return f"{text[:4]}-{text[4:]}"


def receipt_mark(receipt: UUID) -> str:
    """Return what an institution keeps of a receipt: 32 hexadecimal digits, from which nobody finds the receipt.

    The receipt itself stays here: with a room's password it would open rows.
    """
    return sha256(b"carecode receipt" + receipt.bytes).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Resource:
    """One stored FHIR resource as it leaves the record: placeholder still inside the body."""

    type: str
    id: str
    version: int
    updated_at: datetime
    organisation: str  # who deposited it
    category: Category
    body: bytes = field(repr=False)  # compact JSON with id and meta


@dataclass(frozen=True, slots=True)
class NewResource:
    """One resource ready to be stored: ids, references and meta already mapped."""

    type: str
    id: UUID
    category: Category
    sort_date: datetime | None
    tokens: tuple[int, ...]  # keyed 64-bit search tokens, signed
    body: bytes = field(repr=False)
    closed: Closed = NOTHING_CLOSED
    visit: UUID | None = None  # the Encounter it belongs to
    matters: tuple[UUID, ...] = ()  # what it points to as its reason, visit, order or content, stored earlier


@dataclass(frozen=True, slots=True)
class Counted:
    """Kernel event: one counting cell touched by one contributor, for statistics only."""

    cell: int
    contributor: bytes = field(repr=False)  # keyed per window; not linkable across windows
    window: date
