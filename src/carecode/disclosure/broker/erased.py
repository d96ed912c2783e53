"""Who was erased, as the broker remembers it: marks that say nothing without its ring.

A copy of the database from before an erasure knows nothing of it, and brings the wrapped keys back.
So the broker keeps the erasures itself, in a file beside its ring, and opens no key of the erased,
whatever the database holds.  Each line is ``BrokerRing.tag`` of a record key, hexadecimal.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from carecode.disclosure.broker.ring import BrokerRing
from carecode.kernel.errors import CorruptError

FILE_NAME: Final = "broker.erased"
TAG_BYTES: Final = 32


class Erased:
    """The marks of the erased; with a path, on the disk before they count."""

    def __init__(self, ring: BrokerRing, path: Path | None = None) -> None:
        """Read the file if there is one.  CorruptError when it is not of this form."""
        self._ring = ring
        self._path = path
        self._tags: set[bytes] = set()
        if path is not None and path.exists():
            _cut_half_line(path)
            try:
                self._tags = {bytes.fromhex(line) for line in path.read_text("ascii").splitlines()}
            except ValueError:
                raise _unreadable() from None
            if any(len(tag) != TAG_BYTES for tag in self._tags):
                raise _unreadable()

    def __len__(self) -> int:
        return len(self._tags)

    def __contains__(self, owner: bytes) -> bool:
        return bool(self._tags) and self._ring.tag(owner) in self._tags

    def add(self, owners: Iterable[bytes]) -> int:
        """Remember residents as erased; return how many were not known to be.  On the disk when this returns."""
        fresh = {self._ring.tag(owner) for owner in owners} - self._tags
        if fresh and self._path is not None:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, "".join(f"{tag.hex()}\n" for tag in sorted(fresh)).encode())
                os.fsync(handle)
            finally:
                os.close(handle)
        self._tags |= fresh
        return len(fresh)


def _cut_half_line(path: Path) -> None:
    data = path.read_bytes()
    if data and not data.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(data.rfind(b"\n") + 1)


def _unreadable() -> CorruptError:
    return CorruptError("erased-unreadable", "The key keeper's list of the erased is damaged. Restore it.")
