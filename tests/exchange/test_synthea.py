"""Forty synthetic patients, written by others, go in and come back equal; a second run stores nothing.

What may differ: ids, references (each must lead to the resource it led to), and the meta that a server adds.
"""

from __future__ import annotations

import bz2
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from carecode.app import App
from carecode.disclosure.people import Organisation
from carecode.kernel.vocabulary import PLATFORM, Purpose, Requester, Role

Json = dict[str, Any]
LOADER = Requester("carecode/load", Role.SYSTEM, PLATFORM, "CareCode load", "")
SYNTHEA = "https://github.com/synthetichealth/synthea"


@pytest.fixture(scope="session")
def synthea(shared_data: Path) -> Path:
    folder = shared_data / "synthea"
    if not folder.is_dir():
        pytest.skip("no Synthea bundles beside this checkout (../shared/data/synthea)")
    return folder


def bundle(path: Path) -> Json:
    found: Json = json.loads(bz2.decompress(path.read_bytes()), parse_float=str)
    return found


def normal(resource: Any, refer: Callable[[str], str]) -> Any:  # noqa: ANN401  # any JSON
    """Write every reference as what ``refer`` says of it."""
    if isinstance(resource, dict):
        return {
            name: refer(value) if name == "reference" and isinstance(value, str) else normal(value, refer)
            for name, value in resource.items()
        }
    if isinstance(resource, list):
        return [normal(value, refer) for value in resource]
    return resource


def bare(resource: Json) -> Json:
    """Drop the id, and of meta what a server adds."""
    kept = {name: value for name, value in resource.items() if name not in {"id", "meta"}}
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in {"versionId", "lastUpdated"}}
    return kept | ({"meta": meta} if meta else {})


def digest(value: Any) -> str:  # noqa: ANN401  # any JSON
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def fingerprints(resources: Mapping[str, Json], outside: Callable[[str], str]) -> Counter[str]:
    """Count resources by their content, each reference replaced by the content it leads to.

    ``resources`` by the text by which others refer to them; ``outside`` names what is not among them.
    """
    blind = {name: digest(normal(bare(resource), lambda _text: "*")) for name, resource in resources.items()}

    def refer(text: str) -> str:
        return blind[text] if text in blind else outside(text)

    return Counter(digest(normal(bare(resource), refer)) for resource in resources.values())


async def everything(http: httpx.AsyncClient, headers: Mapping[str, str], patient: str) -> dict[str, Json]:
    url: str | None = f"/fhir/Patient/{patient}/$everything?_count=1000"
    found: dict[str, Json] = {}
    while url:
        answer = await http.get(url, headers=headers)
        assert answer.status_code == 200, answer.text
        page = json.loads(answer.text, parse_float=str)
        for entry in page["entry"]:
            resource = entry["resource"]
            found[f"{resource['resourceType']}/{resource['id']}"] = resource
        url = next((link["url"] for link in page["link"] if link["relation"] == "next"), None)
    assert len(found) == page["total"]
    return found


class Directory:
    """Names a directory resource as the bundles do: by the identifier that the condition asks for."""

    def __init__(self, http: httpx.AsyncClient, headers: Mapping[str, str]) -> None:
        self._http = http
        self._headers = headers
        self._names: dict[str, set[str]] = {}

    async def learn(self, resources: Mapping[str, Json]) -> None:
        texts: set[str] = set()

        def collect(text: str) -> str:
            texts.add(text)
            return text

        for resource in resources.values():
            normal(resource, collect)
        for text in texts - resources.keys() - self._names.keys():
            if text.startswith("#"):
                continue
            answer = await self._http.get(f"/fhir/{text}", headers=self._headers)
            assert answer.status_code == 200, (text, answer.text)
            found = answer.json()
            self._names[text] = {
                f"{found['resourceType']}?identifier={one.get('system')}|{one['value']}" for one in found["identifier"]
            }

    def canonical(self, text: str) -> str:
        """Name it by the smallest of its identifiers, however it was asked for."""
        if text.startswith("#"):
            return text
        if text in self._names:
            return min(self._names[text])
        for names in self._names.values():
            if text in names:
                return min(names)
        raise AssertionError(f"a reference that leads nowhere: {text}")


def few_or_all(synthea: Path, folder: Path) -> Path:
    """Link the bundles to load into a folder: both directories and every fourth patient, or all of them."""
    files = sorted(synthea.glob("*.json.bz2"))
    patients = [path for path in files if "Information" not in path.name]
    chosen = patients if os.environ.get("CARECODE_TEST_ALL") else patients[::4]
    for path in [*chosen, *(path for path in files if "Information" in path.name)]:
        (folder / path.name).symlink_to(path)
    return folder


def test_the_comparison_sees_what_it_should() -> None:
    """A changed digit, a reference to another resource, a dropped element: each is a difference."""
    first: Json = {"resourceType": "Observation", "id": "1", "valueQuantity": {"value": "1.50"}}
    second: Json = {"resourceType": "Observation", "id": "2", "valueQuantity": {"value": "1.51"}}
    report: Json = {"resourceType": "DiagnosticReport", "id": "3", "result": [{"reference": "Observation/1"}]}
    other: Json = report | {"result": [{"reference": "Observation/2"}]}
    keep = lambda text: text  # noqa: E731  # nothing lies outside
    whole: dict[str, Json] = {"Observation/1": first, "Observation/2": second, "DiagnosticReport/3": report}
    base = fingerprints(whole, keep)
    assert base == fingerprints(
        {name: one | {"id": "x", "meta": {"versionId": "1"}} for name, one in whole.items()}, keep
    )
    assert base != fingerprints(whole | {"DiagnosticReport/3": other}, keep)
    assert base != fingerprints(whole | {"Observation/1": first | {"valueQuantity": {"value": "1.5"}}}, keep)
    assert base != fingerprints(whole | {"Observation/1": first | {"meta": {"profile": ["x"]}}}, keep)


async def test_all_patients_come_back_equal_and_a_second_run_stores_nothing(
    house: App, http: httpx.AsyncClient, synthea: Path, tmp_path: Path
) -> None:
    synthea = few_or_all(synthea, tmp_path)
    await house.people.put_organisation(Organisation(PLATFORM, "CareCode", "CareCode", "platform"))
    files = sorted(synthea.glob("*.json.bz2"))
    report = (await house.loader.load([synthea], LOADER)).to_json()
    sent = {path: bundle(path) for path in files}
    assert report["refused"] == []
    assert report["stored"] == sum(len(one["entry"]) for one in sent.values())

    again = (await house.loader.load([synthea], LOADER)).to_json()
    assert again["stored"] == 0
    assert again["known"] == len(files)

    differences = 0
    directory: Directory | None = None
    for one in sent.values():
        if one["type"] != "transaction":
            continue
        resources = {entry["fullUrl"]: entry["resource"] for entry in one["entry"]}
        directory_urls = {url for url, resource in resources.items() if resource["resourceType"] == "Medication"}
        patient = next(resource for resource in resources.values() if resource["resourceType"] == "Patient")
        number = next(each["value"] for each in patient["identifier"] if each["system"] == SYNTHEA)
        resident = await house.index.resolve(SYNTHEA, number)
        assert resident is not None
        token = await house.sessions.issue_bearer(house.clock(), purpose=Purpose.PATRQT, resident=resident.id)
        headers = {"Authorization": f"Bearer {token}"}
        found = (await http.get(f"/fhir/Patient?identifier={SYNTHEA}|{number}", headers=headers)).json()
        assert found["total"] == 1
        stored = await everything(http, headers, found["entry"][0]["resource"]["id"])
        directory = directory or Directory(http, headers)
        medications = await fetched(http, headers, stored, "Medication/")
        await directory.learn({**stored, **medications})
        before = fingerprints(resources, directory.canonical)
        after = fingerprints({**stored, **medications}, directory.canonical)
        assert len(resources) - len(directory_urls) == len(stored)
        differences += sum(((before - after) + (after - before)).values())
    assert differences == 0


async def fetched(
    http: httpx.AsyncClient, headers: Mapping[str, str], resources: Mapping[str, Json], prefix: str
) -> dict[str, Json]:
    """Read what these resources refer to under a prefix: medicines stand in the directory."""
    texts: set[str] = set()

    def collect(text: str) -> str:
        texts.add(text)
        return text

    for resource in resources.values():
        normal(resource, collect)
    found = {}
    for text in texts:
        if text.startswith(prefix):
            answer = await http.get(f"/fhir/{text}", headers=headers)
            found[text] = json.loads(answer.text, parse_float=str)
    return found
