"""A statistic finds nobody, however often and however cleverly it is asked.

What is published has noise in it and is drawn once: asking again gives the same bytes.  Whoever knows everybody else
cannot tell from it whether she was there.  What was counted is forgotten with its week; no row about a person exists.

Answers: M21
Proved in detail by: tests/statistics/test_counts.py, tests/statistics/test_mechanisms.py,
tests/statistics/test_releases.py
Not answered: what a true statement about everybody says of each.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from carecode.kernel.errors import CareCodeError
from carecode.kernel.vocabulary import Counted
from carecode.statistics.releases import RELEASES, window_of
from carecode.store.database import Target
from tests.conftest import demand_superuser
from tests.promises.quarter import Quarter, rows

STATISTIC = "visits_this_week"
WEEK = date(2026, 11, 9)
AFTER = datetime(2026, 11, 16, tzinfo=UTC)


def visit(day: date) -> dict[str, object]:
    return {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": {"reference": "urn:uuid:patient"},
        "period": {"start": day.isoformat(), "end": day.isoformat()},
    }


async def test_her_visit_becomes_a_number_that_changes_every_week(quarter: Quarter, target: Target) -> None:
    await demand_superuser(target)
    her = await quarter.resident("XA000001")
    await quarter.deposit("county-2", "XA000001", visit(quarter.now.date()))
    kept = [line for table, lines in (await rows(target)).items() if table.startswith("statistics.") for line in lines]
    ours = [str(her.id), str(her.keys[0]), quarter.house.gate.patient_id(quarter.staff["county-2/doctor"], her)]
    assert not [line for line in kept for one in ours if one in line or one.replace("-", "") in line]
    quarter.clock.forward(days=7)
    await quarter.deposit("county-2", "XA000001", visit(quarter.now.date()))
    tokens = (await rows(target))["statistics.token"]
    assert len(tokens) == 2
    assert len({line.split(",")[0] for line in tokens}) == 2, "of two weeks she has two numbers"


async def test_a_release_is_drawn_once(quarter: Quarter) -> None:
    await fill(quarter, 3)
    first = await quarter.house.counts.release(STATISTIC, WEEK, AFTER)
    assert await quarter.house.counts.release(STATISTIC, WEEK, AFTER + timedelta(days=1)) == first
    spent = (await quarter.house.counts.budget(WEEK)).week_spent
    await quarter.house.counts.release(STATISTIC, WEEK, AFTER)
    assert (await quarter.house.counts.budget(WEEK)).week_spent == spent


async def test_after_the_release_nobody_can_count_again(quarter: Quarter, target: Target) -> None:
    await demand_superuser(target)
    await fill(quarter, 3)
    assert [line for line in (await rows(target))["statistics.token"] if "2026-11-09" in line], "the control"
    await quarter.house.counts.release_due(AFTER)
    await quarter.house.counts.close_window(WEEK)
    assert not [line for line in (await rows(target))["statistics.token"] if "2026-11-09" in line]


async def fill(quarter: Quarter, people: int) -> None:
    cell = next(iter(RELEASES[STATISTIC].cells()))
    await quarter.house.counts.count_all([Counted(cell, bytes([place] * 32), WEEK) for place in range(people)])


async def test_the_rooms_own_password_reads_no_contribution(quarter: Quarter) -> None:
    await fill(quarter, 3)
    async with quarter.house.database.connection("statistics") as connection:
        for table in ("token", "release"):
            with pytest.raises(asyncpg.PostgresError):
                await connection.fetch(f"SELECT * FROM statistics.{table}")  # noqa: S608


async def test_no_week_is_told_before_it_is_over_and_no_other_statistic(quarter: Quarter) -> None:
    with pytest.raises(CareCodeError):
        await quarter.house.counts.release(STATISTIC, window_of(quarter.now.date()), quarter.now)
    with pytest.raises(CareCodeError):
        await quarter.house.counts.release("visits_of_one_person", WEEK, AFTER)
