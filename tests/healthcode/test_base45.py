"""Base45 as RFC 9285 has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.healthcode import base45
from carecode.kernel.errors import InvalidInputError


# RFC 9285, 4.3 and 4.4
@pytest.mark.parametrize(
    ("plain", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0"), (b"", "")],
)
def test_the_examples_of_the_standard(plain: bytes, text: str) -> None:
    assert base45.encode(plain) == text
    assert base45.decode(text) == plain


@given(data=st.binary(max_size=120))
def test_what_is_written_is_read(data: bytes) -> None:
    text = base45.encode(data)
    assert set(text) <= set(base45.ALPHABET)
    assert len(text) == len(data) // 2 * 3 + len(data) % 2 * 2
    assert base45.decode(text) == data


@given(text=st.text(alphabet=base45.ALPHABET, max_size=30))
def test_every_text_is_refused_or_is_the_only_spelling_of_its_bytes(text: str) -> None:
    try:
        data = base45.decode(text)
    except InvalidInputError:
        return
    assert base45.encode(data) == text


# RFC 9285, 6: groups above their range, a single character, characters outside the alphabet
@pytest.mark.parametrize(
    "text", ["GGW", ":::", "BB8GGW", "GGWBB8", "::", "V5", "A", "BB8A", "bb8", "B_8", "BB\u0662", "\xe9BB"]
)
def test_what_no_bytes_encode_to_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        base45.decode(text)


def test_the_largest_groups_are_read() -> None:
    assert base45.decode("FGW") == b"\xff\xff"
    assert base45.decode("FGW" * 40) == b"\xff" * 80
    assert base45.decode("U5") == b"\xff"
