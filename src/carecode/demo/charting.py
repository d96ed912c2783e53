"""What is written at a visit about results, medicines, vaccines and allergies (FHIR R4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final

from carecode.demo.conditions import Allergy
from carecode.demo.laboratory import ANALYTES, BLOOD_PRESSURE, PANELS, VITALS, Analyte
from carecode.demo.medicines import MEDICINES, Medicine, dosage
from carecode.demo.terms import HL7, Json, Term, codeable, coded, quantity, translated
from carecode.demo.visit import Visit, organisation_of, reference

_LABORATORY: Final = ("laboratory", "Laboratory")
_VITAL_SIGNS: Final = ("vital-signs", "Vital Signs")


def measure(visit: Visit, name: str, value: float, sex: str) -> Json:
    """Write an Observation of one analyte or vital sign, with its usual range and what that makes of it."""
    analyte = ANALYTES.get(name) or VITALS[name]
    observation = visit.start("Observation")
    category = _LABORATORY if name in ANALYTES else _VITAL_SIGNS
    observation |= {
        "status": "final",
        "category": [coded("observation-category", *category)],
        "code": codeable(analyte.term),
        "effectiveDateTime": visit.at.isoformat(),
        "performer": [organisation_of(visit.organisation)],
        "valueQuantity": _quantity(analyte, value),
        **_judged(analyte, value, sex),
    }
    return observation


def measure_pressure(visit: Visit, systolic: float, diastolic: float, sex: str) -> Json:
    """Write a blood pressure: one Observation with two components."""
    observation = visit.start("Observation")
    observation |= {
        "status": "final",
        "category": [coded("observation-category", *_VITAL_SIGNS)],
        "code": codeable(BLOOD_PRESSURE),
        "effectiveDateTime": visit.at.isoformat(),
        "performer": [organisation_of(visit.organisation)],
        "component": [
            {
                "code": codeable(VITALS[name].term),
                "valueQuantity": _quantity(VITALS[name], value),
                **_judged(VITALS[name], value, sex),
            }
            for name, value in (("systolic", systolic), ("diastolic", diastolic))
        ],
    }
    return observation


def report(visit: Visit, panel: str, results: Sequence[Json]) -> Json:
    """Write the DiagnosticReport of a panel over its results."""
    written = _report(visit, PANELS[panel].term, "LAB", "Laboratory")
    written["result"] = [reference(result) for result in results]
    return written


def report_image(visit: Visit, term: Term, english: str, chinese: str) -> Json:
    """Write the DiagnosticReport of an image with its conclusion in both languages."""
    written = _report(visit, term, "RAD", "Radiology")
    written |= {"conclusion": english, "_conclusion": translated(chinese)}
    return written


def prescribe(visit: Visit, name: str, reason: Json | None, today: date) -> Json:
    """Write a MedicationRequest; it is active until its course is over or a later one replaces it."""
    medicine = MEDICINES[name]
    over = medicine.course_days and visit.at.date() + timedelta(days=medicine.course_days) < today
    request = visit.start("MedicationRequest")
    request |= {
        "status": "completed" if over else "active",
        "intent": "order",
        "medicationCodeableConcept": codeable(medicine.term()),
        "authoredOn": visit.at.isoformat(),
        "requester": {"display": visit.doctor},
        "dosageInstruction": [dosage(medicine)],
    }
    if medicine.course_days:
        request["dispenseRequest"] = _course(medicine, visit.at)
    if reason is not None:
        request["reasonReference"] = [reference(reason)]
    return request


def immunise(visit: Visit, vaccine: Term, number: int = 1) -> Json:
    """Write an Immunization given at this visit."""
    given = visit.start("Immunization")
    given |= {
        "status": "completed",
        "vaccineCode": codeable(vaccine),
        "occurrenceDateTime": visit.at.isoformat(),
        "primarySource": True,
        "lotNumber": f"DEMO-{visit.at.year}-{visit.chance.randrange(1000):03d}",
        "site": coded("v3-ActSite", "LA", "left arm"),
        "performer": [{"actor": organisation_of(visit.organisation)}],
        "protocolApplied": [{"doseNumberPositiveInt": number}],
    }
    return given


def note_allergy(visit: Visit, allergy: Allergy, *, confirmed: bool = True) -> Json:
    """Write an AllergyIntolerance; unconfirmed when the patient told it."""
    noted = visit.start("AllergyIntolerance")
    status = ("confirmed", "Confirmed") if confirmed else ("unconfirmed", "Unconfirmed")
    noted |= {
        "clinicalStatus": coded("allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": coded("allergyintolerance-verification", *status),
        "type": "allergy",
        "category": [allergy.category],
        "criticality": "high" if allergy.severity == "severe" else "low",
        "code": codeable(allergy.term),
        "recordedDate": visit.at.isoformat(),
        "asserter": {"display": visit.doctor if confirmed else "the patient"},
        "reaction": [{"manifestation": [codeable(allergy.reaction)], "severity": allergy.severity}],
    }
    return noted


def _report(visit: Visit, term: Term, code: str, display: str) -> Json:
    written = visit.start("DiagnosticReport")
    written |= {
        "status": "final",
        "category": [{"coding": [{"system": HL7 + "v2-0074", "code": code, "display": display}]}],
        "code": codeable(term),
        "effectiveDateTime": visit.at.isoformat(),
        "issued": (visit.at + timedelta(hours=2)).isoformat(),
        "performer": [organisation_of(visit.organisation)],
    }
    return written


def _quantity(analyte: Analyte, value: float) -> Json:
    return quantity(value, analyte.unit, analyte.ucum)


def _judged(analyte: Analyte, value: float, sex: str) -> Json:
    """Write interpretation and reference range; nothing where an analyte has no usual range."""
    low, high = analyte.bounds(sex)
    if low is None and high is None:
        return {}
    if low is not None and value < low:
        judged = ("L", "Low")
    elif high is not None and value > high:
        judged = ("H", "High")
    else:
        judged = ("N", "Normal")
    return {
        "interpretation": [coded("v3-ObservationInterpretation", *judged)],
        "referenceRange": [_usual(analyte, sex)],
    }


@cache
def _usual(analyte: Analyte, sex: str) -> Json:
    low, high = analyte.bounds(sex)
    return {side: _quantity(analyte, bound) for side, bound in (("low", low), ("high", high)) if bound is not None}


def _course(medicine: Medicine, begins: datetime) -> Json:
    ends = begins + timedelta(days=medicine.course_days)
    return {
        "validityPeriod": {"start": begins.isoformat(), "end": ends.isoformat()},
        "expectedSupplyDuration": quantity(medicine.course_days, "days", "d"),
    }
