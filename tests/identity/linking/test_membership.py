"""Membership: what each kind of event does, what is refused in words, and who decides while two are one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest

from carecode.identity.linking.events import Case, Event, Kind, Mark
from carecode.identity.linking.membership import (
    Deciding,
    Tables,
    Together,
    apply,
    deciding,
    heads_since,
    replay,
    settled,
    together,
)
from carecode.kernel.errors import CareCodeError, ConflictError, InvalidInputError

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
A, B, C, D, E = (UUID(int=number) for number in range(1, 6))
REVIEW = UUID(int=77)


def at(number: int) -> datetime:
    return NOW + timedelta(minutes=number)


def wanted(number: int, kind: Kind, *entries: UUID, beside: UUID | None = None, **more: object) -> Event:
    fields: dict[str, object] = {"id": UUID(int=100 + number), "at": at(number), "actor": "steward-1", "human": True}
    fields |= {"reason": "compared", "entries": entries, "beside": beside}
    return msgspec.convert({**fields, **more, "kind": kind}, Event)


def lived(*events: Event) -> Tables:
    tables = Tables()
    for event in events:
        tables = apply(tables, settled(tables, event))
    return tables


def refused(tables: Tables, event: Event) -> str:
    with pytest.raises(CareCodeError) as error:
        settled(tables, event)
    assert error.value.message.endswith(".")
    return error.value.code


MERGED = (wanted(1, Kind.LINK, B, beside=A), wanted(2, Kind.MERGE, C, beside=B))


def test_a_link_takes_one_a_merge_takes_all() -> None:
    tables = lived(*MERGED, wanted(3, Kind.LINK, E, beside=D), wanted(4, Kind.MERGE, E, beside=C))
    assert tables.members(A) == [A, B, C, D, E]
    assert {tables.person(each) for each in (A, B, C, D, E)} == {A}
    assert tables.members(D) == []


def test_who_leads_may_leave_and_the_least_of_the_others_leads() -> None:
    tables = lived(*MERGED, wanted(3, Kind.UNLINK, A))
    assert (tables.members(A), tables.members(B)) == ([A], [B, C])
    assert together(tables, B, C) == [Together(at(2), None)]  # a new leader divides nobody
    assert together(tables, A, B) == [Together(at(1), at(3))]


def test_a_split_is_led_by_the_first_named() -> None:
    tables = lived(*MERGED, wanted(3, Kind.SPLIT, C, A))
    assert (tables.members(C), tables.members(B)) == ([A, C], [B])


def test_a_move_takes_some_to_somebody_else() -> None:
    tables = lived(*MERGED, wanted(3, Kind.MOVE, A, C, beside=D))
    assert (tables.members(D), tables.members(B)) == ([A, C, D], [B])


@pytest.mark.parametrize(
    ("event", "code"),
    [
        (wanted(9, Kind.MERGE, C, beside=A), "already-one"),
        (wanted(9, Kind.LINK, A, beside=C), "already-one"),
        (wanted(9, Kind.LINK, A, beside=D), "link-not-alone"),
        (wanted(9, Kind.SPLIT, A, D), "link-several-people"),
        (wanted(9, Kind.SPLIT, A, B, C), "link-nothing"),
        (wanted(9, Kind.UNLINK, D), "link-nothing"),
        (wanted(9, Kind.MOVE, A, D, beside=E), "link-several-people"),
        (wanted(9, Kind.PIN, A, D, mark=Mark.MUST), "pinned-together"),
        (wanted(9, Kind.PIN, A, C, mark=Mark.CANNOT), "pinned-apart"),
        (wanted(9, Kind.PIN, A, C, mark=Mark.MUST, human=False), "pin-by-people"),
        (wanted(9, Kind.DISMISS, A, D, human=False), "pin-by-people"),
        (wanted(9, Kind.DISMISS, A, C), "already-one"),
        (wanted(9, Kind.REVIEW_CLOSED, A, review=REVIEW), "review-closed"),
        (wanted(9, Kind.UNDO, undoes=A), "link-event-form"),
    ],
)
def test_what_cannot_be_is_refused_in_words(event: Event, code: str) -> None:
    assert refused(lived(*MERGED), event) == code


def test_a_pin_holds_for_whole_people_and_against_people_too() -> None:
    apart = lived(*MERGED, wanted(3, Kind.LINK, E, beside=D), wanted(4, Kind.PIN, C, E, mark=Mark.CANNOT))
    assert refused(apart, wanted(5, Kind.MERGE, A, beside=D)) == "pinned-apart"
    assert refused(apart, wanted(5, Kind.PIN, C, E, mark=Mark.MUST)) == "pinned-already"
    held = lived(*MERGED, wanted(3, Kind.PIN, B, C, mark=Mark.MUST))
    assert refused(held, wanted(4, Kind.UNLINK, B)) == "pinned-together"
    assert refused(held, wanted(4, Kind.SPLIT, B, A)) == "pinned-together"
    assert apply(held, settled(held, wanted(4, Kind.UNLINK, A))).members(B) == [B, C]


def test_a_dismissed_pair_is_joined_by_people_only() -> None:
    looked = lived(*MERGED, wanted(3, Kind.DISMISS, D, B))
    assert refused(looked, wanted(4, Kind.LINK, D, beside=A, human=False)) == "dismissed"
    assert refused(looked, wanted(4, Kind.DISMISS, B, D)) == "pinned-already"
    joined = apply(looked, settled(looked, wanted(4, Kind.LINK, D, beside=A)))
    assert settled(joined, wanted(5, Kind.MERGE, E, beside=A, human=False)).moves  # joined by a person: no bar later


def test_a_case_is_opened_once_and_closed_once() -> None:
    tables = lived(wanted(1, Kind.REVIEW_OPENED, A, B, review=REVIEW))
    assert refused(tables, wanted(2, Kind.REVIEW_OPENED, A, review=REVIEW)) == "review-closed"
    closed = apply(tables, settled(tables, wanted(2, Kind.REVIEW_CLOSED, A, B, review=REVIEW)))
    assert closed.reviews == {REVIEW: Case.CLOSED}


def test_of_two_decided_on_one_state_the_second_does_not_follow() -> None:
    tables = lived(*MERGED)
    one, other = (settled(tables, wanted(9 + n, Kind.UNLINK, C, beside=None)) for n in (0, 1))
    with pytest.raises(ConflictError) as stale:
        replay([one, other], tables)
    assert stale.value.code == "link-stale"


def test_tables_are_values() -> None:
    tables = lived(*MERGED)
    before = (tables.membership(), dict(tables.chains))
    apply(tables, settled(tables, wanted(3, Kind.UNLINK, A)))
    assert (tables.membership(), dict(tables.chains)) == before
    assert Tables().membership() == b""


def test_an_event_stands_in_the_chain_of_everybody_it_bears_on() -> None:
    tables = lived(*MERGED)
    assert {each: head.seq for each, head in tables.chains.items()} == {A: 2, B: 2, C: 1}
    pinned = settled(tables, wanted(3, Kind.PIN, C, E, mark=Mark.CANNOT))
    assert pinned.touched == (A, C, E)  # A leads C: what bars C bars her whole person


def test_heads_since_a_time_are_those_of_chains_that_grew() -> None:
    tables = lived(*MERGED, wanted(3, Kind.LINK, E, beside=D))
    assert heads_since(tables, at(3)) == sorted(tables.chains[each].hash for each in (D, E))
    assert len(heads_since(tables, at(0))) == 5
    assert heads_since(tables, at(4)) == []


def test_while_two_are_one_the_decisions_of_both_count() -> None:
    tables = lived(*MERGED)
    assert deciding(tables, C) == deciding(tables, A) == [Deciding(A), Deciding(B), Deciding(C)]
    assert deciding(tables, D) == [Deciding(D)]


def test_after_parting_what_was_decided_meanwhile_counts_for_both() -> None:
    tables = lived(*MERGED, wanted(3, Kind.UNLINK, C))
    assert deciding(tables, C) == [Deciding(C), Deciding(A, at(2), at(3)), Deciding(B, at(2), at(3))]
    assert deciding(tables, A) == [Deciding(A), Deciding(B), Deciding(C, at(2), at(3))]


def test_two_may_be_one_more_than_once() -> None:
    again = (wanted(3, Kind.UNLINK, B), wanted(5, Kind.LINK, B, beside=C))
    tables = lived(*MERGED, *again)
    assert together(tables, A, B) == together(tables, B, A) == [Together(at(1), at(3)), Together(at(5), None)]


def test_undoing_is_not_settled_without_the_history() -> None:
    with pytest.raises(InvalidInputError):
        settled(Tables(), wanted(1, Kind.UNMERGE, undoes=A))
