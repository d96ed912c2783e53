"""What levels, rules, urgencies and events are called on stewards' pages: one table for each closed list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.disclosure.stewards_rules import DIFFERENT, SAME, UNSURE, Urgency
from carecode.identity.linking.events import Kind, Mark
from carecode.web.language import mark
from carecode.web.steward.waterfall import PRIOR, TOTAL

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELD: Final[Mapping[str, str]] = {
    PRIOR: mark("Any two entries"),
    "number": mark("ID number"),
    "other": mark("Other number"),
    "name": mark("Name"),
    "born": mark("Date of birth"),
    "sex": mark("Sex"),
    "contact": mark("Phone and home"),
    TOTAL: mark("Together"),
}
LEVEL: Final[Mapping[str, Mapping[str, str]]] = {
    "number": {
        "missing": mark("Not on both sides"),
        "exact": mark("The same number"),
        "near": mark("A slip or two apart, and one breaks its own rule"),
        "doubtful": mark("Two numbers, of which one may be wrong or old"),
        "neighbour": mark("Two valid numbers, one after the other: as twins have"),
        "different": mark("Two valid numbers"),
    },
    "other": {
        "missing": mark("Not on both sides"),
        "exact": mark("The same number"),
        "near": mark("One slip apart"),
        "different": mark("Two numbers"),
    },
    "name": {
        "missing": mark("Not on both sides"),
        "exact": mark("The same name"),
        "sound": mark("The same sound"),
        "turned": mark("Surname and given name change places"),
        "unreadable": mark("The same but for signs that nobody could read"),
        "typo": mark("A slip or two apart"),
        "dropped": mark("One lacks a part of the other"),
        "shared": mark("One surname and part of the given name: as brothers and sisters have"),
        "given": mark("Only the given name is the same"),
        "surname": mark("Only the surname is the same"),
        "different": mark("Two names"),
    },
    "born": {
        "missing": mark("Not on both sides"),
        "exact": mark("The same day"),
        "swapped": mark("Day and month change places"),
        "lunar": mark("The same day by the lunar calendar"),
        "coarse": mark("The same as far as it is known"),
        "digit": mark("One digit apart"),
        "month": mark("The same month"),
        "anniversary": mark("The same day of another year"),
        "year": mark("The same year"),
        "different": mark("Two dates"),
    },
    "sex": {"missing": mark("Not on both sides"), "same": mark("The same"), "different": mark("Not the same")},
    "contact": {
        "missing": mark("Not on both sides"),
        "both": mark("The same phone and the same home"),
        "phone": mark("The same phone"),
        "door": mark("The same home"),
        "door_near": mark("The same home, written otherwise"),
        "place": mark("The same road or village"),
        "street": mark("A road or village of the same name"),
        "locality": mark("The same county"),
        "none": mark("Nothing the same"),
    },
}
RULE: Final[Mapping[str, str]] = {
    "two-numbers": mark("Two document numbers that both hold are two people."),
    "two-numbers-one-name": mark("Two document numbers that both hold, but one name."),
    "two-numbers-one-home": mark("Two document numbers that both hold, but one name and one home."),
    "borrowed-number": mark(
        "One document number, but the name or the date of birth is another: perhaps a borrowed card."
    ),
    "borrowed-other-number": mark("One insurance or card number, but another name: perhaps a borrowed card."),
    "one-name-at-home": mark("One name in one home, but another date of birth: perhaps father and son."),
    "twins": mark("Born on one day in one home under two given names: perhaps twins."),
    "other-name": mark("Neither a number nor the name says that they are one."),
    "namesakes": mark("One name and one date of birth, but no number and no home says that they are one."),
    "newborn": mark("A newborn without a name, and something else differs."),
    "newborn-unnamed": mark("A newborn without a name: a brother or sister of the same hour would look the same."),
    "unknown-person": mark("A person who could not say who she is."),
    "too-little": mark("Too little is known of one of them."),
}
"""The sentences of ``guards.RULES``; a test holds them equal."""
STRENGTH: Final[Mapping[str, str]] = {
    "number": mark("The document number says that it is one person"),
    "very-one": mark("Very strong evidence that it is one person"),
    "strong-one": mark("Strong evidence that it is one person"),
    "some-one": mark("Some evidence that it is one person"),
    "even": mark("The evidence says neither"),
    "some-two": mark("Some evidence that these are two people"),
    "strong-two": mark("Strong evidence that these are two people"),
    "very-two": mark("Very strong evidence that these are two people"),
}
URGENCY: Final[Mapping[Urgency, str]] = {
    Urgency.DOCUMENTS: mark("Two documents disagree"),
    Urgency.CAREFUL: mark("Twins, a newborn or another's card"),
    Urgency.SEVERAL: mark("More than two entries"),
    Urgency.PLAIN: mark("Everything else"),
}
WORD: Final[Mapping[str, str]] = {
    SAME: mark("The same person"),
    DIFFERENT: mark("Different people"),
    UNSURE: mark("Not sure"),
}
MARK: Final[Mapping[Mark, str]] = {
    Mark.NONE: "",
    Mark.MUST: mark("Held together by a person's decision"),
    Mark.CANNOT: mark("Held apart by two stewards"),
    Mark.DISMISSED: mark("Looked at and left apart"),
}
EVENT: Final[Mapping[Kind, str]] = {
    Kind.LINK: mark("Linked"),
    Kind.UNLINK: mark("Unlinked"),
    Kind.MERGE: mark("Two people joined"),
    Kind.UNMERGE: mark("A joining taken back"),
    Kind.SPLIT: mark("Some entries parted"),
    Kind.MOVE: mark("Some entries moved to another person"),
    Kind.PIN: mark("A decision of people that no computer overrides"),
    Kind.DISMISS: mark("Looked at and left apart"),
    Kind.REVIEW_OPENED: mark("A case was opened"),
    Kind.REVIEW_CLOSED: mark("The case was closed"),
    Kind.UNDO: mark("Taken back"),
}
