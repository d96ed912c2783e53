"""Keyed hashes and tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from carecode.crypto.keyed import keyed_hash, keyed_token

parts = st.lists(st.binary(max_size=6), max_size=4)


@given(one=parts, two=parts)
def test_two_lists_hash_alike_only_when_they_are_alike(one: list[bytes], two: list[bytes]) -> None:
    assert (keyed_hash(b"key", *one) == keyed_hash(b"key", *two)) == (one == two)
    assert keyed_hash(b"key", *one) != keyed_hash(b"other", *one)


@given(text=st.binary(max_size=300))
def test_a_token_fits_a_bigint_and_depends_on_the_key(text: bytes) -> None:
    token = keyed_token(bytes(32), text)
    assert -(2**63) <= token < 2**63
    assert token != keyed_token(b"\1" * 32, text)


def test_tokens_use_both_signs() -> None:
    tokens = [keyed_token(bytes(32), b"%d" % n) for n in range(64)]
    assert min(tokens) < 0 < max(tokens)
    assert len(set(tokens)) == 64
