"""The tree and the tiles are those of RFC 6962 and C2SP tlog-tiles, beside a tree written down naively."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.audit.merkle import (
    EMPTY_ROOT,
    Frontier,
    complete_root,
    consistency_spans,
    folded,
    inclusion_spans,
    leaf_hash,
    leaf_hashes,
    subtrees,
    verify_consistency,
    verify_inclusion,
)
from carecode.audit.tiles import (
    TILE_WIDTH,
    bundle_of,
    hashes_of,
    leaves_of,
    parse_tile_path,
    partial_width,
    statement_leaf,
    tile_path,
)
from carecode.kernel.errors import InvalidInputError

LEAVES = [str(number).encode() for number in range(1200)]
sizes = st.integers(0, 1100)


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 clause 2.1, word by word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962 clause 2.1.1, word by word."""
    if len(leaves) == 1:
        return []
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if index < split:
        return [*naive_path(index, leaves[:split]), naive_root(leaves[split:])]
    return [*naive_path(index - split, leaves[split:]), naive_root(leaves[:split])]


def naive_proof(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """RFC 6962 clause 2.1.2, word by word."""
    if old == len(leaves):
        return [] if whole else [naive_root(leaves)]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    if old <= split:
        return [*naive_proof(old, leaves[:split], whole=whole), naive_root(leaves[split:])]
    return [*naive_proof(old - split, leaves[split:], whole=False), naive_root(leaves[:split])]


def span_hash(span: tuple[int, int]) -> bytes:
    return folded(
        [
            complete_root(leaf_hashes(LEAVES[place << height : (place + 1) << height]))
            for height, place in subtrees(span)
        ]
    )


@given(st.lists(st.integers(1, 300), max_size=6))
def test_a_tree_that_grows_in_batches_has_the_root_of_the_naive_one(batches: list[int]) -> None:
    frontier = Frontier.empty()
    tiles: dict[tuple[int, int], bytes] = {}
    size = 0
    for count in batches:
        leaves = [LEAVES[number % 1200] for number in range(size, size + count)]
        for level, place, hashes in frontier.extend(leaf_hashes(leaves)):
            tiles |= {(level, place + number): value for number, value in enumerate(hashes)}
        size += count
    whole = [LEAVES[number % 1200] for number in range(size)]
    assert frontier.root() == naive_root(whole)
    assert frontier.size == size
    assert tiles == {
        (1, number): naive_root(whole[256 * number : 256 * number + 256]) for number in range(size // TILE_WIDTH)
    }


def test_the_second_level_of_tiles_holds_the_hashes_of_65536_leaves() -> None:
    frontier = Frontier.empty()
    rows = frontier.extend([bytes(32)] * 65_537)
    full = complete_root([bytes(32)] * 256)
    assert [(level, place, len(hashes)) for level, place, hashes in rows] == [(1, 0, 256), (2, 0, 1)]
    assert rows[0][2] == [full] * 256
    assert rows[1][2] == [complete_root([full] * 256)]


@given(sizes)
def test_the_edge_is_taken_up_again_from_complete_subtrees(size: int) -> None:
    held = {
        one: complete_root(leaf_hashes(LEAVES[one[1] << one[0] : (one[1] + 1) << one[0]]))
        for one in subtrees((0, size))
    }
    again = Frontier.of(size, held)
    assert again.root() == naive_root(LEAVES[:size])
    again.extend(leaf_hashes(LEAVES[size : size + 77]))
    assert again.root() == naive_root(LEAVES[: size + 77])


@given(st.integers(1, 1100), st.data())
def test_inclusion_is_proved_as_the_standard_says(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = [span_hash(span) for span in inclusion_spans(index, size)]
    root = naive_root(LEAVES[:size])
    assert proof == naive_path(index, LEAVES[:size])
    assert verify_inclusion(leaf_hash(LEAVES[index]), index, size, proof, root)
    assert not verify_inclusion(leaf_hash(b"another"), index, size, proof, root)
    assert not verify_inclusion(leaf_hash(LEAVES[index]), index, size, [*proof, bytes(32)], root)
    if proof:
        assert not verify_inclusion(leaf_hash(LEAVES[index]), index, size, proof[:-1], root)
        assert not verify_inclusion(leaf_hash(LEAVES[index]), index ^ 1, size, proof, root)
    assert not verify_inclusion(leaf_hash(LEAVES[index]), size, size, proof, root)


def test_a_proof_that_ends_below_the_root_proves_nothing() -> None:
    leaf = leaf_hash(b"one")
    assert verify_inclusion(leaf, 0, 1, [], leaf)
    assert not verify_inclusion(leaf, 0, 5, [], leaf), "a tree of five is higher"


@given(sizes, sizes)
def test_consistency_is_proved_as_the_standard_says(one: int, two: int) -> None:
    old, new = sorted((one, two))
    proof = [span_hash(span) for span in consistency_spans(old, new)]
    roots = naive_root(LEAVES[:old]), naive_root(LEAVES[:new])
    assert proof == ([] if old in {0, new} else naive_proof(old, LEAVES[:new]))
    assert verify_consistency(old, roots[0], new, roots[1], proof)
    assert not verify_consistency(old, bytes(32), new, roots[1], proof)
    assert old == 0 or not verify_consistency(old, roots[0], new, bytes(32), proof)
    assert not verify_consistency(old, roots[0], new, roots[1], [*proof, bytes(32)])
    if proof:
        assert not verify_consistency(old, roots[0], new, roots[1], proof[:-1])
        assert not verify_consistency(old, roots[0], new, roots[1], [])
    assert old == new or not verify_consistency(new, roots[1], old, roots[0], proof)


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier.empty().root() == EMPTY_ROOT == naive_root([])


@given(st.lists(st.binary(max_size=80), max_size=30))
def test_an_entry_bundle_is_read_back(leaves: list[bytes]) -> None:
    assert leaves_of(bundle_of(leaves)) == leaves


@pytest.mark.parametrize("cut", [b"\x00", b"\x00\x02a", b"\x00\x01a\x00"])
def test_a_cut_bundle_is_refused(cut: bytes) -> None:
    with pytest.raises(InvalidInputError, match="bundle"):
        leaves_of(cut)


@given(st.none() | st.integers(0, 63), st.integers(0, 10**17), st.integers(1, 256))
def test_a_tile_has_one_path(level: int | None, index: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, index, width)) == (level, index, width)


def test_paths_are_those_of_the_source() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"  # tlog-tiles, "Merkle Tree"
    assert tile_path(1, 1, 17) == "tile/1/001.p/17"
    assert tile_path(None, 0) == "tile/entries/000"


@pytest.mark.parametrize(
    "path",
    [
        *("tile/0/1", "tile/00/000", "tile/64/000", "tile/0/x000/001", "tile/0/000.p/0", "tile/0/000.p/256"),
        *(
            "tile/0/000.p/07",
            "tile/0/000.p/300",
            "tile/0/001/002",
            "tile/-1/000",
            "tile/entries/x01/001",
            "tile/0/000/",
        ),
        *("tile/0/٠٠٠", "tile/0/000\n", "", "tile/0/x999/x999/x999/x999/x999/x999/x999/999"),
    ],
)
def test_another_spelling_of_a_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidInputError, match="tile"):
        parse_tile_path(path)


def test_partial_widths_are_those_of_the_source() -> None:
    """tlog-tiles, "Partial Tiles": a tree of 70,000 and one of 256."""
    assert [partial_width(0, index, 70_000) for index in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [partial_width(1, index, 70_000) for index in (0, 1, 2)] == [256, 17, 0]
    assert partial_width(2, 0, 70_000) == 1
    assert [partial_width(0, 0, 256), partial_width(1, 0, 256)] == [256, 1]


def test_a_tile_is_taken_apart() -> None:
    assert hashes_of(bytes(32) + b"\x01" * 32) == [bytes(32), b"\x01" * 32]


def test_a_statement_must_fit_its_length() -> None:
    assert len(statement_leaf(bytes(65_534))) == 65_535
    with pytest.raises(InvalidInputError, match="at most"):
        statement_leaf(bytes(65_535))
