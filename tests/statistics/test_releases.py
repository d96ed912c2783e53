"""The rows of statistics: cells, bounds, prices, and how a release is kept."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.kernel.errors import CorruptError, InvalidInputError, NotFoundError
from carecode.statistics.mechanisms import margin
from carecode.statistics.releases import (
    CELLS_PER_CONTRIBUTOR,
    CELLS_PER_RELEASE_MAX,
    CONFIDENCE,
    RELEASES,
    Released,
    decode,
    encode,
    figures,
    release_of,
    visit_cell,
    window_of,
)

VISITS = RELEASES["visits_this_week"]
days = st.dates(date(1900, 1, 1), date(2999, 12, 31))


def test_no_two_statistics_share_a_cell() -> None:
    cells = [cell for row in RELEASES.values() for cell in row.cells()]
    assert len(set(cells)) == len(cells)
    assert all(len(row.cells()) <= CELLS_PER_RELEASE_MAX for row in RELEASES.values())


def test_no_statistic_assumes_less_than_postgresql_lets_one_resident_do() -> None:
    assert all(row.sensitivity >= CELLS_PER_CONTRIBUTOR for row in RELEASES.values())


@pytest.mark.parametrize("name", list(RELEASES))
def test_a_cell_is_found_again_by_its_codes(name: str) -> None:
    row = RELEASES[name]
    assert {number: row.cell(*codes) for number, codes in row.cells().items()} == {n: n for n in row.cells()}


def test_a_code_that_is_on_no_axis_has_no_cell() -> None:
    with pytest.raises(InvalidInputError):
        VISITS.cell("AMB", "8")


def test_the_cells_of_visits_are_six_kinds_by_seven_days() -> None:
    assert len(VISITS.cells()) == 42


@given(days, st.text(max_size=8))
def test_every_encounter_has_a_cell_with_its_weekday(day: date, encounter_class: str) -> None:
    codes = VISITS.cells()[visit_cell(encounter_class, day)]
    assert codes[1] == str(day.isoweekday())


@pytest.mark.parametrize(
    ("encounter_class", "kind"),
    [("AMB", "AMB"), ("EMER", "EMER"), ("IMP", "IMP"), ("ACUTE", "IMP"), ("VR", "VR"), ("FLD", "OTHER"), ("", "OTHER")],
)
def test_an_encounter_counts_under_its_kind(encounter_class: str, kind: str) -> None:
    assert VISITS.cells()[visit_cell(encounter_class, date(2026, 11, 18))] == (kind, "3")


@given(days)
def test_a_window_is_the_monday_before(day: date) -> None:
    window = window_of(day)
    assert window.isoweekday() == 1
    assert timedelta(0) <= day - window < timedelta(days=7)


@given(st.lists(st.integers(-100, 10_000), min_size=42, max_size=42))
def test_bounds_enclose_the_value_and_nothing_is_below_zero(noisy_counts: list[int]) -> None:
    reach = margin(float(VISITS.epsilon), VISITS.sensitivity, CONFIDENCE)
    for figure, value in zip(figures(VISITS, noisy_counts), noisy_counts, strict=True):
        assert 0 <= figure.low <= figure.value <= figure.high
        # A true count that the raw bounds hold is never lost by cutting off below zero.
        assert all(figure.low <= truth <= figure.high for truth in range(max(0, value - reach), value + reach + 1))


@given(st.lists(st.integers(-100, 10_000), min_size=42, max_size=42), days)
def test_a_release_is_read_as_it_was_written(noisy_counts: list[int], day: date) -> None:
    released = Released(VISITS.name, day, Decimal("1.0"), 3, CONFIDENCE, figures(VISITS, noisy_counts))
    assert decode(encode(released)) == released
    assert encode(decode(encode(released))) == encode(released)


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"name":1}'])
def test_a_damaged_release_is_not_guessed_at(body: bytes) -> None:
    with pytest.raises(CorruptError):
        decode(body)


def test_an_unknown_statistic_is_not_found() -> None:
    with pytest.raises(NotFoundError):
        release_of("incomes", RELEASES)


def test_every_row_has_a_name_to_type_and_words_to_show() -> None:
    for name, row in RELEASES.items():
        assert re.fullmatch(r"[a-z_]{3,40}", name)
        assert row.name == name
        assert row.title
        assert row.title_zh
        assert all(english and chinese for axis in row.axes for english, chinese in axis.codes.values())
