"""No authority gets a record in secret, and none gets many at once.

An order opens one record, the categories it names, after two persons of two bodies approved it and its leaf stands in
the public log under a checkpoint that witnesses signed.  Every week the number of orders is said in public, also when
it is none.  She sees it at once, or, where a court seals it, after 180 days at the latest.  There is no other way: no
request, role or command reads records of a group.

Answers: M15
Proved in detail by: tests/emergency/test_orders.py, tests/promises/test_closed_purposes.py,
tests/policy/test_proofs.py
Not answered: an order that two bodies of one government approve; its leaf is what the public then sees.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from carecode.audit.notes import Checkpoint
from carecode.disclosure.answers import Query, Refusal, Release
from carecode.disclosure.legal import NewOrder, Order
from carecode.disclosure.people import Organisation, Staff, herself
from carecode.kernel.vocabulary import Category, Purpose, Resident, Role
from tests.promises.quarter import Quarter, observation

ASKED = frozenset({Category.LABORATORY, Category.OBSERVATIONS})


async def order_entered(quarter: Quarter, her: Resident, *, sealed_days: int | None = None) -> Order:
    people = quarter.house.people
    await people.put_organisation(Organisation("court", "District Court", "法院", "authority"))
    await people.put_staff(Staff("judge", "court", Role.OFFICER, "Judge Fan", "范", "", ""))
    await people.put_staff(Staff("second", "county-2", Role.OFFICER, "Sun Li", "孙", "", ""))
    for who in ("judge", "second"):
        found = await people.staff(who)
        assert found is not None
        quarter.staff[who] = found
    today = quarter.now.date()
    sealed = today + timedelta(days=sealed_days) if sealed_days else None
    new = NewOrder(
        "District Court", "Criminal Procedure Law, article 54", "2026-1187", ASKED, today,
        today + timedelta(days=30), sealed, ("county-2", "court"),
    )  # fmt: skip
    return await quarter.house.watch.orders.enter(quarter.staff["county-2/officer"], her, new, quarter.now)


async def approve(quarter: Quarter, who: str) -> None:
    officer = quarter.staff[who]
    [item] = await quarter.house.watch.work.queue(officer, kind="order")
    await quarter.house.watch.orders.approve(officer, item, quarter.now)


async def released(quarter: Quarter, her: Resident) -> Release | Refusal:
    return await quarter.house.gate.open(quarter.staff["county-2/officer"], Purpose.HLEGAL, ASKED, resident=her)


async def leaves(quarter: Quarter) -> list[dict[str, Any]]:
    """Read every statement of the public log, as anybody does."""
    size = (await quarter.house.public_log.status()).size
    data = await quarter.house.public_log.entries(0, size) if size else b""
    found = []
    while data:
        length = int.from_bytes(data[:2])
        leaf, data = data[2 : 2 + length], data[2 + length :]
        if leaf[:1] == b"\x02":
            found.append(json.loads(leaf[1:]))
    return found


async def with_record(quarter: Quarter) -> Resident:
    her = await quarter.resident("XA000001")
    await quarter.deposit("city-1", "XA000001", observation(6.1))
    return her


async def test_nothing_is_released_before_two_bodies_and_the_public_know(quarter: Quarter) -> None:
    her = await with_record(quarter)
    await order_entered(quarter, her)
    assert isinstance(await released(quarter, her), Refusal)
    await approve(quarter, "second")
    assert isinstance(await released(quarter, her), Refusal), "one body is not two"
    await approve(quarter, "judge")
    assert isinstance(await released(quarter, her), Refusal), "two bodies and no leaf in the public log"
    while await quarter.house.sequencer.step() is not None:
        pass
    assert Checkpoint.parse((await quarter.house.public_log.checkpoint()).decode().split("\n\n")[0] + "\n").size > 0
    [leaf] = [one for one in await leaves(quarter) if one["kind"] == "legal order"]
    assert leaf["body"] == "District Court"
    assert leaf["categories"] == ["laboratory", "observations"]
    assert "李明" not in json.dumps(leaf, ensure_ascii=False)
    assert "2026-1187" not in json.dumps(leaf)
    assert isinstance(await released(quarter, her), Refusal), "and a leaf that no witness has signed is not public"


async def test_one_record_and_nobody_elses(quarter: Quarter) -> None:
    her, other = await with_record(quarter), await quarter.resident("XB000002")
    await order_entered(quarter, her)
    await approve(quarter, "second")
    await approve(quarter, "judge")
    assert isinstance(await released(quarter, other), Refusal)


async def test_she_sees_it_at_once_or_when_the_seal_ends(quarter: Quarter) -> None:
    her, other = await with_record(quarter), await quarter.resident("XB000002")
    orders = quarter.house.watch.orders
    await order_entered(quarter, her)
    assert [order.body for order in await orders.told(her, quarter.now)] == ["District Court"]
    await order_entered(quarter, other, sealed_days=180)
    assert await orders.told(other, quarter.now) == []
    assert len(await orders.told(other, quarter.now + timedelta(days=181))) == 1


async def test_every_week_the_public_hears_how_many(quarter: Quarter) -> None:
    await quarter.house.housekeep()
    quarter.clock.forward(days=15)
    await quarter.house.housekeep()
    while await quarter.house.sequencer.step() is not None:
        pass
    weeks = [leaf for leaf in await leaves(quarter) if "week" in leaf["kind"]]
    assert weeks
    assert all(leaf["orders"] == 0 for leaf in weeks), "none is said too"


@pytest.mark.parametrize("who", ["county-2/officer", "county-2/machine", "city-1/doctor", "county-2/desk"])
async def test_nobody_reads_many(quarter: Quarter, who: str) -> None:
    """Ten residents: by no list, search or export does anybody of another hospital get one of them."""
    residents = []
    for place in range(10):
        residents.append(await quarter.resident(f"XA{place:06d}"))
        await quarter.deposit("anding", f"XA{place:06d}", observation(6.1))
    headers = await quarter.bearer(who)
    for path in (
        "Observation",
        "Patient",
        "Patient?name=%E6%9D%8E",
        "Observation?_count=1000",
        "$export",
        "Patient/$export",
    ):
        answer = await quarter.http.get(f"/fhir/{path}", headers=headers)
        assert "6.1" not in answer.text
        assert '"entry"' not in answer.text
    for her in residents:
        assert (await quarter.house.gate.fetch(quarter.staff[who], her, Query())).total == 0
        assert await quarter.house.privacy.first_broken(herself(her.id)) is None
