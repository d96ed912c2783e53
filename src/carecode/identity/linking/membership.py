"""Who is one person: temporal membership as a function of the events.

Pure.  Every entry belongs to exactly one person at any time: to herself until an event moved her.
A person's leader always belongs to her; when she leaves, those who stay are led by the least id.
``settled`` decides what an event changes, ``apply`` and ``replay`` do it to the letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from carecode.identity.linking.events import (
    Case,
    Event,
    Head,
    Kind,
    Mark,
    Marking,
    Move,
    Reviewing,
    body_hash,
    check,
    follow,
)
from carecode.identity.linking.pins import Marks, Places, hold, marking
from carecode.kernel.errors import ConflictError, InvalidInputError

PAIRS: Final = frozenset({Kind.PIN, Kind.DISMISS})
REVIEWS: Final = frozenset({Kind.REVIEW_OPENED, Kind.REVIEW_CLOSED})
UNDOING: Final = frozenset({Kind.UNMERGE, Kind.UNDO})
_TOGETHER: Final = frozenset({Kind.LINK, Kind.MERGE, Kind.MOVE})
_EVER: Final = datetime.min.replace(tzinfo=UTC)


class Span(msgspec.Struct, frozen=True):
    """One entry belonged to one person from one event to another."""

    person: UUID
    opened_at: datetime
    opened_by: UUID
    closed_at: datetime | None = None
    closed_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Tables:
    """What the events have come to; each mapping holds only what differs from a fresh register."""

    places: Places = field(default_factory=lambda: MappingProxyType({}))
    spans: Mapping[UUID, tuple[Span, ...]] = field(default_factory=lambda: MappingProxyType({}))
    marks: Marks = field(default_factory=lambda: MappingProxyType({}))
    reviews: Mapping[UUID, Case] = field(default_factory=lambda: MappingProxyType({}))
    chains: Mapping[UUID, Head] = field(default_factory=lambda: MappingProxyType({}))

    def person(self, entry: UUID) -> UUID:
        """Return the leader of the person an entry belongs to."""
        return self.places.get(entry, entry)

    def members(self, person: UUID) -> list[UUID]:
        """Return a person's entries in order; reads every place: for slices, not for a whole register."""
        return members(self.places, person)

    def membership(self) -> bytes:
        """Spell who belongs to whom, in one way: equal bytes are equal membership."""
        return b"".join(entry.bytes + person.bytes for entry, person in sorted(self.places.items()))


def members(places: Places, person: UUID) -> list[UUID]:
    """Return a person's entries in order; none for somebody who belongs to another."""
    own = [person] if places.get(person, person) == person else []
    return sorted([*own, *(entry for entry, leader in places.items() if leader == person)])


def step(places: Places, event: Event) -> Places:
    """Return the places after what ``event`` wants, whoever belongs to whom by now; others keep theirs."""
    after = dict(places)
    if event.kind is Kind.MERGE and event.beside is not None:
        whole = members(after, after.get(event.entries[0], event.entries[0]))
        _put(after, whole, after.get(event.beside, event.beside))
    elif event.kind in (Kind.LINK, Kind.MOVE) and event.beside is not None:
        _leave(after, event.entries)
        _put(after, event.entries, after.get(event.beside, event.beside))
    elif event.kind in (Kind.UNLINK, Kind.SPLIT):
        _leave(after, event.entries)
        _put(after, event.entries, event.entries[0])
    return after


def _leave(places: dict[UUID, UUID], leaving: Sequence[UUID]) -> None:
    """Take entries out of their persons; those they led are led by the least id among them."""
    for leader in {places.get(entry, entry) for entry in leaving}.intersection(leaving):
        rest = [entry for entry in members(places, leader) if entry not in leaving]
        if rest:
            _put(places, rest, rest[0])
    _put_alone(places, leaving)


def _put(places: dict[UUID, UUID], entries: Iterable[UUID], person: UUID) -> None:
    for entry in entries:
        if entry == person:
            places.pop(entry, None)
        else:
            places[entry] = person


def _put_alone(places: dict[UUID, UUID], entries: Iterable[UUID]) -> None:
    for entry in entries:
        places.pop(entry, None)


def changes(before: Places, after: Places) -> tuple[Move, ...]:
    """Return whose person differs, in order."""
    return tuple(
        Move(entry, was, now)
        for entry in sorted(before.keys() | after.keys())
        if (was := before.get(entry, entry)) != (now := after.get(entry, entry))
    )


def settled(tables: Tables, wanted: Event) -> Event:
    """Decide what an event changes, and in whose chains it stands.  Not for undoing: see ``undoing.undo``.

    ``tables`` hold at least the persons of all entries named, whole, with the marks between them.
    Raises InvalidInputError for a wrong form, ConflictError when it changes nothing or breaks a pin,
    RefusedError when a model would override people.
    """
    check(wanted)
    if wanted.kind in UNDOING:
        raise InvalidInputError("link-event-form", "What is taken back is worked out from the history.")
    if wanted.kind in PAIRS:
        return _settled_pair(tables, wanted)
    if wanted.kind in REVIEWS:
        return _settled_review(tables, wanted)
    _fits(tables, wanted)
    after = step(tables.places, wanted)
    moves = changes(tables.places, after)
    if not moves:
        raise _changes_nothing()
    hold(tables.marks, tables.places, after, human=wanted.human)
    return finish(tables, msgspec.structs.replace(wanted, moves=moves))


def finish(tables: Tables, event: Event) -> Event:
    """Fill in whom an event touches: everybody it names or moves, and the persons they belonged to."""
    named = {*event.entries, *(() if event.beside is None else (event.beside,))}
    named.update(entry for each in event.markings for entry in (each.first, each.second))
    touched = named | {tables.person(entry) for entry in named}
    for move in event.moves:
        touched.update((move.entry, move.before, move.after))
    return msgspec.structs.replace(event, touched=tuple(sorted(touched)))


def _fits(tables: Tables, wanted: Event) -> None:
    persons = {tables.person(entry) for entry in wanted.entries}
    if len(persons) > 1:
        raise ConflictError("link-several-people", "These entries belong to several people now. Look again.")
    beside = wanted.beside
    if wanted.kind in _TOGETHER and beside is not None and tables.person(beside) in persons:
        raise ConflictError("already-one", "These are one person already. Look again.")
    if wanted.kind is Kind.LINK and len(tables.members(persons.pop())) > 1:
        raise ConflictError("link-not-alone", "This entry is linked already. Move it, or merge the two people.")
    if wanted.kind is Kind.SPLIT and len(wanted.entries) == len(tables.members(persons.pop())):
        raise _changes_nothing()


def _changes_nothing() -> ConflictError:
    return ConflictError("link-nothing", "This is so already. Look again.")


def _settled_pair(tables: Tables, wanted: Event) -> Event:
    made = marking(wanted, tables.marks)
    marks = {(made.first, made.second): made.after}
    hold(marks, tables.places, tables.places, human=True)
    if made.after is Mark.DISMISSED and tables.person(made.first) == tables.person(made.second):
        raise ConflictError("already-one", "These are one person already. Look again.")
    return finish(tables, msgspec.structs.replace(wanted, markings=(made,)))


def _settled_review(tables: Tables, wanted: Event) -> Event:
    assert wanted.review is not None  # noqa: S101 - check() saw to it
    before = tables.reviews.get(wanted.review, Case.NONE)
    opens = wanted.kind is Kind.REVIEW_OPENED
    if before is not (Case.NONE if opens else Case.OPEN):
        raise ConflictError("review-closed", "This case was opened or closed by somebody else. Look again.")
    made = Reviewing(wanted.review, before, Case.OPEN if opens else Case.CLOSED)
    return finish(tables, msgspec.structs.replace(wanted, reviewing=(made,)))


def apply(tables: Tables, event: Event) -> Tables:
    """Return the tables after one event, to the letter.  Raises ConflictError ``link-stale`` if it does not follow."""
    return replay((event,), tables)


def replay(history: Iterable[Event], tables: Tables | None = None) -> Tables:
    """Rebuild the tables from events in the order in which they happened, on top of ``tables``.

    Raises ConflictError ``link-stale`` at an event that does not follow on what went before.
    """
    start = tables or Tables()
    after = Tables(dict(start.places), dict(start.spans), dict(start.marks), dict(start.reviews), dict(start.chains))
    for event in history:
        _take(after, event)
    return after


def _take(tables: Tables, event: Event) -> None:
    places, spans, marks, reviews, chains = _dicts(tables)
    for move in event.moves:
        if places.get(move.entry, move.entry) != move.before:
            raise _stale()
        _put(places, (move.entry,), move.after)
        known = spans.get(move.entry, ())
        if known:
            last = msgspec.structs.replace(known[-1], closed_at=event.at, closed_by=event.id)
            known = (*known[:-1], last)
        spans[move.entry] = (*known, Span(move.after, event.at, event.id))
    for change in event.markings:
        key = (change.first, change.second)
        if marks.get(key, Mark.NONE) is not change.before:
            raise _stale()
        _set_mark(marks, change)
    for case in event.reviewing:
        if reviews.get(case.review, Case.NONE) is not case.before:
            raise _stale()
        reviews[case.review] = case.after
        if case.after is Case.NONE:
            del reviews[case.review]
    body = body_hash(event)
    for owner in event.touched:
        chains[owner] = follow(owner, chains.get(owner, Head()), body, event.at)


def _set_mark(marks: dict[tuple[UUID, UUID], Mark], change: Marking) -> None:
    marks[change.first, change.second] = change.after
    if change.after is Mark.NONE:
        del marks[change.first, change.second]


def _stale() -> ConflictError:
    return ConflictError("link-stale", "Somebody else changed this meanwhile. Look again.")


def _dicts(
    tables: Tables,
) -> tuple[
    dict[UUID, UUID],
    dict[UUID, tuple[Span, ...]],
    dict[tuple[UUID, UUID], Mark],
    dict[UUID, Case],
    dict[UUID, Head],
]:
    """Return the mappings of tables that ``replay`` made, to be changed in place."""
    places, spans, marks, reviews, chains = tables.places, tables.spans, tables.marks, tables.reviews, tables.chains
    kinds = all(isinstance(each, dict) for each in (places, spans, marks, reviews, chains))
    assert kinds  # noqa: S101 - made three lines before
    return places, spans, marks, reviews, chains  # type: ignore[return-value]


def heads_since(tables: Tables, since: datetime) -> list[bytes]:
    """Return the heads of all chains that grew at ``since`` or later, sorted: they name nobody."""
    return sorted(head.hash for head in tables.chains.values() if head.at is not None and head.at >= since)


class Together(msgspec.Struct, frozen=True):
    """Two entries were one person from ``since`` to ``until`` (None: they are)."""

    since: datetime
    until: datetime | None


def together(tables: Tables, one: UUID, other: UUID) -> list[Together]:
    """Return when two entries were one person, oldest first; spans that touch are one."""
    found: list[Together] = []
    for a in _line(tables, one):
        for b in _line(tables, other):
            if a.person != b.person:
                continue
            since = max(a.opened_at, b.opened_at)
            until = min((each for each in (a.closed_at, b.closed_at) if each is not None), default=None)
            if until is None or since < until:
                found.append(Together(since, until))
    joined: list[Together] = []
    for span in sorted(found, key=lambda each: each.since):
        if joined and joined[-1].until == span.since:
            joined[-1] = Together(joined[-1].since, span.until)
        else:
            joined.append(span)
    return joined


def _line(tables: Tables, entry: UUID) -> list[Span]:
    """Return whom an entry belonged to from her registration on: at first to herself."""
    known = tables.spans.get(entry, ())
    return [Span(entry, _EVER, entry, known[0].opened_at if known else None, None), *known]


class Deciding(msgspec.Struct, frozen=True):
    """An entry whose privacy decisions count: those made from ``since`` to ``until``; None is without end."""

    entry: UUID
    since: datetime | None = None
    until: datetime | None = None


def deciding(tables: Tables, entry: UUID) -> list[Deciding]:
    """Return whose privacy decisions hold for an entry; the stricter of all of them does.

    While she is linked: all of everybody who is one person with her.  Of somebody who is parted from
    her again: those made while the two were one, for they were made for both, until she decides anew.
    """
    now = set(tables.members(tables.person(entry)))
    found = [Deciding(each) for each in sorted(now)]
    for other in sorted(tables.spans.keys() | {span.person for span in tables.spans.get(entry, ())}):
        if other not in now:
            found += [Deciding(other, span.since, span.until) for span in together(tables, entry, other)]
    return found
