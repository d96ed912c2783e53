"""Charts show the same values as the tables beside them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from carecode.web.charts import SPARK_HEIGHT, SPARK_WIDTH, grid, spark, trend_of
from carecode.web.summary import Result, Value

amounts = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False).map(lambda x: round(x, 3))


def result(values: list[str], low: str | None = None, high: str | None = None) -> Result:
    series = tuple(
        Value(x, Decimal(x), datetime(2020 + i, 1, 1, tzinfo=UTC), "County Hospital 2") for i, x in enumerate(values)
    )
    return Result(
        "k", "HbA1c", "%", Decimal(low) if low else None, Decimal(high) if high else None, "", "", False, series
    )


@given(st.lists(amounts, min_size=1, max_size=12))
def test_a_grid_encloses_its_values_in_few_round_lines(values: list[float]) -> None:
    lines = grid(values)
    assert lines[0] <= min(values) <= max(values) <= lines[-1]
    assert 2 <= len(lines) <= 8


@given(st.lists(amounts, max_size=12))
def test_a_spark_stays_in_its_box(values: list[float]) -> None:
    assert all(0 <= x <= SPARK_WIDTH and 0 <= y <= SPARK_HEIGHT for x, y in spark(values))


def test_a_trend_labels_each_point_as_written_and_bands_the_usual_range() -> None:
    trend = trend_of(result(["7.90", "6.6", "7.1"], "4.0", "6.0"))
    assert trend is not None
    assert [x.label for x in trend.points] == ["7.90", "6.6", "7.1"]
    assert trend.band_top is not None
    assert trend.band_bottom is not None
    assert trend.band_top < trend.band_bottom
    assert all(x.y < trend.band_top for x in trend.points)  # all three lie above the range


def test_one_value_is_no_trend() -> None:
    assert trend_of(result(["7.1"])) is None
