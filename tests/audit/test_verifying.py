"""verify-log: a whole log is checked from outside, and each change to what it gives is told."""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from carecode.audit.merkle import leaf_hashes
from carecode.audit.notes import COSIGNATURE, ED25519, base64_text, public_key
from carecode.audit.tiles import bundle_of, leaves_of
from carecode.audit.verifying import Finding, Remembered, judge_weeks, parse_witnesses
from carecode.cli.main import app
from carecode.cli.verifying import Server, Wish, verify
from carecode.crypto.keyring import KeyRing
from carecode.kernel.errors import CareCodeError, InvalidInputError
from carecode.store.database import Database
from tests.audit.conftest import somebody
from tests.audit.running import Running, running_log

PLAIN = Wish(None, [], None, None)
MUTATIONS = 10_000 if os.environ.get("CARECODE_TEST_ALL") else 150


@pytest.fixture
async def log(database: Database, ring: KeyRing, tmp_path: Path) -> AsyncIterator[Running]:
    async with running_log(database, ring, tmp_path) as running:
        yield running


async def check(log: Running, wish: Wish = PLAIN, save: Path | None = None) -> dict[str, Finding]:
    _, findings = await verify(Server("http://localhost:8000/log", log.http, save), wish)
    return {one.check: one for one in findings}


def bad(findings: dict[str, Finding]) -> list[str]:
    return [name for name, one in findings.items() if not one.ok]


async def command(*options: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["verify-log", *options])


async def saved(log: Running, folder: Path) -> Path:
    """Save a log of 300 entries and two statements."""
    await log.grow_many([somebody() for _ in range(30)], 10)
    await log.public_log.publish({"kind": "legal order", "body": "court", "date": "2026-11-17"})
    await log.public_log.publish({"kind": "a thing to come"})
    await log.publish()
    assert bad(await check(log, save=folder)) == []
    return folder


async def test_a_whole_log_holds_and_is_remembered(log: Running, tmp_path: Path) -> None:
    await log.grow_many([somebody() for _ in range(30)], 10)
    state = tmp_path / "state"
    wish = Wish(None, [], None, state)
    first = await check(log, wish)
    assert bad(first) == []
    assert "growth" not in first
    assert "compare it elsewhere" in first["key"].seen
    await log.grow_many([somebody() for _ in range(30)], 10)
    second = await check(log, wish)
    assert bad(second) == []
    assert second["growth"].seen == "its first 300 leaves are those seen before"
    assert Remembered.parse(state.read_bytes()).size == 600
    assert second["leaves"].seen == "600 entries, 0 statements, 0 of an unknown kind"


async def test_an_empty_log_holds(log: Running) -> None:
    await log.publish()
    assert bad(await check(log)) == []


async def test_keys_that_were_given_are_the_ones_that_count(log: Running) -> None:
    await log.grow(somebody(), 3)
    key = (await log.http.get("/log/key")).text.strip()
    witness = (await log.http.get("/log/witnesses")).text.splitlines()[1]
    assert bad(await check(log, Wish(key, [witness], None, None))) == []
    stranger = public_key(key.split("+")[0], ED25519, bytes(32)).vkey()
    assert bad(await check(log, Wish(stranger, [], None, None))) == ["key", "signature"]
    nobody = public_key("nobody", COSIGNATURE, bytes(32)).vkey()
    assert bad(await check(log, Wish(None, [nobody], None, None))) == ["witnesses"]
    assert bad(await check(log, Wish(None, [witness, nobody], 1, None))) == []
    assert bad(await check(log, Wish(None, [witness], 2, None))) == ["witnesses"]
    with pytest.raises(InvalidInputError):
        await check(log, Wish(witness, [], None, None))


async def test_a_log_that_was_set_back_or_rewritten_is_told(log: Running, tmp_path: Path) -> None:
    await log.grow(somebody(), 5)
    key = (await log.http.get("/log/key")).text.strip()
    state = tmp_path / "state"
    for seen, words in (
        (Remembered(key, 9, bytes(32)), "some were taken away"),
        (Remembered(key, 3, bytes(32)), "not those seen before"),
        (Remembered(key, 5, bytes(32)), "not those seen before"),
        (Remembered(key, 0, bytes(32)), "not those seen before"),
    ):
        state.write_bytes(seen.json())
        found = await check(log, Wish(None, [], None, state))
        assert bad(found) == ["growth"]
        assert words in found["growth"].seen
        assert Remembered.parse(state.read_bytes()) == seen  # what was seen before stays
    other = public_key(key.split("+")[0], ED25519, bytes(32)).vkey()
    state.write_bytes(Remembered(other, 3, bytes(32)).json())
    assert "another key" in (await check(log, Wish(None, [], None, state)))["key"].seen


def flip(path: Path, chance: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(bytes(data))


def cut(path: Path, chance: random.Random) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: chance.randrange(len(data))])


def swap_parts(path: Path, chance: random.Random) -> None:
    """Exchange two hashes, or two entries: a reordering."""
    data = path.read_bytes()
    step = 35 if "entries" in str(path) else 32
    one, two = chance.sample(range(min(len(data) // step, 20)), 2) if len(data) >= 2 * step else (0, 0)
    parts = [data[place : place + step] for place in range(0, len(data), step)]
    parts[one], parts[two] = parts[two], parts[one]
    path.write_bytes(b"".join(parts))


def remove(path: Path, _chance: random.Random) -> None:
    path.unlink()


def take_out(path: Path, chance: random.Random) -> None:
    """Leave one entry or hash out."""
    data = path.read_bytes()
    step = 35 if "entries" in str(path) else 32
    place = chance.randrange(max(1, len(data) // step)) * step
    path.write_bytes(data[:place] + data[place + step :])


async def test_no_change_to_what_it_gives_goes_unnoticed(log: Running, tmp_path: Path) -> None:
    copy = await saved(log, tmp_path / "copy")
    key = (copy / "key").read_text().strip()
    witness = (copy / "witnesses").read_text().splitlines()[1]
    options = ["--file", str(copy), "--key", key, "--witness", witness, "--json"]
    assert (await command(*options)).exit_code == 0
    chance = random.Random(11)
    paths = sorted(path for path in copy.rglob("*") if path.is_file() and path.name != "witnesses")
    changes: tuple[Callable[[Path, random.Random], None], ...] = (flip, cut, swap_parts, remove, take_out)
    tried = 0

    def mutate() -> None:
        nonlocal tried
        runner = CliRunner()
        while tried < MUTATIONS:
            path, change = chance.choice(paths), chance.choice(changes)
            before = path.read_bytes()
            change(path, chance)
            if not path.exists() or path.read_bytes() != before:
                done = runner.invoke(app, ["verify-log", *options])
                assert done.exit_code in {1, 2}, (path, change)
                assert isinstance(done.exception, SystemExit), (path, change)
                tried += 1
            path.write_bytes(before)

    await asyncio.to_thread(mutate)
    assert (await command(*options)).exit_code == 0


async def test_a_split_view_ends_in_one_of_two_failures(log: Running, tmp_path: Path) -> None:
    """Two copies that differ: whoever has seen one is told by the other, for its witness signed one only."""
    copy = await saved(log, tmp_path / "copy")
    state = tmp_path / "state"
    assert (await command("--file", str(copy), "--state", str(state))).exit_code == 0
    other = tmp_path / "other"
    shutil.copytree(copy, other)
    for name in ("tile/entries/000", "tile/0/000"):
        data = bytearray((other / name).read_bytes())
        data[-1] ^= 1
        (other / name).write_bytes(bytes(data))
    done = await command("--file", str(other), "--state", str(state), "--json")
    assert done.exit_code == 1
    assert [one["check"] for one in json.loads(done.stdout)["checks"] if not one["ok"]] == ["tree"]


async def test_leaves_and_tiles_that_fit_each_other_but_not_the_root_are_told(log: Running, tmp_path: Path) -> None:
    copy = await saved(log, tmp_path / "copy")
    bundle, tile = copy / "tile/entries/001.p/46", copy / "tile/0/001.p/46"
    leaves = leaves_of(bundle.read_bytes())
    leaves[3] = leaves[3][:-1] + b"x"
    bundle.write_bytes(bundle_of(leaves))
    tile.write_bytes(b"".join(leaf_hashes(leaves)))
    done = await command("--file", str(copy), "--json")
    [wrong] = [one for one in json.loads(done.stdout)["checks"] if not one["ok"]]
    assert wrong["seen"] == "302 leaves give another root than was signed"


async def test_the_command_says_what_it_saw(log: Running, tmp_path: Path) -> None:
    copy = await saved(log, tmp_path / "copy")
    done = await command("--file", str(copy))
    assert "ok  tree" in done.stdout
    assert done.stdout.endswith("Nothing was changed or taken away.\n")
    value = json.loads((await command("--file", str(copy), "--json")).stdout)
    assert (value["ok"], value["size"], len(value["root"])) == (True, 302, 64)
    (copy / "checkpoint").write_text("nothing")
    assert (await command("--file", str(copy))).exit_code == 2
    for options in (["--file", str(tmp_path / "none")], ["--url", "ftp://x"], ["--file", str(copy), "--save", "x"]):
        assert (await command(*options)).exit_code == 2
    done = await command("--url", "http://127.0.0.1:9", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"]["code"] == "log-nobody"
    assert "Nobody answers at that address." in (await command("--url", "http://127.0.0.1:9")).output
    (tmp_path / "state").write_text("nothing")
    done = await command("--file", str(copy), "--state", str(tmp_path / "state"))
    assert done.exit_code == 2


async def test_a_server_that_sends_without_end_is_cut_off() -> None:
    async def endless(_request: httpx.Request) -> httpx.Response:
        async def parts() -> AsyncIterator[bytes]:
            while True:
                yield b"x" * 65_536

        return httpx.Response(200, content=parts())

    async with httpx.AsyncClient(transport=httpx.MockTransport(endless)) as client:
        with pytest.raises(CareCodeError) as caught:
            await Server("http://x/log", client).fetch("checkpoint", 131_072)
    assert caught.value.code == "log-part"


def weeks(*said: tuple[str, int]) -> list[tuple[int, dict[str, object]]]:
    return [
        (place, {"kind": "legal orders of a week", "week": day, "orders": orders, "sealed": 0})
        for place, (day, orders) in enumerate(said)
    ]


def test_a_week_without_its_count_shows() -> None:
    assert judge_weeks([], date(2026, 11, 23)).ok
    two = weeks(("2026-11-09", 0), ("2026-11-16", 0))
    assert judge_weeks(two, date(2026, 11, 23)).ok
    assert judge_weeks(two, date(2026, 12, 2)).ok
    late = judge_weeks(two, date(2026, 12, 3))
    assert (late.ok, late.seen) == (False, "no count of legal orders after the week of 2026-11-16")
    gap = judge_weeks(weeks(("2026-11-02", 0), ("2026-11-16", 0)), date(2026, 11, 24))
    assert (gap.ok, gap.seen) == (False, "no count of legal orders after the week of 2026-11-02")
    assert judge_weeks([*two, *two], date(2026, 11, 23)).ok  # said twice after a crash
    assert not judge_weeks(weeks(("2026-11-16", True + 1)), date(2026, 11, 24)).ok


def test_an_order_that_was_counted_and_never_said_shows() -> None:
    said = weeks(("2026-11-09", 1), ("2026-11-16", 2))
    order: list[tuple[int, dict[str, object]]] = [
        (9, {"kind": "legal order", "date": day}) for day in ("2026-11-10", "2026-11-16", "2026-11-22")
    ]
    assert judge_weeks([*said, *order], date(2026, 11, 24)).seen == "3 legal orders, counted each week since 2026-11-09"
    for left_out in range(3):
        found = judge_weeks([*said, *order[:left_out], *order[left_out + 1 :]], date(2026, 11, 24))
        assert not found.ok
        assert "more legal orders were counted than said one by one" in found.seen
    odd = [(0, {"kind": "legal orders of a week", "week": "2026-11-16", "orders": "none"})]
    assert not judge_weeks(odd, date(2026, 11, 24)).ok


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"key":"x","size":1,"root":""}',
        b'{"key":1}',
        b"\xff",
        b'{"key": "' + public_key("o", ED25519, bytes(32)).vkey().encode() + b'", "size": true, "root": "'
        + base64_text(bytes(32)).encode() + b'"}',
    ],
)  # fmt: skip
def test_what_is_no_state_file_is_said_so(body: bytes) -> None:
    with pytest.raises(InvalidInputError) as caught:
        Remembered.parse(body)
    assert caught.value.code == "state-form"


@pytest.mark.parametrize("text", ["", "quorum", "quorum x\n", "quorum 1\nno key\n", "quorum 1\n" + "x\n" * 17])
def test_what_is_no_list_of_witnesses_is_said_so(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_witnesses(text)
