"""The catalogue is complete, and its numbers are given once."""

from __future__ import annotations

import bz2
import itertools
from pathlib import Path

import msgspec
import pytest

from carecode.kernel.vocabulary import ALL_CATEGORIES, Category
from carecode.record.catalogue import BY_NUMBER, PLACEHOLDER, TYPES, as_seen, extract, subject_references

DIRECTORY = {"Organization", "Practitioner", "PractitionerRole", "Location", "HealthcareService", "Medication"}
# FHIR R4, http://hl7.org/fhir/R4/compartmentdefinition-patient.html: every type with a criterion.
COMPARTMENT_TEXT = """
Account AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic BodyStructure
CarePlan CareTeam ChargeItem Claim ClaimResponse ClinicalImpression Communication CommunicationRequest
Composition Condition Consent Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue
DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference Encounter
EnrollmentRequest EpisodeOfCare ExplanationOfBenefit FamilyMemberHistory Flag Goal Group ImagingStudy
Immunization ImmunizationEvaluation ImmunizationRecommendation Invoice List MeasureReport Media
MedicationAdministration MedicationDispense MedicationRequest MedicationStatement MolecularSequence
NutritionOrder Observation Patient Person Procedure Provenance QuestionnaireResponse RelatedPerson
RequestGroup ResearchSubject RiskAssessment Schedule ServiceRequest Specimen SupplyDelivery SupplyRequest
VisionPrescription
"""
COMPARTMENT = set(COMPARTMENT_TEXT.split())
NOT_KEPT = {"Group", "Person", "AuditEvent"}


def test_every_type_about_a_patient_is_kept_but_the_three_that_are_not() -> None:
    kept = {name for name, row in TYPES.items() if not row.directory}
    assert COMPARTMENT - kept == NOT_KEPT
    assert kept - COMPARTMENT == {"Device", "GuidanceResponse", "Task"}


def test_the_directory() -> None:
    assert {name for name, row in TYPES.items() if row.directory} == DIRECTORY


def test_numbers_are_given_once_and_fit_the_column() -> None:
    assert len(BY_NUMBER) == len(TYPES)
    assert all(0 < number < 2**15 for number in BY_NUMBER)


def test_numbers_that_stand_in_databases_do_not_change() -> None:
    assert {
        name: TYPES[name].number for name in ("Patient", "Observation", "Encounter", "Provenance", "Medication")
    } == {
        "Patient": 1,
        "Observation": 5,
        "Encounter": 18,
        "Provenance": 52,
        "Medication": 106,
    }


def test_every_type_of_a_resident_says_whose_it_is() -> None:
    nameless = {name for name, row in TYPES.items() if not row.directory and not row.subjects}
    assert nameless == {"Patient"}, "a Patient is the resident; every other type points at one"


def test_every_category_has_a_type() -> None:
    fixed = {row.category for row in TYPES.values() if isinstance(row.category, Category)}
    assert fixed | {Category.LABORATORY, Category.OBSERVATIONS} == ALL_CATEGORIES


def test_the_placeholder_is_an_id_as_long_as_a_pseudonym() -> None:
    assert len(PLACEHOLDER) == 32
    assert set(PLACEHOLDER) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    body = f'{{"id":"{PLACEHOLDER}","link":[{{"other":{{"reference":"Patient/{PLACEHOLDER}"}}}}]}}'.encode()
    seen = as_seen(body, "a" * 32)
    assert len(seen) == len(body)
    assert PLACEHOLDER.encode() not in seen
    assert seen.count(b"a" * 32) == 2


@pytest.mark.parametrize("number", [0, 1, 2])
def test_real_bundles_are_of_kept_types_and_say_whose_they_are(shared_data: Path, number: int) -> None:
    paths = sorted((shared_data / "synthea").glob("*-*-*-*-*.json.bz2"))
    path = next(itertools.islice((p for p in paths if not p.name.startswith("0-")), number, None))
    bundle = msgspec.json.decode(bz2.decompress(path.read_bytes()))
    entries = [entry["resource"] for entry in bundle["entry"]]
    assert len(entries) > 100
    patient = bundle["entry"][0]["fullUrl"]
    for resource in entries:
        row = TYPES[resource["resourceType"]]
        _, date, tokens, *_ = extract(row.name, resource, bytes(32))
        if row.directory or row.name == "Patient":
            continue
        assert tokens, row.name
        assert date is not None or row.name == "Device", row.name
        if row.name != "Provenance":
            assert subject_references(row.name, resource) == (patient,), row.name
