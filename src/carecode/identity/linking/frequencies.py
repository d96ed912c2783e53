"""How common each value is: rare names prove more, and a number that stands for many people proves nothing.

Pure.  Values are kept as keyed 64-bit tokens, never in clear: a stolen table shows how many share a value and
not which value.  Only values that several records share are kept; every other has the frequency of one record,
which bounds the table by the number of records over ``at_least``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Self

import msgspec

from carecode.identity.linking.features import Features

COLUMNS: Final = ("number", "other_number", "name", "pinyin", "given_pinyin", "surname", "born", "phone", "door")
"""The columns whose common values are counted; terms of a model name one of them."""

OWN_RECORDS_MAX: Final = 10
"""A value that so many records hold may be one person's own: her duplicates say nothing of how common it is."""

Terms = Mapping[str, float]
"""Column -> how large a share of the records that know it hold this pair's value."""


class Frequencies(msgspec.Struct, frozen=True):
    """Counts of one index.  ``known``: column -> records that know it; ``counts``: column -> token -> records."""

    known: dict[str, int]
    counts: dict[str, dict[int, int]]

    @classmethod
    def count(cls, records: Iterable[Features], token: Callable[[str, str], int], at_least: int = 2) -> Self:
        """Count ``records`` in one pass; ``token(column, value)`` keys a value (see ``keys.Keyer.token``).

        Memory: one entry per distinct value while counting, then only values held by ``at_least`` records.
        """
        counters: dict[str, Counter[int]] = {column: Counter() for column in COLUMNS}
        for record in records:
            for column, counter in counters.items():
                value = getattr(record, column)
                if value:
                    counter[token(column, value)] += 1
        return cls(
            {column: counter.total() for column, counter in counters.items()},
            {
                column: {value: number for value, number in sorted(counter.items()) if number >= at_least}
                for column, counter in counters.items()
            },
        )

    def held(self, column: str, token: int) -> int:
        """Say how many records hold a value: 1 for one that is not in the table."""
        return self.counts.get(column, {}).get(token, 1)

    def share(self, column: str, token: int) -> float:
        """Say how large a share of the records that know the column hold a value: above 0, at most 1."""
        return self.held(column, token) / max(self.known.get(column, 0), self.held(column, token))

    def terms(
        self, left: Features, right: Features, columns: Iterable[str], token: Callable[[str, str], int]
    ) -> dict[str, float]:
        """Give the terms of one pair for the columns a model asks (``Model.columns``): the more common value's share.

        A column that one of them does not know has no term, nor a value that OWN_RECORDS_MAX records or fewer hold.
        """
        terms = {}
        for column in columns:
            a, b = getattr(left, column), getattr(right, column)
            if a and b:
                tokens = {token(column, a), token(column, b)}
                if max(self.held(column, one) for one in tokens) > OWN_RECORDS_MAX:
                    terms[column] = max(self.share(column, one) for one in tokens)
        return terms

    def crowded(self, record: Features, token: Callable[[str, str], int], most: int) -> frozenset[str]:
        """Name the columns of ``record`` whose value more than ``most`` records hold: no person's own value."""
        return frozenset(
            column
            for column in ("number", "other_number", "phone", "door")
            if (value := getattr(record, column)) and self.held(column, token(column, value)) > most
        )
