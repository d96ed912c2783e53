"""Numbers that somebody holds: since when, how sure, who said so, and what replaced them.

Pure: today is a parameter.  A number is stated by a source at a level of assurance; several sources
may state the same one.  The rules here say which statement of a number counts, which of her numbers
is shown first, and where a number that was replaced leads.

Sources: FHIR R4 Identifier.period (both days belong to it) and .assigner; ISO/IEC TS 29003 for the
thought that evidence is seen, read or verified; the order of the levels is this project's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import IntEnum
from typing import TypeAlias

from carecode.identity.identifiers import LEVEL_DOUBTFUL, Identifier, issue_in
from carecode.kernel.errors import ConflictError, InvalidInputError

Key: TypeAlias = tuple[str, str]  # system and canonical value: what is looked up


class Assurance(IntEnum):
    """How sure it is that she holds the number.  A higher one wins."""

    SELF_STATED = 0  # she said or typed it
    SEEN = 1  # somebody looked at the document
    READ_BY_DEVICE = 2  # a reader took it from the chip or the machine-readable zone
    VERIFIED = 3  # the authority that issued it confirmed number, name and holder


@dataclass(frozen=True, slots=True)
class Held:
    """One source's statement that she holds a number.  InvalidInputError when it ends before it begins."""

    identifier: Identifier
    assurance: Assurance
    source: str  # the organisation that states it
    valid_from: date | None = None  # both days belong to it; None is open
    valid_to: date | None = None
    superseded_by: Key | None = field(default=None, repr=False)  # the number that replaced it

    def __post_init__(self) -> None:
        if self.valid_from is not None and self.valid_to is not None and self.valid_to < self.valid_from:
            raise InvalidInputError("number-period", "A number cannot end before it begins. Compare both dates.")
        if self.superseded_by == self.key:
            raise InvalidInputError("number-replaces-itself", "A number cannot replace itself. Name the new one.")

    @property
    def key(self) -> Key:
        """Give what is looked up; both forms of one number have one key."""
        return self.identifier.system, self.identifier.canonical

    def in_force(self, on: date) -> bool:
        """Say whether the number was hers on a day: within its period and not replaced."""
        began = self.valid_from is None or self.valid_from <= on
        ended = self.valid_to is not None and self.valid_to < on
        return began and not ended and self.superseded_by is None


def settle(statements: Iterable[Held], on: date) -> tuple[Held, ...]:
    """Keep one statement of each number, strongest number first.

    The strongest statement of a number wins whole: dates and source of two statements are not mixed.
    One thing is taken from others: that the number was replaced (see ``replacements``), for a source
    that does not know of the new card states the old one in good faith.  The order of the statements
    does not matter, and what was settled stays as it is.
    """
    given = list(statements)
    replaced = replacements(given)
    best: dict[Key, Held] = {}
    for each in given:
        known = best.get(each.key)
        if known is None or _rank(each, on) > _rank(known, on):
            best[each.key] = each
    whole = [replace(each, superseded_by=replaced.get(key)) for key, each in best.items()]
    return tuple(sorted(whole, key=lambda each: _rank(each, on), reverse=True))


def replacements(statements: Iterable[Held]) -> dict[Key, Key]:
    """Say of each number that was replaced by what; the most sure statement decides.

    Her own word replaces only what is her own word as well: a number that somebody saw, read or
    verified is not taken from her by a claim.
    """
    surest: dict[Key, Assurance] = {}
    strongest: dict[Key, tuple[tuple[int, date, str, Key], Key]] = {}
    for each in statements:
        key = each.key
        surest[key] = max(surest.get(key, each.assurance), each.assurance)
        if each.superseded_by is not None:
            rank = (int(each.assurance), each.valid_from or date.min, each.source, each.superseded_by)
            if key not in strongest or rank > strongest[key][0]:
                strongest[key] = (rank, each.superseded_by)
    return {key: by for key, (rank, by) in strongest.items() if rank[0] >= min(Assurance.SEEN, surest[key])}


def winner(statements: Iterable[Held], on: date) -> Held | None:
    """Choose the number that stands for her on a day; None when none is in force or all are doubtful.

    In this order: what its kind proves, how sure it is, the higher issue of a permit, the later
    beginning; then the form that is looked up, and by the letters of system, value and source, so
    that equals are always chosen alike.
    """
    settled = settle(statements, on)
    return next((each for each in settled if each.in_force(on) and each.identifier.level > LEVEL_DOUBTFUL), None)


def resolve(key: Key, statements: Iterable[Held]) -> Key:
    """Follow a replaced number to the one that stands now; a number nobody replaced is itself.

    ConflictError "numbers-in-a-circle" when the trail comes back, which a steward must mend.
    Cost: one pass over the statements.
    """
    return _end(key, replacements(statements))


def leading_to(key: Key, statements: Iterable[Held]) -> frozenset[Key]:
    """Name every number that leads to the one a number stands for, both included.

    Whoever asks under any of them is answered about the same person.  ConflictError as ``resolve``.
    """
    trails = replacements(statements)
    end = _end(key, trails)
    return frozenset({end, key} | {each for each in trails if _end(each, trails) == end})


def _end(key: Key, trails: Mapping[Key, Key]) -> Key:
    """Walk to the end of a trail."""
    passed = {key}
    while key in trails:
        key = trails[key]
        if key in passed:
            raise ConflictError("numbers-in-a-circle", "These numbers replace each other. Call the index steward.")
        passed.add(key)
    return key


_Rank: TypeAlias = tuple[bool, int, int, int, date, date, bool, str, str, str, str, Key]


def _rank(held: Held, on: date) -> _Rank:
    """Order statements: total, so that the same ones are always settled alike."""
    number = held.identifier
    return (
        held.in_force(on),
        number.level,
        int(held.assurance),
        issue_in(number) or 0,
        held.valid_from or date.min,
        held.valid_to or date.max,
        number.value == number.canonical,  # of two forms of one number the one that is looked up
        number.system,
        number.canonical,
        number.value,
        held.source,
        held.superseded_by or ("", ""),
    )
