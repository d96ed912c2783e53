from __future__ import annotations

import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.crypto import canonical
from carecode.exchange.refusals import SentRefusedError
from carecode.exchange.wellformed import (
    BYTES_MAX,
    DEPTH_MAX,
    check_numbers,
    check_once,
    check_values,
    clean,
    may_be_empty,
    may_be_odd,
)

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(value=values, ascii_only=st.booleans(), indent=st.sampled_from([None, 1, "\t"]))
def test_cleaning_keeps_every_value(*, value: object, ascii_only: bool, indent: int | str | None) -> None:
    cleaned = clean(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode())
    assert json.loads(cleaned) == value
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("number", ["1.50", "1E2", "0.00010", "-7.0", "12345678901234567890.10"])
def test_written_numbers_keep_their_digits(number: str) -> None:
    assert clean(f'{{ "value" : {number} }}'.encode()) == f'{{"value":{number}}}'.encode()


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (rb'"http:\/\/loinc.org"', b'"http://loinc.org"'),
        (rb'{"\u0072eference":"\u0050atient\/1"}', b'{"reference":"Patient/1"}'),
        (rb'"\ud83d\ude00"', '"😀"'.encode()),
        (rb'"a\\u0041"', rb'"a\\u0041"'),  # an escaped backslash, then plain letters
        (rb'"a\\\u0041"', rb'"a\\A"'),
        (rb'"\u0022\u003a"', rb'"\":"'),
        (rb'"\n\t"', rb'"\n\t"'),
        (b"\xef\xbb\xbf[1]", b"[1]"),
    ],
)
def test_escapes_get_one_spelling(sent: bytes, kept: bytes) -> None:
    assert clean(sent) == kept


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b"", "json-malformed"),
        (b"{", "json-malformed"),
        (b'{"a":1,}', "json-malformed"),
        (b"{'a':1}", "json-malformed"),
        (b'{"a":01}', "json-malformed"),
        (b'{"a":NaN}', "json-malformed"),
        (b'{"a":1} {"b":2}', "json-malformed"),
        (b'{"a":"\xff"}', "json-malformed"),
        (b'{"a":"\n"}', "json-malformed"),
        (rb'{"a":"\ud800"}', "json-malformed"),
        (rb'{"a":"\q"}', "json-malformed"),
        ('{"a":1}'.encode("utf-16"), "json-malformed"),
        (b"[" * (DEPTH_MAX + 1) + b"1" + b"]" * (DEPTH_MAX + 1), "too-deep"),
        (b"[" * 100_000 + b"]" * 100_000, "too-deep"),
        (b" " * (BYTES_MAX + 1), "too-large"),
    ],
    ids=range(15),
)
def test_what_is_not_bounded_json_is_refused(sent: bytes, code: str) -> None:
    with pytest.raises(SentRefusedError) as refusal:
        clean(sent)
    assert refusal.value.code == code


def test_the_deepest_that_is_allowed_is_allowed() -> None:
    sent = b"[" * DEPTH_MAX + b"1" + b"]" * DEPTH_MAX
    assert clean(sent) == sent


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        (b'{"a":{}}', "a"),
        (b'{"a":[]}', "a"),
        (b'{"a":""}', "a"),
        (b'{"a":null}', "a"),
        (b'{"a":[{"b":[""]}]}', "a[0].b[0]"),
        (b'{"a":[1,{}]}', "a[1]"),
        (b'{"a":["x",null]}', "a"),
        (b'{"a":[null],"_a":[{"id":"1"}]}', "a"),
        (b'{"":1}', "?"),
        (b'{"a b":{}}', "?"),
    ],
)
def test_empty_values_are_refused_with_their_path(sent: bytes, path: str) -> None:
    assert may_be_empty(sent)
    with pytest.raises(SentRefusedError) as refusal:
        check_values(canonical.decode(sent))
    assert refusal.value.expression == path


@pytest.mark.parametrize(
    "sent",
    [
        b'{"a":["x",null],"_a":[null,{"id":"1"}]}',
        b'{"div":"[] {} null \\"\\""}',
        b'{"a":0,"b":false,"c":0.0}',
    ],
)
def test_what_only_looks_empty_is_taken(sent: bytes) -> None:
    check_values(canonical.decode(sent))


@given(values)
def test_no_single_property_is_taken_for_two(value: object) -> None:
    cleaned = clean(json.dumps(value).encode())
    check_once(cleaned, canonical.decode(cleaned))


@pytest.mark.parametrize(
    "sent",
    [b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'[{"c":"\\":"},{"x":1,"x":"y"}]', rb'{"a":1,"\u0061":2}'],
)
def test_a_property_that_stands_twice_is_refused(sent: bytes) -> None:
    cleaned = clean(sent)
    with pytest.raises(SentRefusedError, match="twice"):
        check_once(cleaned, canonical.decode(cleaned))


@pytest.mark.parametrize("text", [rb"a\u0000b", rb"\u001f", rb"x\\\u0007"])
def test_control_characters_are_refused(text: bytes) -> None:
    with pytest.raises(SentRefusedError, match="control character"):
        clean(b'{"note":"' + text + b'"}')


@pytest.mark.parametrize("text", [rb"a\tb\nc\r", rb"\u0009", rb"a\\u0000", rb"\u6797"])
def test_other_escapes_are_kept(text: bytes) -> None:
    assert json.loads(clean(b'{"note":"' + text + b'"}')) == json.loads(b'{"note":"' + text + b'"}')


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_is_refused_or_every_reader_can_hold_it(number: Decimal | int) -> None:
    body = canonical.encode({"value": [number]})
    decoded = canonical.decode(body)
    if refused_as(decoded) is None:
        assert math.isfinite(float(decoded["value"][0]))
        assert json.loads(body)
    else:
        assert refused_as(decoded) == "number-too-large"
        assert may_be_odd(body)  # else nobody would have looked


def refused_as(decoded: object) -> str | None:
    try:
        check_numbers(decoded)
    except SentRefusedError as error:
        return error.code
    return None


@pytest.mark.parametrize("text", ["4e123", "urn:uuid:0e400", "1" * 40])
def test_a_text_that_looks_like_a_number_is_a_text(text: str) -> None:
    check_numbers({"value": text})
