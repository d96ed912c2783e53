"""What HTTP clients of every kind send, and what they get."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from starlette.applications import Starlette

from carecode.api.fhir import BODY_BYTES_MAX
from carecode.api.routes import routes
from carecode.app import App, wall_clock
from carecode.crypto.keyring import KeyRing
from carecode.store.database import Database, Target
from tests.api.conftest import MACHINE, Served

FHIR = {"content-type": "application/fhir+json"}


@pytest.mark.parametrize(
    ("authorization", "challenge"),
    [
        (None, 'Bearer realm="CareCode"'),
        ("Basic eDp5", 'Bearer realm="CareCode"'),
        ("Bearer", 'Bearer realm="CareCode"'),
        ("Bearer nothing", 'Bearer realm="CareCode", error="invalid_token"'),
        ("bearer \xff\xfe", 'Bearer realm="CareCode", error="invalid_token"'),
    ],
)
async def test_without_a_token_in_force_nothing_is_read(
    authorization: str | None, challenge: str, standing: Served
) -> None:
    number = standing.number(MACHINE, await standing.resident())
    headers = [(b"authorization", authorization.encode("latin-1"))] if authorization else []
    async with httpx.AsyncClient(base_url=standing.base) as client:
        for method, path in (("GET", f"/fhir/Patient/{number}"), ("GET", "/fhir/Location"), ("POST", "/fhir")):
            answer = await client.request(method, path, headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)
            assert answer.json()["issue"][0]["code"] == "login"


async def test_a_token_is_taken_in_any_spelling_of_bearer(standing: Served) -> None:
    token = await standing.token(MACHINE)
    async with httpx.AsyncClient(base_url=standing.base, headers={"authorization": f"bEARER {token}"}) as client:
        assert (await client.get("/fhir/Location")).status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/fhir+json", 200),
        ("application/json", 200),
        ("*/*", 200),
        ("application/fhir+json, */*; q=0.1", 200),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", 200),
        ("application/fhir+xml, application/json;q=0.5", 200),
        ("Application/FHIR+JSON; charset=utf-8", 200),
        ("application/fhir+xml", 406),
        ("text/html", 406),
        ("application/json;q=0", 406),
    ],
)
async def test_json_is_answered_to_whoever_takes_it(accept: str, status: int, standing: Served) -> None:
    async with standing.client(accept=accept) as client:
        answer = await client.get("/fhir/metadata")
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/fhir+json"
        assert (await client.get("/fhir/metadata?_format=json")).status_code == 200
        assert (await client.get("/fhir/metadata?_format=application/fhir+json")).status_code == 200
        assert (await client.get("/fhir/metadata?_format=xml")).status_code == 406


async def test_browsers_elsewhere_may_ask(standing: Served) -> None:
    async with standing.client(origin="https://app.example") as client:
        for path in ("/fhir", "/fhir/Patient/1", "/fhir/metadata", "/.well-known/smart-configuration"):
            preflight = await client.options(
                path,
                headers={"access-control-request-method": "GET", "access-control-request-headers": "authorization"},
            )
            assert preflight.is_success
            assert preflight.headers["access-control-allow-origin"] == "*"
            assert "authorization" in preflight.headers["access-control-allow-headers"]
        for path in ("/fhir/Patient/1", "/fhir/metadata", "/.well-known/carecode-keys"):
            answer = await client.get(path)
            assert answer.headers["access-control-allow-origin"] == "*"
            assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/fhir/Patient/1", "GET, PUT"),
        ("PATCH", "/fhir/Observation/1", "GET, PUT"),
        ("POST", "/fhir/metadata", "GET"),
        ("PUT", "/fhir/Observation", "GET, POST"),
        ("GET", "/fhir/Observation/_search", "POST"),
    ],
)
async def test_other_methods_are_told_which_there_are(method: str, path: str, allowed: str, standing: Served) -> None:
    async with standing.client() as client:
        answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_head_is_get_without_the_body(standing: Served) -> None:
    async with standing.client() as client:
        head, whole = await client.head("/fhir/metadata"), await client.get("/fhir/metadata")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/fhir+xml"},
        {"content-type": "text/plain"},
        {},
        {**FHIR, "content-encoding": "gzip"},
    ],
)
async def test_other_bodies_are_refused_by_their_type(headers: dict[str, str], standing: Served) -> None:
    async with standing.client(await standing.token(MACHINE)) as client:
        answer = await client.post("/fhir/Patient", content=b"{}", headers=headers)
    assert answer.status_code == 415


async def test_long_bodies_are_refused_announced_or_not(standing: Served) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 2**20 + 2):
            yield bytes(2**20)

    async with standing.client(await standing.token(MACHINE)) as client:
        sent = await client.post("/fhir", content=endless(), headers=FHIR)
        assert sent.status_code == 413
    reader, writer = await asyncio.open_connection("127.0.0.1", standing.port)
    token = await standing.token(MACHINE)
    writer.write(
        f"POST /fhir HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n"
        f"content-type: application/fhir+json\r\ncontent-length: {10**30}\r\n\r\n".encode()
    )
    status = await reader.readline()
    writer.close()
    assert status.split()[1] in {b"413", b"400"}  # the server itself may refuse such a number


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b'"x"', b"null", b"[" * 100_000])
async def test_bodies_that_are_nothing_are_refused_kindly(body: bytes, standing: Served) -> None:
    async with standing.client(await standing.token(MACHINE)) as client:
        for method, path in (("POST", "/fhir"), ("POST", "/fhir/Patient"), ("PUT", "/fhir/Observation/1")):
            answer = await client.request(method, path, content=body, headers=FHIR)
            assert answer.status_code == 400
            assert answer.json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("query", ["?%ff=%ff", "?a&b&c", "?" + "a=1&" * 200, "?_count=1;2", "?code=%00"])
async def test_odd_queries_never_break_the_server(query: str, standing: Served) -> None:
    async with standing.client(await standing.token(MACHINE)) as client:
        answer = await client.get(f"/fhir/Observation{query}")
    assert answer.status_code == 400


@pytest.mark.parametrize("host", ['h"><script>', "a b", "x/y", "[::1", ""])
async def test_a_host_that_is_none_makes_no_addresses(host: str, standing: Served) -> None:
    async with standing.client(host=host) as client:
        answer = await client.get("/fhir/metadata")
    assert answer.status_code == 400
    assert "script" not in answer.text


async def test_addresses_follow_the_callers_spelling(standing: Served) -> None:
    async with standing.client(host="records.example:8443") as client:
        stated = (await client.get("/fhir/metadata")).json()
    assert stated["implementation"]["url"] == "http://records.example:8443/fhir"


async def test_pretty_is_for_reading(standing: Served) -> None:
    async with standing.client() as client:
        pretty, plain = await client.get("/fhir/metadata?_pretty=true"), await client.get("/fhir/metadata")
    assert pretty.json() == plain.json()
    assert pretty.text.count("\n") > 100


async def test_answers_are_not_kept_by_anyone(standing: Served) -> None:
    async with standing.client(
        await standing.token(MACHINE), **{"x-request-id": "7", "x-medplum": "extended"}
    ) as client:
        answer = await client.get("/fhir/Location")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "x-request-id" not in answer.headers


async def test_a_database_that_is_away_is_said_in_words(target: Target, ring: KeyRing) -> None:
    away = Database(replace(target, port=1), ring.password)
    app = App(away, ring, wall_clock)
    transport = httpx.ASGITransport(app=Starlette(routes=routes(app)))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/fhir/Patient/1", headers={"authorization": "Bearer x"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert answer.json()["issue"][0]["code"] == "transient"
        health = await client.get("/health")
        assert (health.status_code, health.json()) == (503, {"status": "unavailable"})
        assert (await client.get("/fhir/metadata")).status_code == 200
    await away.close()
