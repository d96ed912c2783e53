"""Promise 2: whatever is done to a list or to the public log, the one who checks it sees that it was done.

One real log is built; then what it serves is changed in one of many ways, again and again: 10,000 times with
CARECODE_TEST_ALL, 400 times otherwise.  The changer has the log's own signing key and every stored byte.  He has
no witness's key, and not the memory of those who checked before.
"""

from __future__ import annotations

import copy
import os
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import pytest

from carecode.audit.headmap import (
    Head,
    HeadMap,
    bucket_hash,
    bucket_of,
    extension,
    proof_from_json,
    prove,
    replaced,
    root_of,
    verify_head,
)
from carecode.audit.merkle import Frontier, leaf_hashes, verify_consistency
from carecode.audit.notes import COSIGNATURE, ED25519, Checkpoint, cosign, join, public_key, sign, split
from carecode.audit.proofs import hashed
from carecode.audit.publiclog import PublicLog
from carecode.audit.sequencer import Sequencer
from carecode.audit.tiles import bundle_of, hashes_of, leaves_of
from carecode.audit.verifying import Remembered, Replay, Trusted, bundles_of, check_signatures, judge, upper_tiles_of
from carecode.crypto.keyring import KeyRing
from carecode.kernel.errors import CareCodeError
from carecode.store.database import Database
from tests.audit.conftest import Clock, Lists, somebody
from tests.audit.reader.reader import entry_hash

COUNT = 10_000 if os.environ.get("CARECODE_TEST_ALL") else 400
ORIGIN = "carecode.local/log"
WITNESS_SEEDS = {name: secrets.token_bytes(32) for name in ("witness-a", "witness-b")}
NOW = 1_790_000_000


@dataclass
class Served:
    """What somebody who checks is given: she her list and its proof, an auditor the whole public log."""

    note: bytes
    entries: list[dict[str, Any]]  # hers, oldest first
    head: dict[str, Any]
    consistency: list[bytes]
    bundles: list[bytes]
    tiles: list[bytes]
    upper: list[bytes]


@dataclass
class Scene:
    """The honest log, what it served before, and what those who check remember and trust."""

    now: Served
    before: Served
    trusted: Trusted
    label: bytes
    chain: str  # SHA-256 of her record key: where her chain begins
    old: Remembered
    old_head: Head
    seed: bytes
    other_head: dict[str, Any] = field(default_factory=dict)


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


# What can be done to her list


def spoil(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def remove_entry(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    del given.entries[chance.randrange(len(given.entries))]


def remove_entry_and_number_anew(given: Served, scene: Scene, chance: random.Random) -> None:
    remove_entry(given, scene, chance)
    for number, entry in enumerate(given.entries, 1):
        entry["seq"] = number


def edit_entry(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    entry = chance.choice(given.entries)
    name = chance.choice([name for name in entry if name != "form"])
    entry[name] = (entry[name] or 0) + 1 if name in {"seq", "opens"} else f"{entry[name] or ''}x"


def reorder_entries(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    one, two = chance.sample(range(len(given.entries)), 2)
    given.entries[one], given.entries[two] = given.entries[two], given.entries[one]


def reorder_entries_and_number_anew(given: Served, scene: Scene, chance: random.Random) -> None:
    reorder_entries(given, scene, chance)
    for number, entry in enumerate(given.entries, 1):
        entry["seq"] = number


def hide_newest(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    del given.entries[-chance.randint(1, len(given.entries)) :]


def add_entry(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    given.entries.append({**chance.choice(given.entries), "seq": len(given.entries) + 1})


def show_all_as_it_was(given: Served, scene: Scene, chance: random.Random) -> None:
    """Go back to what was true before her phone last looked, or mix old and new."""
    names = chance.choice(
        (["note", "entries", "head"], ["entries", "head"], ["head"], ["note"], ["note", "head"], ["entries"])
    )
    for name in names:
        setattr(given, name, copy.deepcopy(getattr(scene.before, name)))


def wrong_head(given: Served, scene: Scene, chance: random.Random) -> None:
    given.head = scene.other_head if chance.random() < 0.2 else dict(given.head)
    name = chance.choice(("label", "head", "others", "path", "seq"))
    if given.head is scene.other_head:
        return
    if name == "seq":
        given.head["seq"] += chance.choice((-2, -1, 1, 7))
    elif name == "others":
        given.head["others"] = chance.choice((scene.other_head["head"], given.head["label"], given.head["path"]))
    else:
        given.head[name] = _spoiled_text(given.head[name], chance)


def no_list_at_all(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    given.head = {**given.head, "seq": 0, "head": None}
    given.entries = []


def split_view_of_her_list(given: Served, scene: Scene, chance: random.Random) -> None:
    """Show her a shorter list under a map, a checkpoint and the log's signature of her own; no witness saw it."""
    given.entries = given.entries[: chance.randrange(1, len(given.entries))]
    link = bytes.fromhex(scene.chain)
    for entry in given.entries:
        link = entry_hash(link, entry)
    given.head, root = _forged_map(scene.label, Head(len(given.entries), link))
    checkpoint = Checkpoint.parse(split(given.note)[0])
    given.note = _forged(replace(checkpoint, extensions=(extension(root),)), given.note, scene, chance)


def spoil_consistency(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    place = chance.randrange(len(given.consistency))
    if chance.random() < 0.3:
        del given.consistency[place]
    else:
        given.consistency[place] = spoil(given.consistency[place], chance)


def spoil_note(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    given.note = spoil(given.note, chance)


def cut_note(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    given.note = given.note[: chance.randrange(len(given.note))]


# What can be done to the public log


def _leaves(given: Served) -> list[bytes]:
    return [leaf for bundle in given.bundles for leaf in leaves_of(bundle)]


def _put(given: Served, leaves: list[bytes]) -> Frontier:
    """Serve these leaves with tiles that fit them, as a forger would; return their tree."""
    frontier = Frontier.empty()
    upper = [tile for _, _, hashes in frontier.extend(leaf_hashes(leaves)) for tile in (b"".join(hashes),)]
    given.bundles = [bundle_of(leaves[at : at + 256]) for at in range(0, len(leaves), 256)]
    given.tiles = [b"".join(leaf_hashes(leaves[at : at + 256])) for at in range(0, len(leaves), 256)]
    given.upper = upper
    return frontier


def remove_leaf(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    leaves = _leaves(given)
    del leaves[chance.randrange(len(leaves))]
    _put(given, leaves)


def edit_leaf(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    leaves = _leaves(given)
    place = chance.randrange(len(leaves))
    leaves[place] = spoil(leaves[place], chance)
    _put(given, leaves)


def reorder_leaves(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    leaves = _leaves(given)
    one, two = chance.sample(range(len(leaves)), 2)
    leaves[one], leaves[two] = leaves[two], leaves[one]
    _put(given, leaves)


def hide_newest_leaves(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    leaves = _leaves(given)
    _put(given, leaves[: -chance.randint(1, 60)])


def add_leaf(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    leaves = _leaves(given)
    leaves.insert(chance.randrange(len(leaves) + 1), b"\x01" + chance.randbytes(32))
    _put(given, leaves)


def spoil_bundle(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    place = chance.randrange(len(given.bundles))
    given.bundles[place] = spoil(given.bundles[place], chance)


def spoil_tile(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    tiles = chance.choice((given.tiles, given.upper))
    place = chance.randrange(len(tiles))
    tiles[place] = spoil(tiles[place], chance)


def cut_tile(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    tiles = chance.choice((given.tiles, given.upper, given.bundles))
    place = chance.randrange(len(tiles))
    tiles[place] = tiles[place][: chance.randrange(len(tiles[place]))]


def truncate_log(given: Served, scene: Scene, chance: random.Random) -> None:
    """Go back to the log of before the last entries, wholly or with one thing left as it is now."""
    kept = chance.choice(("", "note", "bundles"))
    older = _older(scene, chance)
    for name in ("note", "bundles", "tiles", "upper"):
        if name != kept:
            setattr(given, name, copy.deepcopy(getattr(older, name)))


def split_view_of_the_log(given: Served, scene: Scene, chance: random.Random) -> None:
    """Serve another log, whole in itself and signed by the log's key; old cosignatures pasted or left out."""
    change = chance.choice((remove_leaf, edit_leaf, reorder_leaves, hide_newest_leaves, add_leaf))
    change(given, scene, chance)
    frontier = _put(given, _leaves(given))
    checkpoint = Checkpoint.parse(split(given.note)[0])
    forged = replace(checkpoint, size=frontier.size, root=frontier.root())
    given.note = _forged(forged, given.note, scene, chance)


def split_view_with_all_witnesses(given: Served, scene: Scene, chance: random.Random) -> None:
    """Even with every witness bought: who remembers the log of before sees that it is another."""
    leaves = _leaves(given)
    place = chance.randrange(scene.old.size)
    leaves[place] = spoil(leaves[place], chance)
    frontier = _put(given, leaves)
    text = Checkpoint(ORIGIN, frontier.size, frontier.root(), Checkpoint.parse(split(given.note)[0]).extensions).text()
    lines = [cosign(text, name, seed, NOW) for name, seed in WITNESS_SEEDS.items()]
    given.note = join(text, [sign(text, ORIGIN, scene.seed), *lines]).encode()


def _older(scene: Scene, chance: random.Random) -> Served:
    """Return the log of before, less one leaf: what nobody who checks has seen is not shown to be missing."""
    older = copy.deepcopy(scene.before)
    leaves = _leaves(older)
    frontier = _put(older, leaves[: -chance.randint(1, 40)])
    checkpoint = Checkpoint.parse(split(older.note)[0])
    older.note = _forged(replace(checkpoint, size=frontier.size, root=frontier.root()), older.note, scene, chance)
    return older


def _forged(checkpoint: Checkpoint, note: bytes, scene: Scene, chance: random.Random) -> bytes:
    """Sign another checkpoint with the log's key; the witnesses' lines are those of the true one, or none."""
    text = checkpoint.text()
    lines = [line.text() for line in split(note)[1][1:]] if chance.random() < 0.5 else []
    return join(text, [sign(text, ORIGIN, scene.seed), *lines]).encode()


def _forged_map(label: bytes, head: Head) -> tuple[dict[str, Any], bytes]:
    body = replaced(b"", {label: head})
    tree = _EMPTY
    tree.set({bucket_of(label): bucket_hash(body)})
    tiles = [tree.tile(12, bucket_of(label) >> 12), tree.tile(6, 0)]
    return prove(label, {bucket_of(label): body}, tiles).as_json(), tree.root


def _spoiled_text(text: str, chance: random.Random) -> str:
    place = chance.randrange(len(text) - 2)
    letter = chance.choice([one for one in "ABCDabcd0123+/" if one != text[place]])
    return text[:place] + letter + text[place + 1 :]


_EMPTY = HeadMap()
OF_HER_LIST = (
    *(remove_entry, remove_entry_and_number_anew, edit_entry, reorder_entries, reorder_entries_and_number_anew),
    *(hide_newest, add_entry, show_all_as_it_was, wrong_head, no_list_at_all, split_view_of_her_list),
    *(spoil_consistency, spoil_note, cut_note),
)
OF_THE_LOG = (
    *(remove_leaf, edit_leaf, reorder_leaves, hide_newest_leaves, add_leaf, spoil_bundle, spoil_tile, cut_tile),
    *(truncate_log, split_view_of_the_log, split_view_with_all_witnesses, spoil_note, cut_note),
)


def changed_in_truth(one: Served, two: Served) -> bool:
    return one != two


async def test_what_was_not_changed_holds(scene: Scene) -> None:
    assert list_holds(scene.now, scene)
    assert log_holds(scene.now, scene)
    assert log_holds(scene.before, scene), "nothing is missing from it that this auditor saw"
    assert len(_leaves(scene.now)) == scene.old.size + 36
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
        if not changed_in_truth(given, scene.now):
            continue
        tried += 1
        if not detected(holds, given, scene):
            missed[f"{change.__name__} by {holds.__name__}"] = missed.get(change.__name__, 0) + 1
    assert not missed
