"""References to somebody that a form carries: sealed, good for one person of staff and for a quarter of an hour.

A form of a page must name a resident without showing any number of hers: not in an address, and not so that
another desk, or the same one tomorrow, could use it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.crypto.sealing import NONCE_BYTES, seal, unseal
from carecode.kernel.errors import ConflictError, CorruptError
from carecode.kernel.vocabulary import ResidentId

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecode.crypto.keyring import KeyRing
    from carecode.kernel.vocabulary import Requester

GOOD_FOR: Final = timedelta(minutes=15)
_ID_BYTES: Final = 16
_CHARACTERS_MAX: Final = 200
_KEY: Final = "disclosure.formrefs"


class FormRefs:
    """Seals and opens references."""

    def __init__(self, ring: KeyRing, random_bytes: Callable[[int], bytes]) -> None:
        """Use a key of the ring; ``random_bytes`` gives nonces."""
        self._key = ring.key(_KEY)
        self._random_bytes = random_bytes

    def give(self, entry: ResidentId, requester: Requester, now: datetime) -> str:
        """Make a reference, 112 hexadecimal digits."""
        until = int((now + GOOD_FOR).timestamp())
        nonce = self._random_bytes(NONCE_BYTES)
        return seal(self._key, nonce, entry.bytes + until.to_bytes(12), _place(requester)).hex()

    def take(self, given: str, requester: Requester, now: datetime) -> ResidentId:
        """Open a reference; ConflictError ``reference-old`` when it is none, another's or too old."""
        try:
            opened = unseal(self._key, bytes.fromhex(given[:_CHARACTERS_MAX]), _place(requester))
        except (ValueError, CorruptError):
            raise _old() from None
        until = datetime.fromtimestamp(int.from_bytes(opened[_ID_BYTES:]), UTC)
        if now > until:
            raise _old()
        return ResidentId(UUID(bytes=opened[:_ID_BYTES]))


def _place(requester: Requester) -> bytes:
    return f"form|{requester.organisation}|{requester.id}".encode()


def _old() -> ConflictError:
    return ConflictError("reference-old", "This page is too old. Begin again.")
