"""Index stewards: whether two entries are one person, asked of a person, decided once and never unseen.

A steward works under REGISTER and sees who somebody is, nothing of her record.  The queue holds case numbers,
ages and no names; whoever opens a case stands in the list of everybody it is about, before anything is shown.
Where two verified documents disagree two stewards decide, each without the other's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from carecode.disclosure.reviews import long_enough
from carecode.disclosure.stewards_acting import Acting
from carecode.disclosure.stewards_cases import ENTRIES_MAX, Answer, Cases, Open, Queue, Told, Word, said_already
from carecode.disclosure.stewards_rules import SAME, WORDS, Share, decided, leaning
from carecode.disclosure.stewards_undoing import Preview, Taking, Undone
from carecode.identity.linking.events import Case as State
from carecode.identity.linking.events import Event
from carecode.kernel.errors import ConflictError, InvalidInputError, RefusedError
from carecode.kernel.vocabulary import Purpose, ResidentId, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from carecode.audit.log import Log
    from carecode.disclosure.stewards_entries import Entry, Pair
    from carecode.identity.identifiers import Identifier
    from carecode.kernel.vocabulary import Requester

HISTORY_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Person:
    """One person of the index: her entries and what happened to them, newest first."""

    entries: tuple[Entry, ...]
    history: tuple[Event, ...]


class Stewards:
    """The stewards' queue and their decisions."""

    def __init__(self, cases: Cases, log: Log, fresh: Callable[[], UUID]) -> None:
        """Read ``cases``, write to ``log``; ``fresh`` draws numbers of events that are only thought of."""
        self._cases = cases
        self._entries = cases.entries
        self._log = log
        self._acting = Acting(cases, log)
        self._undone = Undone(cases.entries, log, fresh)

    async def queue(self, steward: Requester, now: datetime, urgency: int | None = None) -> Queue:
        """Return what waits; cases whose pairs are all decided elsewhere are closed and not shown."""
        _require(steward)
        shown, total = await self._cases.waiting(steward.id, urgency, now)
        [row] = await self._cases.room.fetch("agreement")
        return Queue(tuple(shown), total, Share(row["as_model"], row["blind"]), Share(row["alike"], row["twice"]))

    async def told(self, steward: Requester, number: UUID) -> Told:
        """Return how a case stands, showing nobody.  NotFoundError ``review-gone``."""
        _require(steward)
        state, ids = await self._entries.ledger.review(number)
        rows = await self._cases.room.fetch("known_cases", [number])
        words = await self._cases.said(number)
        mine = any(each.steward == steward.id for each in words)
        waits = mine and state is State.OPEN
        told = tuple(words) if mine or state is not State.OPEN else ()
        settled, needs = (rows[0]["decided"], rows[0]["needs"]) if rows else (None, 1)
        return Told(number, state, settled, needs, told, waits, ids)

    async def look(self, steward: Requester, number: UUID) -> Open:
        """Open a case: logged to everybody it is about, then shown.  NotFoundError ``review-gone``."""
        _require(steward)
        _state, ids = await self._entries.ledger.review(number)
        await self._log_all(steward, ids, "steward compared")
        return await self._cases.opened(number, ids)

    async def numbers(self, steward: Requester, number: UUID) -> list[tuple[Identifier, ...]]:
        """Return every number of each entry of a case, logged before."""
        _require(steward)
        _state, ids = await self._entries.ledger.review(number)
        await self._log_all(steward, ids, "steward numbers")
        return [each.numbers for each in (await self._cases.opened(number, ids)).entries]

    async def answer(self, steward: Requester, number: UUID, answer: Answer, now: datetime) -> str | None:
        """Keep a steward's word, and act when as many agree as are needed; return what was decided.

        Raises ConflictError ``steward-stale`` when anything shown has changed, ``steward-said`` when she said
        it already, ``review-closed``; InvalidInputError for no answer or too short a reason; the ledger's
        errors where a pin forbids it.  Nothing is kept then.
        """
        _require(steward)
        if answer.word not in WORDS:
            raise InvalidInputError("steward-answer", "Choose one of the answers.")
        reason = long_enough(answer.reason)
        state, ids = await self._entries.ledger.review(number)
        if state is not State.OPEN:
            raise ConflictError("review-closed", "This case was closed by somebody else. Look at the next one.")
        await self._cases.known({number: now})
        if not await self._cases.room.fetch("claim_case", number, now):
            raise ConflictError("steward-claimed", "Another steward decides this at this moment. Look again.")
        try:
            case = await self._cases.opened(number, ids)
            if case.seen != answer.seen:
                raise ConflictError(
                    "steward-stale", "This changed while you looked at it. Nothing was done. Look again."
                )
            return await self._say(steward, case, answer, reason, now)
        finally:
            await self._cases.room.run("release_case", number)

    async def _say(self, steward: Requester, case: Open, answer: Answer, reason: str, now: datetime) -> str | None:
        chosen = _chosen(case, answer)
        words = await self._cases.said(case.number)
        if any(each.steward == steward.id for each in words):
            raise said_already()
        agreed = decided([*(each.word for each in words), answer.word], case.needs)
        if agreed is not None:
            await self._acting.act(steward, case, agreed, reason, chosen, now)
        only = case.pairs[0].evidence if len(case.pairs) == 1 else None
        side = leaning(None if only is None else only.weighed)
        word = Word(steward.id, steward.name, answer.word, reason, case.blind, side, now)
        await self._cases.say(case.number, word)
        return agreed

    async def person(self, steward: Requester, system: str, value: str) -> Person | None:
        """Return whom a number names, with her entries and their history, logged before; None for nobody."""
        _require(steward)
        found = await self._entries.index.resolve(system, value)
        return None if found is None else await self._person(steward, found.id)

    async def evidence(self, steward: Requester, number: UUID) -> tuple[Pair, ...]:
        """Return how the pairs of a case were weighed; it names nobody."""
        _require(steward)
        _state, ids = await self._entries.ledger.review(number)
        return tuple(await self._entries.pairs(ids[:ENTRIES_MAX]))

    async def history(self, steward: Requester, number: UUID) -> list[Event]:
        """Return what happened to the entries of a case, newest first; it names nobody."""
        _require(steward)
        _state, ids = await self._entries.ledger.review(number)
        return (await self._entries.story(ids))[1][: -HISTORY_MAX - 1 : -1]

    async def preview(self, steward: Requester, entry: ResidentId, event: UUID, now: datetime) -> Preview:
        """Say what taking back an event of an entry would change, logged before; nothing is changed.

        Raises NotFoundError ``link-event-gone``, ConflictError when it was taken back already.
        """
        _require(steward)
        seen = await self._undone.preview(steward, event, entry, now)
        await self._log_all(steward, [ResidentId(each) for each in seen.undoing.event.touched], "steward compared")
        return await self._undone.listed(steward, seen, now)

    async def undo(self, steward: Requester, entry: ResidentId, taken: Taking, now: datetime) -> Preview:
        """Take an event back as it was previewed.

        Raises InvalidInputError for too short a reason, ConflictError ``steward-stale`` when it would come to
        something else by now, ``undone-already``.
        """
        _require(steward)
        reason = long_enough(taken.reason)
        seen = await self._undone.preview(steward, taken.event, entry, now)
        if seen.mark != taken.seen:
            raise ConflictError("steward-stale", "This changed while you looked at it. Nothing was done. Look again.")
        return await self._undone.do(steward, seen, reason, now, apart=taken.apart)

    async def _person(self, steward: Requester, entry: ResidentId) -> Person:
        _leader, ids = await self._entries.ledger.person(entry)
        await self._log_all(steward, ids, "steward compared")
        history = (await self._entries.story(ids))[1]
        return Person(tuple([await self._entries.entry(each) for each in ids]), tuple(history[: -HISTORY_MAX - 1 : -1]))

    async def _log_all(self, steward: Requester, ids: Sequence[ResidentId], basis: str) -> None:
        """Write a look into the list of everybody some entries are about, each once."""
        for resident in await self._undone.people(ids):
            await self._log.append(resident, steward, "identify", Purpose.REGISTER, basis)


def _require(steward: Requester) -> None:
    if steward.role is not Role.STEWARD:
        raise RefusedError("stewards-only", "This is for index stewards.")


def _chosen(case: Open, answer: Answer) -> tuple[int, ...]:
    """Return which entries are one person: of a pair both; of more those that were chosen, two at least."""
    if answer.word != SAME:
        return ()
    if len(case.entries) == len(("one", "other")):
        return (0, 1)
    chosen = tuple(sorted(set(answer.chosen) & set(range(len(case.entries)))))
    if len(chosen) < len(("one", "other")):
        raise InvalidInputError("steward-chosen", "Choose at least two entries that are one person.")
    return chosen
