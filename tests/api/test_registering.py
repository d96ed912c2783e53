"""What holds for all that ask who somebody is: how often, how fast nobody is answered, and what never leaves."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest

from carecode.api import pace, registering
from carecode.api.pace import ASKED_MAX, UNFOUND_MAX, Pace, TooManyError
from carecode.identity.identifiers import CITIZEN_SYSTEM
from tests.api.conftest import MACHINE, OTHER_MACHINE, Served
from tests.api.register import citizen, her, known_to_both, looks, person, refuse, registrar

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
MATCH = "/fhir/Patient/$match"


def test_a_minute_and_an_hour_are_bounded_for_each_institution() -> None:
    one = Pace()
    for _ in range(ASKED_MAX):
        one.take("county-2", NOW)
    with pytest.raises(TooManyError):
        one.take("county-2", NOW + timedelta(seconds=59))
    one.take("city-1", NOW)
    one.take("county-2", NOW + timedelta(seconds=60))
    for _ in range(UNFOUND_MAX):
        one.unfound("city-1", NOW)
    with pytest.raises(TooManyError):
        one.take("city-1", NOW + timedelta(minutes=59))
    one.take("city-1", NOW + timedelta(minutes=60))


def test_institutions_fall_out_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "INSTITUTIONS_MAX", 3)
    one = Pace()
    for number in range(9):
        one.take(f"o-{number}", NOW)
    assert len(one._kept) == 3


async def test_who_guesses_is_stopped_before_anything_is_looked_up(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "UNFOUND_MAX", 3)
    await known_to_both(served)
    before = await looks(served, await her(served))
    async with await registrar(served) as client:
        for order in (11, 12, 13):
            guess = await client.get("/fhir/Patient", params={"identifier": f"{CITIZEN_SYSTEM}|{citizen(order)}"})
            assert guess.status_code == 200
        for answer in (
            await client.post(MATCH, json=person(7)),
            await client.get("/fhir/Patient", params={"identifier": f"{CITIZEN_SYSTEM}|{citizen(7)}"}),
            await client.get("/fhir/Patient/$ihe-pix", params={"sourceIdentifier": f"{CITIZEN_SYSTEM}|{citizen(7)}"}),
        ):
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert await looks(served, await her(served)) == before
    async with await registrar(served, OTHER_MACHINE) as client:
        assert (await client.post(MATCH, json=person(7))).json()["total"] == 1


async def test_nobody_and_refused_take_the_same_time(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registering, "SETTLE", 0.4)  # so long that a busy machine does not tell them apart either
    await known_to_both(served)
    await refuse(served, await her(served), "county-2")
    took: dict[int, list[float]] = {7: [], 11: []}
    async with await registrar(served) as client:
        for order in (7, 11) * 3:
            began = time.perf_counter()
            answer = await client.get("/fhir/Patient", params={"identifier": f"{CITIZEN_SYSTEM}|{citizen(order)}"})
            took[order].append(time.perf_counter() - began)
            assert answer.json()["total"] == 0
    refused, nobody = median(took[7]), median(took[11])
    assert min(refused, nobody) >= 0.4
    assert abs(refused - nobody) < 0.2, (refused, nobody)


async def test_two_institutions_never_see_each_others_numbers_nor_ours(served: Served) -> None:
    ids = dict(zip(("county-2", "city-1"), await known_to_both(served), strict=True))
    resident = await her(served)
    ours = [str(resident.id), *(str(key) for key in resident.keys)]
    ours += [one.replace("-", "") for one in ours]
    own = {"county-2": "C-7", "city-1": "H-7"}
    for who, other in ((MACHINE, "city-1"), (OTHER_MACHINE, "county-2")):
        number = f"{CITIZEN_SYSTEM}|{citizen(7)}"
        async with await registrar(served, who) as client:
            answers = [
                await client.post(MATCH, json=person(7)),
                await client.get("/fhir/Patient", params={"identifier": number}),
                await client.get("/fhir/Patient/$ihe-pix", params={"sourceIdentifier": number}),
            ]
        for answer in answers:
            text = answer.text + str(answer.headers)
            assert ids[who.organisation] in text
            assert own[who.organisation] in text
            for hidden in (ids[other], own[other], *ours):
                assert hidden not in text
