"""Data keys: one per resident, bound to her, the last ones at hand."""

from __future__ import annotations

import secrets
from uuid import UUID

import pytest

from carecode.kernel.errors import CorruptError
from carecode.kernel.vocabulary import RecordKey
from carecode.record.keys import DataKeys

HER, OTHER = RecordKey(UUID(int=1)), RecordKey(UUID(int=2))


def made(kek: bytes = bytes(32), limit: int = 4) -> DataKeys:
    return DataKeys(kek, secrets.token_bytes, limit)


def test_a_key_opens_for_its_resident_under_its_ring_only() -> None:
    wrapped = made().fresh(HER)
    dek = made().open(HER, wrapped)
    assert len(dek) == 32
    assert dek not in wrapped
    for keys, whose in ((made(), OTHER), (made(b"\1" * 32), HER)):
        with pytest.raises(CorruptError):
            keys.open(whose, wrapped)


def test_two_residents_never_share_a_key() -> None:
    keys = made()
    assert keys.open(HER, keys.fresh(HER)) != keys.open(OTHER, keys.fresh(OTHER))


def test_a_key_is_at_hand_once_opened_and_until_forgotten() -> None:
    keys = made()
    assert keys.held(HER) is None
    dek = keys.open(HER, keys.fresh(HER))
    assert keys.held(HER) == dek
    assert keys.forget(HER) == dek
    assert keys.held(HER) is None
    assert keys.forget(HER) is None


def test_what_is_stored_counts_not_what_is_at_hand() -> None:
    keys = made()
    first = keys.open(HER, keys.fresh(HER))
    second = keys.open(HER, keys.fresh(HER))
    assert first != second
    assert keys.held(HER) == second


def test_the_longest_unused_goes_first() -> None:
    keys = made(limit=2)
    third = RecordKey(UUID(int=3))
    for key in (HER, OTHER):
        keys.open(key, keys.fresh(key))
    keys.held(HER)
    keys.open(third, keys.fresh(third))
    assert keys.held(OTHER) is None
    assert keys.held(HER)
    assert keys.held(third)


def test_keys_do_not_show_themselves() -> None:
    assert repr(made()) == "DataKeys(...)"
