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
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.disclosure.writing import DEPOSITORS
from carecode.exchange import envelope, plan
from carecode.exchange.answers import CREATED, OK, Done, Taken, counted, instant, response
from carecode.exchange.checking import Checking
from carecode.exchange.envelope import Sent, SentEntry
from carecode.exchange.refusals import SentRefusedError
from carecode.exchange.replacing import Replacing
from carecode.exchange.resolving import NOTHING_KNOWN, Known
from carecode.kernel.errors import CareCodeError, RefusedError
from carecode.record.catalogue import TYPES, as_seen

if TYPE_CHECKING:
    from carecode.disclosure.gate import Gate
    from carecode.identity.index import Index
    from carecode.kernel.vocabulary import NewResource, Requester

ASKED_KINDS: Final = frozenset({"transaction", "batch"})
_LONG_BYTES: Final = 1024 * 1024
"""From here on a bundle is taken apart in a thread: other requests get their turn meanwhile."""


class Bundles:
    """Takes in what is sent; hands residents' resources to the gate."""

    def __init__(
        self, gate: Gate, index: Index, clock: Callable[[], datetime], random_bytes: Callable[[int], bytes]
    ) -> None:
        """Stand before the gate and the index."""
        self._gate = gate
        self._index = index
        self.clock: Final = clock
        self.random_bytes: Final = random_bytes

    async def process(self, requester: Requester, data: bytes) -> bytes:
        """Answer a transaction or batch Bundle with its response Bundle.

        A transaction raises what is wrong with it; of a batch each entry succeeds or fails alone.
        """
        _may_deposit(requester)
        if len(data) > _LONG_BYTES:
            sent = await asyncio.to_thread(envelope.bundle, data, kinds=ASKED_KINDS, each_alone=True)
        else:
            sent = envelope.bundle(data, kinds=ASKED_KINDS, each_alone=True)
        if sent.kind == "transaction":
            return response("transaction", (await self.take(requester, sent, self._stamp())).done)
        return response("batch", await self._each(requester, sent))

    async def create(
        self, requester: Requester, type_name: str, data: bytes, condition: str = ""
    ) -> tuple[Done, bytes]:
        """Create one resource and return it as stored; ``condition`` is the If-None-Exist header.

        The body is empty when the condition found one that was there.
        """
        _may_deposit(requester)
        sent = envelope.resource(data, condition=condition)
        _same_type(sent.entries[0], type_name)
        taken = await self.take(requester, sent, self._stamp())
        new = taken.resources[0]
        if new is None or taken.resident is None:
            return taken.done[0], new.body if new is not None else b""
        return taken.done[0], as_seen(new.body, self._gate.patient_id(requester, taken.resident))

    async def update(
        self, requester: Requester, type_name: str, ident: str, data: bytes, if_match: str = ""
    ) -> tuple[Done, bytes]:
        """Replace a resource that the requester's own institution deposited; return it as stored."""
        _may_deposit(requester)
        sent = envelope.resource(data, method="PUT")
        _same_type(sent.entries[0], type_name)
        return await Replacing(self._gate, self._index, requester).replace(sent, ident, if_match, self._stamp())

    async def take(self, requester: Requester, sent: Sent, stamp: plan.Stamp, known: Known = NOTHING_KNOWN) -> Taken:
        """Store all entries or none.

        SentRefusedError, RefusedError or ConflictError when it cannot be; nothing was stored then.
        """
        _may_deposit(requester)
        ready = await Checking(self._gate, self._index, requester, known).ready(sent, stamp)
        resident = ready.resident
        if ready.person is not None:
            source = requester.organisation
            resident = (await self._index.enrol(ready.numbers, ready.person, source=source, now=stamp.now)).resident
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
        return Taken(done, resident, counted(done), ready.resources)

    async def recall(self, requester: Requester, sent: Sent, stamp: plan.Stamp, known: Known = NOTHING_KNOWN) -> Taken:
        """Say what ``take`` stored with the same stamp, storing nothing."""
        resident, given = await Checking(self._gate, self._index, requester, known).given(sent, stamp)
        number = self._gate.patient_id(requester, resident) if resident is not None else ""
        done = tuple(
            _done(entry, one, number, stamp, is_new=False) for entry, one in zip(sent.entries, given, strict=True)
        )
        return Taken(done, resident, {})

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
                return list((await self.take(requester, sent, self._stamp())).done)
            except SentRefusedError:
                pass  # one by one tells which
        answers: dict[int, Done | CareCodeError] = dict(sent.refusals)
        places = [index for index in range(len(sent.entries) + len(sent.refusals)) if index not in answers]
        for index, entry in zip(places, sent.entries, strict=True):
            try:
                answers[index] = await self._one(requester, Sent(sent.kind, (entry,), (), sent.suspicious))
            except CareCodeError as error:
                answers[index] = error
        return [answers[index] for index in range(len(answers))]

    async def _one(self, requester: Requester, sent: Sent) -> Done:
        entry = sent.entries[0]
        if entry.method == "POST":
            return (await self.take(requester, sent, self._stamp())).done[0]
        ident = entry.url.partition("/")[2]
        replacing = Replacing(self._gate, self._index, requester)
        return (await replacing.replace(sent, ident, entry.if_match, self._stamp()))[0]

    def _stamp(self) -> plan.Stamp:
        return plan.Stamp(self.clock(), self.random_bytes)


def _may_deposit(requester: Requester) -> None:
    """Refuse before anything is looked up or anybody enrolled; the gate refuses again."""
    if requester.role not in DEPOSITORS:
        raise RefusedError("may-not-deposit", "Only an institution's clinicians and systems may store resources.")


def _same_type(entry: SentEntry, type_name: str) -> None:
    if entry.type != type_name:
        raise SentRefusedError(
            "resource-type", "The resource is not of the type in the address.", "resourceType", "value"
        )


def _done(entry: SentEntry, one: plan.Given, number: str, stamp: plan.Stamp, *, is_new: bool) -> Done:
    shown = number if entry.type == "Patient" else one.text
    return Done(CREATED if is_new else OK, entry.type, shown, 1, instant(stamp.now) if is_new else "")
