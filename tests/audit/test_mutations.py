"""Promise 2: whatever is done to a list or to the public log, the one who checks it sees that it was done.

One real log is built; then what it serves is changed in one of many ways, again and again: 10,000 times with
CARECODE_TEST_ALL, 400 times otherwise.  The changer has the log's own signing key and every stored byte.  He has
no witness's key (but where a change says that he bought them all), and not the memory of those who checked before.
"""

from __future__ import annotations

import copy
import os
import random
import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest

from carecode.audit.headmap import (
    Head,
    proof_from_json,
    root_of,
    verify_head,
)
from carecode.audit.merkle import leaf_hashes, verify_consistency
from carecode.audit.notes import COSIGNATURE, ED25519, Checkpoint, cosign, public_key, split
from carecode.audit.proofs import hashed
from carecode.audit.publiclog import PublicLog
from carecode.audit.sequencer import Sequencer
from carecode.audit.tiles import hashes_of, leaves_of
from carecode.audit.verifying import Remembered, Replay, Trusted, bundles_of, check_signatures, judge, upper_tiles_of
from carecode.crypto.keyring import KeyRing
from carecode.kernel.errors import CareCodeError
from carecode.store.database import Database
from tests.audit.changes import NOW, OF_HER_LIST, OF_THE_LOG, ORIGIN, WITNESS_SEEDS, Scene, Served, leaves_served
from tests.audit.conftest import Clock, Lists, somebody
from tests.audit.reader.reader import entry_hash

COUNT = 10_000 if os.environ.get("CARECODE_TEST_ALL") else 400


async def served(public: PublicLog, lists: Lists, resident: Any, since: int) -> Served:  # noqa: ANN401
    note = await public.published()
    size = Checkpoint.parse(split(note)[0]).size
    return Served(
        note,
        [hashed(entry) for entry in reversed(await lists.log.entries(resident))],
        (await public.head_proof(resident.keys[0])).as_json(),
        await public.consistency(since, size),
        [await public.entries(index, width) for index, width in bundles_of(size)],
        [await public.tile(0, index, width) for index, width in bundles_of(size)],
        [await public.tile(level, index, width) for level, index, width in upper_tiles_of(size)],
    )


async def publish(sequencer: Sequencer, public: PublicLog) -> None:
    while await sequencer.step():
        pass
    text, _ = split(await public.checkpoint())
    for name, seed in WITNESS_SEEDS.items():
        await public.add_cosignature(Checkpoint.parse(text).size, cosign(text, name, seed, NOW))


@pytest.fixture
async def scene(database: Database, ring: KeyRing, clock: Clock, lists: Lists) -> Scene:
    witnesses = tuple(public_key(name, COSIGNATURE, seed) for name, seed in WITNESS_SEEDS.items())
    sequencer = Sequencer(database, ring, clock, quorum=2)
    public = PublicLog(database, ring, clock, secrets.token_bytes, witnesses, quorum=2)
    key = public_key(ORIGIN, ED25519, ring.key("log.signing"))
    her, other = somebody(), somebody()
    for count in (7, 150, 133):
        await lists.add(her, 4)
        await lists.add(other, count)
    await publish(sequencer, public)
    before = await served(public, lists, her, 0)
    old = Checkpoint.parse(split(before.note)[0])
    await lists.add(her, 5)
    await lists.add(other, 30)
    await public.publish({"kind": "count", "orders": 0})
    await publish(sequencer, public)
    head = proof_from_json(before.head)
    assert head.head is not None
    return Scene(
        await served(public, lists, her, old.size),
        before,
        Trusted(key, witnesses, 2),
        head.label,
        sha256(her.keys[0].bytes).hexdigest(),
        Remembered(key.vkey(), old.size, old.root),
        head.head,
        ring.key("log.signing"),
        (await public.head_proof(other.keys[0])).as_json(),
    )


# What those who check do


def list_holds(given: Served, scene: Scene) -> bool:
    """Check as her phone does: signatures, head map, chain, and what it remembers."""
    checkpoint, findings = check_signatures(given.note, scene.trusted)
    proof = proof_from_json(given.head)
    if not all(one.ok for one in findings) or not verify_head(proof, root_of(checkpoint.extensions)):
        return False
    if not verify_consistency(scene.old.size, scene.old.root, checkpoint.size, checkpoint.root, given.consistency):
        return False
    if proof.label != scene.label or proof.head is None:
        return False
    link, remembered = bytes.fromhex(scene.chain), False
    for number, entry in enumerate(given.entries, 1):
        if entry["seq"] != number or entry["resident"] != scene.chain:
            return False
        link = entry_hash(link, entry)
        remembered |= scene.old_head == Head(number, link)
    return remembered and proof.head == Head(len(given.entries), link)


def log_holds(given: Served, scene: Scene) -> bool:
    """Check as an auditor does: signatures, the whole tree anew, and what he saw before."""
    checkpoint, findings = check_signatures(given.note, scene.trusted)
    replay = Replay(checkpoint.size, scene.old.size)
    for bundle, tile in zip(given.bundles, given.tiles, strict=True):
        replay.take(bundle, tile)
    for (level, index, _), tile in zip(upper_tiles_of(checkpoint.size), given.upper, strict=True):
        replay.check_upper(level, index, tile)
    return all(one.ok for one in [*findings, *judge(replay, checkpoint, scene.old)])


def detected(holds: Callable[[Served, Scene], bool], given: Served, scene: Scene) -> bool:
    """Say whether a check fails.  An error in plain words is a failure too; any other is a fault of the check."""
    try:
        return not holds(given, scene)
    except (CareCodeError, ValueError) as error:
        return isinstance(error, CareCodeError) or "zip()" in str(error)


async def test_what_was_not_changed_holds(scene: Scene) -> None:
    assert list_holds(scene.now, scene)
    assert log_holds(scene.now, scene)
    assert log_holds(scene.before, scene), "nothing is missing from it that this auditor saw"
    assert len(leaves_served(scene.now)) == scene.old.size + 36
    assert [hashes_of(tile) for tile in scene.now.tiles] == [leaf_hashes(leaves_of(one)) for one in scene.now.bundles]


async def test_every_change_is_detected(scene: Scene) -> None:
    chance = random.Random(2026)
    kinds = [(change, list_holds) for change in OF_HER_LIST] + [(change, log_holds) for change in OF_THE_LOG]
    missed: dict[str, int] = {}
    tried = 0
    while tried < COUNT:
        change, holds = kinds[tried % len(kinds)]
        given = copy.deepcopy(scene.now)
        change(given, scene, chance)
        if given == scene.now:
            continue
        tried += 1
        if not detected(holds, given, scene):
            missed[f"{change.__name__} by {holds.__name__}"] = missed.get(change.__name__, 0) + 1
    assert not missed
