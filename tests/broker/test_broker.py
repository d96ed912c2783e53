"""A data key is opened under a live receipt that names its resident, and under nothing else."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import replace

import pytest

from carecode.crypto.datakeys import WrappedKey
from carecode.disclosure.broker.building import keeping
from carecode.disclosure.broker.local import LocalDoor
from carecode.disclosure.broker.ring import WRAPPED_BYTES
from carecode.kernel.errors import CorruptError, RefusedError
from carecode.kernel.vocabulary import Receipt, RecordKey, Resident
from tests.broker.conftest import OTHER_DOCTOR, Bench, Hand, means, new_key, new_resident, texts
from tests.conftest import demand_superuser


async def her_keys(bench: Bench, resident: Resident) -> list[WrappedKey]:
    return [WrappedKey(RecordKey(row[0]), row[1], row[2]) for row in await bench.wrapped(resident)]


async def refused(door: LocalDoor, receipt: Receipt, keys: list[WrappedKey]) -> str:
    with pytest.raises(RefusedError) as told:
        await door.open(receipt, keys)
    return told.value.code


async def test_what_is_deposited_is_read_under_a_receipt(bench: Bench, door: LocalDoor, resident: Resident) -> None:
    store = bench.store(door)
    await bench.deposit(store, resident, "one", "two")
    await bench.deposit(store, resident, "three")
    assert texts(await store.read(await bench.open(resident))) == ["one", "three", "two"]
    rows = await bench.wrapped(resident)
    assert [len(row[2]) for row in rows] == [WRAPPED_BYTES]  # one writer within ten minutes: one key
    assert rows[0][1] != uuid.UUID(int=0)


async def test_many_writers_many_keys(bench: Bench, door: LocalDoor, resident: Resident) -> None:
    stores = [bench.store(door) for _ in range(4)]
    await asyncio.gather(*(bench.deposit(store, resident, str(place)) for place, store in enumerate(stores)))
    assert len(await bench.wrapped(resident)) == 4
    receipt = await bench.open(resident)
    for store in stores:
        assert texts(await store.read(receipt)) == ["0", "1", "2", "3"]


async def test_linked_residents_are_one_record(bench: Bench, door: LocalDoor) -> None:
    store, keys = bench.store(door), (new_key(), new_key())
    for place, key in enumerate(keys):
        await bench.deposit(store, new_resident(key), str(place))
    await bench.sql("SELECT audit.regroup(ARRAY[$1::uuid[]::text])", list(keys))
    assert texts(await store.read(await bench.open(new_resident(*keys)))) == ["0", "1"]


async def test_no_receipt_no_key(bench: Bench, door: LocalDoor, resident: Resident) -> None:
    await bench.deposit(bench.store(door), resident)
    keys = await her_keys(bench, resident)
    receipt = await bench.open(resident)
    assert len((await door.open(receipt, keys)).keys[0]) == 32
    assert await refused(door, replace(receipt, id=uuid.uuid4()), keys) == "receipt-over"
    assert await refused(door, replace(receipt, requester=OTHER_DOCTOR.id), keys) == "receipt-over"


async def test_another_residents_key_stays_closed(bench: Bench, door: LocalDoor, resident: Resident) -> None:
    store, other = bench.store(door), new_resident()
    await bench.deposit(store, resident)
    await bench.deposit(store, other)
    receipt = await bench.open(resident)
    keys = await her_keys(bench, resident)
    assert await refused(door, receipt, await her_keys(bench, other)) == "key-not-hers"
    assert await refused(door, receipt, keys + await her_keys(bench, other)) == "key-not-hers"
    # The same bytes under her own name: bound to whose they are.
    [foreign] = await her_keys(bench, other)
    with pytest.raises(CorruptError):
        await door.open(receipt, [foreign._replace(owner=resident.keys[0])])
    with pytest.raises(CorruptError):
        await door.open(receipt, [keys[0]._replace(id=uuid.uuid4())])


async def test_a_receipt_that_was_revoked_or_ended_opens_nothing(
    bench: Bench, door: LocalDoor, resident: Resident
) -> None:
    store = bench.store(door)
    await bench.deposit(store, resident)
    keys = await her_keys(bench, resident)
    receipt = await bench.open(resident)
    assert 590 < (await door.open(receipt, keys)).seconds <= 600
    await bench.log.void(resident)
    assert await refused(door, receipt, keys) == "receipt-over"
    await demand_superuser(bench.target)
    later = await bench.open(resident)
    await bench.sql("UPDATE audit.sealed SET at = at - interval '601 seconds' WHERE receipt = $1", later.id)
    assert await refused(door, later, keys) == "receipt-over"


async def test_a_receipt_that_is_not_flushed_opens_nothing(bench: Bench, door: LocalDoor, resident: Resident) -> None:
    await demand_superuser(bench.target)
    await bench.deposit(bench.store(door), resident)
    keys = await her_keys(bench, resident)
    receipt = await bench.open(resident)
    await bench.sql("UPDATE audit.sealed SET target = 'F/0' WHERE receipt = $1", receipt.id)
    assert await refused(door, receipt, keys) == "receipt-over"


async def test_a_forged_receipt_opens_nothing(bench: Bench, door: LocalDoor, resident: Resident) -> None:
    """Whoever administers the database can write what he likes into it; the entry's hash does not follow."""
    await demand_superuser(bench.target)
    await bench.deposit(bench.store(door), resident)
    keys = await her_keys(bench, resident)
    other = new_resident()
    receipt = await bench.open(other)
    copied = "receipt, resident_id, requester, keys, categories, depositor, at, target, own, until, barred"
    # A row among the sealed, made from the one of an entry that was written.
    forged = uuid.uuid4()
    await bench.sql(
        f"INSERT INTO audit.sealed ({copied}) SELECT $1, resident_id, requester, $2, categories, depositor, at,"  # noqa: S608
        " target, own, until, barred FROM audit.sealed WHERE receipt = $3",
        forged, list(resident.keys), receipt.id,
    )  # fmt: skip
    assert await refused(door, replace(receipt, id=forged), keys) == "receipt-over"
    # Her number written into an entry that was made for somebody else.
    for statement in (
        "UPDATE audit.entry SET keys = $1 WHERE receipt = $2",
        "UPDATE audit.entry SET resident_id = ($1::uuid[])[1], keys = $1, seq = 900 WHERE receipt = $2",
    ):
        await bench.sql(statement, list(resident.keys), receipt.id)
        await bench.sql("UPDATE audit.sealed SET resident_id = $1 WHERE receipt = $2", resident.keys[0], receipt.id)
        with pytest.raises((CorruptError, RefusedError)):
            await door.open(receipt, keys)
        await bench.sql("UPDATE audit.sealed SET resident_id = $1 WHERE receipt = $2", other.keys[0], receipt.id)
    # Another's name on an entry.
    mine = await bench.open(resident)
    await bench.sql("UPDATE audit.entry SET requester = 'doctor-2' WHERE receipt = $1", mine.id)
    await bench.sql("UPDATE audit.sealed SET requester = 'doctor-2' WHERE receipt = $1", mine.id)
    with pytest.raises(CorruptError):
        await door.open(replace(mine, requester="doctor-2"), keys)


async def test_an_entry_that_disclosed_nothing_opens_nothing(bench: Bench, door: LocalDoor, resident: Resident) -> None:
    await demand_superuser(bench.target)
    await bench.deposit(bench.store(door), resident)
    keys = await her_keys(bench, resident)
    receipt = await bench.open(resident)
    [row] = await bench.sql(
        "SELECT receipt FROM audit.entry WHERE resident_id = $1 AND action = 'deposit'", resident.keys[0]
    )
    copied = "requester, keys, categories, depositor, at, target, own, until, barred"
    await bench.sql(
        f"INSERT INTO audit.sealed (receipt, resident_id, {copied}) SELECT $1, resident_id, {copied}"  # noqa: S608
        " FROM audit.sealed WHERE receipt = $2",
        row["receipt"], receipt.id,
    )  # fmt: skip
    with pytest.raises(CorruptError):
        await door.open(replace(receipt, id=row["receipt"]), keys)


async def test_many_at_once_are_asked_of_the_database_together(
    bench: Bench, door: LocalDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, residents = bench.store(door), [new_resident() for _ in range(30)]
    for place, each in enumerate(residents):
        await bench.deposit(store, each, str(place))
    receipts = [await bench.open(each) for each in residents]
    asked: list[int] = []
    rows = door._house.broker._rows
    live = rows.live

    async def counted(ids: list[uuid.UUID], requesters: list[str]) -> object:
        asked.append(len(ids))
        return await live(ids, requesters)

    monkeypatch.setattr(rows, "live", counted)
    receipts[7] = replace(receipts[7], id=uuid.uuid4())  # one that fails does not fail the others
    keys = [await her_keys(bench, each) for each in residents]
    answers = await asyncio.gather(
        *(door.open(receipt, mine) for receipt, mine in zip(receipts, keys, strict=True)), return_exceptions=True
    )
    assert [place for place, answer in enumerate(answers) if isinstance(answer, BaseException)] == [7]
    assert sum(asked) == 30
    assert len(asked) <= 4


async def test_each_opening_is_noted_without_a_name(bench: Bench, door: LocalDoor, resident: Resident) -> None:
    store = bench.store(door)
    await bench.deposit(store, resident)
    receipt = await bench.open(resident)
    await store.read(receipt)
    await store.read(receipt)  # at hand: not asked again
    [line] = door._house.broker._journal.last
    assert (line.receipt, line.count) == (receipt.number, 1)
    [entry] = await bench.log.entries(resident, limit=1)
    assert line.entry == entry.hash.hex()
    for secret in (str(resident.keys[0]), resident.keys[0].hex, receipt.id.hex, DOCTOR_ID):
        assert secret not in repr(line)


DOCTOR_ID = "doctor-1"


async def test_what_is_shown_of_a_door_holds_no_key(door: LocalDoor, bench: Bench, resident: Resident) -> None:
    fresh = await door.fresh(resident.keys[0])
    await bench.deposit(bench.store(door), resident)
    keys = await her_keys(bench, resident)
    opened = await door.open(await bench.open(resident), keys)
    shown = f"{fresh} {keys} {opened} {bench.broker_ring} {bench.broker_ring.contents} {vars(bench.broker_ring)}"
    for secret in (fresh.dek, *opened.keys, resident.keys[0].bytes):
        assert secret.hex() not in shown
        assert repr(secret) not in shown
    assert bench.broker_ring.contents.root not in shown
    assert str(resident.keys[0]) not in shown


async def test_a_journal_that_lags_stops_the_broker(bench: Bench, resident: Resident, folder: object) -> None:
    del folder
    clock = Hand()
    async with keeping(bench.database, means(clock), ring=bench.broker_ring) as house:
        door = LocalDoor(house)
        await bench.deposit(bench.store(door), resident)
        keys, receipt = await her_keys(bench, resident), await bench.open(resident)
        await door.open(receipt, keys)
        house.broker._journal._pending_since = clock.now - 0.9
        await door.open(receipt, keys)
        house.broker._journal._pending_since = clock.now - 1.1
        with pytest.raises(Exception, match="journal") as told:
            await door.open(receipt, keys)
        assert getattr(told.value, "code", "") == "journal-behind"
        house.broker._journal._pending_since = None
