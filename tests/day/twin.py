"""A second resident of whom one hospital holds the same as of the first, and nobody else holds anything."""

from __future__ import annotations

import json
from typing import Any

import httpx

from tests.day.town import Town, run

HOSPITAL = "county-2"


def copy_of_own_deposits(town: Town, resident: str, system: str, value: str, name: str, born: str) -> int:
    """Send what the hospital itself deposited about ``resident`` once more, about the bearer of another number.

    Returns the number of resources sent, the Patient included.  Everything goes through the public API.
    """
    token = run("token", "--as", "system", "--org", HOSPITAL, "--data", str(town.data)).out.split()[-1]
    code = run("code", "show", resident, "--data", str(town.data)).out.strip("\n")
    known = run("scan", code, "--as", "@desk", "--purpose", "IDENTIFY", "--json", "--data", str(town.data))
    patient = json.loads(known.out)["patient"]
    with httpx.Client(base_url=town.base, headers={"Authorization": f"Bearer {token}"}, timeout=30) as http:
        answer = http.get(f"/fhir/Patient/{patient}/$everything", params={"_count": 1000}).raise_for_status().json()
        found = [entry["resource"] for entry in answer["entry"]]
        assert len(found) == answer["total"]
        addresses = {f"{one['resourceType']}/{one['id']}": f"urn:uuid:{one['id']}" for one in found}
        entries = [_entry(_moved(one, addresses), system, value, name, born) for one in found]
        entries.sort(key=lambda entry: entry["resource"]["resourceType"] != "Patient")
        sent = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        http.post("/fhir", json=sent).raise_for_status()
    return len(found)


def _moved(part: Any, addresses: dict[str, str]) -> Any:  # noqa: ANN401 - JSON
    """Let references inside the bundle point inside the new one."""
    if isinstance(part, dict):
        return {
            name: addresses.get(one, one) if name == "reference" and isinstance(one, str) else _moved(one, addresses)
            for name, one in part.items()
        }
    return [_moved(one, addresses) for one in part] if isinstance(part, list) else part


def _entry(resource: dict[str, Any], system: str, value: str, name: str, born: str) -> dict[str, Any]:
    address = f"urn:uuid:{resource.pop('id')}"
    resource.pop("meta", None)
    if resource["resourceType"] == "Patient":
        resource["identifier"] = [{"system": system, "value": value}]
        resource["name"] = [{"text": name}]
        resource["birthDate"] = born
    request = {"method": "POST", "url": resource["resourceType"]}
    return {"fullUrl": address, "resource": resource, "request": request}
