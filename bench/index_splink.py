"""The batch linker that the index is measured beside: Splink 5 on DuckDB, tuned, on the same standardised columns.

Tuned as well as we know how: phone and door are one comparison (apart, a household becomes one person), two numbers
whose check characters hold and which differ are a level of their own, names and birth dates carry term frequencies,
and EM runs on rules without a household's values.  With Splink's tutorial settings the same data lose two points.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from time import perf_counter
from typing import Any, Final, NamedTuple

import duckdb
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI
from splink.internals.exceptions import EMTrainingException

from carecode.identity.linking.features import Features, Precision
from carecode.identity.linking.levels import LIFELONG

RANDOM_PAIRS: Final = 1e6  # its own default; ten times as many take ten times as long and teach it no rare level
LEAST_BITS: Final = -10.0  # pairs below are not kept
CERTAIN: Final = 0.99  # at which clusters are made

_BOTH_HOLD: Final = '"number_holds_l" AND "number_holds_r" AND "lifelong_l" AND "lifelong_r"'
_DAYS: Final = '"day_l" IS NOT NULL AND "day_r" IS NOT NULL'

Pairs = list[tuple[int, int, float]]
"""Records by their place, and the bits of the pair."""


class Linked(NamedTuple):
    """What Splink found."""

    pairs: Pairs
    clusters: list[int]  # of each record, by place
    train_s: float
    predict_s: float
    cluster_s: float


def link(records: Sequence[Features]) -> Linked:
    """Train on ``records``, predict and cluster at CERTAIN."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    linker = _linker(connection, records)
    start = perf_counter()
    _train(linker)
    trained = perf_counter()
    predicted = linker.inference.predict(threshold_match_weight=LEAST_BITS)
    scored = perf_counter()
    clustered = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=CERTAIN
    )
    ended = perf_counter()
    pairs = connection.execute(
        f'SELECT unique_id_l, unique_id_r, match_weight FROM "{predicted.physical_name}"'  # noqa: S608 - Splink's own
    ).fetchall()
    found = dict(
        connection.execute(f'SELECT unique_id, cluster_id FROM "{clustered.physical_name}"').fetchall()  # noqa: S608
    )
    return Linked(
        pairs, [found[place] for place in range(len(records))], trained - start, scored - trained, ended - scored
    )


def _linker(connection: duckdb.DuckDBPyConnection, records: Sequence[Features]) -> Any:  # noqa: ANN401 - Splink's
    """Put the records into a table, absent values as NULL, as Splink wants them."""
    arrow: Any = importlib.import_module("pyarrow")
    columns: dict[str, list[Any]] = {
        name: [getattr(record, name) or None for record in records]
        for name in ("number", "other_number", "name", "surname", "given", "pinyin", "given_pinyin", "born", "sex")
    }
    columns |= {
        name: [getattr(record, name) or None for record in records]
        for name in ("phone", "door", "street", "locality", "postcode")
    }
    columns["born_precision"] = [record.born_precision.value for record in records]
    columns["number_holds"] = [record.number_holds for record in records]
    columns["lifelong"] = [record.number_kind.removesuffix("-15") in LIFELONG for record in records]
    columns["name"] = [None if record.placeholder else record.name or None for record in records]
    columns["pinyin"] = [None if record.placeholder else record.pinyin or None for record in records]
    columns["day"] = [record.born if record.born_precision is Precision.DAY else None for record in records]
    columns["unique_id"] = list(range(len(records)))
    connection.register("people", arrow.table(columns))
    connection.execute("CREATE TABLE input AS SELECT * FROM people")
    api = DuckDBAPI(connection=connection)
    return Linker(api.register("input"), _settings())


def _level(label: str, condition: str, **more: object) -> dict[str, object]:
    return {"sql_condition": condition, "label_for_charts": label, **more}


def _comparison(name: str, *levels: dict[str, object], missing: str) -> dict[str, object]:
    first = _level("missing", missing, is_null_level=True)
    return {"output_column_name": name, "comparison_levels": [first, *levels, _level("else", "ELSE")]}


def _null(column: str) -> str:
    return f'"{column}_l" IS NULL OR "{column}_r" IS NULL'


def _same(column: str) -> str:
    return f'"{column}_l" = "{column}_r"'


def _settings() -> SettingsCreator:
    near = 'damerau_levenshtein("number_l", "number_r") <= 2'
    number = _comparison(
        "number",
        _level("exact", _same("number")),
        _level("two that hold, near", f"{_BOTH_HOLD} AND {near}"),
        _level("two that hold", _BOTH_HOLD),
        _level("typing error", near),
        missing=_null("number"),
    )
    other = _comparison(
        "other",
        _level("exact", _same("other_number")),
        _level("near", 'damerau_levenshtein("other_number_l", "other_number_r") <= 1'),
        missing=_null("other_number"),
    )
    name = _comparison(
        "name",
        _level("exact", _same("name"), tf_adjustment_column="name"),
        _level("sound", _same("pinyin"), tf_adjustment_column="pinyin"),
        _level("turned", f'{_same("surname").replace("surname_r", "given_r")} AND "given_l" = "surname_r"'),
        _level("near", 'jaro_winkler_similarity("name_l", "name_r") >= 0.92'),
        _level("surname and a part", f'{_same("surname")} AND jaro_winkler_similarity("name_l", "name_r") >= 0.8'),
        _level("given", f"{_same('given')} OR {_same('given_pinyin')}"),
        _level("surname", _same("surname")),
        missing=_null("name"),
    )
    year = 'substr("born_l", 1, 4) = substr("born_r", 1, 4)'
    born = _comparison(
        "born",
        _level("exact", _same("day"), tf_adjustment_column="day"),
        _level(
            "swapped",
            f'{_DAYS} AND {year} AND substr("born_l", 5, 2) = substr("born_r", 7, 2)'
            ' AND substr("born_l", 7, 2) = substr("born_r", 5, 2)',
        ),
        _level("near", f'{_DAYS} AND damerau_levenshtein("born_l", "born_r") <= 1'),
        _level("month", 'substr("born_l", 1, 6) = substr("born_r", 1, 6)'),
        _level("year", year),
        missing=_null("born"),
    )
    sex = _comparison("sex", _level("same", _same("sex")), missing=_null("sex"))
    contact = _comparison(
        "contact",
        _level("both", f"{_same('phone')} AND {_same('door')}"),
        _level("phone", _same("phone")),
        _level("door", _same("door")),
        _level("place", f"{_same('street')} AND ({_same('locality')} OR {_same('postcode')})"),
        _level("locality", f"{_same('locality')} OR {_same('postcode')}"),
        missing=" AND ".join(f"({_null(column)})" for column in ("phone", "door", "street", "locality", "postcode")),
    )
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=[number, other, name, born, sex, contact],
        blocking_rules_to_generate_predictions=_rules(),
        retain_matching_columns=False,
    )


def _rules() -> list[Any]:
    """Give fifteen rules, each of two values but for the numbers."""
    pairs = (
        *("pinyin born", "given_pinyin born", "phone surname", "phone born", "phone given_pinyin", "door surname"),
        *("door born", "door given_pinyin", "name locality", "name street", "surname born", "name postcode"),
    )
    swapped = (
        "l.pinyin = r.pinyin AND substr(l.born, 1, 4) = substr(r.born, 1, 4)"
        " AND substr(l.born, 5, 2) = substr(r.born, 7, 2) AND substr(l.born, 7, 2) = substr(r.born, 5, 2)"
    )
    return [block_on("number"), block_on("other_number"), *(block_on(*pair.split()) for pair in pairs), swapped]


def _train(linker: Any) -> None:  # noqa: ANN401 - Splink's
    """Estimate the prior, u by random pairs, m by EM on rules without a household's values alone."""
    training = linker.training
    training.estimate_probability_two_random_records_match(
        [block_on("number"), block_on("other_number"), block_on("name", "born", "sex")], recall=0.9
    )
    training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=1)
    for rule in (("name", "born"), ("pinyin", "phone"), ("number",), ("other_number",)):
        with suppress(EMTrainingException):  # FEBRL has no phone: the rule finds no pairs
            training.estimate_parameters_using_expectation_maximisation(
                block_on(*rule), estimate_without_term_frequencies=True
            )
