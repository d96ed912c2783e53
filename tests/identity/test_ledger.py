"""The ledger on a real PostgreSQL: keys grow and shrink, any event goes back, two at once come to one outcome."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from carecode.crypto.keyring import KeyRing
from carecode.identity.identifiers import parse
from carecode.identity.index import Index
from carecode.identity.ledger import By, Ledger
from carecode.identity.linking.events import Case, Event, Evidence, Kind, Mark
from carecode.identity.linking.features import Features
from carecode.identity.linking.membership import Tables, replay
from carecode.identity.matcher import Said
from carecode.identity.person import Person
from carecode.kernel.errors import (
    CareCodeError,
    ConflictError,
    CorruptError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
)
from carecode.kernel.vocabulary import Resident, ResidentId
from carecode.store.database import Database, Target

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STEWARD = By("steward-1", human=True, reason="同一张身份证")
RUN = By("run-7", human=False, evidence=Evidence(model="m1", bits=14.25, levels={"name": "same", "born": "same"}))
NAME = "林梅不在库里"
Admin = Callable[..., Awaitable[list[asyncpg.Record]]]


@pytest.fixture
def index(database: Database, ring: KeyRing) -> Index:
    return Index(database, ring, secrets.token_bytes)


@pytest.fixture
def ledger(database: Database, ring: KeyRing) -> Ledger:
    return Ledger(database, ring, secrets.token_bytes)


@pytest.fixture
def admin(target: Target) -> Admin:
    async def fetch(statement: str, *arguments: object) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
        try:
            rows: list[asyncpg.Record] = await connection.fetch(statement, *arguments)
            return rows
        finally:
            await connection.close()

    return fetch


async def entries(index: Index, count: int) -> list[ResidentId]:
    found = []
    for number in range(count):
        person = Person(f"林{'梅兰竹菊松柏桃'[number]}", "", date(1985, 3, 14), "female", "10000000123")
        card = parse("insurance", f"DEMO{number:08d}")
        found.append((await index.enrol([card], person, source="county-2", now=NOW)).resident.id)
    return found


async def test_keys_grow_on_a_link_and_shrink_on_an_unlink(index: Index, ledger: Ledger) -> None:
    a, b = await entries(index, 2)
    own = {entry: resident.keys for entry in (a, b) if (resident := await index.by_id(entry))}
    bearer = await index.bearer_of(b)
    event = await ledger.link(b, a, RUN, NOW)
    one = await index.resolve("insurance", "DEMO00000001")
    assert one is not None
    assert (one.id, one.keys) == (a, own[a] + own[b])
    assert await index.by_bearer(bearer) == one
    assert await index.by_key(own[b][0]) == one
    assert await index.resolve("insurance", "DEMO00000000") == one
    assert await index.search("林兰", date(1985, 3, 14), "10000000123") == [one]
    assert await ledger.person(b) == (a, tuple(sorted((a, b))))
    await ledger.undo(event.id, STEWARD, NOW)
    hers = await index.resolve("insurance", "DEMO00000001")
    assert hers is not None
    assert (hers.id, hers.keys) == (b, own[b])
    assert await index.by_key(own[a][0]) == await index.by_id(a)


async def test_a_linked_number_may_be_given_with_the_others_number(index: Index, ledger: Ledger) -> None:
    a, b = await entries(index, 2)
    both = [parse("insurance", "DEMO00000000"), parse("insurance", "DEMO00000001"), parse("passport", "E99999999")]
    person = Person("林梅", "", date(1985, 3, 14), "female", "")
    with pytest.raises(ConflictError):
        await index.enrol(both, person, source="city-1", now=NOW)
    await ledger.merge(b, a, STEWARD, NOW)
    assert (await index.enrol(both, person, source="city-1", now=NOW)).resident.id == a
    own = {one.identifier.value for one in await index.stated(Resident(a, ())) if one.entry == a}
    assert own == {"DEMO00000000", "E99999999"}


async def test_a_number_of_the_same_person_is_nobody_elses(index: Index, ledger: Ledger, admin: Admin) -> None:
    a, b = await entries(index, 2)
    (hers,) = await admin("SELECT number_hash FROM identity.number WHERE resident_id = $1", b)
    call = "SELECT identity.add($1, $2::bytea, $2, ARRAY[$3::bytea], ARRAY[$2], ARRAY[]::bytea[], $4::date) AS others"
    assert (await admin(call, a, b"", hers[0], NOW.date()))[0]["others"] == [b]
    await ledger.link(b, a, RUN, NOW)
    assert (await admin(call, a, b"", hers[0], NOW.date()))[0]["others"] == []
    kept = await admin("SELECT resident_id FROM identity.resident_number WHERE number_hash = $1", hers[0])
    assert [row["resident_id"] for row in kept] == [b]


async def test_every_kind_of_change_is_kept_with_its_reason_and_evidence(index: Index, ledger: Ledger) -> None:
    a, b, c, d = await entries(index, 4)
    await ledger.link(a, b, RUN, NOW)
    await ledger.merge(c, b, STEWARD, NOW + timedelta(minutes=1))
    await ledger.split([c, a], STEWARD, NOW + timedelta(minutes=2))
    assert await ledger.person(a) == (c, tuple(sorted((a, c))))
    await ledger.move([a], d, STEWARD, NOW + timedelta(minutes=3))
    assert await ledger.person(a) == (d, tuple(sorted((a, d))))
    await ledger.unlink(a, STEWARD, NOW + timedelta(minutes=4))
    await ledger.pin(a, d, Mark.CANNOT, STEWARD, NOW + timedelta(minutes=5))
    await ledger.dismiss(a, c, STEWARD, NOW + timedelta(minutes=6))
    opened = await ledger.open_review([a, b], RUN, NOW + timedelta(minutes=7))
    assert opened.review is not None
    assert await ledger.reviews(9) == [(opened.review, opened.at)]
    assert await ledger.review(opened.review) == (Case.OPEN, (a, b))
    await ledger.close_review(opened.review, STEWARD, NOW + timedelta(minutes=8))
    assert await ledger.reviews(9) == []
    with pytest.raises(ConflictError):
        await ledger.close_review(opened.review, STEWARD, NOW)
    steps = await ledger.history(a)
    assert [step.seq for step in steps] == list(range(8, 0, -1))  # c joined her person without her: that stands with b
    assert steps[-1].event.kind is Kind.LINK
    assert steps[-1].event.evidence == RUN.evidence
    assert steps[-2].event.reason == STEWARD.reason
    assert len(await ledger.history(a, 2)) == 2


async def test_pins_hold_against_every_re_run(index: Index, ledger: Ledger) -> None:
    a, b, c = await entries(index, 3)
    link = await ledger.link(a, b, RUN, NOW)
    pin = await ledger.pin(a, b, Mark.MUST, STEWARD, NOW)
    for change in (ledger.unlink(a, RUN, NOW), ledger.undo(link.id, RUN, NOW), ledger.move([a], c, STEWARD, NOW)):
        with pytest.raises(ConflictError) as refused:
            await change
        assert refused.value.code == "pinned-together"
    await ledger.pin(c, b, Mark.CANNOT, STEWARD, NOW)
    with pytest.raises(ConflictError) as refused:
        await ledger.link(c, a, RUN, NOW)
    assert refused.value.code == "pinned-apart"
    with pytest.raises(RefusedError):
        await ledger.undo(pin.id, RUN, NOW)
    with pytest.raises(RefusedError):
        await ledger.pin(a, c, Mark.CANNOT, RUN, NOW)
    await ledger.undo(pin.id, STEWARD, NOW)
    await ledger.unlink(a, RUN, NOW)


async def test_an_earlier_merge_goes_while_later_links_stand(index: Index, ledger: Ledger) -> None:
    a, b, c, d = await entries(index, 4)
    merge = await ledger.merge(a, b, STEWARD, NOW)
    await ledger.link(c, a, RUN, NOW + timedelta(hours=1))
    await ledger.link(d, b, STEWARD, NOW + timedelta(hours=2))
    later = NOW + timedelta(hours=3)
    preview = await ledger.preview(merge.id, STEWARD, later)
    assert (await ledger.person(a))[0] == b
    undoing = await ledger.undo(merge.id, STEWARD, later)
    assert preview.parted == undoing.parted
    assert await ledger.person(c) == (a, tuple(sorted((a, c))))
    assert await ledger.person(d) == (b, tuple(sorted((b, d))))
    assert (undoing.followed, undoing.undecided) == ((c,), (d,))
    spans = {frozenset((each.first, each.second)): each.spans[0] for each in undoing.parted}
    assert (spans[frozenset((a, b))].since, spans[frozenset((a, b))].until) == (merge.at, later)
    assert {(each.entry, each.since) for each in await ledger.deciding(a)} >= {(a, None), (c, None), (b, merge.at)}


async def test_a_clock_that_runs_behind_turns_no_order_round(index: Index, ledger: Ledger) -> None:
    a, b = await entries(index, 2)
    first = await ledger.link(a, b, RUN, NOW)
    assert (await ledger.unlink(a, RUN, NOW - timedelta(days=1))).at == first.at


async def test_nobody_is_not_linked(index: Index, ledger: Ledger) -> None:
    (a,) = await entries(index, 1)
    with pytest.raises(NotFoundError):
        await ledger.link(a, ResidentId(uuid4()), RUN, NOW)
    with pytest.raises(NotFoundError):
        await ledger.undo(uuid4(), STEWARD, NOW)
    with pytest.raises(NotFoundError):
        await ledger.person(ResidentId(uuid4()))
    with pytest.raises(InvalidInputError):
        await ledger.link(a, a, RUN, NOW)
    assert await ledger.history(a) == []


async def outcomes(*changes: Awaitable[object]) -> list[str]:
    ended = await asyncio.gather(*changes, return_exceptions=True)
    for each in ended:
        assert not isinstance(each, BaseException) or isinstance(each, CareCodeError), each
    return sorted(each.code if isinstance(each, CareCodeError) else "done" for each in ended)


async def test_of_two_merges_at_once_there_is_one_outcome(
    index: Index, target: Target, ring: KeyRing, admin: Admin
) -> None:
    desks = [Database(target, ring.password) for _ in range(2)]
    one, other = (Ledger(each, ring, secrets.token_bytes) for each in desks)
    a, b, c, d = await entries(index, 4)
    try:
        for round_ in range(12):
            at = NOW + timedelta(minutes=round_)
            assert await outcomes(one.merge(a, b, STEWARD, at), other.merge(b, a, STEWARD, at)) == [
                "already-one",
                "done",
            ]
            assert await outcomes(one.merge(a, c, STEWARD, at), other.merge(b, d, STEWARD, at)) in (
                ["done", "done"],
                ["already-one", "done"],
            )
            open_rows = await admin("SELECT resident_id FROM identity.membership WHERE closed_at IS NULL")
            assert len(open_rows) == len({row["resident_id"] for row in open_rows})
            people = {each: await one.person(each) for each in (a, b, c, d)}
            assert all(each in people[leader][1] for each, (leader, _entries) in people.items())
            for each in (a, b, c, d):
                if len((await one.person(each))[1]) > 1:
                    await one.unlink(each, STEWARD, at)
        events = await admin("SELECT event_id FROM identity.link_event")
        chains = await admin("SELECT resident_id, count(*) AS n, max(seq) AS last FROM identity.link_chain GROUP BY 1")
        assert len(events) > 24
        assert all(row["n"] == row["last"] for row in chains)
    finally:
        for desk in desks:
            await desk.close()


async def test_two_writers_on_two_connections_wait_for_each_other(index: Index, ledger: Ledger, target: Target) -> None:
    a, b = await entries(index, 2)
    holder = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("SELECT identity.wait_for_people($1)", [b, a])
    merging = asyncio.ensure_future(ledger.merge(a, b, STEWARD, NOW))
    await asyncio.sleep(0.3)
    assert not merging.done()
    await transaction.rollback()
    await holder.close()
    assert (await merging).kind is Kind.MERGE


async def stored(admin: Admin) -> dict[str, object]:
    spans = await admin(
        "SELECT resident_id, person, opened_at, opened_by, closed_at, closed_by FROM identity.membership"
        " ORDER BY resident_id, place"
    )
    return {
        "spans": [tuple(row) for row in spans],
        "places": {(row[1], row[0]) for row in await admin("SELECT resident_id, entry FROM identity.member")},
        "marks": {tuple(row) for row in await admin("SELECT entry, other, mark FROM identity.link_mark")},
        "reviews": {
            tuple(row) for row in await admin("SELECT review_id, state FROM identity.review WHERE state <> ''")
        },
        "heads": {tuple(row) for row in await admin("SELECT resident_id, seq, hash, at FROM identity.link_head")},
    }


def rebuilt(tables: Tables) -> dict[str, object]:
    return {
        "spans": [
            (entry, span.person, span.opened_at, span.opened_by, span.closed_at, span.closed_by)
            for entry, spans in sorted(tables.spans.items())
            for span in spans
        ],
        "places": set(tables.places.items()),
        "marks": {
            (*each, mark) for (one, other), mark in tables.marks.items() for each in ((one, other), (other, one))
        },
        "reviews": set(tables.reviews.items()),
        "heads": {(owner, head.seq, head.hash, head.at) for owner, head in tables.chains.items()},
    }


class Walk:
    """Random changes, of which some are refused."""

    def __init__(self, ledger: Ledger, people: list[ResidentId], seed: int) -> None:
        self.ledger, self.people, self.chance = ledger, people, random.Random(seed)
        self.made: list[UUID] = []
        self.cases: list[UUID] = [uuid4()]

    async def turn(self, at: datetime) -> None:
        by, mark = self.chance.choice((STEWARD, STEWARD, RUN)), self.chance.choice((Mark.MUST, Mark.CANNOT))
        x, y, z = self.chance.sample(self.people, 3)
        changes: list[Callable[[], Awaitable[Event]]] = [
            lambda: self.ledger.link(x, y, by, at),
            lambda: self.ledger.merge(x, y, by, at),
            lambda: self.ledger.unlink(x, by, at),
            lambda: self.ledger.split([x, z], by, at),
            lambda: self.ledger.move([x], y, by, at),
            lambda: self.ledger.pin(x, y, mark, by, at),
            lambda: self.ledger.dismiss(x, y, by, at),
            lambda: self.ledger.open_review([x, y], by, at),
            lambda: self.ledger.close_review(self.chance.choice(self.cases), by, at),
            lambda: self.undo(self.chance.choice(self.made or [x]), by, at),
        ]
        with contextlib.suppress(ConflictError, RefusedError, NotFoundError):
            event = await self.chance.choice(changes)()
            self.made.append(event.id)
            self.cases += [] if event.review is None else [event.review]

    async def undo(self, event: UUID, by: By, at: datetime) -> Event:
        return (await self.ledger.undo(event, by, at)).event

    async def history(self) -> list[Event]:
        return (await self.ledger._book.tables(self.people))[1]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_replaying_the_events_rebuilds_the_tables(index: Index, ledger: Ledger, admin: Admin, seed: int) -> None:
    walk = Walk(ledger, await entries(index, 7), seed)
    for minute in range(90):
        await walk.turn(NOW + timedelta(minutes=minute))
    history = await walk.history()
    assert len(history) > 30
    assert [event.id for event in history] == walk.made
    assert await stored(admin) == rebuilt(replay(history))
    for number, event in enumerate(reversed(history)):
        await ledger.undo(event.id, STEWARD, NOW + timedelta(days=1, minutes=number))
    after = await stored(admin)
    assert (after["places"], after["marks"], after["reviews"]) == (set(), set(), set())
    assert after == rebuilt(replay(await walk.history()))


async def test_a_changed_event_is_noticed(index: Index, ledger: Ledger, admin: Admin) -> None:
    a, b, c = await entries(index, 3)
    first = await ledger.link(a, b, RUN, NOW)
    second = await ledger.unlink(a, RUN, NOW)
    await admin(
        "UPDATE identity.link_event SET sealed = (SELECT sealed FROM identity.link_event WHERE event_id = $2)"
        " WHERE event_id = $1",
        second.id,
        first.id,
    )
    with pytest.raises(CorruptError):
        await ledger.history(a)
    with pytest.raises(CorruptError):
        await ledger.link(a, c, RUN, NOW)
    third = await ledger.link(c, ResidentId((await entries(index, 4))[3]), RUN, NOW)
    await admin("UPDATE identity.link_chain SET hash = $2 WHERE event_id = $1", third.id, bytes(32))
    with pytest.raises(CorruptError):
        await ledger.history(c)
    await admin("UPDATE identity.link_head SET hash = $2 WHERE resident_id = $1", c, bytes(32))
    with pytest.raises(CorruptError):
        await ledger.unlink(c, RUN, NOW)


async def test_heads_name_nobody_and_say_what_grew(index: Index, ledger: Ledger) -> None:
    a, b, c, d = await entries(index, 4)
    await ledger.link(a, b, RUN, NOW)
    later = NOW + timedelta(hours=1)
    event = await ledger.link(c, d, RUN, later)
    tables = (await ledger._book.tables([c]))[0]
    assert {each for each, _at in await ledger.heads(later, 10)} == {head.hash for head in tables.chains.values()}
    assert all(at == event.at for _head, at in await ledger.heads(later, 10))
    assert len(await ledger.heads(NOW, 3)) == 3


async def test_a_copy_of_the_tables_says_nothing_about_anybody(
    index: Index, ledger: Ledger, database: Database, ring: KeyRing, admin: Admin
) -> None:
    a, b = await entries(index, 2)
    sources = Index(database, ring, secrets.token_bytes).sources
    await sources.keep(a, Said(source="city-1", local="p-17", features=Features(name=NAME)), NOW)
    await ledger.link(a, b, By("steward-1", human=True, reason=NAME), NOW)
    tables = await admin(
        "SELECT oid::regclass::text AS name FROM pg_class WHERE relkind='r' AND relnamespace='identity'::regnamespace"
    )
    for table in tables:
        for row in await admin(f"SELECT t::text AS text FROM {table['name']} AS t"):  # noqa: S608 - names of our tables
            assert NAME not in row["text"]
            assert NAME.encode().hex() not in row["text"]
            assert b"steward-1".hex() not in row["text"]


async def test_the_rooms_own_role_reads_no_table(index: Index, database: Database) -> None:
    await entries(index, 1)
    async with database.connection("identity") as connection:
        for table in ("link_event", "membership", "member", "source_record", "link_mark", "review", "link_head"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch(f"SELECT 1 FROM identity.{table}")  # noqa: S608 - names of our tables
