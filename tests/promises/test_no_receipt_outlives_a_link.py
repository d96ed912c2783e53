"""A link, and the end of one, ends all that was opened before, whoever still holds the person as she was.

Receipts of before open nothing; a request that looked her up before is decided anew on who she is now; a decision of
any of her entries that comes in between counts; and readers that run while links change never hold two who are not one.

Answers: M18, M20
Proved in detail by: tests/promises/test_linked.py, tests/audit/test_sealing.py
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest

from carecode.crypto.keyring import KeyRing
from carecode.disclosure.answers import Query, Refusal, Release
from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.people import herself
from carecode.kernel.errors import ConflictError
from carecode.kernel.vocabulary import ALL_CATEGORIES, Purpose, Receipt, Resident
from carecode.store.database import Database
from tests.promises.pair import Pair, settled_pair, values
from tests.promises.quarter import Quarter


@pytest.fixture
async def pair(quarter: Quarter, database: Database, ring: KeyRing) -> Pair:
    return await settled_pair(quarter, database, ring)


Change = Callable[[Pair], Awaitable[object]]
CHANGES: dict[str, Change] = {"a link": Pair.link, "its end": Pair.part}


@pytest.mark.parametrize("change", sorted(CHANGES))
async def test_no_receipt_outlives_a_change_of_links(pair: Pair, change: str) -> None:
    """Receipts of both, taken before: when the change returns none opens a row, in any process."""
    house = pair.quarter.house
    if change == "its end":
        await pair.link()
    doctor, receipts = pair.quarter.staff["county-2/doctor"], []
    for one in (pair.lin, pair.wu):
        await pair.quarter.treat("county-2/doctor", one)
        released = await house.gate.open(doctor, Purpose.TREAT, resident=await pair.of(one))
        assert isinstance(released, Release)
        assert await house.record.read(released.receipt) != []
        receipts.append(released.receipt)
    await CHANGES[change](pair)
    for receipt in receipts:
        assert await house.record.read(receipt) == []
        assert not await house.log.is_live(receipt)


@pytest.mark.parametrize("change", sorted(CHANGES))
async def test_who_was_looked_up_before_a_change_is_looked_up_again(pair: Pair, change: str) -> None:
    """A request that holds the person as she was: it opens what she is now, and never the other's."""
    house = pair.quarter.house
    if change == "its end":
        await pair.link()
    stale = await pair.of(pair.wu)
    for one in (pair.lin, pair.wu):
        await pair.quarter.treat("county-2/doctor", one)
    await CHANGES[change](pair)
    doctor = pair.quarter.staff["county-2/doctor"]
    state = await house.decisions.state(stale, doctor, pair.quarter.now)
    with pytest.raises(ConflictError):
        await house.log.seal(stale, doctor, Purpose.TREAT, ALL_CATEGORIES, "visit", decided_at=state.decided_at)
    found = await house.gate.fetch(doctor, stale, Query(type="Observation"))
    assert found.total == (1 if change == "its end" else 2)
    released = await house.gate.open(doctor, Purpose.TREAT, resident=stale)
    assert isinstance(released, Release)
    assert values(released) == ({9.9} if change == "its end" else {6.1, 9.9})
    assert released.receipt.keys == (await pair.of(pair.wu)).keys


async def test_a_token_of_the_other_opens_nothing_of_who_was_looked_up_before(pair: Pair) -> None:
    await pair.link()
    stale = await pair.of(pair.wu)
    await pair.part()
    answer = await pair.quarter.house.gate.open(herself(pair.lin.id), Purpose.PATRQT, resident=stale)
    assert isinstance(answer, Refusal)
    assert (await pair.quarter.house.gate.fetch(herself(pair.lin.id), stale, Query())).total == 0


@pytest.mark.parametrize("known", ["as one", "as he was before the link"])
async def test_a_decision_of_either_entry_meanwhile_is_decided_anew(pair: Pair, known: str) -> None:
    """Lin's state was read; before her entry is written, Wu shuts the hospital out: the old decision opens nothing."""
    house, doctor = pair.quarter.house, pair.quarter.staff["county-2/doctor"]
    await pair.quarter.treat("county-2/doctor", pair.lin)
    before = await pair.of(pair.wu)
    await pair.link()
    one = await pair.of(pair.lin)
    released = await house.gate.open(doctor, Purpose.TREAT, resident=one)
    assert isinstance(released, Release)
    state = await house.decisions.state(one, doctor, pair.quarter.now)
    decided = await pair.of(pair.wu) if known == "as one" else before
    await house.decisions.decide(decided, Wish(Kind.PERSON, "refuse", doctor.id), "self", pair.quarter.now)
    await house.log.void(decided)
    with pytest.raises(ConflictError):
        await house.log.seal(one, doctor, Purpose.TREAT, ALL_CATEGORIES, "visit", decided_at=state.decided_at)
    assert await house.record.read(released.receipt) == [], "nor does what was opened before"
    assert await pair.seen("county-2/doctor", pair.lin) == set()


async def test_links_and_readers_at_once(pair: Pair) -> None:
    """Readers and revocations run while the two are joined and parted: nobody holds what is not one person then."""
    house, doctor = pair.quarter.house, pair.quarter.staff["county-2/doctor"]
    for one in (pair.lin, pair.wu):
        await pair.quarter.treat("county-2/doctor", one)
    await house.log.set_caps(1_000_000, 1_000_000)
    over = asyncio.Event()
    faults: list[Release | Refusal] = []
    read: list[Receipt] = []

    async def reader(one: Resident) -> None:
        while not over.is_set():
            with contextlib.suppress(ConflictError):
                released = await house.gate.open(doctor, Purpose.TREAT, resident=await pair.of(one))
                if isinstance(released, Refusal) or values(released) not in ({6.1}, {9.9}, {6.1, 9.9}, set()):
                    faults.append(released)
                else:
                    read.append(released.receipt)

    async def decider(one: Resident) -> None:
        while not over.is_set():
            await house.log.void(await pair.of(one))
            await asyncio.sleep(0.02)

    readers = [asyncio.create_task(reader(one)) for one in (pair.lin, pair.wu) * 2]
    readers += [asyncio.create_task(decider(one)) for one in (pair.lin, pair.wu)]
    for _ in range(6):
        await pair.link()
        await asyncio.sleep(0.05)
        await pair.part()
        both = [receipt for receipt in read if len(receipt.keys) > 1]
        assert not [receipt for receipt in both if await house.log.is_live(receipt)], "the end ended them all"
    over.set()
    await asyncio.gather(*readers)
    assert not faults
    assert {len(receipt.keys) for receipt in read} == {1, 2}, "both kinds were met"
