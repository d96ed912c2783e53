"""Many registered together: the same persons, links and cases as one by one, and nobody twice."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, date, datetime

import pytest

from carecode.crypto.keyring import KeyRing
from carecode.identity.bulk import Arrival, Bulk
from carecode.identity.identifiers import check_character, parse
from carecode.identity.index import Enrolment, Index
from carecode.identity.person import Person
from carecode.kernel.errors import CareCodeError
from carecode.store.database import Database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
GIVEN = "梅兰竹菊松柏桃李杏桂"
SURNAMES = "王李张刘陈杨赵黄周吴"


@pytest.fixture
def index(database: Database, ring: KeyRing) -> Index:
    return Index(database, ring, secrets.token_bytes)


def card(order: int, born: date) -> str:
    first_17 = f"990101{born:%Y%m%d}{order:03d}"
    return first_17 + check_character(first_17)


def people(count: int) -> list[Arrival]:
    """Different people, each with a hospital's number; every fifth comes a second time without her card."""
    found = []
    for number in range(count):
        born = date(1950 + number % 60, number % 12 + 1, number % 27 + 1)
        name = SURNAMES[number % 10] + GIVEN[number // 10 % 10] + GIVEN[(number * 7 + 3) % 10]
        person = Person(name, "", born, "female", f"1{3_100_012_345 + number * 7919}")
        local = parse("urn:oid:2.999.1", f"a-{number}")
        found.append(Arrival((parse("citizen-id", card(2 * (number % 400), born)), local), person))
        if number % 5 == 0:
            found.append(Arrival((parse("urn:oid:2.999.1", f"b-{number}"),), person))
    return found


async def persons(index: Index, arrivals: list[Arrival]) -> list[int]:
    """Say of each who is the same person as whom: the place of the first of hers."""
    first: dict[object, int] = {}
    found = []
    for place, one in enumerate(arrivals):
        number = one.identifiers[-1]
        resident = await index.resolve(number.system, number.value)
        assert resident is not None
        found.append(first.setdefault(resident.id, place))
    return found


async def test_together_is_as_one_by_one(index: Index) -> None:
    arrivals = people(60)
    done = await Bulk(index).enrol(arrivals, source="county-2", now=NOW)
    assert not [one for one in done if isinstance(one, CareCodeError)]
    together = await persons(index, arrivals)
    assert together == [
        place - 1 if one.identifiers[-1].value[0] == "b" else place for place, one in enumerate(arrivals)
    ]
    linked = [one for one in done if isinstance(one, Enrolment) and one.linked]
    assert len(linked) == 12
    assert (await index.counts())["unsettled"] == 0


async def test_the_same_again_makes_nobody(index: Index) -> None:
    arrivals = people(20)
    await Bulk(index).enrol(arrivals, source="county-2", now=NOW)
    before = await index.counts()
    again = await Bulk(index).enrol(arrivals, source="county-2", now=NOW)
    assert all(isinstance(one, Enrolment) and not one.created for one in again)
    assert await index.counts() == before


async def test_one_bad_number_hurts_nobody_else(index: Index) -> None:
    """Two of the thousand whose numbers name two people: she alone is told."""
    arrivals = people(4)
    await Bulk(index).enrol(arrivals, source="county-2", now=NOW)
    mixed = Arrival((arrivals[0].identifiers[0], arrivals[2].identifiers[0]), arrivals[0].person)
    new = Arrival((parse("urn:oid:2.999.1", "c-1"),), Person("欧阳海", "", date(1931, 2, 3), "male", ""))
    done = await Bulk(index).enrol([mixed, new], source="city-1", now=NOW)
    assert isinstance(done[0], CareCodeError)
    assert done[0].code == "identifiers-of-two-people"
    assert done[1] is None
    assert await index.resolve("urn:oid:2.999.1", "c-1") is not None


async def test_two_loads_at_once_and_a_desk_make_one_person_each(index: Index) -> None:
    arrivals = people(30)
    desk = arrivals[6]
    done = await asyncio.gather(
        Bulk(index).enrol(arrivals, source="county-2", now=NOW),
        Bulk(index).enrol(arrivals, source="county-2", now=NOW),
        index.enrol(desk.identifiers, desk.person, source="city-1", now=NOW),
    )
    assert not [one for one in (*done[0], *done[1]) if isinstance(one, CareCodeError)]
    assert (await index.counts())["entries"] == len(arrivals)
    assert await persons(index, arrivals) == [
        place - 1 if one.identifiers[-1].value[0] == "b" else place for place, one in enumerate(arrivals)
    ]
