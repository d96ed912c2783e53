"""How the chains go on: entries that wait become the next links, looked up under the blind labels of the map."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from carecode.audit.growth import Advance, Growth, Link
from carecode.audit.stored import SIZE_MAX
from carecode.audit.tiles import entry_leaf
from carecode.crypto.keyed import keyed_hash
from carecode.kernel.errors import CorruptError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from carecode.audit.stored import Connection

LABELS_KEY: Final = "log.labels"
LABELS_KEPT_MAX: Final = 65_536
IN_PLACE_MAX: Final = 256
"""Entries that are hashed without leaving the server's loop; more go to a thread."""


class Chains:
    """Reads what waits, and the heads it follows from."""

    def __init__(self, labels_key: bytes, sql: Mapping[str, str]) -> None:
        """Blind record keys under the ring's key LABELS_KEY."""
        self._labels_key = labels_key
        self._sql = sql
        self._labels: dict[UUID, bytes] = {}

    async def advance(self, connection: Connection, growth: Growth, pending: Mapping[str, Any]) -> Advance:
        """Let the chains advance by what waits; fetch what fell between two batches.

        Raises CorruptError for an entry that is missing, does not follow, or was changed since it was public.
        """
        residents = pending["residents"]
        keys = {self._label(resident): resident for resident in residents}
        pages = growth.missing_pages(keys)
        if pages:
            rows = await connection.fetch(self._sql["log_map_pages"], pages, SIZE_MAX)
            bodies = {row["bucket"]: row["body"] for row in rows}
            await maybe_apart(len(bodies) + len(pages), lambda: growth.set_pages(pages, bodies))
        advance = Advance(growth.heads({label: sha256(key.bytes).digest() for label, key in keys.items()}))
        labels = map(self._labels.__getitem__, residents)
        advance.take(map(Link, labels, pending["seqs"], pending["prevs"], pending["hashes"]))
        if advance.ahead:
            await self._fetch_between(connection, advance, keys)
        if advance.known:
            await self._are_known(connection, advance.known)
        return advance

    async def _fetch_between(self, connection: Connection, advance: Advance, keys: Mapping[bytes, UUID]) -> None:
        for label, (first, last) in advance.take_ahead().items():
            rows = await connection.fetch(self._sql["log_between"], keys[label], first, last)
            advance.take(Link(label, row["seq"], row["prev"], row["hash"]) for row in rows)
        if any(advance.ahead.values()) and advance.take_ahead():
            raise CorruptError("log-gap", "An entry is missing from a resident's list. Call the operator.")

    async def _are_known(self, connection: Connection, hashes: Sequence[bytes]) -> None:
        """See that entries numbered below the end of their chain are in the log indeed."""
        places = await connection.fetch(self._sql["log_leaf_of"], [entry_leaf(entry) for entry in hashes])
        if any(row["idx"] is None for row in places):
            raise CorruptError("log-rewritten", "An entry was changed after it was made public. Call the operator.")

    def _label(self, key: UUID) -> bytes:
        label = self._labels.get(key)
        if label is None:
            label = self._labels[key] = label_of(self._labels_key, key)
        return label

    def forget(self) -> None:
        """Let go of labels in memory when they are too many."""
        if len(self._labels) > LABELS_KEPT_MAX:
            self._labels.clear()


def label_of(labels_key: bytes, key: UUID) -> bytes:
    """Return the blind label of a record key, 32 bytes."""
    return keyed_hash(labels_key, key.bytes)


async def maybe_apart(count: int, work: Callable[[], Any]) -> Any:  # noqa: ANN401  # whatever the work returns
    """Do small work at once, large work in a thread, so that requests are answered meanwhile."""
    return work() if count <= IN_PLACE_MAX else await asyncio.to_thread(work)
