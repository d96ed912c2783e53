"""Handles: opened by the platform only, and no two alike."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.healthcode.handles import Handles
from carecode.kernel.errors import InvalidInputError

numbers = st.integers(0, 2**48 - 1)
HANDLES = Handles(b"p" * 32, b"s" * 32)
OTHERS = Handles(b"q" * 32, b"t" * 32)


@given(device=numbers, serial=numbers)
def test_what_was_issued_opens_under_its_key_only(device: int, serial: int) -> None:
    handle, secret = HANDLES.issue(device, serial)
    assert HANDLES.open(handle) == (device, serial)
    assert OTHERS.open(handle) is None
    assert HANDLES.secret(handle) == secret != OTHERS.secret(handle)


@given(device=numbers, serial=numbers, bit=st.integers(0, 127))
def test_any_flipped_bit_closes_it(device: int, serial: int, bit: int) -> None:
    handle, _ = HANDLES.issue(device, serial)
    assert HANDLES.open((int.from_bytes(handle) ^ 1 << bit).to_bytes(16)) is None


@given(junk=st.binary(min_size=16, max_size=16))
def test_rubbish_does_not_open(junk: bytes) -> None:
    assert HANDLES.open(junk) is None


@pytest.mark.parametrize("bit", range(32))
def test_all_32_zero_bits_are_looked_at(bit: int) -> None:
    block = HANDLES._block.decrypt(HANDLES.issue(7, 41)[0])
    assert HANDLES.open(HANDLES._block.encrypt((int.from_bytes(block) | 1 << bit).to_bytes(16))) is None


@pytest.mark.parametrize(("device", "serial"), [(-1, 0), (0, -1), (2**48, 0), (0, 2**48)])
def test_numbers_beyond_48_bits_are_refused(device: int, serial: int) -> None:
    with pytest.raises(InvalidInputError):
        HANDLES.issue(device, serial)


def test_handles_of_one_phone_look_random() -> None:
    handles = [HANDLES.issue(1, serial)[0] for serial in range(4096)]
    assert len(set(handles)) == 4096
    joined = b"".join(handles)
    assert len(zlib.compress(joined, 9)) >= len(joined)
    expected = len(joined) / 256
    chi_squared = sum((joined.count(bytes((value,))) - expected) ** 2 / expected for value in range(256))
    assert chi_squared < 350  # 255 degrees of freedom: one in 30,000 random files is above
