"""Events: one spelling, a form per kind, and chains in which nothing can be changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking.events import (
    Event,
    Evidence,
    Head,
    Kind,
    Mark,
    body_hash,
    canonical,
    chain_hash,
    check,
    follow,
    read,
    standing,
    verify,
)
from carecode.kernel.errors import CorruptError, InvalidInputError

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
A, B, C = (UUID(int=number) for number in (1, 2, 3))


def event(number: int, kind: Kind = Kind.LINK, **more: object) -> Event:
    given_: dict[str, object] = {"entries": (A,), "beside": B} if kind in (Kind.LINK, Kind.MERGE) else {}
    fields = {"id": UUID(int=100 + number), "at": NOW, "actor": "steward-1", "human": True, "reason": "same card"}
    return msgspec.convert({**fields, **given_, **more, "kind": kind}, Event)


@given(st.text(max_size=40), st.floats(allow_nan=False, allow_infinity=False), st.dictionaries(st.text(), st.text()))
def test_an_event_is_spelled_in_one_way_and_read_again(reason: str, bits: float, levels: dict[str, str]) -> None:
    one = event(1, reason=reason, evidence=Evidence(model="m1", bits=bits, levels=levels))
    turned = Evidence(model="m1", bits=bits, levels=dict(reversed(levels.items())))
    assert read(canonical(one)) == one
    assert canonical(one) == canonical(msgspec.structs.replace(one, evidence=turned))


def test_one_moment_in_two_zones_has_one_hash() -> None:
    there = event(1, at=NOW.astimezone(timezone(timedelta(hours=8))))
    assert body_hash(there) == body_hash(event(1))


def test_what_is_no_event_is_corrupt() -> None:
    with pytest.raises(CorruptError):
        read(b'{"kind":"other"}')


@pytest.mark.parametrize(
    "wrong",
    [
        event(1, entries=()),
        event(1, entries=(A, B), beside=C),
        event(1, beside=A),
        event(1, beside=None),
        event(1, reason=" "),
        event(1, actor=""),
        event(1, reason="x" * 1001),
        event(1, at=datetime(2026, 1, 1)),  # noqa: DTZ001 - the missing zone is the fault
        event(1, mark=Mark.MUST),
        event(1, undoes=C),
        event(1, review=C),
        event(1, evidence=Evidence(model="m", bits=float("nan"), levels={})),
        event(1, Kind.PIN, entries=(A, B)),
        event(1, Kind.PIN, entries=(A, A), mark=Mark.MUST),
        event(1, Kind.PIN, entries=(A, B), mark=Mark.DISMISSED),
        event(1, Kind.DISMISS, entries=(A,)),
        event(1, Kind.UNDO),
        event(1, Kind.UNDO, undoes=C, entries=(A,)),
        event(1, Kind.REVIEW_OPENED, entries=(A,)),
        event(1, Kind.UNLINK, entries=(A,), beside=B),
    ],
)
def test_an_event_has_the_form_of_its_kind(wrong: Event) -> None:
    with pytest.raises(InvalidInputError):
        check(wrong)


def test_each_kind_has_a_form_that_passes() -> None:
    check(event(1))
    check(event(1, Kind.MERGE))
    check(event(1, Kind.MOVE, entries=(A, C), beside=B))
    check(event(1, Kind.SPLIT, entries=(A, C)))
    check(event(1, Kind.UNLINK, entries=(A,)))
    check(event(1, Kind.PIN, entries=(A, B), mark=Mark.CANNOT))
    check(event(1, Kind.DISMISS, entries=(A, B)))
    check(event(1, Kind.REVIEW_OPENED, entries=(A, B), review=C))
    check(event(1, Kind.REVIEW_CLOSED, entries=(A, B), review=C))
    check(event(1, Kind.UNMERGE, undoes=C))
    check(event(1, Kind.UNDO, undoes=C, human=False, reason=""))


def chain(bodies: list[bytes]) -> list[tuple[bytes, bytes]]:
    head, links = Head(), []
    for body in bodies:
        head = follow(A, head, body, NOW)
        links.append((body, head.hash))
    return links


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=6), st.data())
def test_a_chain_notices_any_change(bodies: list[bytes], data: st.DataObject) -> None:
    links = chain(bodies)
    assert verify(A, links) == Head(len(bodies), links[-1][1])
    at = data.draw(st.integers(0, len(bodies) - 1))
    changed = [*links]
    changed[at] = (bytes([links[at][0][0] ^ 1]) + links[at][0][1:], links[at][1])
    with pytest.raises(CorruptError):
        verify(A, changed)
    with pytest.raises(CorruptError):
        verify(B, links)  # nobody else's chain
    if len(links) > 1:
        with pytest.raises(CorruptError):
            verify(A, links[1:])


def test_chain_and_body_hashes_are_of_two_domains() -> None:
    assert (
        len({chain_hash(A, 1, bytes(32), bytes(32)), chain_hash(A, 2, bytes(32), bytes(32)), body_hash(event(1))}) == 3
    )


def test_taking_back_the_taking_back_lets_an_event_stand() -> None:
    one, two = event(1), event(2, Kind.MERGE)
    back = event(3, Kind.UNDO, undoes=one.id)
    again = event(4, Kind.UNDO, undoes=back.id)
    assert standing([one, two]) == [one, two]
    assert standing([one, two, back]) == [two]
    assert standing([one, two, back, again]) == [one, two]
    assert standing([one, two, back, again, event(5, Kind.UNDO, undoes=again.id)]) == [two]
