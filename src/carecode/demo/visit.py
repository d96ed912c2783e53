"""One visit as it is written down: the encounter and everything that refers to it.

Resources are FHIR R4, ready for a transaction: each has an ``id`` (its fullUrl is ``urn:uuid:`` and
that id), references inside the visit are such urns, and the patient is always the urn PATIENT,
because only the platform knows under which number she stands.  Institutions and doctors are named
by identifier or in words, never by reference.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Final

from carecode.demo.cast import NAMES, doctor_of
from carecode.demo.chance import Chance
from carecode.demo.terms import HL7, Json, Term, codeable, coded, loinc, sct, translated

PATIENT: Final = "urn:uuid:patient"
ORGANISATION_SYSTEM: Final = "urn:carecode:organisation"
CHINA: Final = timezone(timedelta(hours=8))
OPENS_HOUR: Final = 8
CLOSES_HOUR: Final = 17

_CLASSES: Final = {
    "clinic": ("AMB", "ambulatory"),
    "hospital": ("AMB", "ambulatory"),
    "emergency": ("EMER", "emergency"),
    "ward": ("IMP", "inpatient encounter"),
}
_TYPES: Final = {
    "clinic": sct("185345009", "Encounter for symptom", "就诊"),
    "hospital": sct("185347001", "Encounter for problem", "门诊"),
    "emergency": sct("50849002", "Emergency room admission", "急诊"),
    "ward": sct("32485007", "Hospital admission", "住院"),
}
DISCHARGE_SUMMARY: Final = loinc("18842-5", "Discharge summary", "出院小结")
CONSULT_NOTE: Final = loinc("11488-4", "Consult note", "门诊病历")
# resources whose R4 element for the person is not "subject"
_PATIENT_ELEMENT: Final = {"AllergyIntolerance": "patient", "Immunization": "patient"}
_NO_ENCOUNTER: Final = {"Encounter", "DocumentReference"}


@dataclass(slots=True)
class Visit:
    """A visit while it is being written."""

    organisation: str
    at: datetime
    place: str  # clinic, hospital, emergency or ward
    department: str
    chance: Chance = field(repr=False)
    resources: list[Json] = field(default_factory=list, repr=False)
    encounter: str = ""  # its urn

    @property
    def doctor(self) -> str:
        """Name who saw her."""
        return doctor_of(self.organisation, self.department)

    def start(self, resource_type: str) -> Json:
        """Begin a resource of this visit: id, patient and encounter stand in it, and it is listed."""
        resource: Json = {
            "resourceType": resource_type,
            "id": self.chance.uuid(),
            _PATIENT_ELEMENT.get(resource_type, "subject"): {"reference": PATIENT},
        }
        if resource_type not in _NO_ENCOUNTER:
            resource["encounter"] = {"reference": self.encounter}
        self.resources.append(resource)
        return resource


def open_visit(
    chance: Chance, organisation: str, on: date, place: str, department: str, reason: Term, days: int = 0
) -> Visit:
    """Open a visit with its encounter; ``days`` is how long a stay on the ward lasts."""
    hour = chance.randrange(OPENS_HOUR, CLOSES_HOUR) if place != "emergency" else chance.randrange(24)
    at = datetime(on.year, on.month, on.day, hour, chance.randrange(60), chance.randrange(60), tzinfo=CHINA)
    visit = Visit(organisation, at, place, department, chance)
    ends = at + (timedelta(days=days) if days else timedelta(minutes=chance.randrange(10, 90)))
    encounter = visit.start("Encounter")
    visit.encounter = urn(encounter)
    code, display = _CLASSES[place]
    encounter |= {
        "status": "finished",
        "class": {"system": HL7 + "v3-ActCode", "code": code, "display": display},
        "type": [codeable(_TYPES[place])],
        "serviceType": {"text": department},
        "participant": [{"individual": {"display": visit.doctor}}],
        "period": {"start": at.isoformat(), "end": ends.isoformat()},
        "reasonCode": [codeable(reason)],
        "serviceProvider": organisation_of(organisation),
    }
    return visit


def urn(resource: Json) -> str:
    """Name a resource inside its visit."""
    return f"urn:uuid:{resource['id']}"


def reference(resource: Json) -> Json:
    """Refer to a resource of the same visit."""
    return {"reference": urn(resource)}


@cache
def organisation_of(handle: str) -> Json:
    """Refer to an institution by its identifier; shared like ``codeable``."""
    return {"identifier": {"system": ORGANISATION_SYSTEM, "value": handle}, "display": NAMES[handle]}


def diagnose(visit: Visit, term: Term, onset: date, abated: date | None = None, *, acute: bool = False) -> Json:
    """Write a Condition found or confirmed at this visit."""
    condition = visit.start("Condition")
    condition |= {
        "clinicalStatus": coded("condition-clinical", *(("resolved", "Resolved") if abated else ("active", "Active"))),
        "verificationStatus": coded("condition-ver-status", "confirmed", "Confirmed"),
        "category": [
            coded("condition-category", *(("encounter-diagnosis", "Encounter Diagnosis") if acute else _ON_LIST))
        ],
        "code": codeable(term),
        "onsetDateTime": onset.isoformat(),
        "recordedDate": visit.at.isoformat(),
        "asserter": {"display": visit.doctor},
    }
    if abated:
        condition["abatementDateTime"] = abated.isoformat()
    visit.resources[0].setdefault("diagnosis", []).append({"condition": reference(condition)})
    return condition


_ON_LIST: Final = ("problem-list-item", "Problem List Item")


def perform(visit: Visit, term: Term, reason: Json | None = None) -> Json:
    """Write a Procedure done at this visit."""
    procedure = visit.start("Procedure")
    procedure |= {
        "status": "completed",
        "code": codeable(term),
        "performedDateTime": visit.at.isoformat(),
        "performer": [{"actor": {"display": visit.doctor}}],
    }
    if reason is not None:
        procedure["reasonReference"] = [reference(reason)]
    return procedure


def write_letter(visit: Visit, kind: Term, english: str, chinese: str) -> Json:
    """Write a DocumentReference that holds a letter in both languages."""
    text = f"{english}\n\n{chinese}\n\n{visit.doctor}, {NAMES[visit.organisation]}\n"
    document = visit.start("DocumentReference")
    document |= {
        "status": "current",
        "docStatus": "final",
        "type": codeable(kind),
        "category": [{"coding": [{"system": "http://loinc.org", "code": "11506-3", "display": "Progress note"}]}],
        "date": visit.at.isoformat(),
        "author": [{"display": visit.doctor}],
        "custodian": organisation_of(visit.organisation),
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "language": "en",
                    "data": base64.b64encode(text.encode()).decode(),
                    "title": kind.en,
                    "_title": translated(kind.zh),
                    "creation": visit.at.isoformat(),
                }
            }
        ],
        "context": {"encounter": [{"reference": visit.encounter}], "period": {"start": visit.at.isoformat()}},
    }
    return document
