"""Cases of the index as stewards meet them: in a queue without names, opened after a log entry, and told of.

Whom a case is about stands in the index alone; this room keeps how urgent it is and what stewards said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from carecode.crypto.keyed import keyed_hash
from carecode.disclosure.stewards_entries import Entries, Entry, Pair
from carecode.disclosure.stewards_rules import SECOND, Share, Urgency, documents_disagree, is_blind, urgency_of
from carecode.identity.ledger import By
from carecode.identity.linking.events import Case as State
from carecode.kernel.errors import CareCodeError, ConflictError
from carecode.kernel.vocabulary import ResidentId
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from carecode.crypto.keyring import KeyRing
    from carecode.disclosure.reviews import Words
    from carecode.store.database import Database

CASES_MAX: Final = 10_000
"""Open cases that a queue knows of; more than that is a fault of the model."""
SHOWN_MAX: Final = 25
TAKEN_MAX: Final = 100  # new cases that one look at the queue weighs
ENTRIES_MAX: Final = 12  # of one case
HOUSE: Final = "index stewards"
"""Who closes a case that was decided elsewhere: no person."""
_SEEN_KEY: Final = "stewards.seen"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One open case in the queue: a random number, nobody's name."""

    number: UUID
    opened_at: datetime
    urgency: Urgency
    needs: int  # stewards
    said: bool  # this steward gave her word; another's is waited for


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for a steward, the most urgent and oldest first."""

    cases: tuple[Waiting, ...]
    total: int
    as_model: Share  # blind words that were as the model leaned
    alike: Share  # pairs of stewards who said the same


@dataclass(frozen=True, slots=True)
class Word:
    """What one steward said of a case."""

    steward: str
    name: str
    word: str  # of WORDS
    reason: str = field(repr=False)
    blind: bool
    leaning: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Open:
    """A case as a steward sees it after it was logged."""

    number: UUID
    entries: tuple[Entry, ...] = field(repr=False)
    pairs: tuple[Pair, ...]
    needs: int
    urgency: Urgency
    blind: bool
    seen: str  # what was shown: a decision on anything else is refused


@dataclass(frozen=True, slots=True)
class Told:
    """How a case stands: words are told to those who gave theirs, and to all once it is decided."""

    number: UUID
    state: State
    decided: str | None
    needs: int
    words: tuple[Word, ...]
    waits: bool  # this steward gave her word, and another's is needed
    entries: tuple[ResidentId, ...] = field(repr=False)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a steward decides, and on what she saw."""

    word: str
    reason: str
    seen: str
    chosen: tuple[int, ...] = ()  # places of the entries that are one person; of a pair: both


class Cases:
    """Reads cases and what is known of them.  It logs nothing: ``Stewards`` does, before anything is shown."""

    def __init__(self, database: Database, ring: KeyRing, entries: Entries, words: Words) -> None:
        """Use the role ``carecode_disclosure``; ``words`` seals reasons."""
        self.room: Final = Room(database, "disclosure")
        self.entries: Final = entries
        self._key = ring.key(_SEEN_KEY)
        self._words = words

    async def waiting(self, steward: str, urgency: int | None, now: datetime) -> tuple[list[Waiting], int]:
        """Return the open cases to show, the most urgent and oldest first, and how many there are."""
        opened = dict(await self.entries.ledger.reviews(CASES_MAX))
        known = await self.known(opened)
        said = {row["case_id"] for row in await self.room.fetch("said_cases", steward, list(opened))}
        plain = (Urgency.PLAIN, 1)
        cases = [Waiting(each, at, *known.get(each, plain), each in said) for each, at in opened.items()]
        cases = [each for each in cases if urgency is None or each.urgency == urgency]
        cases.sort(key=lambda each: (each.said, -each.urgency, each.opened_at))
        shown: list[Waiting] = []
        gone = 0
        for case in cases:
            if len(shown) == SHOWN_MAX:
                break
            if await self._still_asked(case.number, now):
                shown.append(case)
            else:
                gone += 1
        return shown, len(cases) - gone

    async def opened(self, number: UUID, ids: Sequence[ResidentId]) -> Open:
        """Return a case with its entries and pairs, and a hash of all that is shown."""
        entries = tuple([await self.entries.entry(each) for each in ids[:ENTRIES_MAX]])
        pairs = tuple(await self.entries.pairs(ids[:ENTRIES_MAX]))
        known = (await self.known({number: None})).get(number, (Urgency.PLAIN, 1))
        seen = [await self._state_of(each) for each in entries]
        evidence = b"".join(msgspec.json.encode(each.evidence.weighed) for each in pairs if each.evidence)
        shown = keyed_hash(self._key, number.bytes, *seen, evidence).hex()[:32]
        return Open(number, entries, pairs, known[1], known[0], is_blind(number), shown)

    async def known(self, opened: Mapping[UUID, datetime | None]) -> dict[UUID, tuple[Urgency, int]]:
        """Return how urgent cases are and how many stewards each needs, weighing at most TAKEN_MAX new ones."""
        rows = await self.room.fetch("known_cases", list(opened))
        found = {row["case_id"]: (Urgency(row["urgency"]), int(row["needs"])) for row in rows}
        fresh = [each for each in opened if each not in found][:TAKEN_MAX]
        for number in fresh:
            state, ids = await self.entries.ledger.review(number)
            if state is not State.OPEN:
                continue
            found[number] = await self._weigh(ids[:ENTRIES_MAX])
            since = opened[number]
            if since is not None:
                urgency, needs = found[number]
                await self.room.run("put_case", number, int(urgency), needs, since)
        return found

    async def said(self, number: UUID) -> list[Word]:
        """Return what stewards said of a case, in order."""
        return [
            Word(
                row["steward"],
                row["name"],
                row["word"],
                self._words.unseal(number, f"word {row['steward']}", row["reason"]),
                row["blind"],
                row["leaning"],
                row["said_at"],
            )
            for row in await self.room.fetch("words_of_case", number)
        ]

    async def say(self, number: UUID, word: Word) -> None:
        """Keep what a steward says; ConflictError ``steward-said`` when she said it already."""
        sealed = self._words.seal(number, f"word {word.steward}", word.reason)
        kept = await self.room.fetch(
            "say_word", number, word.steward, word.name, word.word, sealed, word.blind, word.leaning, word.at
        )
        if not kept:
            raise said_already()

    async def _weigh(self, ids: Sequence[ResidentId]) -> tuple[Urgency, int]:
        entries = [await self.entries.entry(each) for each in ids]
        documents = any(
            one.seen and other.seen and documents_disagree(one.numbers, other.numbers)
            for place, one in enumerate(entries)
            for other in entries[place + 1 :]
        )
        weighed = [each.weighed for each in (await self.entries.evidence(ids)).values()]
        urgency = urgency_of(weighed, len(entries), documents=documents)
        return urgency, SECOND if documents else 1

    async def _still_asked(self, number: UUID, now: datetime) -> bool:
        """Say whether anybody has to be asked; a case that was decided elsewhere is closed."""
        _state, ids = await self.entries.ledger.review(number)
        if not all(each.is_decided for each in await self.entries.pairs(ids[:ENTRIES_MAX])):
            return True
        try:
            await self.entries.ledger.close_review(number, By(HOUSE, human=False, reason="decided elsewhere"), now)
        except CareCodeError:
            return False  # somebody else closed it just now, or will be asked to
        return False

    async def _state_of(self, entry: Entry) -> bytes:
        """Write down what is shown of an entry and the last that happened to her."""
        last = await self.entries.ledger.history(entry.id, 1)
        numbers = [f"{each.system}|{each.value}" for each in entry.numbers]
        shown = msgspec.json.encode((entry.id, entry.person, numbers, [each.event.id for each in last]))
        return bytes(shown)


def said_already() -> ConflictError:
    """Say that a steward gave her word before."""
    return ConflictError("steward-said", "You gave your word on this already. Another steward decides.")
