"""Dates of birth in every form that sources use."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking.dates import Birth, fold_birth, is_default
from carecode.identity.linking.features import Precision

DAY, MONTH, YEAR = Precision.DAY, Precision.MONTH, Precision.YEAR
DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))
FIGURES = str.maketrans("0123456789", "〇一二三四五六七八九")


@given(DAYS)
def test_a_day_is_the_same_however_it_is_written(day: date) -> None:
    year, month, dom = day.year, day.month, day.day
    forms = [
        day.isoformat(),
        day.strftime("%Y%m%d"),
        day.strftime("%Y%m%d") + "093000+0800",
        day.isoformat() + "T09:30:00Z",
        day.isoformat() + " 00:00:00.0",
        f"{year}年{month}月{dom}日",
        f"{year}年{month:02d}月{dom:02d}日",
        f"{year}/{month}/{dom}",
        f"{year}.{month}.{dom}",
        f"{year}-{month}-{dom}",
        f"{dom} {day.strftime('%B')} {year}",
        f"{day.strftime('%b')} {dom}, {year}",
        f"{dom:02d}/{month:02d}/{year}",
        f"{str(year).translate(FIGURES)}年{month}月{dom}日",
        f"公历{year}年{month}月{dom}日",
        "".join(chr(0xFEE0 + ord(sign)) for sign in day.strftime("%Y%m%d")),
    ]
    if year > 1911:
        forms.append(f"民国{year - 1911}年{month}月{dom}日")
    assert {fold_birth(form) for form in forms} == {Birth(day.strftime("%Y%m%d"), DAY)}


@pytest.mark.parametrize(
    ("text", "born", "precision"),
    [
        ("1990-05", "199005", MONTH),
        ("199005", "199005", MONTH),
        ("1990年5月", "199005", MONTH),
        ("1990", "1990", YEAR),
        ("1990年", "1990", YEAR),
        ("一九九〇年", "1990", YEAR),
        ("1990-00-00", "1990", YEAR),
        ("19900500", "199005", MONTH),
        ("19850231", "198502", MONTH),
        ("19901399", "1990", YEAR),
        ("19901305", "19900513", DAY),
        ("05/26/1990", "19900526", DAY),
        ("about 1950", "1950", YEAR),
        ("approximately 1950", "1950", YEAR),
        ("c. 1950", "1950", YEAR),
        ("~1950", "1950", YEAR),
        ("1950?", "1950", YEAR),
        ("约1950年5月", "1950", YEAR),
        ("1950年左右", "1950", YEAR),
        ("民国三十八年", "1949", YEAR),
    ],
)
def test_what_is_known_in_part(text: str, born: str, precision: Precision) -> None:
    assert fold_birth(text) == Birth(born, precision)


@pytest.mark.parametrize(
    "text", ["70岁", "约70岁", "年龄70", "七十岁", "aged 70", "70 years old", "70y", "70 yo", "70周岁"]
)
def test_an_age_gives_a_year_when_it_is_known_when(text: str) -> None:
    assert fold_birth(text, "20240301") == fold_birth(text, "2024-03-01T08:00") == Birth("1954", YEAR)
    assert fold_birth(text) == Birth()


@pytest.mark.parametrize(
    "text",
    ["", " ", "不详", "unknown", "0000-00-00", "00000000", "9999-99-99", "1753-01-01", "1800-01-01", "2999-01-01",
     "x" * 10_000, "9" * 5_000,
     "٣٣٣٣٣٣٣٣", "²²²²", "年", "岁", "-", "😀", "131岁", "农历", "\x00"],
)  # fmt: skip
def test_what_is_no_date_is_unknown(text: str) -> None:
    assert fold_birth(text, "20240301") == Birth()


# Spring festivals as the official calendar had them, and the day after a leap month began.
@pytest.mark.parametrize(
    ("text", "born", "solar"),
    [
        ("农历1950年正月初一", "19500101", "19500217"),
        ("農曆1985年正月初一", "19850101", "19850220"),
        ("2000-01-01(农历)", "20000101", "20000205"),
        ("lunar 2020-01-01", "20200101", "20200125"),
        ("阴历二〇二四年一月一日", "20240101", "20240210"),
        ("农历2020年闰四月初一", "20200401", "20200523"),
        ("2020年腊月三十", "20201230", "20210211"),
        ("旧历1950年二月三十", "19500230", "19500416"),
        ("农历1950年正月三十", "19500130", ""),
        ("农历2021年闰四月初一", "20210401", ""),
    ],
)
def test_lunar_dates_keep_their_digits_and_get_their_day(text: str, born: str, solar: str) -> None:
    assert fold_birth(text) == Birth(born, DAY, solar)


@given(DAYS)
def test_a_lunar_date_comes_within_two_months_after_its_digits(day: date) -> None:
    birth = fold_birth(f"农历{day.year}年{day.month}月{min(day.day, 29)}日")
    solar = date.fromisoformat(birth.born_lunar)
    assert 0 < (solar - date(day.year, day.month, min(day.day, 28))).days < 60


@pytest.mark.parametrize("text", ["1900-01-01", "19000101", "1970-01-01", "1900", "1901-01-01", "1899-12-31"])
def test_default_dates_are_told(text: str) -> None:
    assert is_default(fold_birth(text))


@given(DAYS.filter(lambda day: day.day > 2))
def test_other_days_are_no_defaults(day: date) -> None:
    assert not is_default(fold_birth(day.isoformat()))


@given(st.text(max_size=100), st.text(max_size=12))
def test_any_text_gives_a_date_or_nothing(text: str, as_of: str) -> None:
    birth = fold_birth(text, as_of)
    assert len(birth.born) == {DAY: 8, MONTH: 6, YEAR: 4, Precision.NONE: 0}[birth.precision]
    assert birth.born == "" or (birth.born.isascii() and birth.born.isdigit())


@given(st.text(st.sampled_from("0123456789-/.年月日约岁农历闰正初十廿元民国 ageT"), max_size=24))
def test_nearly_dates_never_raise(text: str) -> None:
    birth = fold_birth(text, "20240301")
    if birth.precision is DAY and not birth.born_lunar and not any(sign in text for sign in "农历闰正初廿"):
        date.fromisoformat(birth.born)
