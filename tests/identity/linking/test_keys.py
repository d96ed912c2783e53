from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.linking.features import Features, Placeholder, Precision
from carecode.identity.linking.keys import KEYS_MAX, LETTERS, Keyer, plain_keys, plain_variants
from carecode.kernel.errors import InvalidInputError
from tests.identity.linking.test_levels import LIN, any_features, change

KEYER = Keyer(b"a made-up secret of 32 bytes....")
SMITH = Features(
    number="1234567",
    number_kind="local",
    name="joanna smith",
    surname="smith",
    given="joanna",
    pinyin="smithjoanna",
    given_pinyin="joanna",
    born="19850312",
    born_precision=Precision.DAY,
    door="12oakstreet",
    locality="2000",
)


def meet(left: Features, right: Features) -> bool:
    """Whether looking up one finds the other, in both directions."""
    there = set(KEYER.asked(left)) & set(KEYER.stored(right))
    back = set(KEYER.asked(right)) & set(KEYER.stored(left))
    return bool(there) and bool(back)


ALONE = {"number": "", "other_number": "", "phone": "", "door": "", "locality": ""}


@pytest.mark.parametrize(
    "values",
    [
        {"name": "林小美", "given": "小美"},
        {"phone": "13900000009", "door": "", "locality": "990106", "number": ""},
        {"born": "19700101", "number": "", "other_number": ""},
        {
            "born": "19700101",
            "pinyin": "wangfang",
            "given_pinyin": "fang",
            "name": "王芳",
            "surname": "王",
            "given": "芳",
        },
        {"number": "990105198503120042", "other_number": "", "phone": "", "door": "", "locality": "", "born": ""},
        {**ALONE, "surname": "王", "name": "王晓梅", "pinyin": "wangxiaomei"},
        {**ALONE, "sex": ""},
        {**ALONE, "born": "19851203"},
        {**ALONE, "name": "晓梅林", "surname": "晓梅", "given": "林", "pinyin": "xiaomeilin", "given_pinyin": "lin"},
    ],
)
def test_records_that_should_meet_share_a_key(values: dict[str, object]) -> None:
    assert meet(LIN, change(**values))


@pytest.mark.parametrize(
    "values",
    [
        {"name": "joanna smyth", "surname": "smyth", "pinyin": "smythjoanna", "number": "", "door": ""},
        {
            "name": "joana smith",
            "given": "joana",
            "pinyin": "smithjoana",
            "given_pinyin": "joana",
            "number": "",
            "door": "",
        },
        {"number": "", "born": "19850417", "door": ""},
        {"number": "1239999", "born": "", "born_precision": Precision.NONE, "door": "", "locality": ""},
    ],
)
def test_slips_in_letters_still_meet(values: dict[str, object]) -> None:
    assert meet(SMITH, msgspec.structs.replace(SMITH, **values))


def test_strangers_do_not_meet() -> None:
    other = Features(
        number="990106197001010015",
        name="王国强",
        surname="王",
        given="国强",
        pinyin="wangguoqiang",
        given_pinyin="guoqiang",
        born="19700101",
        born_precision=Precision.DAY,
        phone="13900000009",
        door="长江路1号",
        locality="990106",
        sex="male",
    )
    assert not meet(LIN, other)


def test_sharing_a_home_or_a_phone_alone_is_no_key() -> None:
    one = Features(phone="13900000001", door="梧桐路12号", locality="990105", sex="male")
    assert KEYER.stored(one) == ()
    assert KEYER.asked(one) == ()


@given(any_features(), st.booleans())
def test_keys_are_sorted_bounded_and_what_is_stored_is_asked(record: Features, provinces: bool) -> None:  # noqa: FBT001
    stored, asked = KEYER.stored(record, provinces=provinces), KEYER.asked(record, provinces=provinces)
    assert list(stored) == sorted(set(stored))
    assert set(stored) <= set(asked)
    assert len(asked) <= KEYS_MAX
    assert all(-(2**63) <= key < 2**63 for key in asked)


@given(any_features())
def test_every_key_names_its_letter(record: Features) -> None:
    for text in plain_keys(record) | plain_variants(record):
        letter, _, rest = text.partition("\x1f")
        assert letter in LETTERS
        assert rest.replace("\x1f", "")


@given(any_features())
def test_another_secret_gives_other_keys(record: Features) -> None:
    assert not set(KEYER.asked(record)) & set(Keyer(b"another secret of 32 bytes......").asked(record))


def test_an_unnamed_newborn_is_found_by_mother_and_day_only() -> None:
    baby = Features(placeholder=Placeholder.NEWBORN, name="林晓梅之女", mother="林晓梅", born="20260601")
    assert {text[0] for text in plain_keys(baby)} == {"m"}


def test_the_longest_lists_carry_sex_and_province() -> None:
    g = next(text for text in plain_keys(LIN, provinces=True) if text.startswith("g"))
    assert g.endswith("female\x1f99")
    assert not set(plain_keys(LIN)) & {g}


@pytest.mark.parametrize("secret", [b"", b"short", b"x" * 65])
def test_a_secret_of_another_length_is_refused(secret: bytes) -> None:
    with pytest.raises(InvalidInputError, match="16 to 64 bytes"):
        Keyer(secret)


@pytest.mark.parametrize(
    ("letter", "one", "other"),
    [
        ("k", {"name": "john smith", "street": "oakstreet"}, {"name": "john smith", "street": "oakstreet"}),
        ("k", {"name": "john smith", "locality": "dapto"}, {"name": "john smith", "locality": "dapto"}),
        ("s", {"name": "john smith", "postcode": "2530"}, {"name": "jon smith", "given": "jon", "postcode": "2530"}),
        (
            "z",
            {"name": "john smith", "other_number": "ssn|4137877", "postcode": "4869"},
            {
                "name": "ann moody",
                "surname": "moody",
                "given": "ann",
                "other_number": "ssn|4137787",
                "postcode": "4869",
            },
        ),
    ],
)
def test_names_in_letters_meet_by_a_place(letter: str, one: dict[str, str], other: dict[str, str]) -> None:
    smith = {"surname": "smith", "given": "john"}
    left, right = msgspec.convert({**smith, **one}, Features), msgspec.convert({**smith, **other}, Features)
    shared = plain_keys(left) & plain_keys(right)
    assert {text[0] for text in shared} == {letter}
    place = "postcode" if right.postcode else "street" if right.street else "locality"
    assert not plain_keys(left) & plain_keys(msgspec.structs.replace(right, **{place: "elsewhere"}))
