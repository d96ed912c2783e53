"""Stored bodies come back byte for byte, and nowhere else."""

from __future__ import annotations

import hashlib
import random
import secrets
from uuid import UUID

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from carecode.crypto.canonical import compact
from carecode.kernel.errors import CorruptError, InvalidInputError
from carecode.kernel.vocabulary import RecordKey
from carecode.record import codec as codec_module
from carecode.record.codec import Codec, shipped_dictionaries

CODEC = Codec(shipped_dictionaries(), secrets.token_bytes)
HER, OTHER = RecordKey(UUID(int=1)), RecordKey(UUID(int=2))
DEK = bytes(range(32))
ID = UUID("0190a3c4-0000-7000-8000-000000000001")
BODY = (
    '{"resourceType":"Observation","id":"1","valueQuantity":{"value":1.50,"unit":"mmol/L"},'
    '"component":[{"valueQuantity":{"value":1E2}}],"code":{"text":"葡萄糖（空腹）"}}'
).encode()

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["1.50", "1E2", "0.10", "-3.0e-7", "120000000000000000000.0"]).map(lambda n: f"\0number {n}")
    | st.text(alphabet="高血压药片一二三", max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def written(value: object) -> str:
    """Write JSON by hand, so that numbers keep the digits that were drawn."""
    match value:
        case str() if value.startswith("\0number "):
            return value.removeprefix("\0number ")
        case str():
            return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 32 or c in '"\\' else c for c in value) + '"'
        case list():
            return "[" + ",".join(map(written, value)) + "]"
        case dict():
            return "{" + ",".join(f"{written(k)}:{written(v)}" for k, v in value.items()) + "}"
        case bool() | None:
            return "null" if value is None else str(value).lower()
        case _:
            return str(value)


@given(json_values)
def test_any_json_comes_back_byte_for_byte(value: object) -> None:
    body = compact(written(value).encode("utf-8", "replace"))
    stored = CODEC.encode(HER, DEK, ID, 1, body)
    assert CODEC.decode(HER, DEK, ID, 1, stored) == body


@given(st.binary(max_size=5000))
def test_any_bytes_come_back(body: bytes) -> None:
    assert CODEC.decode(HER, DEK, ID, 7, CODEC.encode(HER, DEK, ID, 7, body)) == body


def test_written_decimals_and_chinese_survive() -> None:
    opened = CODEC.decode(HER, DEK, ID, 1, CODEC.encode(HER, DEK, ID, 1, BODY))
    assert opened == BODY
    assert b"1.50" in opened
    assert b"1E2" in opened


@pytest.mark.parametrize("place", range(len(CODEC.encode(HER, DEK, ID, 1, BODY))))
def test_a_changed_byte_is_corrupt(place: int) -> None:
    stored = bytearray(CODEC.encode(HER, DEK, ID, 1, BODY))
    stored[place] ^= 1
    with pytest.raises(CorruptError):
        CODEC.decode(HER, DEK, ID, 1, bytes(stored))


@pytest.mark.parametrize("length", [0, 1, 12, 28, 29, 60])
def test_a_cut_body_is_corrupt(length: int) -> None:
    with pytest.raises(CorruptError):
        CODEC.decode(HER, DEK, ID, 1, CODEC.encode(HER, DEK, ID, 1, BODY)[:length])


@pytest.mark.parametrize(
    ("key", "dek", "resource_id", "version"),
    [
        (OTHER, DEK, ID, 1),
        (HER, bytes(32), ID, 1),
        (HER, DEK, UUID(int=ID.int + 1), 1),
        (HER, DEK, ID, 2),
    ],
    ids=["another resident", "another key", "another resource", "another version"],
)
def test_a_body_opens_in_its_own_place_only(key: RecordKey, dek: bytes, resource_id: UUID, version: int) -> None:
    stored = CODEC.encode(HER, DEK, ID, 1, BODY)
    assert CODEC.decode(HER, DEK, ID, 1, stored) == BODY
    with pytest.raises(CorruptError):
        CODEC.decode(key, dek, resource_id, version, stored)


def test_equal_bodies_are_stored_differently() -> None:
    first, second = CODEC.encode_all(HER, DEK, [(ID, BODY), (ID, BODY)])
    assert first != second
    assert first[1:13] != second[1:13]


def test_a_body_above_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_module, "BODY_BYTES_MAX", 100)
    assert CODEC.encode(HER, DEK, ID, 1, bytes(100))
    with pytest.raises(InvalidInputError) as refused:
        CODEC.encode(HER, DEK, ID, 1, bytes(101))
    assert refused.value.code == "body-too-large"


# The dictionaries


def test_the_shipped_dictionary_is_the_one_that_stored_bodies_need() -> None:
    digests = {number: hashlib.sha256(data).hexdigest() for number, data in shipped_dictionaries().items()}
    assert digests == {1: "0b699590343fc7430db3fb38ee6ed34c4762d1837ba0644a972e0ea72703ca8d"}
    assert all(64_000 < len(data) < 110_000 for data in shipped_dictionaries().values())


def test_a_body_says_which_dictionary_it_needs() -> None:
    assert CODEC.encode(HER, DEK, ID, 1, BODY)[0] == 1


def test_a_newer_dictionary_still_opens_older_bodies() -> None:
    old = CODEC.encode(HER, DEK, ID, 1, BODY)
    newer = Codec({**shipped_dictionaries(), 2: invented_dictionary()}, secrets.token_bytes)
    new = newer.encode(HER, DEK, ID, 1, BODY)
    assert new[0] == 2
    assert newer.decode(HER, DEK, ID, 1, old) == newer.decode(HER, DEK, ID, 1, new) == BODY
    with pytest.raises(CorruptError):
        CODEC.decode(HER, DEK, ID, 1, new)


def test_a_dictionary_swapped_under_its_number_is_noticed() -> None:
    stored = CODEC.encode(HER, DEK, ID, 1, BODY * 3)
    swapped = Codec({1: invented_dictionary()}, secrets.token_bytes)
    try:
        opened = swapped.decode(HER, DEK, ID, 1, stored)
    except CorruptError:
        return
    assert opened != BODY * 3, "the body did not need its dictionary: this test shows nothing"


def invented_dictionary() -> bytes:
    """Train on words no resource has."""
    dice = random.Random(1)
    words = [bytes(dice.choices(range(256), k=12)) for _ in range(300)]
    samples: list[bytes | bytearray | memoryview] = [b"".join(dice.choices(words, k=40)) for _ in range(2000)]
    return zstandard.train_dictionary(8_000, samples).as_bytes()


def test_the_dictionary_leaves_a_third_of_a_small_resource() -> None:
    body = (
        '{"resourceType":"Observation","id":"0190a3c4-1111-7000-8000-000000000001","meta":{"versionId":"1",'
        '"lastUpdated":"2026-01-02T03:04:05.000Z"},"status":"final","category":[{"coding":[{"system":'
        '"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"coding":'
        '[{"system":"http://loinc.org","code":"1988-5","display":"C reactive protein"}],"text":"C反应蛋白"},'
        '"subject":{"reference":"Patient/00000000-carecode-her-id-0000000"},'
        '"effectiveDateTime":"2026-01-02T09:00:00+08:00","valueQuantity":{"value":3.10,"unit":"mg/L",'
        '"system":"http://unitsofmeasure.org","code":"mg/L"}}'
    ).encode()
    assert len(CODEC.encode(HER, DEK, ID, 1, body)) < len(body) / 2
