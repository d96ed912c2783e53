"""The gate's side for writes: label, store and log in one transaction; close and open what is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

import structlog

from carecode.crypto import canonical
from carecode.disclosure.admission import Asked
from carecode.disclosure.cells import counted
from carecode.disclosure.choices import BITS, Kind
from carecode.disclosure.policy import Refuse
from carecode.disclosure.states import each, may_be_asked
from carecode.kernel.errors import CareCodeError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import ALL_CATEGORIES, NOTHING_CLOSED, Closed, Purpose, Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import date, datetime

    from carecode.audit.log import Log
    from carecode.disclosure.admission import Admission
    from carecode.disclosure.decisions import Decisions
    from carecode.kernel.vocabulary import (
        Category,
        Counted,
        NewResource,
        Receipt,
        RecordKey,
        Requester,
        Resident,
        Resource,
    )

log = structlog.get_logger()
DEPOSITORS: Final = frozenset({Role.SYSTEM, Role.CLINICIAN, Role.INTEGRATOR})
OPEN_VISIT: Final = frozenset({"arrived", "triaged", "in-progress", "onleave"})
"""FHIR R4 Encounter.status of a visit that is under way: its institution treats her now."""


class Marked(Protocol):
    """A resource whose bits were changed."""

    @property
    def type(self) -> str:
        """Its resource type."""

    @property
    def id(self) -> UUID:
        """Its id."""

    @property
    def category(self) -> Category:
        """Its category."""

    @property
    def before(self) -> Closed:
        """The bits it had before."""


class Shelf(Protocol):
    """What writing needs of the record."""

    async def deposit(  # noqa: D102  # as RecordStore has it
        self,
        key: RecordKey,
        resources: Sequence[NewResource],
        *,
        organisation: str,
        requester: Requester,
        purpose: Purpose,
        now: datetime,
    ) -> object: ...

    async def revise(  # noqa: D102
        self, receipt: Receipt, resource: NewResource, *, expected_version: int, now: datetime
    ) -> int: ...


class Marks(Protocol):
    """What closing and labelling need of the record."""

    async def matters(self, key: RecordKey, ids: Sequence[UUID]) -> Mapping[UUID, Closed]: ...  # noqa: D102

    async def close(  # noqa: D102
        self, receipt: Receipt, *, ids: Sequence[UUID], visits: Sequence[UUID], put: Closed, take: Closed
    ) -> Sequence[Marked]: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """The record as writing uses it; ``whole`` reads all that a receipt opens."""

    shelf: Shelf
    marks: Marks
    whole: Callable[[Receipt], Awaitable[Sequence[Resource]]]


class Writing:
    """Deposits, revisions, and her closing and opening of entries."""

    def __init__(
        self,
        stored: Stored,
        log: Log,
        admission: Admission,
        decisions: Decisions,
        count: Callable[[Sequence[Counted]], Awaitable[object]],
        count_key: bytes,
        cell_of: Callable[[str, date], int],
    ) -> None:
        """Write to ``stored``; tell statistics by ``count``."""
        self._shelf = stored.shelf
        self._marks = stored.marks
        self._whole = stored.whole
        self._log = log
        self._admission = admission
        self._decisions = decisions
        self._count = count
        self._count_key = count_key
        self._cell_of = cell_of

    async def deposit(
        self, requester: Requester, resident: Resident, resources: Sequence[NewResource], now: datetime
    ) -> None:
        """Store resources in her record and log it, in one transaction, under the key of the entry that was named.

        A clinician writes only where an open treatment window lets the institution.  What she closed
        by visit, and all of it while she is opted out, is closed from the first moment.
        """
        may_deposit(requester)
        if not may_be_asked(requester, resident):
            raise RefusedError("other-resident", "This token is for another resident.")
        if requester.purpose not in {None, Purpose.TREAT}:
            raise RefusedError("purpose-closed", "Only a token of the purpose TREAT stores resources.")
        if requester.role is Role.CLINICIAN:
            state = await self._decisions.state(resident, requester, now)
            if not state.window_open:
                raise RefusedError("no-code", "Ask her to show a code of the kind Open my record first.")
        resources = await _labelled(self._marks, resident, resources)
        hers = await self._decisions.of_deposits(resident, requester.organisation, now)
        closed = resources
        if hers.whole or hers.visits:
            closed = [
                _with(resource, hers.whole | hers.visits.get(_visit(resource), NOTHING_CLOSED))
                for resource in resources
            ]
        await self._shelf.deposit(
            resident.own,
            closed,
            organisation=requester.organisation,
            requester=requester,
            purpose=Purpose.TREAT,
            now=now,
        )
        await self._visits_open_and_end(requester, resident, resources, now)
        if hers.counts:
            await self._counted(resident, resources, now)

    async def revise(
        self, requester: Requester, resident: Resident, resource: NewResource, *, expected: int, now: datetime
    ) -> int:
        """Replace a resource that the requester's own institution deposited; return the new version."""
        may_deposit(requester)
        purpose = requester.purpose or Purpose.TREAT
        receipt, _ = await self._admission.admit(Asked(requester, resident, purpose, ALL_CATEGORIES, own_only=True))
        if isinstance(receipt, Refuse):
            raise NotFoundError("no-such-resource", "There is no such resource.")
        # Written ahead: a change that then fails is over-reported, never one that was made and not told.
        await self._log.append(resident, requester, "deposit", Purpose.TREAT, "replaces an entry")
        [resource] = await _labelled(self._marks, resident, [resource])
        version = await self._shelf.revise(receipt, resource, expected_version=expected, now=now)
        await self._visits_open_and_end(requester, resident, [resource], now)
        return version

    async def close(
        self,
        requester: Requester,
        resident: Resident,
        *,
        ids: Sequence[UUID] = (),
        visits: Sequence[UUID] = (),
        put: Closed = NOTHING_CLOSED,
        take: Closed = NOTHING_CLOSED,
    ) -> Sequence[Marked]:
        """Put and take her own bits on entries or whole visits; return what was met.

        Only for herself: NotFoundError when nothing of hers was met, RefusedError for anyone else.
        """
        receipt, _ = await self._admission.admit(Asked(requester, resident, Purpose.PATRQT, ALL_CATEGORIES))
        if isinstance(receipt, Refuse):
            raise RefusedError("herself-only", "Only she herself may see and change this.")
        met = await self._marks.close(receipt, ids=ids, visits=visits, put=put, take=take)
        if not met:
            raise NotFoundError("no-such-resource", "There is no such entry.")
        if ids:
            await self._with_what_names_them(receipt, resident, ids, put, take)
        return met

    async def _with_what_names_them(
        self, receipt: Receipt, resident: Resident, ids: Sequence[UUID], put: Closed, take: Closed
    ) -> None:
        """Do the same to what refers to these entries: a visit whose diagnosis is hidden would tell of it.

        Where bits were taken, what other entries that she still closes, and what names those, gets its own again.
        """
        rows = await self._whole(receipt)
        if naming := _naming(rows, ids):
            await self._marks.close(receipt, ids=naming, visits=(), put=put, take=take)
        if not take:
            return
        for held in [held for one in each(resident) for held in await self._decisions.on_rows(one)]:
            if held.ended_at is None and held.kind is Kind.ENTRY and (number := UUID(held.about)) not in ids:
                again = [number, *_naming(rows, [number])]
                await self._marks.close(receipt, ids=again, visits=(), put=BITS[held.choice], take=NOTHING_CLOSED)

    async def _visits_open_and_end(
        self, requester: Requester, resident: Resident, resources: Sequence[NewResource], now: datetime
    ) -> None:
        """Open the institution's treatment window with a visit of its own feed, and let it end with the visit."""
        for resource in resources:
            if resource.type != "Encounter":
                continue
            status = canonical.decode(resource.body).get("status")
            if not isinstance(status, str):
                continue
            if status in OPEN_VISIT:
                await self._decisions.visit_opened(resident, requester.organisation, resource.id, now)
            elif status in {"finished", "cancelled"}:
                await self._decisions.visit_ended(resident, requester.organisation, resource.id, now)

    async def _counted(self, resident: Resident, resources: Sequence[NewResource], now: datetime) -> None:
        """Tell statistics; what they miss must not make a stored deposit look failed, and be sent again."""
        cells = counted(self._count_key, resident.keys[0], resources, now.date(), self._cell_of)
        try:
            if cells:
                await self._count(cells)
        except CareCodeError as error:
            log.warning("uncounted", code=error.code)


async def _labelled(marks: Marks, resident: Resident, resources: Sequence[NewResource]) -> Sequence[NewResource]:
    """Give each resource the labels of what it points to and was stored earlier."""
    here = {resource.id for resource in resources}
    outside = {number for resource in resources for number in resource.matters if number not in here}
    found: dict[UUID, Closed] = {}
    for key in resident.keys if outside else ():
        found.update(await marks.matters(key, list(outside)))
    if not found:
        return resources
    return [
        _with(
            resource,
            reduce(or_, (found.get(number, NOTHING_CLOSED) for number in resource.matters), NOTHING_CLOSED),
        )
        for resource in resources
    ]


def _naming(rows: Sequence[Resource], ids: Sequence[UUID]) -> list[UUID]:
    """Return the ids of the resources that refer to any of these, the patient's own aside."""
    wanted = [f'/{number}"'.encode() for number in ids]
    return [UUID(row.id) for row in rows if row.type != "Patient" and any(one in row.body for one in wanted)]


def may_deposit(requester: Requester) -> None:
    """Raise RefusedError for anyone who stores nothing."""
    if requester.role not in DEPOSITORS:
        raise RefusedError("may-not-deposit", "Only an institution's clinicians and systems may store resources.")


def _visit(resource: NewResource) -> UUID | None:
    return resource.id if resource.type == "Encounter" else resource.visit


def _with(resource: NewResource, bits: Closed) -> NewResource:
    return replace(resource, closed=resource.closed | bits) if bits else resource
