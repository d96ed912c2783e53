"""Proof that a phone of hers is at hand: its key signs a challenge of this server.

What is signed begins otherwise than a code does ("CC1"), so that neither can be taken for the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.healthcode.checks import VERIFY
from carecode.store.room import Room

if TYPE_CHECKING:
    from uuid import UUID

    from carecode.store.database import Database

PREFIX: Final = b"CareCode proof 1\0"
NUMBER_MAX: Final = 2**48
SIGNATURE_BYTES: Final = 64


class KeyProofs:
    """Checks what phones sign besides codes."""

    def __init__(self, database: Database) -> None:
        """Use the role ``carecode_healthcode``."""
        self._room = Room(database, "healthcode")

    async def holds(self, bearer: UUID, device: int, challenge: bytes, signature: bytes) -> bool:
        """Tell whether ``device``, a phone of ``bearer`` that was not cancelled, signed ``challenge``."""
        if not 0 < device < NUMBER_MAX or len(signature) != SIGNATURE_BYTES:
            return False
        rows = await self._room.fetch("find_device", device)
        if not rows or rows[0]["bearer"] != bearer or rows[0]["revoked"]:
            return False
        return VERIFY[rows[0]["algorithm"]](rows[0]["public_key"], signature, PREFIX + challenge)
