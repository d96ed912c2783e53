"""The document types of CV02.01.101: each code has a kind or a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.identity.documents import ASSIGNED, document_type, parse_document
from carecode.identity.identifiers import KINDS, parse
from carecode.kernel.errors import InvalidInputError

CODES = [f"{number:02d}" for number in range(1, 100)]


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_kind_or_says_why_not(code: str) -> None:
    row = document_type(code)
    assert row.code == code
    assert row.kind is None or row.kind in KINDS
    assert row.why.endswith(".")
    assert bool(row.label) == (code in ASSIGNED)


def test_the_standard_assigns_eight_codes() -> None:
    assert {code: row.kind for code, row in ASSIGNED.items()} == {
        "01": "citizen-id",
        "02": "household-register",
        "03": "passport",
        "04": "officer-card",
        "05": "driving-licence",
        "06": "hm-permit",
        "07": "tw-permit",
        "99": None,
    }


def test_a_region_adds_codes_and_changes_none() -> None:
    region = {"08": "soldier-card", "01": "insurance"}
    assert document_type("8", region=region).kind == "soldier-card"
    assert document_type("1", region=region).kind == "citizen-id"
    assert document_type("08").kind is None
    with pytest.raises(InvalidInputError):
        document_type("08", region={"08": "library-card"})


@pytest.mark.parametrize("code", ["", "0", "00", "100", "A1", "１", "-1"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(InvalidInputError) as refusal:
        document_type(code)
    assert refusal.value.code == "document-type"


@pytest.mark.parametrize(
    ("code", "number", "kind"),
    [
        ("01", "11010519491231002X", "citizen-id"),
        ("01", "81000019790412005X", "hmt-residence"),
        ("02", "11010519491231002X", "citizen-id"),
        ("04", "军字第2001988号", "officer-card"),
        ("05", "11010519491231002X", "citizen-id"),
        ("06", "H1234567801", "hm-permit"),
        ("07", "12345678", "tw-permit"),
    ],
)
def test_a_number_is_read_under_its_code(code: str, number: str, kind: str) -> None:
    identifier = parse_document(code, number)
    assert identifier is not None
    assert (identifier.kind, identifier.warnings) == (kind, ())


def test_a_passport_is_its_states() -> None:
    assert parse_document("03", "E12345678") is None
    for nobodys in ("FR", "C1N", "FRAN", "ＦＲＡ"):
        assert parse_document("03", "E12345678", country=nobodys) is None
    french = parse_document("03", "12AB34567", country=" fra ")
    assert french == parse("http://hl7.org/fhir/sid/passport-FRA", "12AB34567")


def test_the_mothers_card_and_a_date_of_birth_name_no_child() -> None:
    assert parse_document("19", "11010519491231002X") is None
    assert "mother" in document_type("19").why
    assert parse_document("99", "20260101") is None
    assert parse_document("02", "004711") is None


def test_an_empty_number_is_still_refused() -> None:
    with pytest.raises(InvalidInputError) as refusal:
        parse_document("01", " ")
    assert refusal.value.code == "identifier-empty"


@given(st.sampled_from(CODES), st.text(min_size=1, max_size=20).filter(lambda text: any(map(str.isalnum, text))))
def test_nothing_sent_under_a_code_is_blocked(code: str, number: str) -> None:
    identifier = parse_document(code, number, country="CHN")
    assert identifier is None or identifier.value
