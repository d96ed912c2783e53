"""References in what is sent: found on bytes, told apart, rewritten in one pass.

Source: FHIR R4 2.3.0 (references), 2.24.0.5.2 (resolving in bundles), 3.1.0.11.2 (transaction,
conditional references).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from carecode.exchange.refusals import UNRESOLVED, SentRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MARK: Final = b'"reference":"'
VALUE_MAX: Final = 1024
"""Characters of one reference."""

_LITERAL: Final = re.compile(r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?\Z")
_CONDITIONAL: Final = re.compile(r"([A-Z][A-Za-z]{1,63})\?identifier=([^|&]{1,512})\|([^|&]{1,512})\Z")
_QUERY: Final = re.compile(r"identifier=([^|&]{1,512})\|([^|&]{1,512})\Z")
_FOREIGN_PATIENT: Final = re.compile(r"https?://[^\s\"?#]+/Patient/[^/]+(?:/_history/[^/]+)?\Z")
_EXTERNAL: Final = re.compile(r"https?://[^\s\"]+\Z")


@dataclass(frozen=True, slots=True)
class Literal:
    """``Type/id``: something that this server should hold."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Conditional:
    """``Type?identifier=system|value``: exactly one resource must match."""

    type: str
    system: str
    value: str


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Points outside this server, or into the resource itself; stays as sent."""


Target = Literal | Conditional | Unchanged


def pieces(raw: bytes) -> list[bytes]:
    """Split a compact resource at its references: every piece but the first begins with one.

    >>> pieces(b'{"subject":{"reference":"Patient/1"}}')
    [b'{"subject":{', b'Patient/1"}}']
    """
    return raw.split(MARK)


def of(parts: Sequence[bytes]) -> Iterator[bytes]:
    """Give the references of a split resource, as written."""
    return (part[: part.find(b'"')] for part in parts[1:])


def rewritten(parts: Sequence[bytes], new: Mapping[bytes, bytes]) -> bytes:
    """Join a split resource again with every reference replaced; KeyError names one not in ``new``.

    >>> rewritten([b'{"subject":{', b'urn:uuid:1"}}'], {b"urn:uuid:1": b"Patient/7"})
    b'{"subject":{"reference":"Patient/7"}}'
    """
    joined = [parts[0]]
    for part in parts[1:]:
        end = part.find(b'"')
        joined.append(new[part[:end]] + part[end:])
    return MARK.join(joined)


def target(reference: bytes) -> Target:
    """Tell what a reference that is no entry of its bundle points to.

    >>> target(b"Organization?identifier=urn:x%7C7")
    Conditional(type='Organization', system='urn:x', value='7')

    SentRefusedError ``reference-unresolved`` for ``urn:uuid:`` and ``urn:oid:``, ``reference-foreign``
    for a Patient elsewhere (whose record would this be?), ``reference-unsupported`` for other queries,
    ``reference-malformed`` for anything else.
    """
    text = reference.decode()
    if text.startswith("#") and len(text) > 1:
        return Unchanged()
    if len(text) > VALUE_MAX:
        raise SentRefusedError("reference-malformed", "A reference is too long.", issue="value")
    if "?" in text and not _EXTERNAL.match(text):
        return _conditional(text)
    if match := _LITERAL.match(text):
        return Literal(match[1], match[2])
    if _FOREIGN_PATIENT.match(text):
        raise SentRefusedError(
            "reference-foreign", "A reference names a patient of another server.", issue="business-rule"
        )
    if _EXTERNAL.match(text) or text == "#":
        return Unchanged()
    if text.startswith(("urn:uuid:", "urn:oid:")):
        raise unresolved("A reference points to an entry that is not in the bundle.")
    raise SentRefusedError(
        "reference-malformed", "A reference is neither Type/id, a URL, urn:uuid: nor #id.", issue="value"
    )


def _conditional(text: str) -> Conditional:
    match = _CONDITIONAL.match(unquote(text))
    if match is None:
        raise SentRefusedError(
            "reference-unsupported",
            "A conditional reference must read Type?identifier=system|value.",
            issue="not-supported",
        )
    return Conditional(match[1], match[2], match[3])


def condition(type_name: str, query: str) -> Conditional:
    """Read ``ifNoneExist``.

    SentRefusedError ``condition-unsupported`` for other than one ``identifier=system|value``.
    """
    match = _QUERY.match(unquote(query.removeprefix("?")))
    if match is None:
        raise SentRefusedError(
            "condition-unsupported", "ifNoneExist must read identifier=system|value.", issue="not-supported"
        )
    return Conditional(type_name, match[1], match[2])


def unresolved(message: str) -> SentRefusedError:
    """Make the refusal for a reference to what is not there."""
    return SentRefusedError(UNRESOLVED, message, issue="not-found")


def path_to(decoded: Any, reference: str, path: str = "") -> str:  # noqa: ANN401 - any JSON
    """Find where a reference stands, for the explanation of a refusal; "" when nowhere.

    >>> path_to({"a": [{"reference": "x"}]}, "x")
    'a[0].reference'
    """
    if isinstance(decoded, dict):
        if decoded.get("reference") == reference:
            return f"{path}.reference" if path else "reference"
        steps = ((f"{path}.{key}" if path else key, value) for key, value in decoded.items())
    elif isinstance(decoded, list):
        steps = ((f"{path}[{index}]", value) for index, value in enumerate(decoded))
    else:
        return ""
    return next((found for place, value in steps if (found := path_to(value, reference, place))), "")


def contained_missing(raw: bytes, reference: bytes) -> bool:
    """Say whether ``#id`` points to nothing inside its own resource."""
    return len(reference) > 1 and b'"id":"' + reference[1:] + b'"' not in raw
