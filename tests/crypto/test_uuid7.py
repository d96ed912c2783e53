"""UUIDs that sort by time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.crypto.uuid7 import uuid7
from carecode.kernel.errors import InvalidInputError

times = st.integers(0, 2**48 - 1)
noise = st.binary(min_size=10, max_size=10)


@given(now_ms=times, random10=noise)
def test_layout_of_rfc_9562(now_ms: int, random10: bytes) -> None:
    made = uuid7(now_ms, random10)
    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert made.int >> 80 == now_ms


def test_the_example_of_rfc_9562() -> None:
    # Appendix A.6: rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F
    random = (0xCC3 << 62 | 0x18C4DC0C0C07398F).to_bytes(10)
    assert str(uuid7(0x017F22E279B0, random)) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(one=times, two=times, noise_one=noise, noise_two=noise)
def test_later_sorts_later(one: int, two: int, noise_one: bytes, noise_two: bytes) -> None:
    if one < two:
        assert uuid7(one, noise_one) < uuid7(two, noise_two)


def test_all_74_random_bits_count() -> None:
    made = {uuid7(1, (1 << bit).to_bytes(10)) for bit in range(74)}
    assert len(made) == 74


@pytest.mark.parametrize(("now_ms", "size"), [(-1, 10), (2**48, 10), (0, 9), (0, 11)])
def test_bounds(now_ms: int, size: int) -> None:
    with pytest.raises(InvalidInputError):
        uuid7(now_ms, bytes(size))
