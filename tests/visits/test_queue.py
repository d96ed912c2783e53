"""Waiting numbers on a real PostgreSQL: gapless, the same for the same person, and nameless."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import date

import asyncpg
import pytest

from carecode.kernel.errors import InvalidInputError, UnavailableError
from carecode.store.database import ROOMS, Database, Target
from carecode.visits.queue import Queue, Ticket

DAY = date(2026, 11, 18)
CLIENTS = 8


def patient(number: int) -> str:
    return f"{number:032x}"


@pytest.fixture
def queue(database: Database) -> Queue:
    return Queue(database)


async def check_in(
    queue: Queue, number: int, service: str = "internal-medicine", organisation: str = "county-2", on: date = DAY
) -> Ticket:
    return await queue.check_in(organisation=organisation, patient=patient(number), service=service, on=on)


async def administrator(target: Target) -> asyncpg.Connection[asyncpg.Record]:
    return await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))


async def test_the_first_numbers_are_1_2_3_and_say_how_many_wait_before(queue: Queue) -> None:
    tickets = [await check_in(queue, number) for number in range(3)]
    assert tickets == [
        Ticket("A-001", "internal-medicine", 0),
        Ticket("A-002", "internal-medicine", 1),
        Ticket("A-003", "internal-medicine", 2),
    ]


async def test_the_same_patient_gets_the_same_number_the_same_day(queue: Queue) -> None:
    first = await check_in(queue, 1)
    await check_in(queue, 2)
    assert await check_in(queue, 1) == first
    assert (await check_in(queue, 3)).number == "A-003"  # the repeated check-in used up no number


async def test_services_days_and_institutions_count_apart(queue: Queue) -> None:
    await check_in(queue, 1)
    assert (await check_in(queue, 1, service="paediatrics")).number == "B-001"
    assert (await check_in(queue, 1, on=date(2026, 11, 19))).number == "A-001"
    other = await check_in(queue, 9, organisation="city-1")
    assert other == Ticket("A-001", "internal-medicine", 0)
    assert [ticket.number for ticket in await queue.waiting("county-2", DAY)] == ["A-001", "B-001"]


async def test_eight_desks_at_once_give_every_number_once_without_a_gap(queue: Queue) -> None:
    waiting = iter(range(120))

    async def desk() -> list[str]:
        return [(await check_in(queue, number)).number for number in waiting]

    given = [number for numbers in await asyncio.gather(*(desk() for _ in range(CLIENTS))) for number in numbers]
    assert sorted(given) == [f"A-{number:03d}" for number in range(1, 121)]


async def test_one_patient_at_eight_desks_at_once_gets_one_number(queue: Queue) -> None:
    for number in range(10):
        tickets = await asyncio.gather(*(check_in(queue, number) for _ in range(CLIENTS)))
        assert {ticket.number for ticket in tickets} == {f"A-{number + 1:03d}"}


async def test_a_check_in_that_is_rolled_back_leaves_no_gap(queue: Queue, database: Database) -> None:
    pool = await database.pool("visits")
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        row = await connection.fetchrow(
            "SELECT ticket_number FROM visits.check_in('county-2', $1, 'A', $2)", DAY, patient(1)
        )
        assert row["ticket_number"] == 1
        await transaction.rollback()
    assert (await check_in(queue, 2)).number == "A-001"


async def test_calling_goes_by_number_and_shortens_the_wait(queue: Queue) -> None:
    for number in range(3):
        await check_in(queue, number)
    called = await queue.call_next("county-2", "internal-medicine", DAY)
    assert called == Ticket("A-001", "internal-medicine", 0, called=True)
    assert await queue.waiting("county-2", DAY) == [
        Ticket("A-002", "internal-medicine", 0),
        Ticket("A-003", "internal-medicine", 1),
    ]
    assert await check_in(queue, 0) == called  # she is called, not queued again


async def test_nobody_is_called_when_nobody_waits(queue: Queue) -> None:
    await check_in(queue, 1, service="paediatrics")
    assert await queue.call_next("county-2", "internal-medicine", DAY) is None
    assert await queue.call_next("city-1", "paediatrics", DAY) is None


async def test_eight_rooms_that_call_at_once_call_eight_people(queue: Queue) -> None:
    for number in range(40):
        await check_in(queue, number)

    async def room() -> list[str]:
        out: list[str] = []
        while (ticket := await queue.call_next("county-2", "internal-medicine", DAY)) is not None:
            out.append(ticket.number)
        return out

    called = Counter(
        number for numbers in await asyncio.gather(*(room() for _ in range(CLIENTS))) for number in numbers
    )
    assert called == Counter(f"A-{number:03d}" for number in range(1, 41))


async def test_her_ticket_is_found_by_her_own_institution_only(queue: Queue) -> None:
    await check_in(queue, 1)
    assert await queue.ticket_of("county-2", patient(1), DAY) == Ticket("A-001", "internal-medicine", 0)
    assert await queue.ticket_of("city-1", patient(1), DAY) is None
    assert await queue.ticket_of("county-2", patient(2), DAY) is None
    assert await queue.ticket_of("county-2", patient(1), date(2026, 11, 17)) is None


async def test_of_two_tickets_the_one_called_next_is_hers_to_watch(queue: Queue) -> None:
    await check_in(queue, 8)
    await check_in(queue, 1)
    await check_in(queue, 1, service="laboratory")
    found = await queue.ticket_of("county-2", patient(1), DAY)
    assert found == Ticket("M-001", "laboratory", 0)
    await queue.call_next("county-2", "laboratory", DAY)
    assert await queue.ticket_of("county-2", patient(1), DAY) == Ticket("A-002", "internal-medicine", 1)


@pytest.mark.parametrize("text", ["", "11010519491231002X", "A" * 32, "0" * 31, "0" * 33, "g" * 32, "0" * 32 + "\n"])
async def test_anything_but_a_pseudonym_is_refused_and_not_repeated(queue: Queue, text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        await queue.check_in(organisation="county-2", patient=text, service="internal-medicine", on=DAY)
    assert text == "" or text not in str(caught.value)
    with pytest.raises(InvalidInputError):
        await queue.ticket_of("county-2", text, DAY)


@pytest.mark.parametrize("organisation", ["", "x" * 65, "county\n2", "county\x002"])
async def test_an_institution_needs_a_handle(queue: Queue, organisation: str) -> None:
    with pytest.raises(InvalidInputError):
        await check_in(queue, 1, organisation=organisation)


async def test_when_the_numbers_are_used_up_the_desk_is_told_to_write_one(queue: Queue, target: Target) -> None:
    first = await check_in(queue, 1)
    connection = await administrator(target)
    await connection.execute("UPDATE visits.counter SET last = 99999")
    await connection.close()
    with pytest.raises(UnavailableError, match="by hand"):
        await check_in(queue, 2)
    assert await check_in(queue, 1) == first


async def test_no_row_holds_more_than_the_institutions_own_facts(target: Target) -> None:
    connection = await administrator(target)
    rows = await connection.fetch(
        "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns"
        " WHERE table_schema = 'visits' ORDER BY table_name, ordinal_position"
    )
    await connection.close()
    assert [tuple(row) for row in rows] == [
        ("counter", "organisation", "text"),
        ("counter", "day", "date"),
        ("counter", "letter", "text"),
        ("counter", "last", "integer"),
        ("ticket", "organisation", "text"),
        ("ticket", "day", "date"),
        ("ticket", "letter", "text"),
        ("ticket", "number", "integer"),
        ("ticket", "patient", "text"),
        ("ticket", "called", "boolean"),
    ]


async def test_the_board_is_never_told_who_waits(queue: Queue, database: Database) -> None:
    await check_in(queue, 0xABCDEF)
    pool = await database.pool("visits")
    rows = await pool.fetch(queue._queries["waiting"], "county-2", DAY, 10)
    assert rows
    assert patient(0xABCDEF) not in repr(rows)


async def test_the_only_right_of_any_login_role_is_to_call_the_four_functions(target: Target) -> None:
    roles = [f"carecode_{room}" for room in ROOMS]
    connection = await administrator(target)
    tables = await connection.fetch(
        "SELECT role, c.relname FROM unnest($1::text[]) AS role, pg_class c"
        " WHERE c.relnamespace = 'visits'::regnamespace AND c.relkind = 'r'"
        " AND has_table_privilege(role, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES')",
        roles,
    )
    functions = await connection.fetch(
        "SELECT role, p.proname::text AS name FROM unnest($1::text[]) AS role, pg_proc p"
        " WHERE p.pronamespace = 'visits'::regnamespace AND has_function_privilege(role, p.oid, 'EXECUTE')",
        roles,
    )
    await connection.close()
    assert tables == []
    assert {(row["role"], row["name"]) for row in functions} == {
        ("carecode_visits", name) for name in ("check_in", "waiting", "ticket_of", "call_next")
    }


async def test_the_login_role_cannot_list_where_somebody_was(queue: Queue, database: Database) -> None:
    await check_in(queue, 1)
    pool = await database.pool("visits")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.fetch("SELECT organisation, day FROM visits.ticket WHERE patient = $1", patient(1))
