"""The last door: a fault of our own is answered in plain words and logged without its text."""

from __future__ import annotations

import httpx
import pytest

from carecode.app import App, asgi


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


async def test_pages_move_from_the_bare_address_and_the_api_does_not(http: httpx.AsyncClient) -> None:
    moved = await http.get("/my?lang=zh", headers={"host": "127.0.0.1:8000"})
    assert (moved.status_code, moved.headers["location"]) == (307, "http://localhost:8000/my?lang=zh")
    assert (await http.get("/fhir/metadata", headers={"host": "127.0.0.1:8000"})).status_code == 200
