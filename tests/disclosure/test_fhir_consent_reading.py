"""Consents of somebody else: decided as docs/consent.md says, or refused in words."""

from __future__ import annotations

import contextlib
import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carecode.disclosure.choices import LABELS, Kind, Wish
from carecode.disclosure.fhir_consent import ACT_CODE, ACT_REASON, CONFIDENTIALITY
from carecode.disclosure.fhir_consent_parts import CONSENTS_MAX, Reading
from carecode.disclosure.fhir_consent_reading import wishes_of
from carecode.kernel.errors import InvalidInputError
from carecode.kernel.vocabulary import Category, Closed

NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
HER: Final = "0123456789abcdef" * 2
HOSPITALS: Final = ("county-hospital", "east-clinic", "insurer")
DOCTOR: Final = "staff:wang"
ENTRY: Final = "0190a3c4-0000-7000-8000-00000000000e"
READING: Final = Reading(HER, frozenset(HOSPITALS), frozenset({DOCTOR}), frozenset(), frozenset(), NOW)


def purpose(*codes: str) -> list[dict[str, str]]:
    return [{"system": ACT_REASON, "code": code} for code in codes]


TPO: Final = purpose("TREAT", "HPAYMT", "HOPERAT")
IRCP: Final = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]}


def consent(provision: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of a Consent
    """A Consent of another system with everything that PCF's foundation asks for."""
    return {
        "resourceType": "Consent",
        "id": "from-elsewhere",
        "status": "active",
        "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope",
                              "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{HER}"},
        "dateTime": "2026-06-13",
        "performer": [{"reference": f"Patient/{HER}"}],
        "organization": [{"reference": "Organization/elsewhere"}],
        "sourceReference": {"reference": "DocumentReference/paper"},
        "policy": [{"uri": "http://example.org/policies/basic.txt"}],
        "provision": provision,
        **more,
    }  # fmt: skip


def org(handle: str = "county-hospital") -> dict[str, Any]:
    return {"role": IRCP, "reference": {"reference": f"Organization/{handle}"}}


def doctor(ident: str = DOCTOR) -> dict[str, Any]:
    return {"role": IRCP, "reference": {"reference": f"Practitioner/{ident}"}}


def label(*codes: str) -> list[dict[str, str]]:
    return [{"system": CONFIDENTIALITY if code in {"N", "R"} else ACT_CODE, "code": code} for code in codes]


def data(meaning: str, reference: str) -> list[dict[str, Any]]:
    return [{"meaning": meaning, "reference": {"reference": reference}}]


IN, OUT, YES, NO = (
    Wish(Kind.EXCHANGE, "in"),
    Wish(Kind.EXCHANGE, "out"),
    Wish(Kind.EMERGENCY, "yes"),
    Wish(Kind.EMERGENCY, "no"),
)
YEAR: Final = {"start": "2022-01", "end": "2022-12"}
PERMIT: Final[dict[str, Any]] = {"type": "permit", "purpose": TPO}
CLOSE_ALL: Final = [Wish(Kind.LABEL, "close", "", str(int(one))) for one in LABELS]
OPEN_ALL: Final = [Wish(Kind.LABEL, "open", "", str(int(one))) for one in LABELS]


def psy(choice: str, whom: str = "county-hospital") -> Wish:
    return Wish(Kind.LABEL, choice, whom, str(int(Closed.PSY)))


# PCF 1.1's own examples, one for one, said in other words; then further forms.  docs/consent.md lists the same.
DECIDED: Final[dict[str, tuple[dict[str, Any], list[Wish] | str]]] = {
    "basic-treat": (PERMIT, [IN]),
    "basic-ink": (PERMIT, [IN]),
    "basic-reject": ({"type": "deny", "purpose": TPO}, [OUT]),
    "expired-treat": ({**PERMIT, "period": {"end": "2022-12-31"}}, []),
    "intermediate-timeframe": ({**PERMIT, "dataPeriod": YEAR}, "consent-rule"),
    "intermediate-not-timeframe": ({**PERMIT, "provision": [{"type": "deny", "dataPeriod": YEAR}]}, "consent-rule"),
    "intermediate-authoredby": ({**PERMIT, "data": data("authoredby", "Practitioner/x")}, "consent-rule"),
    "intermediate-not-authoredby": (
        {**PERMIT, "provision": [{"type": "deny", "data": data("authoredby", "Practitioner/x")}]},
        "consent-rule",
    ),
    "intermediate-encounter": ({**PERMIT, "data": data("related", f"Encounter/{ENTRY}")}, "consent-rule"),
    "intermediate-not-encounter": (
        {**PERMIT, "provision": [{"type": "deny", "data": data("related", f"Encounter/{ENTRY}")}]},
        [IN, Wish(Kind.VISIT, "hide-open", "", ENTRY)],
    ),
    "intermediate-data": ({**PERMIT, "data": data("instance", f"Observation/{ENTRY}")}, "consent-rule"),
    "intermediate-not-data": (
        {**PERMIT, "provision": [{"type": "deny", "data": data("instance", f"Observation/{ENTRY}")}]},
        [IN, Wish(Kind.ENTRY, "hide-open", "", ENTRY)],
    ),
    "intermediate-purpose": (
        {"type": "permit", "purpose": [{"system": "http://example.org/purposes", "code": "FooBar"}], "actor": [org()]},
        "consent-purpose",
    ),
    "advanced-normal": ({**PERMIT, "securityLabel": label("N")}, [IN, *CLOSE_ALL]),
    "advanced-normal-restricted": ({**PERMIT, "securityLabel": label("N", "R")}, [IN, *OPEN_ALL]),
    "advanced-normal-not-restricted": (
        {**PERMIT, "securityLabel": label("N"), "provision": [{"type": "deny", "securityLabel": label("R")}]},
        [IN, *CLOSE_ALL],
    ),
    "advanced-normal-focused-restricted": (
        {**PERMIT, "securityLabel": label("N"), "actor": [doctor()],
         "provision": [{"type": "permit", "securityLabel": label("R")}]},
        "consent-rule",
    ),
    "advanced-normal-focused-psy": (
        {**PERMIT, "securityLabel": label("N"), "actor": [doctor()],
         "provision": [{"type": "permit", "securityLabel": label("PSY")}]},
        "consent-rule",
    ),
    "advanced-normal-focused-psy-or-sex": (
        {**PERMIT, "securityLabel": label("N"), "actor": [doctor()],
         "provision": [{"type": "permit", "securityLabel": label("PSY", "SEX")}]},
        "consent-rule",
    ),
    # further forms
    "one institution": ({**PERMIT, "actor": [org()]}, [Wish(Kind.INSTITUTION, "allow", "county-hospital")]),
    "not one institution": (
        {**PERMIT, "provision": [{"type": "deny", "actor": [org()]}]},
        [IN, Wish(Kind.INSTITUTION, "refuse", "county-hospital")],
    ),
    "not one person": (
        {**PERMIT, "provision": [{"type": "deny", "actor": [doctor()]}]},
        [IN, Wish(Kind.PERSON, "refuse", DOCTOR)],
    ),
    "one person alone": ({**PERMIT, "actor": [doctor()]}, "consent-rule"),
    "nobody but one institution": (
        {"type": "deny", "purpose": TPO, "provision": [{"type": "permit", "actor": [org()]}]},
        [Wish(Kind.NEWCOMERS, "ask"), Wish(Kind.INSTITUTION, "allow", "county-hospital")],
    ),
    "forbid except break-glass": (
        {"type": "deny", "purpose": TPO, "provision": [{"type": "permit", "purpose": purpose("BTG")}]},
        [Wish(Kind.NEWCOMERS, "ask"), YES],
    ),
    "no emergencies": ({"type": "deny", "purpose": purpose("BTG")}, [NO]),
    "emergencies, older code": ({"type": "permit", "purpose": purpose("ETREAT")}, [YES]),
    "not even in emergencies": ({"type": "deny", "purpose": purpose("TREAT", "BTG")}, [OUT, NO]),
    "a visit, never": (
        {"type": "deny", "purpose": purpose("TREAT", "BTG"), "data": data("related", f"Encounter/{ENTRY}")},
        [Wish(Kind.VISIT, "hide", "", ENTRY)],
    ),
    "a plan": ({"type": "deny", "purpose": TPO, "data": data("related", f"CarePlan/{ENTRY}")}, "consent-rule"),
    "psy for one": (
        {**PERMIT, "securityLabel": label("N"),
         "provision": [{"type": "permit", "actor": [org()], "securityLabel": label("PSY")}]},
        [IN, *CLOSE_ALL, psy("open")],
    ),
    "not psy": ({"type": "deny", "purpose": TPO, "securityLabel": label("PSY")}, [psy("close", "")]),
    "substances, older name": (
        {"type": "deny", "purpose": TPO, "securityLabel": label("ETH")},
        [Wish(Kind.LABEL, "close", "", str(int(Closed.SUD)))],
    ),
    "part of a sensitive kind": ({"type": "deny", "purpose": TPO, "securityLabel": label("ETHUD")}, "consent-label"),
    "unknown label": ({"type": "deny", "purpose": TPO, "securityLabel": label("TABOO")}, "consent-label"),
    "only psy": ({**PERMIT, "securityLabel": label("PSY")}, "consent-rule"),
    "no allergies": (
        {"type": "deny", "purpose": TPO,
         "class": [{"system": "http://hl7.org/fhir/resource-types", "code": "AllergyIntolerance"}]},
        [Wish(Kind.CATEGORY, "close", "", str(int(Category.ALLERGIES)))],
    ),
    "half a category": (
        {"type": "deny", "purpose": TPO,
         "class": [{"system": "http://hl7.org/fhir/resource-types", "code": "MedicationRequest"}]},
        "consent-category",
    ),
    "unknown category": (
        {"type": "deny", "purpose": TPO, "class": [{"system": "urn:carecode:category", "code": "secrets"}]},
        "consent-category",
    ),
    "summary": (
        {**PERMIT, "actor": [org()], "class": [{"system": "urn:carecode:category", "code": code} for code in
         ("demographics", "allergies", "problems", "medicines")]},
        [Wish(Kind.INSTITUTION, "summary", "county-hospital")],
    ),
    "from next year": (
        {"type": "deny", "purpose": TPO, "period": {"start": "2027"}},
        [replace(OUT, from_at=datetime(2027, 1, 1, tzinfo=UTC))],
    ),
    "until the end of a month": (
        {"type": "deny", "purpose": TPO, "period": {"end": "2027-02"}},
        [replace(OUT, until_at=datetime(2027, 3, 1, tzinfo=UTC))],
    ),
    "until a day": (
        {"type": "deny", "purpose": TPO, "period": {"end": "2026-12-31"}},
        [replace(OUT, until_at=datetime(2027, 1, 1, tzinfo=UTC))],
    ),
    "end before start": (
        {"type": "deny", "purpose": TPO, "period": {"start": "2027-02-02", "end": "2027-02-01"}},
        "dates-contradict",
    ),
    "end before start, long ago": (
        {"type": "deny", "purpose": TPO, "period": {"start": "2020-02-02", "end": "2020-02-01"}},
        "dates-contradict",
    ),
    "no day": ({"type": "deny", "purpose": TPO, "period": {"start": "soon"}}, "consent-date"),
    "unknown institution": ({**PERMIT, "actor": [org("elsewhere")]}, "consent-requester"),
    "unknown person": ({**PERMIT, "provision": [{"type": "deny", "actor": [doctor("x")]}]}, "consent-requester"),
    "marketing": ({"type": "permit", "purpose": purpose("HMARKT")}, "consent-purpose"),
    "no purpose": ({"type": "permit"}, "consent-purpose-none"),
    "only payment": ({"type": "permit", "purpose": purpose("HPAYMT")}, "consent-purpose"),
    "an action": ({**PERMIT, "action": [{"text": "copy"}]}, "consent-rule"),
    "a code": ({**PERMIT, "code": [{"text": "x"}]}, "consent-rule"),
    "three deep": (
        {**PERMIT, "provision": [{"type": "deny", "provision": [{"type": "permit"}]}]}, "consent-rule",
    ),
    "an exception that is none": ({**PERMIT, "provision": [{"type": "permit", "actor": [org()]}]}, "consent-rule"),
    "an entry that is none": (
        {"type": "deny", "purpose": TPO, "data": data("instance", "Observation/blood-sugar")}, "consent-entry",
    ),
    "neither permit nor deny": ({"purpose": TPO}, "consent-form"),
}  # fmt: skip


def refusal(sent: object, reading: Reading = READING) -> str:
    with pytest.raises(InvalidInputError) as raised:
        wishes_of(sent, reading)
    assert raised.value.message.endswith(".")
    assert HER not in raised.value.message
    return raised.value.code


@pytest.mark.parametrize("name", DECIDED)
def test_a_consent_of_somebody_else_is_decided_as_documented(name: str) -> None:
    provision, expected = DECIDED[name]
    sent = consent(copy.deepcopy(provision))
    if isinstance(expected, str):
        assert refusal(sent) == expected
    else:
        assert wishes_of(sent, READING) == expected


def test_denying_everybody_overrides_whom_she_let_in_by_name() -> None:
    provision = DECIDED["forbid except break-glass"][0]
    reading = replace(READING, allowed=frozenset({"east-clinic"}))
    expected = [Wish(Kind.NEWCOMERS, "ask"), Wish(Kind.INSTITUTION, "refuse", "east-clinic"), YES]
    assert wishes_of(consent(provision), reading) == expected


def bundle(*resources: object) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def test_a_file_is_taken_whole_or_not_at_all() -> None:
    good, bad = consent(PERMIT), consent({**PERMIT, "dataPeriod": YEAR})
    assert wishes_of(bundle(good, good), READING) == [IN]
    assert refusal(bundle(good, bad)) == "consent-rule"
    assert refusal(bundle(good, consent({"type": "deny", "purpose": TPO}))) == "consent-contradicts"
    assert refusal(bundle(good, consent(PERMIT, patient={"reference": "Patient/other"}))) == "consent-patients"
    assert refusal(consent(PERMIT, patient={"reference": "Patient/other"})) == "consent-patient"
    assert refusal(bundle(good, {"resourceType": "Patient"})) == "consent-form"
    assert refusal(bundle(*[good] * (CONSENTS_MAX + 1))) == "consent-many"
    assert refusal(consent(PERMIT, scope={"coding": [{"code": "research"}]})) == "consent-scope"
    assert refusal(consent(PERMIT, status="lively")) == "consent-form"
    assert wishes_of(bundle(consent({**PERMIT, "dataPeriod": YEAR}, status="inactive")), READING) == []


@pytest.mark.parametrize("sent", [None, 5, [], "x", {}, {"resourceType": "Bundle", "entry": 5}, bundle(None)])
def test_what_is_no_consent_is_refused(sent: object) -> None:
    assert refusal(sent) == "consent-form" if sent != {} else refusal(sent)


FUZZED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["permit", "deny", "TREAT", ACT_REASON, HER, "2027"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["type", "period", "actor", "purpose", "securityLabel", "class", "data", "provision", "system",
                         "code", "reference", "coding", "start", "end", "meaning", "role", "identifier", "value"]),
        inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(FUZZED, st.sampled_from(["provision", "patient", "status", "scope", "policy"]))
def test_no_file_fails_otherwise_than_in_words(value: object, name: str) -> None:
    sent = {**consent(PERMIT), name: value}
    with contextlib.suppress(InvalidInputError):
        wishes_of(bundle(sent), READING)
