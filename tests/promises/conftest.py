"""A quarter of a town for the promises: three hospitals, those who work there, residents, and a clock to set."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from carecode.app import App, asgi
from carecode.crypto.keyring import KeyRing
from carecode.store.database import Database
from tests.promises.quarter import ADDRESS, Clock, Quarter, settle


@pytest.fixture
async def quarter(database: Database, ring: KeyRing) -> AsyncIterator[Quarter]:
    clock = Clock()
    house = App(database, ring, clock)
    transport = httpx.ASGITransport(app=asgi(house))
    async with httpx.AsyncClient(transport=transport, base_url=ADDRESS, timeout=60) as http:
        yield await settle(Quarter(house, http, clock))
