"""What an operator asks of the broker: epochs, erasures, backups; each goes on where it broke off."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from carecode.app import wall_clock
from carecode.crypto.datakeys import WrappedKey
from carecode.disclosure.broker import backups, tending
from carecode.disclosure.broker.building import Means, keeping, locked
from carecode.disclosure.broker.local import House, LocalDoor
from carecode.disclosure.broker.ring import BrokerRing
from carecode.disclosure.broker.rows import KeyRows
from carecode.disclosure.broker.wire import WrappedItem
from carecode.kernel.errors import ConflictError, CorruptError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import RecordKey, Resident
from tests.broker.conftest import Bench, Hand, means, new_resident, texts
from tests.conftest import demand_superuser

WORDS = ["carecode/keys", "Operator", "", "operator", "carecode"]


async def erase(door: LocalDoor, resident: Resident) -> dict[str, Any]:
    pairs = [(key.bytes, secrets.token_bytes(16)) for key in resident.keys]
    done: dict[str, Any] = await door.task("erase", [pairs, WORDS])
    return done


async def filled(bench: Bench, door: LocalDoor, count: int) -> list[Resident]:
    residents = [new_resident() for _ in range(count)]
    for place, resident in enumerate(residents):
        await bench.deposit(bench.store(door), resident, str(place))
    return residents


async def test_a_rotation_wraps_every_key_anew_and_every_record_still_opens(
    bench: Bench, door: LocalDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carecode.disclosure.broker.rows.PAGE", 2)
    store = bench.store(door)
    residents = await filled(bench, door, 5)
    await bench.deposit(store, residents[0], "writing")  # a key at hand from before goes on being used
    before = {row[1]: row[2] for row in await bench.wrapped(residents[0])}
    assert await door.task("rotate") == {"epoch": 2, "rewrapped": 6}
    after = {row[1]: row[2] for row in await bench.wrapped(residents[0])}
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())
    found = await door.task("status")
    assert [(epoch["number"], epoch["keys"]) for epoch in found["epochs"]] == [(1, 0), (2, 6)]
    assert not found["rotating"]
    await bench.deposit(store, residents[0], "more")
    assert texts(await bench.store(door).read(await bench.open(residents[0]))) == ["0", "more", "writing"]
    for place, resident in enumerate(residents[1:], 1):
        assert texts(await store.read(await bench.open(resident))) == [str(place)]


async def test_a_rotation_that_broke_off_goes_on(bench: Bench, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carecode.disclosure.broker.rows.PAGE", 2)
    door = LocalDoor(house)
    residents = await filled(bench, door, 5)
    rewrap, calls = house.tending._rows.rewrap, 0

    async def failing(old: Sequence[WrappedItem], new: Sequence[bytes]) -> int:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ConflictError("power", "the power is cut")
        return await rewrap(old, new)

    monkeypatch.setattr(house.tending._rows, "rewrap", failing)
    with pytest.raises(ConflictError, match="power"):
        await door.task("rotate")
    found = await door.task("status")
    assert found["rotating"]
    assert [(epoch["number"], epoch["keys"]) for epoch in found["epochs"]] == [(1, 3), (2, 2)]
    for resident in residents:  # both epochs open meanwhile
        assert len(await bench.store(door).read(await bench.open(resident))) == 1
    assert await door.task("rotate") == {"epoch": 2, "rewrapped": 3}  # no third epoch


async def test_old_epochs_are_destroyed_only_when_nothing_needs_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [wall_clock()]
    clocked = Means(secrets.token_bytes, lambda: now[0])
    async with keeping(bench.database, clocked, ring=bench.broker_ring) as house:
        door = LocalDoor(house)
        [resident] = await filled(bench, door, 1)
        [old] = await bench.wrapped(resident)
        assert await door.task("drop-old") == {"dropped": 0}
        await door.task("rotate")
        with pytest.raises(ConflictError, match="tomorrow"):
            await door.task("drop-old")
        now[0] += timedelta(hours=25)
        counts = house.tending._rows.counts

        async def one_left() -> dict[int, int]:
            return {**await counts(), 1: 1}

        monkeypatch.setattr(house.tending._rows, "counts", one_left)
        with pytest.raises(ConflictError, match="First: carecode keys rotate"):
            await door.task("drop-old")
        monkeypatch.setattr(house.tending._rows, "counts", counts)
        assert await door.task("drop-old") == {"dropped": 1}
        receipt = await bench.open(resident)
        assert len(await bench.store(door).read(receipt)) == 1
        with pytest.raises(CorruptError, match="not of this ring"):  # a copy from before shows nothing, for good
            await door.open(receipt, [WrappedKey(RecordKey(old[0]), old[1], old[2])])


async def test_an_erased_record_is_gone_and_her_log_says_so(bench: Bench, door: LocalDoor) -> None:
    resident, other = await filled(bench, door, 2)
    store = bench.store(door)
    receipt = await bench.open(resident)
    assert len(await store.read(receipt)) == 1
    [row] = await bench.wrapped(resident)
    kept = WrappedKey(RecordKey(row[0]), row[1], row[2])
    assert await erase(door, resident) == {"erased": 1}
    assert await store.read(receipt) == []
    assert await bench.wrapped(resident) == []
    [entry] = await bench.log.entries(resident, limit=1)
    assert (entry.action, entry.basis, entry.requester_name) == ("decide", "erased", "Operator")
    assert await bench.log.first_broken(resident) is None
    for again in (receipt, await bench.open(resident)):
        with pytest.raises(RefusedError, match="was erased"):  # a wrapped key that somebody kept
            await door.open(again, [kept])
    for each in (store, bench.store(door)):
        with pytest.raises(RefusedError, match="was erased"):
            await bench.deposit(each, resident)
    assert len(await store.read(await bench.open(other))) == 1
    assert await erase(door, resident) == {"erased": 0}


async def test_a_server_that_was_not_told_stores_nothing_for_the_erased(bench: Bench, door: LocalDoor) -> None:
    """The database refuses by itself: this store never heard of the erasure."""
    [resident] = await filled(bench, door, 1)
    deaf = bench.store(_Deaf(door))
    await bench.deposit(deaf, resident, "while it stands")
    await erase(door, resident)
    with pytest.raises(RefusedError, match="was erased"):
        await bench.deposit(deaf, resident, "too late")
    assert await bench.wrapped(resident) == []


class _Deaf(LocalDoor):
    """Does not pass on who was erased."""

    def __init__(self, door: LocalDoor) -> None:
        super().__init__(door._house)

    def when_erased(self, forget: object) -> None:
        del forget


@pytest.mark.parametrize("argument", [None, [], [[[b"short", bytes(16)]], WORDS], [[[bytes(16), bytes(16)]], ["x"]]])
async def test_a_task_that_is_not_understood_changes_nothing(door: LocalDoor, argument: object) -> None:
    with pytest.raises(InvalidInputError):
        await door.task("erase", argument)
    for name in ("restore", "adopt", "escrowed"):
        with pytest.raises(InvalidInputError):
            await door.task(name, {"x": 1})
    with pytest.raises(InvalidInputError):
        await door.task("open-everything")


async def test_nobody_erases_many_records_in_an_hour(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("carecode.disclosure.broker.erasing.ERASURES_PER_HOUR_MAX", 2)
    clock = Hand()
    async with keeping(bench.database, means(clock), ring=bench.broker_ring) as house:
        door = LocalDoor(house)
        residents = await filled(bench, door, 3)
        for resident in residents[:2]:
            assert await erase(door, resident) == {"erased": 1}
        clock.now += 3599
        with pytest.raises(ConflictError, match="later"):
            await erase(door, residents[2])
        assert len(await bench.wrapped(residents[2])) == 1
        clock.now += 1
        assert await erase(door, residents[2]) == {"erased": 1}


# Backups


async def backed_up(bench: Bench, path: Path) -> int:
    return await backups.write(path, KeyRows(bench.database).wrapped())


async def restored(door: LocalDoor, path: Path) -> dict[str, int]:
    counts: dict[str, int] = dict(await door.task("replay")) | {"restored": 0, "erased": 0, "unreadable": 0}
    for page in backups.read(path, 2):
        for name, count in (await door.task("restore", page)).items():
            counts[name] += count
    return counts


async def test_lost_keys_come_back_but_never_those_of_the_erased(bench: Bench, door: LocalDoor, tmp_path: Path) -> None:
    await demand_superuser(bench.target)
    kept, erased, *_others = await filled(bench, door, 5)
    path = tmp_path / "keys.backup"
    assert await backed_up(bench, path) == 5
    await erase(door, erased)
    await bench.sql("DELETE FROM record.data_key")
    assert await bench.store(door).read(await bench.open(kept)) == []
    assert await restored(door, path) == {"learned": 0, "removed": 0, "restored": 4, "erased": 1, "unreadable": 0}
    assert texts(await bench.store(door).read(await bench.open(kept))) == ["0"]
    assert await bench.wrapped(erased) == []
    assert (await restored(door, path))["restored"] == 0


async def test_a_database_from_before_an_erasure_does_not_bring_the_record_back(bench: Bench, folder: Path) -> None:
    """The database is set back as a restored dump is: wrapped keys there again, no word of the erasure."""
    await demand_superuser(bench.target)
    async with keeping(bench.database, means(), folder=folder) as house:
        door = LocalDoor(house)
        [resident] = await filled(bench, door, 1)
        [row] = await bench.wrapped(resident)
        await erase(door, resident)
    await bench.sql("DELETE FROM record.erasure")
    await bench.sql("INSERT INTO record.data_key (resident_id, key_id, wrapped) VALUES ($1, $2, $3)", *row)
    async with keeping(bench.database, means(), folder=folder) as house:
        door = LocalDoor(house)
        receipt = await bench.open(resident)
        assert await bench.store(door).read(receipt) == []  # at once, whatever the database holds
        await door.task("replay")
        assert await bench.wrapped(resident) == []
        assert [r[0] for r in await bench.sql("SELECT resident_id FROM record.erasure")] == list(resident.keys)


async def test_an_erasure_that_the_broker_missed_is_learned_at_its_start(bench: Bench, folder: Path) -> None:
    async with keeping(bench.database, means(), folder=folder) as house:
        [resident] = await filled(bench, LocalDoor(house), 1)
        [row] = await bench.wrapped(resident)
        await house.tending._rows.erase(resident.keys[0].bytes, secrets.token_bytes(16), WORDS)  # then the power went
    async with keeping(bench.database, means(), folder=folder) as house:
        with pytest.raises(RefusedError, match="was erased"):
            await LocalDoor(house).open(await bench.open(resident), [WrappedKey(RecordKey(row[0]), row[1], row[2])])


@pytest.mark.parametrize("fault", ["cut", "changed", "added", "empty", "other"])
async def test_a_damaged_backup_restores_nothing(bench: Bench, door: LocalDoor, tmp_path: Path, fault: str) -> None:
    await filled(bench, door, 3)
    path = tmp_path / "keys.backup"
    await backed_up(bench, path)
    lines = path.read_text().splitlines(keepends=True)
    damaged = {
        "cut": lines[:-1], "changed": [lines[0], lines[1].replace("a", "b", 1).replace("0", "1", 1), *lines[2:]],
        "added": [*lines[:-1], lines[1], lines[-1]], "empty": [], "other": ["tea\n"],
    }[fault]  # fmt: skip
    path.write_text("".join(damaged))
    with pytest.raises(CorruptError, match="Nothing was restored"):
        await restored(door, path)
    with pytest.raises(ConflictError):
        await backed_up(bench, path)
    with pytest.raises(NotFoundError):
        list(backups.read(tmp_path / "none", 2))


async def test_keys_of_another_ring_are_not_restored(bench: Bench, door: LocalDoor, tmp_path: Path) -> None:
    await demand_superuser(bench.target)
    await filled(bench, door, 2)
    path = tmp_path / "keys.backup"
    await backed_up(bench, path)
    await bench.sql("DELETE FROM record.data_key")
    stranger = BrokerRing.made(secrets.token_bytes, wall_clock())
    async with keeping(bench.database, means(), ring=stranger) as house:
        assert (await restored(LocalDoor(house), path))["unreadable"] == 2
    assert (await restored(door, path))["restored"] == 2


# One broker for one ring


async def test_one_ring_has_one_broker(bench: Bench, folder: Path) -> None:
    async with keeping(bench.database, means(), folder=folder):
        with pytest.raises(ConflictError, match="running already"), locked(folder):
            pass
        with pytest.raises(ConflictError, match="running already"):
            async with keeping(bench.database, means(), folder=folder):
                pass


@pytest.fixture
async def late(bench: Bench) -> AsyncIterator[tuple[LocalDoor, list[datetime]]]:
    now = [wall_clock()]
    async with keeping(bench.database, replace(means(), clock=lambda: now[0]), ring=bench.broker_ring) as house:
        yield LocalDoor(house), now


async def test_a_clock_set_back_changes_nothing_for_receipts(
    bench: Bench, late: tuple[LocalDoor, list[datetime]], resident: Resident
) -> None:
    door, now = late
    now[0] -= timedelta(days=400)
    await bench.deposit(bench.store(door), resident)
    receipt = await bench.open(resident)
    assert len(await bench.store(door).read(receipt)) == 1
    await bench.log.void(resident)
    assert await bench.store(door).read(receipt) == []


def test_a_day_is_longer_than_a_writing_key() -> None:
    assert timedelta(minutes=10) < tending.DROP_AFTER
