"""Scanning her code leaves no trail of where she was.

After many scans at many desks, no table but her own log says that she was anywhere.  What else is kept is a keyed
hash of a used code and the day, the same in form for every desk, person and hour, and its own room cannot read it.

Answers: M2
Proved in detail by: tests/healthcode/test_verifier.py
Not answered: codes checked offline, which are not built; a desk's own notes of who came.
"""

from __future__ import annotations

import re

import asyncpg
import pytest

from carecode.kernel.vocabulary import CodePurpose
from carecode.store.database import Target
from tests.conftest import demand_superuser
from tests.promises.quarter import HOSPITALS, Quarter, rows, words_of

HER_OWN_LOG = {"audit.entry", "audit.head", "audit.pace"}
SIGNED_IN = {"disclosure.session"}  # the desk's own session was used


async def test_many_scans_add_to_her_log_and_hashes_of_codes_only(quarter: Quarter, target: Target) -> None:
    await demand_superuser(target)
    her, other = await quarter.resident("XA000001"), await quarter.resident("XB000002", name="王芳")
    phones = [await quarter.phone(her, 1), await quarter.phone(other, 2)]
    desks = {place: await quarter.session(f"{place}/desk") for place in HOSPITALS}
    before = await rows(target)
    for phone in phones:
        for token in desks.values():
            page = await quarter.form("/desk/scan", token, code=phone.code(CodePurpose.REGISTER, quarter.now))
            assert page.status_code == 200
            assert "scanned" in words_of(page.text)
    after = await rows(target)
    changed = {table for table in after if after[table] != before[table]}
    assert changed - HER_OWN_LOG - SIGNED_IN == {"healthcode.used"}
    added = after["healthcode.used"] - before["healthcode.used"]
    assert len(added) == len(phones) * len(desks)
    today = quarter.now.date().isoformat()
    assert all(re.fullmatch(rf'\("\\\\x[0-9a-f]+",{today}\)', row) for row in added), "a hash and the day, no more"


async def test_the_room_of_codes_cannot_read_what_was_used(quarter: Quarter) -> None:
    async with quarter.house.database.connection("healthcode") as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT * FROM healthcode.used")


async def test_of_a_visit_only_the_institution_knows_under_its_own_number(quarter: Quarter, target: Target) -> None:
    """A number in a queue: the row stands under the hospital's pseudonym, and no other hospital sees it."""
    await demand_superuser(target)
    her = await quarter.resident("XA000001")
    county, city = await quarter.session("county-2/desk"), await quarter.session("city-1/desk")
    number = quarter.house.gate.patient_id(quarter.staff["county-2/desk"], her)
    await quarter.form("/desk/number", county, patient=number, service="surgery")
    visits = [row for table, lines in (await rows(target)).items() if table.startswith("visits.") for row in lines]
    ours = [str(her.id), *(str(key) for key in her.keys), "李明"]
    assert not [row for row in visits for one in ours if one in row or one.replace("-", "") in row]
    refused = await quarter.form("/desk/number", city, patient=number, service="surgery")
    assert refused.status_code == 404, "the other hospital's desk does not know this number"
