"""A whole house on a database of the test's own, and machines of two institutions."""

from __future__ import annotations

import pytest

from carecode.app import App, wall_clock
from carecode.crypto.keyring import KeyRing
from carecode.kernel.vocabulary import Requester, Role
from carecode.store.database import Database


@pytest.fixture
def house(database: Database, ring: KeyRing) -> App:
    return App(database, ring, wall_clock)


@pytest.fixture
def machine() -> Requester:
    return Requester("county-2/load", Role.SYSTEM, "county-2", "county-2 load")


@pytest.fixture
def other_machine() -> Requester:
    return Requester("city-1/load", Role.SYSTEM, "city-1", "city-1 load")
