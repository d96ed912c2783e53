"""Guards: what no sum of bits may decide.  They stop a link or ask a person; they never add or take weight.

Pure.  A guard looks at the levels of one pair and at what stands where a name would.  The cases they are for:
twins, brothers and sisters in one home, a borrowed card, two people of one name and birth date, newborns without
a name, and values that stand for nobody.  Each has made a model link two people who are two people.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

import msgspec

from carecode.identity.linking.features import Features, Placeholder
from carecode.identity.linking.levels import Born, Contact, Levels, Name, Number, Other, Sex


class Verdict(IntEnum):
    """What a guard says, weakest first."""

    FREE = 0  # the score decides
    ASK = 1  # never without a person; the score decides whether she is asked
    REVIEW = 2  # a person is asked, whatever the score
    NEVER = 3  # two people


class Guard(NamedTuple):
    """Which rule spoke, "" for none, and what it says."""

    rule: str
    verdict: Verdict


FREE: Final = Guard("", Verdict.FREE)

RULES: Final = {
    "two-numbers": "Two document numbers that both hold are two people.",
    "two-numbers-one-name": "Two document numbers that both hold, but one name.",
    "two-numbers-one-home": "Two document numbers that both hold, but one name and one home.",
    "borrowed-number": "One document number, but the name or the date of birth is another: perhaps a borrowed card.",
    "borrowed-other-number": "One insurance or card number, but another name: perhaps a borrowed card.",
    "twins": "Born on one day in one home under two given names: perhaps twins.",
    "other-name": "Neither a number nor the name says that they are one.",
    "namesakes": "One name and one date of birth, but no number and no home says that they are one.",
    "one-name-at-home": "One name in one home, but another date of birth: perhaps father and son.",
    "newborn": "A newborn without a name, and something else differs.",
    "newborn-unnamed": "A newborn without a name: a brother or sister of the same hour would look the same.",
    "unknown-person": "A person who could not say who she is.",
    "too-little": "Too little is known of one of them.",
}
"""What each rule means, for whoever is asked."""

NAME_AGREES: Final = frozenset({Name.EXACT, Name.SOUND, Name.TURNED, Name.UNREADABLE, Name.TYPO})
BORN_AGREES: Final = frozenset({Born.EXACT, Born.SWAPPED, Born.LUNAR, Born.COARSE})
BORN_SLIP: Final = frozenset({Born.DIGIT, Born.MONTH})
ONE_HOME: Final = frozenset({Contact.BOTH, Contact.PHONE, Contact.DOOR, Contact.DOOR_NEAR})
OWN_PHONE: Final = frozenset({Contact.BOTH, Contact.PHONE})
OTHER_GIVEN: Final = frozenset({Name.DROPPED, Name.SHARED, Name.SURNAME, Name.DIFFERENT})
OTHER_NAME: Final = OTHER_GIVEN | {Name.GIVEN}
ALMOST: Final = NAME_AGREES - {Name.EXACT}
NEAR_GIVEN: Final = frozenset({Name.DROPPED, Name.SHARED})
TWO_NUMBERS: Final = frozenset({Number.NEIGHBOUR, Number.DIFFERENT})


def guard(left: Features, right: Features, levels: Levels) -> Guard:
    """Give the strongest rule that speaks about a pair, the first in the order below among equals.  Symmetrical."""
    strongest = FREE
    for rule in (_two_numbers, _newborn, _borrowed, _twins, _namesakes, _one_name_at_home, _too_little):
        found = rule(left, right, levels)
        if found.verdict > strongest.verdict:
            strongest = found
    return strongest


def without(record: Features, columns: frozenset[str]) -> Features:
    """Blank values that stand for many people (``Frequencies.crowded``), so that they neither link nor part."""
    if not columns:
        return record
    return msgspec.structs.replace(record, **dict.fromkeys(columns, ""))


def proven(levels: Levels) -> bool:
    """Whether a number says that both are one, whether or not somebody borrowed it."""
    return levels.number is Number.EXACT or (levels.other is Other.EXACT and levels.number not in TWO_NUMBERS)


def _two_numbers(_left: Features, _right: Features, levels: Levels) -> Guard:
    """Two numbers that hold: the strongest proof of two people there is, however near they are."""
    if levels.number not in TWO_NUMBERS:
        return FREE
    if levels.name not in NAME_AGREES or levels.sex is Sex.DIFFERENT or levels.born not in BORN_AGREES:
        return Guard("two-numbers", Verdict.NEVER)
    if levels.contact in ONE_HOME:
        return Guard("two-numbers-one-home", Verdict.REVIEW)
    return Guard("two-numbers-one-name", Verdict.ASK)


def _borrowed(left: Features, right: Features, levels: Levels) -> Guard:
    """One number on two people: name and birth must both be the holder's.

    A borrower is mostly of the family: a name that is near, a home that is the same and a birth in the same
    year excuse nothing.  One digit of the date is believed beside her phone or a second number, a surname alone
    beside a home or a second number, a lost character beside a second number.
    """
    if levels.number is not Number.EXACT:
        if levels.other is Other.EXACT and levels.name in OTHER_GIVEN:
            return Guard("borrowed-other-number", Verdict.ASK)
        return FREE
    other = levels.sex is Sex.DIFFERENT
    second = levels.other is Other.EXACT and not other
    name = levels.name in NAME_AGREES
    born = levels.born in BORN_AGREES
    if levels.born is Born.DIGIT and (second or (levels.contact in OWN_PHONE and not other)):
        born = True
    if levels.name is Name.GIVEN and born and not other and _in_characters(left, right):
        name = second or levels.contact in ONE_HOME  # a wife's or a mistyped surname; nobody borrows from a namesake
    if levels.name is Name.DROPPED and levels.born is Born.EXACT and second:
        name = True
    if (name and (born or levels.born is Born.MISSING)) or (born and levels.name is Name.MISSING):
        return FREE
    return Guard("borrowed-number", Verdict.ASK)


def _twins(left: Features, right: Features, levels: Levels) -> Guard:
    """Without a number, another given name is another person; born on one day in one home, most likely a twin.

    Twins are often called almost the same: there, a name in characters that is not quite the same asks a person.
    """
    if proven(levels):
        return FREE
    together = levels.born is Born.EXACT and levels.contact in ONE_HOME
    if levels.name in ALMOST:
        asked = together and (_in_characters(left, right) or levels.sex is Sex.DIFFERENT or _two_doubtful(levels))
        return Guard("twins", Verdict.ASK) if asked else FREE
    if levels.name not in OTHER_NAME:
        return FREE
    if levels.name is Name.GIVEN:  # of names in letters, what stands as given name may be the family's
        return Guard("other-name", Verdict.ASK)
    if not together:
        return Guard("other-name", Verdict.ASK)
    near = levels.name in NEAR_GIVEN and levels.sex is not Sex.DIFFERENT
    return Guard("twins", Verdict.ASK if near else Verdict.NEVER)


def _in_characters(left: Features, right: Features) -> bool:
    """Whether both names are written in characters: one in letters says of a name in characters only its sound."""
    return not (left.name.isascii() or right.name.isascii())


def _two_doubtful(levels: Levels) -> bool:
    """Whether each shows a number and they differ, though numbers of their kind are issued again."""
    return levels.number is Number.DOUBTFUL


def _namesakes(_left: Features, _right: Features, levels: Levels) -> Guard:
    """One name and one birth date, and no home: strangers have both in common, and now and then a street as well."""
    if proven(levels) or levels.number is Number.NEAR or levels.other is Other.NEAR:
        return FREE
    if levels.name in NAME_AGREES and levels.contact not in ONE_HOME:
        return Guard("namesakes", Verdict.ASK)
    return FREE


def _one_name_at_home(_left: Features, _right: Features, levels: Levels) -> Guard:
    """Ask about a name that is handed on in a family: without a number, the birth tells father and son apart."""
    if proven(levels) or levels.number is Number.NEAR or levels.other is Other.NEAR:
        return FREE
    if levels.name not in NAME_AGREES or levels.contact not in ONE_HOME:
        return FREE
    other = levels.born in {Born.ANNIVERSARY, Born.YEAR, Born.DIFFERENT}
    return Guard("one-name-at-home", Verdict.ASK) if other else FREE


def _newborn(left: Features, right: Features, levels: Levels) -> Guard:
    """Take a placeholder for no name: only a number or a person says which child it is."""
    kinds = {left.placeholder, right.placeholder}
    if Placeholder.UNKNOWN in kinds and levels.number is not Number.EXACT:
        return Guard("unknown-person", Verdict.ASK)
    if Placeholder.NEWBORN not in kinds:
        return FREE
    if levels.sex is Sex.DIFFERENT or levels.born in {Born.ANNIVERSARY, Born.YEAR, Born.DIFFERENT}:
        return Guard("newborn", Verdict.NEVER)
    if proven(levels):
        return FREE
    if _differ(left.mother, right.mother) or _differ(left.birth_order, right.birth_order):
        return Guard("newborn", Verdict.NEVER)
    return Guard("newborn-unnamed", Verdict.ASK)


def _differ(a: str, b: str) -> bool:
    """Whether both are known and two."""
    return bool(a) and bool(b) and a != b


def _too_little(_left: Features, _right: Features, levels: Levels) -> Guard:
    """Two of number, name, birth and home must agree: a name or a birth among them, and a number or a birth.

    A slip in the date counts beside a name only: without one, a number and a home may be a brother's.
    """
    number = levels.number in {Number.EXACT, Number.NEAR} or levels.other in {Other.EXACT, Other.NEAR}
    name = levels.name in NAME_AGREES
    born = levels.born in BORN_AGREES
    slip = born or levels.born in BORN_SLIP
    home = levels.contact in ONE_HOME
    few = number + name + slip + home < 2  # noqa: PLR2004 - two proofs
    if few or not (number or name) or not (number or slip) or not (name or born):
        return Guard("too-little", Verdict.ASK)
    return FREE
