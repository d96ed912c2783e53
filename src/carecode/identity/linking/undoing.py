"""Taking back any earlier event while later ones stand.

Pure.  Later events say what was wanted of whom (``beside`` is the entry that the evidence is about), so
they can be played again as if the one taken back had never been: who was linked to an entry that goes
follows her, who was linked to one that stays remains.  What cannot be known from the events, because
nobody compared anything, is handed back to be decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec

from carecode.identity.linking.events import (
    Case,
    Event,
    Kind,
    Mark,
    Marking,
    Reviewing,
    check,
    standing,
)
from carecode.identity.linking.membership import (
    PAIRS,
    REVIEWS,
    Tables,
    Together,
    apply,
    changes,
    finish,
    members,
    replay,
    step,
    together,
)
from carecode.identity.linking.pins import Places, hold
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError


class Parted(msgspec.Struct, frozen=True):
    """Two entries that are no longer one person, and when they were: list what was disclosed meanwhile."""

    first: UUID
    second: UUID
    spans: tuple[Together, ...]


class Undoing(msgspec.Struct, frozen=True, kw_only=True):
    """What taking an event back comes to."""

    event: Event  # to be appended
    parted: tuple[Parted, ...]
    joined: tuple[UUID, ...]  # who belongs to somebody else now, in order
    followed: tuple[UUID, ...]  # came after the event; evidence says with whom they go
    undecided: tuple[UUID, ...]  # came after the event without evidence: to be decided, else reviewed


class Standing(msgspec.Struct, frozen=True):
    """What standing events come to when played from the start."""

    places: Mapping[UUID, UUID]
    marks: Mapping[tuple[UUID, UUID], Mark]
    reviews: Mapping[UUID, Case]


def play(history: Sequence[Event]) -> Standing:
    """Play what was wanted, from a fresh register on; taking back is to be removed before (``standing``)."""
    places: Places = {}
    marks: dict[tuple[UUID, UUID], Mark] = {}
    reviews: dict[UUID, Case] = {}
    for event in history:
        if event.kind in PAIRS:
            for change in event.markings:
                marks[change.first, change.second] = change.after
        elif event.kind in REVIEWS:
            for case in event.reviewing:
                reviews[case.review] = case.after
        else:
            places = step(places, event)
    return Standing(places, marks, reviews)


def undo(tables: Tables, history: Sequence[Event], wanted: Event) -> Undoing:
    """Work out what taking back ``wanted.undoes`` changes.

    ``history`` holds, in order, every event that touches anybody whom one of its events touches;
    ``tables`` are what it has come to.  Raises NotFoundError ``link-event-gone``, ConflictError
    ``undone-already`` or that of a pin that it would break, RefusedError ``decided-by-people`` when a
    model would take back what a person decided.
    """
    check(wanted)
    target = next((event for event in history if event.id == wanted.undoes), None)
    if target is None:
        raise NotFoundError("link-event-gone", "There is no such event.")
    _may(wanted, target)
    stands = standing(history)
    left = standing([*history, wanted])
    if [event.id for event in left] == [event.id for event in stands]:
        raise ConflictError("undone-already", "This was taken back already. Look again.")
    after = play(left)
    hold(after.marks, tables.places, after.places, human=wanted.human)
    moves = changes(tables.places, after.places)
    event = finish(
        tables,
        msgspec.structs.replace(
            wanted, moves=moves, markings=_markings(tables, after), reviewing=_reviewing(tables, after)
        ),
    )
    event = msgspec.structs.replace(event, touched=tuple(sorted({*event.touched, *target.touched})))
    followed, undecided = _later(tables, history, target, parted=after.places)
    return Undoing(
        event=event,
        parted=_parted(tables, apply(tables, event), event),
        joined=tuple(move.entry for move in moves),
        followed=followed,
        undecided=undecided,
    )


def inverse(tables: Tables, event: Event, wanted: Event) -> Event:
    """Return what takes back the last event that touched anybody concerned, to the letter.

    Quicker than ``undo``, and the same where nothing happened since.  Raises ConflictError
    ``link-stale`` where something did.
    """
    check(wanted)
    _may(wanted, event)
    made = msgspec.structs.replace(
        wanted,
        moves=tuple(msgspec.structs.replace(move, before=move.after, after=move.before) for move in event.moves),
        markings=tuple(msgspec.structs.replace(m, before=m.after, after=m.before) for m in event.markings),
        reviewing=tuple(msgspec.structs.replace(r, before=r.after, after=r.before) for r in event.reviewing),
        touched=event.touched,
    )
    after = apply(tables, made)
    hold(after.marks, tables.places, after.places, human=wanted.human)
    return made


def _may(wanted: Event, target: Event) -> None:
    if wanted.undoes != target.id or (wanted.kind is Kind.UNMERGE) is not (target.kind is Kind.MERGE):
        raise InvalidInputError("link-event-form", "Unmerge takes back a merge; undo takes back anything else.")
    if target.human and not wanted.human:
        raise RefusedError("decided-by-people", "A person decided this. A person must take it back.")


def _markings(tables: Tables, after: Standing) -> tuple[Marking, ...]:
    return tuple(
        Marking(*each, was, now)
        for each in sorted(tables.marks.keys() | after.marks.keys())
        if (was := tables.marks.get(each, Mark.NONE)) is not (now := after.marks.get(each, Mark.NONE))
    )


def _reviewing(tables: Tables, after: Standing) -> tuple[Reviewing, ...]:
    return tuple(
        Reviewing(each, was, now)
        for each in sorted(tables.reviews.keys() | after.reviews.keys())
        if (was := tables.reviews.get(each, Case.NONE)) is not (now := after.reviews.get(each, Case.NONE))
    )


def _parted(before: Tables, after: Tables, event: Event) -> tuple[Parted, ...]:
    """Return every pair that was one person until now, with the spans during which it was."""
    found: dict[tuple[UUID, UUID], Parted] = {}
    for move in event.moves:
        for other in before.members(move.before):
            pair = (move.entry, other) if move.entry < other else (other, move.entry)
            if other != move.entry and pair not in found and after.person(other) != after.person(move.entry):
                found[pair] = Parted(*pair, tuple(together(after, *pair)))
    return tuple(found[pair] for pair in sorted(found))


def _later(
    tables: Tables, history: Sequence[Event], target: Event, *, parted: Places
) -> tuple[tuple[UUID, ...], tuple[UUID, ...]]:
    """Sort who joined after ``target`` a person that is divided now: by evidence, or without any."""
    divided = {
        leader
        for leader in {tables.person(entry) for entry in target.touched}
        if len({parted.get(entry, entry) for entry in tables.members(leader)}) > 1
    }
    followed: list[UUID] = []
    undecided: list[UUID] = []
    for entry, event in sorted(_came(history, target).items(), key=lambda each: each[0]):
        if tables.person(entry) in divided:
            (undecided if event.evidence is None else followed).append(entry)
    return tuple(followed), tuple(undecided)


def _came(history: Sequence[Event], target: Event) -> dict[UUID, Event]:
    """Return who joined after ``target`` by an event that stands, each with the last one that let her."""
    place = next(place for place, event in enumerate(history) if event.id == target.id)
    stands = {event.id for event in standing(history)}
    places = replay(history[: place + 1]).places
    people = {places.get(entry, entry) for entry in target.touched}
    decided_on = {entry for person in people for entry in members(places, person)}
    came: dict[UUID, Event] = {}
    for event in history[place + 1 :]:
        if event.id in stands and event.kind in (Kind.LINK, Kind.MOVE):
            came.update(dict.fromkeys(event.entries, event))
        elif event.id in stands and event.kind is Kind.MERGE and event.beside is not None:
            # Of two persons that became one, the one whom the target was not about came to the other.
            for side in (event.entries[0], event.beside):
                whole = members(places, places.get(side, side))
                if not decided_on.intersection(whole):
                    came.update(dict.fromkeys(whole, event))
        places = {**places, **{move.entry: move.after for move in event.moves}}
        places = {entry: person for entry, person in places.items() if entry != person}
    return came
