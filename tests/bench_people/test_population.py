"""The made-up population: repeatable, as prone to error as it says, and true where it says nothing went wrong."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from bench.people.__main__ import main
from bench.people.population import columns, population
from bench.people.rates import FOREIGN, HARDER, NAMED, STANDARD, Rates
from bench.people.writing import COLUMNS, DATES, SEXES, Row
from carecode.identity.identifiers import birth_date_in, parse, sex_in

ROOT = Path(__file__).parents[2]
ROWS = 40_000
PLAIN = dataclasses.replace(STANDARD, dialects=False)
HASHED = """
import hashlib
from bench.people.population import population
text = repr([tuple(row) for row in population(2000, 11)])
print(hashlib.sha256(text.encode()).hexdigest())
"""


@cache
def people(kind: str) -> tuple[Row, ...]:
    rates = PLAIN if kind == "plain" else NAMED[kind]
    return tuple(population(ROWS, 4, rates))


def later(rows: tuple[Row, ...]) -> list[Row]:
    """Rows that are not their person's first."""
    by_truth: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_truth[row.truth].append(row)
    return [row for of in by_truth.values() for row in sorted(of, key=lambda row: row.recorded_on)[1:]]


def share(rows: list[Row], word: str) -> float:
    return sum(word in row.errors.split(";") for row in rows) / len(rows)


def test_a_seed_gives_the_same_rows_in_every_process() -> None:
    found = set()
    for hash_seed in ("0", "1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", HASHED], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
        )
        found.add(done.stdout.strip())
    here = hashlib.sha256(repr([tuple(row) for row in population(2000, 11)]).encode()).hexdigest()
    assert found == {here}


def test_another_seed_gives_others() -> None:
    assert {tuple(row) for row in population(500, 1)}.isdisjoint({tuple(row) for row in population(500, 2)})


@pytest.mark.parametrize("size", [0, 1, 17, 1000])
def test_there_are_as_many_rows_as_asked_for(size: int) -> None:
    assert sum(1 for _ in population(size, 3)) == size


def test_a_source_numbers_its_rows_once() -> None:
    assert len({(row.source, row.local_id) for row in people("standard")}) == ROWS


def test_one_persons_rows_do_not_stand_together() -> None:
    rows = people("standard")
    assert sum(one.truth == next_.truth for one, next_ in pairwise(rows)) < ROWS / 1000


def test_a_fifth_of_the_rows_are_about_somebody_already_there() -> None:
    for kind in NAMED:
        assert 0.18 < len(later(people(kind))) / ROWS < 0.25


def test_every_assumption_has_its_figure_its_words_and_its_use() -> None:
    """A rate that nothing reads would be a promise that nothing keeps."""
    source = (ROOT / "bench/people/rates.py").read_text("utf-8")
    code = "".join(path.read_text("utf-8") for path in (ROOT / "bench/people").glob("*.py") if path.name != "rates.py")
    for field in dataclasses.fields(Rates):
        assert re.search(rf"rates\.{field.name}\b", code), field.name
        assert isinstance(field.default, bool) or 0.0 <= getattr(STANDARD, field.name) <= 1.0
    assert source.count("\n    ") > len(dataclasses.fields(Rates))


@pytest.mark.parametrize(
    ("word", "rate", "floor"),
    [  # what the population was planned to hold; an error that leaves the truth standing does not count
        ("id-typo", STANDARD.id_typo, 0.03),
        ("id-missing", STANDARD.id_missing, 0.18),
        ("name-homophone", STANDARD.name_homophone, 0.05),
        ("name-traditional", STANDARD.name_traditional, 0.025),
        ("name-pinyin", STANDARD.name_pinyin, 0.03),
        ("name-dropped", STANDARD.name_dropped, 0.007),
        ("name-renamed", STANDARD.name_renamed, 0.005),
        ("name-rare", STANDARD.name_rare, 0.005),
        ("born-swap", STANDARD.born_swap, 0.012),
        ("born-year", STANDARD.born_year, 0.01),
        ("born-year-only", STANDARD.born_year_only, 0.008),
        ("born-lunar", STANDARD.born_lunar, 0.01),
        ("born-day", STANDARD.born_day, 0.01),
        ("born-missing", STANDARD.born_missing, 0.015),
        ("sex-wrong", STANDARD.sex_wrong, 0.005),
        ("phone-new", STANDARD.phone_new, 0.20),
        ("phone-missing", STANDARD.phone_missing, 0.08),
        ("phone-typo", STANDARD.phone_typo, 0.015),
        ("phone-family", STANDARD.phone_family, 0.065),
        ("address-new", STANDARD.address_new, 0.18),
        ("address-missing", STANDARD.address_missing, 0.10),
        ("id-15", STANDARD.id_15, 0.01),
        ("id-borrowed", STANDARD.id_borrowed, 0.005),
    ],
)
def test_errors_are_at_least_as_frequent_as_planned(word: str, rate: float, floor: float) -> None:
    assert rate >= floor
    rows = later(people("standard"))
    chance = 3 * (floor / len(rows)) ** 0.5  # three times the spread of a count
    assert share(rows, word) > floor * 0.97 - chance


def test_later_rows_miss_their_number_as_often_as_the_rates_say() -> None:
    rows = [row for row in later(people("plain")) if "newborn" not in row.errors]
    assert 0.17 < sum("id-missing" in row.errors for row in rows) / len(rows) < 0.30
    harder = [row for row in later(people("harder")) if "newborn" not in row.errors]
    assert 0.48 < sum("id-missing" in row.errors for row in harder) / len(harder) < 0.60
    assert share(harder, "phone-new") > 0.32
    assert share(harder, "address-new") > 0.27


def test_first_rows_err_far_less() -> None:
    rows = people("standard")
    again = {(row.source, row.local_id) for row in later(rows)}
    first = [row for row in rows if (row.source, row.local_id) not in again]
    assert share(first, "name-homophone") < 0.3 * share(later(rows), "name-homophone")
    assert share(first, "phone-new") < 0.001  # two rows of one day have no order here


def test_a_citizen_number_without_a_slip_is_valid_and_tells_birth_date_and_sex() -> None:
    doubtful = checked = 0
    for row in people("plain"):
        if row.id_kind != "citizen-id" or row.errors:
            continue
        number = parse(row.id_kind, row.id_number)
        if number.warnings:
            doubtful += 1
            continue
        checked += 1
        assert birth_date_in(number) == date.fromisoformat(row.birth_date)
        assert sex_in(number) == row.sex
    assert checked > ROWS / 2
    assert doubtful / checked < 4 * STANDARD.id_wrong_check


def test_old_numbers_have_15_digits_and_name_the_person_of_the_new_one() -> None:
    new = {
        row.truth: row.id_number.upper() for row in people("plain") if row.id_kind == "citizen-id" and not row.errors
    }
    old = [row for row in people("plain") if row.id_kind == "citizen-id-15" and row.truth in new]
    assert len(old) > 10
    agree = sum(parse("citizen-id", row.id_number).canonical == new[row.truth] for row in old)
    assert agree >= len(old) - 1  # the card of one may hold a wrong check character


def test_other_documents_have_their_shape() -> None:
    kinds: Counter[str] = Counter()
    for row in people("standard"):
        if row.id_kind and not {"id-typo", "id-default"} & set(row.errors.split(";")):
            kinds[row.id_kind] += 1
            if row.id_kind != "citizen-id":
                assert not parse(row.id_kind, row.id_number).warnings
    assert kinds.keys() >= {"hm-permit", "tw-permit", "hmt-residence", "passport", "birth-certificate", "citizen-id-15"}


def test_two_people_have_one_number_only_where_something_went_wrong() -> None:
    owners: dict[str, set[str]] = defaultdict(set)
    for row in people("standard"):
        if row.id_number and not {"id-typo", "id-borrowed", "id-default"} & set(row.errors.split(";")):
            owners[row.id_number.upper()].add(row.truth)
    assert sum(len(of) > 1 for of in owners.values()) <= 5  # numbers given twice, two in 100,000


def test_strangers_share_name_birth_date_and_sex() -> None:
    alike: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for row in people("plain"):
        if not row.errors:
            alike[row.name, row.birth_date, row.sex].add(row.truth)
    assert sum(len(of) > 1 for of in alike.values()) > 0.4 * STANDARD.stranger_same * ROWS * 0.8


def test_common_surnames_are_as_common_as_they_are() -> None:
    rows = [row for row in people("plain") if row.id_kind == "citizen-id" and not row.errors]
    first = Counter(row.name[0] for row in rows)
    assert {name for name, _ in first.most_common(5)} == set("王李张刘陈")
    assert 0.06 < first["王"] / len(rows) < 0.095
    assert len(first) > 150
    whole = Counter(row.name for row in rows)
    assert whole.most_common(1)[0][1] < 0.002 * len(rows)


def test_sources_write_in_their_own_way() -> None:
    rows = people("standard")
    forms = Counter(re.sub(r"\d+", "9", row.birth_date) for row in rows)
    assert {"9-9-9", "9", "9/9/9", "9年9月9日"} <= set(forms)
    assert {row.sex for row in rows} >= {value for spelling in SEXES.values() for value in spelling.values() if value}
    of_source: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if not row.errors:
            of_source[row.source].add(re.sub(r"\d+", "9", row.birth_date))
    assert all(len(written) == 1 for written in of_source.values())
    assert len(DATES) == 6


def test_newborns_stand_under_their_mother_and_are_named_later() -> None:
    rows = people("standard")
    newborn = [row for row in rows if row.errors == "newborn"]
    assert len(newborn) > 0.002 * ROWS
    assert all(row.id_kind in ("", "birth-certificate") for row in newborn)
    assert any("之子" in row.name for row in newborn)
    named = {row.truth for row in rows if row.errors != "newborn"}
    assert sum(row.truth in named for row in newborn) > 0.7 * len(newborn)


def test_elders_go_without_phones_and_families_share_one() -> None:
    rows = [row for row in people("plain") if not row.errors]
    old = [row for row in rows if row.birth_date < "1950"]
    young = [row for row in rows if "1980" < row.birth_date < "2000"]
    assert sum(not row.phone for row in old) / len(old) > 3 * sum(not row.phone for row in young) / len(young)
    holders: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.phone:
            holders[row.phone].add(row.truth)
    assert sum(len(of) > 1 for of in holders.values()) > 0.05 * len(holders)
    assert max(map(len, holders.values())) > 5  # a home for the old, a hostel


def test_the_western_population_holds_nothing_chinese() -> None:
    text = "".join("".join(row) for row in people("foreign"))
    allowed = set("无不详未知本市同上固定住址男女")
    assert not {letter for letter in text if "\u3400" <= letter <= "\u9fff"} - allowed
    assert {row.id_kind for row in people("foreign")} <= {"passport", "", "birth-certificate"}
    assert FOREIGN.born_lunar == 0
    assert HARDER.id_missing == 0.5


def test_columns_hold_what_the_rows_hold() -> None:
    rows = list(population(50, 9))
    held = columns(iter(rows))
    assert tuple(held) == COLUMNS
    assert [tuple(row) for row in rows] == list(zip(*held.values(), strict=True))


def test_the_command_writes_what_can_be_read_back(tmp_path: Path) -> None:
    out = tmp_path / "people.csv"
    assert main(["300", str(out), "--seed", "5", "--harder"]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        read = list(csv.reader(file))
    assert tuple(read[0]) == COLUMNS
    assert [tuple(row) for row in read[1:]] == [tuple(row) for row in population(300, 5, HARDER)]


def test_the_command_writes_packs(tmp_path: Path) -> None:
    out = tmp_path / "twins.csv"
    assert main(["30", str(out), "--pack", "twins"]) == 0
    assert len(out.read_text("utf-8").splitlines()) == 31


def test_parquet_without_its_package_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["10", str(tmp_path / "people.parquet"), "--parquet"]) == 1
    assert "pyarrow" in capsys.readouterr().err
