"""Why something was done, left out for a reader to whom her problems are closed.  Pure.

A visit's diagnosis, a prescription's reason, a claim's diagnosis each say what the problem list says.
"""

from __future__ import annotations

from typing import Final

import msgspec

REASONS: Final = (
    "reasonCode", "reasonReference", "diagnosis", "reason", "addresses", "indication", "problem", "supportingInfo",
    "supportingInformation", "conclusion", "conclusionCode",
)  # fmt: skip
"""FHIR R4 elements that name a problem, on any type but the problem itself."""
_WANTED: Final = tuple(f'"{name}":'.encode() for name in REASONS)


def without_reasons(body: bytes) -> bytes:
    """Return a stored body without its REASONS at the first level; the same bytes where it has none.

    >>> without_reasons(b'{"resourceType":"Encounter","reasonCode":[{"text":"x"}],"status":"finished"}')
    b'{"resourceType":"Encounter","status":"finished"}'
    """
    if not any(wanted in body for wanted in _WANTED):
        return body
    pieces = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({name: piece for name, piece in pieces.items() if name not in REASONS})
