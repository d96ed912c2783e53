"""Telephone numbers and addresses: one home, one key, however it is written; defaults say nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking.contacts import (
    LOCALITY_LENGTH_MAX,
    STREET_LENGTH_MAX,
    Address,
    Place,
    fold_address,
    fold_addresses,
    fold_phone,
    fold_phones,
)


def door(text: str) -> str:
    return fold_address(Address(text)).door


# ---------------------------------------------------------------------------------------------------- telephones
@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("13901234568", "13901234568"),
        ("+86 139 0123 4568", "13901234568"),
        ("0086-139-0123-4568", "13901234568"),
        ("8613901234568", "13901234568"),
        ("013901234568", "13901234568"),
        ("１３９０１２３４５６８", "13901234568"),
        ("13901234568转5", "13901234568"),
        ("tel: 139 0123 4568", "13901234568"),
        ("0731-88123457", "073188123457"),
        ("(0731) 8812 3457", "073188123457"),
        ("+86 731 8812 3457", "073188123457"),
        ("+86 (0)731 8812 3457", "073188123457"),
        ("0731-88123457-802", "073188123457"),
        ("0731-88123457转802", "073188123457"),
        ("010-65523457 ext. 12", "01065523457"),
        ("+86 10 6552 3457", "01065523457"),
        ("88123457", "88123457"),
        ("+61 2 9374 4011", "0293744011"),
        ("02 9374 4011", "0293744011"),
        ("+852 9123 4561", "91234561"),
        ("+1 415 555 0132", "4155550132"),
    ],
)
def test_one_number_has_one_form(text: str, digits: str) -> None:
    assert fold_phone(text) == fold_phones([text]) == digits


@pytest.mark.parametrize(
    "text",
    ["", " ", "无", "不详", "11111111111", "13800000000", "13888888888", "13800138000", "12345678901", "12345678",
     "87654321", "0000000", "00000000000", "0731-88888888", "110", "12320", "138****1234", "1380000????", "9" * 10_000,
     "😀", "+", "+86", "\x00", "13900000000"],
)  # fmt: skip
def test_default_and_hidden_numbers_say_nothing(text: str) -> None:
    assert fold_phone(text) == fold_phones([text]) == ""


def test_a_mobile_number_goes_first() -> None:
    assert fold_phones(["0731-88123457", "13901234568"]) == "13901234568"
    assert fold_phones(["13888888888", "0731-88123457"]) == "073188123457"
    assert fold_phones(["0731-88123457/13901234568"]) == fold_phones(["13901234568,13901234569"]) == "13901234568"
    assert fold_phones([]) == ""


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.sampled_from(["", "+86", "+86 ", "86", "0086", "0086-", "0", "(+86)"]),
)
def test_a_country_code_changes_nothing(number: str, prefix: str) -> None:
    spaced = f"{prefix}{number[:3]} {number[3:7]}-{number[7:]}"
    assert fold_phone(spaced) == fold_phone(prefix + number) == fold_phone(number)
    assert fold_phone(number) in {number, ""}


@given(st.text())
def test_any_telephone_is_digits_or_nothing(text: str) -> None:
    for digits in (fold_phone(text), fold_phones([text, text])):
        assert digits == "" or (digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15)


# ----------------------------------------------------------------------------------------------------- addresses
NUMERALS = "零一二三四五六七八九"


def spelt(number: int) -> str:
    return "".join(NUMERALS[int(figure)] for figure in str(number))


@given(
    st.sampled_from(["麓山南路", "五一大道", "三号路", "县前街", "新村路", "八一路", "建设一路", "金色花园"]),
    st.integers(1, 9999),
    st.integers(1, 99),
    st.integers(1, 9),
    st.integers(101, 3299),
)
def test_one_home_has_one_key(road: str, house: int, building: int, unit: int, flat: int) -> None:
    town = "湖南省长沙市岳麓区"
    forms = [
        f"{town}{road}{house}号{building}栋{unit}单元{flat}室",
        f"长沙市岳麓区{road}{house}号{building}号楼{unit}单元{flat}",
        f"岳麓区橘子洲街道{road}{house}号{building}幢{unit}-{flat}",
        f"{road}{house}-{building}-{unit}-{flat}",
        f"{road} {house}號 {building}#{unit}單元{flat}室",
        f"{road}{house}号阳光花园{building}座{unit}单元{flat}房",
        f"{road}{house}号{building}栋{unit}单元{flat // 100}层{flat}室",
        f"{road}{house}号{building}栋{unit}单元{flat // 100}楼{flat}室",
        f"{road}{spelt(house)}号{spelt(building)}栋{spelt(unit)}单元{spelt(flat)}室",
        f"{road}0{house}号0{building}栋{unit}单元{flat}室",
        "".join(
            chr(0xFEE0 + ord(sign)) if sign.isdigit() else sign
            for sign in f"{road}{house}号{building}栋{unit}单元{flat}室"
        ),
    ]
    assert {door(form) for form in forms} == {f"{road}|{house}-{building}-{unit}-{flat}"}
    assert {fold_address(Address(form)).locality for form in forms[:3]} == {"岳麓"}


@given(st.integers(1, 500), st.integers(1, 500), st.integers(101, 999), st.integers(101, 999))
def test_neighbours_have_their_own_keys(house: int, other: int, flat: int, next_flat: int) -> None:
    same = (house, flat) == (other, next_flat)
    assert (door(f"麓山南路{house}号{flat}室") == door(f"麓山南路{other}号{next_flat}室")) == same
    assert door(f"麓山南路{house}号{flat}室") != door(f"麓山北路{house}号{flat}室")


@pytest.mark.parametrize(
    ("text", "key", "locality"),
    [
        ("湖南省道县县前街3号", "县前街|3", "道县"),
        ("江苏省镇江市京口区中山东路12号", "中山东路|12", "京口"),
        ("北京市朝阳区三里屯路十二号", "三里屯路|12", "朝阳"),
        ("上海市浦东新区张杨路500弄3号502室", "张杨路|500-3-502", "浦东新"),
        ("石桥镇石桥村3组12号", "石桥|3-12", ""),
        ("石桥镇12号", "石桥镇|12", ""),
        ("万达广场A座12层1203室", "万达广场|a-1203", ""),
        ("内蒙古自治区呼和浩特市新城区中山东路1号", "中山东路|1", "新城"),
        ("410000长沙市五一大道235号", "五一大道|235", "长沙"),
        ("中山路阳光花园3栋501", "阳光花园|3-501", ""),
        ("\ue863村3号", "䶮村|3", ""),
    ],
)
def test_local_forms(text: str, key: str, locality: str) -> None:
    assert fold_address(Address(text))[:2] == (key, locality)


@pytest.mark.parametrize("text", ["石桥村3组", "长沙市岳麓区麓山南路", "3栋501", "12号"])
def test_what_names_no_home_has_no_key(text: str) -> None:
    assert door(text) == ""


@pytest.mark.parametrize(
    "text", ["无", "無", "不详", "未知", "同上", "N/A", "unknown", "No fixed abode", "-", "", "😀", "\x00", "null"]
)
def test_default_addresses_say_nothing(text: str) -> None:
    assert fold_addresses([Address(text), Address(lines=(text,), city=text)]) == Place()


@pytest.mark.parametrize(
    "address",
    [
        Address(lines=("12 Smith St", "Flat 3")),
        Address(lines=("Flat 3", "12 Smith Street")),
        Address("Flat 3, 12 Smith Street"),
        Address("3/12 Smith Street"),
        Address("Unit 3/12 Smith St."),
        Address("12 SMITH ST APT 3"),
        Address("12 Smith Street #3"),
        Address(lines=("012 smith st", "unit 03", "rosetta village")),
    ],
)
def test_western_homes(address: Address) -> None:
    assert fold_address(address)[:1] == ("smith street|12-3",)


def test_parts_of_a_western_address() -> None:
    place = fold_address(Address(lines=("o'connor circuit",), city="St Ives", state="nsw", postcode=" 2075 "))
    assert place == Place("", "st ives", "oconnor circuit", "2075")
    assert fold_address(Address(postcode="SW1A 1AA")).postcode == "sw1a1aa"
    assert fold_address(Address(postcode="0000")).postcode == ""


def test_fields_say_the_locality_and_an_area_code_says_it_best() -> None:
    assert fold_address(Address("麓山南路1号", district="岳麓區", city="长沙市")).locality == "岳麓"
    assert fold_address(Address("麓山南路1号", city="长沙市")).locality == "长沙"
    assert fold_address(Address("麓山南路1号", district="岳麓区", area_code="430104003")).locality == "430104"


def test_the_first_address_that_says_something_is_taken() -> None:
    assert fold_addresses([Address("不详"), Address("麓山南路1号")]).door == "麓山南路|1"


@given(st.text(), st.lists(st.text(), max_size=8), st.text(), st.text(), st.text())
def test_any_address_folds_within_its_bounds(text: str, lines: list[str], city: str, postcode: str, code: str) -> None:
    place = fold_address(Address(text, tuple(lines), city, city, city, postcode, code))
    assert len(place.street) <= STREET_LENGTH_MAX
    assert len(place.door) <= STREET_LENGTH_MAX + 80
    assert len(place.locality) <= LOCALITY_LENGTH_MAX
    assert len(place.postcode) <= 40


@pytest.mark.parametrize("sign", ["1", "路", "村", "区", "号", "1号", "区路", "a", "/", "一", "3/1 ", "unit "])
def test_ten_thousand_characters_are_cut(sign: str) -> None:
    place = fold_address(Address(sign * 10_000))
    assert len(place.door) <= STREET_LENGTH_MAX + 80
