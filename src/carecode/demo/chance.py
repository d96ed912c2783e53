"""Repeatable chance: the same seed makes the same town, on every machine.

The only module of the room that knows a random generator; everything else is given one.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final, TypeVar

T = TypeVar("T")

_VARIANT: Final = 0x8000_0000_0000_0000
_VERSION: Final = 0x4000 << 64
_CLEARED: Final = ~((0xC000 << 48) | (0xF000 << 64))


class Chance(random.Random):
    """A seeded generator with the draws that the town needs.  Not for keys or codes."""

    @classmethod
    def of(cls, *parts: object) -> Chance:
        """Make the generator of one seed and place, independent of every other place's.

        >>> Chance.of(7, "household", 3).random() == Chance.of(7, "household", 3).random()
        True
        """
        return cls("/".join(str(part) for part in parts))

    def happens(self, share: float) -> bool:
        """Say yes with this probability."""
        return self.random() < share

    def around(self, middle: float, spread: float, low: float, high: float) -> float:
        """Draw from a normal distribution, cut to its bounds."""
        return min(high, max(low, self.gauss(middle, spread)))

    def weighted(self, rows: Sequence[tuple[T, float]]) -> T:
        """Choose an item by its weight."""
        aim = self.random() * sum(weight for _, weight in rows)
        for item, weight in rows:
            aim -= weight
            if aim < 0:
                return item
        return rows[-1][0]

    def uuid(self) -> str:
        """Draw a UUID of version 4, as text."""
        digits = f"{self.getrandbits(128) & _CLEARED | _VERSION | _VARIANT:032x}"
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
