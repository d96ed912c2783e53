"""The rows of the kinds: a new one is one row, and no two rows claim one number."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity import identifiers
from carecode.identity.identifiers import Kind, parse
from carecode.identity.kinds import KINDS, LEVEL_DOCUMENT, LEVEL_LOCAL, PASSPORT_SYSTEM
from carecode.kernel.vocabulary import Purpose

SAMPLES = {name: st.from_regex(kind.pattern, fullmatch=True) for name, kind in KINDS.items() if kind.own_only}
TABLE_0203 = {"NI", "PRC", "PPN", "MI", "U", "DL", "BCT", "HC", "NH"}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_row_is_whole(name: str) -> None:
    row = KINDS[name]
    assert re.fullmatch(r"[a-z0-9-]+", name)
    assert urlsplit(row.system).scheme in {"urn", "http"}
    assert row.hl7_type in TABLE_0203
    assert LEVEL_LOCAL <= row.level <= LEVEL_DOCUMENT
    assert row.shape.endswith(".")
    assert not row.label.endswith(".")
    assert set(row.also) <= set(KINDS) - {name}


def test_only_a_payer_is_shown_an_insurance_number() -> None:
    assert {name: row.shown_to for name, row in KINDS.items() if row.shown_to is not None} == {
        "insurance": frozenset({Purpose.HPAYMT})
    }


@pytest.mark.parametrize("name", sorted(SAMPLES))
@given(data=st.data())
def test_whatever_a_row_matches_has_one_meaning(name: str, data: st.DataObject) -> None:
    number = parse(name, data.draw(SAMPLES[name]))
    assert number.kind is not None
    assert number.kind == name
    assert parse(number.system, number.value) == number
    # what is looked up is a fixed point: the canonical form names itself
    assert parse(number.system, number.canonical).canonical == number.canonical


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_rows_that_share_a_system_never_claim_the_same_number(name: str, data: st.DataObject) -> None:
    value = data.draw(SAMPLES[name])
    system = KINDS[name].system
    claims = [other for other, row in KINDS.items() if row.system == system and row.pattern.fullmatch(value)]
    assert claims == [name]


def test_one_row_is_all_that_a_new_kind_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Kind(
        system="urn:carecode:id:seafarer",
        hl7_type="PPN",
        label="Seafarer's book",
        pattern=re.compile(r"S[0-9]{6}"),
        shape="A seafarer's book has S and 6 digits.",
        level=LEVEL_DOCUMENT,
        source="ILO C185",
        also=("citizen-id",),
    )
    monkeypatch.setitem(KINDS, "seafarer", row)
    monkeypatch.setattr(identifiers, "_FAMILIES", identifiers._families())
    assert parse("seafarer", "s 000 123").canonical == "S000123"
    assert parse(row.system, "S000123").kind == "seafarer"
    assert parse("seafarer", "1").warnings == (row.shape,)
    assert parse("seafarer", "11010519491231002X").kind == "citizen-id"
    assert parse("passport", "E12345678").system == PASSPORT_SYSTEM + "CHN"


def test_a_row_cannot_be_changed_in_passing() -> None:
    with pytest.raises(AttributeError):
        KINDS["passport"].level = 0  # type: ignore[misc]
    assert replace(KINDS["passport"], level=LEVEL_LOCAL).level == LEVEL_LOCAL
