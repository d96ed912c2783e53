"""``carecode keys``, as an operator types it: real commands on a real database, their words and their exit codes."""

from __future__ import annotations

import asyncio
import json
import stat
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from carecode.app import App, Settings, opened, wall_clock
from carecode.cli.beside import Processes
from carecode.cli.brokering import broker_process, keys_folder
from carecode.crypto.keyring import KeyRing
from carecode.disclosure.broker.client import KeyClient
from carecode.disclosure.broker.ring import BrokerRing
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import Resident
from carecode.store.database import Database, Target
from tests.broker.conftest import Bench, new_resident, texts

NUMBER = ("passport", "E12345678")


@dataclass
class Shell:
    """Runs commands on one data folder."""

    data: Path
    environment: dict[str, str]

    async def run(self, *words: str, typed: str = "") -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "carecode", *words, "--data", str(self.data), env=self.environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(typed.encode()), 120)
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def json(self, *words: str, typed: str = "", code: int = 0) -> dict[str, Any]:
        ended, out, err = await self.run(*words, "--json", typed=typed)
        assert ended == code, out + err
        found: dict[str, Any] = json.loads(out)
        return found


@pytest.fixture
def shell(target: Target, ring: KeyRing, tmp_path: Path) -> Shell:
    (tmp_path / "keys").mkdir(mode=0o700)
    held = tmp_path / "keys" / "ring.json"
    held.write_text(json.dumps({"carecode_keys": 1, "root": ring._root.hex()}))
    held.chmod(0o600)
    password = quote(target.admin_password or "", safe="")
    place = f"{target.host}:{target.port}" if not target.host.startswith("/") else ""
    dsn = f"postgresql://{target.admin_user}:{password}@{place}/{target.database}"
    if not place:
        dsn = (
            f"postgresql://{target.admin_user}@/{target.database}"
            f"?host={target.host}&port={target.port}&password={password}"
        )
    return Shell(tmp_path, {"CARECODE_DATABASE": dsn, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)})


@pytest.fixture
async def client(shell: Shell, target: Target, ring: KeyRing) -> AsyncIterator[KeyClient]:
    """The server's broker, which the commands find running."""
    async with broker_process(Settings(shell.data, None, {}), target, ring, None) as made:
        yield made


@pytest.fixture
async def her(database: Database, ring: KeyRing, client: KeyClient) -> Resident:
    house = App(database, ring, wall_clock, client)
    person = Person("兰", "Lan", date(1951, 2, 3), "female", "")
    return (await house.index.enrol([parse(*NUMBER)], person, source="x", now=wall_clock())).resident


async def test_a_day_in_the_life_of_an_operator(
    bench: Bench, shell: Shell, client: KeyClient, her: Resident, tmp_path: Path
) -> None:
    store = bench.store(client)
    await bench.deposit(store, her, "one")
    assert texts(await store.read(await bench.open(her))) == ["one"]

    found = await shell.json("keys", "status")
    assert [(epoch["number"], epoch["keys"]) for epoch in found["epochs"]] == [(1, 1)]
    assert (found["unwraps"], found["watch"], found["escrow"]) == (1, {}, None)
    code, words, _ = await shell.run("keys", "status")
    assert code == 0
    assert "No shares of the ring were made" in words
    assert "Epoch 1: 1 keys" in words

    assert (await shell.json("keys", "rotate"))["rewrapped"] == 1
    refused = await shell.json("keys", "rotate", "--drop-old", code=1)
    assert refused["error"]["code"] == "epoch-young"

    shares = (await shell.json("keys", "escrow", "--shares", "5", "--threshold", "3"))["shares"]
    found = await shell.json("keys", "status")
    assert found["escrow_current"] is True
    assert (found["escrow"]["shares"], found["escrow"]["threshold"]) == (5, 3)
    path = keys_folder(shell.data) / "broker.json"
    ring = path.read_bytes()
    lines = "\n".join(shares[1:4])
    refused = await shell.json("keys", "recover", typed=lines, code=1)
    assert refused["error"]["code"] in {"broker-runs", "ring-exists"}
    assert path.read_bytes() == ring

    backup = tmp_path / "wrapped.keys"
    assert await shell.json("keys", "backup", str(backup)) == {"keys": 1}
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert (await shell.json("keys", "backup", str(backup), code=1))["error"]["code"] == "backup-exists"

    named = "|".join(NUMBER)
    code, _, words = await shell.run("keys", "erase", named)
    assert code == 1
    assert "Say --yes" in words
    assert await shell.json("keys", "erase", named, "--yes") == {"erased": 1}
    assert await store.read(await bench.open(her)) == []
    found = await shell.json("keys", "restore", str(backup))
    assert (found["restored"], found["erased"]) == (0, 1)
    assert await bench.wrapped(her) == []


async def test_a_lost_ring_comes_back_from_its_keepers(
    bench: Bench, shell: Shell, target: Target, ring: KeyRing
) -> None:
    resident = None
    async with broker_process(Settings(shell.data, None, {}), target, ring, None) as client:
        house = App(bench.database, ring, wall_clock, client)
        person = Person("兰", "Lan", date(1951, 2, 3), "female", "")
        resident = (await house.index.enrol([parse(*NUMBER)], person, source="x", now=wall_clock())).resident
        await bench.deposit(bench.store(client), resident, "one")
        shares = (await shell.json("keys", "escrow", "--shares", "3", "--threshold", "2"))["shares"]
    path = keys_folder(shell.data) / "broker.json"
    before = BrokerRing.open(path).secret()
    path.unlink()
    lost = await shell.json("keys", "status", code=1)
    assert lost["error"]["code"] == "ring-missing"
    few = await shell.json("keys", "recover", typed=shares[0], code=2)
    assert few["error"]["code"] == "escrow-few"
    misread = await shell.json("keys", "recover", typed=shares[0][:-1] + "=\n" + shares[1], code=2)
    assert misread["error"]["code"] == "share-misread"
    assert await shell.json("keys", "recover", typed="\n\n".join(shares[1:])) == {"epochs": [1]}
    assert BrokerRing.open(path).secret() == before
    async with broker_process(Settings(shell.data, None, {}), target, ring, None) as client:
        assert texts(await bench.store(client).read(await bench.open(resident))) == ["one"]


async def test_what_another_machines_broker_is_told(shell: Shell, client: KeyClient, ring: KeyRing) -> None:
    assert await client.ready()
    code, out, _ = await shell.run("keys", "introduction")
    told = json.loads(out)
    assert code == 0
    assert told["password"] == ring.password("carecode_broker")
    assert "admin" not in out
    assert len(bytes.fromhex(told["log_key"])) == 32


@pytest.mark.parametrize(
    "words", [("escrow", "--shares", "1", "--threshold", "2"), ("escrow", "--shares", "3"), ("nothing",), ("erase",)]
)
async def test_what_makes_no_sense_ends_with_two(shell: Shell, words: tuple[str, ...]) -> None:
    code, _, _ = await shell.run("keys", *words)
    assert code == 2


async def test_the_house_that_serve_opens_has_its_keys_in_another_process(
    bench: Bench, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CARECODE_KEYS", raising=False)
    settings = Settings(shell.data, shell.environment["CARECODE_DATABASE"], {})
    resident = new_resident()
    async with opened(settings, Processes(), may_migrate=False, alone=False) as app:
        assert isinstance(app.keys, KeyClient)
        await bench.deposit(app.record, resident)
        [row] = await bench.wrapped(resident)
        ring = BrokerRing.open(keys_folder(shell.data) / "broker.json")
        assert len(ring.unwrap(row[0].bytes, row[1].bytes, row[2])) == 32
