"""Delegations as rows: who acts for whom, with which scope, from when until when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from carecode.crypto.keyed import keyed_hash
from carecode.kernel.vocabulary import (
    ALL_CATEGORIES,
    NOTHING_CLOSED,
    SENSITIVE,
    Category,
    Closed,
    Requester,
    Resident,
    ResidentId,
)
from carecode.store.room import Room

if TYPE_CHECKING:
    from carecode.store.database import Database

GUARDIAN: Final = "guardian"
DELEGATE: Final = "delegate"
REQUESTER_PREFIX: Final = "delegate:"
_NAMED_DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class Scope:
    """What somebody who acts for her may see and do."""

    categories: frozenset[Category] = ALL_CATEGORIES
    labels: Closed = NOTHING_CLOSED
    may_decide: bool = False
    may_show_code: bool = False


@dataclass(frozen=True, slots=True)
class Delegation:
    """One person acts for another, or was asked to."""

    id: UUID
    subject: ResidentId = field(repr=False)
    delegate: ResidentId = field(repr=False)
    kind: str  # GUARDIAN or DELEGATE
    scope: Scope
    from_at: datetime
    until_at: datetime | None
    accepted_at: datetime | None
    requester: str  # how her log names the delegate

    def holds(self, now: datetime) -> bool:
        """Tell whether it is in force."""
        return self.accepted_at is not None and self.from_at <= now and (self.until_at is None or now < self.until_at)


@dataclass(frozen=True, slots=True)
class Acting:
    """Somebody acts for somebody now: the scope, and the requester whom the log names."""

    subject: Resident
    requester: Requester
    kind: str
    scope: Scope
    until_at: datetime | None

    @property
    def may_decide(self) -> bool:
        """Tell whether she decides for her too."""
        return self.scope.may_decide

    @property
    def sees_all(self) -> bool:
        """Tell whether nothing that has a label is kept from her."""
        return self.scope.categories == ALL_CATEGORIES and self.scope.labels == SENSITIVE


class DelegationBook:
    """Every delegation, stored."""

    def __init__(self, database: Database, key: bytes) -> None:
        """Use the role ``carecode_disclosure``; ``key`` names delegates in logs."""
        self._room = Room(database, "disclosure")
        self._key = key

    async def of(self, subject: Resident, now: datetime) -> list[Delegation]:
        """Return who acts for her, or was asked to."""
        return [_delegation(row) for row in await self._room.fetch("delegations", subject.id, now)]

    async def for_whom(self, delegate: ResidentId, now: datetime) -> list[Delegation]:
        """Return for whom somebody acts, or was asked to."""
        return [_delegation(row) for row in await self._room.fetch("delegations_of_delegate", delegate, now)]

    async def add(
        self,
        subject: Resident,
        delegate: ResidentId,
        kind: str,
        scope: Scope,
        now: datetime,
        *,
        until: datetime | None,
        accepted: bool,
    ) -> None:
        """Let somebody act for her, or ask somebody to.

        The log names a delegate the same for one resident always, and differently for each.
        """
        named = keyed_hash(self._key, b"requester", subject.id.bytes, delegate.bytes).hex()[:_NAMED_DIGITS]
        await self._room.run(
            "add_delegation", subject.id, delegate, f"{REQUESTER_PREFIX}{named}", kind, _bits(scope.categories),
            int(scope.labels), scope.may_decide, scope.may_show_code, now, until, now, now if accepted else None,
        )  # fmt: skip

    async def accept(self, one: Delegation, now: datetime) -> bool:
        """Put a delegation in force; tell whether she still asks."""
        return bool(await self._room.fetch("accept_delegation", one.subject, one.id, now))

    async def end(self, one: Delegation, now: datetime) -> None:
        """End a delegation at once."""
        await self._room.fetch("end_delegation", one.subject, one.id, now)

    async def fit(self, one: Delegation, scope: Scope) -> None:
        """Change what a delegation opens, which the gate reads."""
        await self._room.run("scope_delegation", one.subject, one.id, _bits(scope.categories), int(scope.labels))

    async def setting(self, name: str) -> str | None:
        """Return a setting of the operator."""
        rows = await self._room.fetch("setting", name)
        return str(rows[0]["value"]) if rows else None

    async def set(self, name: str, value: str) -> None:
        """Change a setting of the operator."""
        await self._room.run("put_setting", name, value)


def _bits(categories: frozenset[Category]) -> int:
    return sum(1 << category for category in categories)


def _delegation(row: Any) -> Delegation:  # noqa: ANN401  # an asyncpg record
    categories = frozenset(category for category in Category if row["categories"] & 1 << category)
    scope = Scope(categories, Closed(row["labels"]), row["may_decide"], row["may_show_code"])
    return Delegation(
        row["id"],
        ResidentId(row["resident_id"]),
        ResidentId(row["delegate_id"]),
        row["kind"],
        scope,
        row["from_at"],
        row["until_at"],
        row["accepted_at"],
        row["requester"],
    )
