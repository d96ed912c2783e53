"""The day by commands alone: the script that the README shows, run word for word."""

from __future__ import annotations

import re
from pathlib import Path

from carecode.identity.identifiers import CHECK_CHARACTER
from tests.day.town import Town, run

SCRIPT = Path(__file__).parents[2] / "docs" / "day.sh"
RECEIPT = re.compile(r"receipt:? ([0-9A-F]{4}-[0-9A-F]{4})")


def test_the_script_of_the_readme_runs_a_day(town: Town) -> None:
    done = run(str(town.data), program=SCRIPT)
    assert (done.code, done.err) == (0, "")
    steps = re.split(r"^\d\. ", done.out, flags=re.MULTILINE)[1:]
    assert len(steps) == 8
    enrolled, shown, checked_in, again, opened, looked, shut_out, _let_in = steps
    assert CHECK_CHARACTER in enrolled
    assert re.search(r"within ten minutes: \d{8}$", enrolled, re.MULTILINE)
    [code] = re.findall(r"^CC1.{128}$", shown, re.MULTILINE)
    assert re.search(r"^name: 周雪$", checked_in, re.MULTILINE)
    assert re.search(r"^queue_number: [A-Z]-\d{3}$", checked_in, re.MULTILINE)
    assert code not in checked_in
    assert "was used already" in again
    first, second = RECEIPT.findall(opened), RECEIPT.findall(shut_out)
    assert first != second
    assert "Dr Zhao Wei (internal medicine), County Hospital 2" in looked
    assert first[0] in looked
    # She is one of the town's residents: other files may have had her record read before.
    assert re.search(r"Nothing is missing from this list\.|no entry is missing from it\.", looked)
    whole, rest, back = map(int, re.findall(r"\d+", done.out.splitlines()[-1]))
    assert 0 < rest < whole == back


def test_the_script_is_short_and_plain() -> None:
    lines = SCRIPT.read_text().splitlines()
    assert len(lines) <= 40
    assert "set -eu" in lines
