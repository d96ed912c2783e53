"""What an order has to say, and what contradicts itself."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carecode.disclosure.legal import NewOrder, commitment_of, require_sound
from carecode.kernel.errors import InvalidInputError, RefusedError
from tests.emergency.conftest import Scene
from tests.emergency.test_orders import ASKED, entered, order_of


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to_on": date(2026, 1, 1), "from_on": date(2026, 1, 2)}, "order-dates"),
        ({"to_on": date(2020, 1, 2), "from_on": date(2020, 1, 1)}, "order-over"),
        ({"to_on": date(2099, 1, 2)}, "order-long"),
        ({"to_on": date(9999, 12, 31), "from_on": date(9999, 12, 31)}, "dates-far"),
        ({"categories": frozenset()}, "order-categories"),
        ({"bodies": ("county-2", "county-2")}, "order-bodies"),
        ({"bodies": ("county-2", "nowhere")}, "order-bodies"),
        ({"body": " "}, "order-text"),
        ({"reference": "x" * 201}, "order-text"),
        ({"sealed_until": date(2020, 1, 1)}, "order-sealed"),
    ],
)
async def test_an_order_that_contradicts_itself_is_refused(scene: Scene, change: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        await entered(scene, **change)
    assert raised.value.code == code
    assert await scene.watch.work.queue(scene.officer) == []


async def test_only_officers_enter_orders(scene: Scene) -> None:
    with pytest.raises(RefusedError):
        await scene.watch.orders.enter(scene.doctor, scene.resident, order_of(scene), scene.now)


@given(
    st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    st.dates(date(2026, 1, 1), date(2029, 12, 31)),
    st.one_of(st.none(), st.dates(date(2026, 1, 1), date(2027, 12, 31))),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
)
def test_a_sound_order_keeps_every_bound(from_on: date, to_on: date, sealed: date | None, today: date) -> None:
    new = NewOrder("Court", "Law", "1", ASKED, from_on, to_on, sealed, ("a", "b"))
    try:
        require_sound(new, today)
    except InvalidInputError:
        return
    assert from_on <= to_on
    assert from_on <= today + timedelta(days=366)
    assert today <= to_on <= from_on + timedelta(days=366)
    assert sealed is None or today < sealed <= today + timedelta(days=180)


@pytest.mark.parametrize(("ahead", "sound"), [(366, True), (367, False)])
def test_the_first_day_is_a_year_ahead_at_most(ahead: int, *, sound: bool) -> None:
    today = date(2026, 1, 1)
    first = today + timedelta(days=ahead)
    new = NewOrder("Court", "Law", "1", ASKED, first, first, None, ("a", "b"))
    if sound:
        require_sound(new, today)
        return
    with pytest.raises(InvalidInputError) as raised:
        require_sound(new, today)
    assert raised.value.code == "dates-far"


def test_a_commitment_tells_nothing_without_its_nonce() -> None:
    assert commitment_of(bytes(32), "李明") != commitment_of(bytes(31) + b"1", "李明")
    assert commitment_of(bytes(32), "李明") != commitment_of(bytes(32), "王芳")
