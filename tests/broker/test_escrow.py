"""Any k of n shares bring a secret back; fewer say nothing, and a misread letter is told."""

from __future__ import annotations

import itertools
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.disclosure.broker import escrow
from carecode.disclosure.broker.escrow import Share, join, split
from carecode.kernel.errors import InvalidInputError


def sharings() -> st.SearchStrategy[tuple[bytes, int, int]]:
    numbers = st.integers(2, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(2, n)))
    return st.tuples(st.binary(min_size=1, max_size=200), numbers).map(lambda both: (both[0], *both[1]))


@given(sharings(), st.randoms(use_true_random=False))
def test_any_threshold_of_them_is_enough(sharing: tuple[bytes, int, int], chance: object) -> None:
    secret, shares, threshold = sharing
    made = split(secret, shares, threshold, secrets.token_bytes)
    chance.shuffle(made)  # type: ignore[attr-defined]
    assert join(made[:threshold]) == secret
    assert join(made) == secret
    with pytest.raises(InvalidInputError, match="different shares"):
        join(made[: threshold - 1] + made[:1])


@given(sharings())
def test_a_printed_share_is_read_again(sharing: tuple[bytes, int, int]) -> None:
    secret, shares, threshold = sharing
    made = split(secret, shares, threshold, secrets.token_bytes)
    for share in made:
        text = share.text()
        assert Share.parse(f" {text.upper()}\n") == share
        assert secret.hex() not in repr(share)
    assert len({share.text() for share in made}) == shares


@given(st.data())
def test_one_wrong_letter_is_told(data: st.DataObject) -> None:
    share = split(b"a ring of thirty-two bytes or so", 3, 2, secrets.token_bytes)[0]
    text = share.text()
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz234567-").filter(lambda one: one != text[place]))
    try:
        read = Share.parse(text[:place] + letter + text[place + 1 :])
    except InvalidInputError:
        return
    assert read == share  # only a dash may be left out or put in


def test_the_field_is_one() -> None:
    for first, second in itertools.product(range(256), (1, 2, 3, 7, 128, 255)):
        product = escrow._times(first, second)
        assert escrow._divided(product, second) == first
        slow, left, right = 0, first, second
        while right:  # by hand: FIPS 197 clause 4.2
            slow ^= left if right & 1 else 0
            left = (left << 1) ^ (0x11B if left & 128 else 0)
            right >>= 1
        assert product == slow


def test_fewer_than_the_threshold_say_nothing() -> None:
    """With one share of two, every value of a byte stays equally likely: each has exactly one polynomial."""
    secret = b"\x2a"
    seen: set[int] = set()
    for coefficient in range(256):
        rows = [secret, bytes([coefficient])]
        seen.add(escrow._at(rows, 5)[0])
    assert len(seen) == 256


@pytest.mark.parametrize(("shares", "threshold"), [(1, 1), (3, 1), (3, 4), (256, 2), (0, 0)])
def test_numbers_that_make_no_sense_are_refused(shares: int, threshold: int) -> None:
    with pytest.raises(InvalidInputError):
        split(b"x", shares, threshold, secrets.token_bytes)


def test_shares_of_different_sharings_do_not_join() -> None:
    first, second = (split(b"the same secret", 3, 2, secrets.token_bytes) for _ in range(2))
    with pytest.raises(InvalidInputError, match="belong together"):
        join([first[0], second[1]])
    forged = Share(2, 3, first[0].set, secrets.token_bytes(len(first[0].values)))
    with pytest.raises(InvalidInputError, match="belong together"):
        join([first[0], forged])


@pytest.mark.parametrize("text", ["", "care1", "care1-2-1-0000-", "care1-2-300-0000-aaaa-aaaa-aaaa", "tea"])
def test_what_is_no_share_is_told(text: str) -> None:
    with pytest.raises(InvalidInputError, match="Compare each letter"):
        Share.parse(text)
