"""Handles: one-time names of a phone that look random and need no table.

A handle is one AES-256 block of (phone number, serial number, 32 zero bits).  Only the platform
can open it; rubbish opens to zero bits once in 2**32 and so dies before any signature is checked.
Its secret is a keyed BLAKE2b (RFC 7693): a pseudorandom function in a third of the time of HMAC.
"""

from __future__ import annotations

import hashlib
from typing import Final

from carecode.crypto.block import BLOCK_BYTES, Block
from carecode.healthcode.format import SECRET_BYTES
from carecode.kernel.errors import InvalidInputError

DEVICE_NUMBER_MAX: Final = 2**48 - 1
SERIAL_MAX: Final = 2**48 - 1

_NUMBER_BYTES: Final = 6
_SERIAL_END: Final = 2 * _NUMBER_BYTES
_ZEROS: Final = bytes(BLOCK_BYTES - _SERIAL_END)


class Handles:
    """Issues handles and opens them again.

    >>> handles = Handles(bytes(32), b"s" * 32)
    >>> handle, secret = handles.issue(7, 41)
    >>> len(handle), len(secret), handles.open(handle), handles.open(bytes(16))
    (16, 32, (7, 41), None)
    """

    __slots__ = ("_block", "_secret_key")

    def __init__(self, prp_key: bytes, secret_key: bytes) -> None:
        """Hold the two keys, 32 bytes each."""
        self._block = Block(prp_key)
        self._secret_key = secret_key

    def issue(self, device_number: int, serial: int) -> tuple[bytes, bytes]:
        """Return the handle (16 bytes) of a phone's serial number, and its secret (32 bytes).

        InvalidInputError for numbers outside 48 bits.
        """
        if not (0 <= device_number <= DEVICE_NUMBER_MAX and 0 <= serial <= SERIAL_MAX):
            raise InvalidInputError("handle-number", "Phone and serial numbers have at most 48 bits.")
        numbers = device_number.to_bytes(_NUMBER_BYTES) + serial.to_bytes(_NUMBER_BYTES)
        handle = self._block.encrypt(numbers + _ZEROS)
        return handle, self.secret(handle)

    def open(self, handle: bytes) -> tuple[int, int] | None:
        """Return (phone number, serial number), or None when we never issued this."""
        plain = self._block.decrypt(handle)
        if plain[_SERIAL_END:] != _ZEROS:
            return None
        return int.from_bytes(plain[:_NUMBER_BYTES]), int.from_bytes(plain[_NUMBER_BYTES:_SERIAL_END])

    def secret(self, handle: bytes) -> bytes:
        """Return the secret that only the phone with this handle and the platform know."""
        return hashlib.blake2b(handle, digest_size=SECRET_BYTES, key=self._secret_key).digest()
