"""Whoever has the server, its keys, all passwords and a copy of the database has no record: the broker has the keys.

A script tries every key that the server can derive, and all of the copy that could be one, in every way the code
knows.  With the broker's own ring the same script opens everything; on a record from before the broker as well.

Answers: M11, M15, M22
Proved in detail by: tests/broker/test_broker.py, tests/broker/test_watch.py
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from carecode.app import wall_clock
from carecode.crypto.keyring import KeyRing
from carecode.crypto.sealing import wrap
from carecode.disclosure.broker.building import Means, keeping
from carecode.disclosure.broker.client import KeyClient, at_socket
from carecode.disclosure.broker.local import LocalDoor
from carecode.disclosure.broker.ring import FILE_NAME, BrokerRing
from carecode.kernel.errors import CareCodeError, UnavailableError
from carecode.kernel.vocabulary import RecordKey, Resident
from carecode.record.codec import Codec, shipped_dictionaries
from carecode.store.database import ROOMS, Database, Target
from tests.broker.conftest import Bench, made, new_resident
from tests.conftest import demand_superuser
from tests.promises.wall import as_administrator

CANARY = "canary-note-4471"
ROOT = Path(__file__).parents[2]


@dataclass
class Loot:
    """All that a thief of the server and its database has, and what he makes of it."""

    ring: KeyRing
    rows: list[Any] = field(default_factory=list)  # key_id, resident_id, id, version, body, wrapped
    dump: list[bytes] = field(default_factory=list)  # every value of every column of every table
    attempts: int = 0

    def keys(self) -> set[bytes]:
        """Every key and password the server can derive, the root itself, and all of the dump that could be one."""
        source = "".join(path.read_text("utf-8") for path in (ROOT / "src" / "carecode").rglob("*.py"))
        names = set(re.findall(r"""["']([a-z0-9]+(?:[._-][a-z0-9]+)*)["']""", source))
        held = {self.ring._root, self.ring.issuer_seed}
        held |= {self.ring.key(name) for name in names}
        passwords = [self.ring.password(f"carecode_{room}") for room in ROOMS]
        held |= {bytes.fromhex(password) for password in passwords}
        for value in self.dump:
            held |= {value[place : place + 32] for place in range(0, max(len(value) - 31, 0), 4)}
            held.add(hashlib.sha256(value).digest())
        return {key for key in held if len(key) == 32}

    def opened(self, keys: set[bytes]) -> Iterator[bytes]:
        """Try every key on every wrapped key and every body, in every way that the code knows."""
        codec = Codec(shipped_dictionaries(), secrets.token_bytes)
        for key_id, owner, resource, version, body, wrapped in self.rows:
            deks = set(keys)
            for key in keys:
                deks |= set(self._unwrapped(key, owner.bytes, key_id.bytes, wrapped))
            for dek in deks:
                self.attempts += 1
                with contextlib.suppress(CareCodeError):
                    yield codec.decode(RecordKey(owner), dek, resource, version, body)

    def _unwrapped(self, key: bytes, owner: bytes, key_id: bytes, wrapped: bytes) -> Iterator[bytes]:
        bound = b"carecode data key|" + wrapped[:4] + owner + key_id
        wide = HKDF(algorithm=SHA256(), length=64, salt=None, info=b"data keys").derive(key)
        for siv in (AESSIV(wide), AESSIV(key), AESSIV(key + key)):
            self.attempts += 1
            with contextlib.suppress(InvalidTag):
                yield siv.decrypt(wrapped[4:], [bound])
        for place in (b"wrapped key|" + owner, b"wrapped key|" + owner + key_id, bound):
            self.attempts += 1
            with contextlib.suppress(InvalidTag):
                yield AESGCM(key).decrypt(wrapped[:12], wrapped[12:], place)


async def stolen(target: Target, ring: KeyRing) -> Loot:
    """Copy every row of every table."""
    loot = Loot(ring)
    loot.rows = [
        tuple(row)
        for row in await as_administrator(
            target,
            "SELECT r.key_id, r.resident_id, r.id, r.version, r.body, k.wrapped FROM record.resource r"
            " JOIN record.data_key k ON k.resident_id = r.resident_id AND k.key_id = r.key_id",
        )
    ]
    tables = await as_administrator(
        target,
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')",
    )
    for table in tables:
        for row in await as_administrator(target, f"SELECT * FROM {table['name']}"):  # noqa: S608
            loot.dump += [value if isinstance(value, bytes) else str(value).encode() for value in row.values()]
    return loot


@pytest.fixture
async def bench(database: Database, target: Target, ring: KeyRing, house: Any) -> Bench:  # noqa: ANN401
    return Bench(database, target, ring, house.log)


@pytest.fixture
async def resident(bench: Bench, tmp_path: Path) -> Resident:
    """Somebody with a record, deposited and read; then the broker ends."""
    await demand_superuser(bench.target)
    (tmp_path / "keys").mkdir(mode=0o700)
    her = new_resident()
    async with keeping(bench.database, Means(secrets.token_bytes, wall_clock), folder=tmp_path / "keys") as kept:
        store = bench.store(LocalDoor(kept))
        await bench.deposit(store, her, CANARY)
        assert len(await store.read(await bench.open(her))) == 1
    return her


async def test_the_servers_keys_and_a_copy_of_the_database_open_nothing(
    bench: Bench, resident: Resident, tmp_path: Path
) -> None:
    loot = await stolen(bench.target, bench.ring)
    assert resident.keys[0] in {row[1] for row in loot.rows}
    assert not any(CANARY.encode() in value for value in loot.dump)
    keys = loot.keys()
    assert len(keys) > 100
    assert list(loot.opened(keys)) == []
    assert loot.attempts > 1000
    # The control: the same script with the broker's ring opens all of it.
    broker = BrokerRing.open(tmp_path / "keys" / FILE_NAME)
    held = {bytes.fromhex(epoch.key) for epoch in broker.contents.epochs}
    found = list(loot.opened(held))
    assert len(found) == len(loot.rows)
    assert any(CANARY.encode() in body for body in found)


async def test_before_there_was_a_broker_the_same_script_opened_everything(bench: Bench) -> None:
    """One more control: sealed as the version before did it, under the server's own ring."""
    await demand_superuser(bench.target)
    resident, dek, resource = new_resident(), secrets.token_bytes(32), made(CANARY)
    key = resident.keys[0]
    wrapped = wrap(bench.ring.key("record.kek"), dek, key.bytes, secrets.token_bytes(12))
    body = Codec(shipped_dictionaries(), secrets.token_bytes).encode(key, dek, resource.id, 1, resource.body)
    await bench.sql("INSERT INTO record.data_key (resident_id, wrapped) VALUES ($1, $2)", key, wrapped)
    await bench.sql(
        "INSERT INTO record.resource"
        " (resident_id, type, id, version, at, organisation, category, deposit, tokens, body)"
        " VALUES ($1, 5, $2, 1, now(), 'county-2', 3, $2, '{}', $3)",
        key, resource.id, body,
    )  # fmt: skip
    loot = await stolen(bench.target, bench.ring)
    assert [CANARY.encode() in body for body in loot.opened(loot.keys())] == [True]


async def test_with_every_password_and_a_live_receipt_a_dead_broker_opens_nothing(
    bench: Bench, resident: Resident, tmp_path: Path
) -> None:
    """The thief runs the server itself: the log takes his entry, the rows come, and nothing opens them."""
    receipt = await bench.open(resident)
    store = bench.store(KeyClient(at_socket(tmp_path / "none.sock")))
    with pytest.raises(UnavailableError, match="nothing was opened"):
        await store.read(receipt)
    [entry] = await bench.log.entries(resident, limit=1)
    assert entry.receipt == receipt.id
