"""Why something sent was not taken: a code, a sentence, and the place in what was sent.

Sources: FHIR R4 OperationOutcome (issue.code, issue.expression) and its required value set IssueType.
"""

from __future__ import annotations

from typing import Final

import msgspec

from carecode.kernel.errors import CareCodeError, InvalidInputError

UNRESOLVED: Final = "reference-unresolved"
"""The one refusal that may heal by itself: what it points to may arrive with another file."""

ISSUE_OF_KIND: Final = {
    "invalid": "invalid",
    "refused": "forbidden",
    "not-found": "not-found",
    "conflict": "conflict",
    "unavailable": "transient",
    "corrupt": "exception",
}


class SentRefusedError(InvalidInputError):
    """A bundle or resource cannot be taken; nothing of it was stored."""

    def __init__(self, code: str, message: str, expression: str = "", issue: str = "invalid") -> None:
        """Keep the place as a FHIRPath (``Bundle.entry[3].resource``) and FHIR's issue type.

        Neither ever holds a value that was sent.
        """
        super().__init__(code, message)
        self.expression = expression
        self.issue = issue

    def within(self, prefix: str) -> SentRefusedError:
        """Return the same refusal, its place seen from further out."""
        place = f"{prefix}.{self.expression}" if self.expression else prefix
        return SentRefusedError(self.code, self.message, place, self.issue)


class _Issue(msgspec.Struct, omit_defaults=True):
    severity: str
    code: str
    details: dict[str, object]
    diagnostics: str
    expression: list[str] = []


def outcome_of(error: CareCodeError) -> bytes:
    """Write an OperationOutcome for an error: the same error gives the same bytes.

    Source: FHIR R4 OperationOutcome; ``details.coding`` carries the stable code.
    """
    issue = ISSUE_OF_KIND.get(error.kind, "exception")
    expression: list[str] = []
    if isinstance(error, SentRefusedError):
        issue = error.issue
        expression = [error.expression] if error.expression else []
    return outcome(issue, error.code, error.message, expression)


def outcome(issue: str, code: str, message: str, expression: list[str]) -> bytes:
    """Write an OperationOutcome with one error."""
    row = _Issue("error", issue, {"coding": [{"code": code}]}, message, expression)
    return msgspec.json.encode({"resourceType": "OperationOutcome", "issue": [row]})
