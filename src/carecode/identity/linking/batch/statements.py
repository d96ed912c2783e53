"""The statements of ``sql/``, filled in with what the rules of ``linking`` say: level numbers, kinds, bits.

Pure.  One text for both engines; no value of any record ever stands in a statement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from string import Template
from typing import Final

from carecode.identity.linking.batch.keys import LETTERS, Key
from carecode.identity.linking.batch.patterns import FIELD_COLUMNS, LEVEL_BITS, marks
from carecode.identity.linking.deciding import DOUBTED, EVEN
from carecode.identity.linking.frequencies import OWN_RECORDS_MAX
from carecode.identity.linking.guards import Verdict
from carecode.identity.linking.levels import _LETTERS_END, _TWINS, FIELDS, LIFELONG, UNREADABLE
from carecode.identity.linking.lunar import _LATER
from carecode.identity.linking.model import Level, Model

_LEVELS: Final = {
    f"{kind.__name__}_{level.name}": str(int(level)) for kind in FIELDS.values() for level in kind
}  # "Name_EXACT" -> "1"


@cache
def _template(name: str) -> Template:
    """Read one statement."""
    return Template(resources.files(__package__).joinpath("sql", f"{name}.sql").read_text("utf-8"))


def statement(name: str, /, **values: object) -> str:
    """Give a statement of ``sql/`` with its places filled; every place must be."""
    return _template(name).substitute(values)


def literals(values: Sequence[str]) -> str:
    """Write texts as SQL literals; ours hold no quote and no backslash."""
    return ", ".join(f"'{value}'" for value in values)


def number(value: float) -> str:
    """Write a double so that no engine takes it for a decimal."""
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def records(terms: Sequence[str]) -> str:
    """Give the statement of ``records``, with the counts of the columns ``terms``."""
    return statement(
        "records",
        twins=" ".join(f"WHEN '{old}' THEN '{new}'" for old, new in sorted(_TWINS.items())),
        letters_end=_LETTERS_END,
        unreadable="".join(sorted(UNREADABLE)),
        held="".join(
            f",\n    CASE WHEN r.{term} = '' THEN 0 ELSE coalesce(f_{term}.held, 1) END AS held_{term}"
            for term in terms
        ),
        frequent="".join(f"\n  LEFT JOIN frequent_{term} f_{term} ON f_{term}.value = r.{term}" for term in terms),
    )


def keyed(keys: Sequence[Key], hashing: str) -> str:
    """Give the statement of keys; ``letter`` is the bit of their letter."""
    return "\nUNION ALL\n".join(
        f"SELECT {hashing}('{key.letter}', {', '.join(key.parts)}) AS k, rid, "  # noqa: S608 - columns
        f"{1 << LETTERS.index(key.letter)} AS letter, {str(key.stored).upper()} AS stored FROM records WHERE {key.when}"
        for key in keys
    )


def levels(pairs: str, terms: Sequence[str]) -> str:
    """Give the statement of levels over a table of pairs, as far as a statement can tell them."""
    return statement(
        "levels",
        **_LEVELS,
        lifelong=literals(sorted(LIFELONG)),
        lunar_least=min(_LATER),
        lunar_most=max(_LATER),
        marks=marks(),
        pairs=pairs,
        shares="".join(
            f",\n  CASE WHEN l.{term} = '' OR r.{term} = '' THEN 0 ELSE greatest(l.held_{term}, r.held_{term}) END "
            f"AS held_{term}"
            for term in terms
        ),
    )


def asking(field: str) -> str:
    """Give the statement of the pairs whose level of a field only Python can tell, with that field's columns."""
    columns = (f"{side}.{column} AS {side}_{column}" for side in "lr" for column in FIELD_COLUMNS[field])
    return statement("asking", field=field, columns=", ".join(columns))


def packed(asked: Sequence[str], terms: Sequence[str]) -> str:
    """Give the statement of patterns, with the answers of the fields ``asked``."""
    return statement(
        "packed",
        **{field: f"coalesce(p.{field}, {field}.level)" if field in asked else field for field in FIELD_COLUMNS},
        kept="".join(f", held_{term}" for term in terms),
        answers="".join(
            f"\nLEFT JOIN answers_{field} {field} ON {field}.a = p.a AND {field}.b = p.b" for field in asked
        ),
    )


def level_of(field: str, column: str = "l.pattern") -> str:
    """Give the SQL of a field's level in a pattern."""
    place = LEVEL_BITS * tuple(FIELDS).index(field)
    return f"(({column} >> {place}) & {(1 << LEVEL_BITS) - 1})"


def outcome(model: Model, *, asking: bool) -> str:
    """Give the SQL of what one pair alone leads to: ``deciding``, with and without somebody to ask."""
    limits = model.thresholds
    never, review = f"verdict = {int(Verdict.NEVER)}", f"verdict = {int(Verdict.REVIEW)}"
    if not asking:
        firm = f"{never} AND rule NOT IN ({literals(sorted(DOUBTED))})"
        least = " ".join(f"WHEN '{rule}' THEN {number(bits)}" for rule, bits in sorted(DOUBTED.items()))
        return (
            f"CASE WHEN {firm} THEN 'never' WHEN total >= CASE rule {least} ELSE {number(EVEN)} END THEN 'link' "
            "ELSE 'new' END"
        )
    link = f"verdict = {int(Verdict.FREE)} AND (certain OR total >= {number(limits.auto)})"
    least = f"CASE WHEN verdict = {int(Verdict.ASK)} THEN {number(limits.ask)} ELSE {number(limits.review)} END"
    return (
        f"CASE WHEN {never} THEN 'never' WHEN {review} THEN 'review' WHEN {link} THEN 'link' "
        f"WHEN total >= {least} THEN 'review' ELSE 'new' END"
    )


def bits_of(model: Model, known: Mapping[str, int]) -> dict[str, str]:
    """Give for each field the SQL of its bits: ``Model.score`` in a CASE.  ``known``: as in ``Frequencies``."""
    found = {}
    for place, field in enumerate(model.fields):
        weights = model._weights[place][0]  # noqa: SLF001 - the very numbers that the model adds up
        ladder = " ".join(
            f"WHEN {number_of} THEN {number(weights[number_of])}{_correction(level, known)}"
            for number_of, level in enumerate(field.levels, 1)
        )
        found[field.field] = f"CASE {level_of(field.field)} {ladder} ELSE 0e0 END"
    return found


def _correction(level: Level, known: Mapping[str, int]) -> str:
    """Give the SQL of what a value's own share adds: nothing where one of both does not know the column."""
    if not level.terms:
        return ""
    held = f"held_{level.terms}"
    share = f"(CAST({held} AS DOUBLE) / greatest({known.get(level.terms, 0)}, {held}))"
    weigh = f"{number(level.weight)} * log2({number(level.base)} / greatest({share}, {number(level.floor)}))"
    return f" + CASE WHEN {held} <= {OWN_RECORDS_MAX} THEN 0e0 ELSE {weigh} END"
