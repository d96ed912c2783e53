"""Data keys as they pass between the record, which uses them, and the key broker, which opens them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from carecode.kernel.vocabulary import RecordKey


@dataclass(frozen=True, slots=True)
class FreshKey:
    """A new data key to write with, and its wrapped form, which is stored beside what it sealed."""

    id: UUID  # random; named by every row that this key sealed
    dek: bytes = field(repr=False)  # 32 bytes
    wrapped: bytes = field(repr=False)


class WrappedKey(NamedTuple):
    """A data key as it is stored: whose, which of hers, and its wrapped bytes."""

    owner: RecordKey
    id: UUID
    wrapped: bytes

    def __repr__(self) -> str:
        """Hide whose it is."""
        return "WrappedKey(...)"


class Opened(NamedTuple):
    """Data keys that a live receipt opened, in the order asked, and how long they may be kept."""

    keys: list[bytes]
    seconds: float  # until the receipt ends, by the database's clock

    def __repr__(self) -> str:
        """Hide the keys."""
        return "Opened(...)"
