"""Patterns: the levels of a pair and what guards ask beside them, packed into one number of 36 bits.

Pure.  There are some thousand patterns among millions of pairs, so that guards and bits are asked of Python once for
each pattern: what decides in bulk is ``guards.guard`` itself.

Four bits a field in the order of ``Levels``, the lowest first; then the marks, see ``MARKS``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from carecode.identity.linking.features import Features, Placeholder, Precision
from carecode.identity.linking.guards import Guard, Verdict, guard
from carecode.identity.linking.levels import FIELDS, Levels, Number, compare

LEVEL_BITS: Final = 4
LEVELS_BITS: Final = LEVEL_BITS * len(FIELDS)
if any(len(levels) > 1 << LEVEL_BITS for levels in FIELDS.values()):  # pragma: no cover - a field grew
    raise AssertionError

_KINDS: Final = tuple(Placeholder)
_KIND: Final = "CASE {0}.placeholder " + " ".join(f"WHEN '{kind}' THEN {at}" for at, kind in enumerate(_KINDS)) + " END"
MARKS: Final = {
    "left placeholder": (2, _KIND.format("l")),
    "right placeholder": (2, _KIND.format("r")),
    "two mothers": (1, "CASE WHEN l.mother <> '' AND r.mother <> '' AND l.mother <> r.mother THEN 1 ELSE 0 END"),
    "two places among twins": (
        1,
        "CASE WHEN l.birth_order <> '' AND r.birth_order <> '' AND l.birth_order <> r.birth_order THEN 1 ELSE 0 END",
    ),
    "left in ASCII": (1, "CASE WHEN l.plain THEN 1 ELSE 0 END"),
    "right in ASCII": (1, "CASE WHEN r.plain THEN 1 ELSE 0 END"),
    "both numbers hold": (1, "CASE WHEN l.number_holds AND r.number_holds THEN 1 ELSE 0 END"),
}
"""What guards and decisions ask beyond the levels: bits and the SQL that gives them, the lowest first."""


FIELD_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "number": ("number", "number_kind", "number_holds"),
    "other": ("other_number",),
    "name": ("name", "surname", "given", "pinyin", "given_pinyin"),
    "born": ("born", "born_precision", "born_lunar"),
    "contact": ("phone", "door", "street", "locality", "postcode"),
}
"""The columns that a field's level depends on, where neither name is a placeholder; of sex, a statement tells all."""


class Pattern(NamedTuple):
    """A pattern taken apart."""

    levels: Levels
    guard: Guard
    certain: bool  # linked by its number before bits, as in ``deciding``


def marks() -> str:
    """Give the SQL of all marks as one number."""
    found, shift = [], 0
    for bits, sql in MARKS.values():
        found.append(f"{1 << shift} * ({sql})")
        shift += bits
    return "\n    + ".join(found)


def levels_of(pattern: int) -> Levels:
    """Take the levels out of a pattern.

    >>> levels_of(0x1_2_1_3_1_1).name
    <Name.TURNED: 3>
    """
    mask = (1 << LEVEL_BITS) - 1
    return Levels(
        *(kind((pattern >> (LEVEL_BITS * place)) & mask) for place, kind in enumerate(FIELDS.values()))  # type: ignore[arg-type]
    )


def level_of(field: str, values: Sequence[Any]) -> int:
    """Say the level of one field by ``compare``; ``values``: its columns of the one record, then of the other."""
    columns = FIELD_COLUMNS[field]
    count = len(columns)
    left, right = (_known(dict(zip(columns, one, strict=True))) for one in (values[:count], values[count:]))
    return int(getattr(compare(left, right), field))


def _known(values: dict[str, Any]) -> Features:
    """Make a record of some columns; the rest is unknown."""
    if "born_precision" in values:
        values["born_precision"] = Precision(values["born_precision"])
    return Features(**values)


def pattern_of(pattern: int) -> Pattern:
    """Say what levels, guard and certainty a pattern has, by two records that show its marks and nothing else."""
    levels = levels_of(pattern)
    values: dict[str, int] = {}
    rest = pattern >> LEVELS_BITS
    for name, (bits, _) in MARKS.items():
        values[name] = rest & ((1 << bits) - 1)
        rest >>= bits
    left = _record(values["left placeholder"], values["left in ASCII"], "1")
    other = "2" if values["two mothers"] else "1"
    right = _record(
        values["right placeholder"], values["right in ASCII"], other, order=values["two places among twins"]
    )
    found = guard(left, right, levels)
    certain = bool(values["both numbers hold"]) and levels.number is Number.EXACT and found.verdict is Verdict.FREE
    return Pattern(levels, found, certain)


def _record(placeholder: int, ascii_: int, mother: str, order: int = 0) -> Features:
    """Make a record with these marks."""
    return Features(
        placeholder=_KINDS[placeholder], name="a" if ascii_ else "某", mother=mother, birth_order="2" if order else "1"
    )
