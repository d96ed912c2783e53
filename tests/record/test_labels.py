"""Which resources are sensitive from their first day: wherever a code or a word stands, and free text."""

from __future__ import annotations

import base64
import bz2
import json
import time
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carecode.kernel.vocabulary import SENSITIVE, Closed
from carecode.record.catalogue import TYPES
from carecode.record.labels import NOTE_CHARACTERS_MAX, labels_of
from carecode.record.matters import links_of, spread, visit_of

SCT, LOINC, ICD = "http://snomed.info/sct", "http://loinc.org", "http://hl7.org/fhir/sid/icd-10"
ATC, CPT, LOCAL = "http://www.whocc.no/atc", "http://www.ama-assn.org/go/cpt", "urn:example:hospital:list"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
LABELS_US: Final = 5.0
NOTHING = Closed(0)


def spread_of(resources: list[tuple[str, Any, Closed]]) -> list[Closed]:
    return spread([links_of(*one) for one in resources])


def concept(system: str, code: str, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}


def condition(code: str) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": "c", "code": concept(ICD, code)}


# --------------------------------------------------------------------------------------------------- whole resources
B24 = concept(ICD, "B24")
ANYWHERE: Final[list[tuple[str, dict[str, Any]]]] = [
    ("Condition", {"code": B24}),
    ("Observation", {"code": concept(LOINC, "8480-6"), "valueCodeableConcept": B24}),
    ("Observation", {"code": concept(LOINC, "85354-9"), "component": [{"code": B24}]}),
    ("MedicationRequest", {"medicationCodeableConcept": concept(ATC, "J05AR27")}),
    ("MedicationRequest", {"medicationReference": {"reference": "#m"}, "contained": [{"code": B24}]}),
    ("MedicationDispense", {"medicationCodeableConcept": concept(ATC, "J05AR27")}),
    ("MedicationAdministration", {"medicationCodeableConcept": concept(ATC, "J05AR27")}),
    ("MedicationStatement", {"medicationCodeableConcept": B24, "reasonCode": [B24]}),
    ("Procedure", {"code": concept(SCT, "31676001")}),
    ("Procedure", {"code": concept(SCT, "73761001"), "reasonCode": [B24]}),
    ("Encounter", {"reasonCode": [B24]}),
    ("Encounter", {"type": [B24]}),
    ("Encounter", {"serviceType": B24}),
    ("Encounter", {"serviceProvider": {"reference": "Organization/1", "display": "AIDS Clinic"}}),
    ("DiagnosticReport", {"code": concept(LOINC, "58410-2"), "conclusionCode": [B24]}),
    ("DiagnosticReport", {"code": concept(LOINC, "58410-2"), "conclusion": "HIV positive"}),
    ("Immunization", {"vaccineCode": concept(LOCAL, "1", "HIV vaccine, trial")}),
    ("Claim", {"diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": B24}]}),
    ("Claim", {"item": [{"sequence": 1, "productOrService": concept(CPT, "87389")}]}),
    ("ExplanationOfBenefit", {"item": [{"detail": [{"productOrService": concept(CPT, "87389")}]}]}),
    ("DocumentReference", {"type": concept(LOINC, "56888-1")}),
    ("DocumentReference", {"context": {"event": [B24]}}),
    ("Composition", {"section": [{"title": "HIV care", "code": concept(LOINC, "1-8")}]}),
    ("CarePlan", {"activity": [{"detail": {"code": B24}}]}),
    ("Goal", {"description": {"text": "Viral load undetectable"}, "target": [{"measure": concept(LOINC, "20447-9")}]}),
    ("ServiceRequest", {"code": concept(LOINC, "56888-1")}),
    ("FamilyMemberHistory", {"condition": [{"code": B24}]}),
    ("AllergyIntolerance", {"code": {"text": "Abacavir"}}),
    ("AllergyIntolerance", {"code": concept(SCT, "91936005"), "reaction": [{"substance": {"text": "efavirenz"}}]}),
    ("EpisodeOfCare", {"type": [B24]}),
    ("QuestionnaireResponse", {"item": [{"text": "HIV tested?", "answer": [{"valueBoolean": True}]}]}),
    ("Specimen", {"type": concept(LOCAL, "1", "HIV tube")}),
    ("Appointment", {"serviceType": [B24]}),
    ("ChargeItem", {"code": concept(LOCAL, "1", "HIV抗体")}),
    ("RiskAssessment", {"code": B24}),
    ("ImagingStudy", {"reasonCode": [B24]}),
    ("Condition", {"code": concept(SCT, "233604007"), "note": [{"text": "艾滋病患者"}]}),
    ("Condition", {"code": {"text": "Pneumonia", "_text": {"extension": [{"extension": [{"valueString": "艾滋"}]}]}}}),
    ("Condition", {"code": concept(SCT, "233604007"), "extension": [{"valueCodeableConcept": B24}]}),
]


@pytest.mark.parametrize(("name", "resource"), ANYWHERE, ids=[f"{n}-{name}" for n, (name, _) in enumerate(ANYWHERE)])
def test_a_label_is_found_wherever_meaning_stands(name: str, resource: dict[str, Any]) -> None:
    assert labels_of(name, {"resourceType": name, "id": "1", **resource}) & Closed.HIV


def test_every_kept_type_about_a_resident_is_read() -> None:
    for name, row in TYPES.items():
        expected = not row.directory and name not in {"Patient", "RelatedPerson"}
        resource = {"resourceType": name, "id": "1", "reasonCode": [B24]}
        assert bool(labels_of(name, resource) & Closed.HIV) is expected, name


def test_two_matters_are_two_labels_and_a_sequence_is_genetic() -> None:
    assert labels_of("Condition", {"code": concept(ICD, "F53.0")}) == Closed.PSY | Closed.PREGNANT
    assert labels_of("MolecularSequence", {"type": "dna"}) == Closed.GDIS


def test_sex_and_birth_are_no_secret_of_hers() -> None:
    patient = {
        "resourceType": "Patient",
        "gender": "female",
        "birthDate": "1990-01-01",
        "maritalStatus": {"text": "Married"},
        "name": [{"text": "Rose Rape"}],
        "text": {"status": "generated", "div": "<div>HIV</div>"},
        "extension": [{"url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-birthsex", "valueCode": "F"}],
    }
    assert labels_of("Patient", patient) == NOTHING
    assert labels_of("Patient", {"extension": [{"valueCodeableConcept": concept(SCT, "407376001")}]}) == Closed.SEX
    assert labels_of("Organization", {"name": "AIDS Foundation"}) == NOTHING
    ordinary: list[tuple[str, dict[str, Any]]] = [
        ("Observation", {"code": concept(LOINC, "46098-0", "Sex"), "valueCodeableConcept": concept(SCT, "248152002")}),
        ("RelatedPerson", {"relationship": [concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "MTH")]}),
    ]
    for name, resource in ordinary:
        assert labels_of(name, resource) == NOTHING


def test_who_and_when_are_not_read_and_neither_is_generated_narrative() -> None:
    resource = {
        **condition("J18.9"),
        "text": {"status": "generated", "div": "<div>HIV psychiatric pregnancy</div>"},
        "asserter": {"display": "Dr. Herpes, venereal disease clinic"},
        "identifier": [{"system": "urn:example", "value": "HIV-1", "type": {"text": "HIV register"}}],
    }
    assert labels_of("Condition", resource) == NOTHING


SENT: Final = [
    (ACT_CODE, "HIV", Closed.HIV),
    (ACT_CODE, "ETH", Closed.SUD),
    (ACT_CODE, "BH", Closed.PSY | Closed.SUD),
    (ACT_CODE, "SCA", Closed.GDIS),
    (ACT_CODE, "VIO", Closed.SDV),
    (CONFIDENTIALITY, "R", Closed.UNLABELLED),
    (CONFIDENTIALITY, "V", Closed.UNLABELLED),
    (CONFIDENTIALITY, "N", NOTHING),
    ("http://terminology.hl7.org/CodeSystem/v3-ActReason", "HIV", NOTHING),
    ("urn:example", "HIV", NOTHING),
]


@pytest.mark.parametrize(("system", "code", "expected"), SENT)
def test_the_senders_own_label_counts(system: str, code: str, expected: Closed) -> None:
    tag = {"system": system, "code": code}
    assert labels_of("Condition", {**condition("J18.9"), "meta": {"security": [tag]}}) == expected
    assert labels_of("Patient", {"meta": {"security": [tag]}}) == expected
    document = {"securityLabel": [{"coding": [tag]}], "content": [{"attachment": {"url": "https://example.org/1"}}]}
    vouched = expected & ~Closed.UNLABELLED or code == "N"
    assert labels_of("DocumentReference", document) == (expected if vouched else expected | Closed.UNLABELLED)


# --------------------------------------------------------------------------------------------------------- free text
def attachment(text: str, kind: str = "text/plain; charset=utf-8") -> dict[str, Any]:
    return {"contentType": kind, "data": base64.b64encode(text.encode()).decode()}


LONG = "word " * (NOTE_CHARACTERS_MAX // 5 + 1)
LETTER = attachment("Seen today, all well.")
UNCODED: Final[list[tuple[str, dict[str, Any], bool]]] = [
    ("DocumentReference", {"content": [{"attachment": LETTER}]}, True),
    ("DocumentReference", {"content": [{"attachment": {"contentType": "application/pdf", "url": "x"}}]}, True),
    ("DocumentReference", {"content": [{"attachment": attachment("x", "image/png")}]}, False),
    ("DocumentReference", {"content": [{"attachment": attachment("x", "application/dicom")}]}, False),
    ("DocumentReference", {"content": [{"attachment": {"title": "kept elsewhere"}}]}, False),
    ("DiagnosticReport", {"code": concept(LOINC, "34117-2"), "presentedForm": [LETTER]}, True),
    ("DiagnosticReport", {"code": concept(LOINC, "58410-2"), "presentedForm": [LETTER], "result": [{}]}, False),
    ("DiagnosticReport", {"code": concept(LOINC, "24725-4"), "conclusion": "No fracture."}, False),
    ("DiagnosticReport", {"code": concept(LOINC, "24725-4"), "conclusion": LONG}, True),
    ("DiagnosticReport", {"code": concept(LOINC, "24725-4"), "conclusion": LONG, "conclusionCode": [{}]}, False),
    ("Composition", {"section": [{"title": "Plan", "text": {"status": "additional", "div": "<div>x</div>"}}]}, True),
    ("Composition", {"section": [{"text": {"status": "generated", "div": "<div/>"}, "entry": [{}]}]}, False),
    ("Composition", {"section": [{"section": [{"text": {"status": "generated", "div": "<div>x</div>"}}]}]}, True),
    ("Communication", {"payload": [{"contentString": "Please call me."}]}, True),
    ("Communication", {"payload": [{"contentReference": {"reference": "Observation/1"}}]}, False),
    ("CommunicationRequest", {"payload": [{"contentAttachment": LETTER}]}, True),
    ("QuestionnaireResponse", {"item": [{"answer": [{"valueString": "Yes"}]}]}, False),
    ("QuestionnaireResponse", {"item": [{"item": [{"answer": [{"valueString": LONG}]}]}]}, True),
    ("Media", {"content": attachment("x", "image/jpeg")}, False),
    ("Condition", {"code": {"text": "Something nobody coded"}}, True),
    ("Condition", {"code": {"coding": [{"display": "no code"}]}}, True),
    ("Condition", {"code": concept(LOCAL, "17", "A local name")}, False),
    ("Condition", {**condition("J18.9"), "note": [{"text": "Better."}]}, False),
    ("Condition", {**condition("J18.9"), "note": [{"text": LONG}]}, True),
    ("Observation", {"code": {"text": "白细胞"}, "valueQuantity": {"value": 5}}, True),
    ("Observation", {"code": concept(LOINC, "600-7"), "valueString": "No growth."}, False),
    ("Observation", {"code": concept(LOINC, "600-7"), "valueString": LONG}, True),
    ("MedicationRequest", {"medicationCodeableConcept": {"text": "the white pills"}}, True),
    ("MedicationRequest", {"medicationReference": {"reference": "Medication/1"}}, False),
    ("AllergyIntolerance", {"code": {"text": "Peanuts"}}, False),
    ("Immunization", {"vaccineCode": {"text": "Flu 2025"}}, False),
    ("Encounter", {"reasonCode": [{"text": "Follow-up"}]}, False),
]


@pytest.mark.parametrize(("name", "resource", "closed"), UNCODED, ids=[f"{n}-{u[0]}" for n, u in enumerate(UNCODED)])
def test_text_that_nobody_coded_counts_as_sensitive(name: str, resource: dict[str, Any], *, closed: bool) -> None:
    found = labels_of(name, resource)
    assert found == (Closed.UNLABELLED if closed else NOTHING)
    if closed:
        vouched = {**resource, "meta": {"security": [{"system": CONFIDENTIALITY, "code": "N"}]}}
        assert labels_of(name, vouched) == NOTHING


def test_words_of_a_letter_are_read_and_it_stays_unlabelled() -> None:
    letter = {"content": [{"attachment": attachment("患者妊娠28周。 HIV negative.")}]}
    assert labels_of("DocumentReference", letter) == Closed.HIV | Closed.PREGNANT | Closed.UNLABELLED
    titled = {"content": [{"attachment": {"contentType": "application/pdf", "url": "x", "title": "精神科出院小结"}}]}
    assert labels_of("DocumentReference", titled) == Closed.PSY | Closed.UNLABELLED
    broken = {"content": [{"attachment": {"contentType": "text/plain", "data": "not base64 %"}}]}
    assert labels_of("DocumentReference", broken) == Closed.UNLABELLED


def test_a_diagnosis_in_words_gets_its_label_instead() -> None:
    assert labels_of("Condition", {"code": {"text": "精神分裂症"}}) == Closed.PSY
    assert labels_of("Condition", {"code": {"text": "Syphilis, late"}}) == Closed.STD


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["coding", "B24", ICD]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["code", "coding", "system", "display", "text", "meta", "security", "content", "attachment",
                         "data", "section", "item", "answer", "note", "reference", "encounter", "payload", "id"]),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(name=st.sampled_from(sorted(TYPES)), resource=st.dictionaries(st.text(max_size=9), JSON, max_size=4), more=JSON)
def test_odd_shapes_fail_nothing(name: str, resource: dict[str, Any], more: object) -> None:
    for key in ("code", "content", "meta", "section", "encounter", "note", "result", "item", "securityLabel"):
        odd = {**resource, key: more}
        found = labels_of(name, odd)
        assert found & ~SENSITIVE == 0
        visit_of(name, odd)
        assert spread_of([(name, odd, found), (name, odd, Closed.HIV)])[0] & found == found


@settings(deadline=None)
@given(st.integers(1, 60))
def test_depth_is_bounded(depth: int) -> None:
    node: Any = B24
    for _ in range(depth):
        node = {"extension": [node]}
    labels_of("Condition", {"code": node})


# ------------------------------------------------------------------------------------------------------- other's data
@pytest.fixture(scope="module")
def synthea(shared_data: Path) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for path in sorted((shared_data / "synthea").glob("*.json.bz2"))[:12]:
        bundle = json.loads(bz2.decompress(path.read_bytes()))
        found += [(entry["resource"]["resourceType"], entry["resource"]) for entry in bundle["entry"]]
    return found


def test_a_usual_resource_takes_no_more_than_five_microseconds(synthea: list[tuple[str, dict[str, Any]]]) -> None:
    usual = [(name, body) for name, body in synthea if name == "Observation"]
    best = 1e9
    for _ in range(7):
        started = time.process_time()
        for name, body in usual:
            labels_of(name, body)
        best = min(best, (time.process_time() - started) / len(usual) * 1e6)
    assert best < LABELS_US * 2, f"{best:.1f} us"  # twice: other tests share the cores


def test_most_of_a_life_carries_no_label(synthea: list[tuple[str, dict[str, Any]]]) -> None:
    coded = [labels_of(name, body) for name, body in synthea if name in {"Observation", "Immunization", "Condition"}]
    assert 0 < sum(bool(one) for one in coded) < len(coded) / 10
