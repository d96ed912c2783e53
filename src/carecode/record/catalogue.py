"""Every FHIR R4 type that CareCode keeps: one row each, and what can be read off a row.

To add a type, add a row with the next number.  This module holds no resident's data and does no
I/O; it is the one module of this room that every other room may import.

How types were sorted into the eleven categories, where it is not plain:

- Claim, ExplanationOfBenefit, Coverage and their kin are what a visit cost: ENCOUNTERS.
- CarePlan, CareTeam, Goal, Flag, RiskAssessment say why she is cared for: PROBLEMS, as guarded as that.
- Device, DeviceRequest, SupplyDelivery, Task, VisionPrescription are things done for her: PROCEDURES.
- Provenance, Consent, List, Communication and Basic point at anything: DOCUMENTS, the most guarded.

Not kept, on purpose: Group and Person (nothing here is about several people or joins them),
AuditEvent (the access log is the audit room's alone), definitions and terminology.

Source: FHIR R4, patient compartment definition and the search parameters of each type.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple
from uuid import UUID

from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import Category, Closed
from carecode.record import extraction
from carecode.record.categories import observation_category, order_category, report_category
from carecode.record.labels import labels_of
from carecode.record.matters import Linked, links_of, resource_number, spread, visit_of
from carecode.record.placeholder import PLACEHOLDER, as_seen
from carecode.record.rows import (
    CategoryRule,
    Decoded,
    ResourceType,
    TokenRule,
    code,
    coding,
    concept,
    identifier,
    paths,
    reference,
)

__all__ = (  # noqa: RUF022 - what stands in bodies first, then the rows, then what is read off them
    "PLACEHOLDER", "as_seen",
    "BY_NUMBER", "TYPES", "type_named",
    "Decoded", "Extracted", "Linked", "elements", "extract", "matches", "resource_number",
    "search_token", "spread", "subject_references",
)  # fmt: skip

_ENCOUNTER: Final = reference("encounter")


def _kept(
    name: str,
    number: int,
    category: Category | CategoryRule,
    subjects: str,
    dates: str,
    *tokens: TokenRule,
) -> ResourceType:
    """Make the row of a resident's type: every one of them is found by identifier and status."""
    return ResourceType(
        name,
        number,
        category,
        paths(*subjects.split()),
        (identifier(), code("status"), *tokens),
        paths(*dates.split()),
    )


def _listed(name: str, number: int, *tokens: TokenRule) -> ResourceType:
    """Make the row of a directory type; its category is never asked for."""
    return ResourceType(name, number, Category.ENCOUNTERS, tokens=(identifier(), *tokens), directory=True)


_DEMOGRAPHICS = (
    # A Patient is found through the index, never by tokens: the record does not know who she is.
    ResourceType("Patient", 1, Category.DEMOGRAPHICS),
    _kept("RelatedPerson", 2, Category.DEMOGRAPHICS, "patient", "period", concept("relationship"), code("active")),
)

_CLINICAL = (
    _kept(
        "AllergyIntolerance", 3, Category.ALLERGIES, "patient", "recordedDate onsetDateTime onsetPeriod lastOccurrence",
        concept("clinical-status", "clinicalStatus"), concept("verification-status", "verificationStatus"),
        concept("code"), concept("code", "reaction.substance"), code("category"), code("criticality"),
        code("type"), concept("manifestation", "reaction.manifestation"),
    ),
    _kept(
        "Condition", 4, Category.PROBLEMS, "subject", "onsetDateTime onsetPeriod recordedDate",
        concept("clinical-status", "clinicalStatus"), concept("verification-status", "verificationStatus"),
        concept("code"), concept("category"), concept("severity"), concept("body-site", "bodySite"), _ENCOUNTER,
    ),
    _kept(
        "Observation", 5, observation_category, "subject",
        "effectiveDateTime effectivePeriod effectiveInstant effectiveTiming issued",
        concept("code"), concept("category"), concept("component-code", "component.code"),
        concept("value-concept", "valueCodeableConcept"), _ENCOUNTER, reference("performer"),
        reference("based-on", "basedOn"), reference("part-of", "partOf"), reference("specimen"),
        reference("has-member", "hasMember"), reference("derived-from", "derivedFrom"), reference("device"),
    ),
    _kept(
        "DiagnosticReport", 6, report_category, "subject", "effectiveDateTime effectivePeriod issued",
        concept("code"), concept("category"), _ENCOUNTER, reference("performer"), reference("result"),
        reference("based-on", "basedOn"), reference("specimen"), concept("conclusion", "conclusionCode"),
    ),
    _kept(
        "Procedure", 7, Category.PROCEDURES, "subject",
        "performedDateTime performedPeriod",
        concept("code"), concept("category"), _ENCOUNTER, reference("performer", "performer.actor"),
        reference("location"), reference("reason-reference", "reasonReference"), concept("reason-code", "reasonCode"),
        reference("based-on", "basedOn"), reference("part-of", "partOf"),
    ),
    _kept(
        "Immunization", 8, Category.IMMUNIZATIONS, "patient", "occurrenceDateTime recorded",
        concept("vaccine-code", "vaccineCode"), _ENCOUNTER, reference("location"), reference("manufacturer"),
        reference("performer", "performer.actor"), concept("target-disease", "protocolApplied.targetDisease"),
    ),
    _kept(
        "MedicationRequest", 9, Category.MEDICINES, "subject", "authoredOn",
        concept("code", "medicationCodeableConcept"), reference("medication", "medicationReference"),
        code("intent"), concept("category"), code("priority"), _ENCOUNTER, reference("requester"),
    ),
    _kept(
        "MedicationAdministration", 10, Category.MEDICINES, "subject", "effectiveDateTime effectivePeriod",
        concept("code", "medicationCodeableConcept"), reference("medication", "medicationReference"),
        reference("context"), reference("request"), reference("performer", "performer.actor"),
    ),
    _kept(
        "MedicationDispense", 11, Category.MEDICINES, "subject", "whenHandedOver whenPrepared",
        concept("code", "medicationCodeableConcept"), reference("medication", "medicationReference"),
        concept("type"), reference("context"), reference("prescription", "authorizingPrescription"),
        reference("performer", "performer.actor"),
    ),
    _kept(
        "MedicationStatement", 12, Category.MEDICINES, "subject", "effectiveDateTime effectivePeriod dateAsserted",
        concept("code", "medicationCodeableConcept"), reference("medication", "medicationReference"),
        concept("category"), reference("context"), reference("part-of", "partOf"),
    ),
    _kept(
        "ImagingStudy", 13, Category.IMAGING, "subject", "started",
        coding("modality", "series.modality"), coding("modality"), coding("bodysite", "series.bodySite"),
        concept("reason", "reasonCode"), concept("procedure-code", "procedureCode"), _ENCOUNTER,
        reference("based-on", "basedOn"), reference("endpoint"),
    ),
    _kept("Media", 14, Category.IMAGING, "subject", "createdDateTime createdPeriod issued",
          concept("type"), concept("modality"), concept("view"), _ENCOUNTER),
    _kept("Specimen", 15, Category.LABORATORY, "subject", "collection.collectedDateTime collection.collectedPeriod "
          "receivedTime", concept("type"), identifier("accession", "accessionIdentifier"), reference("parent")),
    _kept("MolecularSequence", 16, Category.LABORATORY, "patient", "", code("type"), reference("specimen")),
    _kept(
        "ServiceRequest", 17, order_category, "subject",
        "occurrenceDateTime occurrencePeriod occurrenceTiming authoredOn",
        concept("code"), concept("category"), code("intent"), code("priority"), _ENCOUNTER, reference("requester"),
        reference("performer"), reference("based-on", "basedOn"), identifier("requisition"),
    ),
    _kept("Encounter", 18, Category.ENCOUNTERS, "subject", "period statusHistory.period",
          coding("class"), concept("type"), concept("reason-code", "reasonCode"),
          reference("location", "location.location"), reference("participant", "participant.individual"),
          reference("service-provider", "serviceProvider"),
          reference("part-of", "partOf"), reference("episode-of-care", "episodeOfCare")),
    _kept("EpisodeOfCare", 19, Category.ENCOUNTERS, "patient", "period",
          concept("type"), reference("condition", "diagnosis.condition"),
          reference("organization", "managingOrganization")),
    _kept("CarePlan", 20, Category.PROBLEMS, "subject", "period created",
          concept("category"), code("intent"), _ENCOUNTER, reference("condition", "addresses"),
          reference("care-team", "careTeam"), concept("activity-code", "activity.detail.code")),
    _kept("CareTeam", 21, Category.PROBLEMS, "subject", "period",
          concept("category"), _ENCOUNTER, reference("participant", "participant.member")),
    _kept("Goal", 22, Category.PROBLEMS, "subject", "startDate statusDate",
          code("lifecycle-status", "lifecycleStatus"), concept("category"), concept("achievement-status",
          "achievementStatus")),
    _kept("Flag", 23, Category.PROBLEMS, "subject", "period", concept("code"), concept("category"), _ENCOUNTER),
    _kept("ClinicalImpression", 24, Category.PROBLEMS, "subject", "effectiveDateTime effectivePeriod date",
          concept("code"), concept("finding-code", "finding.itemCodeableConcept"), _ENCOUNTER),
    _kept("RiskAssessment", 25, Category.PROBLEMS, "subject", "occurrenceDateTime occurrencePeriod",
          concept("code"), concept("method"), _ENCOUNTER),
    _kept("FamilyMemberHistory", 26, Category.PROBLEMS, "patient", "date",
          concept("code", "condition.code"), concept("relationship"), concept("sex")),
    _kept("AdverseEvent", 27, Category.PROBLEMS, "subject", "date detected recordedDate",
          code("actuality"), concept("category"), concept("event"), concept("seriousness")),
    _kept("BodyStructure", 28, Category.PROBLEMS, "patient", "", concept("location"), concept("morphology")),
    _kept("DetectedIssue", 29, Category.MEDICINES, "patient", "identifiedDateTime identifiedPeriod",
          concept("code"), reference("implicated")),
    _kept("GuidanceResponse", 30, Category.PROBLEMS, "subject", "occurrenceDateTime", _ENCOUNTER),
    _kept("ImmunizationEvaluation", 31, Category.IMMUNIZATIONS, "patient", "date",
          concept("target-disease", "targetDisease"), concept("dose-status", "doseStatus")),
    _kept("ImmunizationRecommendation", 32, Category.IMMUNIZATIONS, "patient", "date",
          concept("vaccine-type", "recommendation.vaccineCode")),
    _kept("QuestionnaireResponse", 33, Category.OBSERVATIONS, "subject", "authored", _ENCOUNTER),
    _kept("MeasureReport", 34, Category.OBSERVATIONS, "subject", "date period"),
    _kept("NutritionOrder", 35, Category.PROCEDURES, "patient", "dateTime", code("intent"), _ENCOUNTER),
    _kept("Device", 36, Category.PROCEDURES, "patient", "manufactureDate", concept("type"), reference("location"),
          reference("organization", "owner")),
    _kept("DeviceRequest", 37, Category.PROCEDURES, "subject", "occurrenceDateTime occurrencePeriod authoredOn",
          concept("code", "codeCodeableConcept"), reference("device", "codeReference"), code("intent"), _ENCOUNTER),
    _kept("DeviceUseStatement", 38, Category.PROCEDURES, "subject", "timingDateTime timingPeriod recordedOn",
          reference("device")),
    _kept("SupplyDelivery", 39, Category.PROCEDURES, "patient", "occurrenceDateTime occurrencePeriod",
          concept("type"), concept("item", "suppliedItem.itemCodeableConcept"), reference("supplier")),
    _kept("SupplyRequest", 40, Category.PROCEDURES, "deliverTo", "occurrenceDateTime occurrencePeriod authoredOn",
          concept("category"), reference("requester")),
    _kept("Task", 41, Category.PROCEDURES, "for", "executionPeriod authoredOn",
          concept("code"), code("intent"), reference("focus"), reference("based-on", "basedOn"), _ENCOUNTER),
    _kept("RequestGroup", 42, Category.PROCEDURES, "subject", "authoredOn",
          concept("code"), code("intent"), _ENCOUNTER),
    _kept("VisionPrescription", 43, Category.PROCEDURES, "patient", "dateWritten created", _ENCOUNTER),
)  # fmt: skip

_WRITTEN = (
    _kept("DocumentReference", 44, Category.DOCUMENTS, "subject", "date context.period",
          concept("type"), concept("category"), identifier("identifier", "masterIdentifier"), code("doc-status",
          "docStatus"), reference("encounter", "context.encounter"), reference("author"), reference("custodian")),
    _kept("DocumentManifest", 45, Category.DOCUMENTS, "subject", "created",
          concept("type"), reference("item", "content"), identifier("identifier", "masterIdentifier")),
    _kept("Composition", 46, Category.DOCUMENTS, "subject", "date", concept("type"), concept("category"),
          concept("section", "section.code"), _ENCOUNTER, reference("author")),
    _kept("Communication", 47, Category.DOCUMENTS, "subject", "sent received", concept("category"), _ENCOUNTER),
    _kept("CommunicationRequest", 48, Category.DOCUMENTS, "subject",
          "occurrenceDateTime occurrencePeriod authoredOn", concept("category"), _ENCOUNTER),
    _kept("Consent", 49, Category.DOCUMENTS, "patient", "dateTime", concept("scope"), concept("category")),
    _kept("List", 50, Category.DOCUMENTS, "subject", "date",
          concept("code"), reference("item", "entry.item"), _ENCOUNTER),
    _kept("Basic", 51, Category.DOCUMENTS, "subject", "created", concept("code")),
    _kept("Provenance", 52, Category.DOCUMENTS, "target", "occurredDateTime occurredPeriod recorded",
          reference("target"), reference("agent", "agent.who"), concept("agent-type", "agent.type")),
    _kept("ResearchSubject", 53, Category.DOCUMENTS, "individual", "period"),
)  # fmt: skip

_VISITS = (
    _kept("Appointment", 54, Category.ENCOUNTERS, "participant.actor", "start requestedPeriod created",
          concept("appointment-type", "appointmentType"), concept("service-type", "serviceType"),
          concept("specialty"), reference("actor", "participant.actor"), reference("slot")),
    _kept("AppointmentResponse", 55, Category.ENCOUNTERS, "actor", "start",
          code("part-status", "participantStatus"), reference("appointment")),
    _kept("Account", 56, Category.ENCOUNTERS, "subject", "servicePeriod", concept("type"), reference("owner")),
    _kept("ChargeItem", 57, Category.ENCOUNTERS, "subject", "occurrenceDateTime occurrencePeriod enteredDate",
          concept("code"), reference("context"), reference("account")),
    _kept("Claim", 58, Category.ENCOUNTERS, "patient", "billablePeriod created",
          concept("type"), code("use"), concept("priority"), reference("encounter", "item.encounter"),
          reference("provider"), reference("insurer"), reference("facility")),
    _kept("ClaimResponse", 59, Category.ENCOUNTERS, "patient", "created", concept("type"), code("use"), code("outcome"),
          reference("request"), reference("insurer")),
    _kept("ExplanationOfBenefit", 60, Category.ENCOUNTERS, "patient", "billablePeriod created",
          concept("type"), code("use"), code("outcome"), reference("claim"), reference("encounter", "item.encounter"),
          reference("provider"), reference("facility")),
    _kept("Coverage", 61, Category.ENCOUNTERS, "beneficiary", "period", concept("type"), reference("payor"),
          concept("class-type", "class.type")),
    _kept("CoverageEligibilityRequest", 62, Category.ENCOUNTERS, "patient", "servicedDate servicedPeriod created",
          code("purpose"), reference("insurer")),
    _kept("CoverageEligibilityResponse", 63, Category.ENCOUNTERS, "patient", "servicedDate servicedPeriod created",
          code("outcome"), reference("request"), reference("insurer")),
    _kept("EnrollmentRequest", 64, Category.ENCOUNTERS, "candidate", "created"),
    _kept("Invoice", 65, Category.ENCOUNTERS, "subject", "date", concept("type"), reference("account"),
          reference("issuer")),
    _kept("Schedule", 66, Category.ENCOUNTERS, "actor", "planningHorizon", code("active"),
          concept("service-type", "serviceType"), reference("actor")),
)  # fmt: skip

_DIRECTORY = (
    _listed("Organization", 101, code("active"), concept("type"), reference("partof", "partOf")),
    _listed("Practitioner", 102, code("active"), code("gender"), concept("qualification-code", "qualification.code")),
    _listed("PractitionerRole", 103, code("active"), concept("role", "code"), concept("specialty"),
            reference("practitioner"), reference("organization"), reference("location")),
    _listed("Location", 104, code("status"), concept("type"), reference("organization", "managingOrganization"),
            reference("partof", "partOf")),
    _listed("HealthcareService", 105, code("active"), concept("service-type", "type"), concept("specialty"),
            concept("service-category", "category"), reference("organization", "providedBy"), reference("location")),
    _listed("Medication", 106, concept("code"), concept("form"), code("status"), reference("manufacturer"),
            concept("ingredient-code", "ingredient.itemCodeableConcept")),
)  # fmt: skip

TYPES: Final[Mapping[str, ResourceType]] = MappingProxyType(
    {row.name: row for row in (*_DEMOGRAPHICS, *_CLINICAL, *_WRITTEN, *_VISITS, *_DIRECTORY)}
)
"""The types that are kept, by name."""
BY_NUMBER: Final[Mapping[int, ResourceType]] = MappingProxyType({row.number: row for row in TYPES.values()})
"""The same rows by the number that stands in the database."""


def type_named(name: str) -> ResourceType:
    """Return the row of a type; InvalidInputError for one that is not kept."""
    row = TYPES.get(name)
    if row is None:
        raise InvalidInputError("unknown-type", "CareCode does not keep resources of this type.")
    return row


class Extracted(NamedTuple):
    """What the record keeps beside a resource's body."""

    category: Category
    sort_date: datetime | None
    tokens: tuple[int, ...]
    closed: Closed  # its own sensitive labels
    visit: UUID | None
    links: Linked


def extract(type_name: str, resource: Decoded, token_key: bytes) -> Extracted:
    """Return what is kept beside a decoded resource: category, date, search tokens, labels, visit.

    ``resource`` has its references already as they will be stored.  About 12 us for a usual
    Observation.  InvalidInputError for a type that is not kept.
    """
    row = type_named(type_name)
    closed = labels_of(type_name, resource)
    return Extracted(
        row.category_of(resource),
        extraction.sort_date(row, resource),
        _tokens(token_key).of_resource(row, resource),
        closed,
        visit_of(type_name, resource),
        links_of(type_name, resource, closed),
    )


def search_token(type_name: str, parameter: str, text: str, token_key: bytes) -> int:
    """Return the token to search for ``parameter=text``, one value without commas or modifiers.

    InvalidInputError for an unknown type or parameter, and for ``system|`` without a code.
    """
    return _tokens(token_key).of_search(type_named(type_name), parameter, text)


def matches(type_name: str, resource: Decoded, parameter: str, text: str) -> bool:
    """Recheck one found resource against ``parameter=text``: tokens may collide."""
    return extraction.matches(type_named(type_name), resource, parameter, text)


def elements(type_name: str, parameter: str) -> frozenset[str]:
    """Return the elements of the first level that a search parameter reads."""
    return extraction.elements(type_named(type_name), parameter)


def subject_references(type_name: str, resource: Decoded) -> tuple[str, ...]:
    """Return the references, as written, that say whose resource this is.

    They may point at others beside the resident: a Provenance at its targets, an Appointment at a
    doctor.  Empty for a Patient and for directory types.
    """
    return tuple(extraction.references(resource, type_named(type_name).subjects))


@lru_cache(maxsize=4)
def _tokens(token_key: bytes) -> extraction.Tokens:
    return extraction.Tokens(token_key)
