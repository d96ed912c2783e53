"""Splink 5, tuned, on the same standardised columns: what the batch path is measured beside.

The tuning is what helped Splink most on such data: phone and door are one comparison (a household agrees in both), two
numbers that hold and differ by a slip are twins, training blocks on name with birth date, sound with phone, and number,
never on phone with surname; fifteen blocking rules; term frequencies of names and dates.
"""

from __future__ import annotations

import importlib
import time
import warnings
from pathlib import Path
from typing import Any, Final

THRESHOLD: Final = 0.99
RANDOM_PAIRS: Final = 1e6  # Splink's own default; ten times as many make it three times as slow and no better
_NULLS: Final = (
    "number",
    "number_kind",
    "other_number",
    "name",
    "surname",
    "given",
    "pinyin",
    "given_pinyin",
    "mother",
    "born",
    "born_lunar",
    "sex",
    "phone",
    "door",
    "locality",
    "street",
    "postcode",
)
_BOTH: Final = "({0}_l IS NULL OR {0}_r IS NULL)"
_HOLD: Final = "number_holds_l AND number_holds_r"
_YEAR: Final = "substr(born_l, 1, 4) = substr(born_r, 1, 4)"
_SWAPPED: Final = (
    f"{_YEAR} AND substr(born_l, 5, 2) = substr(born_r, 7, 2) AND substr(born_l, 7, 2) = substr(born_r, 5, 2)"
)

Levels = list[tuple[str, str]]
_COMPARISONS: Final[dict[str, tuple[str, Levels]]] = {
    "number": (
        _BOTH.format("number"),
        [
            ("number_l = number_r", ""),
            (f"NOT ({_HOLD}) AND levenshtein(number_l, number_r) <= 2", ""),
            (f"{_HOLD} AND levenshtein(number_l, number_r) <= 2", ""),
            (_HOLD, ""),
        ],
    ),
    "other": (
        _BOTH.format("other_number"),
        [("other_number_l = other_number_r", ""), ("levenshtein(other_number_l, other_number_r) <= 1", "")],
    ),
    "name": (
        _BOTH.format("name"),
        [
            ("name_l = name_r", "name"),
            ("pinyin_l = pinyin_r", "pinyin"),
            ("surname_l = given_r AND given_l = surname_r", ""),
            ("jaro_winkler_similarity(pinyin_l, pinyin_r) >= 0.94", ""),
            ("given_pinyin_l = given_pinyin_r", ""),
            ("surname_l = surname_r", ""),
        ],
    ),
    "birth": (
        _BOTH.format("born"),
        [
            ("born_l = born_r", "born"),
            (_SWAPPED, ""),
            ("born_lunar_l = born_r OR born_l = born_lunar_r", ""),
            ("levenshtein(born_l, born_r) <= 1", ""),
            ("substr(born_l, 1, 6) = substr(born_r, 1, 6)", ""),
            (_YEAR, ""),
        ],
    ),
    "sexes": (_BOTH.format("sex"), [("sex_l = sex_r", "")]),
    "contact": (
        "coalesce(phone_l, door_l, locality_l) IS NULL OR coalesce(phone_r, door_r, locality_r) IS NULL",
        [
            ("phone_l = phone_r AND door_l = door_r", ""),
            ("phone_l = phone_r", ""),
            ("door_l = door_r", ""),
            ("levenshtein(phone_l, phone_r) <= 1", ""),
            ("street_l = street_r AND locality_l = locality_r", ""),
            ("locality_l = locality_r", ""),
        ],
    ),
}
_RULES: Final = (
    ("number",),
    ("substr({}.number, 1, 14)", "surname"),
    ("substr({}.number, 11)", "given_pinyin"),
    ("other_number",),
    ("born", "pinyin"),
    ("born", "given_pinyin", "sex"),
    ("phone", "surname"),
    ("phone", "born"),
    ("phone", "given_pinyin"),
    ("door", "surname"),
    ("door", "born"),
    ("pinyin", "substr({}.born, 1, 4)", "locality"),
    ("mother", "born"),
    ("born", "name"),
)
_TURNED: Final = "l.pinyin = r.pinyin AND substr(l.born, 1, 4) || substr(l.born, 7, 2) || substr(l.born, 5, 2) = r.born"


def run(source: Path, out: Path | None = None) -> dict[str, float]:
    """Train, predict and cluster; give the seconds of each and of all, and the pairs that were scored."""
    splink: Any = importlib.import_module("splink")
    duckdb: Any = importlib.import_module("duckdb")
    warnings.simplefilter("ignore")
    base = duckdb.connect(":memory:")
    listed = ", ".join(f"nullif({column}, '') AS {column}" for column in _NULLS)
    base.execute(
        f"CREATE TABLE people AS SELECT rid AS unique_id, number_holds, {listed} FROM read_parquet('{source}')"  # noqa: S608
    ).fetchall()
    started = time.perf_counter()
    linker = splink.Linker(splink.DuckDBAPI(base).register("people"), _settings(), log_level=50)
    training = linker.training
    training.estimate_probability_two_random_records_match(
        ["l.number = r.number", "l.pinyin = r.pinyin AND l.born = r.born AND l.phone = r.phone"], recall=0.8
    )
    training.estimate_u_using_random_sampling(max_pairs=RANDOM_PAIRS, seed=1)
    for block in (
        "l.name = r.name AND l.born = r.born",
        "l.pinyin = r.pinyin AND l.phone = r.phone",
        "l.number = r.number",
    ):
        training.estimate_parameters_using_expectation_maximisation(
            block, fix_u_probabilities=True, record_sample_proportion=1.0
        )
    trained = time.perf_counter()
    predicted = linker.inference.predict(threshold_match_weight=-10)
    scored = time.perf_counter()
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, THRESHOLD)
    ended = time.perf_counter()
    if out is not None:
        base.execute(
            f"COPY (SELECT unique_id AS rid, cluster_id AS person FROM {clusters.physical_name}) "  # noqa: S608
            f"TO '{out}' (FORMAT parquet)"
        ).fetchall()
    pairs = base.execute(f"SELECT count(*) FROM {predicted.physical_name}").fetchall()[0][0]  # noqa: S608
    return {
        "train_s": trained - started,
        "predict_s": scored - trained,
        "cluster_s": ended - scored,
        "seconds": ended - started,
        "pairs": pairs,
    }


def _settings() -> dict[str, Any]:
    """Write the settings."""
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "sql_dialect": "duckdb",
        "probability_two_random_records_match": 1e-6,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "em_convergence": 0.001,
        "max_iterations": 25,
        "comparisons": [_comparison(name, *found) for name, found in _COMPARISONS.items()],
        "blocking_rules_to_generate_predictions": [*map(_rule, _RULES), _TURNED],
    }


def _comparison(name: str, unknown: str, levels: Levels) -> dict[str, Any]:
    """Write one comparison."""
    found: list[dict[str, Any]] = [{"sql_condition": unknown, "label_for_charts": "unknown", "is_null_level": True}]
    for condition, terms in levels:
        level: dict[str, Any] = {"sql_condition": condition, "label_for_charts": condition}
        if terms:
            level |= {"tf_adjustment_column": terms, "tf_adjustment_weight": 1.0}
        found.append(level)
    found.append({"sql_condition": "ELSE", "label_for_charts": "else"})
    return {"output_column_name": name, "comparison_levels": found}


def _rule(parts: tuple[str, ...]) -> str:
    """Write a blocking rule."""
    texts = (part if "{}" in part else f"{{}}.{part}" for part in parts)
    return " AND ".join(f"{text.format('l')} = {text.format('r')}" for text in texts)
