"""JSON keeps what was written."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.crypto import canonical
from carecode.kernel.errors import InvalidInputError

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(value=values)
def test_what_is_written_is_read_with_every_digit(value: object) -> None:
    body = canonical.encode(value)
    assert canonical.encode(canonical.decode(body)) == body
    assert canonical.compact(body) == body
    again = canonical.canonical(value)
    assert canonical.canonical(canonical.decode(again)) == again
    assert canonical.decode(again) == canonical.decode(body)


@given(value=st.dictionaries(st.text(max_size=4), values, max_size=6))
def test_the_order_of_keys_does_not_change_the_canonical_bytes(value: dict[str, object]) -> None:
    assert canonical.canonical(dict(reversed(value.items()))) == canonical.canonical(value)


@pytest.mark.parametrize("number", ["1.50", "0.0", "100", "1.0E+2", "-0.10", "12345678901234567890.123456789"])
def test_a_written_number_keeps_its_digits(number: str) -> None:
    body = f'{{ "value" : {number} }}'.encode()
    assert canonical.compact(body) == f'{{"value":{number}}}'.encode()
    assert canonical.encode(canonical.decode(body)) == f'{{"value":{number}}}'.encode()


def test_compact_leaves_strings_alone() -> None:
    text = 'a  b\n\t"{}" 李梅 \u2028'
    assert json.loads(canonical.compact(json.dumps([text, text], indent=3).encode())) == [text, text]


@pytest.mark.parametrize("body", [b"", b"{", b"{'a':1}", b'"\xff"', b"[" * 100_000, b"NaN", b"01"])
def test_what_is_not_json_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(InvalidInputError, match="not JSON"):
        canonical.compact(body)
    with pytest.raises(InvalidInputError, match="not JSON"):
        canonical.decode(body)


def test_a_number_beyond_all_measure_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        canonical.decode(b"1e99999999999999999999")
    assert canonical.decode(b"1.5") == Decimal("1.5")
