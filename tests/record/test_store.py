"""What is deposited comes back under a receipt, and under nothing else."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import msgspec
import pytest

from carecode.crypto.keyring import KeyRing
from carecode.kernel.errors import ConflictError, CorruptError, InvalidInputError, NotFoundError, UnavailableError
from carecode.kernel.vocabulary import ALL_CATEGORIES, Category, Receipt, Resident
from carecode.record.catalogue import search_token
from carecode.record.store import RecordStore
from carecode.store.database import Target
from tests.conftest import demand_superuser
from tests.promises.wall import as_administrator
from tests.record.conftest import DOCTOR, NOW, OTHER_DOCTOR, Room, new_resident

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PRESSURE = {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]}
GLUCOSE = {"coding": [{"system": "http://loinc.org", "code": "2339-0"}]}


@pytest.fixture
async def superuser(target: Target) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """One who has the database in his hands, past every policy."""
    await demand_superuser(target)
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    yield connection
    await connection.close()


async def test_a_deposit_is_read_under_a_receipt(room: Room, resident: Resident) -> None:
    first, second = room.made("Condition", note=[{"text": "肺炎"}]), room.made("Encounter")
    await room.deposit(resident, first, second)
    rows = {row.type: row for row in await room.store.read(await room.open(resident))}
    assert rows.keys() == {"Condition", "Encounter"}
    condition = rows["Condition"]
    assert condition.body == first.body
    assert (condition.id, condition.version, condition.organisation) == (str(first.id), 1, "county-2")
    assert (condition.category, condition.updated_at) == (Category.PROBLEMS, NOW)


async def test_a_deposit_stands_in_her_log(room: Room, resident: Resident) -> None:
    number = await room.deposit(resident, room.made("Condition"), room.made("Encounter"), room.made("Claim"))
    (entry,) = await room.log.entries(resident)
    assert (entry.action, entry.requester, entry.organisation) == ("deposit", "doctor-1", "county-2")
    assert entry.categories == {Category.PROBLEMS, Category.ENCOUNTERS}
    assert entry.receipt_number == Receipt(number, resident.keys, "", frozenset(), None, NOW).number
    assert await room.log.first_broken(resident) is None


async def test_a_deposit_opens_nothing(room: Room, resident: Resident) -> None:
    number = await room.deposit(resident, room.made("Condition"))
    forged = Receipt(number, resident.keys, DOCTOR.id, ALL_CATEGORIES, None, NOW)
    assert await room.store.read(forged) == []


async def test_nothing_opens_without_the_sealed_receipt(room: Room, resident: Resident) -> None:
    condition = room.made("Condition")
    await room.deposit(resident, condition)
    receipt = await room.open(resident)
    assert len(await room.store.read(receipt)) == 1
    forged = replace(receipt, id=UUID(bytes=secrets.token_bytes(16), version=4))
    stolen = replace(receipt, requester=OTHER_DOCTOR.id)
    for wrong in (forged, stolen):
        assert await room.store.read(wrong) == []
        assert await room.store.read(wrong, type_name="Condition", resource_id=condition.id) == []
        assert await room.store.count(wrong) == 0
        assert await room.store.version(wrong, "Condition", condition.id, 1) is None


async def test_a_revocation_closes_at_once(room: Room, resident: Resident) -> None:
    await room.deposit(resident, room.made("Condition"))
    receipt = await room.open(resident)
    assert await room.store.count(receipt) == 1
    await room.log.void(resident)
    assert await room.store.count(receipt) == 0


async def test_a_receipt_opens_its_categories_only(room: Room, resident: Resident) -> None:
    await room.deposit(resident, room.made("Condition"), room.made("Immunization"))
    receipt = await room.open(resident, categories=[Category.IMMUNIZATIONS])
    assert [row.type for row in await room.store.read(receipt)] == ["Immunization"]


async def test_an_organisation_scope_opens_its_own_deposits_only(room: Room, resident: Resident) -> None:
    await room.deposit(resident, room.made("Condition"))
    await room.deposit(resident, room.made("Encounter"), by=OTHER_DOCTOR)
    receipt = await room.open(resident, by=OTHER_DOCTOR, depositor="city-1")
    assert [row.type for row in await room.store.read(receipt)] == ["Encounter"]
    assert await room.store.count(receipt) == 1


async def test_two_residents_do_not_mix(room: Room, resident: Resident) -> None:
    other = new_resident()
    hers, his = room.made("Condition"), room.made("Condition")
    await room.deposit(resident, hers)
    await room.deposit(other, his)
    receipt = await room.open(resident)
    assert [row.id for row in await room.store.read(receipt)] == [str(hers.id)]
    assert await room.store.read(receipt, type_name="Condition", resource_id=his.id) == []
    assert await room.store.locate(his.id) == other.keys[0]


async def test_a_linked_resident_is_read_under_all_her_keys(room: Room, resident: Resident, target: Target) -> None:
    other = new_resident()
    await room.deposit(resident, room.made("Condition"))
    await room.deposit(other, room.made("Encounter"))
    linked = Resident(resident.id, (*resident.keys, *other.keys))
    with pytest.raises(ConflictError):
        await room.open(linked)  # before the index said that they are one person
    await as_administrator(target, "SELECT audit.regroup(ARRAY[$1::uuid[]::text])", list(linked.keys))
    assert {row.type for row in await room.store.read(await room.open(linked))} == {"Condition", "Encounter"}


async def test_search_by_tokens_pages_and_sorts(room: Room, resident: Resident) -> None:
    days = [NOW - timedelta(days=n) for n in range(5)]
    made = [room.made("Observation", code=PRESSURE, status="final", effectiveDateTime=d.isoformat()) for d in days]
    await room.deposit(resident, *made, room.made("Observation", code=GLUCOSE, status="final"))
    key = room.ring.key("record.tokens")
    groups = [
        [search_token("Observation", "code", "85354-9", key), search_token("Observation", "code", "8480-6", key)],
        [search_token("Observation", "status", "final", key)],
    ]
    receipt = await room.open(resident)
    rows = await room.store.read(receipt, type_name="Observation", tokens=groups)
    assert [row.id for row in rows] == [str(r.id) for r in made]
    page = await room.store.read(receipt, type_name="Observation", tokens=groups, limit=2, offset=1)
    assert [row.id for row in page] == [str(r.id) for r in made[1:3]]
    oldest = await room.store.read(receipt, type_name="Observation", tokens=groups, newest_first=False, limit=1)
    assert [row.id for row in oldest] == [str(made[-1].id)]
    assert await room.store.count(receipt, type_name="Observation", tokens=groups) == 5
    none = [[search_token("Observation", "status", "amended", key)]]
    assert await room.store.read(receipt, type_name="Observation", tokens=none) == []
    with pytest.raises(InvalidInputError):
        await room.store.read(receipt, type_name="Observation", tokens=[*groups, [1]])


# Versions


async def test_versions_stay_readable(room: Room, resident: Resident) -> None:
    first = room.made("Condition", note=[{"text": "one"}])
    await room.deposit(resident, first)
    receipt = await room.open(resident, depositor="county-2")
    second = room.made("Condition", version=2, resource_id=first.id, note=[{"text": "two"}])
    assert await room.store.revise(receipt, second, expected_version=1, now=NOW) == 2
    (current,) = await room.store.read(receipt)
    assert (current.version, current.body) == (2, second.body)
    old = await room.store.version(receipt, "Condition", first.id, 1)
    new = await room.store.version(receipt, "Condition", first.id, 2)
    assert old is not None
    assert new is not None
    assert (old.body, new.body) == (first.body, second.body)
    assert await room.store.version(receipt, "Condition", first.id, 3) is None


async def test_a_stale_version_changes_nothing(room: Room, resident: Resident) -> None:
    first = room.made("Condition")
    await room.deposit(resident, first)
    receipt = await room.open(resident, depositor="county-2")
    second = room.made("Condition", version=2, resource_id=first.id)
    results = await asyncio.gather(
        *(room.store.revise(receipt, second, expected_version=1, now=NOW) for _ in range(4)), return_exceptions=True
    )
    assert results.count(2) == 1
    assert sum(isinstance(result, ConflictError) for result in results) == 3
    (current,) = await room.store.read(receipt)
    assert current.version == 2


async def test_only_the_depositor_revises(room: Room, resident: Resident) -> None:
    first = room.made("Condition")
    await room.deposit(resident, first)
    second = room.made("Condition", version=2, resource_id=first.id)
    for receipt in (await room.open(resident, by=OTHER_DOCTOR, depositor="city-1"), await room.open(resident)):
        with pytest.raises(ConflictError):
            await room.store.revise(receipt, second, expected_version=1, now=NOW)
    with pytest.raises(NotFoundError):
        await room.store.revise(receipt, room.made("Condition"), expected_version=1, now=NOW)


# All or nothing


async def test_a_taken_id_stores_nothing_and_logs_nothing(room: Room, resident: Resident) -> None:
    first = room.made("Condition")
    await room.deposit(resident, first)
    with pytest.raises(ConflictError) as refused:
        await room.deposit(resident, room.made("Encounter"), first)
    assert refused.value.code == "resource-exists"
    assert await room.store.count(await room.open(resident)) == 1
    assert [entry.action for entry in await room.log.entries(resident)] == ["disclose", "deposit"]


async def test_an_id_of_another_residents_resource_is_taken(room: Room, resident: Resident) -> None:
    first = room.made("Condition")
    await room.deposit(resident, first)
    with pytest.raises(ConflictError):
        await room.deposit(new_resident(), first)


@pytest.mark.parametrize(("type_name", "code"), [("Organization", "type-of-directory"), ("Group", "unknown-type")])
async def test_types_that_are_not_a_residents_are_refused(
    room: Room, resident: Resident, type_name: str, code: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        await room.deposit(resident, replace(room.made("Condition"), type=type_name))
    assert refused.value.code == code


async def test_a_deposit_of_nothing_is_refused(room: Room, resident: Resident) -> None:
    with pytest.raises(InvalidInputError):
        await room.deposit(resident)


async def test_a_busy_chain_is_said_to_be_busy(
    room: Room, resident: Resident, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    await room.deposit(resident, room.made("Condition"))
    async with superuser.transaction():
        await superuser.execute("SELECT 1 FROM audit.head WHERE resident_id = $1 FOR UPDATE", resident.keys[0])
        with pytest.raises(UnavailableError) as busy:
            await room.deposit(resident, room.made("Encounter"))
    assert busy.value.code == "record-busy"
    await room.deposit(resident, room.made("Encounter"))


# Keys


async def test_two_first_deposits_at_once_share_one_key(room: Room, resident: Resident) -> None:
    stores = [
        room,
        *(replace(room, store=RecordStore(room.database, room.ring, secrets.token_bytes)) for _ in range(3)),
    ]
    await asyncio.gather(*(each.deposit(resident, room.made("Condition")) for each in stores))
    receipt = await room.open(resident)
    for each in stores:
        assert len(await each.store.read(receipt)) == 4


async def test_another_ring_opens_nothing(room: Room, resident: Resident) -> None:
    await room.deposit(resident, room.made("Condition"))
    receipt = await room.open(resident)
    stranger = RecordStore(room.database, KeyRing(secrets.token_bytes(32)), secrets.token_bytes)
    with pytest.raises(CorruptError):
        await stranger.read(receipt)
    assert len(await room.store.read(receipt)) == 1


async def test_an_erased_key_erases_the_record(
    room: Room, resident: Resident, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    await room.deposit(resident, room.made("Condition"))
    receipt = await room.open(resident)
    assert len(await room.store.read(receipt)) == 1
    await superuser.execute("DELETE FROM record.data_key WHERE resident_id = $1", resident.keys[0])
    room.store.forget(resident.keys[0])
    assert await room.store.read(receipt) == []
    # What is deposited afterwards has a key of its own; the old bodies stay without one.
    await room.deposit(resident, room.made("Encounter"))
    assert await room.store.read(receipt, type_name="Condition") == []
    assert len(await room.store.read(receipt, type_name="Encounter")) == 1


# With the database in hand


async def test_bodies_moved_between_rows_are_corrupt(
    room: Room, resident: Resident, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    first, second = room.made("Condition"), room.made("Condition")
    await room.deposit(resident, first, second)
    receipt = await room.open(resident)
    moved = await superuser.fetchval("SELECT body FROM record.resource WHERE id = $1", first.id)
    await superuser.execute("UPDATE record.resource SET body = $1 WHERE id = $2", moved, second.id)
    assert await room.store.read(receipt, type_name="Condition", resource_id=first.id)
    with pytest.raises(CorruptError):
        await room.store.read(receipt, type_name="Condition", resource_id=second.id)


async def test_the_database_holds_no_word_of_the_body(
    room: Room, resident: Resident, superuser: asyncpg.Connection[asyncpg.Record]
) -> None:
    marker = "canary-7f3a-肺炎"
    made = room.made(
        "Condition", identifier=[{"system": "urn:example:x", "value": marker}], code=GLUCOSE, note=[{"text": marker}]
    )
    await room.deposit(resident, made)
    (row,) = await superuser.fetch("SELECT r::text AS line, r.body AS body FROM record.resource r")
    assert str(made.id) in row["line"]
    for word in (marker, "肺炎", "2339-0", "loinc", "Condition", "Patient"):
        assert word not in row["line"]
        assert word.encode() not in row["body"]


@pytest.mark.parametrize("table", ["resource", "history", "data_key", "locator"])
async def test_the_rooms_own_role_selects_nothing(room: Room, table: str) -> None:
    pool = await room.database.pool("record")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.fetch(f"SELECT 1 FROM record.{table}")  # noqa: S608 - four words of this file


async def test_a_whole_life_is_one_deposit(room: Room, resident: Resident) -> None:
    made = [room.made("Observation", code=GLUCOSE, effectiveDateTime=f"{1950 + n % 70}-05-01") for n in range(2500)]
    await room.deposit(resident, *made)
    rows = await room.store.read(await room.open(resident))
    assert {row.id: row.body for row in rows} == {str(r.id): r.body for r in made}
    newest = await room.store.read(await room.open(resident), type_name="Observation", limit=1)
    assert msgspec.json.decode(newest[0].body)["effectiveDateTime"] == "2019-05-01"
