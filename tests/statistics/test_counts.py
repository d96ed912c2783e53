"""Counting, releasing once, paying and forgetting, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest

from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Counted
from carecode.statistics.counts import EVENTS_MAX, Counts
from carecode.statistics.releases import CELLS_PER_CONTRIBUTOR, RELEASES, Released, encode, window_of
from carecode.store.database import ROOMS, Database, Target
from tests.statistics.noise import faults

VISITS = RELEASES["visits_this_week"]
CELLS = list(VISITS.cells())
WEEK = date(2026, 11, 9)
AFTER = datetime(2026, 11, 16, 0, 0, tzinfo=UTC)  # the first moment after WEEK
CLIENTS = 8


def token(number: int, window: date = WEEK) -> bytes:
    return hashlib.sha256(f"{number} {window}".encode()).digest()


def event(number: int, cell: int = CELLS[0], window: date = WEEK) -> Counted:
    return Counted(cell, token(number, window), window)


@pytest.fixture
def counts(database: Database) -> Counts:
    return Counts(database)


async def ask(target: Target, statement: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        rows: list[asyncpg.Record] = await connection.fetch(statement, *arguments)
        return rows
    finally:
        await connection.close()


async def truth(counts: Counts, window: date = WEEK) -> dict[int, int]:
    """Read the exact counts as the mechanism does."""
    async with counts._database.connection("statistics") as connection:
        rows = await connection.fetch(counts._queries["true_counts"], VISITS.name, window, CELLS)
    return {row["cell"]: row["residents"] for row in rows}


async def test_a_cell_counts_each_contributor_once(counts: Counts) -> None:
    assert await counts.count(event(1)) is True
    assert await counts.count(event(1)) is False
    assert await counts.count(event(2)) is True
    found = await truth(counts)
    assert found[CELLS[0]] == 2
    assert list(found) == CELLS  # every cell of the public list, zeros included
    assert sum(found.values()) == 2


async def test_a_contributor_moves_at_most_three_cells_of_a_week(counts: Counts) -> None:
    added = [await counts.count(event(1, cell)) for cell in CELLS[:6]]
    assert added == [True, True, True, False, False, False]
    assert sum((await truth(counts)).values()) == CELLS_PER_CONTRIBUTOR == VISITS.sensitivity
    assert await counts.count(event(1, CELLS[5], window=WEEK + timedelta(days=7))) is True


async def test_the_bound_holds_when_eight_connections_count_her_at_once(counts: Counts) -> None:
    for number in range(10):
        await asyncio.gather(*(counts.count(event(number, cell)) for cell in CELLS[:CLIENTS] * 2))
        assert sum((await truth(counts)).values()) == CELLS_PER_CONTRIBUTOR * (number + 1)


async def test_overlapping_batches_at_once_neither_deadlock_nor_count_twice(counts: Counts) -> None:
    await asyncio.gather(*(truth(counts) for _ in range(CLIENTS)))  # every connection is open before the race
    for turn in range(4):
        window = WEEK - timedelta(weeks=turn)
        batch = [event(number, cell, window) for number in range(300) for cell in CELLS[:3]]
        batches = [batch, batch[::-1]] * (CLIENTS // 2)
        assert sum(await asyncio.gather(*(counts.count_all(each) for each in batches))) == len(batch)
        assert sum((await truth(counts, window)).values()) == len(batch)


async def test_postgresql_itself_holds_the_bound(counts: Counts, target: Target) -> None:
    await counts.count_all([event(1, cell) for cell in CELLS[:3]])
    for slot in (0, 1, 4):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await ask(target, "INSERT INTO statistics.token VALUES ($1, $2, $3, $4)", token(1), WEEK, slot, CELLS[9])


@pytest.mark.parametrize(
    "wrong",
    [
        Counted(7, token(1), WEEK),
        Counted(CELLS[-1] + 1, token(1), WEEK),
        Counted(CELLS[0], b"short", WEEK),
        Counted(CELLS[0], b"x" * 33, WEEK),
        Counted(CELLS[0], token(1), WEEK + timedelta(days=1)),
    ],
)
async def test_what_is_no_event_is_refused_with_its_whole_batch(counts: Counts, wrong: Counted) -> None:
    with pytest.raises(InvalidInputError):
        await counts.count_all([event(2), wrong])
    assert sum((await truth(counts)).values()) == 0


async def test_a_batch_is_bounded(counts: Counts) -> None:
    assert await counts.count_all([]) == 0
    with pytest.raises(InvalidInputError):
        await counts.count_all([event(1)] * (EVENTS_MAX + 1))


async def test_a_release_has_every_cell_with_bounds_and_its_price(counts: Counts) -> None:
    await counts.count_all([event(number) for number in range(500)])
    released = await counts.release("visits_this_week", WEEK, AFTER)
    assert [figure.codes for figure in released.figures] == list(VISITS.cells().values())
    assert (released.epsilon, released.sensitivity, released.confidence) == (Decimal("1.0"), 3, 0.95)
    first = released.figures[0]
    assert abs(first.value - 500) < 150  # exp(-50): never
    assert (first.low, first.high) == (first.value - 9, first.value + 9)


async def test_asking_again_gives_the_same_bytes_and_costs_nothing(counts: Counts, database: Database) -> None:
    await counts.count_all([event(number) for number in range(20)])
    first = await counts.release("visits_this_week", WEEK, AFTER)
    before = await counts.budget(WEEK)
    again = [await counts.release("visits_this_week", WEEK, AFTER + timedelta(days=n)) for n in range(5)]
    again.append(await Counts(database).release("visits_this_week", WEEK, AFTER))
    assert {encode(released) for released in again} == {encode(first)}
    assert await counts.budget(WEEK) == before
    assert before.week_spent == before.year_spent == VISITS.epsilon


async def test_eight_who_ask_first_at_once_see_one_result_and_pay_once(counts: Counts) -> None:
    for turn in range(4):
        window = WEEK - timedelta(weeks=turn)
        await counts.count_all([event(number, window=window) for number in range(20)])
        results = await asyncio.gather(*(counts.release("visits_this_week", window, AFTER) for _ in range(CLIENTS)))
        assert len({encode(released) for released in results}) == 1
        assert (await counts.budget(window)).week_spent == VISITS.epsilon
        assert (await counts.budget(window)).year_spent == VISITS.epsilon * (turn + 1)


async def weeks_of_equal_truth(counts: Counts, weeks: int) -> list[Released]:
    windows = [WEEK - timedelta(weeks=number) for number in range(weeks)]
    for window in windows:
        await counts.count_all([event(number, cell, window) for number in range(40) for cell in CELLS[:3]])
    return [await counts.release("visits_this_week", window, AFTER) for window in windows]


async def test_equal_counts_of_different_weeks_are_released_differently(counts: Counts) -> None:
    released = await weeks_of_equal_truth(counts, 3)
    assert len({released.figures for released in released}) == 3


async def test_the_noise_of_whole_releases_is_calibrated_and_its_absence_would_be_seen(
    counts: Counts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the door and PostgreSQL, in cells whose counts are too large to be cut off at zero."""
    busy = replace(VISITS, axes=VISITS.axes[:1])  # six cells
    own = Counts(counts._database, {busy.name: busy})
    cells = list(busy.cells())

    async def noise_of(first: date) -> list[int]:
        out = []
        for week in range(25):
            window = first - timedelta(weeks=week)
            await own.count_all([event(n, cells[n % 6], window) for n in range(6 * 60)])
            out += [figure.value - 60 for figure in (await own.release(busy.name, window, AFTER)).figures]
        return out

    assert faults(await noise_of(WEEK), 3.0) == []
    monkeypatch.setattr("carecode.statistics.counts.noisy", lambda values, **_: list(values))
    assert faults(await noise_of(WEEK - timedelta(weeks=104)), 3.0) != []


@pytest.mark.parametrize("now", [AFTER - timedelta(microseconds=1), datetime(2026, 11, 11, tzinfo=UTC)])
async def test_a_week_that_is_not_over_is_not_released(counts: Counts, now: datetime) -> None:
    with pytest.raises(ConflictError) as caught:
        await counts.release("visits_this_week", WEEK, now)
    assert caught.value.code == "week-not-over"


async def test_only_named_statistics_of_whole_weeks_are_released(counts: Counts) -> None:
    with pytest.raises(NotFoundError):
        await counts.release("visits_of_someone", WEEK, AFTER)
    with pytest.raises(InvalidInputError):
        await counts.release("visits_this_week", WEEK + timedelta(days=1), AFTER)
    with pytest.raises(InvalidInputError):
        await counts.release("visits_this_week", WEEK, AFTER.replace(tzinfo=None))


async def test_the_tokens_die_with_the_release_and_none_comes_after(counts: Counts, target: Target) -> None:
    later = WEEK + timedelta(days=7)
    await counts.count_all([event(1), event(2), event(1, window=later)])
    await counts.release("visits_this_week", WEEK, AFTER)
    assert await counts.count(event(3)) is False
    left = await ask(target, "SELECT window_start, contributor FROM statistics.token")
    assert [tuple(row) for row in left] == [(later, token(1, later))]


async def test_a_week_is_not_closed_before_all_its_statistics_are_out(database: Database) -> None:
    other = replace(VISITS, name="other_visits", number=2)
    both = Counts(database, {VISITS.name: VISITS, other.name: other})
    await both.count_all([event(1), event(1, next(iter(other.cells())))])
    assert await both.close_window(WEEK) is False
    await both.release(VISITS.name, WEEK, AFTER)
    assert await both.close_window(WEEK) is False
    assert await both.count(event(2)) is True
    await both.release(other.name, WEEK, AFTER)
    assert await both.close_window(WEEK) is True
    assert await both.count(event(3)) is False
    assert (await both.budget(WEEK)).week_spent == 2


async def test_a_statistic_added_later_is_not_made_up_for_a_closed_week(counts: Counts, database: Database) -> None:
    await counts.release("visits_this_week", WEEK, AFTER)
    other = replace(VISITS, name="other_visits", number=2)
    with pytest.raises(ConflictError) as caught:
        await Counts(database, {other.name: other}).release(other.name, WEEK, AFTER)
    assert caught.value.code == "week-closed"
    assert (await counts.budget(WEEK)).week_spent == VISITS.epsilon


async def test_counting_while_a_week_closes_leaves_no_token_behind(counts: Counts, target: Target) -> None:
    for turn in range(5):
        window = WEEK - timedelta(weeks=turn)
        batches = [[event(100 * n + m, window=window) for m in range(20)] for n in range(6)]
        await asyncio.gather(
            *(counts.count_all(batch) for batch in batches), counts.release("visits_this_week", window, AFTER)
        )
        assert await ask(target, "SELECT 1 FROM statistics.token WHERE window_start = $1", window) == []


async def test_due_weeks_are_released_and_forgotten_and_the_running_week_is_not(counts: Counts, target: Target) -> None:
    running = window_of(AFTER.date())
    await counts.count_all([event(1, window=w) for w in (WEEK - timedelta(weeks=1), WEEK, running)])
    out = await counts.release_due(AFTER)
    assert [released.window for released in out] == [WEEK - timedelta(weeks=1), WEEK]
    assert await counts.release_due(AFTER) == []
    left = await ask(target, "SELECT window_start FROM statistics.token")
    assert [row["window_start"] for row in left] == [running]


async def test_tokens_left_by_a_crash_after_the_release_go_with_the_next_run(counts: Counts, target: Target) -> None:
    await counts.count(event(1))
    released = await counts.release("visits_this_week", WEEK, AFTER)
    await ask(target, "DELETE FROM statistics.closed_window")
    await ask(target, "INSERT INTO statistics.token VALUES ($1, $2, 1, $3)", token(1), WEEK, CELLS[0])
    assert await counts.release_due(AFTER) == [released]
    assert await ask(target, "SELECT 1 FROM statistics.token") == []


async def test_a_spent_week_refuses_and_keeps_nothing(counts: Counts, database: Database) -> None:
    dear = {f"dear_{n}": replace(VISITS, name=f"dear_{n}", number=n, epsilon=Decimal("0.8")) for n in (3, 4, 5)}
    doors = Counts(database, dear)
    await doors.release("dear_3", WEEK, AFTER)
    await doors.release("dear_4", WEEK, AFTER)
    for _ in range(2):
        with pytest.raises(RefusedError) as caught:
            await doors.release("dear_5", WEEK, AFTER)
        assert caught.value.code == "privacy-budget-spent"
    budget = await counts.budget(WEEK)
    assert (budget.week_spent, budget.week_cap) == (Decimal("1.6"), Decimal("2.0"))
    assert (await doors.release("dear_3", WEEK, AFTER)).name == "dear_3"  # what is out stays readable


async def test_a_spent_year_refuses_though_the_week_is_unspent(database: Database) -> None:
    dear = replace(VISITS, name="dear", epsilon=Decimal("2.0"))
    doors = Counts(database, {"dear": dear})
    last = date(2026, 12, 28)
    after = datetime(2027, 1, 4, tzinfo=UTC)
    for week in range(30):
        await doors.release("dear", last - timedelta(weeks=week), after)
    with pytest.raises(RefusedError):
        await doors.release("dear", last - timedelta(weeks=30), after)
    assert (await doors.budget(last)).year_spent == Decimal(60)
    await doors.release("dear", last - timedelta(weeks=53), after)  # another year


async def test_the_prices_of_all_statistics_fit_every_week_of_a_year(counts: Counts) -> None:
    budget = await counts.budget(WEEK)
    price = sum(row.epsilon for row in RELEASES.values())
    assert price <= budget.week_cap
    assert price * 53 <= budget.year_cap


async def test_the_ledger_cannot_be_overdrawn_by_whoever_writes_it(counts: Counts, target: Target) -> None:
    await counts.release("visits_this_week", WEEK, AFTER)
    with pytest.raises(asyncpg.CheckViolationError):
        await ask(target, "UPDATE statistics.ledger SET spent = cap + 0.01")


async def test_the_only_right_of_any_login_role_is_to_call_the_seven_functions(target: Target) -> None:
    roles = [f"carecode_{room}" for room in ROOMS]
    tables = await ask(
        target,
        "SELECT role, c.relname FROM unnest($1::text[]) AS role, pg_class c"
        " WHERE c.relnamespace = 'statistics'::regnamespace AND c.relkind = 'r'"
        " AND has_table_privilege(role, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES')",
        roles,
    )
    functions = await ask(
        target,
        "SELECT role, p.proname::text AS name FROM unnest($1::text[]) AS role, pg_proc p"
        " WHERE p.pronamespace = 'statistics'::regnamespace AND has_function_privilege(role, p.oid, 'EXECUTE')",
        roles,
    )
    names = ("count_cells", "true_counts", "kept_release", "keep_release", "close_window", "due_windows", "budget")
    assert tables == []
    assert {(row["role"], row["name"]) for row in functions} == {("carecode_statistics", name) for name in names}


async def test_no_function_returns_a_row_about_a_person(target: Target) -> None:
    rows = await ask(
        target,
        "SELECT p.proname::text AS name, pg_get_function_result(p.oid) AS result FROM pg_proc p"
        " WHERE p.pronamespace = 'statistics'::regnamespace"
        " AND has_function_privilege('carecode_statistics', p.oid, 'EXECUTE') ORDER BY p.proname",
    )
    assert {row["name"]: row["result"] for row in rows} == {
        "budget": "TABLE(week_spent numeric, week_cap numeric, year_spent numeric, year_cap numeric)",
        "close_window": "boolean",
        "count_cells": "integer",
        "due_windows": "SETOF date",
        "keep_release": "bytea",  # the released figures
        "kept_release": "bytea",
        "true_counts": "TABLE(cell integer, residents integer)",
    }


async def test_exact_counts_cannot_be_read_once_the_figures_are_out(counts: Counts) -> None:
    await counts.count(event(1))
    assert await truth(counts)
    await counts.release("visits_this_week", WEEK, AFTER)
    assert await truth(counts) == {}
