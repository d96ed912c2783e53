"""Random tokens and where they are kept: 256 bits each, as keyed hashes only.

A copy of the database signs nobody in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from carecode.crypto.keyed import keyed_hash
from carecode.disclosure.people import herself
from carecode.kernel.vocabulary import Purpose, Requester, ResidentId, Role
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecode.store.database import Database

TOKEN_BYTES: Final = 32
TOKEN_CHARACTERS_MAX: Final = 128  # of what a browser sends as one
SEEN_EVERY: Final = timedelta(seconds=30)
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Held:
    """A session: who holds it and how it stands."""

    requester: Requester
    id: UUID
    how: str  # link (demo data) | digits (of a desk) | passkey | provider
    began_at: datetime
    seen_at: datetime
    locked_at: datetime | None
    fresh_at: datetime | None  # when its holder last proved who she is
    account: UUID | None  # of staff: the person, whichever institutions she works for


@dataclass(frozen=True, slots=True)
class Holder:
    """For whom a token is made: a member of staff, a resident, or a member of staff bound to one resident."""

    staff: str | None = None
    resident: ResidentId | None = None
    purpose: Purpose | None = None
    desk_number: str | None = None


class Tokens:
    """Keeps links, sessions and bearer tokens."""

    def __init__(self, database: Database, key: bytes, random_bytes: Callable[[int], bytes]) -> None:
        """Use the role ``carecode_disclosure``; ``key`` hashes tokens."""
        self.room = Room(database, "disclosure")
        self.random_bytes = random_bytes
        self._key = key

    def hash(self, token: str) -> bytes:
        """Hash a token for look-up: 32 bytes."""
        return keyed_hash(self._key, token.encode("utf-8", "replace"))

    async def add(
        self, kind: str, holder: Holder, now: datetime, until: datetime, *, how: str = "link", fresh: bool = False
    ) -> str:
        """Make a token of ``kind`` (link, session, bearer) and return it: 64 hexadecimal digits."""
        token = self.random_bytes(TOKEN_BYTES).hex()
        name = holder.purpose.value if holder.purpose else None
        number = UUID(bytes=self.random_bytes(16), version=4)
        # of a resident no time finer than the day is kept, except while it protects her (fresh_at)
        began = now if holder.staff else day_of(now)
        await self.room.run(
            "add_session", self.hash(token), kind, holder.staff, holder.resident, name, holder.desk_number, until,
            number, how, began, now if fresh else None,
        )  # fmt: skip
        return token

    async def held(self, token: str, kind: str, now: datetime) -> tuple[Held, Any] | None:
        """Return a session and its row, or None when there is none (any more)."""
        if len(token) > TOKEN_CHARACTERS_MAX:
            return None
        rows = await self.room.fetch("session", self.hash(token), kind, now)
        requester = _requester(rows[0]) if rows else None
        if requester is None:
            return None
        row = rows[0]
        session = Held(
            requester, row["id"], row["how"], row["began_at"], row["seen_at"], row["locked_at"], row["fresh_at"],
            row["account"],
        )  # fmt: skip
        return session, row


def day_of(now: datetime) -> datetime:
    """Give the beginning of a moment's day, in its own zone."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _requester(row: Any) -> Requester | None:  # noqa: ANN401  # an asyncpg record
    resident = ResidentId(row["resident_id"]) if row["resident_id"] else None
    if row["staff_id"] is None:
        return herself(resident) if resident else None
    return Requester(
        row["staff_id"],
        Role(row["role"]),
        row["organisation"],
        row["name"],
        row["title"],
        row["desk_number"],
        resident,
        Purpose(row["purpose"]) if row["purpose"] else None,
        licensed=row["licensed"],
    )
