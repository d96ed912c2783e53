"""The house keeps its rules; and each rule sees its fault when one is planted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.architecture import house

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
LONG_BODY = "\n".join(f"    x{i} = {i}" for i in range(61))
LONG_CLASS = "\n".join(f"    x{i} = {i}" for i in range(151))

PLANTED = [
    (house.no_sql_in_python, "src/carecode/visits/queue.py", 'Q = "SELECT slot FROM visits.slot"\n'),
    (house.no_sql_in_python, "src/carecode/visits/queue.py", 'def q(t: str) -> str:\n    return f"delete from {t}"\n'),
    (house.no_sql_in_python, "src/carecode/visits/queue.py", 'Q = """\n  with a as (select 1) select 2"""\n'),
    (house.sql_files_are_named, "src/carecode/visits/sql/0001_tables.sql", "create table a ();\n"),
    (house.sql_files_are_named, "src/carecode/visits/queries.sql", ""),
    (house.sql_files_are_named, "src/carecode/visits/sql/queries.sql", "-- name: all\nselect * from slot;\n"),
    (house.clock_and_chance_are_parameters, "src/carecode/visits/queue.py", "import secrets\n"),
    (house.clock_and_chance_are_parameters, "src/carecode/visits/queue.py", "from uuid import uuid4\n"),
    (house.clock_and_chance_are_parameters, "src/carecode/visits/queue.py", "import time\nNOW = time.time()\n"),
    (
        house.clock_and_chance_are_parameters,
        "src/carecode/visits/queue.py",
        "import datetime\nNOW = datetime.datetime.now(datetime.UTC)\n",
    ),
    (house.clock_and_chance_are_parameters, "src/carecode/app.py", "X = 1\n"),
    (house.sizes_are_held, "src/carecode/visits/queue.py", f"def long() -> None:\n{LONG_BODY}\n"),
    (house.sizes_are_held, "tests/visits/test_queue.py", f"class Long:\n{LONG_CLASS}\n"),
    (house.sizes_are_held, "carecode", "x = 1\n" * 401),
    (house.names_say_something, "src/carecode/visits/utils.py", ""),
    (house.names_say_something, "src/carecode/common/queue.py", ""),
    (house.names_say_something, "src/carecode/visits/queue.py", "class QueueManager:\n    pass\n"),
    (house.rooms_have_captions, "src/carecode/visits/queue.py", ""),
    (house.rooms_have_captions, "src/carecode/visits/__init__.py", ""),
    (
        house.rooms_have_captions,
        "src/carecode/visits/__init__.py",
        '"""Visits."""\nfrom carecode.visits import queue\n',
    ),
    (house.words_are_absent, "src/carecode/visits/sql/0001_expand_visit.sql", "create table v (last_location text);\n"),
    (house.words_are_absent, "src/carecode/disclosure/purposes.py", 'PURPOSES = {"EMPLOYMENT": 1}\n'),
    (house.words_are_absent, "src/carecode/api/routes.py", 'ROUTES = ["/fhir/riskRating"]\n'),
    (house.words_are_absent, "src/carecode/disclosure/policies/read.cedar", 'permit when purpose == "marketing";\n'),
    (house.locks_name_no_host, "requirements.lock", "a @ https://registry.example/a.whl\n"),
    (house.locks_name_no_host, "package-lock.json", '{"resolved": "x"}\n'),
    (house.locks_name_no_host, "uv.lock", ""),
]


@pytest.mark.parametrize("rule", house.RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps(rule: Callable[[Path], list[str]]) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize(("rule", "file", "text"), PLANTED)
def test_a_planted_fault_is_seen(rule: Callable[[Path], list[str]], file: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "src" / "carecode").mkdir(parents=True)
    path = tmp_path / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    assert len(rule(tmp_path)) == 1


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(house.RULES)


@pytest.mark.parametrize(
    "text",
    [
        '"""Select a hospital from the list."""\n',
        'TITLE = "Select a hospital"\n',
        'HINT = "Update your address, set a reminder"\n',
        'ROOM = "with a doctor"\n',
        'CALL = "call the desk"\n',
    ],
)
def test_prose_is_not_taken_for_sql(text: str, tmp_path: Path) -> None:
    path = tmp_path / "src" / "carecode" / "page.py"
    path.parent.mkdir(parents=True)
    path.write_text(text, "utf-8")
    assert house.no_sql_in_python(tmp_path) == []
