"""The form of a health code: CC1 text, packed and parsed.  Pure: no key, no clock, no database.

A code is 131 characters of the QR alphanumeric alphabet, version 6-M (41 x 41 modules)::

    "CC1" base45( algorithm << 4 | purpose   1 byte
                  slot                       4 bytes, big-endian: seconds since 1970 // 30
                  handle                    16 bytes, once used never again
                  signature )               64 bytes, by the phone

    signed: "CC1" | first byte | slot | handle | handle secret (32) | desk number (4 digits, or none)

The handle secret is known to phone and platform only.  Without it in the signed bytes, anybody
could recover a P-256 public key from one signature, and so tell that two codes are one phone's.

Everything in it is a number of the moment: no name, person, place, colour or status fits in.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from carecode.healthcode import base45
from carecode.kernel.errors import InvalidInputError, RefusedError
from carecode.kernel.vocabulary import CodePurpose

if TYPE_CHECKING:
    from datetime import datetime

PREFIX: Final = "CC1"
SLOT_SECONDS: Final = 30
HANDLE_BYTES: Final = 16
SECRET_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64
CODE_BYTES: Final = 1 + 4 + HANDLE_BYTES + SIGNATURE_BYTES
CODE_CHARACTERS: Final = len(PREFIX) + CODE_BYTES // 2 * 3 + CODE_BYTES % 2 * 2
TEXT_CHARACTERS_MAX: Final = 8192  # the largest QR code holds 7,089

ED25519: Final = 1
P256: Final = 2
DESK_BOUND: Final = frozenset({CodePurpose.PAY, CodePurpose.OPEN_RECORD})
"""Purposes for which she types the desk's number, so that a relayed code is worth nothing elsewhere."""

_PREFIX_BYTES: Final = PREFIX.encode()
_SLOT_END: Final = 5
_HANDLE_END: Final = _SLOT_END + HANDLE_BYTES
_PURPOSES: Final = {int(purpose): purpose for purpose in CodePurpose}
_ALGORITHMS: Final = frozenset({ED25519, P256})
_DESK_NUMBER: Final = re.compile(r"[0-9]{4}")
# What a Chinese input method makes of base45's punctuation beyond the full-width forms.
_INPUT_METHOD: Final = str.maketrans(
    {"\u3002": ".", "\u3001": "/", "\xa5": "$", "\xd7": "*", "\r": "", "\n": "", "\t": ""}
)

FOREIGN: Final = (
    ("shc:/", "a SMART Health Card"),
    ("shlink:/", "a link to shared health records"),
    ("hc1:", "a vaccination or test certificate"),
    ("openid4vp:", "a question from another wallet"),
    ("openid-credential-offer:", "an offer from another wallet"),
    ("mdoc:", "a mobile document"),
    ("cc2", "a CareCode for offline desks"),
    ("cc3", "a CareCode card"),
    ("http:", "a web address"),
    ("https:", "a web address"),
)
"""Codes of others, by how they begin (small letters), and what a desk clerk calls them."""


@dataclass(frozen=True, slots=True)
class Code:
    """A well-formed code; nothing about it is checked yet.  Made by ``parse``."""

    algorithm: int  # ED25519 or P256
    purpose: CodePurpose
    slot: int  # of SLOT_SECONDS since 1970
    handle: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    packed_head: bytes = field(repr=False)  # the bytes before the signature


def parse(text: str) -> Code:
    """Read what a scanner, a keyboard or a paste gave.

    Tolerated: small letters, white space around, line ends anywhere, full-width characters and
    other doings of a Chinese input method.  RefusedError ``code-foreign`` names codes of others;
    InvalidInputError ``code-malformed`` for everything else.  About 3 us.
    """
    if not (len(text) == CODE_CHARACTERS and text.startswith(PREFIX) and text.isascii()):
        text = _cleaned(text)
    try:
        packed = base45.decode(text[len(PREFIX) :])
    except InvalidInputError:
        raise malformed() from None
    algorithm, purpose = packed[0] >> 4, _PURPOSES.get(packed[0] & 0x0F)
    if purpose is None or algorithm not in _ALGORITHMS:
        raise malformed()
    return Code(
        algorithm,
        purpose,
        int.from_bytes(packed[1:_SLOT_END]),
        packed[_SLOT_END:_HANDLE_END],
        packed[_HANDLE_END:],
        packed[:_HANDLE_END],
    )


def head(algorithm: int, purpose: CodePurpose, slot: int, handle: bytes) -> bytes:
    """Return the packed bytes before the signature."""
    return bytes((algorithm << 4 | purpose,)) + slot.to_bytes(4) + handle


def signed(packed_head: bytes, secret: bytes, desk_number: str) -> bytes:
    """Return what the phone signs; ``desk_number`` is empty unless the purpose is DESK_BOUND."""
    return _PREFIX_BYTES + packed_head + secret + desk_number.encode()


def text_of(packed_head: bytes, signature: bytes) -> str:
    """Return the text that the phone draws."""
    return PREFIX + base45.encode(packed_head + signature)


def slot_at(now: datetime) -> int:
    """Return the slot of a moment (with its time zone).

    >>> from datetime import UTC, datetime
    >>> slot_at(datetime(1970, 1, 1, 0, 1, 15, tzinfo=UTC))
    2
    """
    return int(now.timestamp()) // SLOT_SECONDS


def desk_number_for(purpose: CodePurpose, desk_number: str | None) -> str:
    """Return the number mixed into the signature: the desk's for DESK_BOUND purposes, else nothing.

    RefusedError ``code-desk-number`` when the purpose needs one and this is not four digits.
    """
    if purpose not in DESK_BOUND:
        return ""
    if desk_number is None or not _DESK_NUMBER.fullmatch(desk_number):
        raise RefusedError("code-desk-number", "This needs the desk's number: four digits. Set it first.")
    return desk_number


def malformed() -> InvalidInputError:
    """Return the refusal of a text that is no code."""
    return InvalidInputError(
        "code-malformed",
        "This is not a whole CareCode. Scan it again. If other letters appear, switch the keyboard to English.",
    )


def _cleaned(text: str) -> str:
    """Undo what scanners, keyboards and input methods do; name the codes of others."""
    if len(text) > TEXT_CHARACTERS_MAX:
        raise malformed()
    # Space is a base45 character, but never the first or the last of a code.
    text = unicodedata.normalize("NFKC", text).translate(_INPUT_METHOD).strip()
    small = text.lower()
    for beginning, words in FOREIGN:
        if small.startswith(beginning) or f"#{beginning}" in small:  # a viewer's address carries shlink:/ after #
            raise RefusedError(
                "code-foreign", f"This is {words}, not a code that this desk can take. Ask her for her CareCode."
            )
    if small.isdecimal():
        raise RefusedError(
            "code-foreign", "This is a number, not a CareCode. To find a person by a document number, use the search."
        )
    if len(text) != CODE_CHARACTERS or not small.startswith(PREFIX.lower()) or not text.isascii():
        raise malformed()
    return text.upper()
