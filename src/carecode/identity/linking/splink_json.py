"""Splink's model JSON, out and in, for the levels that both know.

Pure.  Splink (MoJ, MIT licence) is a batch linker in SQL; its settings hold for each comparison its levels with a
SQL condition, m, u and term frequencies.  What goes out runs in Splink on a table whose columns are ``Features``.

SQL has no words for some of our levels (a character that could not be read, a slip inside a word of a name): what
is at such a level falls to Splink's ELSE.  ``KNOWN`` says which levels mean the same there and here; only for pairs
at these are the weights of both equal.  DuckDB counts distances in bytes, so distances are exported of numbers only.

Weights: Splink writes ``probability_two_random_records_match`` for our prior and log2(m / u) for our bits.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from carecode.identity.linking.levels import FIELDS
from carecode.identity.linking.model import Field, Level, Model, check
from carecode.kernel.errors import InvalidInputError

_BOTH: Final = "(\"{0}_l\" <> '' AND \"{0}_r\" <> '')"
_SAME: Final = '("{0}_l" <> \'\' AND "{0}_l" = "{0}_r")'
_NAMED: Final = "(\"placeholder_l\" = '' AND \"placeholder_r\" = '')"
_WHOLE: Final = "((\"surname_l\" <> '' AND \"given_l\" <> '') OR (\"surname_r\" <> '' AND \"given_r\" <> ''))"
_NUMBERS: Final = '("number_l" <> \'\' AND "number_r" <> \'\' AND "number_kind_l" = "number_kind_r")'
_HOLD: Final = (
    '("number_holds_l" AND "number_holds_r" AND "number_kind_l" IN '
    "('citizen-id', 'hmt-residence', 'foreign-resident'))"
)
_NEAR: Final = 'damerau_levenshtein("number_l", "number_r") <= 2'
_DAYS: Final = "(\"born_precision_l\" = 'day' AND \"born_precision_r\" = 'day')"
_YEAR: Final = 'substr("born_l", 1, 4) = substr("born_r", 1, 4)'


def _same(column: str) -> str:
    """Write that a column is known and equal."""
    return _SAME.format(column)


CONDITIONS: Final[dict[str, dict[str, str]]] = {
    "number": {
        "exact": f'{_NUMBERS} AND "number_l" = "number_r"',
        "near": f"{_NUMBERS} AND NOT {_HOLD} AND {_NEAR}",
        "neighbour": f"{_HOLD} AND {_NEAR}",
        "different": f"{_HOLD}",
        "doubtful": "ELSE",
    },
    "other": {"exact": _same("other_number"), "different": "ELSE"},
    "name": {
        "exact": f"{_NAMED} AND {_same('name')} AND {_WHOLE}",
        "sound": f"{_NAMED} AND {_same('pinyin')}",
        "different": "ELSE",
    },
    "born": {
        "exact": f"{_DAYS} AND {_same('born')}",
        "swapped": f'{_DAYS} AND {_YEAR} AND substr("born_l", 5, 2) = substr("born_r", 7, 2)'
        ' AND substr("born_l", 7, 2) = substr("born_r", 5, 2)',
        "different": "ELSE",
    },
    "sex": {"same": _same("sex"), "different": "ELSE"},
    "contact": {
        "both": f"{_same('phone')} AND {_same('door')}",
        "phone": _same("phone"),
        "door": _same("door"),
        "none": "ELSE",
    },
}
"""Field -> level -> DuckDB condition, in the order in which Splink tries them; ELSE is the last."""

MISSING: Final = {
    "number": f"NOT {_NUMBERS}",
    "other": f"NOT {_BOTH.format('other_number')}"
    " OR split_part(\"other_number_l\", '|', 1) <> split_part(\"other_number_r\", '|', 1)",
    "name": f"NOT {_NAMED} OR NOT {_BOTH.format('name')}",
    "born": f"NOT {_BOTH.format('born')}",
    "sex": f"NOT {_BOTH.format('sex')}",
    "contact": " AND ".join(
        f"NOT {_BOTH.format(column)}" for column in ("phone", "door", "street", "locality", "postcode")
    ),
}
"""Field -> condition under which nothing is compared, Splink's null level."""

KNOWN: Final = {
    "number": frozenset({"exact", "near", "doubtful", "neighbour", "different"}),
    "other": frozenset({"exact", "different"}),
    "name": frozenset({"exact", "sound", "different"}),
    "born": frozenset({"exact", "swapped", "different"}),
    "sex": frozenset({"same", "different"}),
    "contact": frozenset({"both", "phone", "door", "none"}),
}
"""The levels that mean the same in Splink as here."""


def to_splink(model: Model) -> dict[str, Any]:
    """Write a model as Splink 5 settings for DuckDB; ``json.dumps`` makes the file that ``Linker`` reads.

    Term frequencies go out for "exact" levels with Splink's own columns; ``floor`` becomes its minimum u.
    """
    return {
        "link_type": "dedupe_only",
        "probability_two_random_records_match": model.prior,
        "unique_id_column_name": "unique_id",
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": True,
        "blocking_rules_to_generate_predictions": ["1=1"],
        "comparisons": [_comparison(field) for field in model.fields],
    }


def from_splink(settings: dict[str, Any], model: Model) -> Model:
    """Give ``model`` with the m and u that Splink trained, for the levels that both know; others keep theirs.

    Levels are found by ``output_column_name`` and ``label_for_charts`` as ``to_splink`` wrote them.  A level that
    Splink left untrained keeps the model's value.  Raises InvalidInputError for settings that are none of ours.
    """
    found = {one.get("output_column_name"): one for one in _list(settings, "comparisons")}
    missing = [field for field in FIELDS if field not in found]
    if missing:
        raise _invalid(f"it has no comparison {', '.join(missing)}")
    prior = settings.get("probability_two_random_records_match", model.prior)
    if isinstance(prior, bool) or not isinstance(prior, int | float):
        raise _invalid("probability_two_random_records_match is no number")
    read = msgspec.structs.replace(
        model,
        prior=float(prior),
        fields=tuple(_field(field, _list(found[field.field], "comparison_levels")) for field in model.fields),
    )
    check(read)
    return read


def _comparison(field: Field) -> dict[str, Any]:
    """Write one field: the null level, then the conditions in their order."""
    levels = {level.level: level for level in field.levels}
    written: list[dict[str, Any]] = [
        {"sql_condition": MISSING[field.field], "label_for_charts": "missing", "is_null_level": True}
    ]
    written += [_written(name, condition, levels[name]) for name, condition in CONDITIONS[field.field].items()]
    return {"output_column_name": field.field, "comparison_levels": written}


def _written(name: str, condition: str, level: Level) -> dict[str, Any]:
    """Write one level."""
    row: dict[str, Any] = {
        "sql_condition": condition,
        "label_for_charts": name,
        "m_probability": level.m,
        "u_probability": level.u,
    }
    if level.terms and name == "exact":
        row["tf_adjustment_column"] = level.terms
        row["tf_adjustment_weight"] = level.weight
        row["tf_minimum_u_value"] = level.floor
    return row


def _field(field: Field, rows: list[dict[str, Any]]) -> Field:
    """Read m and u of the known levels."""
    by_label = {row.get("label_for_charts"): row for row in rows}
    known = KNOWN[field.field]
    return msgspec.structs.replace(
        field,
        levels=tuple(
            _read(field.field, level, by_label[level.level])
            if level.level in known and level.level in by_label
            else level
            for level in field.levels
        ),
    )


def _read(field: str, level: Level, row: dict[str, Any]) -> Level:
    """Read one level; what is not there was not trained."""
    values = {}
    for name, key in (("m", "m_probability"), ("u", "u_probability")):
        value = row.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _invalid(f"{field}.{level.level}.{key} is no number")
        values[name] = float(value)
    return msgspec.structs.replace(level, **values)


def _list(place: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Take a list of objects."""
    value = place.get(name)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise _invalid(f"{name} is no list of objects")
    return value


def _invalid(what: str) -> InvalidInputError:
    """Say what is wrong with Splink's settings."""
    return InvalidInputError("linking-splink-invalid", f"The Splink model cannot be read: {what}.")
