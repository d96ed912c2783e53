"""Source records on a real PostgreSQL: kept once, superseded, never changed; one desk is first."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from carecode.crypto.keyring import KeyRing
from carecode.identity.identifiers import parse
from carecode.identity.index import Index
from carecode.identity.ledger import By, Ledger
from carecode.identity.linking.features import Features
from carecode.identity.linking.golden import golden
from carecode.identity.matcher import Said
from carecode.identity.person import Person
from carecode.identity.sources import Sources
from carecode.kernel.errors import NotFoundError
from carecode.kernel.vocabulary import ResidentId
from carecode.store.database import Database, Target

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RUN = By("run-7", human=False)


@pytest.fixture
def index(database: Database, ring: KeyRing) -> Index:
    return Index(database, ring, secrets.token_bytes)


@pytest.fixture
def ledger(database: Database, ring: KeyRing) -> Ledger:
    return Ledger(database, ring, secrets.token_bytes)


@pytest.fixture
def sources(database: Database, ring: KeyRing) -> Sources:
    return Index(database, ring, secrets.token_bytes).sources


async def entries(index: Index, count: int) -> list[ResidentId]:
    found = []
    for number in range(count):
        person = Person(f"林{'梅兰竹菊松柏桃'[number]}", "", date(1985, 3, 14), "female", "10000000123")
        card = parse("insurance", f"DEMO{number:08d}")
        found.append((await index.enrol([card], person, source="county-2", now=NOW)).resident.id)
    return found


async def test_a_source_record_is_kept_once_and_superseded_never_changed(
    index: Index, ledger: Ledger, sources: Sources
) -> None:
    a, b = await entries(index, 2)
    said = Said(source="city-1", local="p-17", features=Features(name="林梅", sex="female"))
    first = await sources.keep(a, said, NOW)
    again = await sources.keep(a, said, NOW + timedelta(days=1))
    assert (first.fresh, again.fresh, again.rid) == (True, False, first.rid)
    elsewhere = await sources.keep(b, said, NOW)
    assert (elsewhere.entry, elsewhere.fresh) == (a, False)
    renamed = Said(source="city-1", local="p-17", features=Features(name="林眉", sex="female"))
    second = await sources.keep(a, renamed, NOW + timedelta(days=2))
    assert second.fresh
    claims = [each for each in await sources.claims(a) if each.source == "city-1"]
    assert [(each.rid, each.superseded_by) for each in claims] == [(first.rid, second.rid), (second.rid, None)]
    assert golden(claims)["name"].values["name"] == "林眉"
    other = Said(source="east-clinic", local="9", features=Features(name="林眉", phone="10000000123"))
    await sources.keep(b, other, NOW + timedelta(days=3))
    link = await ledger.link(b, a, RUN, NOW + timedelta(days=4))
    both = golden([each for each in await sources.claims(b) if each.source != "county-2"])
    assert (both["name"].agreeing, both["phone"].source) == (2, "east-clinic")
    assert [step.event.id for step in await ledger.history_of_record(first.rid)] == [link.id]
    with pytest.raises(NotFoundError):
        await ledger.history_of_record(UUID(int=5))
    with pytest.raises(NotFoundError):
        await sources.keep(ResidentId(uuid4()), Said(source="city-1", local="p-18", features=Features()), NOW)


async def test_two_desks_that_register_one_record_at_once_have_one(index: Index, sources: Sources) -> None:
    people = await entries(index, 6)
    said = Said(source="city-1", local="newborn-1", features=Features(name="", mother="林梅"))
    kept = await asyncio.gather(*(sources.keep(each, said, NOW) for each in people))
    assert sum(each.fresh for each in kept) == 1
    assert len({(each.entry, each.rid) for each in kept}) == 1


async def test_whoever_keeps_a_record_of_the_same_number_waits(index: Index, sources: Sources, target: Target) -> None:
    (entry,) = await entries(index, 1)
    said = Said(source="city-1", local="newborn-1", features=Features(mother="林梅"))
    first = await sources.keep(entry, said, NOW)
    holder = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    (row,) = await holder.fetch("SELECT local_hash FROM identity.source_local WHERE rid = $1", first.rid)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("SELECT identity.wait_for_numbers($1)", [row["local_hash"]])
    keeping = asyncio.ensure_future(sources.keep(entry, said, NOW))
    await asyncio.sleep(0.3)
    assert not keeping.done()
    await transaction.rollback()
    await holder.close()
    assert (await keeping).rid == first.rid
