from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking.settle import Link, Settled, settle

ENTRIES = 9
Pairs = list[tuple[int, int]]

pairs = st.tuples(st.integers(0, ENTRIES - 1), st.integers(0, ENTRIES - 1)).filter(lambda pair: pair[0] != pair[1])
some_pairs = st.lists(pairs, max_size=6)
links = st.lists(
    st.builds(
        lambda pair, bits, certain: Link(pair[0], pair[1], float(bits), certain),
        pairs,
        st.sampled_from((8, 9, 20)),
        st.booleans(),
    ),
    max_size=16,
)


def places(settled: Settled[int]) -> dict[int, int]:
    return {entry: person[0] for person in settled.persons for entry in person}


@given(links, some_pairs, some_pairs, some_pairs, st.randoms(use_true_random=False))
def test_no_order_of_anything_changes_who_is_one_person(
    linked: list[Link[int]], apart: Pairs, must: Pairs, cannot: Pairs, random: Random
) -> None:
    first = settle(range(ENTRIES), linked, apart, must=must, cannot=cannot)
    entries = list(range(ENTRIES))
    for listed in (entries, linked, apart, must, cannot):
        random.shuffle(listed)
    turned = [Link(one.b, one.a, one.bits + random.choice((0, 1e-9)), one.certain) for one in linked]
    again = settle(entries, turned, [(b, a) for a, b in apart], must=must, cannot=[(b, a) for a, b in cannot])
    assert again == first


@given(links, some_pairs, some_pairs, some_pairs, st.booleans())
def test_no_person_holds_two_that_were_set_apart(
    linked: list[Link[int]],
    apart: Pairs,
    must: Pairs,
    cannot: Pairs,
    asking: bool,  # noqa: FBT001 - drawn
) -> None:
    found = places(settle(range(ENTRIES), linked, apart, must=must, cannot=cannot, asking=asking))
    pinned = places(settle(range(ENTRIES), (), (), must=must, cannot=cannot))
    assert all(found[a] != found[b] for a, b in cannot)
    assert all(found[a] != found[b] or pinned[a] == pinned[b] for a, b in apart)


@given(links, some_pairs, some_pairs)
def test_every_entry_has_one_person_and_every_link_joins_or_is_contested(
    linked: list[Link[int]], apart: Pairs, must: Pairs
) -> None:
    settled = settle(range(ENTRIES), linked, apart, must=must)
    assert sorted(entry for person in settled.persons for entry in person) == list(range(ENTRIES))
    found = places(settled)
    open_links = {tuple(sorted((one.a, one.b))) for one in linked if found[one.a] != found[one.b]}
    assert open_links == set(settled.contested)
    assert all(found[a] == found[b] for a, b in must)


@given(links, some_pairs)
def test_where_nothing_speaks_against_it_all_that_hangs_together_is_one_person(
    linked: list[Link[int]], must: Pairs
) -> None:
    settled = settle(range(ENTRIES), linked, must=must)
    found = places(settled)
    assert all(found[a] == found[b] for a, b in [*must, *((one.a, one.b) for one in linked)])
    assert not settled.contested
    assert len(settled.persons) == ENTRIES - _joinings([*must, *((one.a, one.b) for one in linked)])


def _joinings(joined: Pairs) -> int:
    groups = [{entry} for entry in range(ENTRIES)]
    for a, b in joined:
        one = next(group for group in groups if a in group)
        other = next(group for group in groups if b in group)
        if one is not other:
            groups.remove(other)
            one |= other
    return ENTRIES - len(groups)


def test_a_record_between_two_people_goes_to_neither() -> None:
    settled = settle((), [Link("torn", "b", 20.0), Link("torn", "c", 19.0)], [("b", "c")])
    assert settled == Settled((("b",), ("c",), ("torn",)), (("b", "torn"), ("c", "torn")))


def test_a_number_that_proves_outweighs_bits() -> None:
    settled = settle((), [Link("torn", "b", 20.0, certain=True), Link("torn", "c", 40.0)], [("b", "c")])
    assert settled == Settled((("b", "torn"), ("c",)), (("c", "torn"),))


def test_who_is_torn_leaves_her_neighbours_together() -> None:
    links = [Link("b1", "b2", 30.0), Link("c1", "c2", 30.0), Link("torn", "b1", 20.0), Link("torn", "c1", 19.0)]
    settled = settle((), links, [("b1", "c1"), ("b2", "c1")])
    assert settled.persons == (("b1", "b2"), ("c1", "c2"), ("torn",))


def test_of_two_equal_claims_none_is_taken_nor_a_weaker_one() -> None:
    links = [Link("y1", "y2", 30.0), Link("x", "y1", 20.0), Link("z", "y1", 20.0), Link("x", "y2", 9.0)]
    settled = settle((), links, [("x", "z")])
    assert settled.persons == (("x",), ("y1", "y2"), ("z",))
    assert settled.contested == (("x", "y1"), ("x", "y2"), ("y1", "z"))


def test_nobody_to_ask_keeps_the_stronger() -> None:
    settled = settle((), [Link("torn", "b", 20.0), Link("torn", "c", 19.0)], [("b", "c")], asking=False)
    assert settled.persons == (("b", "torn"), ("c",))


def test_a_pin_of_people_outweighs_a_guard_but_not_another_pin() -> None:
    assert settle((), (), [(1, 2)], must=[(1, 2)]).persons == ((1, 2),)
    assert settle((), (), [(1, 3)], must=[(1, 2), (2, 3)]).persons == ((1, 2, 3),)
    against = settle((), (), (), must=[(1, 2), (2, 3)], cannot=[(1, 3)])
    assert against == Settled(((1,), (2,), (3,)), ((1, 2), (2, 3)))


@pytest.mark.parametrize("size", [3_000])
def test_a_long_chain_and_a_crowd_settle_soon(size: int) -> None:
    chain = [Link(at, at + 1, float(at % 7)) for at in range(size)]
    assert len(settle((), chain, [(0, size)]).persons) >= 2
    star = [Link(0, at, 9.0) for at in range(1, size)]
    assert len(settle((), star).persons) == 1
