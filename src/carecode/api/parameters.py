"""Search parameters: which there are, and what their values say.  Pure.

Source: FHIR R4 3.1.1 (search).  An unknown parameter is refused: an answer to another question than
was asked would show more than was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import InvalidInputError
from carecode.record.catalogue import TYPES

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

COUNT_DEFAULT: Final = 50
COUNT_MAX: Final = 1_000
OFFSET_MAX: Final = 1_000_000
VALUES_MAX: Final = 50
"""Alternatives of one parameter."""

CONTROLS: Final = frozenset({"_count", "_offset", "_format", "_pretty"})
_SORTED: Final = CONTROLS | {"_sort", "_total", "_id"}
_SORTS: Final = ("date", "-date", "_id", "-_id")
_NUMBER_DIGITS_MAX: Final = 9
_PATIENT: Final = re.compile(r"(?:(?:https?://[^?#]+/)?Patient/)?([A-Za-z0-9\-.]{1,64})\Z")
_COMMA: Final = re.compile(r"(?<!\\),")
_ESCAPED: Final = re.compile(r"\\([,$|\\])")


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the answer: at most ``count`` from ``offset`` on."""

    count: int
    offset: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as asked."""

    page: Page
    sort: str  # one of date, -date, _id, -_id
    patients: tuple[str, ...] = field(repr=False)  # the requester's numbers
    ids: tuple[str, ...] = field(repr=False)
    identifiers: tuple[str, ...] = field(repr=False)  # of Patient: system|value
    criteria: tuple[tuple[str, tuple[str, ...]], ...] = field(repr=False)


def known(type_name: str) -> frozenset[str]:
    """Return the parameters by which a type can be searched.

    >>> "code" in known("Observation"), "code" in known("Patient")
    (True, False)
    """
    row = TYPES[type_name]
    if type_name == "Patient":
        return _SORTED | {"identifier"}
    if row.directory:
        return _SORTED | set(row.parameters)
    return _SORTED | {"patient", "subject"} | set(row.parameters)


def asked(type_name: str, parameters: Sequence[tuple[str, str]], *, lenient: bool = False) -> Asked:
    """Read a search.

    ``lenient`` (Prefer: handling=lenient) passes over unknown parameters, for directory types only.
    InvalidInputError ``unknown-parameter`` and others that say which there are.
    """
    names = known(type_name)
    if not (lenient and TYPES[type_name].directory):
        refuse_unknown(parameters, names)
    patients: list[str] = []
    ids: list[str] = []
    identifiers: list[str] = []
    criteria: list[tuple[str, tuple[str, ...]]] = []
    for name, text in parameters:
        if name not in names or (name in _SORTED and name != "_id"):
            continue
        values = values_of(text)
        if name == "_id":
            ids += values
        elif name in {"patient", "subject"} and name not in TYPES[type_name].parameters:
            patients += [_patient(value) for value in values]
        elif type_name == "Patient":
            identifiers += values
        else:
            criteria.append((name, values))
    page = page_of(parameters, default=COUNT_DEFAULT, most=COUNT_MAX)
    return Asked(page, _sort(parameters), tuple(patients), tuple(ids), tuple(identifiers), tuple(criteria))


def refuse_unknown(parameters: Iterable[tuple[str, str]], names: AbstractSet[str]) -> None:
    """Refuse a parameter that is not among ``names``, and say which are."""
    if any(name not in names for name, _ in parameters):
        raise InvalidInputError(
            "unknown-parameter", f"A parameter is not known here. Known are: {', '.join(sorted(names))}."
        )


def page_of(parameters: Iterable[tuple[str, str]], *, default: int, most: int) -> Page:
    """Read _count and _offset; of repeated ones the last counts, a larger _count is cut to ``most``."""
    count, offset = default, 0
    for name, text in parameters:
        if name == "_count":
            count = min(_number(text), most)
        elif name == "_offset":
            offset = _number(text)
    if offset > OFFSET_MAX:
        raise InvalidInputError("offset", f"_offset is at most {OFFSET_MAX}.")
    return Page(count, offset)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _NUMBER_DIGITS_MAX):
        raise InvalidInputError("number", "_count and _offset are whole numbers.")
    return int(text)


def _sort(parameters: Iterable[tuple[str, str]]) -> str:
    sort = "-date"
    for name, text in parameters:
        if name == "_sort":
            if text not in _SORTS:
                raise InvalidInputError("sort", f"_sort is one of {', '.join(_SORTS)}.")
            sort = text
    return sort


def values_of(text: str) -> tuple[str, ...]:
    r"""Split alternatives at commas that are not escaped.

    >>> values_of(r"http://loinc.org|8480-6,a\,b")
    ('http://loinc.org|8480-6', 'a,b')
    """
    values = tuple(_ESCAPED.sub(r"\1", value) for value in _COMMA.split(text))
    if not all(values):
        raise InvalidInputError("empty-parameter", "A parameter has no value.")
    if len(values) > VALUES_MAX:
        raise InvalidInputError("too-many-values", f"One parameter has at most {VALUES_MAX} alternatives.")
    return values


def _patient(text: str) -> str:
    match = _PATIENT.match(text)
    if match is None:
        raise InvalidInputError("patient", "patient is your number for her, or Patient/ and that number.")
    return match[1]
