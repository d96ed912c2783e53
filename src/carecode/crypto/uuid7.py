"""UUIDs that sort by the time they were made.

Source: RFC 9562, 5.7 (version 7) and 5.8 (layout).
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from carecode.kernel.errors import InvalidInputError

RANDOM_BYTES: Final = 10
_MILLISECOND_BITS: Final = 48
_VERSION: Final = 0x7 << 76
_VARIANT: Final = 0b10 << 62
_RAND_A_BITS: Final = 12
_RAND_B_BITS: Final = 62


def uuid7(now_ms: int, random10: bytes) -> UUID:
    """Make a version 7 UUID of a time (ms since 1970) and 10 random bytes, 74 bits of them used.

    >>> uuid7(0x017F22E279B0, bytes(10))
    UUID('017f22e2-79b0-7000-8000-000000000000')

    InvalidInputError for a time before 1970 or after the year 10889, or for other than 10 bytes.
    """
    if len(random10) != RANDOM_BYTES or not 0 <= now_ms < 1 << _MILLISECOND_BITS:
        raise InvalidInputError("uuid7", "A version 7 UUID takes 48 bits of milliseconds and 10 random bytes.")
    random = int.from_bytes(random10)
    rand_a = (random >> _RAND_B_BITS) & ((1 << _RAND_A_BITS) - 1)
    rand_b = random & ((1 << _RAND_B_BITS) - 1)
    return UUID(int=now_ms << 80 | _VERSION | rand_a << 64 | _VARIANT | rand_b)
