"""Whoever reads the public log gets tiles, proofs and bundles that hold, or a clear word why not."""

from __future__ import annotations

import secrets

import msgspec
import pytest

from carecode.audit.headmap import proof_from_json, root_of, verify_head
from carecode.audit.merkle import (
    complete_root,
    folded,
    leaf_hash,
    leaf_hashes,
    subtrees,
    verify_consistency,
    verify_inclusion,
)
from carecode.audit.notes import COSIGNATURE, ED25519, Checkpoint, NoteKey, cosign, held, public_key, split
from carecode.audit.publiclog import PublicLog
from carecode.audit.sequencer import Sequencer
from carecode.audit.tiles import hashes_of, leaves_of, partial_width
from carecode.crypto.keyring import KeyRing
from carecode.kernel.errors import (
    CorruptError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from carecode.store.database import Database, Target
from tests.audit.conftest import Clock, Lists, administrator, somebody

SEEDS = {name: secrets.token_bytes(32) for name in ("witness-a", "witness-b")}
WITNESSES = [public_key(name, COSIGNATURE, seed) for name, seed in SEEDS.items()]


def read(note: bytes) -> Checkpoint:
    return Checkpoint.parse(split(note)[0])


def root_over(leaves: list[bytes]) -> bytes:
    hashes = leaf_hashes(leaves)
    return folded([complete_root(hashes[p << h : (p + 1) << h]) for h, p in subtrees((0, len(leaves)))])


async def all_leaves(public: PublicLog, size: int) -> list[bytes]:
    leaves: list[bytes] = []
    while len(leaves) < size:
        index = len(leaves) // 256
        leaves += leaves_of(await public.entries(index, partial_width(0, index, size)))
    return leaves


async def test_the_note_is_signed_by_the_log(sequencer: Sequencer, public: PublicLog, ring: KeyRing) -> None:
    await sequencer.step()
    key = public_key("carecode.local/log", ED25519, ring.key("log.signing"))
    assert [one.key for one in held(await public.checkpoint(), [key])] == [key]


async def test_before_the_first_step_there_is_nothing_to_read(public: PublicLog) -> None:
    with pytest.raises(UnavailableError):
        await public.checkpoint()
    with pytest.raises(UnavailableError):
        await public.bundle(somebody())
    assert (await public.status()).size == 0


async def test_tiles_and_bundles_make_the_root_that_was_signed(
    lists: Lists, sequencer: Sequencer, public: PublicLog
) -> None:
    residents = [somebody() for _ in range(3)]
    for count in (100, 200, 260):
        for resident in residents:
            await lists.add(resident, count // 3)
        await sequencer.step()
    checkpoint = read(await public.checkpoint())
    leaves = await all_leaves(public, checkpoint.size)
    assert checkpoint.size == len(leaves) == 33 * 3 + 66 * 3 + 86 * 3
    assert checkpoint.root == root_over(leaves)
    assert hashes_of(await public.tile(0, 1)) == leaf_hashes(leaves[256:512])
    assert hashes_of(await public.tile(0, 2, 43)) == leaf_hashes(leaves[512:])
    assert hashes_of(await public.tile(1, 0, 2)) == [root_over(leaves[:256]), root_over(leaves[256:512])]
    assert hashes_of(await public.tile(1, 0, 1)) == [root_over(leaves[:256])], "narrower ones stay"
    for level, index, width in ((0, 2, 44), (1, 0, 3), (2, 0, 1), (0, 3, 1), (0, 2**60, 1), (70, 0, 1), (0, 0, 0)):
        with pytest.raises(NotFoundError):
            await public.tile(level, index, width)
    with pytest.raises(NotFoundError):
        await public.entries(2, 44)


async def test_proofs_hold_at_every_size(lists: Lists, sequencer: Sequencer, public: PublicLog) -> None:
    resident = somebody()
    seen: list[Checkpoint] = []
    for count in (1, 6, 130, 150, 60):
        await lists.add(resident, count)
        await sequencer.step()
        seen.append(read(await public.checkpoint()))
    leaves = await all_leaves(public, seen[-1].size)
    for new in seen:
        for old in seen:
            if old.size <= new.size:
                proof = await public.consistency(old.size, new.size)
                assert verify_consistency(old.size, old.root, new.size, new.root, proof)
        for index in {0, 1, new.size // 2, new.size - 1}:
            if index < new.size:
                proof = await public.inclusion(index, new.size)
                assert verify_inclusion(leaf_hash(leaves[index]), index, new.size, proof, new.root)
    for index, size in ((-1, 5), (5, 5), (0, 10_000), (0, 2**63)):
        with pytest.raises(InvalidInputError):
            await public.inclusion(index, size)
    for old_size, size in ((-1, 5), (6, 5), (1, 10_000)):
        with pytest.raises(InvalidInputError):
            await public.consistency(old_size, size)


async def test_an_entry_is_found_in_the_log_by_its_hash(lists: Lists, sequencer: Sequencer, public: PublicLog) -> None:
    resident = somebody()
    await lists.add(resident, 3)
    entry = (await lists.log.entries(resident))[0]
    assert await public.leaf_of_entry(entry.hash) is None
    await sequencer.step()
    assert await public.leaf_of_entry(entry.hash) == 2
    assert leaves_of(await public.entries(0, 3))[2] == b"\x01" + entry.hash


async def test_a_statement_stands_in_the_log_word_by_word(
    lists: Lists, sequencer: Sequencer, public: PublicLog
) -> None:
    number = await public.publish({"kind": "weekly-count", "orders": 0, "注": "无"})
    assert await public.leaf_of_statement(number) is None
    await lists.add(somebody())
    await sequencer.step()
    place = await public.leaf_of_statement(number)
    assert place == 1
    assert leaves_of(await public.entries(0, 2))[1] == b"\x02" + '{"kind":"weekly-count","orders":0,"注":"无"}'.encode()
    with pytest.raises(InvalidInputError):
        await public.publish({"text": "x" * 70_000})


async def test_a_bundle_shows_how_long_each_list_is(lists: Lists, sequencer: Sequencer, public: PublicLog) -> None:
    resident = somebody(keys=2)
    await lists.add(resident, 4)
    await sequencer.step()
    bundle = await public.bundle(resident)
    root = root_of(read(bundle.note.encode()).extensions)
    assert [proof.head.seq if proof.head else 0 for proof in bundle.heads] == [4, 0]
    assert all(verify_head(proof, root) for proof in bundle.heads)
    newest = (await lists.log.entries(resident))[0]
    assert bundle.heads[0].head is not None
    assert bundle.heads[0].head.hash == newest.hash
    written = msgspec.json.decode(bundle.json())
    assert [proof_from_json(one) for one in written["heads"]] == list(bundle.heads)
    assert written["checkpoint"] == bundle.note
    assert len(bundle.json()) <= 4096


# Cosignatures


@pytest.fixture
def cosigned(database: Database, ring: KeyRing, clock: Clock) -> PublicLog:
    return PublicLog(database, ring, clock, secrets.token_bytes, WITNESSES, quorum=2)


async def cosign_newest(public: PublicLog, *names: str) -> int:
    text, _ = split(await public.checkpoint())
    size = Checkpoint.parse(text).size
    for name in names:
        await public.add_cosignature(size, cosign(text, name, SEEDS[name], 1_790_000_000))
    return size


async def test_a_bundle_stands_under_the_newest_checkpoint_that_the_quorum_saw(
    lists: Lists, database: Database, ring: KeyRing, clock: Clock, cosigned: PublicLog, target: Target
) -> None:
    sequencer = Sequencer(database, ring, clock, quorum=2)
    residents = [somebody() for _ in range(4)]

    async def grow() -> None:
        for resident in residents:
            await lists.add(resident)
        await sequencer.step()

    await grow()
    with pytest.raises(UnavailableError):
        await cosigned.bundle(residents[0])
    await cosign_newest(cosigned, "witness-a")
    with pytest.raises(UnavailableError):
        await cosigned.published()
    await cosign_newest(cosigned, "witness-b")
    for _ in range(3):
        await grow()
    bundle = await cosigned.bundle(residents[0])
    assert bundle.heads[0].head is not None
    assert bundle.heads[0].head.seq == 1
    assert verify_head(bundle.heads[0], root_of(read(bundle.note.encode()).extensions))
    assert [one.key.name for one in held(bundle.note, WITNESSES)] == ["witness-a", "witness-b"]
    assert read(await cosigned.checkpoint()).size == 16
    status = await cosigned.status()
    assert (status.size, status.cosigned_size) == (16, 4)
    assert status.uncosigned_seconds > 0

    await cosign_newest(cosigned, "witness-a", "witness-b")
    assert (await cosigned.status()).uncosigned_seconds == 0
    again = Sequencer(database, ring, clock, quorum=2)
    await lists.add(residents[0])
    await again.step()
    proof = await cosigned.head_proof(residents[0].keys[0])
    assert proof.head is not None
    assert proof.head.seq == 4
    async with administrator(target) as connection:
        assert await connection.fetchval("SELECT count(*) FROM audit.map_bucket WHERE size < 16") == 0


async def test_only_a_cosignature_that_holds_counts(lists: Lists, sequencer: Sequencer, cosigned: PublicLog) -> None:
    await lists.add(somebody())
    await sequencer.step()
    text, _ = split(await cosigned.checkpoint())
    seed = secrets.token_bytes(32)
    for line in (
        cosign(text, "witness-a", seed, 1_790_000_000),  # another's key under a known name
        cosign(text, "witness-c", seed, 1_790_000_000),
        cosign(text.replace("\n1\n", "\n2\n"), "witness-a", SEEDS["witness-a"], 1_790_000_000),
        "\u2014 carecode.local/log " + (await cosigned.checkpoint()).decode().split(" ")[-1],  # the log's own
    ):
        with pytest.raises(RefusedError):
            await cosigned.add_cosignature(1, line)
    with pytest.raises(InvalidInputError):
        await cosigned.add_cosignature(1, "nonsense")
    with pytest.raises(NotFoundError):
        await cosigned.add_cosignature(7, cosign(text, "witness-a", SEEDS["witness-a"], 1_790_000_000))
    assert (await cosigned.status()).cosigned_size is None
    assert len(split(await cosigned.checkpoint())[1]) == 1


async def test_a_witness_stands_once_with_its_latest_time(
    lists: Lists, sequencer: Sequencer, cosigned: PublicLog, clock: Clock
) -> None:
    await lists.add(somebody())
    await sequencer.step()
    text, _ = split(await cosigned.checkpoint())
    for seconds in (1_790_000_000, 1_790_000_500, 1_790_000_100):
        await cosigned.add_cosignature(1, cosign(text, "witness-a", SEEDS["witness-a"], seconds))
    await cosigned.add_cosignature(1, cosign(text, "witness-b", SEEDS["witness-b"], 2**62))
    found = held(await cosigned.published(), WITNESSES)
    assert [one.time_seconds for one in found] == [1_790_000_500, 2**62]
    cosigned_at = (await cosigned.status()).cosigned_at
    assert cosigned_at is not None
    assert cosigned_at <= clock(), "a clock that is ahead makes nothing fresher"


async def test_a_witness_key_of_another_kind_is_no_witness(
    lists: Lists, sequencer: Sequencer, database: Database, ring: KeyRing, clock: Clock
) -> None:
    plain = NoteKey("witness-a", ED25519, WITNESSES[0].public)
    public = PublicLog(database, ring, clock, secrets.token_bytes, [plain], quorum=1)
    await lists.add(somebody())
    await sequencer.step()
    with pytest.raises(RefusedError):
        await cosign_newest(public, "witness-a")


# Damage


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ("TRUNCATE audit.leaf", "log-truncated"),
        ("DELETE FROM audit.leaf WHERE idx = 77", "log-truncated"),
        ("TRUNCATE audit.node", "log-truncated"),
        ("TRUNCATE audit.map_tile", "head-map-broken"),
        ("TRUNCATE audit.map_bucket", "head-map-broken"),
        ("UPDATE audit.map_bucket SET body = substring(body FOR 71)", "head-map-broken"),
        ("UPDATE audit.map_tile SET hashes = substring(hashes FOR 31)", "head-map-broken"),
        ("UPDATE audit.checkpoint SET note = 'nonsense'", "log-broken"),
    ],
)
async def test_a_damaged_log_is_told_clearly(
    target: Target, lists: Lists, sequencer: Sequencer, public: PublicLog, damage: str, code: str
) -> None:
    resident = somebody()
    await lists.add(resident, 280)
    for _ in range(20):
        await lists.add(somebody())
    await sequencer.step()
    async with administrator(target) as connection:
        await connection.execute(damage)
    codes = set()
    for asked in (
        public.tile(0, 0),
        public.tile(1, 0, 1),
        public.entries(0),
        public.inclusion(0, 300),
        public.consistency(100, 300),
        public.bundle(resident),
    ):
        try:
            await asked
        except CorruptError as error:
            codes.add(error.code)
    assert codes == {code}
