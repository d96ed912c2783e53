"""A population of rows with truth, streamed in an order in which one person's rows do not stand together."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final

from bench.people.households import Households
from bench.people.rates import STANDARD, Rates
from bench.people.writer import Writer
from bench.people.writing import Row

SHUFFLED: Final = 65_536  # rows held back, from which the next is drawn


def population(size: int, seed: int, rates: Rates = STANDARD) -> Iterator[Row]:
    """Yield ``size`` rows; the same ``size``, ``seed`` and ``rates`` give the same rows in every process.

    Memory: SHUFFLED rows, and the citizen numbers given so far (about 60 MB a million rows).  The last person may miss
    rows that would go beyond ``size``.
    """
    random = Random(seed)
    held: list[Row] = []
    for row in _written(size, random, rates):
        if len(held) < SHUFFLED:
            held.append(row)
            continue
        at = int(random.random() * SHUFFLED)
        yield held[at]
        held[at] = row
    random.shuffle(held)
    yield from held


def _written(size: int, random: Random, rates: Rates) -> Iterator[Row]:
    """Write household after household until there are ``size`` rows."""
    town = Households(rates, random)
    writer = Writer(town)
    left = size
    while left > 0:
        for person in town.household():
            rows = writer.rows(person)[:left]
            left -= len(rows)
            yield from rows


def columns(rows: Iterator[Row]) -> dict[str, list[str]]:
    """Turn rows into columns, for batch tools."""
    found: dict[str, list[str]] = {column: [] for column in Row._fields}
    lists = list(found.values())
    for row in rows:
        for column, value in zip(lists, row, strict=True):
            column.append(value)
    return found
