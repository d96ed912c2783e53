"""Characters, calendar, numbers and the ways of writing wrong."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bench.people
from bench.people import errors, names, western
from bench.people.characters import HOMOPHONES, LOOKALIKES, PINYIN, TRADITIONAL, pinyin, traditional
from bench.people.days import AS_OF, FIRST_DAY, iso, lunar
from bench.people.households import Households
from bench.people.numbers import Registry, check, old_number
from bench.people.places import AREAS, born_in, new_home, shortened, whole
from bench.people.rates import STANDARD
from bench.people.writing import DATES, dated

SEEDS = st.integers(0, 2**32)
DAYS = st.integers(FIRST_DAY + 40, AS_OF)


@pytest.mark.parametrize("name", [found.name for found in pkgutil.iter_modules(bench.people.__path__)])
def test_the_examples_of_the_docstrings_hold(name: str) -> None:
    if name != "__main__":
        assert doctest.testmod(importlib.import_module(f"bench.people.{name}")).failed == 0


def test_every_character_of_a_name_has_a_sound() -> None:
    used = {character for given_ in names.GIVEN_CHARACTERS.values() for character in given_}
    used |= {character for surname, _ in names.SURNAMES for character in surname if pinyin(surname)}
    assert {character for character in used if character not in PINYIN} <= set(
        "欧阳上官司马诸葛徒东方令狐皇甫尉迟夏侯端木慕容公孙宓"
    )
    assert all(PINYIN[other] == PINYIN[one] for one, others in HOMOPHONES.items() for other in others)


def test_other_forms_are_other_characters() -> None:
    assert all(one != other for one, other in {**LOOKALIKES, **TRADITIONAL}.items())
    assert traditional("刘丽华") == "劉麗華"


@pytest.mark.parametrize(
    "new_year",
    ["1949-01-29", "1950-02-17", "1976-01-31", "1985-02-20", "2000-02-05", "2020-01-25", "2024-02-10", "2026-02-17"],
)
def test_the_lunar_year_begins_when_it_was_kept(new_year: str) -> None:
    day = date.fromisoformat(new_year).toordinal()
    assert lunar(day) == (int(new_year[:4]), 1, 1)
    before = lunar(day - 1)
    assert before is not None
    assert before[:2] == (int(new_year[:4]) - 1, 12)


@given(DAYS)
def test_lunar_days_follow_one_another(day: int) -> None:
    today, tomorrow = lunar(day), lunar(day + 1)
    assert today is not None
    assert tomorrow is not None
    assert tomorrow[2] == today[2] + 1 or (tomorrow[2] == 1 and today[2] in (29, 30))


@given(DAYS, SEEDS)
def test_wrong_dates_are_dates(day: int, seed: int) -> None:
    random, born = Random(seed), iso(day)
    for wrong in (
        errors.day_and_month(born),
        errors.year_off(random, born),
        errors.another_day(random, born),
        errors.lunar_date(day),
    ):
        assert date.fromisoformat(wrong).isoformat() == wrong
    assert errors.day_and_month(errors.day_and_month(born)) == born


@given(st.text("王李张丽伟英秀红婷", min_size=2, max_size=4), SEEDS)
def test_a_wrong_name_is_near_the_right_one(name: str, seed: int) -> None:
    random = Random(seed)
    for change in (errors.homophone, errors.lookalike, errors.unwritable):
        wrong = change(random, name)
        assert len(wrong) == len(name)
        assert sum(one != other for one, other in zip(name, wrong, strict=True)) <= 1
    assert pinyin(errors.homophone(random, name)) == pinyin(name)
    assert sorted(errors.swapped(random, name)) == sorted(name)
    assert len(errors.added(random, name)) == len(name) + 1
    assert len(errors.dropped(random, name)) == max(2, len(name) - 1)


@given(st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True), SEEDS)
def test_a_mistyped_number_is_one_slip_away(number: str, seed: int) -> None:
    wrong = errors.digit(Random(seed), number)
    assert abs(len(wrong) - len(number)) <= 1
    if len(wrong) == len(number):
        assert sum(one != other for one, other in zip(number, wrong, strict=True)) <= 2


def test_the_check_character_is_the_standards() -> None:
    assert check("11010519491231002") == "X"  # the example of GB 11643-1999
    assert old_number("11010519491231002X") == "110105491231002"


@pytest.mark.parametrize("year", [1930, 1984, 1996, 2005, 2011, 2026])
def test_a_numbers_district_was_one_when_it_was_given(year: int) -> None:
    random = Random(year)
    for area in (born_in(random, year) for _ in range(1000)):
        assert area.first <= max(year, 1984) <= area.last


def test_no_number_is_given_twice() -> None:
    registry = Registry(Random(1))
    given_ = [registry.citizen("110101", "1990-05-05", sex) for sex in ("male", "female") for _ in range(300)]
    assert len(set(given_)) == len(given_)
    assert all(int(number[16]) % 2 == (at < 300) for at, number in enumerate(given_))
    insured = [registry.insurance() for _ in range(5000)]
    assert len(set(insured)) == 5000


def test_districts_have_codes_of_their_province() -> None:
    provinces: dict[str, set[str]] = {}
    for area in AREAS:
        assert len(area.code) == 6
        provinces.setdefault(area.code[:2], set()).add(area.province)
    assert {code for code, found in provinces.items() if len(found) > 1} <= {"51"}  # Chongqing was Sichuan's
    assert len(provinces) == 31


@given(SEEDS)
def test_a_short_address_is_another_text_of_the_same_home(seed: int) -> None:
    random = Random(seed)
    home = new_home(random)
    assert shortened(home, random)
    assert home.area.district in whole(home)


@given(DAYS, st.sampled_from(DATES))
def test_a_date_in_any_spelling_keeps_its_year(day: int, style: str) -> None:
    written = dated(iso(day), style)
    assert iso(day)[:4] in written
    assert dated("", style) == ""


def test_western_slips_stay_near() -> None:
    random = Random(3)
    assert errors.short_form("William John") == "Bill"
    assert errors.short_form("Oliver Jack") == "Oliver"
    assert western.plain("Müller Größl") == "Mueller Groessl"
    for name in ("Catherine", "Smith", "Lefèvre", "O'Brien"):
        assert abs(len(errors.spelling(random, name)) - len(name)) <= 2
        assert len(errors.mistyped(random, name)) == len(name)


def test_households_are_families() -> None:
    """Children have a mother of the right age, twins one day, phone and home, and numbers that follow."""
    town = Households(STANDARD, Random(5))
    children = twins = fathers_name = 0
    for _ in range(6000):
        family = town.household()
        for person in family:
            if person.mother in family:
                children += 1
                fathers_name += person.name.surname == family[0].name.surname
            if person.twin is not None and person.twin.truth > person.truth:
                twins += 1
                other = person.twin
                assert (person.born, person.phone, person.home) == (other.born, other.phone, other.home)
                assert person.name.whole != other.name.whole
                if person.id_kind == other.id_kind == "citizen-id":
                    assert 0 < int(other.id_number[14:17]) - int(person.id_number[14:17]) <= 2
    assert twins > 20
    assert 0.85 < fathers_name / children < 0.97
