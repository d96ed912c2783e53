"""Data keys in the server's memory: no longer than the right to them lasts."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pytest

from carecode.crypto.datakeys import FreshKey, Opened, WrappedKey
from carecode.kernel.errors import UnavailableError
from carecode.kernel.vocabulary import ALL_CATEGORIES, Receipt, RecordKey
from carecode.record import keys
from carecode.record.keys import WRITE_SECONDS, DataKeys

HER, OTHER = RecordKey(UUID(int=1)), RecordKey(UUID(int=2))


@dataclass
class Door:
    """Opens by taking the first byte off; counts what it was asked; may be shut."""

    seconds: float = 600.0
    shut: bool = False
    asked: list[list[UUID]] = field(default_factory=list)
    made: int = 0
    forgetting: list[Callable[[RecordKey], None]] = field(default_factory=list)

    async def fresh(self, key: RecordKey) -> FreshKey:
        del key
        self.made += 1
        dek = secrets.token_bytes(32)
        return FreshKey(UUID(bytes=secrets.token_bytes(16)), dek, b"w" + dek)

    async def open(self, receipt: Receipt, wrapped: Sequence[WrappedKey]) -> Opened:
        del receipt
        await asyncio.sleep(0)
        if self.shut:
            raise UnavailableError("keys-away", "away")
        self.asked.append([one.id for one in wrapped])
        return Opened([one.wrapped[1:] for one in wrapped], self.seconds)

    def when_erased(self, forget: Callable[[RecordKey], None]) -> None:
        self.forgetting.append(forget)


@dataclass
class Held:
    """Keys at hand, a clock in the test's hand, and what was given up."""

    door: Door = field(default_factory=Door)
    now: float = 50.0
    dropped: list[bytes] = field(default_factory=list)
    keys: DataKeys = field(init=False)

    def __post_init__(self) -> None:
        self.keys = DataKeys(self.door, self.dropped.append, lambda: self.now)


@pytest.fixture
def held() -> Held:
    return Held()


def receipt() -> Receipt:
    number = UUID(bytes=secrets.token_bytes(16))
    return Receipt(number, (HER,), "doctor-1", ALL_CATEGORIES, None, datetime(2026, 11, 23, tzinfo=UTC))


def row(number: int, owner: RecordKey = HER) -> tuple[UUID, UUID, bytes]:
    return owner, UUID(int=number), bytes([number]) * 33


async def test_a_key_is_asked_for_once_under_each_receipt(held: Held) -> None:
    first, second = receipt(), receipt()
    for _ in range(3):
        deks = await held.keys.to_read(first, [row(5), row(5), row(6)])
        assert deks[HER, UUID(int=5)] == bytes([5]) * 32
    assert held.door.asked == [[UUID(int=5), UUID(int=6)]]
    await held.keys.to_read(first, [row(5), row(7)])
    assert held.door.asked[1:] == [[UUID(int=7)]]
    await held.keys.to_read(second, [row(5)])
    assert held.door.asked[2:] == [[UUID(int=5)]]


async def test_keys_of_the_same_number_are_told_apart_by_owner(held: Held) -> None:
    zero = UUID(int=0)
    met = [(HER, zero, b"w" + b"h" * 32), (OTHER, zero, b"w" + b"o" * 32)]
    deks = await held.keys.to_read(receipt(), met)
    assert (deks[HER, zero], deks[OTHER, zero]) == (b"h" * 32, b"o" * 32)


async def test_what_is_at_hand_ends_with_its_receipt(held: Held) -> None:
    mine = receipt()
    held.door.seconds = 30.0
    await held.keys.to_read(mine, [row(5)])
    held.now += 29.9
    held.keys.sweep()
    held.door.shut = True
    await held.keys.to_read(mine, [row(5)])
    held.now += 0.1
    with pytest.raises(UnavailableError):
        await held.keys.to_read(mine, [row(5)])
    held.keys.sweep()
    assert held.dropped == [bytes([5]) * 32]
    assert not held.keys._held


async def test_it_ends_by_itself(held: Held) -> None:
    held.door.seconds = 600.0
    await held.keys.to_read(receipt(), [row(5)])
    held.door.seconds = 0.05
    await held.keys.to_read(receipt(), [row(6)])  # ends before the one that was there first
    held.now += 0.06
    await asyncio.sleep(0.3)
    assert held.dropped == [bytes([6]) * 32]


async def test_a_door_that_is_shut_gives_nothing_from_memory_to_another_receipt(held: Held) -> None:
    await held.keys.to_read(receipt(), [row(5)])
    held.door.shut = True
    with pytest.raises(UnavailableError):
        await held.keys.to_read(receipt(), [row(5)])


async def test_a_writing_key_is_used_for_ten_minutes_at_most(held: Held) -> None:
    first = await held.keys.to_write(HER)
    held.now += WRITE_SECONDS - 0.1
    assert await held.keys.to_write(HER) is first
    assert (await held.keys.to_write(OTHER)).dek != first.dek
    held.now += 0.1
    second = await held.keys.to_write(HER)
    assert second.id != first.id
    assert held.dropped == [first.dek]
    held.now += WRITE_SECONDS
    held.keys.sweep()
    assert second.dek in held.dropped
    assert not held.keys._writers


async def test_the_erased_are_forgotten_at_once(held: Held) -> None:
    fresh, mine = await held.keys.to_write(HER), receipt()
    await held.keys.to_read(mine, [row(5), row(6, OTHER)])
    [forget] = held.door.forgetting
    forget(HER)
    assert set(held.dropped) == {fresh.dek, bytes([5]) * 32}
    await held.keys.to_read(mine, [row(6, OTHER)])
    assert len(held.door.asked) == 1
    assert (await held.keys.to_write(HER)).id != fresh.id


async def test_two_readings_at_once_lose_no_key(held: Held) -> None:
    mine = receipt()
    await asyncio.gather(*(held.keys.to_read(mine, [row(number)]) for number in range(1, 9)))
    held.door.shut = True
    assert len(await held.keys.to_read(mine, [row(number) for number in range(1, 9)])) == 8


async def test_memory_is_bounded(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "RECEIPTS_MAX", 3)
    monkeypatch.setattr(keys, "WRITERS_MAX", 3)
    for number in range(1, 6):
        await held.keys.to_read(receipt(), [row(number)])
        await held.keys.to_write(RecordKey(UUID(int=number)))
    assert (len(held.keys._held), len(held.keys._writers)) == (3, 3)
    assert len(held.dropped) == 4


async def test_keys_do_not_show_themselves(held: Held) -> None:
    await held.keys.to_read(receipt(), [row(5)])
    fresh = await held.keys.to_write(HER)
    shown = f"{held.keys!r} {held.keys._held!r} {fresh!r}"
    assert repr(bytes([5]) * 32)[2:-1] not in shown
    assert repr(fresh.dek)[2:-1] not in shown
