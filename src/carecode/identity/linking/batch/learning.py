"""What ``training`` learns from, counted by statements: the same evidence as ``gathering.Records.evidence``.

Some thousand patterns come out of millions of pairs, so that learning itself takes a second or two.
"""

from __future__ import annotations

from typing import Final

from carecode.identity.linking.batch.engines import Engine
from carecode.identity.linking.batch.keys import LETTERS
from carecode.identity.linking.batch.patterns import LEVELS_BITS, levels_of
from carecode.identity.linking.batch.statements import statement
from carecode.identity.linking.gathering import _GOLDEN, RANDOM_PAIRS
from carecode.identity.linking.training import SESSIONS, Agreement, Evidence, Patterns

TERMS: Final = ("name", "pinyin", "born")
"""The columns whose common values a trained model corrects for."""

_CONTACT: Final = "phone <> '' OR door <> '' OR street <> '' OR locality <> '' OR postcode <> ''"
_AGREEMENTS: Final = {
    "number": ("number <> ''", "number_kind, number"),
    "other": ("other_number <> ''", "other_number"),
    "name": ("name <> '' AND placeholder = ''", "name"),
    "pinyin": ("pinyin <> '' AND placeholder = ''", "pinyin"),
    "born": ("born <> '' AND whole", "born"),
    "phone": ("phone <> ''", "phone"),
    "door": ("door <> ''", "door"),
    "home": ("phone <> '' AND door <> ''", "phone, door"),
}
_OF_CONTACTS: Final = frozenset({"phone", "door", "home"})


def strides(count: int) -> tuple[int, dict[str, list[int]]]:
    """Give the step and the strides of the pairs that stand for strangers."""
    step = max(count // RANDOM_PAIRS, 1)
    numbers = range(1, min(max(RANDOM_PAIRS * step // max(count, 1), 1) + 1, count))
    return step, {
        "start": [number % step for number in numbers],
        "stride": [1 + int(number * _GOLDEN % 1.0 * (count - 1)) for number in numbers],
    }


def evidence(engine: Engine) -> Evidence:
    """Count what is learnt from, of ``records`` and ``levelled``, in which strangers have no letters."""
    records = engine.rows("SELECT count(*) FROM records")[0][0]
    sessions = {letter: _counts(engine, f"(letters >> {LETTERS.index(letter)}) & 1 = 1") for letter in SESSIONS}
    contacts = engine.rows(f"SELECT count(*) FROM records WHERE {_CONTACT}")[0][0]  # noqa: S608 - columns
    agreements = {}
    for name, (known, value) in _AGREEMENTS.items():
        pairs, of = map(int, engine.rows(statement("agreement", known=known, value=value, hashing=engine.hashing))[0])
        compared = contacts if name in _OF_CONTACTS else of
        agreements[name] = Agreement(pairs, compared * (compared - 1) // 2)
    return Evidence(
        records,
        {letter: patterns for letter, patterns in sessions.items() if patterns},
        _counts(engine, "letters > 0"),
        _counts(engine, "letters = 0"),
        agreements,
    )


def _counts(engine: Engine, which: str) -> Patterns:
    """Count the patterns of levels of some pairs."""
    rows = engine.rows(statement("counts", mask=(1 << LEVELS_BITS) - 1, which=which))
    return {levels_of(int(levels)): int(pairs) for levels, pairs in sorted(rows)}
