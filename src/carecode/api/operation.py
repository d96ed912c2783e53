"""The body of an operation: a Parameters resource, or the one resource it takes.  Pure.

Source: FHIR R4 3.2.0.1.2 (executing an operation), Parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carecode.api.faults import TooLargeError
from carecode.crypto import canonical
from carecode.exchange import wellformed
from carecode.exchange.refusals import SentRefusedError
from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

BYTES_MAX: Final = 1024 * 1024
"""Bytes of one question; a Patient with a photo is no question."""
PARAMETERS_MAX: Final = 32

_VALUE: Final = "value"


def resource_of(data: bytes, *, most: int = BYTES_MAX) -> dict[str, Any]:
    """Read one JSON object with a resourceType, at most ``most`` bytes.

    SentRefusedError or TooLargeError for anything else.
    """
    if len(data) > most:
        raise TooLargeError(most >> 20)
    body = wellformed.clean(data)
    decoded = canonical.decode(body)
    if not isinstance(decoded, dict) or not isinstance(decoded.get("resourceType"), str):
        raise SentRefusedError("resource-type", "Send one FHIR resource.", "resourceType", "structure")
    wellformed.check_once(body, decoded)
    return decoded


def parameters_in(resource: dict[str, Any], known: AbstractSet[str]) -> dict[str, list[Any]]:
    """Return the values of a Parameters resource by name, in the order given.

    A value is what stands under ``value[x]`` or ``resource``.  InvalidInputError ``unknown-parameter``,
    SentRefusedError ``parameters-malformed``.
    """
    rows = resource.get("parameter")
    if resource["resourceType"] != "Parameters" or not isinstance(rows, list) or len(rows) > PARAMETERS_MAX:
        raise _malformed()
    found: dict[str, list[Any]] = {}
    for row in rows:
        name = row.get("name") if isinstance(row, dict) else None
        if not isinstance(name, str):
            raise _malformed()
        if name not in known:
            raise InvalidInputError(
                "unknown-parameter", f"A parameter is not known here. Known are: {', '.join(sorted(known))}."
            )
        values = [value for key, value in row.items() if key.startswith(_VALUE) or key == "resource"]
        if len(values) != 1:
            raise _malformed()
        found.setdefault(name, []).append(values[0])
    return found


def _malformed() -> SentRefusedError:
    return SentRefusedError(
        "parameters-malformed", "Send a Parameters resource, each parameter with a name and one value.", "parameter"
    )
