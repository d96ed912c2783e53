"""Refusals that HTTP knows and the rest of the house does not, and the status of every error.

Sources: RFC 9110 15.5 (client errors), RFC 6750 3 (WWW-Authenticate), FHIR R4 3.1.0.4 (status codes).
"""

from __future__ import annotations

from typing import Final

from carecode.exchange.refusals import SentRefusedError, outcome, outcome_of
from carecode.kernel.errors import CareCodeError, ConflictError, InvalidInputError, NotFoundError, RefusedError

_ISSUE_STATUS: Final = {
    "too-long": 413,
    "multiple-matches": 412,
    "business-rule": 422,
}


class NotAcceptableError(InvalidInputError):
    """The caller takes no FHIR JSON."""

    http_status = 406

    def __init__(self) -> None:
        super().__init__("not-acceptable", "CareCode answers in application/fhir+json only.")


class MediaTypeError(InvalidInputError):
    """The body is of another type than FHIR JSON."""

    http_status = 415

    def __init__(self) -> None:
        super().__init__("media-type", "Send application/fhir+json or application/json, without content encoding.")


class TooLargeError(InvalidInputError):
    """The body is longer than one request may be."""

    http_status = 413

    def __init__(self, megabytes: int) -> None:
        super().__init__("too-large", f"One request has at most {megabytes} MB.")


class TokenError(RefusedError):
    """No token, or none that is in force."""

    http_status = 401

    def __init__(self, challenge: str) -> None:
        super().__init__("token-missing", "Send a bearer token that is in force.")
        self.challenge = challenge


class MethodError(InvalidInputError):
    """This address knows other methods."""

    http_status = 405

    def __init__(self, allowed: str) -> None:
        super().__init__("method-not-allowed", f"This address takes {allowed}.")
        self.allowed = allowed


def no_such_resource() -> NotFoundError:
    """Make the one answer for what does not exist and for what may not be seen."""
    return NotFoundError("no-such-resource", "There is no such resource.")


def status_of(error: CareCodeError, *, if_match: bool) -> int:
    """Return the HTTP status of an error; a failed If-Match is 412, any other conflict 409."""
    if isinstance(error, SentRefusedError):
        return _ISSUE_STATUS.get(error.issue, error.http_status)
    if isinstance(error, ConflictError) and if_match:
        return 412
    return error.http_status


def headers_of(error: CareCodeError) -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that belong to an error."""
    if isinstance(error, TokenError):
        return ((b"www-authenticate", error.challenge.encode()),)
    if isinstance(error, MethodError):
        return ((b"allow", error.allowed.encode()),)
    if error.kind == "unavailable":
        return ((b"retry-after", b"2"),)
    return ()


_ISSUES: Final = {
    401: "login",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    413: "too-long",
    415: "not-supported",
}


def body_of(error: CareCodeError, status: int) -> bytes:
    """Write the OperationOutcome of an error."""
    issue = _ISSUES.get(status)
    if issue is None or isinstance(error, SentRefusedError):
        return outcome_of(error)
    return outcome(issue, error.code, error.message, [])


UNEXPECTED: Final = outcome(
    "exception", "unexpected", "Something went wrong here; nothing was changed by this answer.", []
)
