"""Somebody new is compared with whom she resembles, on a real PostgreSQL: linked, asked about or left alone."""

from __future__ import annotations

import secrets
from datetime import date, timedelta

import asyncpg
import msgspec
import pytest

from carecode.crypto.keyring import KeyRing
from carecode.identity.identifiers import parse
from carecode.identity.index import Index
from carecode.identity.ledger import By
from carecode.identity.linking.model import Thresholds
from carecode.identity.linking.names import Name
from carecode.identity.linking.standardise import Record
from carecode.identity.matcher import SHARED_MAX
from carecode.identity.person import Person
from carecode.identity.registering import NUMBER_AGAINST_INDEX
from carecode.kernel.errors import UnavailableError
from carecode.store.database import Database, Target
from tests.identity.test_index import CARD, INSURANCE, MEI, NOW


@pytest.fixture
def index(database: Database, ring: KeyRing) -> Index:
    return Index(database, ring, secrets.token_bytes)


async def test_a_borrowed_card_makes_somebody_new_whom_a_steward_compares(index: Index) -> None:
    """Her twin shows her card and says her own name: care goes on, and nothing is mixed meanwhile."""
    holder = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident
    twin = Person("林兰", "Lin Lan", MEI.birth_date, "female", MEI.phone)
    made = await index.enrol([CARD, INSURANCE], twin, source="city-1", now=NOW)
    assert made.created
    assert made.linked is None
    assert made.review is not None
    assert made.warnings == (NUMBER_AGAINST_INDEX,)
    assert made.resident != holder
    assert await index.resolve(CARD.system, CARD.value) == holder
    assert await index.resolve(INSURANCE.system, INSURANCE.value) == made.resident
    assert set((await index.ledger.review(made.review))[1]) == {holder.id, made.resident.id}
    [stored] = await index.decisions(made.resident.id)
    assert stored.decision.outcome == "review"
    assert stored.decision.best is not None
    assert stored.decision.best.rule == "borrowed-number"


async def test_somebody_without_a_number_joins_whom_she_is(index: Index) -> None:
    """A second hospital sends name, birth date and telephone: linked at once, under a key of her own."""
    first = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident
    local = parse("urn:oid:2.999.1", "17")
    second = await index.enrol([local], MEI, source="city-1", now=NOW)
    assert (second.created, second.linked, second.review) == (True, first.id, None)
    assert second.resident.id == first.id
    assert set(second.resident.keys) > set(first.keys)
    her = await index.resolve(local.system, local.value)
    assert her is not None
    assert (her.id, her.own) == (first.id, second.resident.keys[1])
    assert set(await index.numbers(her)) == {CARD, local}
    [stored] = await index.decisions(her.entry)
    assert (stored.decision.outcome, stored.decision.model) == ("link", index.matcher.model.version)
    again = await index.enrol([local], MEI, source="city-1", now=NOW)
    assert (again.created, again.resident.id) == (False, first.id)


async def test_an_unlink_gives_back_exactly_what_was(index: Index) -> None:
    first = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident
    local = parse("urn:oid:2.999.1", "17")
    entry = (await index.enrol([local], MEI, source="city-1", now=NOW)).resident.entries[1]
    await index.ledger.unlink(entry, By("steward-1", human=True, reason="two people"), NOW)
    assert await index.resolve(CARD.system, CARD.value) == first
    alone = await index.resolve(local.system, local.value)
    assert alone is not None
    assert (alone.id, len(alone.keys)) == (entry, 1)


async def test_what_a_process_left_unsettled_is_settled_later(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    first = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident

    async def dies(*_: object) -> None:
        raise UnavailableError("gone", "gone")

    with monkeypatch.context() as patch:
        patch.setattr(index.ledger, "link", dies)
        with pytest.raises(UnavailableError):
            await index.enrol([parse("urn:oid:2.999.1", "17")], MEI, source="city-1", now=NOW)
    assert (await index.counts())["unsettled"] == 1
    assert await index.settling.late(NOW) == 0  # it may still be at work
    assert await index.settling.late(NOW + timedelta(minutes=2)) == 1
    her = await index.resolve("urn:oid:2.999.1", "17")
    assert her is not None
    assert her.id == first.id
    assert (await index.counts())["unsettled"] == 0


async def test_a_match_writes_nothing_and_names_one_person_or_nobody(index: Index) -> None:
    first = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident
    before = await index.counts()
    asked = Record(names=(Name("林梅"),), birth_date="1985-03-14", sex="female", phones=("10000000123",))
    found = await index.match(asked, NOW)
    assert found is not None
    assert found.resident == first
    by_number = await index.match(Record(identifiers=(CARD,), names=(Name("林梅"),), birth_date="1985-03-14"), NOW)
    assert by_number is not None
    assert by_number.certain
    assert await index.match(Record(names=(Name("林梅"),)), NOW) is None
    assert await index.match(Record(identifiers=(CARD,)), NOW) is None  # a number alone is a search for its owner
    assert await index.match(Record(), NOW) is None
    assert await index.counts() == before


async def test_a_desk_is_shown_who_resembles_her(index: Index) -> None:
    first = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident
    slip = Record(names=(Name("林梅"),), birth_date="1985-03-15", sex="female", phones=("10000000123",))
    [similar] = await index.similar(slip, NOW)
    assert similar.resident == first
    assert similar.weighed.levels["born"] == "digit"
    assert await index.similar(Record(names=(Name("王强"),), birth_date="1960-05-05"), NOW) == []


async def test_a_telephone_of_a_crowd_finds_nobody(index: Index, target: Target) -> None:
    """The canteen's telephone stands on too many records: its keys are passed over, and said to be."""
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    first = await index.enrol([], MEI, source="county-2", now=NOW)
    keys = [row["k"] for row in await connection.fetch("SELECT k FROM identity.match_key")]
    await connection.execute(
        "INSERT INTO identity.match_key (k, resident_id, rid) "
        "SELECT k, gen_random_uuid(), gen_random_uuid() FROM unnest($1::bigint[]) AS k, generate_series(1, $2)",
        keys,
        SHARED_MAX,
    )
    await connection.close()
    second = await index.enrol([], MEI, source="city-1", now=NOW)
    assert (second.created, second.linked, second.review) == (True, None, None)
    assert second.resident != first.resident


async def test_a_model_is_adopted_by_every_process(database: Database, ring: KeyRing, index: Index) -> None:
    other = Index(database, ring, secrets.token_bytes)
    harder = msgspec.structs.replace(index.matcher.model, thresholds=Thresholds(auto=60.0, review=50.0))
    await index.matcher.adopt(harder, None, NOW)
    assert other.matcher.model.version != harder.version
    await other.matcher.refresh()
    assert other.matcher.model.version == harder.version
    await index.enrol([CARD], MEI, source="county-2", now=NOW)
    assert (await index.enrol([], MEI, source="city-1", now=NOW)).linked is None


async def test_the_sources_own_number_finds_her_again_whatever_else_changed(index: Index) -> None:
    """A newborn is named later: the hospital's own number says who she is."""
    baby = Person("林梅之女", "", date(2026, 11, 20), "female", "10000000123")
    first = await index.enrol([], baby, source="county-2", now=NOW, local="p-17")
    named = await index.enrol(
        [], Person("林竹", "", baby.birth_date, "female", ""), source="county-2", now=NOW, local="p-17"
    )
    assert (named.created, named.resident) == (False, first.resident)
    elsewhere = await index.enrol([], Person("王强", "", None, "male", ""), source="city-1", now=NOW, local="p-17")
    assert elsewhere.created
