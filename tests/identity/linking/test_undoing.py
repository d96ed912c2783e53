"""Any operations, undone: in reverse, in any order, one alone while later ones stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from carecode.identity.linking.events import Event, Evidence, Kind, Mark, body_hash, standing, verify
from carecode.identity.linking.membership import Tables, apply, members, replay, settled
from carecode.identity.linking.undoing import Undoing, inverse, play, undo
from carecode.kernel.errors import CareCodeError, ConflictError, InvalidInputError, NotFoundError, RefusedError

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PEOPLE = [UUID(int=number) for number in range(1, 8)]
A, B, C, D, E, F, G = PEOPLE
SEEN = Evidence(model="m1", bits=12.5, levels={"name": "same"})


class Book:
    """A register in memory: decides, applies, remembers."""

    def __init__(self) -> None:
        self.tables = Tables()
        self.history: list[Event] = []
        self.snapshots: list[tuple[bytes, dict[tuple[UUID, UUID], Mark]]] = []

    def draft(self, kind: Kind, *entries: UUID, beside: UUID | None = None, **more: object) -> Event:
        number = len(self.history)
        fields: dict[str, object] = {"id": UUID(int=1000 + number), "at": NOW + timedelta(minutes=number)}
        fields |= {"actor": "steward-1", "human": True, "reason": "compared", "entries": entries, "beside": beside}
        return msgspec.convert({**fields, **more, "kind": kind}, Event)

    def append(self, event: Event) -> Event:
        self.snapshots.append((self.tables.membership(), dict(self.tables.marks)))
        self.tables = apply(self.tables, event)
        self.history.append(event)
        return event

    def do(self, kind: Kind, *entries: UUID, beside: UUID | None = None, **more: object) -> Event:
        return self.append(settled(self.tables, self.draft(kind, *entries, beside=beside, **more)))

    def back(self, event: Event, *, human: bool = True) -> Undoing:
        kind = Kind.UNMERGE if event.kind is Kind.MERGE else Kind.UNDO
        undoing = undo(self.tables, self.history, self.draft(kind, undoes=event.id, human=human))
        self.append(undoing.event)
        return undoing

    def person(self, entry: UUID) -> list[UUID]:
        return self.tables.members(self.tables.person(entry))


ENTRY = st.sampled_from(PEOPLE)
SOME = st.lists(ENTRY, min_size=1, max_size=3, unique=True)


class Life(RuleBasedStateMachine):
    """Random operations, people's and models'; those that are refused change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.book = Book()

    def attempt(self, kind: Kind, *entries: UUID, beside: UUID | None = None, **more: object) -> None:
        try:
            self.book.do(kind, *entries, beside=beside, **more)
        except (ConflictError, InvalidInputError, RefusedError):
            return

    @rule(one=ENTRY, beside=ENTRY, kind=st.sampled_from([Kind.LINK, Kind.MERGE]), human=st.booleans())
    def join(self, one: UUID, beside: UUID, kind: Kind, *, human: bool) -> None:
        self.attempt(kind, one, beside=beside, human=human, evidence=msgspec.to_builtins(SEEN))

    @rule(one=ENTRY, human=st.booleans())
    def unlink(self, one: UUID, *, human: bool) -> None:
        self.attempt(Kind.UNLINK, one, human=human)

    @rule(some=SOME, beside=ENTRY)
    def move(self, some: list[UUID], beside: UUID) -> None:
        self.attempt(Kind.MOVE, *some, beside=beside)

    @rule(some=SOME)
    def split(self, some: list[UUID]) -> None:
        self.attempt(Kind.SPLIT, *some)

    @rule(one=ENTRY, other=ENTRY, mark=st.sampled_from([Mark.MUST, Mark.CANNOT]))
    def pin(self, one: UUID, other: UUID, mark: Mark) -> None:
        self.attempt(Kind.PIN, one, other, mark=mark)

    @rule(one=ENTRY, other=ENTRY)
    def dismiss(self, one: UUID, other: UUID) -> None:
        self.attempt(Kind.DISMISS, one, other)

    @rule(number=st.integers(1, 3), kind=st.sampled_from([Kind.REVIEW_OPENED, Kind.REVIEW_CLOSED]), one=ENTRY)
    def review(self, number: int, kind: Kind, one: UUID) -> None:
        self.attempt(kind, one, review=UUID(int=number))

    @precondition(lambda self: self.book.history)
    @rule(data=st.data())
    def undo_any(self, data: st.DataObject) -> None:
        try:
            self.book.back(data.draw(st.sampled_from(self.book.history)))
        except (ConflictError, RefusedError):
            return

    @invariant()
    def leaders_lead(self) -> None:
        for leader in self.book.tables.places.values():
            assert self.book.tables.person(leader) == leader

    @invariant()
    def one_open_membership_each(self) -> None:
        for entry, spans in self.book.tables.spans.items():
            assert [span.closed_at for span in spans].count(None) == 1
            assert spans[-1].person == self.book.tables.person(entry)
            assert all(one.closed_at == other.opened_at for one, other in pairwise(spans))

    @invariant()
    def pins_hold(self) -> None:
        for (one, other), mark in self.book.tables.marks.items():
            together = self.book.tables.person(one) == self.book.tables.person(other)
            assert mark is not Mark.MUST or together
            assert mark is not Mark.CANNOT or not together

    @invariant()
    def what_stands_is_what_is_there(self) -> None:
        played = play(standing(self.book.history))
        assert (played.places, played.marks, played.reviews) == (
            self.book.tables.places,
            self.book.tables.marks,
            self.book.tables.reviews,
        )

    @invariant()
    def replaying_rebuilds_the_tables(self) -> None:
        assert replay(self.book.history) == self.book.tables

    def teardown(self) -> None:
        for owner, head in self.book.tables.chains.items():
            assert head.seq == sum(owner in event.touched for event in self.book.history)
        book, count = self.book, len(self.book.history)
        for place in reversed(range(count)):
            book.back(book.history[place])
            assert (book.tables.membership(), dict(book.tables.marks)) == book.snapshots[place]
        assert book.tables.membership() == b""
        assert book.tables.marks == {}
        assert book.tables.reviews == {}


Life.TestCase.settings = settings(stateful_step_count=25)
TestLife = Life.TestCase


@given(st.randoms(use_true_random=False))
def test_undone_in_any_order_nothing_is_left(chance: Random) -> None:
    book = Book()
    for _ in range(8):
        kind = chance.choice([Kind.LINK, Kind.MERGE, Kind.MOVE, Kind.UNLINK, Kind.SPLIT])
        entries = chance.sample(PEOPLE, 2)
        beside = entries[1] if kind in (Kind.LINK, Kind.MERGE, Kind.MOVE) else None
        try:
            book.do(kind, entries[0], beside=beside)
        except ConflictError:
            continue
    made = list(book.history)
    chance.shuffle(made)
    for event in made:
        book.back(event)
    assert book.tables.membership() == b""


def test_two_merges_on_top_of_each_other_are_taken_back_one_by_one() -> None:
    book = Book()
    first = book.do(Kind.MERGE, A, beside=B)
    second = book.do(Kind.MERGE, B, beside=C)
    assert book.person(A) == [A, B, C]
    book.back(first)
    assert (book.person(A), book.person(B)) == ([A], [B, C])
    book.back(second)
    assert book.tables.membership() == b""


def test_who_came_after_a_merge_follows_the_entry_she_was_compared_with() -> None:
    book = Book()
    merge = book.do(Kind.MERGE, A, beside=B)
    book.do(Kind.LINK, C, beside=A, human=False, evidence=msgspec.to_builtins(SEEN))
    book.do(Kind.LINK, D, beside=B, human=False, evidence=msgspec.to_builtins(SEEN))
    book.do(Kind.LINK, E, beside=B)  # nobody compared anything
    undoing = book.back(merge)
    assert (book.person(A), book.person(B)) == ([A, C], [B, D, E])
    assert undoing.followed == (C, D)
    assert undoing.undecided == (E,)


def test_a_link_to_somebody_else_before_does_not_come_into_question() -> None:
    book = Book()
    book.do(Kind.LINK, C, beside=A)
    merge = book.do(Kind.MERGE, A, beside=B)
    undoing = book.back(merge)
    assert (undoing.followed, undoing.undecided) == ((), ())
    assert book.person(A) == [A, C]


def test_a_person_merged_later_without_evidence_is_to_be_decided_and_who_was_there_is_not() -> None:
    book = Book()
    first = book.do(Kind.MERGE, A, beside=B)
    book.do(Kind.LINK, E, beside=D)
    book.do(Kind.MERGE, B, beside=D)
    undoing = book.back(first)
    assert (undoing.followed, undoing.undecided) == ((), (D, E))
    assert [book.person(each) for each in (A, B)] == [[A], [B, D, E]]


def test_who_was_there_left_and_came_again_is_to_be_decided() -> None:
    book = Book()
    book.do(Kind.LINK, C, beside=A)
    merge = book.do(Kind.MERGE, A, beside=B)
    book.do(Kind.UNLINK, C)
    book.do(Kind.LINK, C, beside=B)
    assert book.back(merge).undecided == (C,)


def test_a_link_that_was_taken_back_decides_nothing() -> None:
    book = Book()
    merge = book.do(Kind.MERGE, A, beside=B)
    book.do(Kind.LINK, C, beside=A, evidence=msgspec.to_builtins(SEEN))
    gone = book.do(Kind.UNLINK, C)
    blind = book.do(Kind.LINK, C, beside=B)
    book.back(blind)
    book.back(gone)
    undoing = book.back(merge)
    assert (undoing.followed, undoing.undecided, book.person(A)) == ((C,), (), [A, C])


def test_an_unmerge_says_from_when_to_when_each_pair_was_one() -> None:
    book = Book()
    merge = book.do(Kind.MERGE, A, beside=B)
    link = book.do(Kind.LINK, C, beside=A)
    undoing = book.back(merge)
    spans = {(each.first, each.second): [(s.since, s.until) for s in each.spans] for each in undoing.parted}
    now = undoing.event.at
    assert spans == {(A, B): [(merge.at, now)], (B, C): [(link.at, now)]}


def test_a_later_split_stands_when_the_merge_before_it_goes() -> None:
    book = Book()
    book.do(Kind.LINK, B, beside=A)
    merge = book.do(Kind.MERGE, A, beside=C)
    book.do(Kind.UNLINK, B)
    book.back(merge)
    assert [book.person(each) for each in (A, B, C)] == [[A], [B], [C]]


def test_an_undo_that_would_break_a_pin_is_refused_in_words() -> None:
    book = Book()
    merge = book.do(Kind.MERGE, A, beside=B)
    pin = book.do(Kind.PIN, A, B, mark=Mark.MUST)
    with pytest.raises(ConflictError, match="one person") as refused:
        book.back(merge)
    assert refused.value.code == "pinned-together"
    book.back(pin)
    book.back(merge)
    unlinked = Book()
    unlinked.do(Kind.LINK, A, beside=B)
    gone = unlinked.do(Kind.UNLINK, A)
    unlinked.do(Kind.PIN, A, B, mark=Mark.CANNOT)
    with pytest.raises(ConflictError, match="different people"):
        unlinked.back(gone)


def test_a_model_takes_back_no_decision_of_a_person() -> None:
    book = Book()
    hers, its = book.do(Kind.MERGE, A, beside=B), book.do(Kind.LINK, C, beside=D, human=False, reason="")
    with pytest.raises(RefusedError) as refused:
        book.back(hers, human=False)
    assert refused.value.code == "decided-by-people"
    book.back(its, human=False)


def test_what_is_undone_already_or_never_was_is_refused() -> None:
    book = Book()
    merge = book.do(Kind.MERGE, A, beside=B)
    book.back(merge)
    with pytest.raises(ConflictError) as refused:
        book.back(merge)
    assert refused.value.code == "undone-already"
    with pytest.raises(NotFoundError):
        undo(book.tables, book.history, book.draft(Kind.UNDO, undoes=A))
    with pytest.raises(InvalidInputError):
        undo(book.tables, book.history, book.draft(Kind.UNDO, undoes=merge.id))


def test_an_undo_can_be_undone() -> None:
    book = Book()
    merge = book.do(Kind.MERGE, A, beside=B)
    before = book.tables.membership()
    book.back(book.back(merge).event)
    assert book.tables.membership() == before


@pytest.mark.parametrize("kind", [Kind.LINK, Kind.MERGE, Kind.MOVE])
def test_the_inverse_is_what_undoing_comes_to_while_nothing_follows(kind: Kind) -> None:
    book = Book()
    book.do(Kind.LINK, C, beside=B)
    event = book.do(kind, A, beside=B)
    wanted = book.draft(Kind.UNMERGE if kind is Kind.MERGE else Kind.UNDO, undoes=event.id)
    assert inverse(book.tables, event, wanted).moves == undo(book.tables, book.history, wanted).event.moves
    book.do(Kind.MERGE, B, beside=D)
    with pytest.raises(CareCodeError) as stale:
        inverse(book.tables, event, wanted)
    assert stale.value.code == "link-stale"


def test_each_chain_verifies_from_its_start() -> None:
    book = Book()
    merge = book.do(Kind.MERGE, A, beside=B)
    book.do(Kind.LINK, C, beside=A)
    book.back(merge)
    links: dict[UUID, list[tuple[bytes, bytes]]] = {}
    tables = Tables()
    for event in book.history:
        tables = apply(tables, event)
        for owner in event.touched:
            links.setdefault(owner, []).append((body_hash(event), tables.chains[owner].hash))
    for owner, chain in links.items():
        assert verify(owner, chain).hash == book.tables.chains[owner].hash
    assert members(book.tables.places, B) == [B]
