"""Somebody as she is about to be registered: what was said of her, and whether she is known already.

No I/O.  Known is whom a number of hers names, unless what was said of her speaks against it: then
the number may be borrowed, and she is somebody new until a person has compared the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from carecode.identity.held import Assurance
from carecode.identity.identifiers import Identifier
from carecode.identity.linking.deciding import Candidate, Decision, Outcome
from carecode.identity.linking.features import Features
from carecode.identity.linking.names import Name
from carecode.identity.linking.standardise import Record, standardise
from carecode.identity.matcher import Keyed
from carecode.identity.person import Person, differences
from carecode.kernel.vocabulary import RecordKey, Resident, ResidentId

NUMBER_AGAINST_INDEX: Final = (
    "This number is registered for somebody whose name or date of birth is another. She was entered without it,"
    " and a steward compares the two."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a source says of somebody, ready to be looked up."""

    numbers: Mapping[bytes, Identifier]  # keyed hash -> number
    given: Person
    features: Features
    keyed: Keyed
    source: str
    local: str  # the source's own number, "" for none
    local_hash: bytes | None = field(repr=False)  # None without one
    assurance: Assurance
    now: datetime

    @property
    def hashes(self) -> list[bytes]:
        """What may name an entry: her numbers, and her source's own."""
        return [*self.numbers, *(() if self.local_hash is None else (self.local_hash,))]

    def is_own(self, hash_: bytes) -> bool:
        """Say whether the source itself gave this number: then it names whom the source says."""
        return hash_ == self.local_hash or self.numbers[hash_].kind is None

    def holds(self, hash_: bytes) -> bool:
        """Say whether a number keeps its own rule."""
        return hash_ == self.local_hash or self.numbers[hash_].holds


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that some of the numbers name."""

    entry: ResidentId
    resident: Resident
    sealed: bytes = field(repr=False)
    hashes: frozenset[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the index held of somebody when she was looked up."""

    known: tuple[Known, ...]  # one for each entry named
    candidates: tuple[Candidate, ...]
    entries: Mapping[str, ResidentId]  # record -> its entry
    crowded: frozenset[int]  # keys that too many records share: nobody was looked up by them


def record_of(person: Person, identifiers: Sequence[Identifier], more: Record | None, now: datetime) -> Record:
    """Say of a person's card what can be compared, with what else a source sent."""
    texts = dict.fromkeys(text for text in (person.name, person.name_latin) if text)
    base = more or Record()
    return msgspec.structs.replace(
        base,
        identifiers=tuple(dict.fromkeys((*base.identifiers, *identifiers))),
        names=base.names or tuple(Name(text) for text in texts),
        birth_date=base.birth_date or (person.birth_date.isoformat() if person.birth_date else ""),
        sex=base.sex or (person.sex if person.sex in {"male", "female"} else ""),
        phones=base.phones or ((person.phone,) if person.phone else ()),
        as_of=base.as_of or now.date().isoformat(),
    )


def features_of(person: Person, identifiers: Sequence[Identifier], more: Record | None, now: datetime) -> Features:
    """Fold what was said of a person (record_of) for comparison."""
    return standardise(record_of(person, identifiers, more, now))


def named(rows: Sequence[asyncpg.Record]) -> tuple[Known, ...]:
    """Gather the entries that numbers name, from the rows of ``look``."""
    hashes: dict[ResidentId, set[bytes]] = {}
    first: dict[ResidentId, asyncpg.Record] = {}
    for row in rows:
        entry = ResidentId(_plain(row["entry"]))
        hashes.setdefault(entry, set()).add(row["number_hash"])
        first.setdefault(entry, row)
    return tuple(
        Known(entry, resident_of(row), row["sealed"], frozenset(hashes[entry])) for entry, row in first.items()
    )


def resident_of(row: asyncpg.Record, entry: ResidentId | None = None) -> Resident:
    """Read a person with every key of hers, as ``identity.as_resident`` gives her; under the name of ``entry``."""
    return Resident(
        entry or ResidentId(_plain(row["resident_id"])),
        tuple(RecordKey(_plain(key)) for key in row["keys"]),
        tuple(ResidentId(_plain(entry)) for entry in row["entries"]),
        RecordKey(_plain(row["entry_key"])),
    )


def chosen(known: Sequence[Known], asked: Asked) -> Known:
    """Choose among entries of one person the one to write to: whom the source's own number names, else the first."""
    own = [one for one in known if any(map(asked.is_own, one.hashes))]
    return (own or list(known))[0]


def is_hers(one: Known, asked: Asked, before: Person, decision: Decision) -> bool:
    """Say whether an entry that her number names is hers, or the number may be borrowed.

    It is where nothing that both say differs, where the source's own number names her, or where the model would
    link the two; a number that breaks its own rule needs a name or date of birth that agrees.
    """
    differs = differences(before, asked.given)
    if not any(map(asked.holds, one.hashes)):
        return not differs and _agree(before, asked.given)
    if not differs or any(map(asked.is_own, one.hashes)):
        return True
    if decision.best is None:
        return True  # nothing is kept to compare with: the sentences about what differs are all there is
    return decision.outcome is Outcome.LINK


def _agree(before: Person, given: Person) -> bool:
    """Whether a name or a date of birth is known of both."""
    names = (before.name and given.name) or (before.name_latin and given.name_latin)
    return bool(names) or (before.birth_date is not None and given.birth_date is not None)


def _plain(value: UUID) -> UUID:
    """Turn the driver's UUID into the standard one, which every encoder knows."""
    return UUID(int=value.int)
