r"""Base45: bytes as characters that a QR code packs into 5.5 bits each.

Source: RFC 9285.  Two bytes become three characters, a last single byte two.

>>> encode(b"AB"), decode("BB8")
('BB8', b'AB')
"""

from __future__ import annotations

from typing import Final

from carecode.kernel.errors import InvalidInputError

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

_BASE: Final = len(ALPHABET)
_NO_DIGIT: Final = 0xFF
_VALUES: Final = bytes(
    ALPHABET.index(chr(byte)) if chr(byte) in ALPHABET else _NO_DIGIT for byte in range(256)
)
_LANE: Final = 4  # bytes


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
    a group above its range.  About 3 us for 128 characters: all groups are weighed at once, as
    numbers of 32-bit lanes.
    """
    if not text.isascii():
        raise _malformed()
    digits = text.encode().translate(_VALUES)
    groups, rest = divmod(len(digits), 3)
    if _NO_DIGIT in digits or rest == 1:
        raise _malformed()
    end = groups * 3
    lanes = bytearray(groups * _LANE)
    total = 0
    for place, weight in ((0, 1), (1, _BASE), (2, _BASE * _BASE)):
        lanes[_LANE - 1 :: _LANE] = digits[place:end:3]
        total += int.from_bytes(lanes) * weight
    # A group is at most 44 * (1 + 45 + 2025) < 2**17: it never leaves its lane, and byte 1 tells
    # whether it left 16 bits.
    weighed = total.to_bytes(groups * _LANE)
    if any(weighed[1::_LANE]):
        raise _malformed()
    decoded = bytearray(groups * 2)
    decoded[0::2] = weighed[2::_LANE]
    decoded[1::2] = weighed[3::_LANE]
    if rest:
        last = digits[end] + digits[end + 1] * _BASE
        if last > 0xFF:  # noqa: PLR2004 - the largest byte
            raise _malformed()
        decoded.append(last)
    return bytes(decoded)


def _malformed() -> InvalidInputError:
    return InvalidInputError("base45-malformed", "This text is not base45.")
