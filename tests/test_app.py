"""The last door: a fault of our own is answered in plain words and logged without its text."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from carecode.app import App, Settings, asgi


async def test_a_fault_of_our_own_tells_no_value(
    house: App, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def broken(*_arguments: object) -> None:
        raise RuntimeError("canary-value-881")

    monkeypatch.setattr(house.people, "is_demo", broken)
    transport = httpx.ASGITransport(app=asgi(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/")
    printed = capfd.readouterr()
    assert answer.status_code == 500
    assert "Nothing was changed" in answer.text
    assert "canary-value-881" not in answer.text + printed.out + printed.err
    assert "RuntimeError" in printed.out + printed.err


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:80@evil.example", "localhost.evil.example", "", "a b"])
@pytest.mark.parametrize("path", ["/", "/fhir/metadata", "/my", "/health"])
async def test_another_host_name_is_not_answered(http: httpx.AsyncClient, host: str, path: str) -> None:
    answer = await http.get(path, headers={"host": host})
    assert answer.status_code == 421
    assert "evil" not in answer.text + str(answer.headers)


async def test_a_host_that_the_operator_names_is_answered(house: App) -> None:
    hosts = Settings(Path("x"), environment={"CARECODE_HOSTS": "care.example, b.example"}).hosts
    transport = httpx.ASGITransport(app=asgi(house, hosts))
    async with httpx.AsyncClient(transport=transport, base_url="http://care.example") as client:
        assert (await client.get("/fhir/metadata")).status_code == 200


async def test_pages_move_from_the_bare_address_and_the_api_does_not(http: httpx.AsyncClient) -> None:
    moved = await http.get("/my?lang=zh", headers={"host": "127.0.0.1:8000"})
    assert (moved.status_code, moved.headers["location"]) == (307, "http://localhost:8000/my?lang=zh")
    assert (await http.get("/fhir/metadata", headers={"host": "127.0.0.1:8000"})).status_code == 200
