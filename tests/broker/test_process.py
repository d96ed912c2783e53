"""The broker as a process of its own: started, killed, started again, and never told a secret in the open."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest

from carecode.app import Settings
from carecode.cli import brokering
from carecode.cli.brokering import broker_process, keys_folder, socket_path
from carecode.crypto.datakeys import FreshKey, Opened, WrappedKey
from carecode.crypto.sealing import wrap
from carecode.disclosure.broker.client import KeyClient
from carecode.disclosure.broker.ring import BrokerRing
from carecode.kernel.errors import NotFoundError, UnavailableError
from carecode.kernel.vocabulary import Receipt, RecordKey, Resident
from carecode.record.catalogue import type_named
from tests.broker.conftest import Bench, made, new_resident, texts
from tests.conftest import demand_superuser


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "keys").mkdir(mode=0o700)
    return Settings(tmp_path, None, {})


def ours(settings: Settings) -> list[Path]:
    """Find the brokers of this data folder, as /proc shows them."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0") if folder.name.isdigit() else []
            if b"broker" in words and os.fsencode(settings.data) in words and _alive(folder):
                found.append(folder)
    return found


def _alive(folder: Path) -> bool:
    return (folder / "stat").read_text().rpartition(")")[2].split()[0] != "Z"


async def gone(settings: Settings) -> bool:
    for _ in range(100):
        if not ours(settings):
            return True
        await asyncio.sleep(0.1)
    return False


@contextlib.asynccontextmanager
async def kept(bench: Bench, settings: Settings) -> AsyncIterator[KeyClient]:
    async with broker_process(settings, bench.target, bench.ring, None) as client:
        yield client


@pytest.fixture(autouse=True)
def none_left(settings: Settings) -> Iterator[None]:
    yield
    assert ours(settings) == []


async def test_a_house_reads_and_writes_through_its_own_process(
    bench: Bench, settings: Settings, resident: Resident
) -> None:
    async with kept(bench, settings) as client:
        store = bench.store(client)
        await bench.deposit(store, resident, "one")
        receipt = await bench.open(resident)
        assert texts(await bench.store(client).read(receipt)) == ["one"]
        [process] = ours(settings)
        password = bench.ring.password("carecode_broker")
        told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        assert password.encode() not in told
        assert str(bench.target.admin_password).encode() not in told
        ring = keys_folder(settings.data) / "broker.json"
        assert stat.S_IMODE(ring.stat().st_mode) == 0o600
        assert (await client.task("status"))["unwraps"] == 1
    # What it had noted is there after a start, and the ring opens what was stored.
    async with kept(bench, settings) as client:
        assert (await client.task("status"))["unwraps"] == 1
        assert texts(await bench.store(client).read(await bench.open(resident))) == ["one"]


async def test_a_killed_broker_is_told_in_words_and_started_again(
    bench: Bench, settings: Settings, resident: Resident
) -> None:
    async with kept(bench, settings) as client:
        store = bench.store(client)
        await bench.deposit(store, resident)
        [process] = ours(settings)
        os.kill(int(process.name), signal.SIGKILL)
        await asyncio.sleep(0.1)
        with pytest.raises(UnavailableError, match="key keeper does not answer; nothing was opened"):
            await bench.store(client).read(await bench.open(resident))
        for _ in range(100):
            await asyncio.sleep(0.2)
            with contextlib.suppress(UnavailableError):
                assert len(await bench.store(client).read(await bench.open(resident))) == 1
                break
        else:
            pytest.fail("the broker did not come back")


async def test_two_houses_share_one_broker_and_survive_its_owner(
    bench: Bench, settings: Settings, resident: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokering, "KEEP_UP_SECONDS", 0.1)
    second: KeyClient
    async with contextlib.AsyncExitStack() as later:
        async with kept(bench, settings) as first:
            second = await later.enter_async_context(kept(bench, settings))
            assert len(ours(settings)) == 1
            await bench.deposit(bench.store(first), resident)
            assert len(await bench.store(second).read(await bench.open(resident))) == 1
        for _ in range(100):
            await asyncio.sleep(0.2)
            if await second.ready():
                break
        assert len(await bench.store(second).read(await bench.open(resident))) == 1


async def test_a_broker_ends_with_whoever_started_it(settings: Settings, bench: Bench) -> None:
    address = bench.target
    parent = subprocess.Popen(  # noqa: ASYNC220 - its whole life is this test
        [sys.executable, "-c", PARENT, str(settings.data), address.host, str(address.port), address.database],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(bench.ring.password("carecode_broker").encode() + b"\n")
    parent.stdin.flush()
    assert parent.stdout.readline() == b"up\n"
    assert len(ours(settings)) == 1
    parent.send_signal(signal.SIGKILL)
    parent.wait(5)
    assert await gone(settings)
    for pipe in (parent.stdin, parent.stdout):
        pipe.close()


PARENT = """
import asyncio, sys
from pathlib import Path
from carecode.cli.processes import Child
from carecode.disclosure.broker.process import DatabaseAddress, Introduction
data, host, port, name = sys.argv[1:]
told = Introduction(DatabaseAddress(host, int(port), name), sys.stdin.readline().strip()).line()
async def main():
    words = [sys.executable, "-m", "carecode", "broker", "--json", "--data", data]
    await Child("key-keeper", lambda _s: words, Path(data) / "broker.log", secret=told).start()
    print("up", flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def test_without_its_ring_a_house_with_keys_does_not_start(
    bench: Bench, settings: Settings, resident: Resident
) -> None:
    async with kept(bench, settings) as client:
        await bench.deposit(bench.store(client), resident)
    (keys_folder(settings.data) / "broker.json").rename(settings.data / "lost.json")
    with pytest.raises((NotFoundError, UnavailableError), match="ring is not here"):
        async with kept(bench, settings):
            pass


async def test_what_is_no_introduction_is_refused_without_repeating_it(settings: Settings) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "carecode", "broker", "--data", str(settings.data)],
        input=b'{"password": "canary-77"}\n', capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"introduction" in done.stderr
    assert b"canary" not in done.stderr + done.stdout


async def test_a_database_from_before_is_adopted_at_the_first_start(bench: Bench, settings: Settings) -> None:
    """Sealed as the version before did it: one key, number zero, wrapped by the server's own ring."""
    await demand_superuser(bench.target)
    old_kek, resident = bench.ring.key("record.kek"), new_resident()
    key, dek, resource = resident.keys[0], secrets.token_bytes(32), made("from before")
    store = bench.store(_Never())
    body = store._codec.encode(key, dek, resource.id, 1, resource.body)
    await bench.sql(
        "INSERT INTO record.data_key (resident_id, wrapped) VALUES ($1, $2)",
        key, wrap(old_kek, dek, key.bytes, secrets.token_bytes(12)),
    )  # fmt: skip
    await bench.sql(
        "INSERT INTO record.resource"
        " (resident_id, type, id, version, at, organisation, category, deposit, tokens, body)"
        " SELECT $1, number, $2, 1, now(), 'county-2', 3, $2, '{}', $3 FROM (SELECT $4::smallint AS number) AS t",
        key, resource.id, body, type_named("Condition").number,
    )  # fmt: skip
    for _ in range(2):  # the second start finds nothing to adopt
        async with kept(bench, settings) as client:
            found = await client.task("status")
            assert (found["keys_to_adopt"], found["epochs"][0]["keys"]) == (0, 1)
            assert texts(await bench.store(client).read(await bench.open(resident))) == ["from before"]
    [row] = await bench.wrapped(resident)
    ring = BrokerRing.open(keys_folder(settings.data) / "broker.json")
    assert ring.unwrap(key.bytes, bytes(16), row[2]) == dek


class _Never:
    """A door that is never gone through."""

    async def fresh(self, key: RecordKey) -> FreshKey:
        raise AssertionError(key)

    async def open(self, receipt: Receipt, wrapped: Sequence[WrappedKey]) -> Opened:
        raise AssertionError(receipt, wrapped)

    def when_erased(self, forget: Callable[[RecordKey], None]) -> None:
        del forget


def test_a_long_folder_still_has_a_short_socket(tmp_path: Path) -> None:
    assert len(os.fsencode(socket_path(tmp_path / ("x" * 120)))) < 107
    assert socket_path(Path("/srv/care")) == Path("/srv/care/run/broker.sock")
