"""Two people taken for one by mistake: what each decided holds for both, and undone, each has her own and is told.

A link changes no record.  While it lasts the stricter of their decisions holds; what is written stays with the entry
it was written for; no receipt outlives a link or its end; and when it ends both read in their lists from when to when
they were one, and every look of that time.  No notice names the other.

Answers: M18, M20
Proved in detail by: tests/disclosure/test_states.py, tests/promises/test_no_receipt_outlives_a_link.py,
tests/identity/test_ledger.py
"""

from __future__ import annotations

from datetime import date

import pytest

from carecode.crypto.keyring import KeyRing
from carecode.disclosure.answers import Query, Refusal, Release
from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.delegationbook import Scope
from carecode.disclosure.linked import LISTED, notice_of
from carecode.disclosure.people import herself
from carecode.identity.ledger import By
from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import Category, CodePurpose, Purpose, Resident
from carecode.store.database import Database, Target
from tests.promises.pair import MODEL, NAMES, STEWARD, Pair, settled_pair
from tests.promises.quarter import Quarter, rows

WORDS = "Brought in unconscious after a fall."


@pytest.fixture
async def pair(quarter: Quarter, database: Database, ring: KeyRing) -> Pair:
    return await settled_pair(quarter, database, ring)


RECORDS = ("record.resource", "record.matter", "record.locator", "record.data_key", "disclosure.decision")


async def kept(target: Target) -> dict[str, set[str]]:
    """Return the rows of the records and of the decisions."""
    found = await rows(target)
    return {table: found[table] for table in RECORDS}


async def test_the_drill_of_a_wrong_merge(pair: Pair, target: Target) -> None:
    """Two are merged, a hospital reads, it is undone: records as before, looks listed, both told, neither named."""
    quarter, house = pair.quarter, pair.quarter.house
    await quarter.treat("county-2/doctor", pair.lin)
    assert await pair.seen("county-2/doctor", pair.lin) == {6.1}
    before = await kept(target)
    counted = {one.id: len(await house.log.entries(one)) for one in (pair.lin, pair.wu)}

    merged = await pair.ledger.merge(pair.wu.id, pair.lin.id, By("s", human=True, reason="one card"), quarter.now)
    assert await pair.seen("county-2/doctor", pair.lin) == {6.1, 9.9}, "wrongly, as one person"
    shown = await house.gate.open(quarter.staff["county-2/doctor"], Purpose.TREAT, resident=await pair.of(pair.wu))
    assert isinstance(shown, Release)
    [first, *_] = partings = await pair.linked.undo(STEWARD, merged.id, "two people", quarter.now)

    assert await kept(target) == before, "no row of a record was touched, by the link or by its end"
    assert (await pair.of(pair.lin)).keys == pair.lin.keys
    assert (await pair.of(pair.wu)).keys == pair.wu.keys
    assert await pair.seen("county-2/doctor", pair.lin) == {6.1}
    assert {parting.person for parting in partings} == {pair.lin.id, pair.wu.id}
    assert [(one.organisation, one.action) for one in first.shown] == [("county-2", "disclose")] * 2
    assert first.shown[-1].receipt_number == shown.receipt.number
    for one, other in ((pair.lin, pair.wu), (pair.wu, pair.lin)):
        looks = await house.privacy.who_looked(herself(one.id))
        told = [look for look in looks if look.entry.receipt_number == shown.receipt.number]
        assert [look.entry.requester_name for look in told] == ["Doctor of County Hospital 2"], "in either list"
        [notice] = [found for look in looks if (found := notice_of(look.entry.basis))]
        assert shown.receipt.number in notice.numbers
        assert (notice.looks, notice.begins <= notice.ends) == (2, True)
        names = {NAMES[number][0] for number in NAMES} | {"LIN", "WU", str(other.id), str(other.keys[0])}
        written = [look.entry.basis + look.entry.requester_name for look in looks]
        assert not [name for name in names for text in written if name in text], "the notice names nobody"
        assert await house.log.first_broken(one) is None
        assert len(await house.log.entries(one)) > counted[one.id]
    listed = await pair.linked.disclosures_between(STEWARD, [pair.wu.id], [pair.lin.id], first.begins, first.ends)
    assert listed == list(first.shown)
    for one in (pair.lin, pair.wu):
        assert LISTED in {look.entry.basis for look in await house.privacy.who_looked(herself(one.id))}


async def test_a_notice_is_written_once(pair: Pair) -> None:
    """A steward who is not sure that it went through says it again: her list has it once."""
    await pair.link()
    event = await pair.ledger.unlink(pair.wu.id, By("s", human=True, reason="two people"), pair.quarter.now)
    first = await pair.linked.tell(STEWARD, event)
    assert await pair.linked.tell(STEWARD, event) == first
    for one in (pair.lin, pair.wu):
        entries = await pair.quarter.house.log.entries(one)
        assert len([entry for entry in entries if notice_of(entry.basis)]) == 1


async def test_only_who_is_parted_now_is_told(pair: Pair) -> None:
    """Of three, one leaves: the two who stay are told once as one person, and only of her."""
    third = await pair.quarter.resident("HE", "何秀兰", date(1940, 5, 6))
    await pair.link()
    await pair.ledger.link(third.id, pair.lin.id, MODEL, pair.quarter.now)
    partings = await pair.linked.unlink(STEWARD, third.id, "another person", pair.quarter.now)
    assert {parting.person for parting in partings} == {pair.lin.id, third.id}
    looks = await pair.quarter.house.privacy.who_looked(herself(pair.wu.id))
    assert len([look for look in looks if notice_of(look.entry.basis)]) == 1


async def test_a_notice_tells_nothing_of_a_legal_order(pair: Pair) -> None:
    """A court may keep an order from her for a while: the notice must not count what her list does not show yet."""
    await pair.link()
    officer = pair.quarter.staff["county-2/officer"]
    await pair.quarter.house.log.append(await pair.of(pair.lin), officer, "identify", Purpose.HLEGAL, "order seen 3f0c")
    partings = await pair.linked.unlink(STEWARD, pair.wu.id, "two people", pair.quarter.now)
    assert [parting.shown for parting in partings] == [(), ()]


async def test_an_entry_on_both_sides_is_no_look_of_two(pair: Pair) -> None:
    """Three who are parted from each other are listed by pairs: what was opened of one alone is not among it."""
    third = await pair.quarter.resident("HE", "何秀兰", date(1940, 5, 6))
    for one in (pair.lin, pair.wu, third):
        await pair.quarter.treat("county-2/doctor", one)
    begins = pair.quarter.now
    await pair.seen("county-2/doctor", pair.wu)
    await pair.link()
    await pair.seen("county-2/doctor", pair.wu)
    await pair.part()
    first, second = [pair.lin.id, pair.lin.id, pair.wu.id], [pair.wu.id, third.id, third.id]
    listed = await pair.linked.disclosures_between(STEWARD, first, second, begins, pair.quarter.now)
    assert [one.organisation for one in listed] == ["county-2"]


async def test_nobody_but_a_steward_parts_or_lists(pair: Pair) -> None:
    await pair.link()
    now = pair.quarter.now
    for who in ("county-2/doctor", "county-2/desk", "county-2/officer"):
        asker = pair.quarter.staff[who]
        with pytest.raises(RefusedError):
            await pair.linked.unlink(asker, pair.wu.id, "?", pair.quarter.now)
        with pytest.raises(RefusedError):
            await pair.linked.disclosures_between(asker, [pair.wu.id], [pair.lin.id], now, now)
    assert len((await pair.of(pair.lin)).keys) == 2


WISHES: list[tuple[str, Wish, set[float]]] = [
    ("institution", Wish(Kind.INSTITUTION, "refuse", "county-2"), {6.1}),  # its own writing stays its own
    ("newcomers", Wish(Kind.NEWCOMERS, "ask"), {6.1}),
    ("person", Wish(Kind.PERSON, "refuse", "county-2/doctor"), set()),
    ("category", Wish(Kind.CATEGORY, "close", about=str(int(Category.OBSERVATIONS))), set()),
    ("exchange", Wish(Kind.EXCHANGE, "out"), {6.1}),
    ("everything", Wish(Kind.EVERYTHING, "out"), {6.1}),
]


@pytest.mark.parametrize(
    ("wish", "left"), [(wish, left) for _, wish, left in WISHES], ids=[name for name, _, _ in WISHES]
)
@pytest.mark.parametrize("when", ["before", "while"])
async def test_what_either_decided_holds_for_both_while_they_are_one(
    pair: Pair, wish: Wish, left: set[float], when: str
) -> None:
    """Wu, who leads nobody, decides before the link or from his own phone while it lasts; undone, Lin is as free."""
    await pair.quarter.treat("county-2/doctor", pair.lin)
    if when == "before":
        await pair.decide(pair.wu, wish)
        await pair.link()
    else:
        await pair.link()
        assert await pair.seen("county-2/doctor", pair.lin) == {6.1, 9.9}, "the control"
        await pair.decide(pair.wu, wish)
    for one in (pair.lin, pair.wu):
        assert await pair.seen("county-2/doctor", one) == left
    await pair.part()
    assert await pair.seen("county-2/doctor", pair.lin) == {6.1}, "he decided for himself"


async def test_an_emergency_that_one_refused_opens_neither_and_what_is_declared_for_one_is_for_both(
    pair: Pair,
) -> None:
    house, doctor = pair.quarter.house, pair.quarter.staff["county-2/doctor"]
    await house.watch.emergencies.declare(doctor, pair.wu, "unconscious", WORDS, pair.quarter.now)
    await pair.link()
    assert await pair.seen("county-2/doctor", pair.lin, Purpose.ETREAT) == {6.1, 9.9}
    await pair.decide(pair.wu, Wish(Kind.EMERGENCY, "no"))
    assert await pair.seen("county-2/doctor", pair.lin, Purpose.ETREAT) <= {6.1}
    await pair.part()
    assert await pair.seen("county-2/doctor", pair.lin, Purpose.ETREAT) == set(), "it was declared for another"


async def test_a_window_of_one_is_a_window_of_the_person_and_leaves_with_her(pair: Pair) -> None:
    await pair.link()
    await pair.quarter.treat("county-2/doctor", await pair.of(pair.wu))
    assert await pair.seen("county-2/doctor", pair.lin) == {6.1, 9.9}
    assert set(await pair.quarter.house.decisions.windows(await pair.of(pair.lin), pair.quarter.now)) == {"county-2"}
    await pair.part()
    assert await pair.seen("county-2/doctor", pair.lin) == set(), "the code was his"
    assert await pair.seen("county-2/doctor", pair.wu) == {9.9}


async def test_a_code_shown_opens_the_window_of_whoever_showed_it(pair: Pair) -> None:
    await pair.link()
    bearer = await pair.quarter.house.index.bearer_of(pair.wu.id)
    named = await pair.quarter.house.index.by_bearer(bearer)
    assert named is not None
    await pair.quarter.house.gate.code_was_shown(pair.quarter.staff["county-2/doctor"], named, CodePurpose.OPEN_RECORD)
    await pair.part()
    assert await pair.seen("county-2/doctor", pair.lin) == set()


async def test_a_delegate_of_one_acts_for_the_person_within_her_scope(pair: Pair) -> None:
    house, now = pair.quarter.house, pair.quarter.now
    helper = await pair.quarter.resident("HE", "何秀兰", date(1990, 5, 6))
    code = await house.delegations.codes.offer(helper.id, now)
    scope = Scope(frozenset({Category.LABORATORY, Category.OBSERVATIONS}))
    await house.delegations.grant(herself(pair.wu.id), code, scope, now)
    [asked] = await house.delegations.by_whom(herself(pair.wu.id), now)
    await house.delegations.accept(helper.id, asked.id, now)
    acting = await house.delegations.acting(helper.id, pair.wu, now)
    assert acting is not None
    await pair.link()
    released = await house.gate.open(acting.requester, Purpose.PATRQT, resident=await pair.of(pair.lin))
    assert isinstance(released, Release)
    assert released.receipt.categories <= scope.categories
    await pair.part()
    answer = await house.gate.open(acting.requester, Purpose.PATRQT, resident=await pair.of(pair.lin))
    assert isinstance(answer, Refusal)


async def test_what_is_written_stays_with_the_entry_it_was_written_for(pair: Pair) -> None:
    await pair.link()
    await pair.write("anding", "WU", 7.7)
    await pair.write("anding", "LIN", 5.5)
    await pair.quarter.treat("county-2/doctor", pair.lin)
    await pair.quarter.treat("county-2/doctor", pair.wu)
    assert await pair.seen("county-2/doctor", pair.lin) == {5.5, 6.1, 7.7, 9.9}
    await pair.part()
    assert await pair.seen("county-2/doctor", pair.lin) == {5.5, 6.1}
    assert await pair.seen("county-2/doctor", pair.wu) == {7.7, 9.9}


async def test_what_is_written_while_either_left_the_exchange_stays_with_its_hospital(pair: Pair) -> None:
    await pair.decide(pair.lin, Wish(Kind.EXCHANGE, "out"))
    await pair.link()
    hers = await pair.quarter.house.decisions.of_deposits(await pair.of(pair.wu), "anding", pair.quarter.now)
    assert hers.whole
    alone = await pair.quarter.house.decisions.of_deposits(pair.wu, "anding", pair.quarter.now)
    assert not alone.whole, "the control: he did not"


async def test_a_session_or_token_of_either_entry_is_herself(pair: Pair) -> None:
    house = pair.quarter.house
    for linked in (False, True):
        if linked:
            await pair.link()
        for mine, theirs in ((pair.lin, pair.wu), (pair.wu, pair.lin)):
            found = await house.gate.fetch(herself(mine.id), await pair.of(theirs), Query(type="Observation"))
            assert found.total == (2 if linked else 0)
            headers = await pair.quarter.bearer("county-2/doctor", mine)
            number = house.gate.patient_id(pair.quarter.staff["county-2/doctor"], await pair.of(theirs))
            await pair.quarter.treat("county-2/doctor", theirs)
            answer = await pair.quarter.http.get(f"/fhir/Observation?patient={number}", headers=headers)
            assert answer.json().get("total", 0) == (2 if linked else 0), "a token bound to one"


async def test_her_own_decisions_are_in_her_own_list_when_it_ends(pair: Pair) -> None:
    await pair.link()
    await pair.decide(pair.wu, Wish(Kind.INSTITUTION, "refuse", "anding"))
    await pair.decide(pair.lin, Wish(Kind.INSTITUTION, "refuse", "city-1"))
    decided = {name: await decisions_of(pair, one) for name, one in (("lin", pair.lin), ("wu", pair.wu))}
    assert decided["lin"] == decided["wu"], "while they are one person they have one list"
    assert len(decided["lin"]) == 2
    await pair.part()
    assert all("city-1" in basis for basis in await decisions_of(pair, pair.lin))
    assert all("anding" in basis for basis in await decisions_of(pair, pair.wu))
    standing = await pair.quarter.house.privacy.standing(herself(pair.wu.id))
    assert [decision.whom for decision in standing] == ["anding"]


async def decisions_of(pair: Pair, one: Resident) -> list[str]:
    looks = await pair.quarter.house.privacy.who_looked(herself(one.id))
    return [look.entry.basis for look in looks if look.entry.action == "decide" and look.organisation is None]


async def test_a_refusal_while_linked_stands_in_both_lists(pair: Pair) -> None:
    await pair.link()
    one = await pair.of(pair.lin)
    refused = await pair.quarter.house.gate.open(pair.quarter.staff["city-1/doctor"], Purpose.TREAT, resident=one)
    assert isinstance(refused, Refusal)
    await pair.part()
    for each in (pair.lin, pair.wu):
        actions = [look.entry.action for look in await pair.quarter.house.privacy.who_looked(herself(each.id))]
        assert "refuse" in actions


async def test_without_a_link_nothing_is_noted_twice(pair: Pair, target: Target) -> None:
    """The cost of it for everybody else: no row."""
    await pair.quarter.treat("county-2/doctor", pair.lin)
    await pair.seen("county-2/doctor", pair.lin)
    assert (await rows(target))["audit.named"] == set()
