"""The index, the ledger and the cards behind ``door.Register``: the one file that knows how they are called.

A hospital's A40 merges at once only what this very hospital registered: of the whole person who goes, and of
the entry that stays, nobody else ever said anything.  Where another source did, where people parted,
dismissed or pinned the two before, a steward is asked; the same question is not asked twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.exchange.hl7.door import Merged
from carecode.identity.ledger import By
from carecode.identity.linking.events import Case, Event, Kind
from carecode.kernel.errors import ConflictError, RefusedError
from carecode.kernel.vocabulary import Purpose

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from carecode.disclosure.cards import Cards
    from carecode.disclosure.gate import Gate
    from carecode.exchange.hl7.patient import Patient
    from carecode.identity.identifiers import Identifier
    from carecode.identity.index import Index
    from carecode.identity.linking.standardise import Record
    from carecode.kernel.vocabulary import Card, Requester, Resident, ResidentId

REASON: Final = "the hospital merged its own two numbers (A40)"
HISTORY_READ: Final = 200
_PARTS: Final = frozenset({Kind.UNLINK, Kind.UNMERGE, Kind.SPLIT, Kind.MOVE, Kind.UNDO, Kind.PIN, Kind.DISMISS})
_ONE_ALREADY: Final = "already-one"


class HouseRegister:
    """``door.Register`` on the real rooms."""

    def __init__(self, index: Index, cards: Cards, gate: Gate) -> None:
        """Use these doors."""
        self._index = index
        self._cards = cards
        self._gate = gate

    async def enrol(self, patient: Patient, source: str, now: datetime) -> None:
        """Register somebody or add what is new of her, under the sender's usual number."""
        await self._index.enrol(
            patient.identifiers,
            patient.person,
            source=source,
            now=now,
            more=patient.record,
            local=patient.own[0].value,
        )

    async def entry_of(self, number: Identifier) -> ResidentId | None:
        """Return the entry a number names."""
        return await self._index.entry_of(number.system, number.value)

    async def resolve(self, number: Identifier) -> Resident | None:
        """Return the person a number names."""
        return await self._index.resolve(number.system, number.value)

    async def by_patient_id(self, requester: Requester, patient_id: str) -> Resident | None:
        """Return whom the requester knows by the number that we gave it for her."""
        return await self._gate.subject(requester, patient_id)

    async def match(self, record: Record, now: datetime) -> Resident | None:
        """Return the one certain person."""
        found = await self._index.match(record, now)
        return None if found is None else found.resident

    async def numbers(self, resident: Resident) -> list[Identifier]:
        """Return every number of a person, those of her leading entry first: after a merge, the one that stays."""
        stated = await self._index.stated(resident)
        stated.sort(key=lambda one: (one.entry != resident.id, one.identifier.system, one.identifier.value))
        return [one.identifier for one in stated]

    async def look(self, requester: Requester, resident: Resident, basis: str) -> Card:
        """Commit a look to her log, then return her minimum card."""
        return await self._cards.look(requester, resident, Purpose.IDENTIFY, basis)

    async def merge(self, gone: ResidentId, into: ResidentId, requester: Requester, now: datetime) -> Merged:
        """Merge two persons whom this hospital alone registered; else ask a steward, once."""
        leader, _ = await self._index.ledger.person(gone)
        other, _ = await self._index.ledger.person(into)
        if leader == other:
            return Merged.ALREADY
        by = By(requester.id, human=False, reason=REASON)
        steps = [step.event for step in await self._index.ledger.history(gone, HISTORY_READ)]
        if not _parted(steps, gone, into) and await self._only(requester.organisation, gone, into):
            try:
                await self._index.ledger.merge(gone, into, by, now)
            except (ConflictError, RefusedError) as error:
                if error.code == _ONE_ALREADY:
                    return Merged.ALREADY
            else:
                return Merged.DONE
        if not await self._asked(steps, gone, into):
            await self._index.ledger.open_review([gone, into], by, now)
        return Merged.ASKED

    async def _only(self, organisation: str, gone: ResidentId, into: ResidentId) -> bool:
        """Say whether this organisation alone spoke of the whole person who goes, and of the entry she joins."""
        theirs = {claim.source for claim in await self._index.sources.claims(gone)}
        stays = {
            claim.source
            for claim in await self._index.sources.claims(into)
            if await self._index.sources.entry_of(claim.rid) == into
        }
        return theirs == stays == {organisation}

    async def _asked(self, steps: Sequence[Event], gone: ResidentId, into: ResidentId) -> bool:
        """Say whether a steward has this very question before her."""
        cases = [event.review for event in steps if event.kind is Kind.REVIEW_OPENED and _names(event, gone, into)]
        for case in cases:
            if case is not None and (await self._index.ledger.review(case))[0] is Case.OPEN:
                return True
        return False


def _parted(steps: Sequence[Event], gone: ResidentId, into: ResidentId) -> bool:
    """Say whether people parted these two, or decided about them, before."""
    return any(event.human and event.kind in _PARTS and {gone, into} <= set(event.touched) for event in steps)


def _names(event: Event, gone: ResidentId, into: ResidentId) -> bool:
    return set(event.entries) == {gone, into}
