"""The phone's side: makes the text of a code.  For the command line and the tests.

The browser's maker is ``web/static/js/healthcode.js``; both draw the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nacl.bindings import crypto_sign_seed_keypair

from carecode.crypto.signatures import ed25519_sign
from carecode.healthcode.format import ED25519, desk_number_for, head, signed, slot_at, text_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from carecode.kernel.vocabulary import CodePurpose


def draw(
    sign: Callable[[bytes], bytes],
    algorithm: int,
    handle: bytes,
    secret: bytes,
    purpose: CodePurpose,
    now: datetime,
    desk_number: str | None = None,
) -> str:
    """Make the text of a code; ``sign`` gives 64 bytes over its argument with the phone's key.

    RefusedError ``code-desk-number`` when the purpose needs a desk number and there is none.
    """
    number = desk_number_for(purpose, desk_number)
    packed = head(algorithm, purpose, slot_at(now), handle)
    return text_of(packed, sign(signed(packed, secret, number)))


class DeviceKey:
    """A phone's Ed25519 key."""

    __slots__ = ("_seed", "public")

    algorithm = ED25519

    def __init__(self, seed: bytes) -> None:
        """Make the key of a seed of 32 bytes."""
        self._seed = seed
        self.public, _secret = crypto_sign_seed_keypair(seed)

    def __repr__(self) -> str:
        """Hide the seed."""
        return "DeviceKey(...)"

    def show(
        self, handle: bytes, secret: bytes, purpose: CodePurpose, now: datetime, desk_number: str | None = None
    ) -> str:
        """Return the text that the phone shows at ``now`` for ``purpose``."""
        return draw(self._sign, ED25519, handle, secret, purpose, now, desk_number)

    def _sign(self, message: bytes) -> bytes:
        return ed25519_sign(self._seed, message)
