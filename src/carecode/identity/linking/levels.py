"""How far two records agree, field by field: one small whole number each, the same on line and in batch.

Pure.  Level 0 is "nothing to compare"; 1 is the fullest agreement.  Fields that agree together inside one
household are one field here: phone and door are CONTACT, name and its sound are NAME.  Where the same door
and the same phone are counted as two proofs, brothers become one person.

Every comparison is symmetrical.  Distances are Damerau-Levenshtein (insert, drop, replace, swap neighbours),
counted in characters, never bytes.  Source of the comparison levels: Fellegi and Sunter, JASA 64 (1969) 1183.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from carecode.identity.linking.features import Features, Placeholder, Precision
from carecode.identity.linking.lunar import unmarked

LIFELONG: Final = frozenset({"citizen-id", "hmt-residence", "foreign-resident"})
"""Kinds of number that one person has once: two that hold and differ are two people.  Others are issued again."""

_TWINS: Final = {"citizen-id-15": "citizen-id"}  # an old number is compared by its 18-character twin

UNREADABLE: Final = frozenset("?*？＊□〓\ufffd")
"""What stands in a name for a character that a system could not write."""

_NEW_YEAR: Final = "0101"  # what stands for a day that nobody knew

_LETTERS_END: Final = "\u024f"  # the last of Latin Extended-B: names above it are written in characters
_LONG_LATIN: Final = 7  # from so many letters two slips are one slip more, not another name
_SHORT_LATIN: Final = 4  # below, one letter makes another name


class Number(IntEnum):
    """The strongest document number."""

    MISSING = 0  # not both known, or not of one kind
    EXACT = 1
    NEAR = 2  # at least one breaks its own rule, at most two slips apart: a typing error
    DOUBTFUL = 3  # differ, and at least one breaks its rule or is of a kind that is issued again
    NEIGHBOUR = 4  # both hold and differ by at most two slips: twins are numbered one after the other
    DIFFERENT = 5  # both hold and differ


class Other(IntEnum):
    """A weaker number of one system: insurance, health card."""

    MISSING = 0
    EXACT = 1
    NEAR = 2  # one slip
    DIFFERENT = 3


class Name(IntEnum):
    """The whole name with its sound."""

    MISSING = 0
    EXACT = 1
    SOUND = 2  # the same pinyin: a homophone, or one of them written in letters
    TURNED = 3  # surname and given name change places
    UNREADABLE = 4  # equal but for characters that a system could not write
    TYPO = 5  # written in letters, a slip or two
    DROPPED = 6  # one lacks a character or a word of the other
    SHARED = 7  # the same surname and part of the given name: what brothers and sisters have
    GIVEN = 8  # only the given name, or one word where only one is known
    SURNAME = 9  # only the surname
    DIFFERENT = 10


class Born(IntEnum):
    """The date of birth."""

    MISSING = 0
    EXACT = 1
    SWAPPED = 2  # day and month change places
    LUNAR = 3  # one is the other by the lunar calendar, whether or not it says so
    COARSE = 4  # at least one is no full date or a New Year's day, and they are equal as far as it goes
    DIGIT = 5  # one digit, or two neighbours swapped
    MONTH = 6  # the same month of the same year
    ANNIVERSARY = 7  # the same day of another year
    YEAR = 8  # the same year
    DIFFERENT = 9


class Sex(IntEnum):
    """Administrative sex."""

    MISSING = 0
    SAME = 1
    DIFFERENT = 2


class Contact(IntEnum):
    """Phone and door together: both are a household's."""

    MISSING = 0
    BOTH = 1
    PHONE = 2
    DOOR = 3
    DOOR_NEAR = 4  # the same figures, the words a slip or two apart
    PLACE = 5  # the same road or village of the same county, but for a slip; another or no number
    STREET = 6  # a road or village of the same name: every town has some
    LOCALITY = 7  # the same county, or the same postcode
    NONE = 8


class Levels(NamedTuple):
    """The level of each field of one pair."""

    number: Number
    other: Other
    name: Name
    born: Born
    sex: Sex
    contact: Contact


FIELDS: Final[dict[str, type[IntEnum]]] = {
    "number": Number,
    "other": Other,
    "name": Name,
    "born": Born,
    "sex": Sex,
    "contact": Contact,
}
"""The fields in the order of ``Levels`` and of every model."""

BY_NAME: Final = {field: {level.name.lower(): level for level in levels} for field, levels in FIELDS.items()}
"""``BY_NAME["born"]["exact"]``: the level of a name as models write it."""


def compare(left: Features, right: Features) -> Levels:
    """Compare two records, symmetrically; a record with itself is at the fullest level that it allows.

    3 to 10 us.
    """
    return Levels(
        _number(left, right),
        _other(left.other_number, right.other_number),
        _name(left, right),
        _born(left, right),
        (Sex.SAME if left.sex == right.sex else Sex.DIFFERENT) if left.sex and right.sex else Sex.MISSING,
        _contact(left, right),
    )


def distance(left: str, right: str, most: int) -> int:
    """Count the slips between two texts: insert, drop, replace, swap two neighbours; ``most`` + 1 for any more.

    Each character is edited at most once (optimal string alignment), which for ``most`` = 1 is the full
    Damerau-Levenshtein distance and for ``most`` = 2 differs from it only where something stands between swapped
    neighbours ("ca", "abc").  Meant for ``most`` up to 2: the work is four times as much for each more.

    >>> distance("wang", "wagn", 2), distance("li", "zhang", 2)
    (1, 3)
    """
    return OSA.distance(left, right, score_cutoff=most)


def _number(left: Features, right: Features) -> Number:
    """Compare the document numbers of one kind; the check character says whether a slip can be one."""
    a, b = left.number, right.number
    kind = _TWINS.get(left.number_kind, left.number_kind)
    if not a or not b or kind != _TWINS.get(right.number_kind, right.number_kind):
        return Number.MISSING
    if a == b:
        return Number.EXACT
    near = distance(a, b, 2) <= 2  # noqa: PLR2004 - two slips, see Number
    if left.number_holds and right.number_holds:
        if kind not in LIFELONG:
            return Number.DOUBTFUL
        return Number.NEIGHBOUR if near else Number.DIFFERENT
    return Number.NEAR if near else Number.DOUBTFUL


def _other(a: str, b: str) -> Other:
    """Compare the weaker numbers ("system|value") if they are of one system."""
    if not a or not b:
        return Other.MISSING
    if a == b:
        return Other.EXACT
    if a.partition("|")[0] != b.partition("|")[0]:
        return Other.MISSING
    return Other.NEAR if distance(a, b, 1) == 1 else Other.DIFFERENT


def _name(left: Features, right: Features) -> Name:  # noqa: PLR0911 - a ladder, one answer a rung
    """Compare the names, best agreement first."""
    a, b = left.name, right.name
    if not a or not b or left.placeholder is not Placeholder.NOT or right.placeholder is not Placeholder.NOT:
        return Name.MISSING
    if a == b:  # equal texts whose characters nobody could read prove little, nor does one word of a name
        if not UNREADABLE.isdisjoint(a):
            return Name.UNREADABLE
        whole = (left.surname and left.given) or (right.surname and right.given)
        return Name.EXACT if whole else Name.GIVEN
    if left.pinyin and left.pinyin == right.pinyin:
        return Name.SOUND
    if _turned(left, right):
        return Name.TURNED
    if _readable_alike(a, b) or _readable_alike(b, a):
        return Name.UNREADABLE
    if a < _LETTERS_END and b < _LETTERS_END:
        return _name_in_letters(left, right)
    if not (a < _LETTERS_END or b < _LETTERS_END):
        if left.given == b or right.given == a:
            return Name.GIVEN
        if _lacks(a, b) or _lacks(b, a):
            return Name.DROPPED
        if left.surname == right.surname and set(left.given) & set(right.given):
            return Name.SHARED
    return _half(left, right)


def _turned(left: Features, right: Features) -> bool:
    """Whether surname and given name change places, in writing or in sound."""
    if left.surname and left.given and left.surname == right.given and left.given == right.surname:
        return True
    if len(left.name) > 2 and left.name > _LETTERS_END and sorted(left.name) == sorted(right.name):  # noqa: PLR2004
        return True  # three characters in another order: which of them is the surname, nobody told the clerk
    if not left.pinyin or not right.pinyin:
        return False
    return left.pinyin == _turned_sound(right) or right.pinyin == _turned_sound(left)


def _turned_sound(one: Features) -> str:
    """Give the pinyin with the given name first, "" where it has no two parts."""
    cut = len(one.pinyin) - len(one.given_pinyin)
    if not one.given_pinyin or cut <= 0 or one.pinyin[cut:] != one.given_pinyin:
        return ""
    return one.given_pinyin + one.pinyin[:cut]


def _readable_alike(damaged: str, whole: str) -> bool:
    """Whether every character that could be written in ``damaged`` stands in its place in ``whole``."""
    if len(damaged) != len(whole) or UNREADABLE.isdisjoint(damaged):
        return False
    readable = [(a, b) for a, b in zip(damaged, whole, strict=True) if a not in UNREADABLE]
    return len(readable) * 2 >= len(whole) and all(a == b for a, b in readable)


def _lacks(short: str, long: str) -> bool:
    """Whether ``short`` is ``long`` without one character, and more than one is left."""
    return len(short) > 1 and len(short) + 1 == len(long) and distance(short, long, 1) == 1


def _name_in_letters(left: Features, right: Features) -> Name:
    """Compare names written in letters: a slip is a typing error, seldom another person."""
    if not left.given or not right.given or not left.surname or not right.surname:
        return _one_word(left, right)
    straight = _slip(left.surname, right.surname) and _slip(left.given, right.given)
    if straight or _slip_in_words(left.name, right.name):
        return Name.TYPO
    if _slip(left.surname, right.given) and _slip(left.given, right.surname):
        return Name.TYPO
    a, b = set(left.name.split()), set(right.name.split())
    if len(a & b) > 1 and (a <= b or b <= a):
        return Name.DROPPED
    if left.given == right.given:
        return Name.GIVEN
    turned = left.given == right.surname or right.given == left.surname  # one word, perhaps the surname of both
    return Name.SURNAME if turned or _slip(left.surname, right.surname) else Name.DIFFERENT


def _one_word(left: Features, right: Features) -> Name:
    """Compare a name of which only one part is known."""
    if _slip_in_words(left.name, right.name):
        return Name.TYPO
    shared = any(_slip(a, b) for a in left.name.split() for b in right.name.split())
    return Name.DROPPED if shared else Name.DIFFERENT


def _slip_in_words(a: str, b: str) -> bool:
    """Whether names that are cut into words differently are a slip apart without their spaces."""
    cuts = {a.count(" "), b.count(" ")}
    return cuts != {1} and _slip(a.replace(" ", ""), b.replace(" ", ""))


def _slip(a: str, b: str) -> bool:
    """Whether two words in letters are one apart by a typing error; equal words are."""
    if a == b:
        return True
    shorter = min(len(a), len(b))
    if shorter < _SHORT_LATIN:
        return False
    most = 1 if shorter < _LONG_LATIN else 2
    return distance(a, b, most) <= most


def _half(left: Features, right: Features) -> Name:
    """Say which half of the name agrees, in writing or in sound."""
    given = bool(left.given) and left.given == right.given
    if given or (left.given_pinyin and left.given_pinyin == right.given_pinyin):
        return Name.GIVEN
    if left.surname and left.surname == right.surname:
        return Name.SURNAME
    return Name.DIFFERENT


def _born(left: Features, right: Features) -> Born:  # noqa: PLR0911 - a ladder, one answer a rung
    """Compare the dates of birth, best agreement first."""
    a, b = left.born, right.born
    if not a or not b:
        return Born.MISSING
    whole = left.born_precision is Precision.DAY and right.born_precision is Precision.DAY
    if not whole:
        known = min(len(a), len(b))
        if a[:known] == b[:known]:
            return Born.COARSE
        return Born.YEAR if a[:4] == b[:4] else Born.DIFFERENT
    if a == b:
        return Born.EXACT
    if a[:4] == b[:4] and (a[4:] == _NEW_YEAR or b[4:] == _NEW_YEAR):
        return Born.COARSE
    if a[:4] == b[:4] and a[4:6] == b[6:8] and a[6:8] == b[4:6]:
        return Born.SWAPPED
    if left.born_lunar == b or right.born_lunar == a or unmarked(a, b):
        return Born.LUNAR
    if distance(a, b, 1) == 1:
        return Born.DIGIT
    if a[4:] == b[4:]:
        return Born.ANNIVERSARY
    if a[:4] != b[:4]:
        return Born.DIFFERENT
    return Born.MONTH if a[4:6] == b[4:6] else Born.YEAR


def _contact(left: Features, right: Features) -> Contact:
    """Compare phone and door as one field."""
    phone = left.phone if left.phone == right.phone else ""
    door = left.door if left.door == right.door else ""
    if phone:
        return Contact.BOTH if door else Contact.PHONE
    if door:
        return Contact.DOOR
    if _near_door(left.door, right.door):
        return Contact.DOOR_NEAR
    town = (left.locality and left.locality == right.locality) or (left.postcode and left.postcode == right.postcode)
    if left.street and left.street == right.street:
        return Contact.PLACE if town else Contact.STREET
    if town:
        return Contact.PLACE if _near_door(left.street, right.street) else Contact.LOCALITY
    compared = ("phone", "door", "street", "locality", "postcode")
    return Contact.NONE if any(getattr(left, one) and getattr(right, one) for one in compared) else Contact.MISSING


def _near_door(a: str, b: str) -> bool:
    """Whether two doors are one, written with a slip: every figure equal (the next flat is another home)."""
    if min(len(a), len(b)) < _LONG_LATIN:
        return False
    figures = [character for character in a if character.isdecimal()]
    return figures == [character for character in b if character.isdecimal()] and distance(a, b, 2) <= 2  # noqa: PLR2004
