"""Two residents who must look the same to a doctor: what is written of them, and how answers are compared."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from carecode.app import App
from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.people import herself
from carecode.kernel.vocabulary import Purpose, Requester, Resident, Role

COUNTY = Requester("county-2/system", Role.SYSTEM, "county-2", "A computer", "")
CITY = Requester("city-1/system", Role.SYSTEM, "city-1", "A computer", "")
DOCTOR = "doctor"
NOBODYS = "01990000-0000-7000-8000-000000000000"
NUMBERS = ("XA000001", "XB000002")
MASKS = (
    (re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), b"<id>"),
    (re.compile(rb"[0-9a-f]{32}"), b"<patient>"),
    (re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+]00:00)"), b"<time>"),
    (re.compile(rb"X[AB]\d{6}"), b"<number>"),
    (re.compile(rb"[0-9A-F]{4}-[0-9A-F]{4}"), b"<receipt>"),
    (re.compile(rb"\b\d\d:\d\d\b"), b"<time>"),
)


def entry(name: str, resource: dict[str, Any]) -> dict[str, Any]:
    kind = resource["resourceType"]
    return {"fullUrl": f"urn:uuid:{name}", "resource": resource, "request": {"method": "POST", "url": kind}}


def bundle(number: str, *resources: dict[str, Any]) -> bytes:
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": "urn:test:number", "value": number}],
        "name": [{"text": "李明"}],
        "gender": "male",
        "birthDate": "1970-01-01",
    }
    entries = [entry("patient", patient)] + [entry(f"r{place}", one) for place, one in enumerate(resources)]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


def observation(day: int, code: str = "4548-4", **more: object) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": "urn:uuid:patient"},
        "effectiveDateTime": f"2026-01-{day:02d}",
        "valueQuantity": {"value": day, "unit": "%"},
    } | more


VISIT = {
    "resourceType": "Encounter",
    "status": "finished",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    "subject": {"reference": "urn:uuid:patient"},
    "period": {"start": "2026-01-20T08:00:00Z", "end": "2026-01-20T09:00:00Z"},
}
OF_VISIT = observation(20, encounter={"reference": "urn:uuid:r0"})
HIV_TEST = observation(21, "75622-1")  # HIV 1 and 2 tests
FAMILY = {
    "resourceType": "Immunization",
    "status": "completed",
    "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "140"}]},
    "patient": {"reference": "urn:uuid:patient"},
    "occurrenceDateTime": "2026-01-22",
}


PROBLEM = {
    "resourceType": "Condition",
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}]},
    "subject": {"reference": "urn:uuid:patient"},
}
OF_PROBLEM = VISIT | {"diagnosis": [{"condition": {"reference": "urn:uuid:r0"}}], "reasonCode": [{"text": "diabetes"}]}
ORDER = {
    "resourceType": "MedicationRequest",
    "status": "active",
    "intent": "order",
    "medicationCodeableConcept": {"coding": [{"system": "http://www.whocc.no/atc", "code": "A10BA02"}]},
    "subject": {"reference": "urn:uuid:patient"},
    "reasonReference": [{"reference": "urn:uuid:r0"}],
}


@dataclass
class Scene:
    """The doctor, and two residents who must look the same to her."""

    house: App
    http: httpx.AsyncClient
    doctor: Requester
    closed: Resident
    plain: Resident
    theirs: dict[str, str] = field(default_factory=dict)  # type -> id of what City Hospital 1 wrote

    async def ask(self, resident: Resident, method: str, path: str, rest: dict[str, Any]) -> tuple[Any, ...]:
        token = await self.house.sessions.issue_bearer(
            self.house.clock(), purpose=Purpose.TREAT, staff=DOCTOR, resident=resident.id
        )
        number = NUMBERS[0] if resident is self.closed else NUMBERS[1]
        place = path.format(id=self.house.gate.patient_id(self.doctor, resident), number=number)
        headers = {"Authorization": f"Bearer {token}"} | rest.get("headers", {})
        answer = await self.http.request(method, f"/fhir/{place}", **(rest | {"headers": headers}))
        kept = {name: value for name, value in answer.headers.items() if name not in {"date", "last-modified"}}
        return answer.status_code, masked(repr(kept).encode()), masked(answer.content)

    async def decide(self, kind: Kind, choice: str, whom: str = "", about: str = "") -> None:
        await self.house.privacy.decide(herself(self.closed.id), Wish(kind, choice, whom, about))


def masked(text: bytes) -> bytes:
    for pattern, mark in MASKS:
        text = pattern.sub(mark, text)
    return text
