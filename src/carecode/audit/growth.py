"""What the public log becomes by one more batch: leaves, tree, head map.  In memory; the sequencer stores it.

A chain advances by the entry whose number is the next and that follows from its head, by no other.
What does not fit is corruption, never skipped.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from carecode.audit.headmap import (
    DEPTH,
    EMPTY_BUCKET,
    PER_STEP,
    STEP,
    Head,
    HeadMap,
    broken_map,
    bucket_hash,
    bucket_of,
    default_hashes,
    find,
    replaced,
)
from carecode.audit.merkle import Frontier, leaf_hashes
from carecode.audit.tiles import entry_leaf
from carecode.kernel.errors import CorruptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BODIES_BYTES_MAX: Final = 256 * 2**20
"""Buckets kept in memory before they are read anew: those of two million residents."""
TOP: Final = 2 * STEP
"""Depths 6 and 12 of the map are stored as tiles; the buckets' own hashes are made from the buckets."""
_EMPTY_PAGE: Final = default_hashes(DEPTH)[TOP]


class Link(NamedTuple):
    """One entry, as far as the log needs it."""

    label: bytes
    seq: int
    prev: bytes
    hash: bytes


@dataclass(slots=True)
class Advance:
    """What a batch makes of the chains: new heads by label, hashes of entries in their order, and leftovers."""

    heads: dict[bytes, Head]
    hashes: list[bytes] = field(default_factory=list)
    known: list[bytes] = field(default_factory=list)  # hashes of entries numbered below their head
    ahead: dict[bytes, list[Link]] = field(default_factory=lambda: defaultdict(list))  # above the next number
    changed: set[bytes] = field(default_factory=set)

    def take(self, links: Iterable[Link]) -> None:
        """Advance by each link that is the next of its chain; set the others aside.

        Raises CorruptError ``log-chain`` for a next one that does not follow from its head.
        """
        heads, hashes, changed = self.heads, self.hashes, self.changed
        for link in links:
            label, seq, prev, entry = link
            head = heads[label]
            if seq == head.seq + 1:
                if prev != head.hash:
                    raise _broken_chain()
                heads[label] = Head(seq, entry)
                hashes.append(entry)
                changed.add(label)
            elif seq <= head.seq:
                self.known.append(entry)
            else:
                self.ahead[label].append(link)

    def take_ahead(self) -> dict[bytes, tuple[int, int]]:
        """Take what was set aside as far as it fits now; return which numbers of which chains are missing."""
        missing: dict[bytes, tuple[int, int]] = {}
        waiting, self.ahead = self.ahead, defaultdict(list)
        for label, links in waiting.items():
            self.take(sorted(links, key=lambda link: link.seq))
            if self.ahead[label]:
                missing[label] = (self.heads[label].seq + 1, self.ahead[label][0].seq - 1)
        return missing


@dataclass(frozen=True, slots=True)
class Grown:
    """One batch as it is stored."""

    first: int
    leaves: list[bytes]
    nodes: list[tuple[int, int, bytes]]  # tile level, place, hash
    buckets: dict[int, bytes]
    tiles: dict[tuple[int, int], bytes]  # depth and index in the map
    root: bytes
    map_root: bytes

    @property
    def size(self) -> int:
        """How many leaves the log has with it."""
        return self.first + len(self.leaves)


class Growth:
    """Tree and map as they stand; every method brings them one step on."""

    __slots__ = ("_bodies", "_bytes", "_map", "_pages", "frontier")

    def __init__(self, frontier: Frontier) -> None:
        """Take the tree up at its right edge, with an empty map."""
        self.frontier = frontier
        self._map = HeadMap(DEPTH)
        self._bodies: dict[int, bytes] = {}
        self._pages: set[int] = set()
        self._bytes = 0

    @property
    def map_root(self) -> bytes:
        """The root of the head map as it stands."""
        return self._map.root

    def set_tile(self, depth: int, index: int, hashes: bytes) -> None:
        """Take up a stored tile of the map."""
        first = index * PER_STEP
        self._map.set({first + at: hashes[32 * at : 32 * at + 32] for at in range(PER_STEP)}, depth)

    def tile(self, depth: int, index: int) -> bytes:
        """Return 64 hashes of the map as they stand."""
        return self._map.tile(depth, index)

    def missing_pages(self, labels: Iterable[bytes]) -> list[int]:
        """Return the pages of buckets that must be read before these labels can be looked up."""
        return sorted({bucket_of(label) >> STEP for label in labels} - self._pages)

    def set_pages(self, pages: Sequence[int], bodies: Mapping[int, bytes]) -> None:
        """Take up pages as they are stored.  CorruptError ``head-map-broken`` when they are not what was signed."""
        before = self._map.root
        held = {page for page in pages if self._map.at(TOP, page) != _EMPTY_PAGE} | {one >> STEP for one in bodies}
        hashes = {page * PER_STEP + offset: EMPTY_BUCKET for page in held for offset in range(PER_STEP)}
        hashes |= {bucket: bucket_hash(body) for bucket, body in bodies.items()}
        self._map.set(hashes)
        if self._map.root != before:
            raise broken_map()
        self._bodies.update(bodies)
        self._pages.update(pages)
        self._bytes += sum(map(len, bodies.values()))

    def heads(self, starts: Mapping[bytes, bytes]) -> dict[bytes, Head]:
        """Return where the chains of these labels end; ``starts`` has the hash with which each begins."""
        bodies = self._bodies
        return {
            label: find(bodies.get(bucket_of(label), b""), label) or Head(0, start) for label, start in starts.items()
        }

    def grow(self, advance: Advance, statements: Sequence[bytes]) -> Grown:
        """Append the entries that ``advance`` took, then statements' leaves, and move the heads."""
        first = self.frontier.size
        leaves = [entry_leaf(entry) for entry in advance.hashes]
        leaves += statements
        nodes = [
            (level, place, node)
            for level, start, hashes in self.frontier.extend(leaf_hashes(leaves))
            for place, node in enumerate(hashes, start)
        ]
        buckets = self._move({label: advance.heads[label] for label in advance.changed})
        tiles = self._tiles(buckets)
        return Grown(first, leaves, nodes, buckets, tiles, self.frontier.root(), self._map.root)

    def forget(self) -> None:
        """Let go of the buckets in memory when they are too many; they are read again as they are needed."""
        if self._bytes > BODIES_BYTES_MAX:
            self._bodies, self._pages, self._bytes = {}, set(), 0

    def _move(self, heads: Mapping[bytes, Head]) -> dict[int, bytes]:
        before = self._bodies
        bodies: dict[int, bytes] = {}
        for label, head in heads.items():
            bucket = bucket_of(label)
            body = bodies.get(bucket)
            bodies[bucket] = replaced(before.get(bucket, b"") if body is None else body, label, head)
        self._bytes += sum(map(len, bodies.values())) - sum(len(before.get(bucket, b"")) for bucket in bodies)
        before.update(bodies)
        self._map.set({bucket: bucket_hash(body) for bucket, body in bodies.items()})
        return bodies

    def _tiles(self, buckets: Iterable[int]) -> dict[tuple[int, int], bytes]:
        """Return the tiles above these buckets."""
        places = {(TOP, bucket >> TOP) for bucket in buckets}
        places |= {(STEP, 0) for _ in places}
        return {(depth, index): self._map.tile(depth, index) for depth, index in sorted(places)}


def page_tiles(label: bytes) -> list[tuple[int, int]]:
    """Return depth and index of the stored tiles above a label's bucket, the lowest first."""
    return [(TOP, bucket_of(label) >> TOP), (STEP, 0)]


def _broken_chain() -> CorruptError:
    return CorruptError("log-chain", "An entry does not follow from the one before it. Call the operator.")
