"""What anyone may know of the server: it says what it does, and does what it says."""

from __future__ import annotations

import base64
import hashlib
import json

from carecode.record.catalogue import TYPES
from tests.api.conftest import DOCTOR, MACHINE, Served
from tests.api.register import registrar
from tests.exchange.samples import NUMBER_SYSTEM


async def test_every_stated_parameter_is_taken_and_no_other(standing: Served) -> None:
    resident = await standing.resident()
    async with standing.client(await standing.token(DOCTOR, resident)) as client:
        stated = (await client.get("/fhir/metadata")).json()
        rows = {row["type"]: row for row in stated["rest"][0]["resource"]}
        assert set(rows) == set(TYPES)
        for name in ("Patient", "Observation", "Encounter", "Location"):
            for parameter in rows[name]["searchParam"]:
                if name == "Patient" and parameter["name"] not in {"_id", "identifier"}:
                    continue  # of who registers people: the next test
                value = f"{NUMBER_SYSTEM}|x" if parameter["type"] == "token" else "0" * 32
                answer = await client.get(f"/fhir/{name}", params={parameter["name"]: value})
                assert answer.status_code == 200, (name, parameter)


async def test_every_stated_parameter_of_who_registers_people_is_taken(standing: Served) -> None:
    values = {
        "birthdate": "1985-03-04",
        "gender": "female",
        "active": "true",
        "phone": "10000000007",
        "telecom": "10000000007",
        "identifier": "urn:x|x",
    }
    async with await registrar(standing) as client:
        stated = (await client.get("/fhir/metadata")).json()
        (row,) = [row for row in stated["rest"][0]["resource"] if row["type"] == "Patient"]
        names = [parameter["name"] for parameter in row["searchParam"] if parameter["name"] != "_id"]
        assert set(values) < set(names)
        answer = await client.get("/fhir/Patient", params={name: values.get(name, "x") for name in names})
        assert (answer.status_code, answer.json()["type"]) == (200, "searchset"), answer.text


async def test_every_stated_operation_has_an_address(standing: Served) -> None:
    async with standing.client() as client:
        (rest,) = (await client.get("/fhir/metadata")).json()["rest"]
        of_patient = next(row for row in rest["resource"] if row["type"] == "Patient")["operation"]
        assert {one["name"] for one in of_patient} == {"everything", "match", "ihe-pix"}
        paths = ["Patient/x/$everything", "Patient/$match", "Patient/$ihe-pix", "$process-message"]
        assert [one["name"] for one in rest["operation"]] == ["process-message"]
        for path in paths:
            assert (await client.request("DELETE", f"/fhir/{path}")).status_code == 405, path
            assert (await client.post(f"/fhir/{path}", json={})).status_code in {401, 405}, path


async def test_the_statement_names_the_methods_that_answer(standing: Served) -> None:
    async with standing.client(await standing.token(MACHINE)) as client:
        stated = (await client.get("/fhir/metadata")).json()
        assert stated["fhirVersion"] == "4.0.1"
        for row in stated["rest"][0]["resource"]:
            codes = {one["code"] for one in row["interaction"]}
            assert ("update" in codes) == (row["type"] != "Patient" and not TYPES[row["type"]].directory)
            assert {"read", "vread", "create", "search-type"} <= codes
        assert {one["code"] for one in stated["rest"][0]["interaction"]} == {"transaction", "batch"}


async def test_smart_states_nothing_that_does_not_answer(standing: Served) -> None:
    async with standing.client() as client:
        for path in ("/.well-known/smart-configuration", "/fhir/.well-known/smart-configuration"):
            answer = await client.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "application/json"
            stated = answer.json()
            assert stated["capabilities"] == []
            assert not [name for name in stated if name.endswith("_endpoint")]


async def test_the_issuers_key_is_published_under_its_thumbprint(standing: Served) -> None:
    async with standing.client() as client:
        (key,) = (await client.get("/.well-known/carecode-keys")).json()["keys"]
    public = standing.app.ring.issuer_public()
    assert base64.urlsafe_b64decode(key["x"] + "=") == public
    spelled = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": key["x"]}, separators=(",", ":"))
    assert base64.urlsafe_b64decode(key["kid"] + "=") == hashlib.sha256(spelled.encode()).digest()
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
    assert "d" not in key


async def test_health_says_that_the_database_answers(standing: Served) -> None:
    async with standing.client() as client:
        answer = await client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_metrics_count_and_name_nobody(filled: Served) -> None:
    resident = await filled.resident()
    number = filled.number(MACHINE, resident)
    async with filled.client(await filled.token(MACHINE)) as client:
        for _ in range(3):
            await client.get(f"/fhir/Patient/{number}")
        await client.get("/fhir/Patient", params={"identifier": f"{NUMBER_SYSTEM}|P-1"})
        await client.get("/fhir/CANARY/CANARY")
        told = (await client.get("/metrics")).text
    assert 'carecode_fhir_requests_total{interaction="read",status="200"} 3.0' in told
    assert 'carecode_fhir_requests_total{interaction="unknown",status="404"} 1.0' in told
    for name in (number, "P-1", "CANARY", "county-2", str(resident.id)):
        assert name not in told
