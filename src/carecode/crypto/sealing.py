"""Sealing: AES-256-GCM for bytes at rest, and the wrapping of one key under another.

A sealed value is ``nonce (12) | ciphertext | tag (16)``.  The caller gives the nonce (randomness is
a parameter) and must never give the same one twice with the same key.  The associated data binds
the value to its place: sealed bytes moved to another row do not open.

Source: NIST SP 800-38D (GCM, 96-bit nonces: at most 2**32 random ones per key).
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from carecode.kernel.errors import CorruptError, InvalidInputError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
OVERHEAD_BYTES: Final = NONCE_BYTES + TAG_BYTES
CACHED_KEYS: Final = 4096  # about 1 kB each


def seal(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """Encrypt and authenticate: ``nonce | ciphertext | tag``, 28 bytes longer than the plaintext.

    >>> sealed = seal(bytes(32), bytes(12), b"tea", b"row 1")
    >>> len(sealed), unseal(bytes(32), sealed, b"row 1")
    (31, b'tea')

    InvalidInputError for a key that is not 32 bytes or a nonce that is not 12.
    """
    return _seal(_cipher(key), nonce, plaintext, aad)


def unseal(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """Decrypt what ``seal`` made; CorruptError when a byte, the key or the place differs."""
    return _unseal(_cipher(key), sealed, aad)


def wrap(kek: bytes, dek: bytes, aad: bytes, nonce: bytes) -> bytes:
    """Seal a data key (32 bytes) under a key-encryption key: 60 bytes to keep beside the data."""
    if len(dek) != KEY_BYTES:
        raise InvalidInputError("key-length", f"A key has {KEY_BYTES} bytes.")
    return seal(kek, nonce, dek, b"wrapped key|" + aad)


def unwrap(kek: bytes, wrapped: bytes, aad: bytes) -> bytes:
    """Open what ``wrap`` made; CorruptError when a byte, the key or the place differs."""
    return unseal(kek, wrapped, b"wrapped key|" + aad)


class Sealer:
    """Seals and unseals under many keys, keeping the prepared ciphers of the last ones used.

    Preparing AES-GCM costs three times a small seal, so a reader of many rows keeps one Sealer.
    """

    __slots__ = ("_ciphers", "_limit")

    def __init__(self, limit: int = CACHED_KEYS) -> None:
        """Keep at most ``limit`` ciphers, the longest unused going first."""
        self._limit = limit
        self._ciphers: dict[bytes, AESGCM] = {}

    def __repr__(self) -> str:
        """Hide the keys."""
        return "Sealer(...)"

    def seal(self, key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """Do what the function ``seal`` does, faster for a key seen before."""
        return _seal(self._kept(key), nonce, plaintext, aad)

    def unseal(self, key: bytes, sealed: bytes, aad: bytes) -> bytes:
        """Do what the function ``unseal`` does, faster for a key seen before."""
        return _unseal(self._kept(key), sealed, aad)

    def forget(self, key: bytes) -> None:
        """Drop a key at once: erasing a record must not wait until the cache turns over."""
        self._ciphers.pop(key, None)

    def _kept(self, key: bytes) -> AESGCM:
        cipher = self._ciphers.pop(key, None) or _cipher(key)
        if len(self._ciphers) >= self._limit:
            del self._ciphers[next(iter(self._ciphers))]
        self._ciphers[key] = cipher  # a dict keeps insertion order: re-inserted is youngest
        return cipher


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:
        raise InvalidInputError("key-length", f"A key has {KEY_BYTES} bytes.")
    return AESGCM(key)


def _seal(cipher: AESGCM, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    if len(nonce) != NONCE_BYTES:
        raise InvalidInputError("nonce-length", f"A nonce has {NONCE_BYTES} bytes.")
    return nonce + cipher.encrypt(nonce, plaintext, aad)


def _unseal(cipher: AESGCM, sealed: bytes, aad: bytes) -> bytes:
    if len(sealed) < OVERHEAD_BYTES:
        raise CorruptError("seal-broken", "Stored data does not verify. Call the operator.")
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
    except InvalidTag:
        raise CorruptError("seal-broken", "Stored data does not verify. Call the operator.") from None
