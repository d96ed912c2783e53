"""Data keys: one per resident, wrapped by the key ring; erase the row and the record is erased.

The wrapped form (60 bytes) stands in the database and is bound to the resident's record key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from carecode.crypto.sealing import KEY_BYTES, NONCE_BYTES, unwrap, wrap
from carecode.kernel.vocabulary import RecordKey
from carecode.record.recent import Recent

HELD_MAX: Final = 4096  # residents whose key is at hand; about 300 bytes each


class DataKeys:
    """Makes, opens and, for the residents seen last, remembers data keys."""

    __slots__ = ("_held", "_kek", "_random_bytes")

    def __init__(self, kek: bytes, random_bytes: Callable[[int], bytes], limit: int = HELD_MAX) -> None:
        """Take the ring's ``record.kek`` (32 bytes) and a source of randomness."""
        self._kek = kek
        self._random_bytes = random_bytes
        self._held = Recent[RecordKey, tuple[bytes, bytes]](limit)  # wrapped, open

    def __repr__(self) -> str:
        """Hide the keys."""
        return "DataKeys(...)"

    def held(self, key: RecordKey) -> bytes | None:
        """Return a resident's data key if it is at hand."""
        found = self._held.get(key)
        return found[1] if found else None

    def fresh(self, key: RecordKey) -> bytes:
        """Make a new data key for a resident and return it wrapped; it counts once it is stored."""
        return wrap(self._kek, self._random_bytes(KEY_BYTES), key.bytes, self._random_bytes(NONCE_BYTES))

    def open(self, key: RecordKey, wrapped: bytes) -> bytes:
        """Return the data key that is stored as ``wrapped``, and keep it at hand.

        CorruptError when it was not wrapped by this ring for this resident.
        """
        found = self._held.get(key)
        if found is None or found[0] != wrapped:
            found = (wrapped, unwrap(self._kek, wrapped, key.bytes))
            self._held.put(key, found)
        return found[1]

    def forget(self, key: RecordKey) -> bytes | None:
        """Drop a resident's data key, when her record is erased; return it if it was at hand."""
        found = self._held.drop(key)
        return found[1] if found else None
