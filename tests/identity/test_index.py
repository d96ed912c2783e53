"""The master index on a real PostgreSQL: one person per number, found by any number, named by no dump."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import uuid4

import asyncpg
import pytest

from carecode.crypto.keyring import KeyRing
from carecode.identity.identifiers import (
    BIRTH_CERTIFICATE_SYSTEM,
    CHECK_CHARACTER,
    CITIZEN_SYSTEM,
    INSURANCE_SYSTEM,
    check_character,
    parse,
)
from carecode.identity.index import FOUND_MAX, IDENTIFIERS_MAX, Index
from carecode.identity.person import BIRTH_DATE_AGAINST_NUMBER, NAME_AGAINST_INDEX, Person
from carecode.kernel.errors import ConflictError, CorruptError, InvalidInputError, NotFoundError
from carecode.kernel.vocabulary import Bearer, RecordKey, Resident, ResidentId
from carecode.store.database import Database, Target

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MEI = Person("林梅", "Lin Mei", date(1985, 3, 14), "female", "10000000123")
DESKS = 8
ROUNDS = 25


def citizen(order: int, born: date = MEI.birth_date or date.min) -> str:
    first_17 = f"990101{born:%Y%m%d}{order:03d}"
    return first_17 + check_character(first_17)


CARD = parse("citizen-id", citizen(2))
INSURANCE = parse("insurance", "DEMO00000001")


@pytest.fixture
def index(database: Database, ring: KeyRing) -> Index:
    return Index(database, ring, secrets.token_bytes)


async def test_a_person_is_registered_once_and_found_by_every_number(index: Index) -> None:
    first = await index.enrol([CARD], MEI, source="county-2", now=NOW)
    second = await index.enrol([CARD, INSURANCE], MEI, source="city-1", now=NOW)
    assert (first.created, second.created) == (True, False)
    assert first.resident == second.resident
    assert await index.resolve(INSURANCE_SYSTEM, "demo 00000001") == first.resident
    assert await index.resolve("insurance", "DEMO00000001") == first.resident
    assert await index.resolve(CITIZEN_SYSTEM, CARD.value) == first.resident
    assert await index.resolve(CITIZEN_SYSTEM, citizen(4)) is None
    assert await index.count() == 1
    assert set(await index.numbers(first.resident)) == {CARD, INSURANCE}


async def test_an_old_15_digit_number_finds_the_same_person(index: Index) -> None:
    enrolled = await index.enrol([parse("citizen-id", "990101850314002")], MEI, source="county-2", now=NOW)
    assert await index.resolve(CITIZEN_SYSTEM, citizen(2)) == enrolled.resident
    again = await index.enrol([CARD], MEI, source="city-1", now=NOW)
    assert not again.created
    assert again.resident == enrolled.resident


async def test_both_forms_of_one_number_may_be_given_at_once(index: Index) -> None:
    both = [CARD, parse("citizen-id", "990101850314002")]
    assert (await index.enrol(both, MEI, source="county-2", now=NOW)).created
    assert await index.count() == 1


async def test_keys_and_bearer_are_random_numbers_that_find_her(index: Index) -> None:
    resident = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident
    bearer = await index.bearer_of(resident.id)
    assert len(resident.keys) == 1
    assert len({resident.id, *resident.keys, bearer}) == 3
    assert await index.by_bearer(bearer) == resident
    assert await index.by_key(resident.keys[0]) == resident
    assert await index.by_id(resident.id) == resident
    assert await index.by_bearer(Bearer(uuid4())) is None
    assert await index.by_key(RecordKey(uuid4())) is None
    assert await index.by_id(ResidentId(uuid4())) is None
    with pytest.raises(NotFoundError):
        await index.bearer_of(ResidentId(uuid4()))


async def test_a_second_key_stands_behind_the_first(index: Index, target: Target) -> None:
    resident = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident
    later = uuid4()
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    await connection.execute(
        "INSERT INTO identity.resident_key (resident_id, place, key) VALUES ($1, 2, $2)", resident.id, later
    )
    await connection.close()
    assert await index.by_id(resident.id) == Resident(resident.id, (*resident.keys, RecordKey(later)))


async def test_the_card_comes_back_as_it_was_given_and_is_completed_later(index: Index) -> None:
    resident = (await index.enrol([CARD], Person(" 林梅 ", "", None, "F", ""), source="county-2", now=NOW)).resident
    assert await index.card(resident) == Person("林梅", "", None, "unknown", "")
    await index.enrol([CARD], MEI, source="city-1", now=NOW)
    assert await index.card(resident) == MEI
    await index.enrol([CARD], Person("林梅", "Lin May", None, "unknown", "10000000999"), source="city-1", now=NOW)
    assert await index.card(resident) == MEI


async def test_a_wrong_check_digit_is_a_warning_and_never_blocks(index: Index) -> None:
    wrong = CARD.value[:17] + ("0" if CARD.value[17] != "0" else "1")
    enrolled = await index.enrol([parse("citizen-id", wrong)], MEI, source="county-2", now=NOW)
    assert enrolled.created
    assert enrolled.warnings == (CHECK_CHARACTER,)
    assert await index.resolve(CITIZEN_SYSTEM, wrong) == enrolled.resident


async def test_a_birth_date_against_the_number_is_a_warning(index: Index) -> None:
    typed = Person("林梅", "Lin Mei", date(1985, 4, 13), "female", "")
    assert (await index.enrol([CARD], typed, source="county-2", now=NOW)).warnings == (BIRTH_DATE_AGAINST_NUMBER,)


async def test_numbers_of_two_people_are_refused_and_nothing_changes(index: Index) -> None:
    her = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident
    him = (
        await index.enrol(
            [INSURANCE], Person("林浩", "Lin Hao", date(1993, 1, 1), "male", ""), source="city-1", now=NOW
        )
    ).resident
    fresh = parse("passport", "E99999999")
    with pytest.raises(ConflictError) as conflict:
        await index.enrol([CARD, INSURANCE, fresh], MEI, source="county-2", now=NOW)
    assert conflict.value.code == "identifiers-of-two-people"
    assert await index.resolve(fresh.system, fresh.value) is None
    assert len(await index.numbers(her)) == len(await index.numbers(him)) == 1


async def test_somebody_elses_number_is_refused_when_every_fact_differs(index: Index) -> None:
    resident = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident
    other = Person("王强", "Wang Qiang", date(1960, 5, 5), "male", "")
    with pytest.raises(ConflictError) as conflict:
        await index.enrol([CARD, INSURANCE], other, source="city-1", now=NOW)
    assert conflict.value.code == "number-in-use"
    assert CARD.value not in conflict.value.message
    assert await index.resolve(INSURANCE_SYSTEM, INSURANCE.value) is None
    wife = Person("王梅", "", MEI.birth_date, "female", MEI.phone)
    renamed = await index.enrol([CARD], wife, source="city-1", now=NOW)
    assert renamed.resident == resident
    assert renamed.warnings == (NAME_AGAINST_INDEX,)


async def test_somebody_without_any_number_is_always_somebody_new(index: Index) -> None:
    unknown = Person("", "", None, "male", "")
    first = await index.enrol([], unknown, source="city-1", now=NOW)
    second = await index.enrol([], unknown, source="city-1", now=NOW)
    assert first.created
    assert second.created
    assert first.resident != second.resident


async def test_a_search_needs_all_three_and_is_exact(index: Index) -> None:
    her = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident
    born = date(1985, 3, 14)
    assert await index.search("林梅", born, "+86 100 0000 0123") == [her]
    assert await index.search("LIN MEI", born, "100-0000-0123") == [her]
    assert await index.search("林", born, "10000000123") == []
    assert await index.search("林梅", date(1985, 3, 15), "10000000123") == []
    assert await index.search("林梅", born, "10000000124") == []
    for name, phone in (("", "10000000123"), ("林梅", ""), ("·", "10000000123"), ("林梅", "none")):
        with pytest.raises(InvalidInputError):
            await index.search(name, born, phone)


async def test_a_second_telephone_finds_her_too(index: Index) -> None:
    her = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident
    moved = Person("林梅", "", MEI.birth_date, "female", "10000000777")
    await index.enrol([CARD], moved, source="city-1", now=NOW)
    for phone in ("10000000123", "10000000777"):
        assert await index.search("林梅", date(1985, 3, 14), phone) == [her]


async def test_a_search_returns_at_most_five(index: Index) -> None:
    for order in range(FOUND_MAX + 2):  # each with a card of her own: nobody links them
        await index.enrol([parse("citizen-id", citizen(2 * order))], MEI, source="county-2", now=NOW)
    assert len(await index.search("林梅", date(1985, 3, 14), "10000000123")) == FOUND_MAX


async def test_too_many_numbers_are_refused(index: Index) -> None:
    numbers = [parse("urn:oid:2.999.1", str(number)) for number in range(IDENTIFIERS_MAX + 1)]
    with pytest.raises(InvalidInputError):
        await index.enrol(numbers, MEI, source="county-2", now=NOW)


async def test_two_desks_at_once_make_one_person(index: Index) -> None:
    """Every desk gives her card, and each its own number, in its own order; all find one person."""
    for round_ in range(ROUNDS):
        card, insurance = parse("citizen-id", citizen(round_ + 1)), parse("insurance", f"DEMO{round_:08d}")
        local = [parse("urn:oid:2.999.1", f"{round_}-{desk}") for desk in range(DESKS)]
        given = [
            [card, insurance, local[desk]] if desk % 2 else [local[desk], insurance, card] for desk in range(DESKS)
        ]
        enrolments = await asyncio.gather(*(index.enrol(numbers, MEI, source="county-2", now=NOW) for numbers in given))
        assert len({enrolment.resident for enrolment in enrolments}) == 1
        assert sum(enrolment.created for enrolment in enrolments) == 1
        assert len(await index.numbers(enrolments[0].resident)) == DESKS + 2
        assert await index.count() == round_ + 1


async def test_desks_that_share_no_single_number_still_make_one_person(index: Index) -> None:
    """A chain: each desk knows two neighbouring numbers.  Whoever is late either joins or is told, never doubles."""
    for round_ in range(ROUNDS):
        chain = [parse("urn:oid:2.999.2", f"{round_}-{link}") for link in range(DESKS + 1)]
        outcomes = await asyncio.gather(
            *(index.enrol(chain[desk : desk + 2], MEI, source="county-2", now=NOW) for desk in range(DESKS)),
            return_exceptions=True,
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert all(isinstance(outcome, ConflictError) for outcome in refused), refused
        for link, number in enumerate(chain):
            owner = await index.resolve(number.system, number.value)
            neighbours = [outcomes[desk] for desk in (link - 1, link) if 0 <= desk < DESKS]
            owners = {o.resident.id for o in neighbours if not isinstance(o, BaseException)}
            leaders = {(await index.ledger.person(one))[0] for one in owners}
            assert leaders <= {owner.id if owner else None}


async def test_the_database_itself_refuses_a_second_owner_of_a_number(index: Index, target: Target) -> None:
    await index.enrol([CARD], MEI, source="county-2", now=NOW)
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    taken = await connection.fetchval("SELECT number_hash FROM identity.number")
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(
            "INSERT INTO identity.number (number_hash, resident_id) VALUES ($1, $2)", taken, uuid4()
        )
    await connection.close()


async def test_a_dump_names_nobody(index: Index, target: Target) -> None:
    """Every byte of every table, in both the text and the binary form of the values given."""
    certificate = parse(BIRTH_CERTIFICATE_SYSTEM, "Z990000001")
    await index.enrol([CARD, INSURANCE, certificate], MEI, source="county-2", now=NOW)
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'identity'")
    dump = b""
    for table in tables:
        for row in await connection.fetch(f'SELECT t AS line FROM identity."{table["tablename"]}" AS t'):  # noqa: S608 - a name from the catalogue
            for value in row["line"].values():
                dump += value if isinstance(value, bytes) else str(value).encode()
    await connection.close()
    assert len(tables) == 22
    assert len(dump) > 800
    for secret in (
        CARD.value,
        INSURANCE.value,
        certificate.value,
        "林梅",
        "Lin Mei",
        "1985",
        "10000000123",
        "county-2",
    ):
        assert secret.encode() not in dump
        assert secret.lower().encode() not in dump.lower()


async def test_sealed_facts_moved_to_another_resident_do_not_open(index: Index, target: Target) -> None:
    one = (await index.enrol([CARD], MEI, source="county-2", now=NOW)).resident
    somebody = Person("王强", "", date(1960, 5, 5), "male", "")
    other = (await index.enrol([INSURANCE], somebody, source="county-2", now=NOW)).resident
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    await connection.execute(
        "UPDATE identity.person SET sealed = (SELECT sealed FROM identity.person WHERE resident_id = $1) "
        "WHERE resident_id = $2",
        one.id,
        other.id,
    )
    await connection.close()
    with pytest.raises(CorruptError):
        await index.card(other)


async def test_sealed_lengths_do_not_tell_names_apart(index: Index, target: Target) -> None:
    await index.enrol([CARD], MEI, source="county-2", now=NOW)
    await index.enrol([INSURANCE], Person("欧阳美玲", "Ouyang Meiling", None, "female", ""), source="city-1", now=NOW)
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    lengths = await connection.fetch("SELECT DISTINCT length(sealed) FROM identity.person")
    await connection.close()
    assert len(lengths) == 1


FORBIDDEN = [
    "SELECT number_hash FROM identity.number",
    "SELECT resident_id FROM identity.resident",
    "SELECT sealed FROM identity.person",
    "DELETE FROM identity.number",
    "UPDATE identity.resident_key SET place = 9",
    "INSERT INTO identity.record_key (key, resident_id) VALUES (gen_random_uuid(), gen_random_uuid())",
    "SELECT identity.as_resident(gen_random_uuid())",
    "SELECT k FROM identity.match_key",
    "SELECT sealed FROM identity.decision",
    "CREATE TABLE identity.mine (x int)",
    "SELECT 1 FROM record.resource",
    "SELECT 1 FROM audit.entry",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_the_rooms_own_login_can_list_nobody(database: Database, statement: str) -> None:
    pool = await database.pool("identity")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute(statement)


async def test_other_rooms_cannot_ask_the_index(database: Database) -> None:
    for room in ("record", "healthcode", "audit", "visits", "settlement", "statistics"):
        pool = await database.pool(room)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.fetch("SELECT identity.residents()")


async def test_ids_come_from_the_given_randomness(database: Database, ring: KeyRing) -> None:
    drawn: list[int] = []

    def random_bytes(count: int) -> bytes:
        drawn.append(count)
        return secrets.token_bytes(count)

    draw: Callable[[int], bytes] = random_bytes
    await Index(database, ring, draw).enrol([CARD], MEI, source="county-2", now=NOW)
    assert drawn.count(16) == 4  # resident, record key, bearer, source record
    assert drawn.count(12) == 4  # a nonce each for card, number, source record and decision
