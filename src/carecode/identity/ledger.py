"""The door of links: who is one person, every event that made it so, and the way back.

What an event changes is decided by the pure rules of ``linking`` on the events themselves, read from
their chains and verified; PostgreSQL appends it only if nobody concerned has changed since, under
locks taken in order, so that of two changes at once there is one outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from carecode.crypto.keyring import KeyRing
from carecode.crypto.sealing import NONCE_BYTES, Sealer
from carecode.identity.linking.events import (
    Case,
    Event,
    Evidence,
    Head,
    Kind,
    Mark,
    body_hash,
    canonical,
    chain_hash,
    check,
    read,
)
from carecode.identity.linking.membership import Deciding, Tables, apply, deciding, replay, settled
from carecode.identity.linking.undoing import Undoing, undo
from carecode.identity.vault import BLOCK_BYTES
from carecode.kernel.errors import ConflictError, CorruptError, NotFoundError, UnavailableError
from carecode.kernel.vocabulary import ResidentId
from carecode.store.database import Database
from carecode.store.room import Room

ATTEMPTS_MAX: Final = 8
EVENTS_MAX: Final = 5_000
"""Events that may bear on one decision; more than that is no person's life."""
HISTORY_MAX: Final = 1_000

_EVENT: Final = b"link event|"
_SEAL_KEY: Final = "identity.links.seal"


@dataclass(frozen=True, slots=True)
class By:
    """Who decides, why, and on what evidence."""

    actor: str
    human: bool
    reason: str = field(default="", repr=False)
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One event in a history."""

    seq: int  # in the chain it was read from, from 1
    event: Event


class _Book:
    """Events as they are stored: read and verified, decided on, appended."""

    def __init__(self, room: Room, ring: KeyRing, random_bytes: Callable[[int], bytes]) -> None:
        self.room = room
        self._random_bytes = random_bytes
        self._key = ring.key(_SEAL_KEY)
        self._sealer = Sealer()

    def draft(self, kind: Kind, by: By, now: datetime, entries: Sequence[ResidentId] = (), **more: object) -> Event:
        """Write down what is wanted."""
        wanted = Event(
            id=self.fresh(),
            kind=kind,
            at=now,
            actor=by.actor,
            human=by.human,
            reason=by.reason,
            evidence=by.evidence,
            entries=tuple(UUID(int=entry.int) for entry in entries),
        )
        return msgspec.structs.replace(wanted, **more)

    def fresh(self) -> UUID:
        """Make a random number."""
        return UUID(bytes=self._random_bytes(16), version=4)

    async def change(self, wanted: Event) -> Event:
        """Decide what an event changes and append it."""
        check(wanted)
        named = [*wanted.entries, *(() if wanted.beside is None else (wanted.beside,))]
        for _ in range(ATTEMPTS_MAX):
            tables, _history = await self.tables(named)
            event = settled(tables, _after(tables, wanted))
            if await self.append(event, tables, named):
                return event
        raise _busy()

    async def undoing(self, by: By, event: UUID, now: datetime) -> tuple[Undoing, Tables, list[UUID]]:
        """Work out what taking an event back comes to, on which tables of whom."""
        touched = (await self.room.fetch("link_touched", event))[0][0]
        if touched is None:
            raise NotFoundError("link-event-gone", "There is no such event.")
        named = [_plain(each) for each in touched]
        tables, history = await self.tables(named)
        merged = any(each.id == event and each.kind is Kind.MERGE for each in history)
        wanted = self.draft(Kind.UNMERGE if merged else Kind.UNDO, by, now, undoes=event)
        return undo(tables, history, _after(tables, wanted)), tables, named

    async def tables(self, named: Sequence[UUID]) -> tuple[Tables, list[Event]]:
        """Read every event that bears on some entries, and what they have come to."""
        rows = await self.room.fetch("link_events", named, EVENTS_MAX + 1)
        if len(rows) > EVENTS_MAX:
            raise ConflictError(
                "link-tangled", "Too much has been linked and parted here. Unlink these entries one by one."
            )
        history = [self.open(row) for row in rows]
        return replay(history), history

    def open(self, row: asyncpg.Record) -> Event:
        """Open one stored event; CorruptError when it is not the one it says."""
        event_id = _plain(row["event_id"])
        event = read(self._sealer.unseal(self._key, row["sealed"], _EVENT + event_id.bytes).rstrip(b" "))
        if event.id != event_id:
            raise _changed()
        return event

    async def append(self, event: Event, tables: Tables, named: Sequence[UUID]) -> bool:
        """Append one event, decided on ``tables``; False when somebody concerned has changed since."""
        after = apply(tables, event)
        seen = sorted({*tables.chains, *named, *event.touched})
        heads = [tables.chains.get(each, Head()) for each in seen]
        changes = {"moves": event.moves, "markings": event.markings, "reviewing": event.reviewing}
        body = canonical(event)
        try:
            rows = await self.room.fetch(
                "link_append",
                event.id,
                event.kind,
                event.at,
                event.touched,
                [after.chains[each].hash for each in event.touched],
                body_hash(event),
                self._sealer.seal(self._key, self._random_bytes(NONCE_BYTES), _padded(body), _EVENT + event.id.bytes),
                event.entries,
                seen,
                [head.seq for head in heads],
                [head.hash for head in heads],
                msgspec.json.encode(changes).decode(),
            )
        except asyncpg.LockNotAvailableError as error:
            raise _busy() from error
        except asyncpg.DataCorruptedError as error:
            raise _changed() from error
        became = str(rows[0][0])
        if became in {"unknown", "broken"}:
            raise _gone() if became == "unknown" else _changed()
        return became == "done"


class Ledger:
    """Links and their events.  One per process; a change is two round trips to PostgreSQL."""

    def __init__(self, database: Database, ring: KeyRing, random_bytes: Callable[[int], bytes]) -> None:
        """Keep the database and the keys of links; ``random_bytes`` gives ids and nonces."""
        self._room = Room(database, "identity")
        self._book = _Book(self._room, ring, random_bytes)

    async def link(self, entry: ResidentId, beside: ResidentId, by: By, now: datetime) -> Event:
        """Let an entry that stands alone join the person of ``beside``, with whom she was compared.

        This and every other change raise ConflictError when it is so already, when a pin forbids it or
        when entries belong elsewhere now; RefusedError when a model would override people;
        NotFoundError ``entry-gone``; UnavailableError ``link-busy`` when others change the same people.
        """
        return await self._book.change(self._book.draft(Kind.LINK, by, now, (entry,), beside=beside))

    async def unlink(self, entry: ResidentId, by: By, now: datetime) -> Event:
        """Let one entry stand alone."""
        return await self._book.change(self._book.draft(Kind.UNLINK, by, now, (entry,)))

    async def merge(self, entry: ResidentId, into: ResidentId, by: By, now: datetime) -> Event:
        """Let the whole person of ``entry`` join the person of ``into``."""
        return await self._book.change(self._book.draft(Kind.MERGE, by, now, (entry,), beside=into))

    async def split(self, entries: Sequence[ResidentId], by: By, now: datetime) -> Event:
        """Let some entries of one person leave as a person of their own, led by the first."""
        return await self._book.change(self._book.draft(Kind.SPLIT, by, now, entries))

    async def move(self, entries: Sequence[ResidentId], beside: ResidentId, by: By, now: datetime) -> Event:
        """Let some entries of one person leave and join the person of ``beside``."""
        return await self._book.change(self._book.draft(Kind.MOVE, by, now, entries, beside=beside))

    async def pin(self, one: ResidentId, other: ResidentId, mark: Mark, by: By, now: datetime) -> Event:
        """Hold two entries together (MUST) or apart (CANNOT) against every re-run."""
        return await self._book.change(self._book.draft(Kind.PIN, by, now, (one, other), mark=mark))

    async def dismiss(self, one: ResidentId, other: ResidentId, by: By, now: datetime) -> Event:
        """Say that two entries were looked at: no model joins them, nobody is shown them again."""
        return await self._book.change(self._book.draft(Kind.DISMISS, by, now, (one, other)))

    async def open_review(self, entries: Sequence[ResidentId], by: By, now: datetime) -> Event:
        """Open a case for a person to decide; its number is the event's ``review``."""
        return await self._book.change(
            self._book.draft(Kind.REVIEW_OPENED, by, now, entries, review=self._book.fresh())
        )

    async def close_review(self, review: UUID, by: By, now: datetime) -> Event:
        """Close a case; ConflictError ``review-closed`` when somebody else did."""
        rows = await self._room.fetch("link_review", review)
        if not rows:
            raise NotFoundError("review-gone", "There is no such case.")
        entries = [ResidentId(_plain(entry)) for entry in rows[0]["entries"]]
        return await self._book.change(self._book.draft(Kind.REVIEW_CLOSED, by, now, entries, review=review))

    async def undo(self, event: UUID, by: By, now: datetime) -> Undoing:
        """Take back any earlier event while later ones stand.

        The answer says who was parted and when they were one (for the log to list what was disclosed
        meanwhile), and who came after the event and is to be decided.
        """
        for _ in range(ATTEMPTS_MAX):
            undoing, tables, named = await self._book.undoing(by, event, now)
            if await self._book.append(undoing.event, tables, named):
                return undoing
        raise _busy()

    async def preview(self, event: UUID, by: By, now: datetime) -> Undoing:
        """Say what taking an event back would change, and change nothing."""
        return (await self._book.undoing(by, event, now))[0]

    async def person(self, entry: ResidentId) -> tuple[ResidentId, tuple[ResidentId, ...]]:
        """Return the leading entry of the person an entry belongs to, and all her entries in order."""
        rows = await self._room.fetch("together", entry)
        if not rows:
            raise _gone()
        return ResidentId(_plain(rows[0]["person"])), tuple(ResidentId(_plain(each)) for each in rows[0]["entries"])

    async def deciding(self, entry: ResidentId) -> list[Deciding]:
        """Return whose privacy decisions hold for an entry; the stricter of all of them does."""
        return deciding((await self._book.tables([entry]))[0], entry)

    async def history(self, entry: ResidentId, limit: int = HISTORY_MAX) -> list[Step]:
        """Return the events that touch an entry or the person she leads, newest first, each verified in her chain.

        At most ``limit`` of HISTORY_MAX.  Raises CorruptError where a link of the chain does not follow.
        """
        rows = await self._room.fetch("link_history", entry, min(limit, HISTORY_MAX))
        steps = []
        for row, older in zip_longest(rows, rows[1:]):
            event = self._book.open(row)
            body = body_hash(event)
            if body != row["body_hash"] or (older is None and row["seq"] == 1 and _broken(entry, row, Head().hash)):
                raise _changed()
            if older is not None and (older["seq"] + 1 != row["seq"] or _broken(entry, row, older["hash"])):
                raise _changed()
            steps.append(Step(row["seq"], event))
        return steps

    async def history_of_record(self, rid: UUID, limit: int = HISTORY_MAX) -> list[Step]:
        """Return the events that touch the entry of which a source record speaks, newest first."""
        found = (await self._room.fetch("entry_of_record", rid))[0][0]
        if found is None:
            raise NotFoundError("record-gone", "There is no such source record.")
        return await self.history(ResidentId(_plain(found)), limit)

    async def heads(self, since: datetime, limit: int) -> list[tuple[bytes, datetime]]:
        """Return the heads of the chains that grew at ``since`` or later, oldest first: they name nobody.

        Ask from a little before the last answer on: who was slow to commit stands among earlier ones.
        """
        return [(row["hash"], row["at"]) for row in await self._room.fetch("link_heads", since, limit)]

    async def reviews(self, limit: int) -> list[tuple[UUID, datetime]]:
        """Return the numbers of open cases, oldest first."""
        return [(_plain(row["review_id"]), row["opened_at"]) for row in await self._room.fetch("link_reviews", limit)]

    async def review(self, review: UUID) -> tuple[Case, tuple[ResidentId, ...]]:
        """Return how a case stands and which entries it is about; NotFoundError ``review-gone``."""
        rows = await self._room.fetch("link_review", review)
        if not rows:
            raise NotFoundError("review-gone", "There is no such case.")
        return Case(rows[0]["state"]), tuple(ResidentId(_plain(each)) for each in rows[0]["entries"])


def _after(tables: Tables, wanted: Event) -> Event:
    """Let an event happen no earlier than what it follows, whatever this machine's clock says."""
    last = max((head.at for head in tables.chains.values() if head.at is not None), default=wanted.at)
    return msgspec.structs.replace(wanted, at=max(last, wanted.at))


def _broken(entry: ResidentId, row: asyncpg.Record, before: bytes) -> bool:
    return bool(chain_hash(entry, row["seq"], before, row["body_hash"]) != row["hash"])


def _padded(body: bytes) -> bytes:
    """Fill JSON up to whole blocks, so that a seal's length tells nothing; it ends where its spaces begin."""
    return body.ljust(-(-len(body) // BLOCK_BYTES) * BLOCK_BYTES)


def _plain(value: UUID) -> UUID:
    """Turn the driver's UUID into the standard one, which every encoder knows."""
    return UUID(int=value.int)


def _busy() -> UnavailableError:
    return UnavailableError("link-busy", "Others are changing the same people at this moment. Try again.")


def _changed() -> CorruptError:
    return CorruptError("link-chain-broken", "A link event of a person was changed. Call the operator.")


def _gone() -> NotFoundError:
    return NotFoundError("entry-gone", "There is nobody here under this number.")
