from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from carecode.api import callers
from carecode.api.callers import KEPT, Callers
from carecode.app import App, wall_clock
from carecode.crypto.keyring import KeyRing
from carecode.disclosure.people import Organisation, Staff
from carecode.kernel.vocabulary import Purpose, Role
from carecode.store.database import Database, Target


async def test_a_token_taken_back_ends_within_a_second(
    database: Database, target: Target, ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = timedelta()
    app = App(database, ring, lambda: wall_clock() + passed)
    await app.people.put_organisation(Organisation("county-2", "County", "County", "hospital"))
    await app.people.put_staff(Staff("machine", "county-2", Role.SYSTEM, "Machine", "Machine", "", ""))
    tokens = [await app.sessions.issue_bearer(app.clock(), purpose=Purpose.TREAT, staff="machine") for _ in range(3)]
    kept = Callers(app)
    for token in tokens:
        caller = await kept.of(token)
        assert caller is not None
        assert caller.requester.organisation == "county-2"
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    await connection.execute("DELETE FROM disclosure.session")
    await connection.close()
    assert await kept.of(tokens[0]) is not None
    passed = KEPT
    assert await kept.of(tokens[0]) is None
    assert await kept.of("never issued") is None
    monkeypatch.setattr(callers, "CALLERS_MAX", 1)
    again = await app.sessions.issue_bearer(app.clock(), purpose=Purpose.TREAT, staff="machine")
    assert await kept.of(again) is not None
    assert len(kept._kept) <= 3
