"""A reader of the log written from its specifications alone; it imports nothing of CareCode.

C2SP signed-note, tlog-checkpoint, tlog-tiles, tlog-cosignature, tlog-proof; RFC 6962 clause 2.1, whose
definitions stand here as they stand there, recursive and slow; docs/log.md for what is CareCode's own: kinds of
leaves, the head map, the chain of a resident's list.
"""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class DoesNotHoldError(Exception):
    """Something of the log is not as its specification says."""


def demand(holds: bool, what: str) -> None:  # noqa: FBT001 - reads like an assertion
    if not holds:
        raise DoesNotHoldError(what)


# signed-note


@dataclass(frozen=True)
class VerifierKey:
    """``name+hash+base64(type || key)``."""

    name: str
    hash: bytes
    type: int
    key: bytes

    @staticmethod
    def read(line: str) -> VerifierKey:
        name, hexadecimal, encoded = line.strip().split("+", 2)
        data = base64.b64decode(encoded, validate=True)
        identifier = sha256(name.encode() + b"\n" + data).digest()[:4]
        demand(identifier == bytes.fromhex(hexadecimal), "key id")
        return VerifierKey(name, identifier, data[0], data[1:])


def open_note(note: bytes, key: VerifierKey) -> bytes:
    """Return the text of a note if ``key`` signed it, by the log (type 1) or as a witness (type 4)."""
    place = note.rindex(b"\n\n")
    text, signatures = note[: place + 1], note[place + 2 :]
    demand(signatures.endswith(b"\n"), "last line feed")
    demand(not any(byte < 0x20 and byte != 0x0A for byte in note), "control characters")
    found = False
    for line in signatures[:-1].split(b"\n"):
        dash, name, encoded = line.decode().split(" ")
        demand(dash == "\u2014", "dash")
        data = base64.b64decode(encoded, validate=True)
        if name == key.name and data[:4] == key.hash:
            check_signature(key, data[4:], text)
            found = True
    demand(found, "no signature by this key")
    return text


def check_signature(key: VerifierKey, data: bytes, text: bytes) -> None:
    signed = text
    if key.type == 4:
        (timestamp,) = struct.unpack(">Q", data[:8])
        data, signed = data[8:], b"cosignature/v1\ntime %d\n" % timestamp + text
    else:
        demand(key.type == 1, "type of key")
    try:
        Ed25519PublicKey.from_public_bytes(key.key).verify(data, signed)
    except InvalidSignature:
        raise DoesNotHoldError("signature") from None


# tlog-checkpoint


@dataclass(frozen=True)
class TreeHead:
    origin: str
    size: int
    root: bytes
    extensions: list[str]

    @staticmethod
    def read(text: bytes) -> TreeHead:
        lines = text.decode().split("\n")
        demand(lines.pop() == "" and all(lines) and len(lines) >= 3, "checkpoint lines")
        demand(str(int(lines[1])) == lines[1], "size")
        return TreeHead(lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True), lines[3:])


# RFC 6962 clause 2.1


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def split_at(n: int) -> int:
    """Return the largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def tree_hash(hashes: list[bytes]) -> bytes:
    """MTH, over hashes of leaves."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = split_at(len(hashes))
    return sha256(b"\x01" + tree_hash(hashes[:k]) + tree_hash(hashes[k:])).digest()


def path(m: int, hashes: list[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(hashes) == 1:
        return []
    k = split_at(len(hashes))
    if m < k:
        return [*path(m, hashes[:k]), tree_hash(hashes[k:])]
    return [*path(m - k, hashes[k:]), tree_hash(hashes[:k])]


def proof(m: int, hashes: list[bytes]) -> list[bytes]:
    """PROOF(m, D[n])."""
    return subproof(m, hashes, complete=True)


def subproof(m: int, hashes: list[bytes], *, complete: bool) -> list[bytes]:
    n = len(hashes)
    if m == n:
        return [] if complete else [tree_hash(hashes)]
    k = split_at(n)
    if m <= k:
        return [*subproof(m, hashes[:k], complete=complete), tree_hash(hashes[k:])]
    return [*subproof(m - k, hashes[k:], complete=False), tree_hash(hashes[:k])]


# tlog-tiles


def tile_name(level: str, number: int, width: int) -> str:
    digits = f"{number:03d}"
    while len(digits) % 3:
        digits = "0" + digits
    parts = [digits[place : place + 3] for place in range(0, len(digits), 3)]
    name = "/".join([*("x" + part for part in parts[:-1]), parts[-1]])
    return f"tile/{level}/{name}" + (f".p/{width}" if width < 256 else "")


def tiles_of(level: int, size: int) -> list[tuple[int, int]]:
    """Return number and width of the tiles of a level."""
    hashes = size // 256**level
    return [(n, min(256, hashes - n * 256)) for n in range((hashes + 255) // 256)]


def expected_tile(level: int, number: int, width: int, hashes: list[bytes]) -> bytes:
    """MTH(D[(n * 256 + i) * 256**l : (n * 256 + i + 1) * 256**l]) for each i."""
    span = 256**level
    return b"".join(tree_hash(hashes[(number * 256 + i) * span : (number * 256 + i + 1) * span]) for i in range(width))


def entries_of(bundle: bytes) -> list[bytes]:
    found = []
    while bundle:
        (length,) = struct.unpack(">H", bundle[:2])
        demand(len(bundle) >= 2 + length, "length of an entry")
        found.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    return found


# docs/log.md: the head map


def map_root(line: str) -> bytes:
    word, depth, root = line.split(" ")
    demand((word, depth) == ("head-map", "18"), "head map line")
    return base64.b64decode(root, validate=True)


def check_head(written: dict[str, Any], root: bytes) -> tuple[int, bytes | None]:
    """Check a proof of the head map; return how long the list is and its last hash."""
    label = base64.b64decode(written["label"])
    others, siblings = base64.b64decode(written["others"]), base64.b64decode(written["path"])
    demand(len(label) == 32 and len(others) % 64 == 0 and len(siblings) == 18 * 32, "form of the proof")
    records = {others[place : place + 32]: others[place + 32 : place + 64] for place in range(0, len(others), 64)}
    demand(len(records) == len(others) // 64 and label not in records, "a label twice")
    seq, head = written["seq"], None
    if seq:
        head = base64.b64decode(written["head"])
        records[label] = sha256(b"\x03" + label + struct.pack(">Q", seq) + head).digest()
    place = int.from_bytes(label, "big") >> (256 - 18)
    demand(all(int.from_bytes(other, "big") >> (256 - 18) == place for other in records), "bucket")
    node = sha256(b"\x02" + b"".join(one + records[one] for one in sorted(records))).digest()
    for step in range(18):
        sibling = siblings[step * 32 : step * 32 + 32]
        pair = sibling + node if place >> step & 1 else node + sibling
        node = sha256(b"\x01" + pair).digest()
    demand(node == root, "head map root")
    return seq, head


# docs/log.md: the chain of one list

FIELDS = (
    *("form", "resident", "seq", "receipt", "at", "requester", "requester_name", "requester_title", "role"),
    *("organisation", "action", "purpose", "basis", "categories", "depositor", "keys"),
)


def entry_hash(previous: bytes, entry: dict[str, Any]) -> bytes:
    lines = [str(entry[name]) for name in FIELDS]
    lines += [str(entry[name]) for name in ("opens", "until") if entry[name] is not None]
    return sha256(previous + "\n".join(lines).encode()).digest()
