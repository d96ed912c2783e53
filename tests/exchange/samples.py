"""Made-up bundles, built rather than stored: what a hospital sends about nobody."""

from __future__ import annotations

import json
from typing import Any

NUMBER_SYSTEM = "urn:example:mrn"
STAFF_SYSTEM = "urn:example:staff"


def patient(value: str = "P-1", **more: object) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": NUMBER_SYSTEM, "value": value}],
        "name": [{"family": "Example", "given": ["Person"]}],
        "gender": "female",
        "birthDate": "1985-03-04",
        **more,
    }


def observation(subject: str, value: str = "1.50", **more: object) -> str:
    """Return JSON text, so that the written decimal is ours."""
    resource = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
        "subject": {"reference": subject},
        "effectiveDateTime": "2026-03-04T08:00:00+08:00",
        **more,
    }
    return json.dumps(resource)[:-1] + f', "valueQuantity": {{"value": {value}, "unit": "%"}}}}'


def practitioner(value: str = "S-1") -> dict[str, Any]:
    return {"resourceType": "Practitioner", "identifier": [{"system": STAFF_SYSTEM, "value": value}]}


def entry(resource: dict[str, Any] | str, full_url: str = "", *, method: str = "POST", **request: str) -> str:
    text = resource if isinstance(resource, str) else json.dumps(resource)
    kind = json.loads(text)["resourceType"]
    asked = json.dumps({"method": method, "url": kind, **request})
    named = f'"fullUrl": {json.dumps(full_url)}, ' if full_url else ""
    return f'{{{named}"resource": {text}, "request": {asked}}}'


def bundle(*entries: str, kind: str = "transaction") -> bytes:
    return f'{{"resourceType": "Bundle", "type": "{kind}", "entry": [{", ".join(entries)}]}}'.encode()


HER = "urn:uuid:00000000-0000-4000-8000-000000000001"
VISIT = "urn:uuid:00000000-0000-4000-8000-000000000002"


def visit(count: int = 3, value: str = "P-1") -> bytes:
    """Return a transaction about one person: herself, a visit and some results."""
    encounter = {
        "resourceType": "Encounter",
        "status": "finished",
        "class": {"code": "AMB"},
        "subject": {"reference": HER},
    }
    results = [entry(observation(HER, encounter={"reference": VISIT})) for _ in range(count)]
    return bundle(entry(patient(value), HER), entry(encounter, VISIT), *results)
