"""What the town's record says: plausible values, honest interpretations, trends, and Lin Mei's story."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from carecode.demo.conditions import ACUTE, CHRONIC, Acute, Chronic
from carecode.demo.generator import GeneratedPerson, generate
from carecode.demo.laboratory import ANALYTES, PANELS, VITALS
from carecode.demo.medicines import MEDICINES
from carecode.demo.vaccines import SCHEDULE, VACCINES
from carecode.demo.visit import PATIENT

TODAY = date(2026, 11, 23)
PLAUSIBLE = {
    "hba1c": (3.5, 14), "glucose": (2.5, 20), "creatinine": (25, 400), "egfr": (8, 150), "potassium": (2.8, 6.5),
    "sodium": (125, 155), "ldl": (0.3, 7), "haemoglobin": (70, 200), "temperature": (35, 41), "weight": (1.8, 130),
    "height": (42, 200), "head": (30, 54), "heart_rate": (40, 150), "saturation": (85, 100), "apgar": (5, 10),
}  # fmt: skip


@pytest.fixture(scope="module")
def town() -> list[GeneratedPerson]:
    return [person for household in generate(21, 300, TODAY) for person in household.people]


@pytest.fixture(scope="module")
def mei(town: list[GeneratedPerson]) -> GeneratedPerson:
    return town[0]


def of(people: list[GeneratedPerson], kind: str) -> Iterator[dict[str, Any]]:
    for person in people:
        for visit in person.visits:
            yield from (resource for resource in visit.resources if resource["resourceType"] == kind)


def code(resource: dict[str, Any], element: str = "code") -> str:
    return str(resource[element]["coding"][0]["code"])


def series(person: GeneratedPerson, name: str) -> list[float]:
    wanted = ANALYTES[name].term.code
    return [o["valueQuantity"]["value"] for o in of([person], "Observation") if code(o) == wanted]


def measured(observation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from observation.get("component", [observation])


def test_tables_name_only_what_exists() -> None:
    rows: list[Chronic | Acute] = [*CHRONIC.values(), *ACUTE]
    assert all(medicine in MEDICINES for row in rows for medicine in row.medicines)
    assert all(panel in PANELS for row in rows for panel in row.panels)
    assert all(analyte in ANALYTES for panel in PANELS.values() for analyte in panel.analytes)
    assert all(e.analyte in ANALYTES or e.analyte in VITALS for row in CHRONIC.values() for e in row.effects)
    assert all(dose.vaccine in VACCINES for dose in SCHEDULE)


def test_every_value_is_plausible(town: list[GeneratedPerson]) -> None:
    bounds = {(ANALYTES.get(name) or VITALS[name]).term.code: PLAUSIBLE[name] for name in PLAUSIBLE}
    seen = set()
    for observation in of(town, "Observation"):
        for part in measured(observation):
            low, high = bounds.get(code(part), (0, 1000))
            assert low <= part["valueQuantity"]["value"] <= high, (code(part), part["valueQuantity"])
            seen.add(code(part))
    assert set(bounds) <= seen


def test_the_diastolic_pressure_is_below_the_systolic(town: list[GeneratedPerson]) -> None:
    for observation in of(town, "Observation"):
        if "component" in observation:
            systolic, diastolic = (part["valueQuantity"]["value"] for part in observation["component"])
            assert 60 <= systolic <= 230
            assert 25 <= diastolic < systolic


def test_high_means_above_the_usual_range_that_stands_beside_it(town: list[GeneratedPerson]) -> None:
    judged = {"H": 0, "L": 0, "N": 0}
    for observation in of(town, "Observation"):
        for part in measured(observation):
            if "referenceRange" not in part:
                assert "interpretation" not in part
                continue
            value, usual = part["valueQuantity"]["value"], part["referenceRange"][0]
            above = "high" in usual and value > usual["high"]["value"]
            below = "low" in usual and value < usual["low"]["value"]
            said = part["interpretation"][0]["coding"][0]["code"]
            assert said == ("H" if above else "L" if below else "N")
            judged[said] += 1
    assert judged["N"] > judged["H"] > judged["L"] > 0


def test_codes_have_both_languages(town: list[GeneratedPerson]) -> None:
    for kind in ("Condition", "Observation", "Procedure", "AllergyIntolerance", "DiagnosticReport"):
        for resource in of(town, kind):
            chinese = resource["code"]["_text"]["extension"][0]["extension"][1]["valueString"]
            assert resource["code"]["text"].isascii() or "µ" in resource["code"]["text"]
            assert not chinese.isascii()


def test_treatment_brings_sugar_and_pressure_down(town: list[GeneratedPerson]) -> None:
    """Over everybody whose diabetes was found within the ten years, the last value is mostly below the first."""
    fell = [
        values[-1] < values[0]
        for person in town[1:]
        if any(code(c) == "44054006" and c["onsetDateTime"] > "2017" for c in of([person], "Condition"))
        and len(values := series(person, "hba1c")) >= 4
    ]
    assert len(fell) >= 5
    assert sum(fell) / len(fell) > 0.7


def test_conditions_come_with_age(town: list[GeneratedPerson]) -> None:
    def share(people: list[GeneratedPerson]) -> float:
        return sum(any(code(c) == "59621000" for c in of([p], "Condition")) for p in people) / len(people)

    old = [p for p in town if (TODAY - p.birth_date).days > 65 * 365]
    young = [p for p in town if 18 * 365 < (TODAY - p.birth_date).days < 40 * 365]
    children = [p for p in town if (TODAY - p.birth_date).days < 14 * 365]
    assert min(len(old), len(young), len(children)) > 20
    assert share(old) > 0.3 > share(young)
    assert share(children) == 0
    for child in children:
        assert not {code(c) for c in of([child], "Condition")} & {"44054006", "266569009", "193570009"}


def test_at_most_one_request_for_a_medicine_is_active(town: list[GeneratedPerson]) -> None:
    for person in town:
        active = [
            code(request, "medicationCodeableConcept")
            for request in of([person], "MedicationRequest")
            if request["status"] == "active"
        ]
        lasting = [m.atc for m in MEDICINES.values() if not m.course_days]
        assert all(active.count(atc) <= 1 for atc in lasting)


def test_every_prescription_says_how_to_take_it(town: list[GeneratedPerson]) -> None:
    for request in of(town, "MedicationRequest"):
        (directions,) = request["dosageInstruction"]
        assert directions["text"]
        assert ("timing" in directions) != ("asNeededBoolean" in directions)
        assert directions["doseAndRate"][0]["doseQuantity"]["value"] > 0


def test_nobody_allergic_to_penicillins_or_cephalosporins_is_given_one(town: list[GeneratedPerson]) -> None:
    allergic = [
        person for person in town if {code(a) for a in of([person], "AllergyIntolerance")} & {"91936005", "294532003"}
    ]
    assert allergic
    for person in allergic:
        given = {code(request, "medicationCodeableConcept") for request in of([person], "MedicationRequest")}
        assert not given & {"J01CA04", "J01DC02"}


def test_children_grow_and_get_their_vaccines_in_order(town: list[GeneratedPerson]) -> None:
    child = next(person for person in town if person.handle == "@child")
    heights = [o["valueQuantity"]["value"] for o in of([child], "Observation") if code(o) == VITALS["height"].term.code]
    assert len(heights) >= 8
    assert heights == sorted(heights)
    given = [
        (code(i, "vaccineCode"), i["protocolApplied"][0]["doseNumberPositiveInt"]) for i in of([child], "Immunization")
    ]
    due = [dose for dose in SCHEDULE if dose.months <= 36]
    assert len([dose for dose in given if dose[0] not in {"140", "511"}]) == len(due)


def test_the_newborn_has_its_first_days_written(town: list[GeneratedPerson]) -> None:
    newborn = next(person for person in town if person.handle == "@newborn")
    (visit,) = newborn.visits
    kinds = {resource["resourceType"] for resource in visit.resources}
    assert {"Encounter", "Condition", "Observation", "Immunization"} <= kinds
    assert visit.resources[0]["class"]["code"] == "IMP"
    assert 2 < next(o["valueQuantity"]["value"] for o in of([newborn], "Observation")) < 5


def test_the_mother_has_her_births_written(town: list[GeneratedPerson]) -> None:
    parent = next(person for person in town if person.handle == "@parent")
    births = [p for p in of([parent], "Procedure") if code(p) in {"66348005", "11466000"}]
    assert len(births) == 2


def test_lin_mei_has_the_record_of_the_pictures(mei: GeneratedPerson) -> None:
    assert {visit.organisation for visit in mei.visits} == {"county-2", "city-1", "east-clinic"}
    problems = {code(c): c for c in of([mei], "Condition") if c["clinicalStatus"]["coding"][0]["code"] == "active"}
    assert set(problems) == {"44054006", "59621000", "195967001"}
    allergies = {a["code"]["text"]: a for a in of([mei], "AllergyIntolerance")}
    assert allergies["Allergy to penicillin"]["reaction"][0]["severity"] == "severe"
    assert allergies["Allergy to penicillin"]["verificationStatus"]["coding"][0]["code"] == "confirmed"
    assert allergies["Iodinated contrast media"]["verificationStatus"]["coding"][0]["code"] == "unconfirmed"
    requests = [(r["medicationCodeableConcept"]["text"], r["status"]) for r in of([mei], "MedicationRequest")]
    assert {text for text, status in requests if status == "active"} == {
        "Metformin 500 mg tablet", "Amlodipine 5 mg tablet", "Salbutamol 100 µg inhaler",
    }  # fmt: skip
    assert ("Enalapril 10 mg tablet", "stopped") in requests
    assert series(mei, "hba1c") == [9.1, 8.3, 7.8, 7.9, 7.6, 6.8, 6.6, 6.9, 7.1]
    last = mei.visits[-1]
    assert (last.organisation, last.date) == ("county-2", date(2026, 11, 18))
    assert last.resources[0]["participant"][0]["individual"]["display"] == "Dr Zhao Wei"


def test_letters_can_be_read_and_name_nobody(town: list[GeneratedPerson]) -> None:
    letters = 0
    for person in town:
        for document in of([person], "DocumentReference"):
            text = base64.b64decode(document["content"][0]["attachment"]["data"]).decode()
            assert person.name not in text
            assert person.name_latin not in text
            letters += 1
    assert letters > 100


def test_no_resource_carries_a_number_or_name_of_the_person(town: list[GeneratedPerson]) -> None:
    for person in town[:100]:
        secrets = {value for _, value in person.identifiers} | {person.name, person.name_latin}
        text = repr([visit.resources for visit in person.visits])
        assert not any(secret in text for secret in secrets)
        assert PATIENT in text or not person.visits
