"""The privacy officers' work: what waits for a second person, until when, and what she decided.

An officer sees her own institution's items and nothing clinical; the platform's officers also see what is
overdue, or waits where there is no officer.  Whatever an officer does about a resident stands in her log.
Source: NHS privacy officer alerts (a second person confirms each self-claimed access).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from carecode.crypto.sealing import NONCE_BYTES, seal, unseal
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import PLATFORM, Purpose, ResidentId, Role
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecode.audit.log import Log
    from carecode.crypto.keyring import KeyRing
    from carecode.identity.index import Index
    from carecode.identity.person import Person
    from carecode.kernel.vocabulary import Requester, Resident
    from carecode.store.database import Database

DUE: Final = {
    "emergency": timedelta(hours=72),
    "report": timedelta(days=7),
    "anomaly": timedelta(hours=72),
    "order": timedelta(days=7),
    "cap": timedelta(hours=24),
}
"""Until when each kind of item has to be decided."""
KINDS: Final = tuple(DUE)
VERDICTS: Final = {
    "emergency": ("right", "not-right"),
    "report": ("answered",),
    "anomaly": ("right", "not-right"),
    "order": (),  # an order is decided in legal.py
    "cap": ("right", "not-right"),
}
ITEMS_MAX: Final = 500
WORDS_MIN: Final = 15
LETTERS_MIN: Final = 10  # of them: letters of any script; dots in a row are no reason
WORDS_MAX: Final = 500
MATCHED_AT_ONCE: Final = 100
MATCH_AGAIN: Final = timedelta(hours=6)  # an admission may be sent late
AROUND: Final = timedelta(hours=12)  # an admission this long before or after explains an emergency
WORDS_KEY: Final = "disclosure.words"


class Admitted(Protocol):
    """Knows an institution's admissions (``disclosure.admitted.Admissions``)."""

    async def __call__(self, resident: Resident, organisation: str, since: datetime, until: datetime) -> bool:
        """Tell whether it deposited an Encounter of class EMER, IMP or AMB of hers that touches the time."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that waits for a privacy officer, or waited."""

    organisation: str
    id: UUID
    kind: str  # of KINDS
    resident: ResidentId | None = field(repr=False)
    subject: UUID | None  # the emergency, the look or the order
    person: str | None  # whom it is about; None: nobody of staff
    person_name: str
    note: str = field(repr=False)
    opened_at: datetime
    due_at: datetime
    ends_at: datetime | None  # emergencies: when it ends or ended
    escalated_at: datetime | None
    matched: str | None  # emergencies: found | none at the institution's admissions; None: not looked yet
    decided: str | None  # right | not-right | answered | approved | refused
    decided_words: str = field(repr=False)
    decided_name: str | None
    decided_at: datetime | None

    def overdue(self, now: datetime) -> bool:
        """Tell whether nobody decided it in time."""
        return self.decided_at is None and now >= self.due_at


@dataclass(frozen=True, slots=True)
class NewItem:
    """Something to put before an institution's officers; the same ``id`` again changes nothing."""

    organisation: str
    id: UUID
    kind: str
    person_name: str  # whom it is about, or who says it, in words
    person: str | None = None
    resident: ResidentId | None = field(default=None, repr=False)
    subject: UUID | None = None
    note: str = field(default="", repr=False)


class Words:
    """Seals words that somebody typed, each bound to its row."""

    def __init__(self, ring: KeyRing, random_bytes: Callable[[int], bytes]) -> None:
        """Use a key of the ring; ``random_bytes`` gives nonces."""
        self._key = ring.key(WORDS_KEY)
        self._random_bytes = random_bytes

    def number(self) -> UUID:
        """Draw a random number for a row."""
        return UUID(bytes=self._random_bytes(16), version=4)

    def nonce(self) -> bytes:
        """Draw 32 random bytes."""
        return self._random_bytes(32)

    def seal(self, row: UUID, column: str, text: str) -> bytes:
        """Seal words for a column of a row."""
        return seal(self._key, self._random_bytes(NONCE_BYTES), text.encode(), _place(row, column))

    def unseal(self, row: UUID, column: str, sealed: bytes | None) -> str:
        """Read them again; nothing when there are none."""
        return "" if sealed is None else unseal(self._key, sealed, _place(row, column)).decode()


class Work:
    """The queue of every institution's privacy officers."""

    def __init__(self, database: Database, log: Log, index: Index, words: Words) -> None:
        """Use the role ``carecode_disclosure``; ``words`` seals what officers write."""
        self._room = Room(database, "disclosure")
        self._log = log
        self._index = index
        self._words = words

    async def add(self, item: NewItem, now: datetime) -> None:
        """Put something before an institution's officers.  InvalidInputError for an unknown kind."""
        if item.kind not in DUE:
            raise InvalidInputError("item-kind", "There is no work of this kind.")
        note = self._words.seal(item.id, "note", item.note) if item.note else None
        await self._room.run(
            "add_task", item.organisation, item.id, item.kind, item.resident, item.subject, item.person,
            item.person_name, note, now, now + DUE[item.kind],
        )  # fmt: skip

    async def queue(self, officer: Requester, *, kind: str | None = None, decided: bool = False) -> list[Item]:
        """Return what this officer may see: what waits first, the most urgent on top; at most ITEMS_MAX."""
        if kind is not None and kind not in DUE:
            raise InvalidInputError("item-kind", "There is no work of this kind.")
        return await self._items(officer, kind, decided=decided)

    async def item(self, officer: Requester, number: UUID) -> Item:
        """Return one item.  NotFoundError for another institution's, as for none."""
        items = await self._items(officer, None, decided=True, number=number)
        if not items:
            raise NotFoundError("no-such-item", "There is no such work here.")
        return items[0]

    async def told(self, item: Item) -> list[tuple[str, str]]:
        """Return the officers to whom an item is shown, with their institution: by escalation the platform's too."""
        places = [item.organisation]
        own = await self._room.fetch("officers", item.organisation)
        if item.escalated_at is not None or not own:
            places.append(PLATFORM)
        return [
            (row["name"], place) for place in dict.fromkeys(places) for row in await self._room.fetch("officers", place)
        ]

    async def who(self, officer: Requester, number: UUID) -> Person:
        """Return whom an item is about: name, birth date, sex; the look is written into her log first."""
        item = await self.item(officer, number)
        resident = None if item.resident is None else await self._index.by_id(item.resident)
        if resident is None:
            raise NotFoundError("no-such-person", "This is about no resident.")
        if item.kind == "order":  # a court may keep the order, and this look with it, from her for a while
            await self._log.append(resident, officer, "identify", Purpose.HLEGAL, f"order seen {item.subject}")
        else:
            await self._log.append(resident, officer, "identify", Purpose.IDENTIFY, f"review {item.kind}")
        return await self._index.card(resident)

    async def decide(self, officer: Requester, number: UUID, verdict: str, words: str, now: datetime) -> Item:
        """Decide an item, once, in words that she can read; it stands in her log.

        InvalidInputError for another verdict or words as in ``long_enough``, RefusedError for
        one's own case, ConflictError when it was decided already.
        """
        item = await self.item(officer, number)
        if verdict not in VERDICTS[item.kind]:
            raise InvalidInputError("verdict", "Choose one of the answers.")
        words = long_enough(words)
        if item.person == officer.id:
            raise RefusedError("own-case", "This is about you. Another officer has to decide it.")
        if item.decided_at is not None:
            raise ConflictError("item-decided", "Somebody decided this already.")
        await self._tell(item, officer, verdict, words, now)
        rows = await self._room.fetch(
            "decide_task", item.organisation, item.id, verdict,
            self._words.seal(item.id, "decided", words), officer.id, officer.name, now,
        )  # fmt: skip
        if not rows:
            raise ConflictError("item-decided", "Somebody decided this already.")
        resident = None if item.resident is None else await self._index.by_id(item.resident)
        if resident is not None:
            purpose = Purpose.ETREAT if item.kind == "emergency" else Purpose.IDENTIFY
            await self._log.append(resident, officer, "decide", purpose, f"reviewed {item.kind} {verdict}")
        return await self.item(officer, number)

    async def escalate(self, now: datetime) -> int:
        """Mark what became overdue: from then on the platform's officers see it too; return how many."""
        return len(await self._room.fetch("escalate_tasks", now))

    async def match(self, admitted: Admitted, now: datetime) -> int:
        """Compare ended emergencies with the institutions' admissions; return how many were compared.

        Asked within a day of each, from AROUND before it began to AROUND after it ended, and again
        every MATCH_AGAIN while nothing is found and nobody decided.
        """
        rows = await self._room.fetch("unmatched_tasks", now, now - MATCH_AGAIN, MATCHED_AT_ONCE)
        for row in rows:
            resident = await self._index.by_id(ResidentId(row["resident_id"]))
            found = resident is not None and await admitted(
                resident, row["organisation"], row["opened_at"] - AROUND, row["ends_at"] + AROUND
            )
            await self._room.run("match_task", row["organisation"], row["id"], "found" if found else "none", now)
        return len(rows)

    async def _tell(self, item: Item, officer: Requester, verdict: str, words: str, now: datetime) -> None:
        """Keep an answer where the resident reads it, before the item is closed."""
        if item.resident is None or item.subject is None:
            return
        if item.kind == "emergency":
            sealed = self._words.seal(item.subject, "verdict", words)
            await self._room.run("judge_emergency", item.resident, item.subject, verdict, sealed, officer.id, now)
        if item.kind == "report":
            sealed = self._words.seal(item.subject, "answer", words)
            await self._room.run("answer_report", item.resident, item.subject, sealed, officer.id, now)

    async def _items(
        self, officer: Requester, kind: str | None, *, decided: bool, number: UUID | None = None
    ) -> list[Item]:
        if officer.role is not Role.OFFICER:
            raise RefusedError("officers-only", "This is for privacy officers.")
        everywhere = officer.organisation == PLATFORM
        rows = await self._room.fetch("tasks", officer.organisation, everywhere, kind, decided, number, ITEMS_MAX)
        return [self._item(row) for row in rows]

    def _item(self, row: Any) -> Item:  # noqa: ANN401  # an asyncpg record
        return Item(
            row["organisation"],
            row["id"],
            row["kind"],
            ResidentId(row["resident_id"]) if row["resident_id"] else None,
            row["subject"],
            row["person"],
            row["person_name"],
            self._words.unseal(row["id"], "note", row["note"]),
            row["opened_at"],
            row["due_at"],
            row["ends_at"],
            row["escalated_at"],
            row["matched"],
            row["decided"],
            self._words.unseal(row["id"], "decided", row["decided_words"]),
            row["decided_name"],
            row["decided_at"],
        )


def long_enough(words: str) -> str:
    """Return words trimmed and without what cannot be seen.

    InvalidInputError ``words-short`` under WORDS_MIN characters, under LETTERS_MIN letters (of any script: a
    Chinese character is one), or of one letter again and again; ``words-long`` over WORDS_MAX.
    """
    said = " ".join("".join(x if x.isprintable() else " " for x in words).split())
    letters = [x for x in said if x.isalpha()]
    if len(said) < WORDS_MIN:
        raise InvalidInputError("words-short", f"Say it in at least {WORDS_MIN} characters.")
    if len(letters) < LETTERS_MIN or len({x.casefold() for x in letters}) == 1:
        raise InvalidInputError(
            "words-short", f"Say it in plain words: at least {WORDS_MIN} characters, {LETTERS_MIN} of them letters."
        )
    if len(said) > WORDS_MAX:
        raise InvalidInputError("words-long", f"Say it in at most {WORDS_MAX} characters.")
    return said


def _place(row: UUID, column: str) -> bytes:
    return row.bytes + column.encode()
