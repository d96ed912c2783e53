"""Ways to change what is served of a list or of the public log, as somebody could who runs the log."""

from __future__ import annotations

import copy
import random
import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from carecode.audit.headmap import Head, HeadMap, bucket_hash, bucket_of, extension, prove, replaced
from carecode.audit.merkle import Frontier, leaf_hashes
from carecode.audit.notes import Checkpoint, cosign, join, sign, split
from carecode.audit.tiles import bundle_of, leaves_of
from carecode.audit.verifying import Remembered, Trusted
from tests.audit.reader.reader import entry_hash

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


def rewrite_with_all_witnesses(given: Served, scene: Scene, chance: random.Random) -> None:
    """Even with every witness bought: what she saw once cannot become another list."""
    entry = given.entries[chance.randrange(scene.old_head.seq)]
    entry["requester_name"] += "x"
    link = bytes.fromhex(scene.chain)
    for one in given.entries:
        link = entry_hash(link, one)
    given.head, root = _forged_map(scene.label, Head(len(given.entries), link))
    given.note = _bought(replace(Checkpoint.parse(split(given.note)[0]), extensions=(extension(root),)), scene)


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


def leaves_served(given: Served) -> list[bytes]:
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
    leaves = leaves_served(given)
    del leaves[chance.randrange(len(leaves))]
    _put(given, leaves)


def edit_leaf(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    leaves = leaves_served(given)
    place = chance.randrange(len(leaves))
    leaves[place] = spoil(leaves[place], chance)
    _put(given, leaves)


def reorder_leaves(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    leaves = leaves_served(given)
    one, two = chance.sample(range(len(leaves)), 2)
    leaves[one], leaves[two] = leaves[two], leaves[one]
    _put(given, leaves)


def hide_newest_leaves(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    leaves = leaves_served(given)
    _put(given, leaves[: -chance.randint(1, 60)])


def add_leaf(given: Served, scene: Scene, chance: random.Random) -> None:  # noqa: ARG001
    leaves = leaves_served(given)
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
    frontier = _put(given, leaves_served(given))
    checkpoint = Checkpoint.parse(split(given.note)[0])
    forged = replace(checkpoint, size=frontier.size, root=frontier.root())
    given.note = _forged(forged, given.note, scene, chance)


def split_view_with_all_witnesses(given: Served, scene: Scene, chance: random.Random) -> None:
    """Even with every witness bought: who remembers the log of before sees that it is another."""
    leaves = leaves_served(given)
    place = chance.randrange(scene.old.size)
    leaves[place] = spoil(leaves[place], chance)
    frontier = _put(given, leaves)
    checkpoint = Checkpoint.parse(split(given.note)[0])
    given.note = _bought(replace(checkpoint, size=frontier.size, root=frontier.root()), scene)


def _older(scene: Scene, chance: random.Random) -> Served:
    """Return the log of before, less one leaf: what nobody who checks has seen is not shown to be missing."""
    older = copy.deepcopy(scene.before)
    leaves = leaves_served(older)
    frontier = _put(older, leaves[: -chance.randint(1, 40)])
    checkpoint = Checkpoint.parse(split(older.note)[0])
    older.note = _forged(replace(checkpoint, size=frontier.size, root=frontier.root()), older.note, scene, chance)
    return older


def _forged(checkpoint: Checkpoint, note: bytes, scene: Scene, chance: random.Random) -> bytes:
    """Sign another checkpoint with the log's key; the witnesses' lines are those of the true one, or none."""
    text = checkpoint.text()
    lines = [line.text() for line in split(note)[1][1:]] if chance.random() < 0.5 else []
    return join(text, [sign(text, ORIGIN, scene.seed), *lines]).encode()


def _bought(checkpoint: Checkpoint, scene: Scene) -> bytes:
    """Sign another checkpoint with the keys of the log and of every witness."""
    text = checkpoint.text()
    lines = [cosign(text, name, seed, NOW) for name, seed in WITNESS_SEEDS.items()]
    return join(text, [sign(text, ORIGIN, scene.seed), *lines]).encode()


def _forged_map(label: bytes, head: Head) -> tuple[dict[str, Any], bytes]:
    body = replaced(b"", label, head)
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
    rewrite_with_all_witnesses,
    *(spoil_consistency, spoil_note, cut_note),
)
OF_THE_LOG = (
    *(remove_leaf, edit_leaf, reorder_leaves, hide_newest_leaves, add_leaf, spoil_bundle, spoil_tile, cut_tile),
    *(truncate_log, split_view_of_the_log, split_view_with_all_witnesses, spoil_note, cut_note),
)
