"""Which resources are sensitive from their first day: value sets, words, free text, and what belongs to one matter."""

from __future__ import annotations

import base64
import bz2
import csv
import json
import time
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.kernel.vocabulary import SENSITIVE, Closed
from carecode.record.catalogue import TYPES
from carecode.record.labels import NOTE_CHARACTERS_MAX, labels_of
from carecode.record.matters import ROUNDS_MAX, spread, visit_of
from carecode.record.sensitive import LABELS, SENSITIVITY, Sensitivity, ValueSet, value_sets

SCT, LOINC, ICD = "http://snomed.info/sct", "http://loinc.org", "http://hl7.org/fhir/sid/icd-10"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
SYSTEMS: Final = {
    "sct": SCT,
    "loinc": LOINC,
    "icd10": ICD,
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "gbt": "urn:gb:GB/T 14396",
    "icd9": "http://hl7.org/fhir/sid/icd-9-cm",
    "icd9p": "urn:oid:2.16.840.1.113883.6.104",
    "pcs": "http://www.cms.gov/Medicare/Coding/ICD10-PCS",
    "icd11": "http://id.who.int/icd/release/11/mms",
    "icpc": "http://hl7.org/fhir/sid/icpc-2",
    "atc": "http://www.whocc.no/atc",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "cpt": "http://www.ama-assn.org/go/cpt",
    "hcpcs": "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "race": "urn:oid:2.16.840.1.113883.6.238",
    "local": "urn:example:hospital:list",
}
CASES_MIN: Final = 50
LABELS_US: Final = 5.0
SHARED = Path(__file__).parents[3] / "shared" / "data" / "synthea"


def cases() -> list[Any]:
    found = []
    for label in LABELS:
        with (Path(__file__).parent / "labels" / f"{label.name}.csv").open(encoding="utf-8", newline="") as file:
            found += [
                pytest.param(
                    label, row["hit"] == "1", row["system"], row["code"], row["display"], id=f"{label.name}-{n}"
                )
                for n, row in enumerate(csv.DictReader(file))
            ]
    return found


CASES = cases()


def concept(system: str, code: str, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}


def condition(code: str) -> dict[str, Any]:
    return {"resourceType": "Condition", "id": "c", "code": concept(ICD, code)}


HIV, NOTHING = condition("B24"), Closed(0)


# ------------------------------------------------------------------------------------------------------- value sets
@pytest.mark.parametrize(("label", "hit", "system", "code", "display"), CASES)
def test_a_code_carries_its_label(label: Closed, *, hit: bool, system: str, code: str, display: str) -> None:
    resource = {"resourceType": "Observation", "code": concept(SYSTEMS[system], code, display)}
    assert bool(labels_of("Observation", resource) & label) is hit


@pytest.mark.parametrize("label", LABELS)
def test_every_label_has_fifty_coded_cases_and_some_that_only_look_alike(label: Closed) -> None:
    mine = [case.values for case in CASES if case.values[0] is label]
    assert sum(bool(one[1]) for one in mine) >= CASES_MIN
    assert sum(not one[1] for one in mine) >= 15
    assert len({one[2:4] for one in mine}) == len(mine)


def verhoeff(digits: str) -> bool:
    """SNOMED CT's check digit: the last one (SNOMED CT Technical Implementation Guide, 5.5)."""
    product = [
        [(a + b) % 5 if b < 5 else 5 + (a + b) % 5 for b in range(10)]
        if a < 5
        else [5 + (a - b) % 5 if b < 5 else (a - b) % 5 for b in range(10)]
        for a in range(10)
    ]
    turn = [list(range(10)), [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]]
    while len(turn) < 8:
        turn.append([turn[1][one] for one in turn[-1]])
    check = 0
    for place, digit in enumerate(reversed(digits)):
        check = product[check][turn[place % 8][int(digit)]]
    return check == 0


def luhn(code: str) -> bool:
    """LOINC's check digit, modulus 10 (LOINC Users' Guide, appendix C)."""
    body, _, check = code.partition("-")
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(body)))
    return (10 - sum(one // 10 + one % 10 for one in doubled) % 10) % 10 == int(check)


@pytest.mark.parametrize("one", value_sets(), ids=lambda one: one.label.name)
def test_every_listed_code_has_its_check_digit_and_a_name(one: ValueSet) -> None:
    assert one.version.count(".") == 2
    assert one.url == f"urn:carecode:valueset:{one.label.name}"
    for (system, code), display in one.codes.items():
        assert display, code
        assert system != SCT or verhoeff(code), code
        assert system != LOINC or luhn(code), code


@pytest.mark.parametrize("one", value_sets(), ids=lambda one: one.label.name)
def test_every_listed_code_and_word_carries_its_label(one: ValueSet) -> None:
    fresh = Sensitivity(value_sets())
    for system, code in one.codes:
        assert fresh.of_code(system, code, None) & one.label, code
    for family, ranges in one.ranges.items():
        for row in ranges:
            assert row.first <= row.last, row
            assert fresh.of_code(family, row.first, None) & one.label, row
            assert fresh.of_code(family, row.last + "0", None) & one.label, row
            for exception in row.exceptions:
                assert row.first <= exception[: len(row.first)], row
    for word in (*one.english, *one.chinese):
        assert fresh.of_text(f"({word.replace('*', '')})") & one.label, word
    for word in one.exceptions:
        assert not fresh.of_text(f"{word}.") & one.label, word


def test_systems_are_told_apart() -> None:
    assert SENSITIVITY.of_code(LOINC, "2106-3", None) == Closed.PREGNANT
    assert SENSITIVITY.of_code("urn:oid:2.16.840.1.113883.6.238", "2106-3", "White") == 0
    assert SENSITIVITY.of_code(None, "B24", None) == 0
    assert SENSITIVITY.of_code("http://hl7.org/fhir/sid/cvx", "042", None) == 0


def test_what_looks_alike_hides_nothing_that_stands_beside_it() -> None:
    assert SENSITIVITY.of_text("Hearing aids; HIV positive since 2019") & Closed.HIV
    assert SENSITIVITY.of_text("HEARING AIDS, DIES OF AIDS") & Closed.HIV
    assert SENSITIVITY.of_text("ST depression on exertion. Known depression.") & Closed.PSY
    assert SENSITIVITY.of_text("妇产科：产前检查") & Closed.PREGNANT
    assert SENSITIVITY.of_text("Non-alcoholic fatty liver; alcohol dependence") & Closed.SUD


# --------------------------------------------------------------------------------------------------- whole resources
B24 = concept(ICD, "B24")
ANYWHERE: Final[list[tuple[str, dict[str, Any]]]] = [
    ("Condition", {"code": B24}),
    ("Observation", {"code": concept(LOINC, "8480-6"), "valueCodeableConcept": B24}),
    ("Observation", {"code": concept(LOINC, "85354-9"), "component": [{"code": B24}]}),
    ("MedicationRequest", {"medicationCodeableConcept": concept(SYSTEMS["atc"], "J05AR27")}),
    ("MedicationRequest", {"medicationReference": {"reference": "#m"}, "contained": [{"code": B24}]}),
    ("MedicationDispense", {"medicationCodeableConcept": concept(SYSTEMS["atc"], "J05AR27")}),
    ("MedicationAdministration", {"medicationCodeableConcept": concept(SYSTEMS["atc"], "J05AR27")}),
    ("MedicationStatement", {"medicationCodeableConcept": B24, "reasonCode": [B24]}),
    ("Procedure", {"code": concept(SCT, "31676001")}),
    ("Procedure", {"code": concept(SCT, "73761001"), "reasonCode": [B24]}),
    ("Encounter", {"reasonCode": [B24]}),
    ("Encounter", {"type": [B24]}),
    ("Encounter", {"serviceType": B24}),
    ("Encounter", {"serviceProvider": {"reference": "Organization/1", "display": "AIDS Clinic"}}),
    ("DiagnosticReport", {"code": concept(LOINC, "58410-2"), "conclusionCode": [B24]}),
    ("DiagnosticReport", {"code": concept(LOINC, "58410-2"), "conclusion": "HIV positive"}),
    ("Immunization", {"vaccineCode": concept(SYSTEMS["local"], "1", "HIV vaccine, trial")}),
    ("Claim", {"diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": B24}]}),
    ("Claim", {"item": [{"sequence": 1, "productOrService": concept(SYSTEMS["cpt"], "87389")}]}),
    ("ExplanationOfBenefit", {"item": [{"detail": [{"productOrService": concept(SYSTEMS["cpt"], "87389")}]}]}),
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
    ("Specimen", {"type": concept(SYSTEMS["local"], "1", "HIV tube")}),
    ("Appointment", {"serviceType": [B24]}),
    ("ChargeItem", {"code": concept(SYSTEMS["local"], "1", "HIV抗体")}),
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
    for name, resource in [
        ("Observation", {"code": concept(LOINC, "46098-0", "Sex"), "valueCodeableConcept": concept(SCT, "248152002")}),
        ("RelatedPerson", {"relationship": [concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "MTH")]}),
    ]:
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
    ("Condition", {"code": concept(SYSTEMS["local"], "17", "A local name")}, False),
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


@given(name=st.sampled_from(sorted(TYPES)), resource=st.dictionaries(st.text(max_size=9), JSON, max_size=4), more=JSON)
def test_odd_shapes_fail_nothing(name: str, resource: dict[str, Any], more: object) -> None:
    for key in ("code", "content", "meta", "section", "encounter", "note", "result", "item", "securityLabel"):
        odd = {**resource, key: more}
        found = labels_of(name, odd)
        assert found & ~SENSITIVE == 0
        visit_of(name, odd)
        assert spread([(name, odd, found), (name, odd, Closed.HIV)])[0] & found == found


@given(st.integers(1, 60))
def test_depth_is_bounded(depth: int) -> None:
    node: Any = B24
    for _ in range(depth):
        node = {"extension": [node]}
    labels_of("Condition", {"code": node})


# ---------------------------------------------------------------------------------------------------------- matters
def uuid(number: int) -> str:
    return str(UUID(int=number))


def given_matter() -> list[tuple[str, dict[str, Any], Closed]]:
    """A visit with two diagnoses, one of them HIV; what was done for each of them."""
    visit, other = {"reference": f"Encounter/{uuid(1)}"}, {"reference": f"Encounter/{uuid(2)}"}
    return [
        ("Encounter", {"id": uuid(1), "class": {"code": "AMB"}}, NOTHING),
        ("Condition", {"id": "hiv", "encounter": visit}, Closed.HIV),
        ("Condition", {"id": "flu", "encounter": visit}, NOTHING),
        ("MedicationRequest", {"id": "art", "reasonReference": [{"reference": "Condition/hiv"}]}, NOTHING),
        ("MedicationRequest", {"id": "tea", "reasonReference": [{"reference": "Condition/flu"}]}, NOTHING),
        ("MedicationDispense", {"id": "pick", "authorizingPrescription": [{"reference": "MedicationRequest/art"}]},
         NOTHING),
        ("Claim", {"id": "bill", "diagnosis": [{"diagnosisReference": {"reference": "Condition/hiv"}}]}, NOTHING),
        ("Claim", {"id": "pharmacy", "prescription": {"reference": "MedicationRequest/art"}}, NOTHING),
        ("ExplanationOfBenefit", {"id": "eob", "claim": {"reference": "Claim/pharmacy"}}, NOTHING),
        ("Claim", {"id": "other", "item": [{"encounter": [other]}]}, NOTHING),
        ("ServiceRequest", {"id": "order", "reasonReference": [{"reference": "Condition/hiv"}]}, NOTHING),
        ("Observation", {"id": "ordered", "basedOn": [{"reference": "ServiceRequest/order"}]}, NOTHING),
        ("DiagnosticReport", {"id": "report", "result": [{"reference": "Observation/ordered"}]}, NOTHING),
        ("DocumentReference", {"id": "letter", "context": {"related": [{"reference": "Condition/hiv"}]}},
         Closed.UNLABELLED),
        ("Provenance", {"id": "p", "target": [{"reference": "DocumentReference/letter"}]}, NOTHING),
        ("Observation", {"id": "pulse", "encounter": visit}, NOTHING),
    ]  # fmt: skip


def test_labels_spread_to_claims_medicines_and_documents_of_the_same_matter() -> None:
    matter = given_matter()
    got = {body["id"]: closed for (_, body, _), closed in zip(matter, spread(matter), strict=True)}
    for ident in ("hiv", "art", "pick", "bill", "pharmacy", "eob", "order", "ordered", "report"):
        assert got[ident] == Closed.HIV, ident
    for ident in (uuid(1), "flu", "tea", "other", "pulse"):
        assert got[ident] == NOTHING, ident
    assert got["letter"] == Closed.HIV | Closed.UNLABELLED
    assert got["p"] == Closed.HIV | Closed.UNLABELLED  # it would show that the letter exists


def test_a_labelled_visit_labels_all_of_it() -> None:
    matter = given_matter()
    matter[0] = ("Encounter", {"id": uuid(1), "diagnosis": [{"condition": {"reference": "Condition/hiv"}}]}, NOTHING)
    got = {body["id"]: closed for (_, body, _), closed in zip(matter, spread(matter), strict=True)}
    assert got[uuid(1)] == got["pulse"] == got["flu"] == got["tea"] == Closed.HIV
    assert got["other"] == NOTHING


def test_a_report_hands_its_own_label_to_its_results_but_not_one_results_to_the_others() -> None:
    report = {"id": "r", "result": [{"reference": "Observation/a"}, {"reference": "Observation/b"}]}
    a, b = ("Observation", {"id": "a"}), ("Observation", {"id": "b"})
    both = spread([("DiagnosticReport", report, Closed.STD), (*a, NOTHING), (*b, NOTHING)])
    assert both == [Closed.STD] * 3
    one = spread([("DiagnosticReport", report, NOTHING), (*a, Closed.STD), (*b, NOTHING)])
    assert one == [Closed.STD, Closed.STD, NOTHING]


def test_a_circle_ends_and_a_long_chain_is_followed_so_far() -> None:
    ring = [("Procedure", {"id": f"{n}", "partOf": [{"reference": f"Procedure/{(n + 1) % 5}"}]}, NOTHING)
            for n in range(5)]  # fmt: skip
    ring[0] = (*ring[0][:2], Closed.PSY)
    assert spread(ring) == [Closed.PSY] * 5
    chain = [("Procedure", {"id": f"{n}", "partOf": [{"reference": f"Procedure/{n + 1}"}]}, NOTHING) for n in range(40)]
    chain.append(("Procedure", {"id": "40"}, Closed.PSY))
    got = spread(chain)
    assert got[-1 - ROUNDS_MAX :] == [Closed.PSY] * (ROUNDS_MAX + 1)


def test_other_reasons_for_being_closed_do_not_spread() -> None:
    closed = Closed.LOCKED | Closed.UNSHARED | Closed.UNLABELLED
    matter = [("Condition", {"id": "c"}, closed), ("Claim", {"id": "b", "diagnosis": [{"reference": "Condition/c"}]},
              NOTHING)]  # fmt: skip
    assert spread(matter) == [closed, NOTHING]


VISITS: Final[list[tuple[str, dict[str, Any], int | None]]] = [
    ("Encounter", {"id": uuid(7)}, 7),
    ("Observation", {"encounter": {"reference": f"Encounter/{uuid(7)}"}}, 7),
    ("Observation", {"encounter": {"reference": f"Encounter/{uuid(7)}/_history/2"}}, 7),
    ("MedicationDispense", {"context": {"reference": f"Encounter/{uuid(7)}"}}, 7),
    ("MedicationDispense", {"context": {"reference": f"EpisodeOfCare/{uuid(7)}"}}, None),
    ("DocumentReference", {"context": {"encounter": [{"reference": f"Encounter/{uuid(7)}"}]}}, 7),
    ("Claim", {"item": [{"sequence": 1}, {"encounter": [{"reference": f"Encounter/{uuid(7)}"}]}]}, 7),
    ("ExplanationOfBenefit", {"item": [{"encounter": [{"reference": f"Encounter/{uuid(7)}"}]}]}, 7),
    ("Condition", {"encounter": {"reference": "Encounter/not-a-uuid"}}, None),
    ("Condition", {"encounter": {"reference": f"Procedure/{uuid(7)}"}}, None),
    ("Condition", {}, None),
]


@pytest.mark.parametrize(("name", "resource", "expected"), VISITS)
def test_which_visit_a_resource_belongs_to(name: str, resource: dict[str, Any], expected: int | None) -> None:
    assert visit_of(name, resource) == (None if expected is None else UUID(int=expected))


# ------------------------------------------------------------------------------------------------------- other's data
@pytest.fixture(scope="module")
def synthea() -> list[tuple[str, dict[str, Any]]]:
    if not SHARED.is_dir():
        pytest.skip("the shared synthetic bundles are not on this machine")
    found = []
    for path in sorted(SHARED.glob("*.json.bz2"))[:12]:
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
