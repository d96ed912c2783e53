"""The door of the master index: one person however often, and by whomever at once, she is registered.

The index answers only for an exact number, key or bearer, or for what a source knows of one person.
Nothing lists residents.  Everything personal is sealed before it reaches the database and found again
through keyed hashes, so that a stolen copy names nobody.

Numbers come first: whoever holds one is found by it.  Everybody else is compared with the records
that share a key with her (matching.py) and linked, put before a steward, or left alone; each of it
with its reason, and each link can be undone (ledger.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from carecode.crypto.keyring import KeyRing
from carecode.identity.entering import Entering, said_by
from carecode.identity.finding import FOUND_MAX, Finding, Similar, Stated
from carecode.identity.held import Assurance
from carecode.identity.identifiers import Identifier
from carecode.identity.ledger import Ledger
from carecode.identity.linking.deciding import Decision, Outcome
from carecode.identity.linking.standardise import Record
from carecode.identity.matcher import Match, Stored
from carecode.identity.person import Person, against_numbers, are_two_people, clean, complete, differences
from carecode.identity.registering import (
    NUMBER_AGAINST_INDEX,
    Asked,
    Known,
    Seen,
    chosen,
    features_of,
    is_hers,
)
from carecode.identity.settling import Settling
from carecode.identity.sources import Sources
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError
from carecode.kernel.vocabulary import Resident, ResidentId
from carecode.store.database import Database

IDENTIFIERS_MAX: Final = 32
ENROL_ATTEMPTS_MAX: Final = 12

__all__ = ["FOUND_MAX", "IDENTIFIERS_MAX", "Enrolment", "Index", "Match", "Similar", "Stated", "Stored"]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What became of a registration."""

    resident: Resident
    created: bool
    warnings: tuple[str, ...]  # sentences for the desk: what to compare with the card
    decision: Decision | None = None  # of somebody new
    linked: ResidentId | None = None  # the person whom somebody new was linked to at once
    review: UUID | None = None  # the case that a steward decides


class Index(Finding):
    """The master index.  One per process; a look-up is one round trip to PostgreSQL, a registration two."""

    def __init__(self, database: Database, ring: KeyRing, random_bytes: Callable[[int], bytes]) -> None:
        """Keep the database and the keys of this room; ``random_bytes`` gives ids and nonces."""
        super().__init__(database, ring, random_bytes)
        self.sources: Final = Sources(self.room, self.matcher, random_bytes)
        self.ledger: Final = Ledger(database, ring, random_bytes)
        self.settling: Final = Settling(self.room, self.matcher, self.sources, self.ledger)
        self.entering: Final = Entering(self.room, self._vault, self.matcher, random_bytes)

    # Registering

    async def enrol(
        self,
        identifiers: Sequence[Identifier],
        person: Person,
        *,
        source: str,
        now: datetime,
        more: Record | None = None,
        local: str = "",
        assurance: Assurance = Assurance.SEEN,
    ) -> Enrolment:
        """Register somebody, or find her when any of the numbers is hers already, and add what is new.

        At most IDENTIFIERS_MAX numbers.  ``source`` is the organisation that vouches for them, ``local`` its own
        number of her, ``more`` what else it sent (address, other names).  Somebody new is compared with the records
        that resemble hers: linked at once where the model needs nobody, else put before a steward.
        Raises ConflictError("identifiers-of-two-people") when the numbers name two residents, and
        ConflictError("number-in-use") when name, date of birth and sex all differ from those known.
        """
        asked = self.asked(identifiers, person, source, now, more, local, assurance)
        given = asked.given
        warnings = [warning for identifier in identifiers for warning in identifier.warnings]
        warnings += against_numbers(given, identifiers)
        for _ in range(ENROL_ATTEMPTS_MAX):
            seen = await self.seen(asked.hashes, asked.keyed.asked)
            decision = self.matcher.decide(asked.features, seen.candidates)
            known = self._hers(seen, asked, decision)
            if known is not None:
                warnings += await self._join(known, asked)
                return Enrolment(known.resident, created=False, warnings=tuple(dict.fromkeys(warnings)))
            if seen.known:
                warnings.append(NUMBER_AGAINST_INDEX)
                decision = _asks(decision)
            row = self.entering.row(asked, seen, decision)
            if await self.entering.one(row):
                done = await self.became(row.entry, decision, seen.entries, now)
                return replace(done, warnings=tuple(dict.fromkeys(warnings)))
            # Another desk registered somebody alike in between: look again.
        raise UnavailableError("enrol-busy", "These numbers are being registered elsewhere. Try again.")

    def asked(
        self,
        identifiers: Sequence[Identifier],
        person: Person,
        source: str,
        now: datetime,
        more: Record | None = None,
        local: str = "",
        assurance: Assurance = Assurance.SEEN,
    ) -> Asked:
        """Make what a source says of somebody ready to be looked up.  About 60 us."""
        if len(identifiers) > IDENTIFIERS_MAX:
            raise InvalidInputError("identifiers-too-many", f"Give at most {IDENTIFIERS_MAX} numbers.")
        given = clean(person)
        numbers = {self._vault.number_hash(identifier): identifier for identifier in identifiers}
        features = features_of(given, identifiers, more, now)
        own = self.matcher.local_hash(source, local) if local else None
        return Asked(numbers, given, features, self.matcher.keyed(features), source, local, own, assurance, now)

    def _hers(self, seen: Seen, asked: Asked, decision: Decision) -> Known | None:
        """Choose the entry that her numbers name, unless what was said of her speaks against it."""
        doubtless = [one for one in seen.known if any(map(asked.holds, one.hashes))]
        known = doubtless or list(seen.known)
        if not known:
            return None
        if len({one.resident.id for one in known}) > 1:
            if not doubtless:
                return None  # numbers that break their own rule name nobody for sure
            raise _two_people()
        one = chosen(known, asked)
        before = self._vault.open_person(one.sealed, one.entry)
        if doubtless and are_two_people(before, asked.given):
            raise _in_use()
        hers = [x for x in seen.candidates if x.person == str(one.resident.id)]
        judged = self.matcher.decide(asked.features, hers) if len(hers) < len(seen.candidates) else decision
        return one if is_hers(one, asked, before, judged) else None

    async def became(
        self, entry: ResidentId, decision: Decision, where: Mapping[str, ResidentId], now: datetime
    ) -> Enrolment:
        """Settle the decision about somebody new (Settling.one) and say what became of her."""
        done = await self.settling.one(entry, decision, where, now)
        resident = await self.by_id(entry)
        if resident is None:
            raise NotFoundError("resident-gone", "There is nobody here under this number.")
        if done.linked is not None:
            resident = replace(resident, id=done.linked)  # what is deposited now goes under the key of her new entry
        return Enrolment(resident, True, (), decision, done.linked, done.review)

    async def _join(self, known: Known, asked: Asked) -> tuple[str, ...]:
        """Add what is new about a known entry; return what differs from what was known."""
        entry = known.entry
        before = self._vault.open_person(known.sealed, entry)
        differs, after = differences(before, asked.given), complete(before, asked.given)
        fresh = {hash_: number for hash_, number in asked.numbers.items() if hash_ not in known.hashes}
        # A second telephone finds her as well, unless the rest of what was typed is doubtful.
        search = self._vault.search_hashes(after, *(() if differs else (complete(asked.given, before),)))
        if fresh or after != before or asked.given.phone not in ("", before.phone):
            rows = await self.room.fetch(
                "add",
                entry,
                known.sealed,
                known.sealed if after == before else self._vault.seal_person(after, entry),
                list(fresh),
                self._vault.seal_numbers(fresh.values(), asked.source, entry),
                search,
                asked.now.date(),
            )
            if rows[0][0]:
                raise _two_people()
        await self.sources.keep(entry, said_by(asked, entry), asked.now)
        return differs


def _asks(decision: Decision) -> Decision:
    """Make a link a question: her number names somebody else."""
    return msgspec.structs.replace(decision, outcome=Outcome.REVIEW) if decision.best else decision


def _in_use() -> ConflictError:
    return ConflictError(
        "number-in-use",
        "This number is registered for somebody with another name, date of birth and sex. Compare it with the card.",
    )


def _two_people() -> ConflictError:
    return ConflictError(
        "identifiers-of-two-people",
        "These numbers belong to two people. Compare each with its card and give only one person's.",
    )


def _plain(value: UUID) -> UUID:
    """Turn the driver's UUID into the standard one, which every encoder knows."""
    return UUID(int=value.int)
