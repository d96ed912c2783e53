"""The watch: what was opened stands in the signed public log within seconds, or nothing more is opened."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from carecode.app import wall_clock
from carecode.audit.notes import COSIGNATURE, ED25519, Checkpoint, cosign, join, public_key, sign, split
from carecode.audit.sequencer import SIGNING_KEY, Sequencer
from carecode.disclosure.broker import following
from carecode.disclosure.broker.building import keeping
from carecode.disclosure.broker.local import LocalDoor
from carecode.disclosure.broker.rows import KeyRows
from carecode.disclosure.broker.watch import LogDemand, Watch
from carecode.kernel.errors import CorruptError, UnavailableError
from carecode.kernel.vocabulary import Resident
from tests.broker.conftest import Bench, Hand, means, new_resident
from tests.conftest import demand_superuser

WITNESS = bytes(range(32))
WITNESS_KEY = public_key("witness-1", COSIGNATURE, WITNESS)


@dataclass
class Log:
    """The public log of a test's database, its sequencer, and a watch with a clock in the test's hand."""

    bench: Bench
    hand: Hand = field(default_factory=Hand)
    path: Path | None = None

    def __post_init__(self) -> None:
        self.seed = self.bench.ring.key(SIGNING_KEY)
        self.sequencer = Sequencer(self.bench.database, self.bench.ring, wall_clock)
        self.rows = KeyRows(self.bench.database)

    def demand(self, **changes: object) -> LogDemand:
        fields = {"log_key": public_key("log", ED25519, self.seed).public, **changes}
        return LogDemand(**fields)  # type: ignore[arg-type]

    def watch(self, **changes: object) -> Watch:
        return Watch(
            self.rows, self.bench.broker_ring, self.demand(**changes), path=self.path, clock=wall_clock,
            monotonic=self.hand,
        )  # fmt: skip

    async def entry(self, resident: Resident | None = None) -> bytes:
        her = resident or new_resident()
        await self.bench.open(her)
        [found] = await self.bench.log.entries(her, limit=1)
        return found.hash

    async def resigned(self, statement: str, *arguments: object) -> None:
        """Change the log, then sign the newest checkpoint again: its operator can do both."""
        await self.bench.sql(statement, *arguments)
        [row] = await self.bench.sql("SELECT size, note FROM audit.checkpoint ORDER BY size DESC LIMIT 1")
        leaves = [r[0] for r in await self.bench.sql("SELECT data FROM audit.leaf ORDER BY idx")]
        old = Checkpoint.parse(split(row["note"])[0])
        text = Checkpoint(old.origin, len(leaves), root_of(leaves), old.extensions).text()
        await self.bench.sql(
            "UPDATE audit.checkpoint SET note = $1, size = $2 WHERE size = $3",
            join(text, [sign(text, old.origin, self.seed)]), len(leaves), row["size"],
        )  # fmt: skip

    async def cosigned(self) -> None:
        [row] = await self.bench.sql("SELECT size, note FROM audit.checkpoint ORDER BY size DESC LIMIT 1")
        line = cosign(split(row["note"])[0], "witness-1", WITNESS, int(wall_clock().timestamp()))
        await self.bench.sql(
            "INSERT INTO audit.cosignature (size, name, line, signed_at, at)"
            " VALUES ($1, 'witness-1', $2, now(), now())",
            row["size"], line,
        )  # fmt: skip


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962 clause 2.1, word by word."""
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    if not leaves:
        return sha256(b"").digest()
    split_at = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + root_of(leaves[:split_at]) + root_of(leaves[split_at:])).digest()


@pytest.fixture
async def log(bench: Bench, folder: Path) -> Log:
    await demand_superuser(bench.target)
    made = Log(bench, path=folder / "seen.json")
    await made.sequencer.step()
    return made


def stopped(watch: Watch) -> str | None:
    try:
        watch.check()
    except UnavailableError as error:
        return error.code
    return None


async def test_what_is_sequenced_in_time_stops_nothing(log: Log) -> None:
    watch = log.watch()
    for _ in range(5):
        watch.opened(await log.entry())
        await watch.round()
        log.hand.now += 2
        assert stopped(watch) is None
        await log.sequencer.step()
        await watch.round()
        assert watch.state()["waiting_entries"] == 0
    log.hand.now += 100
    assert stopped(watch) is None


async def test_an_entry_that_stays_away_for_five_seconds_stops_the_broker_until_it_comes(log: Log) -> None:
    watch = log.watch()
    await watch.round()
    watch.opened(await log.entry())
    log.hand.now += 4.9
    await watch.round()
    assert stopped(watch) is None
    log.hand.now += 0.2
    assert stopped(watch) == "log-behind"
    await watch.round()
    assert (stopped(watch), watch.state()["stopped"]) == ("log-behind", "log-behind")
    await log.sequencer.step()
    await watch.round()
    assert stopped(watch) is None


async def test_an_entry_that_is_left_out_while_others_go_in_stops_it(log: Log) -> None:
    """Whoever writes the log drops one entry and goes on with the others."""
    watch = log.watch()
    await watch.round()
    left_out = await log.entry()
    watch.opened(left_out)
    watch.opened(await log.entry())
    await log.sequencer.step()
    await log.resigned(
        "UPDATE audit.leaf SET data = '\\x01' || sha256('other') WHERE data = '\\x01' || $1::bytea", left_out
    )
    await watch.round()
    log.hand.now += 5.1
    for _ in range(3):
        with contextlib.suppress(UnavailableError):
            await watch.round()
    assert stopped(watch) in {"log-behind", "log-broken"}
    assert watch.state()["waiting_entries"] == 1


async def test_a_receipt_shown_again_is_not_waited_for_twice(log: Log) -> None:
    watch, entry = log.watch(), await log.entry()
    watch.opened(entry)
    await watch.round()
    await log.sequencer.step()
    await watch.round()
    watch.opened(entry)
    log.hand.now += 6
    assert stopped(watch) is None


async def test_an_entry_from_before_the_watch_began_is_proved(log: Log) -> None:
    entries = [await log.entry() for _ in range(9)]
    await log.sequencer.step()
    await log.sequencer.step()
    watch = log.watch()
    await watch.round()
    for entry in entries:
        watch.opened(entry)
    log.hand.now += 2
    await watch.round()
    assert watch.state()["waiting_entries"] == 0


async def test_an_old_permission_shown_as_new_stops_it(log: Log) -> None:
    """Whoever administers the database calls a receipt of yesterday live again: its entry is too old."""
    old = await log.entry()
    await log.sequencer.step()
    watch = log.watch()
    await watch.round()
    for _ in range(30):
        log.hand.now += 25
        await log.entry()
        await log.sequencer.step()
        await watch.round()
    watch.opened(old)
    log.hand.now += 2
    with pytest.raises(UnavailableError, match="old permission"):
        await watch.round()
    assert stopped(watch) == "log-broken"


FAULTS: dict[str, Callable[[Log], Awaitable[None]]] = {
    "a leaf changed": lambda log: log.resigned("UPDATE audit.leaf SET data = '\\x01aa' WHERE idx = 1"),
    "two leaves swapped": lambda log: log.resigned(
        "UPDATE audit.leaf l SET data = (SELECT o.data FROM audit.leaf o WHERE o.idx = 1 - l.idx) WHERE l.idx < 2"
    ),
    "the last leaf dropped": lambda log: log.resigned(
        "DELETE FROM audit.leaf WHERE idx = (SELECT max(idx) FROM audit.leaf)"
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("restarted", [False, True])
async def test_a_log_that_changes_what_it_showed_is_told(log: Log, fault: str, restarted: bool) -> None:  # noqa: FBT001
    for _ in range(5):
        await log.entry()
    await log.sequencer.step()
    watch = log.watch()
    await watch.round()
    watch.close()
    await FAULTS[fault](log)
    if fault != "the last leaf dropped":
        await log.entry()
        log.sequencer = Sequencer(log.bench.database, log.bench.ring, wall_clock)
        with contextlib.suppress(CorruptError):
            await log.sequencer.step()
        await log.resigned("SELECT 1")
    after = log.watch() if restarted else watch
    with pytest.raises(UnavailableError, match=r"does not verify|is missing"):
        await after.round()
    assert stopped(after) == "log-broken"
    await after.round()  # for good
    assert stopped(after) == "log-broken"


async def test_leaves_that_are_withheld_are_told(log: Log) -> None:
    watch = log.watch()
    await watch.round()
    await log.entry()
    await log.sequencer.step()
    await log.bench.sql("DELETE FROM audit.leaf")
    with pytest.raises(UnavailableError, match="does not verify"):
        await watch.round()


async def test_a_checkpoint_that_the_log_did_not_sign_is_told(log: Log) -> None:
    await log.entry()
    await log.sequencer.step()
    [row] = await log.bench.sql("SELECT size, note FROM audit.checkpoint ORDER BY size DESC LIMIT 1")
    text, _lines = split(row["note"])
    origin = Checkpoint.parse(text).origin
    forged = join(text, [sign(text, origin, bytes(32))])
    await log.bench.sql("UPDATE audit.checkpoint SET note = $1 WHERE size = $2", forged, row["size"])
    with pytest.raises(UnavailableError, match="does not verify"):
        await log.watch().round()


async def test_the_logs_key_is_pinned_at_first_sight(log: Log) -> None:
    await log.watch().round()
    assert log.bench.broker_ring.contents.log_key is not None
    await log.watch(log_key=None).round()
    with pytest.raises(UnavailableError, match="another key"):
        await log.watch(log_key=public_key("log", ED25519, bytes(32)).public).round()
    unpinned = msgspec.structs.replace(log.bench.broker_ring.contents, log_key=None)
    log.bench.broker_ring._take(unpinned)
    with pytest.raises(UnavailableError) as told:
        await log.watch(log_key=None).round()
    assert told.value.code == "log-key"


async def test_silent_witnesses_stop_it_after_their_grace(log: Log) -> None:
    watch = log.watch(witnesses=(WITNESS_KEY,), quorum=1, grace_seconds=100.0)
    await log.cosigned()
    await watch.round()
    log.hand.now += 1000
    await watch.round()
    assert stopped(watch) is None  # nothing new was to be seen
    await log.entry()
    await log.sequencer.step()
    await watch.round()
    log.hand.now += 99
    await watch.round()
    assert stopped(watch) is None
    log.hand.now += 2
    assert stopped(watch) == "log-unseen"
    watch.close()
    again = log.watch(witnesses=(WITNESS_KEY,), quorum=1, grace_seconds=-0.0)
    assert stopped(again) == "log-unseen"  # a start does not give the grace anew
    await log.cosigned()
    for each in (watch, again):
        await each.round()
        assert stopped(each) is None


async def test_a_cosignature_counts_once_and_only_of_a_witness(log: Log) -> None:
    stranger = bytes(31) + b"\1"
    await log.entry()
    await log.sequencer.step()
    [row] = await log.bench.sql("SELECT size, note FROM audit.checkpoint ORDER BY size DESC LIMIT 1")
    text = split(row["note"])[0]
    for name, line in (
        ("witness-1", cosign(text, "witness-1", WITNESS, 1)),
        ("witness-2", cosign(text, "witness-1", WITNESS, 2)),
        ("stranger", cosign(text, "stranger", stranger, 1)),
    ):
        await log.bench.sql(
            "INSERT INTO audit.cosignature (size, name, line, signed_at, at) VALUES ($1, $2, $3, now(), now())",
            row["size"], name, line,
        )  # fmt: skip
    other = public_key("witness-2", COSIGNATURE, bytes(32))
    watch = log.watch(witnesses=(WITNESS_KEY, other), quorum=2, grace_seconds=10.0)
    await watch.round()
    log.hand.now += 11
    assert stopped(watch) == "log-unseen"


# The broker under the watch


@pytest.fixture
async def watched(bench: Bench, log: Log) -> AsyncIterator[LocalDoor]:
    async with keeping(bench.database, means(), ring=bench.broker_ring, demand=log.demand()) as house:
        yield LocalDoor(house)


async def test_with_a_sequencer_beside_it_the_broker_goes_on(
    bench: Bench, log: Log, watched: LocalDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carecode.disclosure.broker.watch.MISSING_SECONDS", 3.0)
    running = asyncio.create_task(log.sequencer.run(0.2))
    store, resident = bench.store(watched), new_resident()
    await bench.deposit(store, resident)
    for _ in range(10):
        assert len(await store.read(await bench.open(resident))) == 1
        await asyncio.sleep(0.5)
    assert (await watched.task("status"))["watch"]["stopped"] is None
    running.cancel()


async def test_without_one_it_stops_and_says_so(
    bench: Bench, watched: LocalDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("carecode.disclosure.broker.watch.MISSING_SECONDS", 0.5)
    store, resident = bench.store(watched), new_resident()
    await bench.deposit(store, resident)
    receipt = await bench.open(resident)
    assert len(await store.read(receipt)) == 1
    await asyncio.sleep(0.7)
    assert len(await store.read(receipt)) == 1  # at hand
    with pytest.raises(UnavailableError, match="public log") as told:
        await store.read(await bench.open(resident))
    assert (told.value.code, told.value.http_status) == ("log-behind", 503)


def test_what_the_watch_may_call_old_is_older_than_any_receipt() -> None:
    assert timedelta(seconds=following.FRESH_SECONDS) > timedelta(minutes=10)
