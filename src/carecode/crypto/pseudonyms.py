"""Pseudonyms: the number under which one institution knows a resident, and no other does.

One AES-256 block under a key of that institution and sector: a permutation of 128-bit numbers, so
two residents never share one, it needs no table, and only the platform can turn it back.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from carecode.crypto.block import Block
from carecode.crypto.keyed import keyed_hash
from carecode.kernel.errors import InvalidInputError

CLINICAL: Final = "clinical"
LENGTH: Final = 32  # characters
CACHED_KEYS: Final = 4096

_FORM: Final = re.compile(r"[0-9a-f]{32}")


class Pseudonyms:
    """Turns a resident's number into each institution's own number for her, and back.

    >>> clinic = Pseudonyms(bytes(32))
    >>> her = clinic.of(UUID(int=7), "county-2")
    >>> len(her), clinic.resolve(her, "county-2") == UUID(int=7), her == clinic.of(UUID(int=7), "city-1")
    (32, True, False)
    """

    __slots__ = ("_blocks", "_key")

    def __init__(self, key: bytes) -> None:
        """Derive every institution's key from ``key`` (32 bytes, the ring's ``pseudonyms``)."""
        self._key = key
        self._blocks: dict[tuple[str, str], Block] = {}

    def of(self, key: UUID, organisation: str, sector: str = CLINICAL) -> str:
        """Return the number by which ``organisation`` knows ``key``: 32 lower-case hex digits."""
        return self._block(organisation, sector).encrypt(key.bytes).hex()

    def resolve(self, text: str, organisation: str, sector: str = CLINICAL) -> UUID:
        """Turn ``organisation``'s number back.

        Every well-formed number turns into something: whoever is not in the index was never
        there.  InvalidInputError for any other form.
        """
        if not _FORM.fullmatch(text):
            raise InvalidInputError("pseudonym-malformed", "A patient number has 32 characters, 0-9 and a-f.")
        return UUID(bytes=self._block(organisation, sector).decrypt(bytes.fromhex(text)))

    def _block(self, organisation: str, sector: str) -> Block:
        block = self._blocks.get((organisation, sector))
        if block is None:
            if len(self._blocks) >= CACHED_KEYS:
                self._blocks.clear()
            block = Block(keyed_hash(self._key, b"pseudonym", organisation.encode(), sector.encode()))
            self._blocks[organisation, sector] = block
        return block
