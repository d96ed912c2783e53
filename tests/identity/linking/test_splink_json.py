from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Mapping
from itertools import combinations
from random import Random
from typing import Any

import msgspec
import pytest

from carecode.identity.linking.features import Features, Precision
from carecode.identity.linking.levels import FIELDS, compare
from carecode.identity.linking.model import load, shipped
from carecode.identity.linking.splink_json import CONDITIONS, KNOWN, from_splink, to_splink
from carecode.kernel.errors import InvalidInputError
from tests.identity.linking.test_levels import LIN

MODEL = shipped()


def without_terms() -> Any:  # noqa: ANN401 - a Model
    plain = json.loads(MODEL.canonical())
    for field in plain["fields"]:
        for level in field["levels"]:
            for name in ("terms", "base", "weight", "floor"):
                level.pop(name, None)
    return load(json.dumps(plain).encode())


def test_every_known_level_is_ours_and_goes_out_and_in() -> None:
    for field, known in KNOWN.items():
        assert known <= {level.name.lower() for level in FIELDS[field]}
        assert known == set(CONDITIONS[field])
        assert list(CONDITIONS[field].values())[-1] == "ELSE"
    settings = json.loads(json.dumps(to_splink(MODEL)))
    assert from_splink(settings, MODEL) == MODEL
    assert from_splink(settings, MODEL).version == MODEL.version


def test_what_splink_trained_comes_in() -> None:
    settings = to_splink(MODEL)
    sex = next(one for one in settings["comparisons"] if one["output_column_name"] == "sex")
    sex["comparison_levels"][1].update(m_probability=0.75, u_probability=0.25)
    sex["comparison_levels"][2].update(m_probability=0.25, u_probability=None)  # left untrained
    settings["probability_two_random_records_match"] = 0.001
    read = from_splink(settings, MODEL)
    assert read.prior == 0.001
    before, after = MODEL.fields[4].levels, read.fields[4].levels
    assert (after[0].m, after[0].u) == (0.75, 0.25)
    assert (after[1].m, after[1].u) == (0.25, before[1].u)
    assert read.fields[:4] == MODEL.fields[:4]


def changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(json.dumps(to_splink(MODEL)))
    place: Any = settings
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return settings


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "comparisons"),
        ({"comparisons": []}, "no comparison number, other"),
        ({"comparisons": [1]}, "no list of objects"),
        (changed(("comparisons", 0, "comparison_levels"), "x"), "comparison_levels"),
        (changed(("comparisons", 0, "comparison_levels", 1, "m_probability"), "often"), "number.exact.m_probability"),
        (changed(("comparisons", 0, "comparison_levels", 1, "m_probability"), True), "number.exact.m_probability"),
        (changed(("comparisons", 0, "comparison_levels", 1, "m_probability"), 2.0), "fields.number.exact.m"),
        (changed(("probability_two_random_records_match",), 0), "prior"),
        (changed(("probability_two_random_records_match",), "rare"), "probability_two_random_records_match"),
    ],
)
def test_settings_that_are_none_of_ours_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        from_splink(settings, MODEL)


def records(count: int) -> list[Features]:
    random = Random(5)
    made = []
    for _ in range(count):
        values: Mapping[str, tuple[object, ...]] = {
            "number": ("", LIN.number, "990105198503120042", "990105198503120029", "990106197001010015"),
            "other_number": ("", LIN.other_number, "urn:carecode:id:insurance|B7654321", "urn:x|1"),
            "born": ("", "19850312", "19851203", "19730312"),
            "sex": ("", "male", "female"),
            "phone": ("", "13900000001", "13900000002"),
            "door": ("", LIN.door, "长江路1号", "和平街77号9室"),
            "number_holds": (True, False),
        }
        name, surname, own, pinyin, sound = random.choice(
            (
                ("林晓梅", "林", "晓梅", "linxiaomei", "xiaomei"),
                ("林小美", "林", "小美", "linxiaomei", "xiaomei"),
                ("王国强", "王", "国强", "wangguoqiang", "guoqiang"),
                ("", "", "", "", ""),
            )
        )
        drawn: dict[str, Any] = {column: random.choice(choices) for column, choices in values.items()}
        made.append(
            Features(
                **drawn,
                number_kind="citizen-id" if drawn["number"] else "",
                born_precision=Precision.DAY if drawn["born"] else Precision.NONE,
                name=name,
                surname=surname,
                given=own,
                pinyin=pinyin,
                given_pinyin=sound,
            )
        )
    return made


@pytest.mark.skipif(importlib.util.find_spec("splink") is None, reason="splink is not installed")
def test_splink_weighs_alike() -> None:
    duckdb, splink = importlib.import_module("duckdb"), importlib.import_module("splink")

    model = without_terms()
    people = records(120)
    connection = duckdb.connect()
    rows = [{"unique_id": place, **msgspec.to_builtins(one)} for place, one in enumerate(people)]
    columns = list(rows[0])
    kinds = ", ".join(
        f"{one} {'BIGINT' if one == 'unique_id' else 'BOOLEAN' if one == 'number_holds' else 'VARCHAR'}"
        for one in columns
    )
    connection.execute(f"CREATE TABLE people ({kinds})").fetchall()
    marks = ", ".join("?" for _ in columns)
    connection.executemany(f"INSERT INTO people VALUES ({marks})", [list(row.values()) for row in rows])  # noqa: S608
    api = splink.DuckDBAPI(connection)
    linker = splink.Linker(api.register("people"), to_splink(model))
    predicted = linker.inference.predict().as_record_list()
    weights = {tuple(sorted((one["unique_id_l"], one["unique_id_r"]))): one["match_weight"] for one in predicted}
    compared = 0
    for a, b in combinations(range(len(people)), 2):
        levels = compare(people[a], people[b])
        if all(not x or x.name.lower() in KNOWN[field] for field, x in zip(FIELDS, levels, strict=True)):
            compared += 1
            assert weights[a, b] == pytest.approx(model.score(levels, {}).total, abs=1e-6)
    assert compared > 1000
