"""Every kind of number: what it accepts, what it warns about, under what it is looked up."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.identifiers import (
    AREA_ENDED,
    AREA_UNKNOWN,
    BIRTH_DIGITS,
    BIRTH_DIGITS_15,
    BIRTH_DIGITS_FOREIGN_15,
    CHECK_CHARACTER,
    CITIZEN_SYSTEM,
    FILLER,
    FOREIGN_RESIDENT_SYSTEM,
    HMT_RESIDENCE_SYSTEM,
    KINDS,
    LEVEL_DOCUMENT,
    LEVEL_DOUBTFUL,
    LEVEL_LOCAL,
    SHAPE_CITIZEN,
    SYSTEM_LENGTH_MAX,
    VALUE_LENGTH_MAX,
    birth_date_in,
    check_character,
    hospital_system,
    issue_in,
    may_show,
    parse,
    sex_in,
)
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import Purpose

# kind, as typed, as kept.  Published examples, or numbers in areas that were never assigned (99).
ACCEPTED = [
    ("citizen-id", "11010519491231002X", "11010519491231002X"),  # the example of GB 11643 itself
    ("citizen-id", "440524188001010014", "440524188001010014"),  # its second one: an area long abolished
    ("citizen-id", "110105 19491231 002x", "11010519491231002X"),
    ("citizen-id", "１１０１０５１９４９１２３１００２ｘ", "11010519491231002X"),
    ("citizen-id-15", "110105491231002", "110105491231002"),
    ("hmt-residence", "81000019790412005X", "81000019790412005X"),
    ("hmt-residence", "820000198811110182", "820000198811110182"),
    ("hmt-residence", "830000199511300212", "830000199511300212"),
    ("foreign-resident", "931840198203150018", "931840198203150018"),
    ("foreign-resident", "911392199107020125", "911392199107020125"),
    ("foreign-resident-15", "usa 110182031501", "USA110182031501"),
    ("passport", "e12345678", "E12345678"),
    ("hm-permit", "H 12345678", "H12345678"),
    ("hm-permit", "M1234567802", "M1234567802"),
    ("tw-permit", "12345678", "12345678"),
    ("tw-permit", "1234567801", "1234567801"),
    ("tw-permit", "12345678 01 (B)", "1234567801(B)"),
    ("officer-card", "军字第 2001988 号", "军字第2001988号"),
    ("soldier-card", "士字第20019880号", "士字第20019880号"),
    ("police-card", "武字第0012345号", "武字第0012345号"),
    ("driving-licence", "990100123456", "990100123456"),
    ("birth-certificate", "Z990000001", "Z990000001"),
    ("health-card", "ab" * 32, "AB" * 32),
    ("health-card", "A1234567890", "A1234567890"),
    ("insurance", "DEMO-00000001", "DEMO00000001"),
]

DIGITS = st.characters(categories=["Nd"], max_codepoint=0x39)


def valid_18(area: str, born: date, order: int) -> str:
    first_17 = f"{area}{born:%Y%m%d}{order:03d}"
    return first_17 + check_character(first_17)


VALID_18 = st.builds(
    valid_18,
    st.from_regex(r"[1-7][0-9]{5}", fullmatch=True),
    st.dates(date(1880, 1, 1), date(2026, 1, 1)),
    st.integers(1, 999),
)


def test_every_kind_has_a_case() -> None:
    assert {kind for kind, _, _ in ACCEPTED} == {name for name, kind in KINDS.items() if kind.own_only}
    assert set(KINDS) - {kind for kind, _, _ in ACCEPTED} == {"household-register"}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_row_names_the_standard_its_rule_came_from(kind: str) -> None:
    row = KINDS[kind]
    assert len(row.source) > 10
    assert set(row.also) <= set(KINDS)


@pytest.mark.parametrize(("kind", "typed", "kept"), ACCEPTED)
def test_a_number_is_cleaned_and_passes(kind: str, typed: str, kept: str) -> None:
    identifier = parse(kind, typed)
    assert (identifier.kind, identifier.value, identifier.warnings) == (kind, kept, ())
    assert identifier.system == KINDS[kind].system
    assert identifier.level == KINDS[kind].level


@pytest.mark.parametrize(("kind", "typed", "kept"), ACCEPTED)
def test_the_system_means_the_same_as_the_kind(kind: str, typed: str, kept: str) -> None:
    assert parse(KINDS[kind].system, typed) == parse(kind, typed)
    assert parse(KINDS[kind].system, kept) == parse(kind, typed)


@given(VALID_18, st.integers(0, 17), st.integers(1, 10))
def test_any_wrong_character_is_warned_about_and_accepted(number: str, place: int, shift: int) -> None:
    alphabet = "0123456789X" if place == 17 else "0123456789"
    wrong = alphabet[(alphabet.index(number[place]) + shift) % len(alphabet)]
    if wrong == number[place]:
        return
    typed = number[:place] + wrong + number[place + 1 :]
    identifier = parse("citizen-id", typed)
    assert identifier.value == identifier.canonical == typed
    assert (identifier.level, identifier.holds) == (LEVEL_DOUBTFUL, False)
    assert (birth_date_in(identifier), sex_in(identifier)) == (None, None)
    assert identifier.positions
    if place < 6 or place > 13:
        assert CHECK_CHARACTER in identifier.warnings or SHAPE_CITIZEN in identifier.warnings
        assert 18 in identifier.positions or identifier.positions == ()


@given(VALID_18, st.integers(0, 15))
def test_two_swapped_neighbours_are_warned_about(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert not parse("citizen-id", swapped).holds or swapped == number


@pytest.mark.parametrize(
    ("number", "warnings", "positions"),
    [
        ("110105194912310021", (CHECK_CHARACTER,), (18,)),
        ("110105194913310021", (BIRTH_DIGITS,), (11, 12)),
        ("110105194912320021", (BIRTH_DIGITS,), (13, 14)),
        ("110105194904310021", (BIRTH_DIGITS,), (11, 12, 13, 14)),
        ("110105194902290021", (BIRTH_DIGITS,), (7, 8, 9, 10, 11, 12, 13, 14)),
        ("110105084912310021", (BIRTH_DIGITS,), (7, 8, 9, 10)),
        ("110105194900000021", (BIRTH_DIGITS,), (11, 12, 13, 14)),
        ("110105491331002", (BIRTH_DIGITS_15,), (9, 10)),
        ("110105490229002", (BIRTH_DIGITS_15,), (7, 8, 9, 10, 11, 12)),
        ("110105491232002", (BIRTH_DIGITS_15,), (11, 12)),
        ("USA110182133101", (BIRTH_DIGITS_FOREIGN_15,), (8, 9, 10, 11, 12, 13)),
        ("1101051949123100", (SHAPE_CITIZEN,), ()),
        ("11O105194912310O21", (SHAPE_CITIZEN,), (3, 16)),
        ("1101O5491231002", (SHAPE_CITIZEN,), (5,)),
        ("1101O519491231002X", (SHAPE_CITIZEN,), (5,)),
        ("11010519491231X021", (SHAPE_CITIZEN,), (15,)),
        ("11010519491231002A", (SHAPE_CITIZEN,), (18,)),
    ],
)
def test_a_warning_says_which_characters_to_compare(
    number: str, warnings: tuple[str, ...], positions: tuple[int, ...]
) -> None:
    identifier = parse("citizen-id", number)
    assert (identifier.warnings, identifier.positions) == (warnings, positions)
    assert identifier.level == LEVEL_DOUBTFUL


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("hm-permit", "H123456789"),
        ("tw-permit", "123456789"),
        ("citizen-id", "110105491331002"),
        ("tw-permit", "1" * 10),
    ],
)
def test_a_doubtful_number_is_looked_up_just_as_it_stands(kind: str, number: str) -> None:
    doubtful = parse(kind, number)
    assert (doubtful.canonical, doubtful.level) == (number, LEVEL_DOUBTFUL)


@pytest.mark.parametrize("kind", ["citizen-id", "passport", "tw-permit", "insurance", "health-card"])
def test_one_character_again_and_again_proves_nothing(kind: str) -> None:
    number = parse(kind, "1" * (15 if kind == "citizen-id" else 8))
    assert (number.warnings, number.level) == ((FILLER,), LEVEL_DOUBTFUL)


@given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(1, 995))
def test_a_15_digit_number_is_looked_up_as_its_18_character_twin(born: date, order: int) -> None:
    old = parse("citizen-id", f"110105{born:%y%m%d}{order:03d}")
    new = parse("citizen-id", valid_18("110105", born, order))
    assert old.kind == "citizen-id-15"
    assert (old.system, old.canonical) == (new.system, new.canonical)
    assert birth_date_in(old) == birth_date_in(new) == born
    assert sex_in(old) == sex_in(new) == ("male" if order % 2 else "female")


@given(st.dates(date(1850, 1, 1), date(1899, 12, 31)), st.integers(996, 999))
def test_a_centenarians_15_digits_have_no_sure_twin(born: date, order: int) -> None:
    old = parse("citizen-id", f"110105{born:%y%m%d}{order}")
    assert (old.kind, old.canonical, old.warnings) == ("citizen-id-15", old.value, ())
    assert birth_date_in(old) == born
    assert sex_in(old) == ("male" if order % 2 else "female")
    assert old.canonical != valid_18("110105", born, order)


@pytest.mark.parametrize(
    ("number", "kind", "system"),
    [
        ("81000019790412005X", "hmt-residence", HMT_RESIDENCE_SYSTEM),
        ("931840198203150018", "foreign-resident", FOREIGN_RESIDENT_SYSTEM),
        ("USA110182031501", "foreign-resident-15", FOREIGN_RESIDENT_SYSTEM),
    ],
)
def test_a_permit_sent_as_a_citizens_number_is_the_same_permit(number: str, kind: str, system: str) -> None:
    identifier = parse(CITIZEN_SYSTEM, number)
    assert identifier == parse(kind, number)
    assert (identifier.kind, identifier.system, identifier.warnings) == (kind, system, ())


def test_a_renewed_travel_permit_is_looked_up_without_its_issue_number() -> None:
    assert parse("hm-permit", "H1234567801").canonical == parse("hm-permit", "H12345678").canonical
    assert parse("tw-permit", "1234567802").canonical == parse("tw-permit", "12345678").canonical
    assert parse("tw-permit", "1234567802 (B)").canonical == parse("tw-permit", "12345678").canonical
    issues = [issue_in(parse("hm-permit", each)) for each in ("H12345678", "H1234567801", "M1234567812")]
    assert issues == [None, 1, 12]
    assert issue_in(parse("tw-permit", "1234567802(B)")) == 2
    assert issue_in(parse("passport", "E12345678")) is None


def test_the_words_around_a_military_number_do_not_matter_but_its_arm_does() -> None:
    forms = {
        parse("officer-card", each).canonical
        for each in ("军字第2001988号", "军 2001988", "军字2001988", "军第2001988")
    }
    assert forms == {"军2001988"}
    assert parse("officer-card", "海字第2001988号").canonical not in forms
    assert parse("officer-card", "2001988").level == LEVEL_DOUBTFUL
    assert parse("soldier-card", "军2001988").system != parse("officer-card", "军2001988").system


@pytest.mark.parametrize(
    "kind", ["household-register", "officer-card", "soldier-card", "police-card", "driving-licence"]
)
@pytest.mark.parametrize("number", ["11010519491231002X", "110105491231002"])
def test_a_citizen_number_on_another_document_is_the_citizens(kind: str, number: str) -> None:
    assert parse(kind, number) == parse("citizen-id", number)
    assert parse(KINDS[kind].system, number).canonical == "11010519491231002X"


def test_a_mistyped_citizen_number_on_another_document_is_still_doubtful() -> None:
    assert parse("driving-licence", "110105194912310021").warnings == (CHECK_CHARACTER,)
    assert parse("driving-licence", "11O10519491231002X").level == LEVEL_DOUBTFUL


@given(st.text(min_size=1, max_size=7))
def test_the_number_of_a_household_is_nobodys(text: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        parse("household-register", text)
    assert refusal.value.code in {"identifier-of-household", "identifier-empty"}


def test_two_hospitals_with_equal_digits_gave_two_numbers() -> None:
    here, there = parse(hospital_system("county-2"), "0048117"), parse(hospital_system("city-1"), "0048117")
    assert here != there
    assert (here.kind, here.level, here.canonical) == (None, LEVEL_LOCAL, "0048117")
    assert (here.system, here.canonical) != (there.system, there.canonical)
    for nobody in ("", "  ", "x" * SYSTEM_LENGTH_MAX):
        with pytest.raises(InvalidInputError) as refusal:
            hospital_system(nobody)
        assert refusal.value.code == "identifier-authority"


@pytest.mark.parametrize("purpose", list(Purpose))
def test_an_insurance_number_is_shown_for_payment_only(purpose: Purpose) -> None:
    assert may_show(parse("insurance", "DEMO1"), purpose) == (purpose is Purpose.HPAYMT)
    assert may_show(parse("citizen-id", "11010519491231002X"), purpose)
    assert may_show(parse("urn:oid:2.999.1", "7"), purpose)


def test_a_passport_keeps_the_country_that_issued_it() -> None:
    french = parse("http://hl7.org/fhir/sid/passport-fra", "12ab34567")
    assert (french.system, french.kind) == ("http://hl7.org/fhir/sid/passport-FRA", "passport")
    assert french.system != parse("passport", "12AB34567").system


def test_any_other_system_is_an_institutions_own_and_only_trimmed() -> None:
    local = parse("urn:oid:2.999.1", "  ab-01 2 ")
    assert (local.kind, local.value, local.warnings, local.level) == (None, "ab-01 2", (), LEVEL_LOCAL)
    assert local.canonical == "ab-01 2"


@pytest.mark.parametrize(
    ("system", "value", "code"),
    [
        ("library-card", "1", "identifier-kind-unknown"),
        ("citizen-id", " - ", "identifier-empty"),
        ("urn:oid:2.999.1", "  ", "identifier-empty"),
        ("urn:oid:2.999.1", "1" * (VALUE_LENGTH_MAX + 1), "identifier-too-long"),
    ],
)
def test_what_cannot_be_a_number_is_refused(system: str, value: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        parse(system, value)
    assert refusal.value.code == code


TEXTS = st.text(min_size=1, max_size=40).filter(lambda text: any(character.isalnum() for character in text))


SENTENCES = {kind.shape for kind in KINDS.values()} | {
    AREA_ENDED, AREA_UNKNOWN, BIRTH_DIGITS, BIRTH_DIGITS_15, BIRTH_DIGITS_FOREIGN_15, CHECK_CHARACTER, FILLER,
}  # fmt: skip


@given(st.sampled_from(sorted(set(KINDS) - {"household-register"})), TEXTS)
def test_no_text_is_blocked_and_none_is_repeated(kind: str, text: str) -> None:
    identifier = parse(kind, text)
    assert parse(identifier.system, identifier.value) == identifier
    assert set(identifier.warnings) <= SENTENCES
    assert repr(identifier) == (
        f"Identifier(system={identifier.system!r}, kind={identifier.kind!r}, findings={identifier.findings!r})"
    )


def test_a_citizens_card_proves_more_than_an_insurance_number() -> None:
    assert parse("citizen-id", "11010519491231002X").level == LEVEL_DOCUMENT > parse("insurance", "DEMO1").level
