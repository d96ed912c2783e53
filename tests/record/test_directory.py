"""The directory: stored once, found by token, sealed like the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from carecode.kernel.errors import InvalidInputError
from carecode.record.catalogue import search_token
from tests.record.conftest import NOW, Room

if TYPE_CHECKING:
    from carecode.store.database import Target

NPI = "http://hl7.org/fhir/sid/us-npi"


def numbered(value: str) -> list[dict[str, str]]:
    return [{"system": NPI, "value": value}]


async def test_what_is_put_is_found(room: Room) -> None:
    made = [room.made("Practitioner", identifier=numbered(str(n)), name=[{"text": "王建国"}]) for n in range(3)]
    hospital = room.made("Organization", identifier=numbered("0"))
    assert await room.store.directory.put([*made, hospital], organisation="county-2", now=NOW) == 4
    key = room.ring.key("record.tokens")
    tokens = [search_token("Practitioner", "identifier", f"{NPI}|{n}", key) for n in ("0", "2", "9")]
    assert await room.store.directory.ids("Practitioner", tokens) == {tokens[0]: [made[0].id], tokens[1]: [made[2].id]}
    (found,) = await room.store.directory.find("Practitioner", [[tokens[1]]])
    assert (found.body, found.organisation, found.version) == (made[2].body, "county-2", 1)
    assert len(await room.store.directory.find("Practitioner")) == 3
    assert len(await room.store.directory.find("Practitioner", limit=2, offset=2)) == 1
    got = await room.store.directory.get("Organization", hospital.id)
    assert got is not None
    assert got.body == hospital.body
    assert await room.store.directory.get("Practitioner", hospital.id) is None


async def test_putting_again_changes_nothing(room: Room) -> None:
    first = room.made("Location", name="Ward 1")
    assert await room.store.directory.put([first], organisation="county-2", now=NOW) == 1
    again = room.made("Location", resource_id=first.id, name="Ward 2")
    other = room.made("Location", name="Ward 3")
    assert await room.store.directory.put([again, other], organisation="city-1", now=NOW) == 1
    got = await room.store.directory.get("Location", first.id)
    assert got is not None
    assert (got.body, got.organisation) == (first.body, "county-2")


async def test_two_with_one_number_are_both_named(room: Room) -> None:
    made = [room.made("Practitioner", identifier=numbered("7")) for _ in range(5)]
    await room.store.directory.put(made, organisation="county-2", now=NOW)
    token = search_token("Practitioner", "identifier", f"{NPI}|7", room.ring.key("record.tokens"))
    assert len((await room.store.directory.ids("Practitioner", [token, token]))[token]) == 3


async def test_a_residents_type_is_refused(room: Room) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await room.store.directory.put([room.made("Condition")], organisation="county-2", now=NOW)
    assert refused.value.code == "type-of-residents"


async def test_the_database_names_no_doctor(room: Room, target: Target) -> None:
    await room.store.directory.put([room.made("Practitioner", name=[{"text": "Tick"}])], organisation="c", now=NOW)
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        body = await connection.fetchval("SELECT body FROM record.directory")
    finally:
        await connection.close()
    assert b"Tick" not in body
    assert b"Practitioner" not in body
