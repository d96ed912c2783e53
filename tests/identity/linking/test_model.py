from __future__ import annotations

import json
from collections.abc import Callable
from math import log2
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking import model as module
from carecode.identity.linking.levels import BY_NAME, FIELDS, Levels
from carecode.identity.linking.model import Model, load, shipped
from carecode.kernel.errors import InvalidInputError

SHIPPED = shipped()


def any_levels() -> st.SearchStrategy[Levels]:
    return st.tuples(*(st.sampled_from(list(levels)) for levels in FIELDS.values())).map(lambda one: Levels(*one))


def test_the_shipped_model_is_loaded_as_written() -> None:
    assert load(SHIPPED.canonical()) == SHIPPED
    assert load(SHIPPED.canonical()).version == SHIPPED.version
    assert len(SHIPPED.version) == 64


@given(any_levels(), st.floats(1e-7, 1.0))
def test_bits_are_what_the_json_alone_says(levels: Levels, share: float) -> None:
    plain = json.loads(SHIPPED.canonical())
    terms = dict.fromkeys(("name", "pinyin", "born", "given_pinyin"), share)
    expected = log2(plain["prior"] / (1 - plain["prior"]))
    for field, level in zip(plain["fields"], levels, strict=True):
        if level:
            row = field["levels"][level - 1]
            expected += log2(row["m"] / row["u"])
            if row.get("terms"):
                expected += row.get("weight", 1.0) * log2(row["base"] / max(share, row.get("floor", 0.0)))
    score = SHIPPED.score(levels, terms)
    assert score.total == pytest.approx(expected, abs=1e-9)
    assert score.total == pytest.approx(SHIPPED.prior_bits + sum(score.bits), abs=1e-9)


@given(any_levels())
def test_what_was_not_compared_weighs_nothing(levels: Levels) -> None:
    score = SHIPPED.score(levels, {})
    assert all(bits == 0.0 for bits, level in zip(score.bits, levels, strict=True) if not level)


@given(any_levels(), st.sampled_from(list(FIELDS)))
def test_full_agreement_never_weighs_less_than_disagreement(levels: Levels, field: str) -> None:
    place = list(FIELDS).index(field)
    best, worst = list(levels), list(levels)
    best[place], worst[place] = list(FIELDS[field])[1], list(FIELDS[field])[-1]
    assert SHIPPED.score(Levels._make(best), {}).total > SHIPPED.score(Levels._make(worst), {}).total


def test_rare_values_weigh_more() -> None:
    levels = Levels._make(list(one)[1] for one in FIELDS.values())
    assert "name" in SHIPPED.columns(levels)
    totals = [SHIPPED.score(levels, {"name": share}).total for share in (1e-1, 1e-2, 1e-3, 1e-4)]
    assert totals == sorted(totals)
    assert len(set(totals)) == 4


@given(st.sampled_from(list(FIELDS)), st.floats(0.01, 0.5), st.floats(0.01, 0.5))
def test_bits_rise_with_m_and_fall_with_u(field: str, low: float, high: float) -> None:
    low, high = sorted((low, high))

    def bits(name: str, value: float) -> float:
        plain = json.loads(SHIPPED.canonical())
        row = plain["fields"][list(FIELDS).index(field)]["levels"]
        for other in row:
            other[name] = 1e-6
        row[0][name] = value
        changed = load(json.dumps(plain).encode())
        place = list(FIELDS).index(field)
        levels = [0] * len(FIELDS)
        levels[place] = 1
        return changed.score(Levels._make(levels), {}).bits[place]

    assert bits("m", low) <= bits("m", high)
    assert bits("u", low) >= bits("u", high)


def test_any_change_is_another_version() -> None:
    assert msgspec.structs.replace(SHIPPED, prior=SHIPPED.prior / 2).version != SHIPPED.version


def at(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:  # noqa: ANN401
    def change(plain: dict[str, Any]) -> None:
        place: Any = plain
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (at("format", value="carecode-linking-0"), "format is not"),
        (at("prior", value=0), "prior"),
        (at("prior", value=1), "prior"),
        (at("prior", value="often"), r"\$.prior"),
        (at("thresholds", "review", value=99), "thresholds.auto is not above"),
        (at("fields", value=[]), "fields are not number, other"),
        (at("fields", 0, "field", value="shoe size"), "fields are not"),
        (at("fields", 3, "levels", value=[]), "fields.born.levels are not exact, swapped"),
        (at("fields", 3, "levels", 0, "level", value="swapped"), "fields.born.levels"),
        (at("fields", 0, "levels", 0, "m", value=0), "fields.number.exact.m"),
        (at("fields", 0, "levels", 0, "m", value=-0.5), "fields.number.exact.m"),
        (at("fields", 0, "levels", 0, "u", value=0), "fields.number.exact.u"),
        (at("fields", 0, "levels", 0, "u", value=1.5), "fields.number.exact.u"),
        (at("fields", 4, "levels", 1, "m", value=1.0), "fields.sex.m add up"),
        (at("fields", 2, "levels", 0, "terms", value="clinic"), "fields.name.exact.terms"),
        (at("fields", 2, "levels", 0, "base", value=0), "fields.name.exact.base"),
        (at("fields", 2, "levels", 0, "weight", value=2), "fields.name.exact.weight"),
        (at("fields", 2, "levels", 0, "floor", value=-1), "fields.name.exact.floor"),
        (at("fields", 2, "levels", 0, "colour", value=1), "colour"),
        (at("remark", value="mine"), "remark"),
    ],
)
def test_a_broken_model_is_refused_in_words(change: Callable[[dict[str, Any]], None], words: str) -> None:
    plain = json.loads(SHIPPED.canonical())
    change(plain)
    with pytest.raises(InvalidInputError, match=words) as refused:
        load(json.dumps(plain).encode())
    assert refused.value.code == "linking-model-invalid"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b'{"name":"\xff"}', b"null", b" " * 200_000])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInputError, match="The linking model cannot be used"):
        load(data)


def test_infinite_and_missing_numbers_are_refused() -> None:
    for broken in (b"NaN", b"Infinity", b"1e999", b"null"):
        data = SHIPPED.canonical().replace(b'"prior":' + json.dumps(SHIPPED.prior).encode(), b'"prior":' + broken)
        with pytest.raises(InvalidInputError):
            load(data)


def test_levels_of_the_model_are_the_levels_compared() -> None:
    for field in SHIPPED.fields:
        assert [level.level for level in field.levels] == list(BY_NAME[field.field])[1:]
    assert isinstance(SHIPPED, Model)
    assert SHIPPED.format == module.FORMAT
