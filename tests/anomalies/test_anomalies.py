"""A day that stands out comes before the institution's privacy officer, once, in words."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta

import asyncpg

from carecode.app import App
from carecode.disclosure.anomalies import EVERY
from carecode.disclosure.people import Organisation
from carecode.kernel.vocabulary import (
    ALL_CATEGORIES,
    Purpose,
    RecordKey,
    Requester,
    Resident,
    ResidentId,
    Role,
)

NURSE = Requester("nurse-0", Role.CLINICIAN, "county-2", "Nurse Qian", "surgery")
OFFICER = Requester("officer", Role.OFFICER, "county-2", "Tan Hui")
ELSEWHERE = Requester("officer-2", Role.OFFICER, "city-1", "Wu Lan")
USUAL = 4


async def look(app: App, nurse: Requester, people: int, basis: str = "visit") -> None:
    for _ in range(people):
        somebody = Resident(ResidentId(uuid.uuid4()), (RecordKey(uuid.uuid4()),))
        now = app.clock() + timedelta(seconds=5)
        await app.log.seal(somebody, nurse, Purpose.TREAT, ALL_CATEGORIES, basis, decided_at=now)


async def a_usual_fortnight(app: App) -> None:
    """Twenty nurses, four people a day: as the daily look would have kept it."""
    connection = await asyncpg.connect(
        **app.database.target.arguments(app.database.target.admin_user, app.database.target.admin_password)
    )
    await connection.execute(
        "INSERT INTO disclosure.activity (staff, organisation, day, role, uncoded)"
        " SELECT 'nurse-' || n, 'county-2', current_date - d, 'clinician', $1 + (n + d) % 3 - 1"
        " FROM generate_series(0, 19) AS n, generate_series(2, 15) AS d",
        USUAL,
    )
    await connection.close()


async def town(app: App) -> None:
    for handle in ("county-2", "city-1"):
        await app.people.put_organisation(Organisation(handle, handle, handle, "hospital"))
    await a_usual_fortnight(app)


async def test_a_day_that_stands_out_is_put_before_the_officer_once(house: App) -> None:
    await town(house)
    await look(house, NURSE, 30)
    await look(house, replace(NURSE, id="nurse-1", name="Nurse Lu"), USUAL)
    assert await house.anomalies.look(house.clock()) == 1
    [item] = await house.watch.work.queue(OFFICER, kind="anomaly")
    assert (item.person, item.person_name) == ("nurse-0", "Nurse Qian")
    assert "30 people's records opened without a code; usual 4" in item.note
    await house.anomalies.look(house.clock() + EVERY)
    assert len(await house.watch.work.queue(OFFICER, kind="anomaly")) == 1
    assert await house.watch.work.queue(ELSEWHERE, kind="anomaly") == []


async def test_many_who_showed_a_code_are_a_busy_day_and_nothing_else(house: App) -> None:
    await town(house)
    await look(house, NURSE, 30, basis="code")
    assert await house.anomalies.look(house.clock()) == 0


async def test_it_looks_once_an_hour(house: App) -> None:
    await town(house)
    assert await house.anomalies.look(house.clock()) == 0
    await look(house, NURSE, 30)
    assert await house.anomalies.look(house.clock() + EVERY / 2) == 0
    assert await house.anomalies.look(house.clock() + EVERY) == 1


async def test_a_day_that_is_over_is_kept_for_the_next(house: App) -> None:
    await town(house)
    await look(house, NURSE, 5)
    await house.anomalies.look(house.clock() + timedelta(days=1))
    async with house.database.connection("disclosure") as connection:
        kept = await connection.fetch(
            "SELECT day, uncoded FROM disclosure.activity WHERE staff = 'nurse-0' ORDER BY day DESC LIMIT 1"
        )
    assert [(row["day"], row["uncoded"]) for row in kept] == [(house.clock().date(), 5)]
