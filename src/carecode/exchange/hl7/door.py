"""What messages need of the house, and nothing more: persons by number, the one match, cards, a merge."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from carecode.exchange.hl7.patient import Patient
    from carecode.identity.identifiers import Identifier
    from carecode.identity.linking.standardise import Record
    from carecode.kernel.vocabulary import Card, Requester, Resident, ResidentId


class Merged(Enum):
    """What became of a merge that a hospital reported."""

    DONE = "done"  # one event in the ledger, which a steward can undo
    ALREADY = "already"  # they were one person before
    ASKED = "asked"  # a steward decides: nothing is merged yet


class Register(Protocol):
    """The index, its ledger, and the gate's cards."""

    async def enrol(self, patient: Patient, source: str, now: datetime) -> None:
        """Register somebody or add what is new of her.  The index's errors."""

    async def entry_of(self, number: Identifier) -> ResidentId | None:
        """Return the entry a number names."""

    async def resolve(self, number: Identifier) -> Resident | None:
        """Return the person a number names."""

    async def by_patient_id(self, requester: Requester, patient_id: str) -> Resident | None:
        """Return whom the requester knows by the number that we gave it for her."""

    async def match(self, record: Record, now: datetime) -> Resident | None:
        """Return the one person whom the index would link to without asking anybody; writes nothing."""

    async def numbers(self, resident: Resident) -> list[Identifier]:
        """Return every number of a person, of all her entries."""

    async def look(self, requester: Requester, resident: Resident, basis: str) -> Card:
        """Commit a look to her log, then return her minimum card.  RefusedError where the gate says no."""

    async def merge(self, gone: ResidentId, into: ResidentId, requester: Requester, now: datetime) -> Merged:
        """Let the person of ``gone`` join that of ``into``, or ask a steward: see ``register``."""
