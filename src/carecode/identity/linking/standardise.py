"""Records as sources sent them, made comparable: ``standardise``.

Pure; total: no record raises, every field of the answer is bounded.  Default values (a birth date of
1900-01-01, a telephone of eights, an address "无") are unknown afterwards, so that nobody is linked by them.
At most 20 us per record once the dictionaries are loaded, identifiers parsed before; see tests.

What is not done here: facts are not copied from one field to another.  A birth date or sex that only the
citizen number carries stays unknown, or a borrowed card would agree with itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from carecode.identity.identifiers import KINDS, LEVEL_DOCUMENT, Identifier, birth_date_in, parse
from carecode.identity.linking.contacts import Address, fold_addresses, fold_phones
from carecode.identity.linking.dates import Birth, fold_birth, is_default
from carecode.identity.linking.features import Features, Placeholder
from carecode.identity.linking.names import Folded, Name, fold_names
from carecode.kernel.errors import InvalidInputError

IDENTIFIERS_MAX: Final = 16
VALUE_LENGTH_MAX: Final = 400  # of "system|value": the bounds of identifiers.parse, and the bar

# FHIR R4 administrative-gender; HL7 v2 table 0001; GB/T 2261.1 (0 and 9 are unknown and unstated); words.
_SEXES: Final = {
    "male": "male", "m": "male", "1": "male", "男": "male", "男性": "male", "man": "male", "boy": "male",
    "female": "female", "f": "female", "2": "female", "女": "female", "女性": "female", "woman": "female",
    "girl": "female", "01": "male", "02": "female",
}  # fmt: skip
_SEX_LENGTH_MAX: Final = 16

# Which number stands for a person when she has several: "ID number first, other numbers as supplement".
_FIRST_RANKS: Final = {
    kind: rank
    for rank, kind in enumerate(
        ("citizen-id", "hmt-residence", "foreign-resident", "citizen-id-15", "foreign-resident-15")
    )
}
_DOCUMENTS: Final = frozenset(name for name, kind in KINDS.items() if kind.level == LEVEL_DOCUMENT)
_RANK_OTHER_DOCUMENT: Final = 10
_RANK_BROKEN: Final = 20
# Which weaker number is compared: the one that most sources send.
_OTHER_RANKS: Final = {"insurance": 0, "health-card": 1, "birth-certificate": 2}
_RANK_OTHER_KIND: Final = 10
_RANK_LOCAL: Final = 20
_RANK_NONE: Final = 30
# A default number: 000000, 111111111111111111, A000000000, 123456789.
_EQUAL_CHARACTERS_MAX: Final = 2
_TAIL: Final = 6
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BROKEN_LENGTH_MIN: Final = 8  # a document number that lost its form names somebody only from this length
_RUNS: Final = "0123456789012345678901 9876543210987654321098"


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a source sent of one person, as it sent it.  Nothing needs to be there.

    ``identifiers`` come from ``identifiers.parse`` or ``parsed``.  ``birth_date`` is any text (``dates``);
    of FHIR's ``_birthDate`` the text of its extension.  ``as_of`` is when the record was made, for ages.
    """

    source: str = ""
    local_id: str = ""
    identifiers: tuple[Identifier, ...] = ()
    names: tuple[Name, ...] = ()
    birth_date: str = ""
    sex: str = ""
    phones: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()
    as_of: str = ""  # YYYYMMDD or an ISO date


def parsed(pairs: Iterable[tuple[str, str]]) -> tuple[Identifier, ...]:
    """Parse (kind or system, value) pairs and leave out those that name no number; at most IDENTIFIERS_MAX.

    >>> [one.kind for one in parsed([("insurance", "AB1234"), ("insurance", " "), ("no kind", "1")])]
    ['insurance']
    """
    found: list[Identifier] = []
    for system, value in pairs:
        if len(found) == IDENTIFIERS_MAX:
            break
        try:
            found.append(parse(system, value))
        except InvalidInputError:
            continue
    return tuple(found)


def standardise(record: Record) -> Features:
    """Make a record comparable.

    >>> features = standardise(Record(names=(Name("單雄"),), birth_date="1990年5月6日", sex="1"))
    >>> features.name, features.pinyin, features.born, features.sex
    ('单雄', 'shanxiong', '19900506', 'male')
    """
    number, other = _numbers(record.identifiers)
    name = fold_names(record.names)
    birth = _birth(record, number)
    place = fold_addresses(record.addresses)
    return Features(
        number=number.canonical if number else "",
        number_kind=(number.kind or "") if number else "",
        number_holds=number is not None and number.holds,
        other_number=other,
        name=name.name,
        surname=name.surname,
        given=name.given,
        pinyin=name.pinyin,
        given_pinyin=name.given_pinyin,
        placeholder=name.placeholder,
        mother=name.mother,
        birth_order=name.birth_order,
        born=birth.born,
        born_precision=birth.precision,
        born_lunar=birth.born_lunar,
        sex=_sex(record.sex, name),
        phone=fold_phones(record.phones) if record.phones else "",
        door=place.door,
        locality=place.locality,
        street=place.street,
        postcode=place.postcode,
    )


def _sex(text: str, name: Folded) -> str:
    """Fold a sex; a newborn's placeholder may state it."""
    folded = _SEXES.get(text)
    if folded is None:
        folded = _SEXES.get(text[:_SEX_LENGTH_MAX].strip().lower(), "")
    return folded or (name.sex if name.placeholder is Placeholder.NEWBORN else "")


def _birth(record: Record, number: Identifier | None) -> Birth:
    """Fold the date of birth; a default date is known only if a number that holds carries it too."""
    birth = fold_birth(record.birth_date, record.as_of) if record.birth_date else Birth()
    if birth.born and is_default(birth):
        carried = birth_date_in(number) if number else None
        if carried is None or carried.strftime("%Y%m%d") != birth.born:
            return Birth()
    return birth


def _numbers(identifiers: tuple[Identifier, ...]) -> tuple[Identifier | None, str]:
    """Choose the document number and the weaker number that are compared."""
    if not identifiers:
        return None, ""
    number: Identifier | None = None
    ranked, other, other_rank = _RANK_NONE, "", _RANK_NONE
    spare: list[Identifier] = []
    for one in identifiers[:IDENTIFIERS_MAX]:
        value, kind = one.value, one.kind
        if _is_default(one):
            continue
        if kind in _DOCUMENTS:
            rank = _document_rank(one, kind)
            if rank == _RANK_BROKEN and len(value) < _BROKEN_LENGTH_MIN:
                continue
            spare.append(one)
            if number is None or (rank, value) < (ranked, number.value):
                ranked, number = rank, one
            continue
        rank = _RANK_LOCAL if kind is None else _OTHER_RANKS.get(kind, _RANK_OTHER_KIND)
        if rank <= other_rank:
            # An institution counts its own numbers up: two that are near are two people as a rule, and one person may
            # have two.  So each is a system of its own: equal or nothing.
            text = f"{one.system}/{value}|{value}" if kind is None else f"{one.system}|{one.canonical}"
            if rank < other_rank or text < other:
                other, other_rank = text, rank
    if number is not None and not other and len(spare) > 1:
        own = number.canonical
        other = min((f"{one.system}|{one.canonical}" for one in spare if one.canonical != own), default="")
    return number, other[:VALUE_LENGTH_MAX]


def _document_rank(one: Identifier, kind: str) -> int:
    """Rank a document's number, 0 the strongest; one that has not even its kind's form comes last."""
    if one.warnings and not KINDS[kind].pattern.fullmatch(one.value):
        return _RANK_BROKEN
    return _FIRST_RANKS.get(kind, _RANK_OTHER_DOCUMENT)


def _is_default(one: Identifier) -> bool:
    """Say whether a number was written because a field had to be filled.

    Such are one digit repeated, a run, a text without figures, and one of which a part is hidden.  An
    institution's own short number (7, 77) is a number like any other, zeros are not.
    """
    value = one.value
    tail = value[-_TAIL:]
    if tail.isdecimal() and tail not in _RUNS and len(set(tail)) > 1 and "*" not in value:
        return False  # the usual case, told by the last characters
    if not any(map(str.isdecimal, value)) or "*" in value or "?" in value:
        return True
    if one.kind is None and len(value) < _TAIL:
        return not value.strip("0")
    return value in _RUNS or len(set(value.lstrip(_LETTERS))) < _EQUAL_CHARACTERS_MAX
