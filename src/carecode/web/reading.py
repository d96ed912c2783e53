"""Reads the few FHIR R4 elements that pages show; what is missing or odd gives nothing, never an error.

Pure: decoded JSON in, words, numbers and dates out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

TEXT_LENGTH_MAX: Final = 300  # characters of one name or sentence from a record
_SNOMED_TAG: Final = re.compile(r"\s\((?:disorder|finding|situation|procedure|morphologic abnormality)\)$")
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)  # keeps 1.50 as it was written

Json = Mapping[str, Any]


def decode(body: bytes) -> Json:
    """Decode one stored resource; written decimals keep their digits."""
    decoded = _DECODER.decode(body)
    return decoded if isinstance(decoded, dict) else {}


def part(value: object, *path: str | int) -> Any:  # noqa: ANN401  # JSON has no narrower type
    """Follow names and positions into decoded JSON; None as soon as one is missing.

    >>> part({"name": [{"text": "A"}]}, "name", 0, "text")
    'A'
    """
    for step in path:
        if isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, Sequence) and len(value) > step:
            value = value[step]
        else:
            return None
    return value


def items(value: object, *path: str | int) -> Sequence[Any]:
    """Give the list at ``path``; empty when there is none."""
    found = part(value, *path)
    return found if isinstance(found, list) else ()


def words(value: object) -> str:
    """Give a text, cut to what a line can hold."""
    return value.strip()[:TEXT_LENGTH_MAX] if isinstance(value, str) else ""


def concept(value: object) -> str:
    """Name a CodeableConcept: its text, else a display, else a code; without SNOMED's type in brackets.

    >>> concept({"coding": [{"display": "Diabetes mellitus type 2 (disorder)"}]})
    'Diabetes mellitus type 2'
    """
    text = words(part(value, "text"))
    codings = items(value, "coding")
    for key in ("display", "code"):
        for coding in codings:
            text = text or words(part(coding, key))
    return _SNOMED_TAG.sub("", text)


def codes(value: object) -> frozenset[str]:
    """Give all codes of a CodeableConcept."""
    return frozenset(words(part(coding, "code")) for coding in items(value, "coding"))


def moment(value: object) -> datetime | None:
    """Read a FHIR date or dateTime of any precision; a partial one is its beginning, in UTC."""
    text = words(value)
    try:
        if len(text) < len("2026-01-01"):
            year, _, month = text.partition("-")
            return datetime(int(year), int(month or 1), 1, tzinfo=UTC)
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def first_moment(resource: Json, *names: str) -> datetime | None:
    """Give the first of several elements that holds a date; ``a.b`` goes one level deeper."""
    for name in names:
        found = moment(part(resource, *name.split(".")))
        if found:
            return found
    return None


def day(value: datetime | None) -> date | None:
    """Give the calendar day as the record wrote it."""
    return None if value is None else value.date()


def number(value: object) -> Decimal | None:
    """Give a number of a Quantity's value; NaN, text and what no float can hold give nothing."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    made = Decimal(value)
    return made if math.isfinite(float(made)) else None


def reference_id(value: object) -> str:
    """Give the id at the end of a Reference: ``Encounter/7`` and ``urn:uuid:7`` both give ``7``."""
    return re.split(r"[/:]", words(part(value, "reference")))[-1]
