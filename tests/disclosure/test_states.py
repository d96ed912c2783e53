"""Of several entries that are one person the stricter decisions hold: properties of the fold, and each fact by name."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import permutations
from operator import and_
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.disclosure.states import State, each, may_be_asked, strictest
from carecode.kernel.vocabulary import (
    ALL_CATEGORIES,
    EVERYTHING,
    NOTHING_CLOSED,
    Category,
    Closed,
    RecordKey,
    Requester,
    Resident,
    ResidentId,
    Role,
)

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
RESTRICTIONS = ("refused", "opted_out", "opted_out_everything", "unshared", "person_refused", "emergency_refused")
GROUNDS = ("herself", "quiet", "delegated", "guardian", "window_open")

times = st.none() | st.integers(0, 500).map(lambda minutes: NOW + timedelta(minutes=minutes))
categories = st.frozensets(st.sampled_from(list(Category)))
labels = st.integers(0, int(EVERYTHING)).map(Closed)


@st.composite
def states(draw: st.DrawFn) -> State:
    """Any state that the database can answer: what is opened in emergencies is closed otherwise."""
    closed = draw(categories)
    window, delegated = draw(st.booleans()), draw(st.booleans())
    refused, out = draw(st.booleans()), draw(st.booleans())
    return State(
        NOW + timedelta(seconds=draw(st.integers(0, 60))),
        herself=draw(st.booleans()),
        quiet=draw(st.booleans()),
        delegated=delegated,
        guardian=delegated and draw(st.booleans()),
        delegated_until=draw(times) if delegated else None,
        refused=refused,
        opted_out=out,
        opted_out_everything=draw(st.booleans()),
        unshared=draw(st.booleans()),
        person_refused=draw(st.booleans()),
        window_open=window,
        window_until=draw(times) if window else None,
        emergency_refused=draw(st.booleans()),
        closed_categories=closed,
        emergency_categories=closed & draw(categories),
        open_labels=draw(labels),
        emergency_labels=draw(labels),
        locked=0 if refused or out else draw(st.integers(0, 5)),
    )


several = st.lists(states(), min_size=1, max_size=5)


@given(states())
def test_one_state_is_itself(state: State) -> None:
    assert strictest([state]) == state


@given(states())
def test_said_twice_it_is_said_once(state: State) -> None:
    assert replace(strictest([state, state]), locked=state.locked) == state


@given(st.lists(states(), min_size=2, max_size=4))
def test_the_order_is_no_matter(many: list[State]) -> None:
    assert len({strictest(order) for order in permutations(many)}) == 1


@given(several, several)
def test_nor_is_who_was_folded_first(some: list[State], others: list[State]) -> None:
    assert strictest([strictest(some), strictest(others)]) == strictest([*some, *others])


@given(several)
def test_every_restriction_of_each_holds(many: list[State]) -> None:
    folded = strictest(many)
    for name in RESTRICTIONS:
        assert getattr(folded, name) is any(getattr(state, name) for state in many), name
    for name in GROUNDS:
        assert getattr(folded, name) is any(getattr(state, name) for state in many), name
    assert folded.decided_at == min(state.decided_at for state in many)


@given(several)
def test_it_opens_nothing_that_one_of_them_closes(many: list[State]) -> None:
    folded = strictest(many)
    saying = [state for state in many if state.delegated] or many
    assert folded.closed_categories == frozenset().union(*(state.closed_categories for state in saying))
    assert folded.open_labels == reduce(and_, (state.open_labels for state in saying))
    assert folded.emergency_labels == reduce(and_, (state.emergency_labels for state in saying))
    open_to_emergencies = ALL_CATEGORIES - (folded.closed_categories - folded.emergency_categories)
    for state in saying:
        assert open_to_emergencies <= ALL_CATEGORIES - (state.closed_categories - state.emergency_categories)


def test_every_fact_is_folded() -> None:
    """A fact added to State has to be said in the fold, else it would be lost for whoever is linked."""
    known = {*RESTRICTIONS, *GROUNDS, "decided_at", "delegated_until", "window_until", "closed_categories"}
    known |= {"emergency_categories", "open_labels", "emergency_labels", "locked"}
    assert {field.name for field in fields(State)} == known


def test_a_window_lasts_as_long_as_the_longest() -> None:
    short, long = (State(NOW, window_open=True, window_until=NOW + timedelta(hours=n)) for n in (1, 4))
    visit = State(NOW, window_open=True)
    assert strictest([short, long, State(NOW)]).window_until == NOW + timedelta(hours=4)
    assert strictest([short, visit]).window_until is None, "until the visit ends"


def test_who_acts_for_two_sees_what_both_let_her_and_until_the_first_ends() -> None:
    first = State(
        NOW, delegated=True, delegated_until=NOW + timedelta(days=1), closed_categories=frozenset({Category(2)})
    )
    second = State(
        NOW, delegated=True, guardian=True, open_labels=Closed.HIV, closed_categories=frozenset({Category(3)})
    )
    folded = strictest([first, second])
    assert (folded.guardian, folded.delegated_until) == (True, NOW + timedelta(days=1))
    assert folded.closed_categories == {Category(2), Category(3)}
    assert folded.open_labels == NOTHING_CLOSED


def test_an_entry_that_lets_nobody_act_says_nothing_of_who_acts_for_the_other() -> None:
    nobody = State(NOW, closed_categories=ALL_CATEGORIES)  # what the database answers where there is no delegation
    acts = State(NOW, delegated=True, closed_categories=frozenset({Category.LABORATORY}), open_labels=Closed.PSY)
    assert strictest([nobody, acts]) == strictest([acts, nobody]) == acts


def test_what_is_locked_is_counted_together_but_not_for_whom_she_shut_out() -> None:
    assert strictest([State(NOW, locked=2), State(NOW, locked=3)]).locked == 5
    assert strictest([State(NOW, locked=2), State(NOW, refused=True)]).locked == 0
    assert strictest([State(NOW, opted_out=True), State(NOW, locked=3)]).locked == 0


def numbers(*given: int) -> tuple[ResidentId, ...]:
    return tuple(ResidentId(UUID(int=number)) for number in given)


def keys(*given: int) -> tuple[RecordKey, ...]:
    return tuple(RecordKey(UUID(int=number)) for number in given)


def test_whoever_is_not_linked_is_asked_about_as_she_is() -> None:
    [alone] = numbers(1)
    for entries in ((), (alone,)):
        her = Resident(alone, keys(11), entries)
        assert each(her)[0] is her, "nothing is made where nothing is to be folded"


def test_a_person_is_each_of_her_entries_once() -> None:
    one, other = numbers(1, 2)
    her = Resident(one, keys(11, 12, 13), (one, other, other), keys(12)[0])
    assert [(part.id, part.entry, part.own) for part in each(her)] == [
        (one, one, keys(11)[0]),
        (other, other, keys(12)[0]),
    ]
    assert (her.own, her.entry) == (keys(12)[0], other)
    assert [her.has(number) for number in (one, other, *numbers(3), None)] == [True, True, False, False]
    assert (Resident(one, keys(11, 12)).own, Resident(one, keys(11, 12)).entry) == (keys(11)[0], one)


@pytest.mark.parametrize(("bound", "hers"), [(None, True), (1, True), (2, True), (3, False)])
def test_a_token_of_any_of_her_entries_is_hers(bound: int | None, hers: bool) -> None:  # noqa: FBT001
    one, other = numbers(1, 2)
    token = Requester("r", Role.CLINICIAN, "county-2", "Dr", resident=None if bound is None else numbers(bound)[0])
    assert may_be_asked(token, Resident(one, keys(11, 12), (one, other))) is hers
    assert may_be_asked(token, Resident(one, keys(11))) is (bound in {None, 1})
