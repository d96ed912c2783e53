"""The head map shows one head for each label, and nothing about the others."""

from __future__ import annotations

from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.audit.headmap import (
    DEPTH,
    EMPTY_BUCKET,
    PER_STEP,
    STEP,
    Head,
    HeadMap,
    HeadProof,
    bucket_hash,
    bucket_of,
    default_hashes,
    extension,
    find,
    proof_from_json,
    prove,
    replaced,
    root_of,
    value_hash,
    verify_head,
)
from carecode.audit.merkle import node_hash
from carecode.kernel.errors import InvalidInputError

SMALL = 2 * STEP  # 4096 buckets: quick, and labels of four first bits share buckets
labels = st.builds(
    lambda few, rest: few.to_bytes(2, "big") + rest, st.integers(0, 300), st.binary(min_size=30, max_size=30)
)
heads = st.builds(Head, st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
maps = st.dictionaries(labels, heads, max_size=40)


class Map:
    """A small map with the bodies of its buckets, as the database holds them."""

    def __init__(self, given_heads: dict[bytes, Head]) -> None:
        self.bodies: dict[int, bytes] = {}
        self.tree = HeadMap(SMALL)
        for label, head in given_heads.items():
            place = bucket_of(label, SMALL)
            self.bodies[place] = replaced(self.bodies.get(place, b""), label, head)
        self.tree.set({place: bucket_hash(body) for place, body in self.bodies.items()})

    def prove(self, label: bytes) -> HeadProof:
        return prove(label, self.bodies, [self.tree.tile(STEP, 0)], SMALL)


def naive_root(given_heads: dict[bytes, Head]) -> bytes:
    nodes = []
    for bucket in range(1 << SMALL):
        mine = sorted(label for label in given_heads if bucket_of(label, SMALL) == bucket)
        parts = b"".join(label + value_hash(label, given_heads[label]) for label in mine)
        nodes.append(EMPTY_BUCKET if not mine else sha256(b"\x02" + parts).digest())
    while len(nodes) > 1:
        nodes = [node_hash(nodes[at], nodes[at + 1]) for at in range(0, len(nodes), 2)]
    return nodes[0]


@given(maps)
def test_every_head_is_proved_and_every_absence(given_heads: dict[bytes, Head]) -> None:
    held = Map(given_heads)
    root = held.tree.root
    for label, head in given_heads.items():
        proof = held.prove(label)
        assert proof.head == head
        assert verify_head(proof, root, SMALL)
    nobody = b"\x00\x01" + bytes(30)
    absent = held.prove(nobody)
    assert absent.head == given_heads.get(nobody)
    assert verify_head(absent, root, SMALL)


def test_the_root_is_that_of_the_whole_tree_written_down() -> None:
    given_heads = {
        bytes([first, second]) + bytes(30): Head(first + 1, bytes(32)) for first in range(9) for second in (0, 1)
    }
    assert Map(given_heads).tree.root == naive_root(given_heads)
    assert HeadMap(SMALL).root == naive_root({}) == default_hashes(SMALL)[0]


def test_a_chain_without_an_entry_has_no_head() -> None:
    """A map that holds one is not ours: nothing leads to its root."""
    label, path = bytes([1]) + bytes(31), (EMPTY_BUCKET,) * SMALL
    assert HeadProof(label, Head(1, bytes(32)), (), path).root() is not None
    assert HeadProof(label, Head(0, bytes(32)), (), path).root() is None
    assert HeadProof(label, Head(-1, bytes(32)), (), path).root() is None


@given(maps.filter(bool), st.data())
def test_no_other_head_is_proved(given_heads: dict[bytes, Head], data: st.DataObject) -> None:
    held = Map(given_heads)
    root = held.tree.root
    label = data.draw(st.sampled_from(sorted(given_heads)))
    proof = held.prove(label)
    seq, entry = given_heads[label]
    spoiled = bytes([entry[0] ^ 1]) + entry[1:]
    wrong: list[HeadProof] = [
        HeadProof(label, Head(seq - 1, entry), proof.others, proof.path),
        HeadProof(label, Head(seq + 1, entry), proof.others, proof.path) if seq < 2**63 else proof,
        HeadProof(label, Head(seq, spoiled), proof.others, proof.path),
        HeadProof(label, None, proof.others, proof.path),
        HeadProof(bytes([label[0], label[1] ^ 1]) + label[2:], proof.head, proof.others, proof.path),
        HeadProof(label, proof.head, (label + bytes(32), *proof.others), proof.path),
        HeadProof(label, proof.head, proof.others, proof.path[:-1]),
        HeadProof(label, proof.head, proof.others, (*proof.path, bytes(32))),
        HeadProof(label, proof.head, proof.others, (spoiled, *proof.path[1:])),
        HeadProof(label, proof.head, (*proof.others, b"short"), proof.path),
        HeadProof(label, proof.head, (*proof.others, b"\xff" * 64), proof.path),
        HeadProof(label[:31], proof.head, proof.others, proof.path),
        HeadProof(label, Head(seq, entry[:31]), proof.others, proof.path),
        HeadProof(label, proof.head, proof.others, proof.path * 3),
    ]
    for changed in wrong:
        assert not verify_head(changed, root, SMALL)


def test_her_record_cannot_hide_among_the_others() -> None:
    """Absence is proved by a bucket without her label: hers among the others is no absence."""
    label = bytes(32)
    held = Map({label: Head(7, bytes(32))})
    value = value_hash(label, Head(7, bytes(32)))
    assert not verify_head(HeadProof(label, None, (label + value,), held.prove(label).path), held.tree.root, SMALL)


def test_a_proof_of_another_form_does_not_hold_even_under_its_own_root() -> None:
    """What a map could never be is refused although its hashes fit."""
    one, two, three = (bytes(31) + bytes([number]) for number in range(3))
    held = Map({label: Head(1, bytes(32)) for label in (one, two, three)})
    proof, root = held.prove(one), held.tree.root
    assert verify_head(proof, root, SMALL)
    assert not verify_head(proof, root), "a tree of another depth"
    for others in (proof.others[::-1], (proof.others[0], *proof.others)):
        assert not verify_head(HeadProof(one, proof.head, others, proof.path), root, SMALL)
    foreign = b"\xff" * 32  # it belongs into another bucket: there its absence would be proved
    body = replaced(held.bodies[0], foreign, Head(9, bytes(32)))
    held.bodies[0] = body
    held.tree.set({0: bucket_hash(body)})
    assert not verify_head(held.prove(one), held.tree.root, SMALL)


def test_the_others_of_a_bucket_show_neither_length_nor_end() -> None:
    one, other = bytes(32), bytes(31) + b"\x01"
    proof = Map({one: Head(3, b"\x07" * 32), other: Head(4242, b"\x09" * 32)}).prove(one)
    assert b"\x09" * 32 not in b"".join(proof.others)
    assert (4242).to_bytes(8, "big") not in b"".join(proof.others)
    assert len(proof.others) == 1


@given(st.lists(st.tuples(labels, heads), max_size=30))
def test_a_bucket_keeps_its_labels_ascending(changes: list[tuple[bytes, Head]]) -> None:
    body = b""
    expected: dict[bytes, Head] = {}
    for label, head in changes:
        body = replaced(body, label, head)
        expected[label] = head
    found = [body[place : place + 32] for place in range(0, len(body), 72)]
    assert found == sorted(expected)
    assert all(find(body, label) == head for label, head in expected.items())
    assert find(body, b"\xff" * 32) is None


def test_setting_upper_hashes_leads_to_the_same_root() -> None:
    held = Map({bytes([number]) * 32: Head(1, bytes(32)) for number in range(30)})
    again = HeadMap(SMALL)
    tile = held.tree.tile(STEP, 0)
    again.set({at: tile[32 * at : 32 * at + 32] for at in range(PER_STEP)}, STEP)
    assert again.root == held.tree.root


@given(maps.filter(bool))
def test_a_proof_travels_as_json(given_heads: dict[bytes, Head]) -> None:
    held = Map(given_heads)
    for label in [*given_heads, b"\x00\x01" + bytes(30)]:
        proof = held.prove(label)
        assert proof_from_json(msgspec.json.decode(msgspec.json.encode(proof.as_json()))) == proof


@pytest.mark.parametrize(
    "changed",
    [
        *({"seq": "1"}, {"seq": 0}, {"head": None}, {"head": "?"}, {"others": 3}, {"path": None}, {"label": "ü"}),
        {"seq": True},
    ],
)
def test_another_form_of_a_proof_is_refused(changed: dict[str, object]) -> None:
    written = Map({bytes(32): Head(1, bytes(32))}).prove(bytes(32)).as_json()
    with pytest.raises(InvalidInputError, match="proof"):
        proof_from_json({**written, **changed})
    with pytest.raises(InvalidInputError, match="proof"):
        proof_from_json({name: value for name, value in written.items() if name != next(iter(changed))})


def test_the_checkpoint_says_the_root_in_one_line() -> None:
    root = bytes(range(32))
    assert extension(root) == "head-map 18 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    assert root_of(["another line", extension(root)]) == root
    for lines in ([], ["head-map 18 AAAA"], ["head-map 12 " + extension(root).split()[-1]], [extension(root) + " "]):
        with pytest.raises(InvalidInputError):
            root_of(lines)


def test_a_proof_of_the_real_depth_is_of_one_kilobyte() -> None:
    tree = HeadMap()
    label = bytes(32)
    body = b""
    for number in range(4):  # a million residents
        body = replaced(body, bytes(31) + bytes([number]), Head(number + 1, bytes(32)))
    tree.set({0: bucket_hash(body)})
    proof = prove(label, {0: body}, [tree.tile(2 * STEP, 0), tree.tile(STEP, 0)])
    assert len(proof.path) == DEPTH
    assert verify_head(proof, tree.root)
    assert len(msgspec.json.encode(proof.as_json())) < 1300
