"""What is read off a resource before its body is sealed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import Category
from carecode.record.catalogue import TYPES, extract, matches, search_token, subject_references

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = bytes(32)
LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"


def concept(system: str, *codes: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} for code in codes]}


GLUCOSE: dict[str, Any] = {
    "resourceType": "Observation",
    "identifier": [{"system": "urn:example:lab", "value": "77-1"}],
    "status": "final",
    "category": [concept(CATEGORY, "laboratory")],
    "code": concept(LOINC, "2339-0"),
    "subject": {"reference": "Patient/p"},
    "encounter": {"reference": "Encounter/0190a3c4-0000-7000-8000-00000000000e"},
    "effectiveDateTime": "2026-03-01T08:30:00+08:00",
    "component": [{"code": concept(LOINC, "8480-6")}, {"code": concept(LOINC, "8462-4")}],
}
FOUND_BY = [
    ("code", f"{LOINC}|2339-0"),
    ("code", "2339-0"),
    ("status", "final"),
    ("category", "laboratory"),
    ("identifier", "urn:example:lab|77-1"),
    ("identifier", "77-1"),
    ("component-code", "8462-4"),
    ("encounter", "Encounter/0190a3c4-0000-7000-8000-00000000000e"),
    ("encounter", "0190a3c4-0000-7000-8000-00000000000e"),
    ("encounter", "http://localhost/fhir/Encounter/0190a3c4-0000-7000-8000-00000000000e/_history/3"),
]
NOT_FOUND_BY = [
    ("code", f"{SNOMED}|2339-0"),
    ("code", "|2339-0"),
    ("code", "2339"),
    ("status", "amended"),
    ("component-code", "2339-0"),
    ("identifier", "urn:example:other|77-1"),
    ("encounter", "0190a3c4-0000-7000-8000-00000000000f"),
]


def found(type_name: str, resource: dict[str, Any], parameter: str, text: str) -> tuple[bool, bool]:
    """Search once by token, once by recheck."""
    tokens = extract(type_name, resource, KEY)[2]
    return (
        search_token(type_name, parameter, text, KEY) in tokens,
        matches(type_name, resource, parameter, text),
    )


@pytest.mark.parametrize(("parameter", "text"), FOUND_BY)
def test_found_by_what_it_has(parameter: str, text: str) -> None:
    assert found("Observation", GLUCOSE, parameter, text) == (True, True)


@pytest.mark.parametrize(("parameter", "text"), NOT_FOUND_BY)
def test_not_found_by_what_it_has_not(parameter: str, text: str) -> None:
    assert found("Observation", GLUCOSE, parameter, text) == (False, False)


def test_a_reference_of_another_type_is_caught_by_the_recheck() -> None:
    by_token, by_recheck = found("Observation", GLUCOSE, "encounter", "Group/0190a3c4-0000-7000-8000-00000000000e")
    assert by_token, "one token per id, whatever the type before it"
    assert not by_recheck


def test_a_code_without_system_is_found_as_such() -> None:
    resource = {"code": {"coding": [{"code": "x1"}]}}
    assert found("Observation", resource, "code", "|x1") == (True, True)
    assert found("Observation", resource, "code", "x1") == (True, True)
    assert found("Observation", resource, "code", f"{LOINC}|x1") == (False, False)


def test_booleans_are_searched_as_words() -> None:
    assert found("Organization", {"active": True}, "active", "true") == (True, True)
    assert found("Organization", {"active": True}, "active", "false") == (False, False)


def test_two_paths_of_one_parameter_are_both_searched() -> None:
    resource = {"masterIdentifier": {"value": "m"}, "identifier": [{"value": "i"}]}
    assert found("DocumentReference", resource, "identifier", "m") == (True, True)
    assert found("DocumentReference", resource, "identifier", "i") == (True, True)


def test_tokens_depend_on_key_type_and_parameter() -> None:
    def tokens(type_name: str, resource: dict[str, Any], key: bytes = KEY) -> set[int]:
        return set(extract(type_name, resource, key)[2])

    coded = {"code": concept(SNOMED, "38341003")}
    assert tokens("Condition", coded)
    assert not tokens("Condition", coded) & tokens("Condition", coded, b"\1" * 32)
    assert not tokens("Condition", coded) & tokens("Procedure", coded)
    assert not tokens("Condition", coded) & tokens("Condition", {"category": [coded["code"]]})


def test_tokens_say_nothing_of_the_patient() -> None:
    other = GLUCOSE | {"subject": {"reference": "Patient/q"}}
    assert extract("Observation", GLUCOSE, KEY) == extract("Observation", other, KEY)
    patient = {"identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": "x"}], "gender": "female"}
    assert extract("Patient", patient, KEY)[:3] == (Category.DEMOGRAPHICS, None, ())


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: extract("Group", {}, KEY), "unknown-type"),
        (lambda: search_token("Observation", "patient-mood", "x", KEY), "unknown-parameter"),
        (lambda: matches("Observation", {}, "patient-mood", "x"), "unknown-parameter"),
        (lambda: search_token("Observation", "code", f"{LOINC}|", KEY), "search-code-missing"),
    ],
)
def test_what_is_not_offered_is_refused(call: Callable[[], object], code: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        call()
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("type_name", "resource", "expected"),
    [
        ("Observation", {"effectiveDateTime": "2026-03-01T08:30:00+08:00"}, (2026, 3, 1, 0, 30)),
        ("Observation", {"effectiveDateTime": "2026-03-01T08:30:00.286Z"}, (2026, 3, 1, 8, 30, 0, 286000)),
        ("Observation", {"effectivePeriod": {"start": "2026-03-01", "end": "2026-03-09"}}, (2026, 3, 1)),
        ("Observation", {"effectivePeriod": {"end": "2026-03-09"}}, (2026, 3, 9)),
        ("Observation", {"effectiveTiming": {"event": ["2026-03", "2026-04"]}}, (2026, 3, 1)),
        ("Observation", {"issued": "2026-01-01T00:00:00Z", "effectiveDateTime": "2019"}, (2019, 1, 1)),
        ("Condition", {"onsetAge": {"value": 4}, "recordedDate": "2026-02"}, (2026, 2, 1)),
        ("Encounter", {"period": {"start": "2026-05-01T10:00:00+02:00"}}, (2026, 5, 1, 8)),
        ("Specimen", {"collection": {"collectedDateTime": "2026-05-01"}}, (2026, 5, 1)),
        ("Claim", {"created": "2026-05-02", "billablePeriod": {"start": "2026-05-01"}}, (2026, 5, 1)),
    ],
)
def test_the_date_it_sorts_by(type_name: str, resource: dict[str, Any], expected: tuple[int, ...]) -> None:
    year, month, day, hour, minute, second, microsecond = (*expected, 0, 0, 0, 0)[:7]
    moment = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
    assert extract(type_name, resource, KEY)[1] == moment


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31", "20"])
def test_no_date_where_there_is_none(text: str) -> None:
    assert extract("Observation", {"effectiveDateTime": text}, KEY)[1] is None


LAB = "http://terminology.hl7.org/CodeSystem/v2-0074"


@pytest.mark.parametrize(
    ("type_name", "resource", "category"),
    [
        ("Observation", {"category": [concept(CATEGORY, "laboratory")]}, Category.LABORATORY),
        ("Observation", {"category": [concept(CATEGORY, "imaging")]}, Category.IMAGING),
        ("Observation", {"category": [concept(CATEGORY, "vital-signs")]}, Category.OBSERVATIONS),
        ("Observation", {}, Category.OBSERVATIONS),
        ("DiagnosticReport", {"category": [concept(LAB, "LAB")]}, Category.LABORATORY),
        ("DiagnosticReport", {"category": [concept(LAB, "RAD")]}, Category.IMAGING),
        ("DiagnosticReport", {"category": [concept(LOINC, "34117-2")]}, Category.DOCUMENTS),
        ("DiagnosticReport", {"result": [{"reference": "Observation/1"}]}, Category.LABORATORY),
        ("ServiceRequest", {"category": [concept(SNOMED, "108252007")]}, Category.LABORATORY),
        ("ServiceRequest", {}, Category.PROCEDURES),
        ("Claim", {}, Category.ENCOUNTERS),
        ("ExplanationOfBenefit", {}, Category.ENCOUNTERS),
        ("MedicationRequest", {}, Category.MEDICINES),
        ("CarePlan", {}, Category.PROBLEMS),
        ("SupplyDelivery", {}, Category.PROCEDURES),
        ("Device", {}, Category.PROCEDURES),
        ("Provenance", {}, Category.DOCUMENTS),
    ],
)
def test_the_category(type_name: str, resource: dict[str, Any], category: Category) -> None:
    assert extract(type_name, resource, KEY)[0] is category


def test_whose_resource_it_is() -> None:
    assert subject_references("Observation", GLUCOSE) == ("Patient/p",)
    appointment = {"participant": [{"actor": {"reference": "Patient/p"}}, {"actor": {"reference": "Practitioner/d"}}]}
    assert subject_references("Appointment", appointment) == ("Patient/p", "Practitioner/d")
    assert subject_references("Patient", {"id": "p"}) == ()
    assert subject_references("Organization", {"subject": {"reference": "Patient/p"}}) == ()


odd_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["coding", "system", "code", "value", "reference", "start", "event", "actor"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from(sorted(TYPES)), st.data())
def test_odd_shapes_never_fail(type_name: str, data: st.DataObject) -> None:
    row = TYPES[type_name]
    steps = {path[0] for path in (*row.subjects, *row.dates, *(rule.path for rule in row.tokens))}
    resource = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(steps, odd_json)))
    category, date, tokens, *_ = extract(type_name, resource, KEY)
    assert category in Category
    assert date is None or date.tzinfo is UTC
    assert all(-(2**63) <= token < 2**63 for token in tokens)
    assert len(tokens) == len(set(tokens))
    subject_references(type_name, resource)
