"""The verifier on a real database: once only, never after a revocation, and without a trail."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest

from carecode.healthcode.phone import DeviceKey
from carecode.healthcode.verifier import BATCH_MAX, Verifier
from carecode.kernel.errors import InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import CodePurpose
from tests.healthcode.codes import DESK, NOW, PHONE, PHONES, RING

if TYPE_CHECKING:
    from carecode.crypto.keyring import KeyRing
    from carecode.store.database import Database, Target
    from tests.healthcode.codes import P256Phone

HER = UUID("6f0c7a9e-2f5b-4a7e-9a52-6f3f0b1d2c3e")


@pytest.fixture
def verifier(database: Database, ring: KeyRing) -> Verifier:
    return Verifier(database, ring)


class Holder:
    """A registered phone with handles left."""

    def __init__(self, verifier: Verifier, phone: DeviceKey | P256Phone) -> None:
        self.verifier = verifier
        self.phone = phone
        self.device = 0
        self._left: list[tuple[str, str]] = []

    async def registered(self, bearer: UUID = HER) -> Holder:
        self.device = await self.verifier.register_device(
            bearer, self.phone.algorithm, self.phone.public, "My phone", NOW
        )
        self._left = await self.verifier.batch(self.device, 32)
        return self

    def shows(self, purpose: CodePurpose, now: datetime = NOW, desk_number: str = DESK) -> str:
        handle, secret = self._left.pop()
        return self.phone.show(bytes.fromhex(handle), bytes.fromhex(secret), purpose, now, desk_number)


@pytest.mark.parametrize("algorithm", PHONES)
async def test_a_good_code_names_its_bearer_once(verifier: Verifier, algorithm: int) -> None:
    holder = await Holder(verifier, PHONES[algorithm]).registered()
    text = holder.shows(CodePurpose.REGISTER)
    presented = await verifier.verify(text, CodePurpose.REGISTER, NOW, DESK)
    assert (presented.bearer, presented.purpose, presented.shown_at) == (HER, CodePurpose.REGISTER, NOW)
    assert presented.desk_number is None
    assert HER.hex not in repr(presented)
    with pytest.raises(RefusedError, match="refresh the screen") as caught:
        await verifier.verify(text, CodePurpose.REGISTER, NOW, DESK)
    assert caught.value.code == "code-used"


async def test_a_handle_is_used_whatever_the_slot_or_purpose_it_is_shown_in_next(verifier: Verifier) -> None:
    device = await verifier.register_device(HER, 1, PHONE.public, "", NOW)
    handle, secret = (bytes.fromhex(part) for part in (await verifier.batch(device, 1))[0])
    await verifier.verify(PHONE.show(handle, secret, CodePurpose.IDENTIFY, NOW), CodePurpose.IDENTIFY, NOW, DESK)
    later = NOW + timedelta(days=40)
    for purpose in CodePurpose:
        with pytest.raises(RefusedError) as caught:
            await verifier.verify(PHONE.show(handle, secret, purpose, later, DESK), purpose, later, DESK)
        assert caught.value.code == "code-used"


async def test_of_forty_desks_at_once_one_is_served(verifier: Verifier) -> None:
    holder = await Holder(verifier, PHONE).registered()
    for _ in range(3):
        text = holder.shows(CodePurpose.REGISTER)
        calls = [verifier.verify(text, CodePurpose.REGISTER, NOW, f"{n:04}") for n in range(40)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        refused = [o for o in outcomes if isinstance(o, RefusedError)]
        assert len(refused) == 39
        assert {refusal.code for refusal in refused} == {"code-used"}


async def test_a_code_that_fails_does_not_use_its_handle_up(verifier: Verifier) -> None:
    holder = await Holder(verifier, PHONE).registered()
    text = holder.shows(CodePurpose.PAY)
    spoiled = text[:-4] + ("0" if text[-4] != "0" else "1") + text[-3:]
    for wrong, purpose, now, desk in (
        (spoiled, CodePurpose.PAY, NOW, DESK),
        (text, CodePurpose.OPEN_RECORD, NOW, DESK),
        (text, CodePurpose.PAY, NOW + timedelta(minutes=2), DESK),
        (text, CodePurpose.PAY, NOW, "9999"),
    ):
        with pytest.raises((RefusedError, InvalidInputError)):
            await verifier.verify(wrong, purpose, now, desk)
    presented = await verifier.verify(text, CodePurpose.PAY, NOW, DESK)
    assert presented.desk_number == DESK


async def test_a_revoked_phone_is_refused_from_the_next_code_on(verifier: Verifier) -> None:
    holder = await Holder(verifier, PHONE).registered()
    await verifier.verify(holder.shows(CodePurpose.IDENTIFY), CodePurpose.IDENTIFY, NOW)
    await verifier.revoke(holder.device, NOW)
    with pytest.raises(RefusedError) as caught:
        await verifier.verify(holder.shows(CodePurpose.IDENTIFY), CodePurpose.IDENTIFY, NOW)
    assert caught.value.code == "code-revoked"
    with pytest.raises(NotFoundError):
        await verifier.batch(holder.device, 1)
    await verifier.revoke(holder.device, NOW + timedelta(days=3))
    assert [phone.revoked_at for phone in await verifier.devices(HER)] == [date(2026, 3, 1)]


async def test_codes_of_another_platform_and_of_no_phone(verifier: Verifier, database: Database) -> None:
    holder = await Holder(Verifier(database, RING), PHONE).registered()
    with pytest.raises(RefusedError) as caught:
        await verifier.verify(holder.shows(CodePurpose.IDENTIFY), CodePurpose.IDENTIFY, NOW)
    assert caught.value.code == "code-unknown"
    handle, secret = verifier._checks.handles.issue(2**48 - 1, 0)
    with pytest.raises(RefusedError) as caught:
        await verifier.verify(PHONE.show(handle, secret, CodePurpose.IDENTIFY, NOW), CodePurpose.IDENTIFY, NOW)
    assert caught.value.code == "code-unknown"


async def test_batches_at_once_share_no_handle(verifier: Verifier) -> None:
    one = await verifier.register_device(HER, 1, PHONE.public, "", NOW)
    two = await verifier.register_device(HER, 1, DeviceKey(b"2" * 32).public, "", NOW)
    batches = await asyncio.gather(*(verifier.batch(device, 50) for device in (one, two) * 10))
    handles = [handle for batch in batches for handle, _ in batch]
    assert len(handles) == len(set(handles)) == 1000
    opened = [verifier._checks.handles.open(bytes.fromhex(handle)) for handle in handles]
    assert sorted(o for o in opened if o) == [(device, n) for device in (one, two) for n in range(500)]


@pytest.mark.parametrize("count", [0, -1, BATCH_MAX + 1])
async def test_a_batch_has_a_bound(verifier: Verifier, count: int) -> None:
    device = await verifier.register_device(HER, 1, PHONE.public, "", NOW)
    with pytest.raises(InvalidInputError):
        await verifier.batch(device, count)
    assert len(await verifier.batch(device)) == BATCH_MAX


async def test_a_phone_that_is_not_there(verifier: Verifier) -> None:
    with pytest.raises(NotFoundError):
        await verifier.batch(99, 1)
    with pytest.raises(NotFoundError):
        await verifier.revoke(99, NOW)


@pytest.mark.parametrize(
    ("algorithm", "public", "label"),
    [
        (0, PHONE.public, ""),
        (3, PHONE.public, ""),
        (2, PHONE.public, ""),
        (1, PHONE.public[:-1], ""),
        (1, bytes(32), ""),  # small order
        (1, b"\1" + bytes(31), ""),  # the neutral point
        (2, b"\x04" + bytes(64), ""),  # not on the curve
        (2, b"\x04" + b"\1" * 64, ""),
        (1, PHONE.public, "x" * 61),
        (1, PHONE.public, "two\nlines"),
    ],
)
async def test_keys_and_labels_that_cannot_be_used(
    verifier: Verifier, algorithm: int, public: bytes, label: str
) -> None:
    with pytest.raises(InvalidInputError):
        await verifier.register_device(HER, algorithm, public, label, NOW)
    assert await verifier.devices(HER) == []


async def test_she_sees_her_phones_and_nobody_else_s(verifier: Verifier) -> None:
    other = uuid4()
    await verifier.register_device(HER, 1, PHONE.public, "李梅的手机", NOW)
    await verifier.register_device(other, 1, PHONE.public, "His", NOW)
    await verifier.register_device(HER, 2, PHONES[2].public, "Tablet", NOW + timedelta(days=1))
    hers = await verifier.devices(HER)
    assert [(p.label, p.algorithm, p.registered_at) for p in hers] == [
        ("Tablet", 2, date(2026, 3, 2)),
        ("李梅的手机", 1, date(2026, 3, 1)),
    ]
    assert [p.label for p in await verifier.devices(other)] == ["His"]
    assert "李梅" not in repr(hers)


async def _everything_stored(target: Target) -> dict[str, list[dict[str, object]]]:
    """Return every row of the room as the administering role sees it."""
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    try:
        return {
            table: [dict(row) for row in await connection.fetch(f"TABLE healthcode.{table}")]
            for table in ("device", "used")
        }
    finally:
        await connection.close()


async def test_what_is_stored_tells_no_movement(verifier: Verifier, target: Target) -> None:
    holder = await Holder(verifier, PHONE).registered()
    moment = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    texts = [holder.shows(CodePurpose.PAY, moment, "7777") for _ in range(2)]
    for text in texts:
        await verifier.verify(text, CodePurpose.PAY, moment, "7777")
    stored = await _everything_stored(target)
    assert [set(row) for row in stored["used"]] == [{"handle_hash", "day"}] * 2
    assert {row["day"] for row in stored["used"]} == {date(2026, 3, 1)}
    assert not any(isinstance(value, datetime) for rows in stored.values() for row in rows for value in row.values())
    # Neither what was shown nor who used it stands in clear beside it, nor the desk.
    dump = json.dumps(stored, default=lambda v: v.hex() if isinstance(v, bytes) else str(v))
    handles = [verifier._checks.recognise(t, CodePurpose.PAY, moment, "7777").code.handle.hex() for t in texts]
    assert not any(secret in dump for secret in (*handles, "7777", "My phone", b"My phone".hex()))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT day FROM healthcode.used",
        "DELETE FROM healthcode.used",
        "UPDATE healthcode.used SET day = day",
        "TRUNCATE healthcode.used",
        "DELETE FROM healthcode.device",
        "UPDATE healthcode.device SET public_key = public_key",
        "UPDATE healthcode.device SET bearer = bearer",
        "CREATE TABLE healthcode.trail (at timestamptz)",
    ],
)
async def test_the_room_itself_cannot_read_or_forget_what_was_used(database: Database, statement: str) -> None:
    pool = await database.pool("healthcode")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(statement)


async def test_no_other_room_reaches_the_phones(database: Database) -> None:
    for room in ("identity", "record", "disclosure", "visits", "statistics"):
        pool = await database.pool(room)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.fetch("SELECT device_number FROM healthcode.device")
