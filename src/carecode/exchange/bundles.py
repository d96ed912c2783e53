"""The door for what institutions send: transactions, batches, single creates and updates.

A transaction is stored whole or not at all.  Everything is checked before anything is written; then
the resident is enrolled (or found), directory resources are stored where they are new, and her
resources go into her record in one database transaction with its log entry.  A directory resource
that an ``ifNoneExist`` or its own content names once may stay when that last step fails: it is about
nobody, and sending the bundle again finds it.

Source: FHIR R4 3.1.0.7 (update), 3.1.0.8 (create), 3.1.0.11 (batch, transaction).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.crypto import canonical
from carecode.disclosure.answers import Query
from carecode.disclosure.gate import DEPOSITORS
from carecode.exchange import envelope, patient, plan, splice
from carecode.exchange.answers import CREATED, OK, Done, Taken, counted, instant, response
from carecode.exchange.envelope import Sent, SentEntry
from carecode.exchange.refusals import SentRefusedError
from carecode.exchange.resolving import NOTHING_KNOWN, Known, Resolving, as_uuid, two_patients
from carecode.kernel.errors import CareCodeError, ConflictError, NotFoundError, RefusedError
from carecode.record.catalogue import TYPES

if TYPE_CHECKING:
    from carecode.disclosure.gate import Gate
    from carecode.identity.identifiers import Identifier
    from carecode.identity.index import Index
    from carecode.identity.person import Person
    from carecode.kernel.vocabulary import NewResource, Requester, Resident

ASKED_KINDS: Final = frozenset({"transaction", "batch"})
_ENTRIES_PER_TURN: Final = 64
"""Entries built before other requests get their turn: about 6 ms."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A bundle that passed every check, not stored yet."""

    sent: Sent
    given: list[plan.Given]
    resources: list[NewResource | None] = field(repr=False)  # None: exists already
    numbers: list[Identifier] = field(repr=False)  # of the bundle's Patient
    person: Person | None = field(repr=False)
    resident: Resident | None = field(repr=False)  # named by references


class Bundles:
    """Takes in what is sent; hands residents' resources to the gate."""

    def __init__(
        self, gate: Gate, index: Index, clock: Callable[[], datetime], random_bytes: Callable[[int], bytes]
    ) -> None:
        """Stand before the gate and the index."""
        self._gate = gate
        self._index = index
        self._clock = clock
        self._random_bytes = random_bytes

    def stamp(self) -> plan.Stamp:
        """Return the time and randomness for one deposit made now."""
        return plan.Stamp(self._clock(), self._random_bytes)

    async def process(self, requester: Requester, data: bytes) -> bytes:
        """Answer a transaction or batch Bundle with its response Bundle.

        A transaction raises what is wrong with it; of a batch each entry succeeds or fails alone.
        """
        _may_deposit(requester)
        sent = envelope.bundle(data, kinds=ASKED_KINDS, each_alone=True)
        if sent.kind == "transaction":
            return response("transaction", (await self.take(requester, sent, self.stamp())).done)
        return response("batch", await self._each(requester, sent))

    async def create(self, requester: Requester, type_name: str, data: bytes, condition: str = "") -> Done:
        """Create one resource; ``condition`` is the If-None-Exist header."""
        _may_deposit(requester)
        sent = envelope.resource(data, condition=condition)
        _same_type(sent.entries[0], type_name)
        return (await self.take(requester, sent, self.stamp())).done[0]

    async def update(
        self, requester: Requester, type_name: str, ident: str, data: bytes, if_match: int | None = None
    ) -> Done:
        """Replace a resource that the requester's own institution deposited by its next version.

        NotFoundError when there is none (an update never creates here); ConflictError when
        ``if_match`` is not the current version.
        """
        _may_deposit(requester)
        sent = envelope.resource(data, method="PUT")
        entry = sent.entries[0]
        _same_type(entry, type_name)
        if entry.sent_id != ident:
            raise SentRefusedError("id", "The resource's id is the one in the address.", "id", "value")
        return await self._replace(requester, sent, ident, if_match)

    async def take(self, requester: Requester, sent: Sent, stamp: plan.Stamp, known: Known = NOTHING_KNOWN) -> Taken:
        """Store all entries or none.

        SentRefusedError, RefusedError or ConflictError when it cannot be; nothing was stored then.
        """
        _may_deposit(requester)
        ready = await self._ready(requester, sent, stamp, known)
        await self._same_resident(requester, ready)
        resident = await self._enrolled(requester, ready, stamp)
        new = [resource for resource in ready.resources if resource is not None]
        fresh = await self._put_directory(requester, new, stamp)
        own = [resource for resource in new if not TYPES[resource.type].directory]
        if own and resident is not None:
            await self._gate.deposit(requester, resident, own, stamp.now)
        number = self._gate.patient_id(requester, resident) if resident is not None else ""
        done = tuple(
            _done(entry, one, number, stamp, is_new=resource is not None and fresh.get(entry.type, True))
            for entry, one, resource in zip(sent.entries, ready.given, ready.resources, strict=True)
        )
        return Taken(done, resident, counted(done))

    async def _ready(self, requester: Requester, sent: Sent, stamp: plan.Stamp, known: Known) -> _Ready:
        """Check and build everything; looks up, writes nothing."""
        _no_replacements(sent)
        links = plan.survey(sent)
        her_entry = plan.patient_of(sent)
        resolving = Resolving(self._gate, self._index, requester, known)
        existing = await resolving.conditions(sent, links)
        named = await resolving.resident(sent, links)
        _about_somebody(sent, her_entry, named)
        numbers, person = _read_patient(her_entry)
        her = named
        if her is None and numbers and any(one.type != "Patient" for one in links.literals.values()):
            her = await self._known_by(numbers)
        literals = await resolving.literals(sent, links, her)
        given = plan.assign(sent, existing, stamp, requester.organisation)
        new_references = plan.new_references(sent, links, given, existing, literals)
        resources = await self._build(sent, given, new_references, stamp)
        return _Ready(sent, given, resources, numbers, person, named)

    async def _build(
        self, sent: Sent, given: Sequence[plan.Given], new_references: Mapping[bytes, bytes], stamp: plan.Stamp
    ) -> list[NewResource | None]:
        meta = splice.server_meta(1, instant(stamp.now))
        built: list[NewResource | None] = []
        for entry, one in zip(sent.entries, given, strict=True):
            if one.exists:
                built.append(None)
                continue
            built.append(plan.build(entry, one, new_references, meta, self._gate.prepare, suspicious=sent.suspicious))
            if len(built) % _ENTRIES_PER_TURN == 0:
                await asyncio.sleep(0)
        return built

    async def _known_by(self, numbers: Sequence[Identifier]) -> Resident | None:
        for number in numbers:
            if (found := await self._index.resolve(number.system, number.value)) is not None:
                return found
        return None

    async def _same_resident(self, requester: Requester, ready: _Ready) -> None:
        """Refuse a Patient who is not whom the references name, or not whom the token is bound to."""
        if ready.numbers and (ready.resident is not None or requester.resident is not None):
            known = await self._known_by(ready.numbers)
            if ready.resident is not None and (known is None or known.id != ready.resident.id):
                raise two_patients()
        else:
            known = ready.resident
        about_somebody = bool(ready.numbers) or ready.resident is not None
        if requester.resident is not None and about_somebody and (known is None or known.id != requester.resident):
            raise RefusedError("other-resident", "This token is for another resident.")

    async def _enrolled(self, requester: Requester, ready: _Ready, stamp: plan.Stamp) -> Resident | None:
        if ready.person is None:
            return ready.resident
        enrolment = await self._index.enrol(ready.numbers, ready.person, source=requester.organisation, now=stamp.now)
        return enrolment.resident

    async def _put_directory(
        self, requester: Requester, new: Sequence[NewResource], stamp: plan.Stamp
    ) -> dict[str, bool]:
        """Store directory resources; say for each of their types whether any was new."""
        by_type: dict[str, dict[UUID, NewResource]] = {}
        for resource in new:
            if TYPES[resource.type].directory:
                by_type.setdefault(resource.type, {})[resource.id] = resource
        return {
            name: await self._gate.directory.deposit(requester, list(one.values()), stamp.now) > 0
            for name, one in by_type.items()
        }

    async def _each(self, requester: Requester, sent: Sent) -> list[Done | CareCodeError]:
        """Process a batch: all of a directory at once where nothing is wrong, else one by one."""
        if not sent.refusals and all(TYPES[entry.type].directory for entry in sent.entries):
            try:
                return list((await self.take(requester, sent, self.stamp())).done)
            except (SentRefusedError, ConflictError):
                pass  # one by one tells which
        answers: dict[int, Done | CareCodeError] = dict(sent.refusals)
        places = (index for index in range(len(sent.entries) + len(sent.refusals)) if index not in answers)
        for index, entry in zip(list(places), sent.entries, strict=True):
            one = Sent(sent.kind, (entry,), (), sent.suspicious)
            try:
                if entry.method == "PUT":
                    if_match = version_of(entry.if_match)
                    answers[index] = await self._replace(requester, one, entry.url.partition("/")[2], if_match)
                else:
                    answers[index] = (await self.take(requester, one, self.stamp())).done[0]
            except CareCodeError as error:
                answers[index] = error
        return [answers[index] for index in range(len(answers))]

    async def _replace(self, requester: Requester, sent: Sent, ident: str, if_match: int | None) -> Done:
        """Store the next version of what the requester's institution deposited."""
        entry, stamp = sent.entries[0], self.stamp()
        if entry.type == "Patient" or TYPES[entry.type].directory:
            raise SentRefusedError(
                "update-unsupported", "This type is not updated; create it anew.", entry.place, "not-supported"
            )
        number = as_uuid(ident)
        resident = await self._gate.resident_of(number) if number is not None else None
        if number is None or resident is None:
            raise _no_such()
        held = await self._gate.fetch(requester, resident, Query(type=entry.type, id=number))
        if not held.bodies:
            raise _no_such()
        current = held.bodies[0].version
        if if_match is not None and if_match != current:
            raise _changed()
        links = plan.survey(sent)
        resolving = Resolving(self._gate, self._index, requester)
        named = await resolving.resident(sent, links)
        if named is None or named.id != resident.id:
            raise SentRefusedError(
                "other-patient", "The next version must name the same patient.", entry.place, "business-rule"
            )
        existing = await resolving.conditions(sent, links)
        literals = await resolving.literals(sent, links, resident)
        given = [plan.Given(number, f"{entry.type}/{number}".encode())]
        new_references = plan.new_references(sent, links, given, existing, literals)
        meta = splice.server_meta(current + 1, instant(stamp.now))
        resource = plan.build(entry, given[0], new_references, meta, self._gate.prepare, suspicious=sent.suspicious)
        version = await self._gate.revise(requester, resident, resource, expected=current, now=stamp.now)
        return Done(OK, entry.type, ident, version, instant(stamp.now))


def version_of(etag: str) -> int | None:
    r"""Read the version in an ETag; None when nothing is asked.

    >>> version_of('W/"3"')
    3

    SentRefusedError ``if-match`` for anything else.
    """
    if not etag:
        return None
    text = etag.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) < 10):  # noqa: PLR2004 - digits of an int4
        raise SentRefusedError("if-match", 'If-Match must read W/"version".', issue="value")
    return int(text)


def _may_deposit(requester: Requester) -> None:
    """Refuse before anything is looked up; the gate refuses again."""
    if requester.role not in DEPOSITORS:
        raise RefusedError("may-not-deposit", "Only an institution's clinicians and systems may store resources.")


def _no_replacements(sent: Sent) -> None:
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
                "Nothing here says whose this is: send the Patient along, or refer to Patient/ and your number for her.",
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


def _same_type(entry: SentEntry, type_name: str) -> None:
    if entry.type != type_name:
        raise SentRefusedError(
            "resource-type", "The resource is not of the type in the address.", "resourceType", "value"
        )


def _done(entry: SentEntry, one: plan.Given, number: str, stamp: plan.Stamp, *, is_new: bool) -> Done:
    shown = number if entry.type == "Patient" else str(one.id)
    return Done(CREATED if is_new else OK, entry.type, shown, 1, instant(stamp.now) if is_new else "")


def _no_such() -> NotFoundError:
    return NotFoundError("no-such-resource", "There is no such resource.")


def _changed() -> ConflictError:
    return ConflictError("version-conflict", "The resource was changed in the meantime. Read it again.")
