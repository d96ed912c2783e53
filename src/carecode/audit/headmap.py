"""The head map: for every resident's access log, under a blind label, how long it is and where it ends.

The map's root stands in every checkpoint.  So whoever holds a checkpoint can be shown one number of
entries for her list and no other, and that nobody has a list under a label that is not there.

Labels are spread over 2**18 buckets by their first bits; a complete Merkle tree stands over the buckets.
A proof shows the other records of her bucket only as label and hash: neither how long nor whose.

    record  label (32) | seq (8, big-endian) | head (32)
    value   SHA-256(0x03 | record)
    bucket  SHA-256(0x02 | label | value | label | value ...), labels ascending
    node    SHA-256(0x01 | left | right)

Sources: RFC 6962 clause 2.1 (separate prefixes for separate kinds); CONIKS (a map of blind labels whose
root everybody sees alike).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from carecode.audit.merkle import HASH_BYTES, node_hash, parents
from carecode.kernel.errors import CorruptError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEPTH: Final = 18
"""2**18 buckets: four residents each at a million; a proof of one key stays below 4 kB up to ten million."""
STEP: Final = 6
"""Levels of the tree that are stored together: 64 buckets are a page, 64 hashes are an upper tile."""
PER_STEP: Final = 1 << STEP
LABEL_BYTES: Final = 32
SEQ_BYTES: Final = 8
STATE_BYTES: Final = SEQ_BYTES + HASH_BYTES
RECORD_BYTES: Final = LABEL_BYTES + STATE_BYTES
OTHER_BYTES: Final = LABEL_BYTES + HASH_BYTES
DEPTH_MAX: Final = 32
EXTENSION: Final = "head-map"

_BUCKET: Final = b"\x02"
_VALUE: Final = b"\x03"
EMPTY_BUCKET: Final = sha256(_BUCKET).digest()


class Head(NamedTuple):
    """The end of one chain: how many entries it has, and the hash of the last."""

    seq: int
    hash: bytes


def bucket_of(label: bytes, depth: int = DEPTH) -> int:
    """Return the bucket in which a label stands."""
    return int.from_bytes(label[:4], "big") >> (32 - depth)


def value_hash(label: bytes, head: Head) -> bytes:
    """Hash one record; the head inside covers random numbers, so the hash hides the length."""
    return sha256(_VALUE + label + head.seq.to_bytes(SEQ_BYTES, "big") + head.hash).digest()


def records_of(body: bytes) -> dict[bytes, bytes]:
    """Take a bucket's body apart: label -> seq and head as stored.  CorruptError when it is cut."""
    if len(body) % RECORD_BYTES:
        raise broken_map()
    return {
        body[place : place + LABEL_BYTES]: body[place + LABEL_BYTES : place + RECORD_BYTES]
        for place in range(0, len(body), RECORD_BYTES)
    }


def find(body: bytes, label: bytes) -> Head | None:
    """Look a label up in a bucket's body."""
    for place in range(0, len(body), RECORD_BYTES):
        if body[place : place + LABEL_BYTES] == label:
            seq = int.from_bytes(body[place + LABEL_BYTES : place + LABEL_BYTES + SEQ_BYTES], "big")
            return Head(seq, body[place + LABEL_BYTES + SEQ_BYTES : place + RECORD_BYTES])
    return None


def replaced(body: bytes, label: bytes, head: Head) -> bytes:
    """Return a bucket's body with this head in place of what it had under the label."""
    record = label + head.seq.to_bytes(SEQ_BYTES, "big") + head.hash
    for place in range(0, len(body), RECORD_BYTES):
        there = body[place : place + LABEL_BYTES]
        if there >= label:
            return body[:place] + record + body[place + RECORD_BYTES * (there == label) :]
    return body + record


def bucket_hash(body: bytes) -> bytes:
    """Hash a bucket."""
    if len(body) == RECORD_BYTES:  # by far the most
        return sha256(_BUCKET + body[:LABEL_BYTES] + sha256(_VALUE + body).digest()).digest()
    parts = [_BUCKET]
    for place in range(0, len(body), RECORD_BYTES):
        parts += [body[place : place + LABEL_BYTES], sha256(_VALUE + body[place : place + RECORD_BYTES]).digest()]
    return sha256(b"".join(parts)).digest()


def default_hashes(depth: int = DEPTH) -> list[bytes]:
    """Return the hash of an empty subtree at each depth: root first, empty bucket last."""
    hashes = [EMPTY_BUCKET]
    for _ in range(depth):
        hashes.append(node_hash(hashes[-1], hashes[-1]))
    return hashes[::-1]


class HeadMap:
    """The whole tree over the buckets in memory, for the one who writes it: 35 MB when no bucket is empty."""

    __slots__ = ("_nodes", "depth")

    def __init__(self, depth: int = DEPTH) -> None:
        """Begin an empty map."""
        self.depth = depth
        self._nodes: list[bytes] = [b""]  # node n has the children 2n and 2n + 1; the root is number 1
        for level, default in enumerate(default_hashes(depth)):
            self._nodes += [default] * (1 << level)

    @property
    def root(self) -> bytes:
        """The root over all buckets."""
        return self._nodes[1]

    def set(self, hashes: Mapping[int, bytes], depth: int | None = None) -> None:
        """Set the hashes at ``depth`` (the buckets' unless said) and hash what stands above them anew."""
        nodes = self._nodes
        first = 1 << (self.depth if depth is None else depth)
        for place, value in hashes.items():
            nodes[first + place] = value
        touched = sorted({(first + place) >> 1 for place in hashes})
        while touched and touched[0]:
            for node in touched:
                left = node + node
                nodes[node] = sha256(b"\x01" + nodes[left] + nodes[left + 1]).digest()
            touched = list(dict.fromkeys([node >> 1 for node in touched]))

    def tile(self, depth: int, index: int) -> bytes:
        """Return the 64 hashes at ``depth`` below node ``index`` of six levels above."""
        first = (1 << depth) + index * PER_STEP
        return b"".join(self._nodes[first : first + PER_STEP])

    def at(self, depth: int, index: int) -> bytes:
        """Return one hash."""
        return self._nodes[(1 << depth) + index]


@dataclass(frozen=True, slots=True)
class HeadProof:
    """What shows that ``label`` has this head in the map, or (head None) that it has none."""

    label: bytes = field(repr=False)
    head: Head | None
    others: tuple[bytes, ...] = field(repr=False)  # the bucket's other records, label and value, ascending
    path: tuple[bytes, ...] = field(repr=False)  # siblings, the bucket's own first

    def as_json(self) -> dict[str, Any]:
        """Write it for a browser, bytes in standard base 64."""
        return {
            "label": _text(self.label),
            "seq": self.head.seq if self.head else 0,
            "head": _text(self.head.hash) if self.head else None,
            "others": _text(b"".join(self.others)),
            "path": _text(b"".join(self.path)),
        }

    def root(self) -> bytes | None:
        """Return the root that it leads to; None when its bucket is not one the map could have."""
        labels = [other[:LABEL_BYTES] for other in self.others]
        values = {other[:LABEL_BYTES]: other[LABEL_BYTES:] for other in self.others}
        formed = all(len(other) == OTHER_BYTES for other in self.others) and len(self.label) == LABEL_BYTES
        formed = formed and len(self.path) <= DEPTH_MAX
        if not formed or labels != sorted(values) or self.label in values:
            return None
        depth = len(self.path)
        place = bucket_of(self.label, depth)
        if any(bucket_of(label, depth) != place for label in labels):
            return None
        if self.head is not None:
            if self.head.seq < 1 or len(self.head.hash) != HASH_BYTES:
                return None
            values[self.label] = value_hash(self.label, self.head)
        result = sha256(_BUCKET + b"".join(label + values[label] for label in sorted(values))).digest()
        for step in self.path:
            result = node_hash(step, result) if place & 1 else node_hash(result, step)
            place >>= 1
        return result


def verify_head(proof: HeadProof, root: bytes, depth: int = DEPTH) -> bool:
    """Say whether ``proof`` holds under the map's ``root``.  About 20 us."""
    return len(proof.path) == depth and proof.root() == root


def prove(label: bytes, page: Mapping[int, bytes], tiles: Iterable[bytes], depth: int = DEPTH) -> HeadProof:
    """Make the proof of a label.

    ``page`` has the bodies of those of its 64 buckets that are not empty, by bucket; ``tiles`` the
    upper tiles above them, the lowest first, each 64 hashes or empty where nothing was ever written.
    CorruptError ``head-map-broken`` when one of them is cut.
    """
    place = bucket_of(label, depth)
    first = place & -PER_STEP
    path = _siblings([bucket_hash(page.get(first + offset, b"")) for offset in range(PER_STEP)], place % PER_STEP)
    level, defaults = depth - STEP, default_hashes(depth)
    for tile in tiles:
        if len(tile) not in {0, PER_STEP * HASH_BYTES}:
            raise broken_map()
        place >>= STEP
        hashes = [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]
        path += _siblings(hashes or [defaults[level]] * PER_STEP, place % PER_STEP)
        level -= STEP
    body = page.get(bucket_of(label, depth), b"")
    others = tuple(
        other + sha256(_VALUE + other + state).digest() for other, state in records_of(body).items() if other != label
    )
    return HeadProof(label, find(body, label), others, tuple(path))


def proof_from_json(written: Mapping[str, Any]) -> HeadProof:
    """Read what ``HeadProof.as_json`` wrote.  InvalidInputError ``head-proof-form`` for anything else."""
    try:
        seq, head = written["seq"], written["head"]
        if type(seq) is not int or (head is None) != (seq == 0):
            raise _bad_proof()
        others, path = _bytes(written["others"]), _bytes(written["path"])
        return HeadProof(
            _bytes(written["label"]),
            None if head is None else Head(seq, _bytes(head)),
            *(
                tuple(data[at : at + width] for at in range(0, len(data), width))
                for data, width in ((others, OTHER_BYTES), (path, HASH_BYTES))
            ),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise _bad_proof() from error


def extension(root: bytes, depth: int = DEPTH) -> str:
    """Write the checkpoint's line that holds the map's root."""
    return f"{EXTENSION} {depth} {_text(root)}"


def root_of(extensions: Iterable[str], depth: int = DEPTH) -> bytes:
    """Read the map's root from a checkpoint's lines.  InvalidInputError ``head-map-line`` when none says it."""
    for line in extensions:
        words = line.split(" ")
        if words[:2] == [EXTENSION, str(depth)]:
            root = _bytes(words[-1])
            if len(root) == HASH_BYTES and extension(root, depth) == line:
                return root
    raise InvalidInputError("head-map-line", "This checkpoint does not say the root of the head map.")


def broken_map() -> CorruptError:
    """Say that the stored head map is not the one that was signed."""
    return CorruptError("head-map-broken", "The log's map of lists is not the one that was signed. Call the operator.")


def _siblings(hashes: list[bytes], place: int) -> list[bytes]:
    """Return the siblings of the hash at ``place`` up to the root over ``hashes``."""
    found = []
    while len(hashes) > 1:
        found.append(hashes[place ^ 1])
        hashes, place = parents(hashes), place >> 1
    return found


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode(), validate=True)
    except ValueError as error:
        raise _bad_proof() from error


def _bad_proof() -> InvalidInputError:
    return InvalidInputError("head-proof-form", "This is not a proof of the head map. Fetch it again.")
