"""The witness as a process: it survives being killed, ends with its parent, and the log waits for its quorum."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route
from typer.testing import CliRunner

from carecode.audit.notes import Checkpoint, NoteKey, held, join, split
from carecode.audit.witness import Memory, Witness
from carecode.audit.witnesses import Address, Demand, Standing, Trouble, Witnesses
from carecode.cli.main import app
from carecode.cli.processes import Child, running, witness_process
from carecode.cli.witnessing import application
from carecode.kernel.errors import InvalidInputError, UnavailableError
from tests.audit.trees import KEY, LEAVES, note_of, proof_of, request
from tests.day.town import is_alive

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
KILLS = 20 if os.environ.get("CARECODE_TEST_ALL") else 4
OPTIONS = ["--json", "--log", KEY.vkey()]


def start(data: Path, listen: str = "127.0.0.1:0") -> tuple[subprocess.Popen[bytes], dict[str, str]]:
    command = [sys.executable, "-m", "carecode", "witness", "--listen", listen, "--data", str(data), *OPTIONS]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


def test_killed_at_any_moment_it_forgets_nothing_it_has_said(tmp_path: Path) -> None:
    chance = random.Random(4)
    last, answered = 0, 0
    for _ in range(KILLS):
        process, said = start(tmp_path / "w")
        with httpx.Client(base_url=said["url"], timeout=5) as http:
            refused = http.post("/add-checkpoint", content=request(0, last)) if last else None
            if refused is not None:
                assert refused.status_code == 409
                assert last <= int(refused.text)  # it may have signed one whose answer did not arrive
                last = int(refused.text)
                forked = [b"fork", *LEAVES[1:]]
                assert http.post("/add-checkpoint", content=request(last, last, forked)).status_code == 409
                assert http.post("/add-checkpoint", content=request(last, last + 1, forked)).status_code == 422
            killer = threading.Timer(chance.uniform(0, 0.15), process.kill)
            killer.start()
            try:
                while last < len(LEAVES) - 1:
                    assert http.post("/add-checkpoint", content=request(last, last + 1)).status_code == 200
                    last += 1
                    answered += 1
            except httpx.HTTPError:
                pass
            killer.join()
        process.kill()
        process.communicate()
    assert answered > 0


@pytest.mark.parametrize(
    "wrong",
    [
        ["--listen", "0.0.0.0:0"],
        ["--listen", "here"],
        ["--listen", "127.0.0.1:70000"],
        ["--name", "two words"],
        ["--log", "no key"],
    ],
)
def test_a_wrong_option_ends_it_with_words(tmp_path: Path, wrong: list[str]) -> None:
    options = ["--data", str(tmp_path), "--listen", "127.0.0.1:0", *OPTIONS, *wrong]
    done = CliRunner().invoke(app, ["witness", *options])
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["message"].endswith(".")


@pytest.mark.parametrize("path", [os.environ["PATH"], ""], ids=["by the kernel", "by its closed input"])
def test_it_ends_when_its_parent_is_killed(tmp_path: Path, path: str) -> None:
    program = (
        "import asyncio, sys, pathlib\n"
        "from carecode.audit.notes import NoteKey\n"
        "from carecode.cli.processes import witness_process\n"
        "async def main():\n"
        "    async with witness_process(pathlib.Path(sys.argv[1]), [NoteKey.parse(sys.argv[2])]) as address:\n"
        "        print(address.url, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), KEY.vkey()]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PATH": path})  # where setpriv is
    assert parent.stdout is not None
    url = parent.stdout.readline().decode().strip()
    assert httpx.get(f"{url}/key").status_code == 200
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/key", timeout=1)
        except httpx.HTTPError:
            break
        time.sleep(0.05)
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"{url}/key", timeout=1)


async def test_a_witness_that_died_is_started_again_with_its_memory_and_without_our_keys(tmp_path: Path) -> None:
    async with witness_process(tmp_path, [KEY]) as address, httpx.AsyncClient(timeout=5) as http:
        assert (await http.post(f"{address.url}/add-checkpoint", content=request(0, 7))).status_code == 200
        pid, environment = witness_on(tmp_path)
        assert b"CARECODE_KEYS" not in environment
        assert b"CARECODE_DATABASE" not in environment
        os.kill(pid, signal.SIGKILL)
        status, body = 0, ""
        for _ in range(400):
            await asyncio.sleep(0.05)
            try:
                answer = await http.post(f"{address.url}/add-checkpoint", content=request(0, 9))
            except httpx.HTTPError:
                continue
            status, body = answer.status_code, answer.text
            break
        assert (status, body) == (409, "7\n")
        pid, _ = witness_on(tmp_path)
    assert not is_alive(pid)


async def test_a_child_that_never_gets_ready_is_told_in_words(tmp_path: Path) -> None:
    child = Child("witness", lambda _said: [sys.executable, "-c", "print('nothing')"], tmp_path / "report.log")
    with pytest.raises(UnavailableError) as caught:
        await child.start()
    assert caught.value.code == "witness-failed"


async def test_a_child_that_gets_ready_while_it_is_given_up_does_not_hold_the_house_open(tmp_path: Path) -> None:
    class Slow(Child):
        def __init__(self) -> None:
            wait = "import sys; sys.stdin.read()"
            super().__init__("witness", lambda _said: [sys.executable, "-c", wait], tmp_path / "report.log")
            self.waiting, self.go = asyncio.Event(), asyncio.Event()

        async def _ready(self, _process: object) -> dict[str, str]:
            self.waiting.set()
            await self.go.wait()
            return {}

    child = Slow()
    starting = asyncio.create_task(child.start())
    await child.waiting.wait()
    child.go.set()
    starting.cancel()  # in the same moment
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert child.pid is None


async def test_a_child_is_given_its_secret_on_its_input_only(tmp_path: Path) -> None:
    said = "import sys, json; print(json.dumps({'got': sys.stdin.readline()}), flush=True); sys.stdin.read()"
    child = Child("broker", lambda _said: [sys.executable, "-c", said], tmp_path / "report.log", secret=b"s3cret\n")
    async with running(child):
        assert child.said == {"got": "s3cret\n"}
        assert child.pid is not None
        assert not any(b"s3cret" in part for part in seen_by_others(child.pid))
    assert child.pid is None


def seen_by_others(pid: int) -> tuple[bytes, bytes]:
    """Give a process's command line and environment."""
    process = Path("/proc") / str(pid)
    return (process / "cmdline").read_bytes(), (process / "environ").read_bytes()


def witness_on(data: Path) -> tuple[int, bytes]:
    """Find the witness that runs on a folder: its process id and its environment."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and is_alive(int(process.name)):
            words = (process / "cmdline").read_bytes()
            if str(data).encode() in words and b"witness" in words and words.startswith(sys.executable.encode()):
                return int(process.name), (process / "environ").read_bytes()
    raise AssertionError("no witness runs there")


# The feeder: who is asked, and when disclosures stop


class Published:
    """A log in memory with the three doors that witnesses are fed from."""

    def __init__(self, leaves: list[bytes] = LEAVES) -> None:
        self.leaves = leaves
        self.size = 0
        self.lines: dict[int, list[str]] = {}
        self.uncosigned_seconds = 0.0

    async def checkpoint(self) -> bytes:
        text, lines = split(note_of(self.leaves, self.size))
        return join(text, [*(one.text() for one in lines), *self.lines.get(self.size, [])]).encode()

    async def consistency(self, old: int, new: int) -> list[bytes]:
        return proof_of(self.leaves, old, new)

    async def status(self) -> Published:
        return self

    async def add_cosignature(self, size: int, line: str) -> None:
        self.lines.setdefault(size, []).append(line)


class Site:
    """Witnesses behind one HTTP transport, each at its own host, that can be switched off or made to lie."""

    def __init__(self, folder: Path, names: str) -> None:
        self.down: set[str] = set()
        self.lies: dict[str, Response] = {}
        self.asked = 0
        self._memories = {name: Memory(folder / name, f"{name}.example") for name in names}
        self.houses = {name: Witness(memory, [KEY], lambda: 1_700_000_000) for name, memory in self._memories.items()}
        self._applications = {name: application(house) for name, house in self.houses.items()}
        self.addresses = tuple(Address(house.key, f"http://{name}") for name, house in self.houses.items())
        inner = Starlette(routes=[Route("/{path:path}", self._answer, methods=["POST"])])
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(inner))

    async def _answer(self, request: HttpRequest) -> Response:
        name = request.url.hostname or ""
        self.asked += 1
        if name in self.down:
            return Response(status_code=500)
        if name in self.lies:
            return self.lies[name]
        answer = self.houses[name].add_checkpoint(await request.body())
        return Response(answer.body, answer.status, media_type=answer.media_type)

    def close(self) -> None:
        for memory in self._memories.values():
            memory.close()


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path, "abc")
    yield made
    await made.client.aclose()
    made.close()


@pytest.fixture
def log() -> Published:
    return Published()


async def test_two_of_three_are_enough_and_each_signature_is_handed_to_the_log(site: Site, log: Published) -> None:
    witnesses = Witnesses(Demand(site.addresses, 2, 60), site.client)
    log.size = 5
    site.down = {"c"}
    assert await witnesses.round(log, NOW) is Standing.COSIGNED
    assert witnesses.troubles == {"http://c": Trouble.REFUSED}
    assert len(log.lines[5]) == 2
    assert len(held(await log.checkpoint(), witnesses.demand.keys)) == 2
    site.down = set()
    log.size = 9
    await witnesses.round(log, NOW)
    assert (len(log.lines[9]), witnesses.troubles) == (3, {})
    site.asked = 0
    await witnesses.round(log, NOW)  # all signed: nobody is asked again
    assert site.asked == 0


async def test_too_few_open_nothing_when_the_grace_is_over_until_they_are_back(site: Site, log: Published) -> None:
    witnesses = Witnesses(Demand(site.addresses, 2, 60), site.client)
    log.size = 5
    site.down = {"b", "c"}
    assert await witnesses.round(log, NOW) is Standing.WAITING
    assert witnesses.may_disclose(NOW + timedelta(seconds=60))
    assert not witnesses.may_disclose(NOW + timedelta(seconds=61))
    log.size = 6  # a newer checkpoint does not start the grace anew
    assert await witnesses.round(log, NOW + timedelta(seconds=61)) is Standing.CLOSED
    site.down = {"b"}
    assert await witnesses.round(log, NOW + timedelta(seconds=90)) is Standing.COSIGNED
    assert witnesses.may_disclose(NOW + timedelta(hours=5))


async def test_a_server_that_starts_anew_has_no_longer_grace(site: Site, log: Published) -> None:
    log.size, log.uncosigned_seconds = 5, 50.0
    site.down = {"a", "b", "c"}
    witnesses = Witnesses(Demand(site.addresses, 2, 60), site.client)
    assert await witnesses.round(log, NOW) is Standing.WAITING
    assert not witnesses.may_disclose(NOW + timedelta(seconds=11))
    assert await Witnesses(Demand(site.addresses, 2, 40), site.client).round(log, NOW) is Standing.CLOSED


async def test_a_log_that_was_set_back_is_not_cosigned(site: Site, log: Published) -> None:
    log.size = 9
    await Witnesses(Demand(site.addresses, 2, 60), site.client).round(log, NOW)
    restored = Published()
    restored.size = 5
    witnesses = Witnesses(Demand(site.addresses, 2, 60), site.client)
    assert await witnesses.round(restored, NOW) is Standing.WAITING
    assert set(witnesses.troubles.values()) == {Trouble.AHEAD}
    forked = Published([b"fork", *LEAVES[1:]])
    forked.size = 20
    assert await witnesses.round(forked, NOW + timedelta(seconds=61)) is Standing.CLOSED
    assert set(witnesses.troubles.values()) == {Trouble.REFUSED}


@pytest.mark.parametrize(
    "lie",
    [
        Response("", 200),
        Response("— a.example AAAA\n", 200),
        Response("x" * 100_000, 200),
        Response("\xff", 200),
        Response("seven\n", 409, media_type="text/x.tlog.size"),
        Response("7\n", 409),
        Response("3\n", 409, media_type="text/x.tlog.size"),
        Response("", 302, {"location": "http://elsewhere/"}),
    ],
)
async def test_whatever_a_witness_answers_only_a_signature_that_holds_counts(
    site: Site, log: Published, lie: Response
) -> None:
    witnesses = Witnesses(Demand(site.addresses[:1], 1, 60), site.client)
    log.size = 5
    site.lies = {"a": lie}
    assert await witnesses.round(log, NOW) is Standing.WAITING
    assert log.lines == {}
    site.lies = {}
    assert await witnesses.round(log, NOW) is Standing.COSIGNED


async def test_the_signature_of_another_witness_does_not_count(site: Site, log: Published) -> None:
    log.size = 5
    line = site.houses["b"].add_checkpoint(request(0, 5)).body
    site.lies = {"a": Response(line, 200)}
    assert await Witnesses(Demand(site.addresses[:1], 1, 60), site.client).round(log, NOW) is Standing.WAITING
    assert log.lines == {}


async def test_without_a_quorum_nothing_is_waited_for() -> None:
    witnesses = Witnesses(Demand())
    assert witnesses.may_disclose(NOW)
    await witnesses.close()


async def test_before_the_first_round_the_grace_runs(site: Site) -> None:
    witnesses = Witnesses(Demand(site.addresses, 2, 60), site.client)
    assert witnesses.may_disclose(NOW)
    assert not witnesses.may_disclose(NOW + timedelta(seconds=61))
    assert witnesses.may_disclose(NOW - timedelta(hours=1))  # the clock was set back: once more, then closed
    assert not witnesses.may_disclose(NOW)


def test_the_environment_names_them(site: Site) -> None:
    names = ",".join(address.text() for address in site.addresses)
    demand = Demand.of({"CARECODE_WITNESSES": names})
    assert (demand.addresses, demand.quorum, demand.grace_seconds) == (site.addresses, 2, 600)
    assert Demand.of({}) == Demand((), 0, 600)
    assert Demand.of({}, site.addresses[:1]).quorum == 1
    a, b = site.addresses[:2]
    same_key = Address(NoteKey("other", a.key.kind, a.key.public), b.url)
    for wrong in (
        {"CARECODE_WITNESSES": "http://127.0.0.1"},
        {"CARECODE_WITNESSES": f"{KEY.vkey()}@http://127.0.0.1"},  # a log's key cosigns nothing
        {"CARECODE_WITNESSES": f"{a.text()},{a.text()}"},
        {"CARECODE_WITNESSES": f"{a.text()},{same_key.text()}"},
        {"CARECODE_WITNESSES": names, "CARECODE_WITNESS_QUORUM": "4"},
        {"CARECODE_WITNESSES": names, "CARECODE_WITNESS_QUORUM": "-1"},
        {"CARECODE_WITNESS_QUORUM": "1"},
        {"CARECODE_WITNESS_GRACE_SECONDS": "0"},
        {"CARECODE_WITNESS_GRACE_SECONDS": "1e3"},
    ):
        with pytest.raises(InvalidInputError):
            Demand.of(wrong)
    assert Checkpoint.parse(split(note_of(LEAVES, 5))[0]).size == 5
