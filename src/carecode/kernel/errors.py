"""Errors by what the caller should do, each with a stable code shown only at the edge.

A message says what to do in plain words and never repeats an identifier or a clinical value.
"""

from __future__ import annotations

from typing import ClassVar


class CareCodeError(Exception):
    """Something went wrong that the caller can act on."""

    kind: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, code: str, message: str) -> None:
        """Keep a stable ``code`` (kebab-case) and a sentence for a person."""
        super().__init__(message)
        self.code = code
        self.message = message


class InvalidInputError(CareCodeError):
    """What was given cannot be used; give it again, corrected."""

    kind = "invalid"
    http_status = 400
    exit_code = 2


class RefusedError(CareCodeError):
    """This requester may not do this; another, or another way, may."""

    kind = "refused"
    http_status = 403


class NotFoundError(CareCodeError):
    """There is nothing here that this requester may see."""

    kind = "not-found"
    http_status = 404


class ConflictError(CareCodeError):
    """The state has changed or already holds this; look again."""

    kind = "conflict"
    http_status = 409


class UnavailableError(CareCodeError):
    """A part does not answer now; nothing was changed; try again."""

    kind = "unavailable"
    http_status = 503


class CorruptError(CareCodeError):
    """Stored data does not verify; stop and call the operator."""

    kind = "corrupt"
    http_status = 500
