"""Sharing a secret among n people so that any k of them can put it together again, and k - 1 know nothing.

Each byte of the secret is the value at zero of its own random polynomial of degree k - 1 over GF(256);
a person's share is its value at her number.  Source: A. Shamir, How to share a secret, CACM 22 (1979);
the field is that of AES (FIPS 197 clause 4.2).

A share is printed as ``care1-K-NUMBER-SET-`` and groups of four letters (RFC 4648 base 32), the last
characters a checksum, so that a misread letter is told at once.  The set's four letters tell shares
of different sharings apart.  Table look-ups leak time: split and join where nobody measures.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from carecode.kernel.errors import InvalidInputError

SHARES_MAX: Final = 255
SECRET_BYTES_MAX: Final = 4096
_CHECK_BYTES: Final = 4
_SET_BYTES: Final = 2
_PROOF_BYTES: Final = 8  # of the secret, shared with it: wrong shares do not join to something plausible
_POLYNOMIAL: Final = 0x11B
_TEXT: Final = re.compile(r"care1-(\d{1,3})-(\d{1,3})-([0-9a-f]{4})-([a-z2-7-]+)")


def _tables() -> tuple[bytes, bytes]:
    """Return powers and logarithms of the field's generator."""
    powers, logs = bytearray(510), bytearray(256)
    value = 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logs[value] = exponent
        value ^= value << 1  # times 3
        if value > 255:  # noqa: PLR2004 - a byte
            value ^= _POLYNOMIAL
    return bytes(powers), bytes(logs)


_POWERS, _LOGS = _tables()


@dataclass(frozen=True, slots=True)
class Share:
    """One person's part of a secret."""

    threshold: int
    number: int  # 1 to 255
    set: bytes  # which sharing it belongs to, 2 bytes
    values: bytes = field(repr=False)

    def text(self) -> str:
        """Write it in one line to print, with its checksum."""
        letters = base64.b32encode(self.values + self._checksum()).decode().rstrip("=").lower()
        groups = "-".join(letters[place : place + 4] for place in range(0, len(letters), 4))
        return f"care1-{self.threshold}-{self.number}-{self.set.hex()}-{groups}"

    @classmethod
    def parse(cls, text: str) -> Share:
        """Read a printed share; spaces and capitals do not matter.  InvalidInputError when a letter is wrong."""
        found = _TEXT.fullmatch("".join(text.split()).lower())
        if found is None:
            raise _misread()
        letters = found[4].replace("-", "").upper()
        try:
            data = base64.b32decode(letters + "=" * (-len(letters) % 8))
        except binascii.Error:
            raise _misread() from None
        share = cls(int(found[1]), int(found[2]), bytes.fromhex(found[3]), data[:-_CHECK_BYTES])
        if not share.values or share._checksum() != data[-_CHECK_BYTES:] or not 0 < share.number <= SHARES_MAX:
            raise _misread()
        return share

    def _checksum(self) -> bytes:
        header = bytes((self.threshold & 255, self.number & 255)) + self.set
        return sha256(b"carecode share" + header + self.values).digest()[:_CHECK_BYTES]


def split(secret: bytes, shares: int, threshold: int, random_bytes: Callable[[int], bytes]) -> list[Share]:
    """Share a secret among ``shares`` people, any ``threshold`` of whom can put it together.

    >>> made = split(b"tea", 3, 2, lambda n: bytes(range(n)))
    >>> join(made[1:]), join([made[2], made[0]])
    (b'tea', b'tea')

    InvalidInputError unless 2 <= threshold <= shares <= 255.
    """
    if not 2 <= threshold <= shares <= SHARES_MAX:  # noqa: PLR2004 - one alone would be a copy
        raise InvalidInputError("escrow-numbers", "Give a threshold of at least 2 and at most as many as the shares.")
    if not 0 < len(secret) <= SECRET_BYTES_MAX:
        raise InvalidInputError("escrow-secret", "This secret is empty or too long to be shared.")
    proven = secret + sha256(b"carecode secret" + secret).digest()[:_PROOF_BYTES]
    rows = [proven, *(random_bytes(len(proven)) for _ in range(threshold - 1))]
    name = random_bytes(_SET_BYTES)
    return [Share(threshold, number, name, _at(rows, number)) for number in range(1, shares + 1)]


def join(shares: Sequence[Share]) -> bytes:
    """Put a secret together from at least ``threshold`` different shares of one sharing.

    InvalidInputError for too few, for shares of different sharings, and when what they join to is
    not what was shared.
    """
    by_number = {share.number: share for share in shares}
    if len({(share.threshold, share.set, len(share.values)) for share in shares}) != 1:
        raise InvalidInputError("escrow-mixed", "These shares do not belong together.")
    threshold = shares[0].threshold
    if len(by_number) < threshold:
        raise InvalidInputError("escrow-few", f"Give {threshold} different shares; these are {len(by_number)}.")
    used = list(by_number.values())[:threshold]
    proven = bytearray(len(used[0].values))
    for share in used:
        weight = 1
        for other in used:
            if other is not share:
                weight = _times(weight, _divided(other.number, other.number ^ share.number))
        for place, value in enumerate(share.values):
            proven[place] ^= _times(value, weight)
    secret, proof = bytes(proven[:-_PROOF_BYTES]), bytes(proven[-_PROOF_BYTES:])
    if sha256(b"carecode secret" + secret).digest()[:_PROOF_BYTES] != proof:
        raise InvalidInputError("escrow-mixed", "These shares do not belong together.")
    return secret


def _at(rows: Sequence[bytes], number: int) -> bytes:
    """Return the value of each byte's polynomial at a number (Horner's rule)."""
    values = bytearray(rows[-1])
    for row in reversed(rows[:-1]):
        for place, coefficient in enumerate(row):
            values[place] = _times(values[place], number) ^ coefficient
    return bytes(values)


def _times(first: int, second: int) -> int:
    return _POWERS[_LOGS[first] + _LOGS[second]] if first and second else 0


def _divided(first: int, second: int) -> int:
    return _POWERS[_LOGS[first] + 255 - _LOGS[second]] if first else 0


def _misread() -> InvalidInputError:
    return InvalidInputError("share-misread", "This is not a share as it was printed. Compare each letter.")
