"""Every kind of number: what it accepts, what it warns about, under what it is looked up."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.identifiers import (
    BIRTH_DIGITS,
    BIRTH_DIGITS_15,
    BIRTH_DIGITS_FOREIGN_15,
    CHECK_CHARACTER,
    CITIZEN_SYSTEM,
    FOREIGN_RESIDENT_SYSTEM,
    HMT_RESIDENCE_SYSTEM,
    KINDS,
    LEVEL_DOCUMENT,
    LEVEL_DOUBTFUL,
    LEVEL_LOCAL,
    SHAPE_CITIZEN,
    VALUE_LENGTH_MAX,
    birth_date_in,
    check_character,
    parse,
    sex_in,
)
from carecode.kernel.errors import InvalidInputError

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
    assert {kind for kind, _, _ in ACCEPTED} == set(KINDS)
    assert len(KINDS) >= 8


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
    identifier = parse("citizen-id", number[:place] + wrong + number[place + 1 :])
    assert identifier.warnings
    assert identifier.level == LEVEL_DOUBTFUL
    if place < 6 or place > 13:
        assert identifier.warnings in {(CHECK_CHARACTER,), (SHAPE_CITIZEN,)}


@given(VALID_18, st.integers(0, 15))
def test_two_swapped_neighbours_are_warned_about(number: str, place: int) -> None:
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert parse("citizen-id", swapped).warnings or swapped == number


def test_the_warning_says_which_character_to_compare() -> None:
    assert parse("citizen-id", "110105194912310021").warnings == (CHECK_CHARACTER,)
    assert "number 18" in CHECK_CHARACTER
    assert parse("citizen-id", "110105194913310021").warnings == (BIRTH_DIGITS,)
    assert parse("citizen-id-15", "110105491331002").warnings == (BIRTH_DIGITS_15,)
    assert parse("citizen-id", "1101051949123100").warnings == (SHAPE_CITIZEN,)


@given(st.dates(date(1900, 1, 1), date(1999, 12, 31)), st.integers(1, 995))
def test_a_15_digit_number_is_looked_up_as_its_18_character_twin(born: date, order: int) -> None:
    old = parse("citizen-id", f"110105{born:%y%m%d}{order:03d}")
    new = parse("citizen-id", valid_18("110105", born, order))
    assert old.kind == "citizen-id-15"
    assert (old.system, old.canonical) == (new.system, new.canonical)
    assert birth_date_in(old) == birth_date_in(new) == born
    assert sex_in(old) == sex_in(new) == ("male" if order % 2 else "female")


def test_orders_996_to_999_were_kept_for_people_born_before_1900() -> None:
    assert birth_date_in(parse("citizen-id", "110105870101998")) == date(1887, 1, 1)


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
    BIRTH_DIGITS, BIRTH_DIGITS_15, BIRTH_DIGITS_FOREIGN_15, CHECK_CHARACTER,
}  # fmt: skip


@given(st.sampled_from(sorted(KINDS)), TEXTS)
def test_no_text_is_blocked_and_none_is_repeated(kind: str, text: str) -> None:
    identifier = parse(kind, text)
    assert parse(identifier.system, identifier.value) == identifier
    assert set(identifier.warnings) <= SENTENCES
    assert repr(identifier) == (
        f"Identifier(system={identifier.system!r}, kind={identifier.kind!r}, warnings={identifier.warnings!r})"
    )


def test_a_citizens_card_proves_more_than_an_insurance_number() -> None:
    assert parse("citizen-id", "11010519491231002X").level == LEVEL_DOCUMENT > parse("insurance", "DEMO1").level
