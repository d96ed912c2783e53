"""The facts of a card: folding, comparing, completing, writing down."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.identifiers import parse
from carecode.identity.person import (
    BIRTH_DATE_AGAINST_INDEX,
    BIRTH_DATE_AGAINST_NUMBER,
    NAME_AGAINST_INDEX,
    SEX_AGAINST_INDEX,
    SEX_AGAINST_NUMBER,
    Person,
    against_numbers,
    are_two_people,
    clean,
    complete,
    differences,
    fold_name,
    fold_phone,
    from_bytes,
    search_parts,
    to_bytes,
)

MEI = Person("林梅", "Lin Mei", date(1985, 3, 14), "female", "10000000123")
PERSONS = st.builds(
    Person,
    st.text(max_size=30),
    st.text(max_size=30),
    st.none() | st.dates(),
    st.sampled_from(["male", "female", "other", "unknown"]),
    st.text(max_size=20),
).map(clean)


@pytest.mark.parametrize("dot", list("·•・．‧･∙⋅●."))
def test_every_dot_of_a_long_name_is_the_same_dot(dot: str) -> None:
    assert fold_name(f"阿迪力{dot}买买提") == fold_name("阿迪力·买买提") == fold_name("阿迪力买买提")


def test_rare_characters_survive_folding() -> None:
    assert fold_name("𠮷䶮") == "𠮷䶮"


@pytest.mark.parametrize("typed", ["100 0000 0123", "+86-10000000123", "008610000000123", "１００００００0123"])
def test_a_telephone_number_is_its_digits(typed: str) -> None:
    assert fold_phone(typed) == "10000000123"


@given(PERSONS)
def test_facts_survive_being_written_down(person: Person) -> None:
    assert from_bytes(to_bytes(person)) == person


@given(PERSONS, PERSONS)
def test_completing_never_replaces_what_is_known(known: Person, given_: Person) -> None:
    after = complete(known, given_)
    assert complete(after, given_) == after
    for before, now in (
        (known.name, after.name),
        (known.name_latin, after.name_latin),
        (known.birth_date, after.birth_date),
        (known.phone, after.phone),
    ):
        assert now == before or not before
    assert known.sex in (after.sex, "unknown")


@given(PERSONS)
def test_nobody_differs_from_herself_or_from_nothing(person: Person) -> None:
    assert differences(person, person) == ()
    assert differences(person, Person("", "", None, "unknown", "")) == ()


def test_each_difference_has_its_sentence() -> None:
    other = Person("王静", "Wang Jing", date(1990, 1, 2), "male", "")
    assert differences(MEI, other) == (NAME_AGAINST_INDEX, BIRTH_DATE_AGAINST_INDEX, SEX_AGAINST_INDEX)
    assert are_two_people(MEI, other)


@pytest.mark.parametrize(
    "typed",
    [
        Person("林梅", "Wang Jing", date(1990, 1, 2), "male", ""),  # one script of the name agrees
        Person("王静", "Wang Jing", date(1985, 3, 14), "male", ""),
        Person("王静", "Wang Jing", date(1990, 1, 2), "female", ""),
        Person("王静", "Wang Jing", None, "male", ""),
        Person("王静", "Wang Jing", date(1990, 1, 2), "unknown", ""),
    ],
)
def test_one_fact_that_agrees_or_is_missing_is_one_person(typed: Person) -> None:
    assert not are_two_people(MEI, typed)


def test_the_number_itself_tells_birth_date_and_sex() -> None:
    number = parse("citizen-id", "11010519491231002X")
    wrong = Person("", "", date(1949, 12, 30), "male", "")
    assert against_numbers(wrong, [number]) == (BIRTH_DATE_AGAINST_NUMBER, SEX_AGAINST_NUMBER)
    assert against_numbers(Person("", "", date(1949, 12, 31), "female", ""), [number]) == ()
    assert against_numbers(Person("", "", None, "unknown", ""), [number]) == ()


def test_a_search_needs_all_three() -> None:
    assert len(search_parts(MEI)) == 2  # one per script
    assert search_parts(Person("林梅", "", None, "female", "10000000123")) == []
    assert search_parts(Person("林梅", "", date(1985, 3, 14), "female", "")) == []
    assert search_parts(Person("", "", date(1985, 3, 14), "female", "10000000123")) == []


def test_facts_are_not_shown_in_tracebacks() -> None:
    assert "林" not in repr(MEI)
    assert "1985" not in repr(MEI)
