"""Legal orders: two bodies and a public leaf first, or nothing is released."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from datetime import UTC, date, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from carecode.audit.tiles import TILE_WIDTH
from carecode.disclosure.answers import Refusal, Release
from carecode.disclosure.legal import SEALED_DAYS_MAX, NewOrder, Order, commitment_of
from carecode.disclosure.reviews import Item
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Category, Purpose, Requester, Resident
from carecode.store.database import Target
from tests.emergency.conftest import Scene, let_it_be_public
from tests.promises.wall import as_administrator

ASKED = frozenset({Category.ALLERGIES})
REASON = "The seal on the paper is not the court's."


def order_of(scene: Scene, **other: object) -> NewOrder:
    today = scene.now.date()
    new = NewOrder(
        "District Court",
        "Criminal Procedure Law, article 54",
        "2026-1187",
        ASKED,
        today,
        today + timedelta(days=30),
        None,
        ("county-2", "court"),
    )
    return replace(new, **other)  # type: ignore[arg-type]


async def entered(scene: Scene, **other: object) -> Order:
    return await scene.watch.orders.enter(scene.officer, scene.resident, order_of(scene, **other), scene.now)


async def item_of(scene: Scene, officer: Requester, order: Order) -> Item:
    [item] = [x for x in await scene.watch.work.queue(officer, kind="order", decided=True) if x.subject == order.id]
    return item


async def approve(scene: Scene, officer: Requester, order: Order) -> Order:
    return await scene.watch.orders.approve(officer, await item_of(scene, officer, order), scene.now)


async def released(
    scene: Scene,
    officer: Requester | None = None,
    resident: Resident | None = None,
    categories: frozenset[Category] = ASKED,
) -> Release | Refusal:
    whom = resident or scene.resident
    return await scene.house.gate.open(officer or scene.officer, Purpose.HLEGAL, categories, resident=whom)


async def public(scene: Scene) -> None:
    """Let the log place what waits, and its witness cosign that."""
    await let_it_be_public(scene.house)


async def leaves(scene: Scene) -> list[dict[str, object]]:
    """Read every statement of the public log as anybody does."""
    size = (await scene.house.public_log.status()).size
    data = await scene.house.public_log.entries(0, min(size, TILE_WIDTH))
    return [json.loads(x[x.index(b"{") : x.rindex(b"}") + 1]) for x in split(data) if b'"kind"' in x]


def split(data: bytes) -> list[bytes]:
    """C2SP tlog-tiles: each entry behind its length of two bytes."""
    found = []
    while data:
        length = int.from_bytes(data[:2])
        found.append(data[2 : 2 + length])
        data = data[2 + length :]
    return found


async def standing(scene: Scene, **other: object) -> Order:
    order = await entered(scene, **other)
    await approve(scene, scene.second, order)
    await approve(scene, scene.judge, order)
    await public(scene)
    return await scene.watch.orders.one(order.resident, order.id)


async def test_with_two_bodies_and_a_leaf_it_is_released(scene: Scene) -> None:
    order = await standing(scene)
    assert order.approved
    assert order.published
    answer = await released(scene)
    assert isinstance(answer, Release)
    assert {body.type for body in answer.bodies} == {"AllergyIntolerance"}
    [entry] = await scene.house.log.entries(scene.resident, 1)
    assert (entry.action, entry.purpose, entry.basis) == ("disclose", Purpose.HLEGAL, "order")


async def test_without_the_leaf_nothing_is_released(scene: Scene) -> None:
    order = await entered(scene)
    await approve(scene, scene.second, order)
    order = await approve(scene, scene.judge, order)
    assert order.approved
    assert not order.published  # said, and in no checkpoint yet
    assert isinstance(await released(scene), Refusal)
    await public(scene)
    assert isinstance(await released(scene), Release)


async def test_a_statement_in_no_cosigned_checkpoint_is_not_public(scene: Scene) -> None:
    order = await standing(scene)

    await scene.house.public_log.publish({"kind": "something later"})
    late = await entered(scene)
    await approve(scene, scene.second, late)
    await approve(scene, scene.judge, late)
    await scene.house.sequencer.step()  # in the log's newest checkpoint, which no witness has seen
    assert (await scene.watch.orders.one(order.resident, order.id)).published
    assert not (await scene.watch.orders.one(late.resident, late.id)).published
    await public(scene)
    assert (await scene.watch.orders.one(late.resident, late.id)).published


async def test_with_one_approver_nothing_is_public_or_released(scene: Scene) -> None:
    order = await entered(scene)
    await approve(scene, scene.second, order)
    await public(scene)
    assert (await scene.watch.orders.one(order.resident, order.id)).statement is None
    assert isinstance(await released(scene), Refusal)


async def test_two_of_one_body_are_not_two(scene: Scene) -> None:
    order = await entered(scene)
    await approve(scene, scene.second, order)
    item = await item_of(scene, scene.second, order)
    third = replace(scene.officer, id="third")
    with pytest.raises(RefusedError) as raised:
        await scene.watch.orders.approve(third, item, scene.now)
    assert raised.value.code == "order-body"
    await public(scene)
    assert isinstance(await released(scene), Refusal)


async def test_who_entered_it_does_not_approve_it(scene: Scene) -> None:
    order = await entered(scene)
    with pytest.raises(RefusedError) as raised:
        await approve(scene, scene.officer, order)
    assert raised.value.code == "order-own"


async def test_one_person_at_two_institutions_is_one(scene: Scene, target: Target) -> None:
    order = await entered(scene)
    await approve(scene, scene.second, order)
    with pytest.raises(RefusedError) as raised:  # the very same number
        await scene.watch.orders.approve(
            replace(scene.judge, id=scene.second.id), await item_of(scene, scene.judge, order), scene.now
        )
    assert raised.value.code == "order-person"
    account = uuid4()
    await as_administrator(
        target,
        "WITH made AS (INSERT INTO disclosure.account (id, invited_by, at) VALUES ($1, 'x', clock_timestamp())) SELECT",
        account,
    )
    await as_administrator(
        target, "UPDATE disclosure.staff SET account = $1 WHERE id IN ('sun', 'judge') RETURNING id", account
    )
    with pytest.raises(RefusedError) as raised:  # another number, the same account
        await approve(scene, scene.judge, order)
    assert raised.value.code == "order-person"


async def test_a_body_approves_its_own_item_only(scene: Scene) -> None:
    order = await entered(scene)
    item = await item_of(scene, scene.second, order)
    for other in (scene.judge, scene.platform):
        with pytest.raises(RefusedError) as raised:
            await scene.watch.orders.approve(other, item, scene.now)
        assert raised.value.code == "order-other"
    with pytest.raises(NotFoundError):
        await scene.watch.work.item(scene.stranger, item.id)


async def test_after_its_last_day_it_releases_nothing(scene: Scene) -> None:
    await standing(scene, to_on=scene.now.date() + timedelta(days=2))
    scene.clock.forward(days=1)
    assert isinstance(await released(scene), Release)
    scene.clock.forward(days=2)
    assert isinstance(await released(scene), Refusal)


async def test_before_its_first_day_it_releases_nothing(scene: Scene) -> None:
    await standing(scene, from_on=scene.now.date() + timedelta(days=3))
    assert isinstance(await released(scene), Refusal)
    scene.clock.forward(days=3)
    assert isinstance(await released(scene), Release)


async def test_it_is_for_one_resident_one_institution_and_its_categories(scene: Scene) -> None:
    await standing(scene, categories=frozenset({Category.LABORATORY}))
    assert isinstance(await released(scene, resident=scene.other), Refusal)
    assert isinstance(await released(scene, officer=scene.stranger), Refusal)
    assert isinstance(await released(scene, officer=scene.judge), Refusal)
    assert isinstance(await released(scene, officer=scene.doctor), Refusal)
    answer = await released(scene, categories=frozenset(Category))
    assert isinstance(answer, Release)
    assert answer.receipt.categories == {Category.LABORATORY}
    assert answer.bodies == []


async def test_a_refused_order_is_refused_for_ever(scene: Scene) -> None:
    order = await entered(scene)
    await approve(scene, scene.second, order)
    item = await item_of(scene, scene.judge, order)
    with pytest.raises(InvalidInputError):
        await scene.watch.orders.refuse(scene.judge, item, "no", scene.now)
    order = await scene.watch.orders.refuse(scene.judge, item, REASON, scene.now)
    assert order.refused_at is not None
    with pytest.raises(ConflictError):
        await approve(scene, scene.judge, order)
    assert await scene.watch.orders.publish_waiting(scene.now) == 0
    await public(scene)
    assert isinstance(await released(scene), Refusal)


async def test_a_public_order_is_not_refused_any_more(scene: Scene) -> None:
    order = await standing(scene)
    with pytest.raises(ConflictError):
        await scene.watch.orders.refuse(scene.judge, await item_of(scene, scene.judge, order), REASON, scene.now)


# What the public sees


async def test_the_leaf_names_body_basis_categories_and_no_person(scene: Scene) -> None:
    order = await standing(scene)
    [leaf] = await leaves(scene)
    nonce, name = order.opening
    assert leaf == {
        "kind": "legal order",
        "body": "District Court",
        "basis": "Criminal Procedure Law, article 54",
        "categories": ["allergies"],
        "count": 1,
        "date": scene.now.astimezone(UTC).date().isoformat(),
        "sealed_until": None,
        "name_commitment": commitment_of(bytes.fromhex(nonce), name).hex(),
    }
    assert name == "李明"
    text = json.dumps(leaf, ensure_ascii=False)
    assert "2026-1187" not in text
    assert "李明" not in text


async def test_it_is_said_in_public_once(scene: Scene) -> None:
    await standing(scene)
    assert await scene.watch.orders.publish_waiting(scene.now) == 0
    await public(scene)
    assert len(await leaves(scene)) == 1


async def test_what_a_fault_kept_from_the_log_is_said_later(scene: Scene) -> None:
    order = await entered(scene)
    await approve(scene, scene.second, order)
    publish = scene.house.public_log.publish

    async def away(_statement: object) -> UUID:
        raise ConnectionError

    scene.house.public_log.publish = away  # type: ignore[method-assign,assignment]
    with pytest.raises(ConnectionError):
        await approve(scene, scene.judge, order)
    scene.house.public_log.publish = publish  # type: ignore[method-assign]
    assert await scene.watch.orders.publish_waiting(scene.now) == 1  # the claim of the one that fell stands a minute
    assert (await scene.watch.orders.one(order.resident, order.id)).statement is None
    scene.clock.forward(minutes=2)
    await scene.watch.orders.publish_waiting(scene.now)
    await public(scene)
    assert isinstance(await released(scene), Release)


async def test_every_week_is_counted_in_public_also_when_there_was_none(scene: Scene) -> None:
    weekly = scene.watch.orders.weekly
    assert await weekly(scene.now) == 1  # the last finished week: none
    assert await weekly(scene.now) == 0
    await standing(scene, sealed_until=scene.now.date() + timedelta(days=10))
    scene.clock.forward(days=21)
    assert await weekly(scene.now) == 3
    await public(scene)
    said = [x for x in await leaves(scene) if x["kind"] == "legal orders of a week"]
    assert [(x["orders"], x["sealed"]) for x in said] == [(0, 0), (1, 1), (0, 0), (0, 0)]
    weeks = [date.fromisoformat(str(x["week"])) for x in said]
    assert [(b - a).days for a, b in itertools.pairwise(weeks)] == [7, 7, 7]
    assert weeks[0].weekday() == 0


# What she sees


async def test_she_sees_it_at_once_with_body_case_and_approvers(scene: Scene) -> None:
    await standing(scene)
    [order] = await scene.watch.orders.told(scene.resident, scene.now)
    assert (order.body, order.reference, order.approver_names) == (
        "District Court",
        "2026-1187",
        ("Sun Li", "Judge Fan"),
    )
    await released(scene)
    entries = await scene.house.log.entries(scene.resident)
    assert await scene.watch.orders.withheld(scene.resident, entries, scene.now) == frozenset()


async def test_a_sealed_one_she_sees_when_the_sealing_ends(scene: Scene) -> None:
    await standing(scene, sealed_until=scene.now.date() + timedelta(days=20))
    await released(scene)
    told, withheld = scene.watch.orders.told, scene.watch.orders.withheld
    entries = await scene.house.log.entries(scene.resident)
    legal = {x.receipt for x in entries if x.purpose is Purpose.HLEGAL}
    assert len(legal) == 4  # entered, approved twice, released
    assert await told(scene.resident, scene.now) == []
    assert await withheld(scene.resident, entries, scene.now) == legal
    assert [x["sealed_until"] for x in await leaves(scene)] != [None]  # the public knows that there is one
    scene.clock.forward(days=20)
    assert len(await told(scene.resident, scene.now)) == 1
    assert await withheld(scene.resident, entries, scene.now) == frozenset()


async def test_no_sealing_is_longer_than_180_days_in_code_and_in_the_database(scene: Scene, target: Target) -> None:
    with pytest.raises(InvalidInputError) as raised:
        await entered(scene, sealed_until=scene.now.date() + timedelta(days=SEALED_DAYS_MAX + 1))
    assert raised.value.code == "order-sealed"
    await entered(scene, sealed_until=scene.now.date() + timedelta(days=SEALED_DAYS_MAX))
    with pytest.raises(asyncpg.CheckViolationError):
        await as_administrator(target, "UPDATE disclosure.legal_order SET sealed_until = sealed_until + 1 RETURNING id")


async def test_the_room_itself_cannot_seal_longer_or_rewrite_who_approved(scene: Scene) -> None:
    await standing(scene)
    for statement in (
        "UPDATE disclosure.legal_order SET sealed_until = entered_on + 100",
        "UPDATE disclosure.legal_order SET to_on = to_on + 100",
        "UPDATE disclosure.order_approval SET organisation = 'x'",
        "DELETE FROM disclosure.emergency",
        "UPDATE disclosure.emergency SET until = until",
        "DELETE FROM disclosure.task",
    ):
        async with scene.house.database.connection("disclosure") as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
