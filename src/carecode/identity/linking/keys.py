"""Match keys: two records that may be one person share at least one.  The index looks up nothing else.

Pure.  A key is the keyed 64-bit BLAKE2b (RFC 7693) of a letter and one or two fields, signed as PostgreSQL's
bigint.  Without the index's secret a stolen key table cannot be tried against a list of names or numbers.  What it
still shows: how many records share a key, hence that some value is common, and which records share one.

Two fields a key, because one field alone makes long lists: "born and given name" also carries the sex, and the
province where ``provinces`` is set (indexes above some hundred million records).
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from carecode.identity.linking.features import Features, Placeholder, Precision
from carecode.kernel.errors import InvalidInputError

KEY_BYTES: Final = 8
SECRET_BYTES_LEAST: Final = 16
SECRET_BYTES_MAX: Final = 64  # BLAKE2b's own bound
KEYS_MAX: Final = 40  # of one record, variants included

LETTERS: Final = {
    "i": "number",
    "j": "number but its last four, and surname",
    "t": "the end of the number, and given name",
    "a": "other number",
    "n": "born and whole name",
    "g": "born, given name and sex",
    "h": "born and surname, of names in letters",
    "p": "phone and surname",
    "q": "phone and born",
    "r": "phone and given name",
    "d": "door and surname",
    "f": "door and given name, of names in letters",
    "e": "door and born",
    "l": "whole name, year and locality",
    "b": "born and street, locality or postcode, of names in letters",
    "w": "whole name with the year, and with the day, of names in letters",
    "k": "whole name and street, locality or postcode, of names in letters",
    "s": "either part of the name and postcode, of names in letters",
    "z": "halves of a number, each with the postcode, of names in letters",
    "u": "consonants of the whole name in any order, of names in letters",
    "v": "halves of a number, each with either part of the name, of names in letters",
    "m": "newborn: mother and born",
}
"""What each letter stands for; ``training`` leaves a key's own fields out where it finds pairs by it."""

_SIX: Final = 6
_END: Final = 10  # a citizen number from here on: day-of-birth digits of the year, order number, check character
_PROVINCE: Final = 2


class Keyer:
    """Makes keys under one secret.  Holds no state but the secret."""

    __slots__ = ("_base",)

    def __init__(self, secret: bytes) -> None:
        """Take the index's secret, 16 to 64 random bytes.  Raises InvalidInputError for any other length."""
        if not SECRET_BYTES_LEAST <= len(secret) <= SECRET_BYTES_MAX:
            raise InvalidInputError(
                "linking-secret-invalid",
                f"The secret of the match keys has {SECRET_BYTES_LEAST} to {SECRET_BYTES_MAX} bytes.",
            )
        self._base = blake2b(digest_size=KEY_BYTES, key=secret)

    def token(self, name: str, value: str) -> int:
        """Key one value under a name: a signed 64-bit number."""
        hashed = self._base.copy()
        hashed.update(f"{name}\x1f{value}".encode())
        return int.from_bytes(hashed.digest(), signed=True)

    def stored(self, record: Features, *, provinces: bool = False) -> tuple[int, ...]:
        """Give the keys under which a record is kept, sorted, each once.  About 10 us."""
        return self._hash(plain_keys(record, provinces=provinces))

    def asked(self, record: Features, *, provinces: bool = False) -> tuple[int, ...]:
        """Give the keys under which a record is looked up: the stored ones and its likely slips."""
        return self._hash({*plain_keys(record, provinces=provinces), *plain_variants(record, provinces=provinces)})

    def _hash(self, texts: set[str]) -> tuple[int, ...]:
        """Hash each text."""
        base, keys = self._base, set()
        for text in texts:
            hashed = base.copy()
            hashed.update(text.encode())
            keys.add(int.from_bytes(hashed.digest(), signed=True))
        return tuple(sorted(keys))


def plain_keys(record: Features, *, provinces: bool = False) -> set[str]:
    """Give the texts behind the stored keys.  They name a person: never store or log them."""
    texts = {
        *_of_numbers(record),
        *_of_name_and_birth(record, provinces=provinces),
        *_of_contact(record),
    }
    if _in_letters(record):
        texts.update(_of_letters(record))
    if record.placeholder is Placeholder.NEWBORN and record.mother and record.born:
        texts.add(f"m\x1f{record.mother}\x1f{record.born}")
    return texts


def plain_variants(record: Features, *, provinces: bool = False) -> set[str]:
    """Give the texts of likely slips, looked up and never stored: swapped date, turned name, lunar date, other sex."""
    texts: set[str] = set()
    sound = _sound(record)
    swapped = _swapped(record)
    for born in filter(None, (swapped, record.born_lunar)):
        if sound:
            texts.add(f"n\x1f{sound}\x1f{born}")
        if record.phone:
            texts.add(f"q\x1f{record.phone}\x1f{born}")
        if record.door:
            texts.add(f"e\x1f{record.door}\x1f{born}")
    cut = len(record.pinyin) - len(record.given_pinyin)
    if record.given_pinyin and cut > 0 and record.pinyin[cut:] == record.given_pinyin and _whole(record):
        texts.add(f"n\x1f{record.given_pinyin}{record.pinyin[:cut]}\x1f{record.born}")
    if _whole(record) and _given(record):
        for sex in ({"male", "female", ""} if not record.sex else {""}) - {record.sex}:
            texts.add(_born_and_given(record, sex, provinces=provinces))
    return texts


def _of_numbers(record: Features) -> Iterator[str]:
    """Give the keys of the numbers."""
    if record.number:
        yield f"i\x1f{record.number}"
        if len(record.number) > _END + _SIX:
            if record.surname:
                yield f"j\x1f{record.number[:14]}\x1f{record.surname}"
            if _given(record):
                yield f"t\x1f{record.number[_END:]}\x1f{_given(record)}"
    if record.other_number:
        yield f"a\x1f{record.other_number}"


def _of_name_and_birth(record: Features, *, provinces: bool) -> Iterator[str]:
    """Give the keys of name with birth."""
    sound, given = _sound(record), _given(record)
    if _whole(record):
        if sound:
            yield f"n\x1f{sound}\x1f{record.born}"
        if given:
            yield _born_and_given(record, record.sex, provinces=provinces)
    if sound and record.locality and record.born:
        yield f"l\x1f{sound}\x1f{record.born[:4]}\x1f{record.locality}"


def _born_and_given(record: Features, sex: str, *, provinces: bool) -> str:
    """Give the key of born and given name, whose lists would be the longest: it carries more."""
    province = record.locality[:_PROVINCE] if provinces and record.locality.isdecimal() else ""
    return f"g\x1f{_given(record)}\x1f{record.born}\x1f{sex}\x1f{province}"


def _of_contact(record: Features) -> Iterator[str]:
    """Give the keys of phone and door: never alone, a household shares them."""
    if record.phone:
        if record.surname:
            yield f"p\x1f{record.phone}\x1f{record.surname}"
        if record.born:
            yield f"q\x1f{record.phone}\x1f{record.born}"
        if _given(record):
            yield f"r\x1f{record.phone}\x1f{_given(record)}"
    if record.door:
        if record.surname:
            yield f"d\x1f{record.door}\x1f{record.surname}"
        if record.born:
            yield f"e\x1f{record.door}\x1f{record.born}"


def _of_letters(record: Features) -> Iterator[str]:
    """Give the keys of names in letters: a slip changes what is keyed as a whole, and either part may be first."""
    parts = sorted({record.surname, record.given} - {""})
    if _whole(record):
        for part in parts:
            yield f"h\x1f{part}\x1f{record.born}"
        for place in {record.street, record.locality, record.postcode} - {""}:
            yield f"b\x1f{record.born}\x1f{place}"
    if len(parts) == 2:  # noqa: PLR2004 - surname and given name
        yield from _of_two_parts(record, parts)
    number = record.number or record.other_number.partition("|")[2]
    cut = len(number) // 2
    halves = (number[:cut], number[cut:]) if cut else ()
    for part in parts:
        if record.door:
            yield f"f\x1f{record.door}\x1f{part}"
        if record.postcode:
            yield f"s\x1f{part}\x1f{record.postcode}"
        yield from (f"v\x1f{half}\x1f{part}" for half in halves)
    if record.postcode:
        yield from (f"z\x1f{half}\x1f{record.postcode}" for half in halves)


def _of_two_parts(record: Features, parts: list[str]) -> Iterator[str]:
    """Give the keys of a whole name in letters."""
    if _whole(record):
        yield f"w\x1f{record.name}\x1f{record.born[:4]}"
        yield f"w\x1f{record.name}\x1f{record.born[4:]}"
    for place in {record.street, record.locality, record.postcode} - {""}:
        yield f"k\x1f{record.name}\x1f{place}"
    skeleton = " ".join(sorted(_consonants(part) for part in parts))
    if len(skeleton) > _SIX:
        yield f"u\x1f{skeleton}"


def _consonants(word: str) -> str:
    """Give the first letter and the consonants after it in alphabetical order, each once: slips change it seldom."""
    return word[0] + "".join(sorted(set(word[1:]) - set("aeiouyhw")))


def _whole(record: Features) -> bool:
    """Whether the whole date is known."""
    return record.born_precision is Precision.DAY


def _sound(record: Features) -> str:
    """Give what stands for the whole name: its sound, else its writing; "" for a placeholder."""
    return "" if record.placeholder is not Placeholder.NOT else record.pinyin or record.name


def _given(record: Features) -> str:
    """Give what stands for the given name."""
    return "" if record.placeholder is not Placeholder.NOT else record.given_pinyin or record.given


def _in_letters(record: Features) -> bool:
    """Whether the name is written in letters, where a slip changes the key of the whole name."""
    return record.placeholder is Placeholder.NOT and bool(record.name) and record.name.isascii()


def _swapped(record: Features) -> str:
    """Give the date with day and month swapped, "" where that is no other date."""
    born = record.born
    if not _whole(record) or born[4:6] == born[6:8] or born[6:8] > "12":
        return ""
    return born[:4] + born[6:8] + born[4:6]
