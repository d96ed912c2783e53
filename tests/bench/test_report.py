from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import gate, start
from bench.report import Pair, quantile, report, row_of, table

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"row", "value", "unit", "denominator", "ratio", "hold", "holds"}


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_code_bench_prints_one_object_and_its_exit_code_says_whether_all_holds() -> None:
    done = run("code", "--quick", "--json")
    assert done.stdout.count("\n") == 1
    result = json.loads(done.stdout)
    assert result["bench"] == "code"
    assert result["quick"] is True
    assert set(result["machine"]) == {"cores", "memory_bytes", "python", "postgres"}
    assert result["machine"]["memory_bytes"] > result["machine"]["cores"] > 0
    assert [row["row"] for row in result["rows"]] == ["verify", "size"]
    assert all(row.keys() >= KEYS for row in result["rows"])
    assert done.returncode == (0 if all(row["holds"] for row in result["rows"]) else 1)
    assert not done.stderr  # no terminal, no progress


def test_a_bench_that_is_not_there_is_named() -> None:
    done = run("speed")
    assert done.returncode == 2
    assert "speed" in done.stderr


def test_a_row_takes_the_median_of_the_pairs_ratios() -> None:
    pairs = [Pair(10, 100), Pair(30, 100), Pair(50, 1000)]
    row = row_of("some", "things per second", pairs, 0.1, notes="a note")
    assert row.keys() >= KEYS
    assert (row["value"], row["denominator"], row["ratio"], row["spread"]) == (30, 100, 0.1, [0.05, 0.3])
    assert row["holds"]
    assert not row_of("some", "things per second", pairs, 0.2)["holds"]


def test_the_table_shows_each_row_and_what_does_not_hold() -> None:
    row = row_of("some", "things per second", [Pair(1, 10)], 0.2, notes="beside others")
    shown = table(report("gate", [row], quick=False))
    assert "things per second" in shown
    assert "NO" in shown.split()
    assert "some: beside others" in shown


@pytest.mark.parametrize(("part", "value"), [(0.0, 1), (0.5, 5), (0.95, 10), (1.0, 10)])
def test_quantiles_are_values_that_were_measured(part: float, value: float) -> None:
    assert quantile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], part) == value


def test_the_area_under_the_curve_counts_every_pair() -> None:
    order = random.Random(1)
    above = [order.randint(0, 20) / 10 for _ in range(60)]
    below = [order.randint(0, 15) / 10 for _ in range(40)]
    wins = sum((a > b) + 0.5 * (a == b) for a in above for b in below)
    assert gate.auc(above, below) == pytest.approx(wins / (60 * 40))


def test_equal_times_do_not_tell_a_refusal_from_an_absence_and_longer_ones_do() -> None:
    order = random.Random(2)
    times = [order.random() for _ in range(2000)]
    assert gate.absence_row(times[:1000], times[1000:])["holds"]
    longer: dict[str, Any] = gate.absence_row([time + 0.2 for time in times[:1000]], times[1000:])
    assert not longer["holds"]
    assert longer["value"] == pytest.approx(
        gate.absence_row(times[1000:], [time + 0.2 for time in times[:1000]])["value"]
    )


def test_the_stopwatch_waits_for_the_line_and_ends_the_program() -> None:
    late = (
        "import time; time.sleep(0.3); print('Open somewhere'); print('CareCode is ready', flush=True); time.sleep(60)"
    )
    assert 0.3 < start.seconds_to_ready([sys.executable, "-c", late]) < 20
    with pytest.raises(AssertionError, match="before it was ready"):
        start.seconds_to_ready([sys.executable, "-c", "print('no')"])
    row = start.warm_row([1.0, 6.0, 2.0], start.QUICK)
    assert row.keys() >= KEYS
    assert (row["value"], row["holds"], row["ratio"]) == (2.0, True, None)
    assert not start.warm_row([6.0], start.QUICK)["holds"]
