"""The match keys of ``linking.keys`` as conditions and parts, for statements over whole tables.

One description for both: ``TEXTS`` says for each letter when a record has the key and what it is made of, in
columns of ``records`` (sql/records.sql).  The text of a key is the letter and its parts, joined by U+001F, as
``linking.keys.plain_keys`` writes it; joined are 64-bit hashes of the parts, inside the engine only.  Two keys of one
hash would only make one pair more to be weighed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

SEPARATOR: Final = "chr(31)"


class Key(NamedTuple):
    """One key of a record: its letter, the condition under which it exists and its parts, all SQL."""

    letter: str
    when: str
    parts: tuple[str, ...]
    stored: bool = True  # kept, or a likely slip that is only looked up

    def text(self) -> str:
        """Give the SQL of the key's text: what ``plain_keys`` gives."""
        return f" || {SEPARATOR} || ".join((f"'{self.letter}'", *self.parts))


_SWAPPED: Final = "substr(born, 1, 4) || substr(born, 7, 2) || substr(born, 5, 2)"
_CAN_SWAP: Final = "whole AND substr(born, 5, 2) <> substr(born, 7, 2) AND substr(born, 7, 2) <= '12'"
_LUNAR: Final = f"born_lunar <> '' AND NOT ({_CAN_SWAP} AND born_lunar = {_SWAPPED})"  # each text once
_PROVINCE: Final = "CASE WHEN is_decimal(locality) THEN substr(locality, 1, 2) ELSE '' END"

_LONG: Final = "length(number) > 16"
_STORED: Final = (
    Key("i", "number <> ''", ("number",)),
    Key("j", f"{_LONG} AND surname <> ''", ("substr(number, 1, 14)", "surname")),
    Key("t", f"{_LONG} AND own <> ''", ("substr(number, 11)", "own")),
    Key("a", "other_number <> ''", ("other_number",)),
    Key("n", "whole AND sound <> ''", ("sound", "born")),
    Key("g", "whole AND own <> ''", ("own", "born", "sex", "''")),
    Key("l", "sound <> '' AND locality <> '' AND born <> ''", ("sound", "substr(born, 1, 4)", "locality")),
    Key("p", "phone <> '' AND surname <> ''", ("phone", "surname")),
    Key("q", "phone <> '' AND born <> ''", ("phone", "born")),
    Key("r", "phone <> '' AND own <> ''", ("phone", "own")),
    Key("d", "door <> '' AND surname <> ''", ("door", "surname")),
    Key("e", "door <> '' AND born <> ''", ("door", "born")),
    Key("m", "placeholder = 'newborn' AND mother <> '' AND born <> ''", ("mother", "born")),
)

_FIRST: Final = "letters AND surname <> ''"
_SECOND: Final = "letters AND given <> '' AND given <> surname"
_TWO: Final = "letters AND surname <> '' AND given <> '' AND given <> surname"
_PARTS: Final = ((_FIRST, "surname"), (_SECOND, "given"))
_BAR: Final = (
    "CASE WHEN instr(other_number, '|') > 0 THEN substr(other_number, instr(other_number, '|') + 1) ELSE '' END"
)
_NUMBER: Final = f"CASE WHEN number <> '' THEN number ELSE {_BAR} END"
_HALF: Final = f"(length({_NUMBER}) - length({_NUMBER}) % 2) / 2"
_HEAD: Final = f"substr({_NUMBER}, 1, CAST({_HALF} AS INT))"
_TAIL: Final = f"substr({_NUMBER}, CAST({_HALF} AS INT) + 1)"
_SKELETON: Final = "least(skeleton(surname), skeleton(given)) || ' ' || greatest(skeleton(surname), skeleton(given))"
_PLACES: Final = (
    ("street <> ''", "street"),
    ("locality <> '' AND locality <> street", "locality"),
    ("postcode <> '' AND postcode <> street AND postcode <> locality", "postcode"),
)
_HALVES: Final = ((f"length({_NUMBER}) > 1", _HEAD), (f"length({_NUMBER}) > 1 AND {_TAIL} <> {_HEAD}", _TAIL))
_LETTERS: Final = (
    *(Key("h", f"{when} AND whole", (part, "born")) for when, part in _PARTS),
    *(Key("b", f"letters AND whole AND {when}", ("born", place)) for when, place in _PLACES),
    Key("w", f"{_TWO} AND whole", ("name", "substr(born, 1, 4)")),
    Key("w", f"{_TWO} AND whole AND substr(born, 5) <> substr(born, 1, 4)", ("name", "substr(born, 5)")),
    *(Key("k", f"{_TWO} AND {when}", ("name", place)) for when, place in _PLACES),
    Key("u", f"{_TWO} AND length({_SKELETON}) > 6", (_SKELETON,)),
    *(Key("s", f"{when} AND postcode <> ''", (part, "postcode")) for when, part in _PARTS),
    *(Key("z", f"letters AND postcode <> '' AND {when}", (half, "postcode")) for when, half in _HALVES),
    *(Key("f", f"{when} AND door <> ''", ("door", part)) for when, part in _PARTS),
    *(Key("v", f"{when} AND {known}", (half, part)) for when, part in _PARTS for known, half in _HALVES),
)

_OTHER_DAYS: Final = ((_CAN_SWAP, _SWAPPED), (_LUNAR, "born_lunar"))
_TURNED: Final = "given_pinyin || substr(pinyin, 1, cut)"
_ASKED: Final = (
    *(Key("n", f"sound <> '' AND {when}", ("sound", day), stored=False) for when, day in _OTHER_DAYS),
    *(Key("q", f"phone <> '' AND {when}", ("phone", day), stored=False) for when, day in _OTHER_DAYS),
    *(Key("e", f"door <> '' AND {when}", ("door", day), stored=False) for when, day in _OTHER_DAYS),
    Key("n", "turned <> '' AND whole", ("turned", "born"), stored=False),
    *(
        Key("g", f"whole AND own <> '' AND {when}", ("own", "born", f"'{sex}'", "''"), stored=False)
        for when, sex in (("sex = ''", "male"), ("sex = ''", "female"), ("sex <> ''", ""))
    ),
)

ALL: Final = (*_STORED, *_LETTERS, *_ASKED)
LETTERS: Final = tuple(dict.fromkeys(key.letter for key in ALL))


def keys_of(letter: str, *, provinces: bool = False) -> tuple[Key, ...]:
    """Give the keys of one letter; ``provinces`` as in ``linking.keys``."""
    found = tuple(key for key in ALL if key.letter == letter)
    if letter != "g" or not provinces:
        return found
    return tuple(key._replace(parts=(*key.parts[:-1], _PROVINCE)) for key in found)
