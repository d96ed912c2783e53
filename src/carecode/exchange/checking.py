"""Everything that is checked and built before anything of a transaction is written.

Source: FHIR R4 3.1.0.11.2 (a transaction succeeds or fails as one).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from carecode.crypto import canonical
from carecode.exchange import patient, plan, splice
from carecode.exchange.answers import instant
from carecode.exchange.envelope import Sent, SentEntry
from carecode.exchange.refusals import SentRefusedError
from carecode.exchange.resolving import Known, Resolving, two_patients
from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import Role
from carecode.record.catalogue import TYPES, Linked

if TYPE_CHECKING:
    from carecode.disclosure.gate import Gate
    from carecode.identity.identifiers import Identifier
    from carecode.identity.index import Index
    from carecode.identity.person import Person
    from carecode.kernel.vocabulary import NewResource, Requester, Resident

_ENTRIES_PER_TURN: Final = 64
"""Entries built before other requests get their turn: about 6 ms."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A transaction that passed every check, not stored yet."""

    given: Sequence[plan.Given]
    resources: Sequence[NewResource | None] = field(repr=False)  # None: exists already
    numbers: Sequence[Identifier] = field(repr=False)  # of the bundle's Patient
    person: Person | None = field(repr=False)  # None: nobody is to be enrolled
    resident: Resident | None = field(repr=False)  # who is known already


class Checking:
    """Checks for one requester; asks the gate and the index, writes nothing."""

    def __init__(self, gate: Gate, index: Index, requester: Requester, known: Known) -> None:
        """Ask as ``requester``; ``known`` is what this load stored before."""
        self._gate = gate
        self._index = index
        self._requester = requester
        self._resolving = Resolving(gate, index, requester, known)

    async def ready(self, sent: Sent, stamp: plan.Stamp) -> Ready:
        """Check and build everything.

        SentRefusedError with the place of the first thing that is wrong; RefusedError when the
        requester's token is bound to another resident.
        """
        _only_creates(sent)
        links = plan.survey(sent)
        her_entry = plan.patient_of(sent)
        existing = await self._resolving.conditions(sent, links)
        named = await self._resolving.resident(sent, links)
        _about_somebody(sent, her_entry, named)
        numbers, person = _read_patient(her_entry)
        needed = any(one.type != "Patient" for one in links.literals.values())
        her = await self._her(named, numbers, needed=needed or self._only_known)
        if self._only_known:
            if numbers and her is None:
                # The gate's own words for someone who is known and showed no code: both look the same.
                raise RefusedError("no-code", "Ask her to show a code of the kind Open my record first.")
            person, named = None, her
        literals = await self._resolving.literals(sent, links, her)
        given = plan.assign(sent, existing, stamp, self._requester.organisation)
        new_references = plan.new_references(sent, links, given, existing, literals)
        resources = await self._build(sent, given, new_references, stamp)
        return Ready(given, resources, numbers, person, named)

    @property
    def _only_known(self) -> bool:
        """Whether the requester neither enrols anybody nor adds numbers: a clinician, who sees who is there."""
        return self._requester.role is Role.CLINICIAN

    async def given(self, sent: Sent, stamp: plan.Stamp) -> tuple[Resident | None, list[plan.Given]]:
        """Say whose the entries are and which ids the same stamp gave them, when it was all stored before."""
        links = plan.survey(sent)
        existing = await self._resolving.conditions(sent, links)
        numbers, _ = _read_patient(plan.patient_of(sent))
        named = await self._resolving.resident(sent, links)
        her = named or await self._known_by(numbers)
        return her, plan.assign(sent, existing, stamp, self._requester.organisation)

    async def _her(self, named: Resident | None, numbers: Sequence[Identifier], *, needed: bool) -> Resident | None:
        """Find whom the bundle is about, where that matters before she is enrolled.

        SentRefusedError ``two-patients`` when references and the Patient name two; RefusedError for
        a token that is bound to another resident.
        """
        bound = self._requester.resident
        her = named
        if numbers and (needed or named is not None or bound is not None):
            her = await self._known_by(numbers)
            if named is not None and (her is None or not her.has(named.id)):
                raise two_patients()
        if bound is not None and (numbers or named is not None) and (her is None or not her.has(bound)):
            raise RefusedError("other-resident", "This token is for another resident.")
        return her

    async def _known_by(self, numbers: Sequence[Identifier]) -> Resident | None:
        for number in numbers:
            if (found := await self._index.resolve(number.system, number.value)) is not None:
                return found
        return None

    async def _build(
        self, sent: Sent, given: Sequence[plan.Given], new_references: Mapping[bytes, bytes], stamp: plan.Stamp
    ) -> list[NewResource | None]:
        meta = splice.server_meta(1, instant(stamp.now))
        built: list[NewResource | None] = []
        linked: list[Linked] = []
        for entry, one in zip(sent.entries, given, strict=True):
            if one.exists:
                built.append(None)
                continue
            made, reach = plan.build(entry, one, new_references, meta, self._gate.prepare, suspicious=sent.suspicious)
            built.append(made)
            linked.append(reach)
            if len(built) % _ENTRIES_PER_TURN == 0:
                await asyncio.sleep(0)
        return self._spread(built, linked)

    def _spread(self, built: Sequence[NewResource | None], linked: Sequence[Linked]) -> list[NewResource | None]:
        """Let sensitive labels reach what belongs to the same matter."""
        closed = iter(self._gate.spread(linked))
        return [
            one if one is None or one.closed == (bits := next(closed)) else replace(one, closed=bits) for one in built
        ]


def _only_creates(sent: Sent) -> None:
    for entry in sent.entries:
        if entry.method != "POST":
            raise SentRefusedError(
                "method-unsupported",
                "A transaction creates with POST; replace with PUT by itself or in a batch.",
                f"{entry.place}.request.method",
                "not-supported",
            )


def _about_somebody(sent: Sent, her_entry: SentEntry | None, named: Resident | None) -> None:
    """Refuse residents' resources in a bundle that does not say whose they are."""
    if her_entry is not None or named is not None:
        return
    for entry in sent.entries:
        if not TYPES[entry.type].directory:
            raise SentRefusedError(
                "no-patient",
                "Nothing here says whose this is: send the Patient along, or refer to her by your own number.",
                entry.inside,
                "required",
            )


def _read_patient(entry: SentEntry | None) -> tuple[list[Identifier], Person | None]:
    if entry is None:
        return [], None
    decoded = canonical.decode(entry.raw)
    try:
        return patient.numbers(decoded), patient.person(decoded)
    except SentRefusedError as error:
        raise error.within(entry.inside) from None
