"""What stands in stored bodies where the outside sees a Patient's id.

Every requester knows a resident under another number of 32 characters.  Bodies are stored with one
placeholder of the same length, so that writing the requester's number in is one replacement and no
body changes its length.

Source: FHIR R4, 2.24.0.1 (id: 1 to 64 of A-Z a-z 0-9 - .); a UUID never looks like this.
"""

from __future__ import annotations

from typing import Final

from carecode.kernel.errors import InvalidInputError

PLACEHOLDER: Final = "00000000-carecode-her-id-0000000"
PSEUDONYM_LENGTH: Final = 32
PLACEHOLDER_BYTES: Final = PLACEHOLDER.encode()


def as_seen(body: bytes, pseudonym: str) -> bytes:
    """Write the requester's own number of the resident wherever the placeholder stands.

    >>> as_seen(b'{"id":"00000000-carecode-her-id-0000000"}', "0123456789abcdef" * 2)
    b'{"id":"0123456789abcdef0123456789abcdef"}'

    InvalidInputError when ``pseudonym`` has not 32 characters.
    """
    if len(pseudonym) != PSEUDONYM_LENGTH:
        raise InvalidInputError("pseudonym-length", f"A pseudonym has {PSEUDONYM_LENGTH} characters.")
    return body.replace(PLACEHOLDER_BYTES, pseudonym.encode())
