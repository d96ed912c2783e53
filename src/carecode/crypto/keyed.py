"""Keyed hashes: look-ups that a stolen copy of the database cannot turn back.

Sources: RFC 2104 (HMAC) with SHA-256; RFC 7693 (BLAKE2b, keyed, 8 bytes).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

HASH_BYTES: Final = 32
TOKEN_BYTES: Final = 8


def keyed_hash(key: bytes, *parts: bytes) -> bytes:
    """Hash ``parts`` under ``key``: 32 bytes.

    Each part is preceded by its length, so that no two lists of parts give the same bytes.

    >>> keyed_hash(b"k", b"ab", b"c") == keyed_hash(b"k", b"a", b"bc")
    False
    """
    message = b"".join(len(part).to_bytes(4) + part for part in parts)
    return hmac.digest(key, message, "sha256")


def keyed_token(key: bytes, text: bytes) -> int:
    """Hash ``text`` under ``key`` to a signed 64-bit number, as PostgreSQL's bigint holds it.

    Two of 2**32 different texts collide with probability one half: recheck what it finds.
    """
    return int.from_bytes(hashlib.blake2b(text, digest_size=TOKEN_BYTES, key=key).digest(), signed=True)
