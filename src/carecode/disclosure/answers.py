"""What is asked of the gate and what it answers.  Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from carecode.kernel.vocabulary import Card, Category, Receipt

PAGE_MAX: Final = 10_000
"""The most resources that one answer of the gate holds."""


@dataclass(frozen=True, slots=True)
class Query:
    """What to read of one resident; no type means everything.

    ``criteria`` are search parameters with their alternatives: each must match, by any of its values.
    """

    type: str | None = None
    id: UUID | None = None
    version: int | None = None
    criteria: tuple[tuple[str, tuple[str, ...]], ...] = ()
    newest_first: bool = True
    count: int = PAGE_MAX
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Body:
    """One resource as this requester may see it."""

    type: str
    id: str
    version: int
    updated_at: datetime
    organisation: str
    category: Category
    json: bytes = field(repr=False)
    receipt: UUID | None = None  # under which it was read; None: of the directory


@dataclass(frozen=True, slots=True)
class Found:
    """A page of resources, and how many there are in all."""

    bodies: list[Body]
    total: int


@dataclass(frozen=True, slots=True)
class Release:
    """An opened record."""

    card: Card
    bodies: list[Body]
    receipt: Receipt
    until: datetime
    complete: bool = True  # False: there is more than one answer holds
    locked: int = 0  # how many things she locked and lets be seen as locked


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was opened; the sentence says what to do and not whether anything is there."""

    code: str
    message: str


NOTHING_TO_OPEN: Final = Refusal(
    "nothing-to-open", "There is nothing you may open. Ask her to show a code of the kind Open my record."
)
