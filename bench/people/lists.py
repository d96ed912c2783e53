"""Lists written as text, and lists laid out by how often their items occur."""

from __future__ import annotations

from typing import Final, TypeVar

T = TypeVar("T")

TABLE: Final = 16_384  # places of a table from which one is drawn: a share below 1/16,384 is rounded up to it


def words(text: str) -> list[str]:
    """Split a text at its blanks."""
    return text.split()


def pairs(text: str) -> dict[str, str]:
    """Read "one:other one:other"."""
    return dict(word.split(":") for word in text.split())


def spread(items: list[T], weights: list[float], size: int = TABLE) -> list[T]:
    """Lay out ``items`` by weight in about ``size`` places, each at least once, to draw one in constant time."""
    total = sum(weights)
    table: list[T] = []
    for item, weight in zip(items, weights, strict=True):
        table.extend([item] * max(1, round(weight / total * size)))
    return table
