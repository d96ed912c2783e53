"""Legal orders: entered by one officer, approved by two of two different bodies, public before any release.

The public log shows body, legal basis, categories, count and date, and a commitment in place of her name.  A
court may keep an order from her for at most 180 days; the public count knows it from its first day.  Every week
the number of orders is said in public, also when it is none, so that silence shows (docs/adr/0016).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from carecode.disclosure.announcing import Announcements
from carecode.disclosure.people import Organisation
from carecode.disclosure.reviews import NewItem, long_enough
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Category, Purpose, ResidentId, Role
from carecode.store.room import Room

if TYPE_CHECKING:
    from uuid import UUID

    from carecode.audit.log import Entry, Log
    from carecode.disclosure.announcing import Public
    from carecode.disclosure.reviews import Item, Words, Work
    from carecode.identity.index import Index
    from carecode.kernel.vocabulary import Requester, Resident
    from carecode.store.database import Database

APPROVALS: Final = 2
SEALED_DAYS_MAX: Final = 180
"""No order is kept from her longer; PostgreSQL holds the same bound (disclosure.legal_order)."""
IN_FORCE_DAYS_MAX: Final = 366
AHEAD_DAYS_MAX: Final = 366  # no order begins later than that
TEXT_MAX: Final = 200
ORDERS_MAX: Final = 200
_COMMITMENT: Final = b"carecode legal order v1\n"


@dataclass(frozen=True, slots=True)
class NewOrder:
    """What an officer types."""

    body: str  # who issued it
    basis: str  # the law it stands on
    reference: str = field(repr=False)  # the case
    categories: frozenset[Category]
    from_on: date
    to_on: date  # the last day
    sealed_until: date | None  # the court keeps it from her until this day; None: she sees it at once
    bodies: tuple[str, str]  # the two institutions whose officers have to approve


@dataclass(frozen=True, slots=True)
class Order:
    """One legal order."""

    id: UUID
    resident: ResidentId = field(repr=False)
    organisation: str  # whose officers entered it and may release under it
    entered_by: str
    entered_name: str
    entered_at: datetime
    body: str
    basis: str
    reference: str = field(repr=False)
    categories: frozenset[Category]
    from_on: date
    to_on: date
    sealed_until: date | None
    commitment: bytes
    opening: tuple[str, str] = field(repr=False)  # nonce in hexadecimal, and the name
    bodies: tuple[str, ...]  # that approved
    approvers: tuple[str, ...]
    approver_names: tuple[str, ...]
    refused_at: datetime | None
    statement: UUID | None  # its number in the public log
    published_at: datetime | None
    published: bool = False  # its leaf stands under a cosigned checkpoint

    @property
    def until(self) -> datetime:
        """Tell when its last day ends."""
        return datetime.combine(self.to_on + timedelta(days=1), time(), UTC)

    @property
    def approved(self) -> bool:
        """Tell whether two persons of two bodies approved it, neither of them who entered it."""
        return (
            self.refused_at is None
            and len(set(self.bodies)) >= APPROVALS
            and len(set(self.approvers)) >= APPROVALS
            and self.entered_by not in self.approvers
        )

    def in_force(self, now: datetime) -> bool:
        """Tell whether it may be used on this day, approved and public or not."""
        return self.refused_at is None and datetime.combine(self.from_on, time(), UTC) <= now < self.until

    def sealed(self, now: datetime) -> bool:
        """Tell whether the court keeps it from her on this day."""
        return self.sealed_until is not None and now < datetime.combine(self.sealed_until, time(), UTC)


def commitment_of(nonce: bytes, name: str) -> bytes:
    """Commit to a name: SHA-256 of a fixed line, 32 random bytes and the name; tells nothing without the bytes."""
    return sha256(_COMMITMENT + nonce + name.encode()).digest()


def require_sound(order: NewOrder, today: date) -> None:
    """Refuse an order that contradicts itself: InvalidInputError with what to mend."""
    for text in (order.body, order.basis, order.reference):
        if not text.strip() or len(text) > TEXT_MAX or not text.isprintable():
            raise InvalidInputError("order-text", f"Write body, legal basis and case, each in {TEXT_MAX} characters.")
    if not order.categories:
        raise InvalidInputError("order-categories", "Choose at least one kind of entry.")
    if order.to_on < order.from_on:
        raise InvalidInputError("order-dates", "The last day is before the first day. Compare with the order.")
    if order.to_on < today:
        raise InvalidInputError("order-over", "The last day has passed. This order opens nothing any more.")
    if (order.from_on - today).days > AHEAD_DAYS_MAX:
        raise InvalidInputError(
            "dates-far", f"The first day is at most {AHEAD_DAYS_MAX} days ahead. Look at the order."
        )
    if (order.to_on - order.from_on).days > IN_FORCE_DAYS_MAX:
        raise InvalidInputError("order-long", f"An order is in force for at most {IN_FORCE_DAYS_MAX} days.")
    if order.sealed_until is not None and not today < order.sealed_until <= today + timedelta(days=SEALED_DAYS_MAX):
        raise InvalidInputError(
            "order-sealed", f"A court keeps an order from her until a day within the next {SEALED_DAYS_MAX} days."
        )
    if len(set(order.bodies)) != APPROVALS:
        raise InvalidInputError("order-bodies", "Two different bodies have to approve. Choose another one.")


def statement_of(order: Order, now: datetime) -> dict[str, Any]:
    """Write what the public is told of an order: all but the case and the name."""
    return {
        "kind": "legal order",
        "body": order.body,
        "basis": order.basis,
        "categories": sorted(category.name.lower() for category in order.categories),
        "count": 1,
        "date": now.astimezone(UTC).date().isoformat(),
        "sealed_until": order.sealed_until.isoformat() if order.sealed_until else None,
        "name_commitment": order.commitment.hex(),
    }


class OrderRows:
    """Orders as they stand in the database."""

    def __init__(self, database: Database, public: Public, words: Words) -> None:
        """Use the role ``carecode_disclosure``."""
        self._room = Room(database, "disclosure")
        self._announcements = Announcements(database, public)
        self._words = words

    async def one(self, resident: ResidentId, number: UUID) -> Order:
        """Return one order.  NotFoundError when there is none of this number about her."""
        rows = await self._room.fetch("orders", resident, number, 1)
        if not rows:
            raise NotFoundError("no-such-order", "There is no such order here.")
        return await self._looked_up(self._order(rows[0]))

    async def of(self, resident: Resident) -> list[Order]:
        """Return every order about her, newest first; whether their leaves are public is not looked up."""
        return [self._order(row) for row in await self._room.fetch("orders", resident.id, None, ORDERS_MAX)]

    async def bodies(self) -> list[Organisation]:
        """Return the institutions whose privacy officers can approve an order."""
        return [Organisation(**row) for row in await self._room.fetch("bodies")]

    async def of_institution(self, officer: Requester) -> list[Order]:
        """Return the orders that this officer's institution entered, newest first."""
        _require_officer(officer)
        rows = await self._room.fetch("orders_of_institution", officer.organisation, ORDERS_MAX)
        return [await self.one(ResidentId(row["resident_id"]), row["id"]) for row in rows]

    async def _looked_up(self, order: Order) -> Order:
        return replace(order, published=await self._announcements.is_public(order.statement))

    def _order(self, row: Any) -> Order:  # noqa: ANN401  # an asyncpg record
        number: UUID = row["id"]
        nonce, name = json.loads(self._words.unseal(number, "opening", row["opening"]))
        return Order(
            number,
            ResidentId(row["resident_id"]),
            row["organisation"],
            row["entered_by"],
            row["entered_name"],
            row["entered_at"],
            row["body"],
            row["basis"],
            self._words.unseal(number, "reference", row["reference"]),
            frozenset(Category(x) for x in row["categories"]),
            row["from_on"],
            row["to_on"],
            row["sealed_until"],
            row["commitment"],
            (nonce, name),
            tuple(row["bodies"]),
            tuple(row["approvers"]),
            tuple(row["approver_names"]),
            row["refused_at"],
            row["statement"],
            row["published_at"],
        )


class Orders(OrderRows):
    """Legal orders, their approvals and what the public is told."""

    def __init__(self, database: Database, log: Log, index: Index, public: Public, work: Work, words: Words) -> None:
        """Use the role ``carecode_disclosure``; what is public goes to ``public``."""
        super().__init__(database, public, words)
        self._log = log
        self._index = index
        self._work = work

    async def enter(self, officer: Requester, resident: Resident, new: NewOrder, now: datetime) -> Order:
        """Enter an order and put it before the officers of its two bodies.

        Raises as ``require_sound``; RefusedError for another role; InvalidInputError for a body
        without a privacy officer.
        """
        _require_officer(officer)
        today = now.astimezone(UTC).date()
        require_sound(new, today)
        if not set(new.bodies) <= {row["handle"] for row in await self._room.fetch("bodies")}:
            raise InvalidInputError("order-bodies", "This body has no privacy officer here. Choose another one.")
        number, nonce = self._words.number(), self._words.nonce()
        name = (await self._index.card(resident)).name
        await self._room.run(
            "add_order", resident.entry, number, officer.organisation, officer.id, officer.name, now, today,
            new.body.strip(), new.basis.strip(), self._words.seal(number, "reference", new.reference.strip()),
            sorted(int(x) for x in new.categories), new.from_on, new.to_on, new.sealed_until,
            self._words.seal(number, "opening", json.dumps([nonce.hex(), name])), commitment_of(nonce, name),
        )  # fmt: skip
        await self._log.append(resident, officer, "decide", Purpose.HLEGAL, f"order entered {number}")
        for body in new.bodies:
            item = NewItem(body, self._words.number(), "order", officer.name, officer.id, resident.entry, number)
            await self._work.add(item, now)
        return await self.one(resident.entry, number)

    async def approve(self, officer: Requester, item: Item, now: datetime) -> Order:
        """Approve an order for one's own institution; with the second approval it goes to the public log.

        RefusedError for who entered it, for the same person or body again, or another institution's
        item; ConflictError when it was refused.
        """
        order, resident = await self._of(officer, item)
        if order.entered_by == officer.id:
            raise RefusedError("order-own", "You entered this order. Two others have to approve it.")
        if officer.organisation in order.bodies:
            raise RefusedError("order-body", "Your institution approved this already. Another body has to.")
        everyone = [officer.id, order.entered_by, *order.approvers]
        if len(set(everyone)) != len(everyone) or (await self._room.fetch("same_person", everyone))[0][0]:
            raise RefusedError("order-person", "You acted on this order before. Another person has to approve it.")
        await self._room.fetch(
            "approve_order", order.resident, order.id, officer.organisation, officer.id, officer.name, now
        )
        await self._log.append(resident, officer, "decide", Purpose.HLEGAL, f"order approved {order.id}")
        await self._room.fetch(
            "decide_task", item.organisation, item.id, "approved", None, officer.id, officer.name, now
        )
        await self._announce(await self.one(order.resident, order.id), now)
        return await self.one(order.resident, order.id)

    async def refuse(self, officer: Requester, item: Item, words: str, now: datetime) -> Order:
        """Refuse an order for ever.  ConflictError when it is public already."""
        order, resident = await self._of(officer, item)
        sealed = self._words.seal(item.id, "decided", long_enough(words))
        if not await self._room.fetch("refuse_order", order.resident, order.id, officer.id, now):
            raise ConflictError("order-decided", "This order was decided already.")
        await self._room.fetch(
            "decide_task", item.organisation, item.id, "refused", sealed, officer.id, officer.name, now
        )
        bodies = [row["handle"] for row in await self._room.fetch("bodies")]
        await self._room.run("close_tasks_of", order.id, "refused", officer.id, officer.name, now, bodies)
        await self._log.append(resident, officer, "decide", Purpose.HLEGAL, f"order refused {order.id}")
        return await self.one(order.resident, order.id)

    async def standing(self, resident: Resident, requester: Requester, now: datetime) -> Order | None:
        """Return the order in force for her that this officer's institution entered; one that may open, if any."""
        if requester.role is not Role.OFFICER:
            return None
        orders = [
            await self._looked_up(order)
            for order in await self.of(resident)
            if order.organisation == requester.organisation and order.in_force(now)
        ]
        ready = [order for order in orders if order.approved and order.published]
        return next(iter(ready or orders), None)

    async def told(self, resident: Resident, now: datetime) -> list[Order]:
        """Return the orders that she is shown now: all but what a court keeps from her for a while yet."""
        return [order for order in await self.of(resident) if not order.sealed(now)]

    async def withheld(self, resident: Resident, entries: list[Entry], now: datetime) -> frozenset[UUID]:
        """Return the receipts among her entries that stand under an order a court keeps from her for a while yet."""
        sealed = [order for order in await self.of(resident) if order.sealed(now)]
        return frozenset(
            entry.receipt
            for entry in entries
            if entry.purpose is Purpose.HLEGAL and any(_belongs(entry, order) for order in sealed)
        )

    async def publish_waiting(self, now: datetime) -> int:
        """Publish what two bodies approved and a fault kept from the log; return how many."""
        waiting = await self._announcements.waiting()
        for resident, number in waiting:
            await self._announce(await self.one(resident, number), now)
        return len(waiting)

    async def weekly(self, now: datetime) -> int:
        """Say in public how many orders each finished week had, none included (Announcements.weekly)."""
        return await self._announcements.weekly(now)

    async def _announce(self, order: Order, now: datetime) -> None:
        if order.approved and order.statement is None:
            await self._announcements.announce(order.resident, order.id, statement_of(order, now), now)

    async def _of(self, officer: Requester, item: Item) -> tuple[Order, Resident]:
        _require_officer(officer)
        if item.kind != "order" or item.resident is None or item.subject is None:
            raise NotFoundError("no-such-order", "There is no such order here.")
        if item.organisation != officer.organisation:
            raise RefusedError("order-other", "Officers of that institution have to decide this.")
        order = await self.one(item.resident, item.subject)
        resident = await self._index.by_id(order.resident)
        if order.refused_at is not None or resident is None:
            raise ConflictError("order-decided", "This order was decided already.")
        return order, resident


def _belongs(entry: Entry, order: Order) -> bool:
    """Tell whether an entry was made under an order: its number, or a release by who entered it."""
    if entry.basis.endswith(str(order.id)):
        return True
    return " " not in entry.basis and entry.organisation == order.organisation and entry.at >= order.entered_at


def _require_officer(officer: Requester) -> None:
    if officer.role is not Role.OFFICER:
        raise RefusedError("officers-only", "This is for privacy officers.")
