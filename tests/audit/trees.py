"""A log of three hundred leaves in memory: its notes, its proofs, and what it sends to a witness."""

from __future__ import annotations

from carecode.audit.merkle import Frontier, consistency_spans, folded, leaf_hashes, subtrees
from carecode.audit.notes import ED25519, Checkpoint, join, public_key, sign
from carecode.audit.witness import Request

ORIGIN = "log.example/one"
SEED = bytes(range(32))
KEY = public_key(ORIGIN, ED25519, SEED)
LEAVES = [f"leaf {number}".encode() for number in range(300)]


def root_of(leaves: list[bytes]) -> bytes:
    frontier = Frontier.empty()
    frontier.extend(leaf_hashes(leaves))
    return frontier.root()


def proof_of(leaves: list[bytes], old: int, new: int) -> list[bytes]:
    """Prove that the tree of the first ``new`` leaves begins with that of the first ``old``."""

    def complete(height: int, place: int) -> bytes:
        return root_of(leaves[place << height : (place + 1) << height])

    return [folded([complete(*one) for one in subtrees(span)]) for span in consistency_spans(old, new)]


def note_of(leaves: list[bytes], size: int, *, origin: str = ORIGIN, seed: bytes = SEED) -> str:
    text = Checkpoint(origin, size, root_of(leaves[:size]), ()).text()
    return join(text, [sign(text, origin, seed)])


def request(old: int, new: int, leaves: list[bytes] = LEAVES) -> bytes:
    return Request(old, tuple(proof_of(leaves, old, new)), note_of(leaves, new)).text().encode()
