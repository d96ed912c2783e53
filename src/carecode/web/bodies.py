"""What scripts of our own pages send: one JSON object of a bounded size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from carecode.web.page import Page

BODY_BYTES_MAX: Final = 24_000  # a credential of a passkey with its attestation
TEXT_CHARACTERS_MAX: Final = 400


async def json_object(page: Page) -> dict[str, Any]:
    """Read a small JSON object; InvalidInputError ``request-form`` for anything else."""
    body = b""
    async for piece in page.request.stream():
        body += piece
        if len(body) > BODY_BYTES_MAX:
            raise malformed()
    try:
        sent = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise malformed() from error
    if not isinstance(sent, dict):
        raise malformed()
    return sent


def text_of(sent: dict[str, Any], name: str) -> str:
    """Give a short text of an object; empty when it is missing, InvalidInputError when it is none."""
    value = sent.get(name, "")
    if not isinstance(value, str) or len(value) > TEXT_CHARACTERS_MAX:
        raise malformed()
    return value


def object_of(sent: dict[str, Any], name: str) -> dict[str, Any]:
    """Give an object inside an object; InvalidInputError when it is none."""
    value = sent.get(name)
    if not isinstance(value, dict):
        raise malformed()
    return value


def malformed() -> InvalidInputError:
    """Say that the page sent something that cannot be used."""
    return InvalidInputError("request-form", "The page sent something that cannot be used. Open it again.")
