"""Hand-written FHIR in, what a clinician reads out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carecode.web.reading import decode
from carecode.web.summary import Entry, Summary, summarise


def entry(body: str, source: str = "County Hospital 2") -> Entry:
    return Entry(decode(body.encode()), source)


def observation(value: str, when: str, extra: str = "", category: str = "laboratory") -> str:
    return (
        '{"resourceType":"Observation","status":"final",'
        f'"category":[{{"coding":[{{"code":"{category}"}}]}}],'
        '"code":{"coding":[{"system":"http://loinc.org","code":"4548-4","display":"HbA1c"}]},'
        f'"effectiveDateTime":"{when}",'
        f'"valueQuantity":{{"value":{value},"unit":"%"}}{extra}}}'
    )


def test_nothing_gives_an_empty_summary() -> None:
    assert summarise([]) == Summary()


def test_values_of_one_test_become_one_line_with_the_newest_in_front() -> None:
    summary = summarise(
        [
            entry(observation("6.6", "2025-09-14T09:20:00+08:00"), "East Clinic"),
            entry(observation("7.10", "2026-11-18T09:20:00+08:00")),
        ]
    )
    (result,) = summary.results
    assert (result.name, result.unit, result.last.text) == ("HbA1c", "%", "7.10")
    assert [x.source for x in result.series] == ["East Clinic", "County Hospital 2"]


def test_written_decimals_keep_their_digits() -> None:
    (result,) = summarise([entry(observation("1.50", "2026-01-01"))]).results
    assert result.last.text == "1.50"
    assert result.last.amount == Decimal("1.50")


RANGE = ',"referenceRange":[{"low":{"value":4.0},"high":{"value":6.0}}]'


@pytest.mark.parametrize(
    ("value", "extra", "direction"),
    [
        ("7.1", RANGE, "high"),
        ("3.9", RANGE, "low"),
        ("6.0", RANGE, ""),
        ("5.0", "", ""),
        ("5.0", ',"interpretation":[{"coding":[{"code":"HH"}]}]', "high"),
        ("5.0", ',"interpretation":[{"coding":[{"code":"A"}]}]', "abnormal"),
        ("7.1", RANGE + ',"interpretation":[{"coding":[{"code":"N"}]}]', ""),
    ],
)
def test_the_laboratorys_word_comes_before_its_range(value: str, extra: str, direction: str) -> None:
    (result,) = summarise([entry(observation(value, "2026-01-01", extra))]).results
    assert result.direction == direction


def test_abnormal_results_come_first() -> None:
    other = observation("5", "2026-12-01").replace("4548-4", "2823-3")
    summary = summarise([entry(other), entry(observation("9", "2020-01-01", RANGE))])
    assert [x.key for x in summary.results] == ["http://loinc.org|4548-4", "http://loinc.org|2823-3"]


def test_blood_pressure_is_one_line() -> None:
    body = (
        '{"resourceType":"Observation","status":"final","category":[{"coding":[{"code":"vital-signs"}]}],'
        '"code":{"text":"Blood pressure"},"effectiveDateTime":"2026-11-18","component":['
        '{"code":{"text":"Diastolic"},"valueQuantity":{"value":86,"unit":"mmHg"}},'
        '{"code":{"text":"Systolic"},"valueQuantity":{"value":138,"unit":"mmHg"}}]}'
    )
    summary = summarise([entry(body)])
    assert [x.last.text for x in summary.vitals] == ["138 / 86"]
    assert summary.results == ()


def test_a_resolved_allergy_and_one_entered_in_error_are_not_shown() -> None:
    allergy = (
        '{"resourceType":"AllergyIntolerance","clinicalStatus":{"coding":[{"code":"%s"}]},'
        '"verificationStatus":{"coding":[{"code":"%s"}]},"code":{"text":"Penicillin"},'
        '"reaction":[{"manifestation":[{"text":"rash"}],"severity":"severe"}],"recordedDate":"2019-04"}'
    )
    shown = summarise(
        [
            entry(allergy % ("active", "confirmed")),
            entry(allergy % ("resolved", "confirmed")),
            entry(allergy % ("active", "entered-in-error")),
        ]
    ).allergies
    assert [(x.name, x.reactions, x.severity, x.on) for x in shown] == [
        ("Penicillin", ("rash",), "severe", date(2019, 4, 1))
    ]


def condition(name: str, status: str, since: str) -> str:
    return (
        f'{{"resourceType":"Condition","clinicalStatus":{{"coding":[{{"code":"{status}"}}]}},'
        f'"code":{{"coding":[{{"display":"{name}"}}]}},"onsetDateTime":"{since}"}}'
    )


def test_active_illnesses_come_before_circumstances_and_the_past() -> None:
    problems = summarise(
        [
            entry(condition("Kidney stone (disorder)", "resolved", "2018-01-01")),
            entry(condition("Full-time employment (finding)", "active", "2024-01-01")),
            entry(condition("Diabetes (disorder)", "active", "2021-03-01")),
        ]
    ).problems
    assert [(x.name, x.active, x.social) for x in problems] == [
        ("Diabetes", True, False),
        ("Full-time employment", True, True),
        ("Kidney stone", False, False),
    ]


def test_the_same_problem_twice_is_one_line_that_keeps_its_oldest_date() -> None:
    (problem,) = summarise(
        [
            entry(condition("Asthma (disorder)", "active", "2015-01-01")),
            entry(condition("Asthma (disorder)", "active", "2009-01-01")),
            entry(condition("Asthma (disorder)", "resolved", "2001-01-01")),
        ]
    ).problems
    assert (problem.active, problem.since) == (True, date(2009, 1, 1))


def request(name: str, status: str, authored: str, dosage: str = "{}") -> str:
    return (
        f'{{"resourceType":"MedicationRequest","status":"{status}","medicationCodeableConcept":{{"text":"{name}"}},'
        f'"authoredOn":"{authored}","dosageInstruction":[{dosage}]}}'
    )


def test_a_medicine_is_as_it_was_last_written() -> None:
    medicines = summarise(
        [
            entry(request("Enalapril", "active", "2020-01-01")),
            entry(request("Enalapril", "stopped", "2023-01-05")),
            entry(
                request(
                    "Metformin",
                    "active",
                    "2026-11-18",
                    '{"timing":{"repeat":{"frequency":2,"period":1,"periodUnit":"d"}}}',
                )
            ),
            entry(request("Salbutamol", "active", "2024-05-05", '{"asNeededBoolean":true}')),
        ]
    ).medicines
    assert [(x.name, x.active, x.times, x.when_needed) for x in medicines] == [
        ("Metformin", True, 2, False),
        ("Salbutamol", True, None, True),
        ("Enalapril", False, None, False),
    ]


def test_a_visit_gathers_what_points_to_it() -> None:
    visit = (
        '{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"EMER"},'
        '"period":{"start":"2026-03-02T22:00:00+08:00"},"reasonCode":[{"text":"Cut on the left hand"}]}'
    )
    link = ',"encounter":{"reference":"Encounter/e1"}'
    vaccine = (
        '{"resourceType":"Immunization","status":"completed","vaccineCode":{"text":"Tetanus"},'
        '"occurrenceDateTime":"2026-03-02","encounter":{"reference":"urn:uuid:e1"}}'
    )
    summary = summarise(
        [entry(visit, "City Hospital 1"), entry(observation("7.1", "2026-03-02", link)), entry(vaccine)]
    )
    (shown,) = summary.visits
    assert (shown.title, shown.setting, shown.source) == ("Cut on the left hand", "EMER", "City Hospital 1")
    assert [(x.kind, x.name, x.value) for x in shown.items] == [
        ("result", "HbA1c", "7.1 %"),
        ("vaccine", "Tetanus", ""),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        '{"resourceType":"Observation"}',
        '{"resourceType":"Observation","category":"laboratory","code":7,"valueQuantity":{"value":"x"}}',
        '{"resourceType":"Encounter","period":{"start":"soon"},"participant":[{}],"class":3}',
        '{"resourceType":"AllergyIntolerance","reaction":[{"manifestation":null}]}',
        '{"resourceType":"MedicationRequest","dosageInstruction":{"text":5}}',
    ],
)
def test_odd_resources_never_break_the_page(body: str) -> None:
    summarise([entry(body)])


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
WHOLE = decode(
    b'{"status":"final","verificationStatus":{"coding":[{"code":"confirmed"}]},"clinicalStatus":{"coding":[{"code":"x"}]},'
    b'"category":[{"coding":[{"code":"laboratory"}]}],"code":{"coding":[{"display":"x"}],"text":"y"},"criticality":"high",'
    b'"valueQuantity":{"value":1,"unit":"%"},"effectiveDateTime":"2026-01-01","reaction":[{"severity":"mild"}],'
    b'"recordedDate":"2026-01-01","dosageInstruction":[{"timing":{"repeat":{"frequency":1}}}],"class":{"code":"AMB"},'
    b'"medicationCodeableConcept":{"text":"x"},"referenceRange":[{"low":{"value":1}}],"encounter":{"reference":"x"},'
    b'"interpretation":[{"coding":[{"code":"H"}]}],"period":{"start":"2026-01-01"},"reasonCode":[{"text":"x"}],'
    b'"participant":[{"individual":{"display":"x"}}],"component":[{"code":{"text":"x"}}]}'
)
TYPES_SHOWN = [
    *("AllergyIntolerance", "Condition", "Observation", "MedicationRequest"),
    *("Immunization", "DocumentReference", "Encounter"),
]


@settings(max_examples=300)
@given(st.sampled_from(TYPES_SHOWN), st.dictionaries(st.sampled_from(sorted(WHOLE)), ANYTHING, max_size=3))
def test_one_odd_entry_never_takes_the_page_down(kind: str, odd: dict[str, object]) -> None:
    """What is sent is checked at the door; what stands there from before is read all the same."""
    resource = {"resourceType": kind, "id": "1", **WHOLE, **odd}
    good = entry(observation("6.6", "2026-01-01"))
    assert any(x.last.text == "6.6" for one in summarise([Entry(resource, "x"), good]).results for x in [one])
