"""``carecode evaluate`` and ``carecode link retrain``: figures that are right, and nothing changed unasked."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.people.population import population
from bench.people.rates import STANDARD
from bench.people.writing import COLUMNS, Row
from carecode.app import App, Settings
from carecode.cli import charting, evaluating
from carecode.identity import rereading
from carecode.identity.identifiers import parse
from carecode.identity.ledger import By
from carecode.identity.linking import gathering
from carecode.identity.linking.evaluation import Judged, evaluate
from carecode.identity.linking.events import Mark
from carecode.identity.linking.frequencies import Frequencies
from carecode.identity.linking.model import load, shipped
from carecode.identity.person import Person
from carecode.store import queries
from carecode.store.room import Room
from tests.cli.typed import Command, commands, error, told


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2,000 generated records with truth and error classes in one file."""
    path = tmp_path_factory.mktemp("people") / "people.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(population(2_000, 9, STANDARD))
    return path


def typed(*words: str) -> dict[str, object]:
    return told(CliRunner().invoke(commands(), ["evaluate", *words, "--json"]))


def test_a_file_is_evaluated_against_its_own_truth_without_a_database(people: Path, tmp_path: Path) -> None:
    found = told(
        CliRunner().invoke(
            commands(),
            [
                "evaluate",
                "--records",
                str(people),
                "--truth",
                str(people),
                "--chart",
                str(tmp_path / "c.svg"),
                "--json",
            ],
        )
    )
    assert (found["records"], found["missing"], found["refused"]) == (2_000, 0, 0)
    assert found["model"] == shipped().version
    for view in ("pairs", "whole_persons", "b_cubed"):
        for share in found[view].values():
            assert 0 <= share["low"] <= share["value"] <= share["high"] <= 1
    assert found["pairs"]["precision"]["value"] >= 0.99
    assert found["pairs"]["recall"]["value"] > 0.8
    assert {"id-missing", "phone-new"} <= found["classes"].keys()
    assert found["questions"]["asked"] >= found["questions"]["same"]
    root = ET.parse(tmp_path / "c.svg").getroot()  # noqa: S314 - just written
    assert root.tag.endswith("svg")
    assert f"{found['pairs']['f1']['value']:.5f}" in (tmp_path / "c.svg").read_text(encoding="utf-8")


def test_the_truth_is_not_read_by_the_matcher(people: Path, tmp_path: Path) -> None:
    """The same records without truth and error columns are put together alike."""
    with people.open(encoding="utf-8", newline="") as file:
        rows = [Row(*row) for row in csv.reader(file)]
    bare = tmp_path / "bare.csv"
    with bare.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([(row.source, row.local_id, *row[3:-2]) for row in rows])
    assert typed("--records", str(bare), "--truth", str(people)) == typed(
        "--records", str(people), "--truth", str(people)
    )


def test_without_asking_the_bits_answer_every_question(people: Path) -> None:
    files = ("--records", str(people), "--truth", str(people))
    asking, without = (
        told(CliRunner().invoke(commands(), ["evaluate", *files, *more, "--json"]))
        for more in ([], ["--without-asking"])
    )
    assert asking["questions"]["asked"] > without["questions"]["asked"]
    assert without["pairs"]["recall"]["value"] > asking["pairs"]["recall"]["value"]
    assert without["pairs"]["precision"]["value"] > 0.97


def test_records_and_lines_that_cannot_be_used_are_counted(tmp_path: Path) -> None:
    records, truth = tmp_path / "records.csv", tmp_path / "truth.csv"
    records.write_text("source,local_id,姓名,电话\na,1,林梅,13900001234\na,2\na,3,陈雪,\na,3,陈雪,\n", encoding="utf-8")
    truth.write_text("record,entity,class\na|1,e1,x\na|3,e2,\na|9,e2,\nb,\n", encoding="utf-8")
    result = CliRunner().invoke(commands(), ["evaluate", "--records", str(records), "--truth", str(truth), "--json"])
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["records"], found["missing"], found["refused"]) == (2, 1, 2)
    assert [line["line"] for line in found["refused_lines"]] == [5, 3]
    assert found["pairs"]["f1"]["value"] is None
    text = CliRunner().invoke(commands(), ["evaluate", "--records", str(records), "--truth", str(truth)]).stdout
    assert "nothing to say: 0 of 0" in text
    assert "1 records of the truth are not there" in text
    assert "13900001234" not in text


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--truth", "absent.csv"], "file-unreadable"),
        (["--truth", "TRUTH", "--records", "absent.csv"], "file-unreadable"),
        (["--truth", "TRUTH", "--records", "TRUTH"], "people-header"),
        (["--truth", "TRUTH", "--model", "TRUTH"], "evaluate-model"),
        (["--truth", "TRUTH", "--without-asking"], "evaluate-model"),
        (["--truth", "TRUTH", "--records", "PEOPLE", "--model", "TRUTH"], "linking-model-invalid"),
        (["--truth", "TRUTH", "--records", "PEOPLE", "--model", "absent.json"], "model-unreadable"),
        (["--truth", "TRUTH", "--records", "PEOPLE", "--chart", "/absent/chart.svg"], "chart-unwritable"),
    ],
)
def test_what_cannot_be_read_or_written_says_so(tmp_path: Path, words: list[str], code: str) -> None:
    files = {"TRUTH": "record,entity\na|1,e1\n", "PEOPLE": "source,local_id,name\na,1,Lin\n"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    named = [str(tmp_path / word) if word in files or word.startswith("absent") else word for word in words]
    assert error(CliRunner().invoke(commands(), ["evaluate", *named, "--json"])) == code


async def test_the_index_is_evaluated_by_numbers_and_by_hospital_numbers(
    house: App, command: Command, tmp_path: Path
) -> None:
    for number, (name, born) in enumerate(
        [("林梅", date(1985, 3, 14)), ("陈雪", date(1970, 1, 2)), ("赵安邦", date(1961, 1, 5))]
    ):
        numbers = [parse("insurance", f"DEMO000000{number}"), parse("urn:carecode:id:hospital:county-2", f"M{number}")]
        await house.index.enrol(numbers, Person(name, "", born, "female", ""), source="x", now=house.clock())
    truth = tmp_path / "truth.csv"
    lines = ["record,entity,class", "insurance|DEMO0000000,e0,a", "county-2|M0,e0,b", "insurance|DEMO0000001,e1,"]
    lines += ["insurance|DEMO0000002,e1,b", "insurance|NOBODY9,e1,", "|,e9,", "no kind|\x01,e9,"]
    truth.write_text("\n".join(lines), encoding="utf-8")
    found = told(await command("evaluate", "--truth", str(truth), "--json"))
    assert (found["records"], found["persons"], found["entities"], found["missing"]) == (4, 3, 2, 3)
    assert found["pairs"]["precision"]["value"] == 1.0
    assert found["pairs"]["recall"]["value"] == 0.5
    assert found["classes"]["b"]["recall"]["hits"] == 1
    assert found["classes"]["b"]["recall"]["of"] == 2
    assert told(await command("link", "evaluate", "--truth", str(truth), "--json")) == found


def test_bars_and_chart_say_where_their_axis_begins() -> None:
    rows = [Judged(f"e{n // 2}", f"p{n // 2}" if n % 40 else f"x{n}", ("a<b>&", "twin")) for n in range(400)]
    found = evaluate(rows)
    lines = charting.bars(charting.rows_of(found))
    assert lines[0].strip() == "axis from 0.8 to 1"
    assert len(lines) == 1 + 3 * 5
    assert lines[1].startswith("All pairs")
    assert "█" in lines[1]
    drawn = charting.svg("Persons & truth", charting.rows_of(found))
    root = ET.fromstring(drawn)  # noqa: S314 - just drawn
    words = "".join(root.itertext())
    assert "the axis begins at 0.8" in words
    assert "a<b>&" in words
    assert "script" not in drawn
    for row in charting.rows_of(found):
        for share in row.measure:
            assert charting.written(share) in words


# Retraining


@pytest.fixture
def trained_on(house: App, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> App:
    """A house whose index is small and whose models are kept in a folder of this test."""
    monkeypatch.setattr(evaluating, "TRAINED_ON_MIN", 50)
    monkeypatch.setattr(gathering, "RANDOM_PAIRS", 20_000)
    monkeypatch.setattr(Settings, "of", classmethod(lambda cls, _data, _environment: cls(tmp_path)))
    monkeypatch.setattr(rereading, "BATCH", 37)
    return house


async def fill(house: App, count: int) -> None:
    for row in population(count, 4, STANDARD):
        numbers = [parse("insurance", f"{row.source}{row.local_id}"[-28:].replace("-", "").upper())]
        if row.id_kind and row.id_number:
            numbers.append(parse(row.id_kind, row.id_number))
        born = date.fromisoformat(row.birth_date) if len(row.birth_date) == 10 and row.birth_date[4] == "-" else None
        sex = row.sex if row.sex in {"male", "female"} else "unknown"
        person = Person(row.name or "?", "", born, sex, row.phone[:20])
        await house.index.enrol(numbers, person, source=row.source, now=house.clock())


def version_in(file: str) -> str:
    return load(Path(file).read_bytes()).version


async def membership(house: App) -> dict[str, int]:
    return await house.index.counts()


async def test_a_model_is_tried_before_it_decides(trained_on: App, command: Command, tmp_path: Path) -> None:
    house = trained_on
    await fill(house, 300)
    before, old = await membership(house), house.index.matcher.model
    found = told(await command("link", "retrain", "--json"))
    assert found["records"] >= 250
    assert found["adopted"] is False
    assert found["model"] != old.version
    assert found["file"] == str(tmp_path / "models" / f"{found['model']}.json")
    assert version_in(found["file"]) == found["model"]
    await house.index.matcher.refresh()
    assert (await membership(house), house.index.matcher.model.version) == (before, old.version)
    text = (await command("link", "retrain")).stdout
    assert "Nothing was changed." in text
    assert f"{found['would_link']:,}" in text
    refused = await command("link", "retrain", "--adopt", typing="n\n")
    assert refused.exit_code == 1
    await house.index.matcher.refresh()
    assert house.index.matcher.model.version == old.version
    adopted = told(await command("link", "retrain", "--adopt", "--yes", "--json"))
    assert (adopted["adopted"], adopted["model"]) == (True, found["model"])
    await house.index.matcher.refresh()
    assert house.index.matcher.model.version == found["model"]
    assert isinstance(house.index.matcher.frequencies, Frequencies)
    assert await membership(house) == before


async def test_pins_of_people_hold_against_a_new_model(trained_on: App, command: Command) -> None:
    house = trained_on
    await fill(house, 200)
    seen = [
        again
        async for batch in rereading.Rereading(Room(house.database, "identity"), house.index.matcher).records(37)
        for again in batch
    ]
    assert len({one.entry for one in seen}) == (await house.index.counts())["entries"]
    free = told(await command("link", "retrain", "--json"))
    first = {one.entry: one for one in seen}
    lonely = [entry for entry, one in first.items() if one.person == entry][:2]
    by = By("steward-1", human=True, reason="one card")
    await house.ledger.merge(lonely[0], lonely[1], by, house.clock())
    split = told(await command("link", "retrain", "--json"))
    assert split["would_split"] == free["would_split"] + 1
    await house.ledger.pin(lonely[0], lonely[1], Mark.MUST, by, house.clock())
    held = told(await command("link", "retrain", "--json"))
    assert held["would_split"] == free["would_split"]


async def test_too_few_records_teach_nothing(house: App, command: Command) -> None:
    assert error(await command("link", "retrain", "--json")) == "retrain-few"
    assert (await house.index.counts())["entries"] == 0


def test_the_queries_of_rereading_are_there() -> None:
    assert {"records_after", "marks_after"} <= queries.queries("identity").keys()
