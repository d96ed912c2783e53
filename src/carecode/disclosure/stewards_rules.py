"""What a case of the index asks for: how urgent it is, how many stewards, whether blind, and when it is decided.

Pure.  A blind case is chosen by its random number, so that nobody chooses which, and it stays blind however
often it is opened.  Source of blind samples: labelling by people who see the model's answer measures the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from carecode.identity.linking.levels import LIFELONG

if TYPE_CHECKING:
    from uuid import UUID

    from carecode.identity.identifiers import Identifier
    from carecode.identity.linking.deciding import Weighed

SAME: Final = "same"
DIFFERENT: Final = "different"
UNSURE: Final = "unsure"
WORDS: Final = (SAME, DIFFERENT, UNSURE)
BLIND_PERCENT: Final = 5
PAIR: Final = 2  # entries of an ordinary case
SECOND: Final = 2  # stewards where two verified documents disagree

_CAREFUL: Final = frozenset({"borrowed-number", "borrowed-other-number", "twins", "newborn", "newborn-unnamed"})
_TWO_NUMBERS: Final = "two-numbers"
_OLD_NUMBER: Final = {"citizen-id-15": "citizen-id"}


class Urgency(IntEnum):
    """Which case comes first: where a wrong answer harms most."""

    PLAIN = 0
    SEVERAL = 1  # more than two entries
    CAREFUL = 2  # twins, a borrowed card, a newborn
    DOCUMENTS = 3  # two documents that both hold disagree


class Share(NamedTuple):
    """How many of how many."""

    counted: int
    of: int

    @property
    def percent(self) -> int:
        """Give the share in whole per cent, 0 of none."""
        return round(100 * self.counted / self.of) if self.of else 0


def urgency_of(weighed: Iterable[Weighed], entries: int, *, documents: bool) -> Urgency:
    """Say how urgent a case is."""
    rules = {one.rule for one in weighed}
    if documents or any(rule.startswith(_TWO_NUMBERS) for rule in rules):
        return Urgency.DOCUMENTS
    if rules & _CAREFUL:
        return Urgency.CAREFUL
    return Urgency.SEVERAL if entries > PAIR else Urgency.PLAIN


def documents_disagree(one: Iterable[Identifier], other: Iterable[Identifier]) -> bool:
    """Say whether each has a document of one kind that a person has once, both hold, and they are two."""
    left, right = _lifelong(one), _lifelong(other)
    return any(not left[kind] & right[kind] for kind in left.keys() & right.keys())


def _lifelong(numbers: Iterable[Identifier]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in numbers:
        kind = _OLD_NUMBER.get(each.kind or "", each.kind or "")
        if kind in LIFELONG and each.holds:
            found.setdefault(kind, set()).add(each.canonical)
    return found


def is_blind(number: UUID) -> bool:
    """Say whether a case is decided without its evidence: five in a hundred, by its number."""
    return number.int % 100 < BLIND_PERCENT


def leaning(weighed: Weighed | None) -> str | None:
    """Say to which side the bits lean; None where none were kept."""
    if weighed is None:
        return None
    return SAME if weighed.certain or weighed.total > 0 else DIFFERENT


def decided(words: Sequence[str], needs: int) -> str | None:
    """Say what stewards agree on: as many as are needed said the same, and were not unsure."""
    for word, times in Counter(words).most_common():
        if word != UNSURE and times >= needs:
            return word
    return None
