from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking.features import Features, Placeholder, Precision
from carecode.identity.linking.levels import (
    FIELDS,
    Born,
    Contact,
    Name,
    Number,
    Other,
    Sex,
    compare,
    distance,
)

LIN = Features(
    number="990105198503120026",
    number_kind="citizen-id",
    number_holds=True,
    other_number="urn:carecode:id:insurance|A1234567",
    name="林晓梅",
    surname="林",
    given="晓梅",
    pinyin="linxiaomei",
    given_pinyin="xiaomei",
    born="19850312",
    born_precision=Precision.DAY,
    born_lunar="19850501",
    sex="female",
    phone="13900000001",
    door="梧桐路12号3单元401",
    locality="990105",
)


def change(**values: object) -> Features:
    return msgspec.structs.replace(LIN, **values)


def letters(surname: str, own: str) -> Features:
    return Features(name=" ".join(sorted(filter(None, (surname, own)))), surname=surname, given=own)


def texts(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(("", *values))


def any_features() -> st.SearchStrategy[Features]:
    return st.builds(
        Features,
        number=texts("990105198503120026", "990105198503120042", "990105198503120029", "990106197001010015"),
        number_kind=texts("citizen-id", "citizen-id-15", "passport"),
        number_holds=st.booleans(),
        other_number=texts("a|1234", "a|1235", "b|1234", "a|99"),
        name=texts("林晓梅", "林晓红", "林梅", "林?梅", "lin xiaomei", "anna smith", "anna smyth", "smith"),
        surname=texts("林", "smith", "smyth", "anna"),
        given=texts("晓梅", "晓红", "梅", "anna", "smith"),
        pinyin=texts("linxiaomei", "xiaomeilin", "linmei"),
        given_pinyin=texts("xiaomei", "lin", "mei"),
        placeholder=st.sampled_from(Placeholder),
        born=texts("19850312", "19851203", "19850313", "19860312", "1985", "198503"),
        born_precision=st.sampled_from(Precision),
        born_lunar=texts("19850312", "19850501"),
        sex=texts("male", "female"),
        phone=texts("13900000001", "13900000002"),
        door=texts("12oakstreet", "12oakstret", "13oakstreet"),
        locality=texts("990105", "990106"),
        street=texts("oakstreet", "elmstreet"),
        postcode=texts("2000", "2001"),
    )


@given(any_features(), any_features())
def test_comparison_is_symmetrical(left: Features, right: Features) -> None:
    assert compare(left, right) == compare(right, left)


@given(any_features())
def test_a_record_agrees_with_itself_fully(record: Features) -> None:
    levels = compare(record, record)
    assert levels.number <= 1
    assert levels.other <= 1
    assert levels.name <= 1 or "?" in record.name or not (record.surname and record.given)
    assert levels.sex <= 1
    assert levels.born in {Born.MISSING, Born.EXACT, Born.COARSE}
    assert levels.contact not in {Contact.DOOR_NEAR, Contact.NONE}


@given(any_features(), any_features())
def test_one_unknown_field_says_nothing(left: Features, right: Features) -> None:
    blank = msgspec.structs.replace(left, number="", other_number="", name="", born="", sex="", phone="", door="")
    blank = msgspec.structs.replace(blank, locality="", street="", postcode="")
    assert set(compare(blank, right)) == {0}


def test_every_field_holds_itself_fully() -> None:
    assert set(compare(LIN, LIN)) == {1}
    assert list(compare(LIN, LIN)._fields) == list(FIELDS)


@pytest.mark.parametrize(
    ("number", "kind", "holds", "level"),
    [
        ("990105198503120026", "citizen-id-15", True, Number.EXACT),
        ("990105198503120042", "citizen-id", True, Number.NEIGHBOUR),
        ("990106197001010015", "citizen-id", True, Number.DIFFERENT),
        ("990105198503120029", "citizen-id", False, Number.NEAR),
        ("990105198503210026", "citizen-id", False, Number.NEAR),
        ("990106197001010015", "citizen-id", False, Number.DOUBTFUL),
        ("990105198503120026", "passport", True, Number.MISSING),
    ],
)
def test_number_levels(number: str, kind: str, holds: bool, level: Number) -> None:  # noqa: FBT001
    assert compare(LIN, change(number=number, number_kind=kind, number_holds=holds)).number is level


def test_two_passports_are_no_proof_of_two_people() -> None:
    one = Features(number="E12345678", number_kind="passport", number_holds=True)
    assert compare(one, msgspec.structs.replace(one, number="E87654321")).number is Number.DOUBTFUL


@pytest.mark.parametrize(
    ("other", "level"),
    [
        ("urn:carecode:id:insurance|A1234568", Other.NEAR),
        ("urn:carecode:id:insurance|B7654321", Other.DIFFERENT),
        ("urn:x|A1234567", Other.MISSING),
    ],
)
def test_other_number_levels(other: str, level: Other) -> None:
    assert compare(LIN, change(other_number=other)).other is level


@pytest.mark.parametrize(
    ("name", "surname", "own", "pinyin", "given_pinyin", "level"),
    [
        ("林小美", "林", "小美", "linxiaomei", "xiaomei", Name.SOUND),
        ("lin xiaomei", "lin", "xiaomei", "linxiaomei", "xiaomei", Name.SOUND),
        ("晓梅林", "晓梅", "林", "xiaomeilin", "lin", Name.TURNED),
        ("林?梅", "林", "?梅", "", "", Name.UNREADABLE),
        ("林梅", "林", "梅", "linmei", "mei", Name.DROPPED),
        ("林晓红", "林", "晓红", "linxiaohong", "xiaohong", Name.SHARED),
        ("王晓梅", "王", "晓梅", "wangxiaomei", "xiaomei", Name.GIVEN),
        ("林国强", "林", "国强", "linguoqiang", "guoqiang", Name.SURNAME),
        ("王国强", "王", "国强", "wangguoqiang", "guoqiang", Name.DIFFERENT),
        ("", "", "", "", "", Name.MISSING),
    ],
)
def test_name_levels(name: str, surname: str, own: str, pinyin: str, given_pinyin: str, level: Name) -> None:
    other = change(name=name, surname=surname, given=own, pinyin=pinyin, given_pinyin=given_pinyin)
    assert compare(LIN, other).name is level


def test_a_name_that_cannot_be_read_at_all_agrees_with_nothing() -> None:
    assert compare(LIN, change(name="???", surname="?", given="??", pinyin="", given_pinyin="")).name is Name.DIFFERENT


@pytest.mark.parametrize(
    ("surname", "own", "level"),
    [
        ("smith", "joanna", Name.EXACT),
        ("joanna", "smith", Name.EXACT),  # the whole name is sorted: no order to err in
        ("smyth", "joanna", Name.TYPO),
        ("smtih", "johanna", Name.TYPO),
        ("jonna", "smith", Name.TYPO),
        ("miller", "joanna", Name.GIVEN),
        ("smith", "peter", Name.SURNAME),
        ("miller", "peter", Name.DIFFERENT),
        ("peter", "smith", Name.SURNAME),  # a brother whose names change places
        ("smith", "", Name.DROPPED),
    ],
)
def test_names_in_letters(surname: str, own: str, level: Name) -> None:
    assert compare(letters("smith", "joanna"), letters(surname, own)).name is level


def test_short_names_have_no_slips() -> None:
    assert compare(letters("smith", "amy"), letters("smith", "may")).name is Name.SURNAME


def test_a_placeholder_is_no_name() -> None:
    assert compare(LIN, change(placeholder=Placeholder.NEWBORN)).name is Name.MISSING


@pytest.mark.parametrize(
    ("born", "precision", "level"),
    [
        ("19851203", Precision.DAY, Born.SWAPPED),
        ("19850501", Precision.DAY, Born.LUNAR),
        ("19850313", Precision.DAY, Born.DIGIT),
        ("19850321", Precision.DAY, Born.DIGIT),
        ("19850327", Precision.DAY, Born.MONTH),
        ("19730312", Precision.DAY, Born.ANNIVERSARY),
        ("19851127", Precision.DAY, Born.YEAR),
        ("19731127", Precision.DAY, Born.DIFFERENT),
        ("1985", Precision.YEAR, Born.COARSE),
        ("198503", Precision.MONTH, Born.COARSE),
        ("198504", Precision.MONTH, Born.YEAR),
        ("1973", Precision.YEAR, Born.DIFFERENT),
        ("", Precision.NONE, Born.MISSING),
    ],
)
def test_born_levels(born: str, precision: Precision, level: Born) -> None:
    assert compare(LIN, change(born=born, born_precision=precision, born_lunar="")).born is level


def test_sex_levels() -> None:
    assert [compare(LIN, change(sex=sex)).sex for sex in ("female", "male", "")] == [
        Sex.SAME,
        Sex.DIFFERENT,
        Sex.MISSING,
    ]


@pytest.mark.parametrize(
    ("phone", "door", "locality", "level"),
    [
        (LIN.phone, LIN.door, "", Contact.BOTH),
        ("13900000001", "", "", Contact.PHONE),
        ("13900000002", LIN.door, "", Contact.DOOR),
        ("", "梧铜路12号3单元401", "", Contact.DOOR_NEAR),
        ("", "梧桐路12号3单元402", "990105", Contact.LOCALITY),  # the next flat is another home
        ("13900000002", "", "990106", Contact.NONE),
        ("13900000002", "", "", Contact.NONE),
        ("", "", "", Contact.MISSING),
    ],
)
def test_contact_levels(phone: str, door: str, locality: str, level: Contact) -> None:
    assert compare(LIN, change(phone=phone, door=door, locality=locality)).contact is level


def slow_distance(a: str, b: str) -> int:
    table = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            cost = min(
                table[i - 1, j] + 1,
                table[i, j - 1] + 1,
                table[i - 1, j - 1] + (a[i - 1] != b[j - 1]),
            )
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                cost = min(cost, table[i - 2, j - 2] + 1)
            table[i, j] = cost
    return table[len(a), len(b)]


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.integers(1, 3))
def test_distance_is_the_textbook_one(a: str, b: str, most: int) -> None:
    assert distance(a, b, most) == min(slow_distance(a, b), most + 1)


def test_a_street_or_a_postcode_is_less_than_a_door() -> None:
    one = Features(street="oakstreet", postcode="2000", locality="albury")
    assert compare(one, Features(street="oakstreet", postcode="2001")).contact is Contact.STREET
    assert compare(one, Features(street="oakstreet", postcode="2000")).contact is Contact.PLACE
    assert compare(one, Features(street="oakstret", locality="albury")).contact is Contact.PLACE
    assert compare(one, Features(street="oakstret", locality="sydney")).contact is Contact.NONE
    assert compare(one, Features(street="elmstreet", postcode="2000")).contact is Contact.LOCALITY
    assert compare(one, Features(street="elmstreet", postcode="2001", locality="albury")).contact is Contact.LOCALITY
    assert compare(one, Features(postcode="2001")).contact is Contact.NONE


def test_equal_texts_that_nobody_could_read_are_not_equal_names() -> None:
    one = change(name="林?梅", pinyin="")
    assert compare(one, one).name is Name.UNREADABLE


@pytest.mark.parametrize(
    ("name", "surname", "own", "level"),
    [
        ("梅林晓", "梅", "林晓", Name.TURNED),  # which of three is the surname, nobody told the clerk
        ("晓林梅", "晓", "林梅", Name.TURNED),
        ("晓梅", "晓", "梅", Name.GIVEN),  # the surname was lost
        ("林梅", "林", "梅", Name.DROPPED),
        ("林", "林", "", Name.SURNAME),
        ("林晓晓", "林", "晓晓", Name.SHARED),
    ],
)
def test_characters_in_another_order_or_lost(name: str, surname: str, own: str, level: Name) -> None:
    other = change(name=name, surname=surname, given=own, pinyin="x", given_pinyin="x")
    assert compare(LIN, other).name is level
    assert compare(other, LIN).name is level


def test_one_word_is_not_a_whole_name() -> None:
    one = Features(name="emily", given="emily")
    assert compare(one, one).name is Name.GIVEN
    assert compare(one, Features(name="emily webb", surname="webb", given="emily")).name is Name.DROPPED
    assert compare(one, Features(name="emilly webb", surname="webb", given="emilly")).name is Name.DROPPED
