"""Sealed bytes open only whole, with their key, in their place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.crypto import sealing
from carecode.kernel.errors import CorruptError, InvalidInputError

keys = st.binary(min_size=32, max_size=32)
nonces = st.binary(min_size=12, max_size=12)


@given(key=keys, nonce=nonces, plaintext=st.binary(max_size=100), aad=st.binary(max_size=40), data=st.data())
def test_any_flipped_bit_key_or_place_is_refused(
    key: bytes, nonce: bytes, plaintext: bytes, aad: bytes, data: st.DataObject
) -> None:
    sealer = sealing.Sealer()
    sealed = sealing.seal(key, nonce, plaintext, aad)
    assert sealed == sealer.seal(key, nonce, plaintext, aad)
    assert len(sealed) == len(plaintext) + sealing.OVERHEAD_BYTES
    assert sealing.unseal(key, sealed, aad) == sealer.unseal(key, sealed, aad) == plaintext
    bit = data.draw(st.integers(0, len(sealed) * 8 - 1))
    flipped = (int.from_bytes(sealed) ^ 1 << bit).to_bytes(len(sealed))
    for wrong_key, wrong, wrong_aad in (
        (key, flipped, aad),
        (key, sealed[:-1], aad),
        (key, sealed, aad + b"\0"),
        (key[:-1] + bytes((key[-1] ^ 1,)), sealed, aad),
    ):
        with pytest.raises(CorruptError, match="does not verify"):
            sealing.unseal(wrong_key, wrong, wrong_aad)
        with pytest.raises(CorruptError):
            sealer.unseal(wrong_key, wrong, wrong_aad)


def test_a_wrapped_key_is_no_sealed_value() -> None:
    kek, dek, nonce = bytes(32), b"d" * 32, bytes(12)
    wrapped = sealing.wrap(kek, dek, b"her", nonce)
    assert sealing.unwrap(kek, wrapped, b"her") == dek
    with pytest.raises(CorruptError):
        sealing.unseal(kek, wrapped, b"her")
    with pytest.raises(CorruptError):
        sealing.unwrap(kek, wrapped, b"him")
    with pytest.raises(InvalidInputError):
        sealing.wrap(kek, dek[:-1], b"her", nonce)


@pytest.mark.parametrize(("key_bytes", "nonce_bytes"), [(16, 12), (31, 12), (32, 8), (32, 0), (32, 13)])
def test_weaker_sizes_are_refused(key_bytes: int, nonce_bytes: int) -> None:
    with pytest.raises(InvalidInputError):
        sealing.seal(bytes(key_bytes), bytes(nonce_bytes), b"", b"")


def test_a_sealer_keeps_the_last_used_keys_and_forgets_on_demand() -> None:
    sealer = sealing.Sealer(limit=2)
    first, second, third = (bytes((n,)) * 32 for n in (1, 2, 3))
    for key in (first, second, first, third):
        sealer.seal(key, bytes(12), b"x", b"")
    assert list(sealer._ciphers) == [first, third]
    sealer.forget(first)
    sealer.forget(second)
    assert list(sealer._ciphers) == [third]
    assert "\\x03" not in repr(sealer)
