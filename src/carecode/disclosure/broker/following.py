"""Following the public log: its tree's right edge, each new leaf, and the signed root that must come of it.

A log that changes or drops anything it once showed is told at once, at a cost of one hash per leaf.
The log's key is pinned at first sight, in the broker's own ring.

Sources: RFC 6962 clause 2.1; C2SP tlog-checkpoint.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Sequence
from typing import Final, Protocol

from carecode.audit.merkle import (
    HASH_BYTES,
    Frontier,
    Subtree,
    folded,
    inclusion_spans,
    subtrees,
    verify_inclusion,
)
from carecode.audit.notes import ED25519, Checkpoint, NoteKey, held, split
from carecode.disclosure.broker.ring import BrokerRing
from carecode.kernel.errors import CorruptError, UnavailableError

LEAVES_AT_ONCE: Final = 16_384
FRESH_SECONDS: Final = 660.0  # a receipt lives ten minutes: its entry is younger than this
SAMPLE_SECONDS: Final = 30.0


class LogView(Protocol):
    """What the watch asks of the public log's tables; nothing of it is taken on trust."""

    async def checkpoint(self, quorum: int) -> tuple[int, str] | None:
        """Give size and note of the newest checkpoint that has so many cosignatures."""

    async def leaf_hashes(self, first: int, count: int) -> bytes:
        """Give the hashes of leaves from ``first`` on, joined."""

    async def hashes_of(self, wanted: Sequence[Subtree]) -> dict[Subtree, bytes]:
        """Give hashes of complete subtrees."""

    async def places(self, leaves: Sequence[bytes]) -> list[int | None]:
        """Give where leaves stand."""


class Follower:
    """The log as far as it was followed; every method raises CorruptError for a log that does not verify."""

    def __init__(self, view: LogView, ring: BrokerRing, log_key: bytes | None, begun: tuple[int, bytes] | None) -> None:
        """Go on from size and root ``begun``; without it, from the first checkpoint that is seen."""
        self._view = view
        self._ring = ring
        self._log_key = log_key
        self._begun = begun
        self._note = ""
        self._sizes: deque[tuple[float, int]] = deque()
        self.frontier: Frontier | None = None

    async def follow(self, wanted: Container[bytes], now: float) -> list[bytes]:
        """Follow the log up to its newest checkpoint; return which of the wanted leaf hashes came by."""
        newest = await self._view.checkpoint(0)
        if newest is None or newest[1] == self._note:
            return []
        checkpoint = self.verified(newest[1])
        frontier = self.frontier or await self._begin(checkpoint)
        grown = Frontier(frontier.size, dict(frontier.peaks))
        met: list[bytes] = []
        while grown.size < checkpoint.size:
            count = min(LEAVES_AT_ONCE, checkpoint.size - grown.size)
            joined = await self._view.leaf_hashes(grown.size, count)
            if len(joined) != count * HASH_BYTES:
                raise log_broken()
            leaves = [joined[place : place + HASH_BYTES] for place in range(0, len(joined), HASH_BYTES)]
            grown.extend(leaves)
            met += [leaf for leaf in leaves if leaf in wanted]
        if grown.root() != checkpoint.root:
            raise log_broken()
        self.frontier, self._note = grown, newest[1]
        self._sample(now)
        return met

    async def prove(self, leaf: bytes, index: int, now: float) -> bool:
        """Prove that a leaf stands at its place; False when the log was not followed so far.

        CorruptError ``log-replayed`` for one that stood there long before any receipt that still lives.
        """
        if self.frontier is None or index >= self.frontier.size:
            return False
        oldest = self._sizes[0]
        if now - oldest[0] >= FRESH_SECONDS and index < oldest[1]:
            raise CorruptError("log-replayed", "An old permission was shown as a new one. Nothing is opened.")
        spans = [subtrees(span) for span in inclusion_spans(index, self.frontier.size)]
        hashes = await self._view.hashes_of([subtree for parts in spans for subtree in parts])
        proof = [folded([hashes[part] for part in parts]) for parts in spans]
        if not verify_inclusion(leaf, index, self.frontier.size, proof, self.frontier.root()):
            raise log_broken()
        return True

    def verified(self, note: str) -> Checkpoint:
        """Read a checkpoint that the log's own key signed; the first key that is seen is the log's for good."""
        checkpoint = Checkpoint.parse(split(note)[0])
        pinned = self._ring.contents.log_key
        if pinned is not None:
            key = NoteKey.parse(pinned)
        elif self._log_key is not None:
            key = NoteKey(checkpoint.origin, ED25519, self._log_key)
        else:
            raise UnavailableError("log-key", "The key of the public log is not known yet.")
        if self._log_key not in {None, key.public}:
            raise CorruptError("log-key-changed", "The public log has another key than it had. Nothing is opened.")
        if checkpoint.origin != key.name or not held(note, [key]):
            raise log_broken()
        if pinned is None:
            self._ring.pin_log(key.vkey())
        return checkpoint

    async def _begin(self, checkpoint: Checkpoint) -> Frontier:
        """Take the tree's edge up where it was left; at first sight, at this checkpoint."""
        size, root = self._begun or (checkpoint.size, checkpoint.root)
        frontier = Frontier.of(size, await self._view.hashes_of(subtrees((0, size)))) if size else Frontier.empty()
        if frontier.root() != root:
            raise log_broken()
        return frontier

    def _sample(self, now: float) -> None:
        """Remember how large the log was when: the oldest sample kept is the newest past FRESH_SECONDS."""
        size = self.frontier.size if self.frontier else 0
        if not self._sizes or now - self._sizes[-1][0] >= SAMPLE_SECONDS:
            self._sizes.append((now, size))
        while len(self._sizes) > 1 and now - self._sizes[1][0] >= FRESH_SECONDS:
            self._sizes.popleft()


def log_broken() -> CorruptError:
    """Say that the log does not verify."""
    return CorruptError("log-broken", "The public log does not verify. Nothing is opened; call the operator.")
