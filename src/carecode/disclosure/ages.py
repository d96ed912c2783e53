"""What a guardian sees at which age of the child, by the operator's configuration.  Pure.

Source: Norway's rules for parents (12 and 16), England's review of proxy access (11 to 15).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import ALL_CATEGORIES, NOTHING_CLOSED, SENSITIVE, Category, Closed

if TYPE_CHECKING:
    from datetime import date

AGE_MAX: Final = 25


@dataclass(frozen=True, slots=True)
class Age:
    """Until a birthday a guardian sees these categories and, of what is sensitive, these labels."""

    until_years: int
    categories: frozenset[Category]
    labels: Closed


GUARDIAN_AGES: Final = (Age(12, ALL_CATEGORIES, SENSITIVE), Age(16, ALL_CATEGORIES, NOTHING_CLOSED))
"""Everything until twelve, nothing sensitive until sixteen, from then on nothing unless the child says so."""


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    until_years: int
    sensitive: bool
    categories: list[str] | None = None  # names in small letters; None: all


def ages_of(text: str) -> tuple[Age, ...]:
    """Read the ages from JSON, youngest first.

    >>> ages_of('[{"until_years": 14, "sensitive": true}]')[0].until_years
    14

    InvalidInputError for anything else: rows out of order, beyond AGE_MAX, an unknown category.
    """
    try:
        rows = msgspec.json.decode(text, type=list[_Row])
        ages = tuple(
            Age(
                row.until_years,
                ALL_CATEGORIES if row.categories is None else frozenset(Category[x.upper()] for x in row.categories),
                SENSITIVE if row.sensitive else NOTHING_CLOSED,
            )
            for row in rows
        )
    except (msgspec.MsgspecError, KeyError):
        ages = ()
    years = [age.until_years for age in ages]
    if not years or years != sorted(set(years)) or not 0 < years[0] <= years[-1] <= AGE_MAX:
        raise InvalidInputError(
            "guardian-ages",
            'Give the ages as JSON, youngest first, such as [{"until_years": 12, "sensitive": true}].',
        )
    return ages


def at_age(ages: tuple[Age, ...], born: date | None, today: date) -> Age | None:
    """Return what a guardian sees today, or None: the child is too old, or nobody knows how old."""
    if born is None:
        return None
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return next((age for age in ages if years < age.until_years), None)
