"""The gate: the only way into the record, for reads and for writes.

Every read is decided, then committed to her log, then made under the receipt of that entry, which
PostgreSQL itself demands (docs/adr/0003).  Every requester sees Patient ids as its own pseudonyms.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.crypto import canonical
from carecode.disclosure.admission import Admission, Asked
from carecode.disclosure.answers import NOTHING_TO_OPEN, PAGE_MAX, Body, Found, Query, Refusal, Release
from carecode.disclosure.dangling import pointed, without
from carecode.disclosure.decisions import WINDOW_HOURS
from carecode.disclosure.known import Known
from carecode.disclosure.policy import Refuse
from carecode.disclosure.reasons import REASONS, without_reasons
from carecode.disclosure.receipts import Receipts
from carecode.disclosure.states import may_be_asked
from carecode.disclosure.writing import Marked, Stored, Writing, may_deposit
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import (
    ALL_CATEGORIES,
    EVERYTHING,
    NOTHING_CLOSED,
    Category,
    Closed,
    CodePurpose,
    Purpose,
    RecordKey,
    Role,
)
from carecode.record.catalogue import (
    Decoded,
    Extracted,
    Linked,
    as_seen,
    elements,
    extract,
    matches,
    search_token,
    spread,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from carecode.audit.log import Log
    from carecode.crypto.keyring import KeyRing
    from carecode.crypto.pseudonyms import Pseudonyms
    from carecode.disclosure.cards import Cards
    from carecode.disclosure.decisions import Decisions
    from carecode.disclosure.emergency import Emergencies
    from carecode.disclosure.legal import Orders
    from carecode.identity.index import Index
    from carecode.kernel.vocabulary import (
        Counted,
        NewResource,
        Presentation,
        Receipt,
        Requester,
        Resident,
        Resource,
    )
    from carecode.record.store import RecordStore

NO_TOKEN: Final = 0
"""What no resource carries: tokens are the first 64 bits of keyed hashes."""
OPEN_MAX: Final = 50_000
"""The most resources that a person is shown at once; a busy life has a few thousand."""


@dataclass(frozen=True, slots=True)
class Doors:
    """The four pillars and what the gate needs besides; built by ``app`` only."""

    index: Index
    record: RecordStore
    log: Log
    decisions: Decisions
    emergencies: Emergencies
    orders: Orders
    may_disclose: Callable[[datetime], bool]  # False: too long without the witnesses' signatures
    cards: Cards
    pseudonyms: Pseudonyms
    ring: KeyRing
    clock: Callable[[], datetime]
    count: Callable[[Sequence[Counted]], Awaitable[object]]  # statistics' ear
    cell_of: Callable[[str, date], int]  # statistics' number of a visit's kind and day


class Gate:
    """Decide, log, then open; label, store and log in one transaction."""

    def __init__(self, doors: Doors) -> None:
        """Stand before these pillars."""
        self._doors = doors
        self._receipts = Receipts()
        self._known = Known(doors.index, doors.clock)
        self.directory: Final = DirectoryDoor(doors)
        self._admission = _admission(doors)
        self._token_key = doors.ring.key("record.tokens")
        self._writing = Writing(
            Stored(doors.record, doors.record.marks, lambda receipt: _whole(doors.record, receipt)),
            doors.log,
            self._admission,
            doors.decisions,
            doors.count,
            doors.ring.key("statistics"),
            doors.cell_of,
        )

    # Numbers at the edge

    def patient_id(self, requester: Requester, resident: Resident) -> str:
        """Return this requester's own number for her: 32 characters, used as Patient.id."""
        return self._doors.pseudonyms.of(resident.keys[0], requester.organisation)

    async def subject(self, requester: Requester, patient_id: str) -> Resident | None:
        """Return whom this requester knows under a number, or None."""
        try:
            key = RecordKey(self._doors.pseudonyms.resolve(patient_id, requester.organisation))
        except InvalidInputError:
            return None  # not the form of a number: nobody's
        return await self._known.by_key(key)

    # Reads

    async def open(
        self,
        requester: Requester,
        purpose: Purpose,
        categories: frozenset[Category] = ALL_CATEGORIES,
        *,
        presentation: Presentation | None = None,
        resident: Resident | None = None,
    ) -> Release | Refusal:
        """Open a record for a person: by a shown OPEN_RECORD code, or on other grounds that policies know.

        A shown code opens a treatment window of WINDOW_HOURS for the requester's institution.
        """
        now = self._doors.clock()
        if presentation is not None:
            resident = await self._doors.index.by_bearer(presentation.bearer)
        if resident is None:
            return NOTHING_TO_OPEN
        shown = presentation is not None and presentation.purpose is CodePurpose.OPEN_RECORD
        asked = Asked(requester, resident, purpose, categories, code_shown=shown)
        receipt, grounds = await self._admission.admit(asked)
        if isinstance(receipt, Refuse) or grounds is None:
            return NOTHING_TO_OPEN
        resident = grounds.resident
        until = now + timedelta(hours=WINDOW_HOURS)
        if shown:
            until = await self.code_was_shown(requester, resident, CodePurpose.OPEN_RECORD) or until
        elif grounds.ends is not None:
            until = grounds.ends
        self._receipts.put(requester, resident, purpose, receipt)
        rows = await _whole(self._doors.record, receipt)
        card = await self._doors.cards.card(requester, resident)
        complete = len(rows) < OPEN_MAX
        gone = await _gone(self._doors.record, rows, receipt, all_of_it=complete)
        bodies = _seen(self.patient_id(requester, resident), rows, receipt, gone)
        padlocks = not (receipt.depositor or Closed.LOCKED in receipt.opens) and bool(receipt.categories)
        locked = grounds.state.locked if padlocks else 0
        return Release(card, bodies, receipt, until, complete=complete, locked=locked)

    async def code_was_shown(self, requester: Requester, resident: Resident, purpose: CodePurpose) -> datetime | None:
        """Open the treatment window of the requester's institution and say until when; only OPEN_RECORD does."""
        if purpose is CodePurpose.OPEN_RECORD:
            now = self._doors.clock()
            until = now + timedelta(hours=WINDOW_HOURS)
            return await self._doors.decisions.open_window(resident, requester.organisation, now, until)
        return None

    async def fetch(self, requester: Requester, resident: Resident, query: Query) -> Found:
        """Read part of one record, under a receipt in force or a new one.

        What may not be opened and what does not exist give the same empty answer.
        """
        if not may_be_asked(requester, resident):
            return Found([], 0)  # before any receipt in force: the same doctor may hold another's
        number = self.patient_id(requester, resident)
        purpose = purpose_of(requester)
        receipt = self._receipts.get(requester, resident, purpose, self._doors.clock())
        if receipt is not None:
            found = await _read(self._doors, self._token_key, number, receipt, query)
            if found.total or await self._doors.log.is_live(receipt):
                return found
            self._receipts.drop(requester, resident, purpose)
        fresh, grounds = await self._admission.admit(Asked(requester, resident, purpose, ALL_CATEGORIES))
        if isinstance(fresh, Refuse) or grounds is None:
            return Found([], 0)
        self._receipts.put(requester, grounds.resident, purpose, fresh)
        number = self.patient_id(requester, grounds.resident)
        return await _read(self._doors, self._token_key, number, fresh, query)

    async def resident_of(self, resource_id: UUID) -> Resident | None:
        """Return whose resource this is, for a machine of its depositor; opens nothing."""
        key = await self._doors.record.locate(resource_id)
        return await self._known.by_key(key) if key else None

    # Writes

    def prepare(self, type_name: str, resource: Decoded) -> Extracted:
        """Return category, date, search tokens and labels of a resource about to be deposited."""
        return extract(type_name, resource, self._token_key)

    def spread(self, links: Sequence[Linked]) -> list[Closed]:
        """Return the labels of the resources of one deposit after they spread within it (matters.spread)."""
        return spread(links)

    async def deposit(
        self, requester: Requester, resident: Resident, resources: Sequence[NewResource], now: datetime
    ) -> None:
        """Store resources in her record and log it, in one transaction (Writing.deposit)."""
        await self._writing.deposit(requester, resident, resources, now)

    async def revise(
        self, requester: Requester, resident: Resident, resource: NewResource, *, expected: int, now: datetime
    ) -> int:
        """Replace a resource that the requester's own institution deposited; return the new version."""
        return await self._writing.revise(requester, resident, resource, expected=expected, now=now)

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
        """Put and take her own bits on entries or whole visits; return what was met (Writing.close)."""
        return await self._writing.close(requester, resident, ids=ids, visits=visits, put=put, take=take)


def _admission(doors: Doors) -> Admission:
    log, decisions, clock, whose = doors.log, doors.decisions, doors.clock, doors.index.by_key
    return Admission(log, decisions, doors.emergencies, doors.orders, clock, doors.may_disclose, whose)


async def _whole(record: RecordStore, receipt: Receipt) -> list[Resource]:
    """Read all that a receipt opens, page by page, at most OPEN_MAX resources."""
    rows: list[Resource] = []
    while len(rows) < OPEN_MAX:
        page = await record.read(receipt, limit=PAGE_MAX, offset=len(rows))
        rows += page
        if len(page) < PAGE_MAX:
            break
    return rows


async def _read(doors: Doors, token_key: bytes, number: str, receipt: Receipt, query: Query) -> Found:
    """Read what a receipt opens; ``number`` is the requester's own of her."""
    if query.type is not None and query.id is not None and query.version is not None:
        row = await doors.record.version(receipt, query.type, query.id, query.version)
        rows = [row] if row else []
        return Found(_seen(number, rows, receipt, await _gone(doors.record, rows, receipt)), len(rows))
    groups = [
        [search_token(query.type or "", name, value, token_key) for value in values] for name, values in query.criteria
    ]
    if Category.PROBLEMS not in receipt.categories and _asks_for_reasons(query):
        groups = [[NO_TOKEN]]  # as if no visit, prescription or report had one, and in the same time
    rows = await doors.record.read(
        receipt,
        type_name=query.type,
        resource_id=query.id,
        tokens=groups,
        limit=query.count,
        offset=query.offset,
        newest_first=query.newest_first,
    )
    total = query.offset + len(rows)
    if (len(rows) == query.count or (query.offset and not rows)) and query.id is None:
        total = await doors.record.count(receipt, type_name=query.type, tokens=groups)
    gone = await _gone(doors.record, rows, receipt)
    if query.criteria:
        kept = [row for row in rows if _really_matches(row, query, gone)]
        total -= len(rows) - len(kept)
        rows = kept
    return Found(_seen(number, rows, receipt, gone), total)


async def _gone(
    record: RecordStore, rows: Sequence[Resource], receipt: Receipt, *, all_of_it: bool = False
) -> frozenset[UUID]:
    """Return the ids that rows refer to and the receipt does not open; ``all_of_it``: it opens these rows only."""
    if receipt.opens == EVERYTHING and receipt.categories == ALL_CATEGORIES and receipt.depositor is None:
        return frozenset()
    shown = {UUID(row.id) for row in rows}
    wanted = {one for one in pointed(row.body for row in rows) if one[1] not in shown}
    if wanted and not all_of_it:
        shown |= await record.marks.visible(receipt, wanted)
    return frozenset(number for _name, number in wanted if number not in shown)


class DirectoryDoor:
    """Directory resources: about no resident, readable by every signed-in requester, without a receipt."""

    def __init__(self, doors: Doors) -> None:
        """Use the record's directory."""
        self._directory = doors.record.directory
        self._token_key = doors.ring.key("record.tokens")

    async def deposit(self, requester: Requester, resources: Sequence[NewResource], now: datetime) -> int:
        """Store directory resources whose ids are new; return how many were."""
        may_deposit(requester)
        return await self._directory.put(resources, organisation=requester.organisation, now=now)

    async def get(self, type_name: str, resource_id: UUID) -> Body | None:
        """Return one directory resource, or None."""
        row = await self._directory.get(type_name, resource_id)
        return _body(row) if row else None

    async def search(self, query: Query) -> list[Body]:
        """Return the directory resources of a type that match every criterion."""
        groups = [
            [search_token(query.type or "", name, value, self._token_key) for value in values]
            for name, values in query.criteria
        ]
        rows = await self._directory.find(query.type or "", groups, limit=query.count, offset=query.offset)
        return [_body(row) for row in rows if not query.criteria or _really_matches(row, query, frozenset())]

    async def ids(self, type_name: str, parameter: str, values: Sequence[str]) -> dict[str, list[str]]:
        """Return for each value (``system|code``) the ids of up to three resources that carry it."""
        tokens = {value: search_token(type_name, parameter, value, self._token_key) for value in values}
        found = await self._directory.ids(type_name, list(tokens.values()))
        return {value: [str(one) for one in found.get(token, [])] for value, token in tokens.items()}


def _seen(number: str, rows: Sequence[Resource], receipt: Receipt, gone: frozenset[UUID]) -> list[Body]:
    """Write the requester's own number of her into what goes out, and nothing of what is ``gone``."""
    reasons = Category.PROBLEMS in receipt.categories
    return [
        Body(
            row.type,
            number if row.type == "Patient" else row.id,
            row.version,
            row.updated_at,
            row.organisation,
            row.category,
            as_seen(without(row.body if reasons else without_reasons(row.body), gone), number),
            receipt.id,
        )
        for row in rows
    ]


def _body(row: Resource) -> Body:
    return Body(row.type, row.id, row.version, row.updated_at, row.organisation, row.category, row.body)


def purpose_of(requester: Requester) -> Purpose:
    """Return the purpose of a requester's session: herself asks for her own, the others treat."""
    return requester.purpose or (Purpose.PATRQT if requester.role is Role.RESIDENT else Purpose.TREAT)


def _asks_for_reasons(query: Query) -> bool:
    return any(not elements(query.type or "", name).isdisjoint(REASONS) for name, _values in query.criteria)


def _really_matches(row: Resource, query: Query, gone: frozenset[UUID]) -> bool:
    """Recheck what the keyed tokens found, 64 bits may collide, in what the reader sees."""
    decoded = canonical.decode(without(row.body, gone))
    return all(any(matches(row.type, decoded, name, value) for value in values) for name, values in query.criteria)
