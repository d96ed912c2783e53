"""What a row of the catalogue says about one FHIR resource type.

Values only; the rows stand in ``catalogue.py``, their use in ``extraction.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from carecode.kernel.vocabulary import Category

Decoded = Mapping[str, Any]
"""One decoded resource; its shape was checked by whoever took it in."""
CategoryRule = Callable[[Decoded], Category]
"""Reads a resource's category where the type alone does not say it."""


class Kind(StrEnum):
    """How the element at the end of a path holds what is searched for."""

    CONCEPT = "concept"  # CodeableConcept: every coding
    CODING = "coding"  # Coding
    CODE = "code"  # code or boolean: its system is the element's binding
    IDENTIFIER = "identifier"  # Identifier: system and value
    REFERENCE = "reference"  # Reference: type and id


@dataclass(frozen=True, slots=True)
class TokenRule:
    """One search parameter: its name, where its values stand, and how they look."""

    parameter: str  # as FHIR R4 names it
    path: tuple[str, ...]
    kind: Kind


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One row of the catalogue."""

    name: str
    number: int  # int2 in the database: given once, never given again
    category: Category | CategoryRule
    subjects: tuple[tuple[str, ...], ...] = ()  # paths to the references that say whose it is
    tokens: tuple[TokenRule, ...] = ()
    dates: tuple[tuple[str, ...], ...] = ()  # the first one present sorts the record
    directory: bool = False  # belongs to no resident: readable by every signed-in requester
    parameters: Mapping[str, tuple[TokenRule, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Group the rules by parameter, once."""
        grouped: dict[str, tuple[TokenRule, ...]] = {}
        for rule in self.tokens:
            grouped[rule.parameter] = (*grouped.get(rule.parameter, ()), rule)
        object.__setattr__(self, "parameters", grouped)

    def category_of(self, resource: Decoded) -> Category:
        """Return the category under which this resource is disclosed."""
        return self.category if isinstance(self.category, Category) else self.category(resource)


def concept(parameter: str, path: str = "") -> TokenRule:
    """Search a CodeableConcept; ``path`` is dotted, the parameter's name when left out."""
    return TokenRule(parameter, _steps(path or parameter), Kind.CONCEPT)


def coding(parameter: str, path: str = "") -> TokenRule:
    """Search a Coding."""
    return TokenRule(parameter, _steps(path or parameter), Kind.CODING)


def code(parameter: str, path: str = "") -> TokenRule:
    """Search a code or a boolean."""
    return TokenRule(parameter, _steps(path or parameter), Kind.CODE)


def identifier(parameter: str = "identifier", path: str = "") -> TokenRule:
    """Search an Identifier."""
    return TokenRule(parameter, _steps(path or parameter), Kind.IDENTIFIER)


def reference(parameter: str, path: str = "") -> TokenRule:
    """Search a Reference."""
    return TokenRule(parameter, _steps(path or parameter), Kind.REFERENCE)


def paths(*dotted: str) -> tuple[tuple[str, ...], ...]:
    """Split dotted paths.

    >>> paths("subject", "participant.actor")
    (('subject',), ('participant', 'actor'))
    """
    return tuple(_steps(path) for path in dotted)


def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))
