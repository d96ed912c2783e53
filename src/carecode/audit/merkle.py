"""The Merkle tree of the public log: hashes, the growing right edge, proofs and their verification.

Pure: bytes in, bytes out.  A tree over ``n`` leaves is split at the largest power of two below ``n``,
so that every subtree left of its right edge is complete and never changes again.

Sources: RFC 6962 clause 2.1 (hashes, audit path, consistency proof); RFC 9162 clauses 2.1.3.2 and
2.1.4.2 (verification); C2SP tlog-tiles (a tile holds 256 hashes of every eighth height).
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HASH_BYTES: Final = 32
TILE_HEIGHT: Final = 8
EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves."""

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"

Subtree: TypeAlias = tuple[int, int]
"""A complete subtree: its height, and its place among those of its height (0 leftmost)."""
Span: TypeAlias = tuple[int, int]
"""The leaves from the first to before the second, whose hash is one element of a proof."""


def leaf_hash(data: bytes) -> bytes:
    """Hash one leaf."""
    return sha256(_LEAF + data).digest()


def leaf_hashes(datas: Iterable[bytes]) -> list[bytes]:
    """Hash many leaves."""
    return [sha256(_LEAF + data).digest() for data in datas]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees to the one above them."""
    return sha256(_NODE + left + right).digest()


def parents(nodes: Sequence[bytes]) -> list[bytes]:
    """Hash neighbours two by two; a last one without a neighbour is left out."""
    one = iter(nodes)
    return [sha256(_NODE + left + right).digest() for left, right in zip(one, one, strict=False)]


def complete_root(nodes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of nodes of one height."""
    while len(nodes) > 1:
        nodes = parents(nodes)
    return nodes[0]


def folded(hashes: Sequence[bytes]) -> bytes:
    """Return the root over complete subtrees that stand side by side, the largest first."""
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def subtrees(span: Span) -> list[Subtree]:
    """Cut a span that a proof or a tree consists of into complete subtrees, the largest first.

    >>> subtrees((0, 7)), subtrees((4, 7))
    ([(2, 0), (1, 2), (0, 6)], [(1, 2), (0, 6)])
    """
    first, end = span
    found: list[Subtree] = []
    while first < end:
        height = (end - first).bit_length() - 1
        found.append((height, first >> height))
        first += 1 << height
    return found


@dataclass(slots=True)
class Frontier:
    """The right edge of a growing tree: all that appending needs, at most 64 hashes."""

    size: int
    peaks: dict[int, bytes]  # by height, one for each set bit of ``size``

    @classmethod
    def empty(cls) -> Frontier:
        """Begin a tree without leaves."""
        return cls(0, {})

    @classmethod
    def of(cls, size: int, hashes: Mapping[Subtree, bytes]) -> Frontier:
        """Take the edge of a tree of ``size`` up again; ``hashes`` has each of ``subtrees((0, size))``."""
        return cls(size, {height: hashes[height, place] for height, place in subtrees((0, size))})

    def root(self) -> bytes:
        """Return the root of the tree as it stands."""
        if not self.size:
            return EMPTY_ROOT
        return folded([self.peaks[height] for height in sorted(self.peaks, reverse=True)])

    def extend(self, hashes: Sequence[bytes]) -> list[tuple[int, int, list[bytes]]]:
        """Append leaves by their hashes; return what became complete at the heights that tiles hold.

        Each row is the tile level (1 or more), the place of its first hash in that level, the
        hashes.  Costs one more hash for each leaf.
        """
        nodes: Sequence[bytes] = hashes
        place, height = self.size, 0
        complete: list[tuple[int, int, list[bytes]]] = []
        self.size += len(hashes)
        while nodes:
            if height and not height % TILE_HEIGHT:
                complete.append((height // TILE_HEIGHT, place, list(nodes)))
            if place & 1:
                nodes = [self.peaks.pop(height), *nodes]
                place -= 1
            if len(nodes) & 1:
                self.peaks[height] = nodes[-1]
            nodes = parents(nodes)
            place >>= 1
            height += 1
        return complete


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Say which spans' hashes prove that leaf ``index`` stands in a tree of ``size`` (index < size).

    In the order of the proof: from the leaf upwards (RFC 6962 clause 2.1.1).
    """
    found: list[Span] = []
    first, end = 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((first, middle))
            first = middle
    return found[::-1]


def consistency_spans(old: int, new: int) -> list[Span]:
    """Say which spans' hashes prove that a tree of ``new`` begins with the one of ``old`` (RFC 6962 2.1.2).

    Empty when ``old`` is 0 or ``new``: nothing has to be proved.
    """
    found: list[Span] = []
    if old in {0, new}:
        return found
    first, end, whole = 0, new, True
    while old < end:
        middle = first + _split(end - first)
        if old <= middle:
            found.append((middle, end))
            end = middle
        else:
            found.append((first, middle))
            first, whole = middle, False
    if not whole:
        found.append((first, end))
    return found[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether ``proof`` shows that the leaf with hash ``leaf`` is number ``index`` of ``size`` under ``root``."""
    if not 0 <= index < size:
        return False
    first, last, result = index, size - 1, leaf
    for step in proof:
        if not last:
            return False
        if first & 1 or first == last:
            result = node_hash(step, result)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            result = node_hash(result, step)
        first, last = first >> 1, last >> 1
    return not last and result == root


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether ``proof`` shows that the tree of ``new`` leaves begins with all leaves of the tree of ``old``."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if not old:
        return not proof and old_root == EMPTY_ROOT
    steps = [old_root, *proof] if not old & (old - 1) else list(proof)
    if not steps:
        return False
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if not last:
            return False
        if first & 1 or first == last:
            older, newer = node_hash(step, older), node_hash(step, newer)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            newer = node_hash(newer, step)
        first, last = first >> 1, last >> 1
    return not last and older == old_root and newer == new_root


def _split(count: int) -> int:
    """Return the largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)
