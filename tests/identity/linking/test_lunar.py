from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking.dates import fold_birth
from carecode.identity.linking.features import Features, Precision
from carecode.identity.linking.levels import Born, compare
from carecode.identity.linking.lunar import lunar_of, unmarked

FIRST = date(1901, 3, 1)


@pytest.mark.parametrize(
    ("solar", "lunar"),
    [
        ("19500217", "19500101"),  # New Year
        ("19500216", "19491230"),  # the day before, of the year before
        ("20230321", "20230230"),  # a thirtieth of February
        ("20230322", "20230201"),  # the first of the second, leap, month
        ("20230420", "20230301"),
        ("20231301", ""),
        ("20230231", ""),
        ("1950", ""),
    ],
)
def test_the_lunar_date_of_a_day(solar: str, lunar: str) -> None:
    assert lunar_of(solar) == lunar


@given(st.integers(0, 44_000))
def test_every_day_is_found_again_and_reads_back(days: int) -> None:
    solar = (FIRST + timedelta(days=days)).strftime("%Y%m%d")
    lunar = lunar_of(solar)
    assert unmarked(solar, lunar)
    assert unmarked(lunar, solar)
    marked = fold_birth(f"农历{lunar[:4]}-{lunar[4:6]}-{lunar[6:]}").born_lunar
    assert marked == solar or lunar_of(marked) == lunar  # a leap month and the one before are written alike


@given(st.dates(FIRST, date(2026, 1, 1)), st.dates(FIRST, date(2026, 1, 1)))
def test_only_the_lunar_date_will_do(one: date, other: date) -> None:
    a, b = one.strftime("%Y%m%d"), other.strftime("%Y%m%d")
    assert unmarked(a, b) == (lunar_of(a) == b or lunar_of(b) == a)


def test_what_is_no_date_is_no_lunar_one() -> None:
    assert not unmarked("", "19500217")
    assert not unmarked("1950", "195001")


def test_an_unmarked_lunar_date_is_its_own_level() -> None:
    one = Features(born="19500315", born_precision=Precision.DAY)
    other = Features(born="19500127", born_precision=Precision.DAY)
    assert compare(one, Features(born="19500126", born_precision=Precision.DAY)).born is Born.YEAR
    assert compare(one, other).born is Born.LUNAR
    assert compare(other, one).born is Born.LUNAR
