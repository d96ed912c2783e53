"""Is what a person opened today unusual, beside her own days and her colleagues'?  Pure.

What is counted is the number of different people whose records she opened although they had shown her no
code.  Days vary more than chance alone, and people differ, so counts are taken as negative binomial: a
person's own mean, drawn towards that of her colleagues while her history is short, and a spread that all
colleagues share.  A day is unusual when one as high or higher is expected less than once in ALARM_ODDS
days of that person, and when it is at least MORE_MIN people above her mean: small numbers are nobody's business.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

ALARM_ODDS: Final = 2_000
"""Expected false alarms: at most one in so many days of one person; the bound is one in a thousand."""
MORE_MIN: Final = 6
DAYS_MAX: Final = 60
WEIGHT_DAYS: Final = 5.0
"""How many days of her own weigh as much as what her colleagues do."""
SPREAD_MIN: Final = 1.15
"""Variance over mean, at the least: the spread of few days is easily found too small."""


@dataclass(frozen=True, slots=True)
class Unusual:
    """One person's day that stands out."""

    who: str
    count: int
    usual: float  # her mean


def unusual(today: Mapping[str, int], history: Mapping[str, Sequence[int]], odds: float = ALARM_ODDS) -> list[Unusual]:
    """Return whose day stands out among colleagues of one role, the most unusual first.

    ``history`` has each person's earlier counts, newest last, of days on which she worked.

    >>> days = {f"nurse-{n}": [3, 5, 4, 6, 2, 4, 5] for n in range(20)}
    >>> [(one.who, one.count) for one in unusual({"nurse-3": 24, "nurse-4": 7}, days)]
    [('nurse-3', 24)]
    """
    past = {who: list(counts)[-DAYS_MAX:] for who, counts in history.items() if counts}
    everyone = [count for counts in past.values() for count in counts]
    mean_of_all = sum(everyone) / len(everyone) if everyone else 0.0
    spread = _spread(list(past.values()))
    found: list[tuple[float, Unusual]] = []
    for who, count in today.items():
        own = past.get(who, [])
        mean = (sum(own) + WEIGHT_DAYS * mean_of_all) / (len(own) + WEIGHT_DAYS)
        if count - mean < MORE_MIN:
            continue
        chance = upper_tail(count, max(mean, 0.5), _uncertain(spread, mean, len(own)))
        if chance * odds < 1:
            found.append((chance, Unusual(who, count, mean)))
    return [one for _chance, one in sorted(found, key=lambda each: (each[0], each[1].who))]


def upper_tail(count: int, mean: float, spread: float) -> float:
    """Return how probable ``count`` or more is, for a negative binomial of this mean and variance over mean.

    >>> upper_tail(0, 4.0, 2.0), upper_tail(40, 4.0, 1.2) < 1e-12
    (1.0, True)
    """
    size, success = mean / (spread - 1), 1 / spread
    below = sum(math.exp(_log_probability(number, size, success)) for number in range(count))
    if below < 1 - 1e-9:
        return 1.0 - below
    return math.fsum(math.exp(_log_probability(number, size, success)) for number in range(count, count + 400))


def _log_probability(number: int, size: float, success: float) -> float:
    ways = math.lgamma(number + size) - math.lgamma(size) - math.lgamma(number + 1)
    return ways + size * math.log(success) + number * math.log1p(-success)


def _spread(histories: Sequence[Sequence[int]]) -> float:
    """Return variance over mean within people, over all who have at least two days."""
    squares = degrees = total = days = 0.0
    for counts in histories:
        mean = sum(counts) / len(counts)
        squares += sum((count - mean) ** 2 for count in counts)
        degrees += len(counts) - 1
        total += sum(counts)
        days += len(counts)
    if not degrees or not total:
        return 2.0
    return max(SPREAD_MIN, (squares / degrees) / (total / days))


def _uncertain(spread: float, mean: float, days: int) -> float:
    """Widen the spread by what is not known of her own mean."""
    return spread + mean * spread / ((days + WEIGHT_DAYS) * max(mean, 0.5))
