"""The desk before and after a duplicate: this is she, a newborn, an unknown person who is known now."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

import pytest
from playwright.async_api import Browser, expect

from carecode.app import App
from carecode.identity.person import Person
from tests.day.comparing_pages import Counter, counter_of, fill, keys_of, no_fault
from tests.disclosure.comparing import CITIZEN, OTHER_CITIZEN, WEIGUO, with_check

pytestmark = pytest.mark.browser

QUESTION = "Are these two the same person?"


@pytest.fixture
async def counter(house: App, browser: Browser) -> AsyncIterator[Counter]:
    async with counter_of(house, browser) as made:
        yield made


async def test_this_is_she_opens_her_entry_and_adds_nobody_and_no_phone(counter: Counter) -> None:
    await counter.scene.enrol(WEIGUO, ("citizen-id", with_check(CITIZEN)))
    desk = await counter.enter("@desk", "desk", java_script_enabled=False)
    await desk.goto("/desk/enrol")
    await fill(desk, WEIGUO)
    await desk.get_by_role("button", name="Add her").click()
    await desk.get_by_role("button", name="This is she").click()
    await expect(desk.get_by_role("heading", name="She was in the index already")).to_be_visible()
    await expect(desk.get_by_text("张伟国")).to_be_visible()
    await expect(desk.get_by_text("A phone is added after a look at her document.")).to_be_visible()
    assert await counter.scene.house.index.count() == 1


async def test_this_is_she_with_a_new_document_asks_a_steward(counter: Counter) -> None:
    await counter.scene.enrol(WEIGUO, ("citizen-id", with_check(CITIZEN)))
    desk = await counter.enter("@desk", "desk")
    await desk.goto("/desk/enrol")
    await fill(desk, WEIGUO, with_check(OTHER_CITIZEN))
    await desk.get_by_role("button", name="Add her").click()
    await desk.get_by_role("button", name="This is she").click()
    await expect(desk.get_by_text("A steward compares her entry with another.")).to_be_visible()
    assert len(await counter.scene.house.index.ledger.reviews(10)) == 1


async def test_a_newborn_stands_under_her_mothers_name_once_and_twins_are_two(counter: Counter) -> None:
    scene = counter.scene
    mother = Person("林梅", "Lin Mei", date(1990, 3, 14), "female", "13800001234")
    await scene.enrol(mother, ("passport", "E55555555"))
    desk = await counter.enter("@desk", "desk")
    for order, count in (("1", 2), ("1", 2), ("2", 3)):
        await desk.goto("/desk/newborn")
        await no_fault(desk)
        await desk.get_by_label("The mother's document").select_option("passport")
        await desk.get_by_label("The mother's number").fill("E55555555")
        await desk.get_by_label("Sex").select_option("female")
        await desk.get_by_label("Which child of this birth").select_option(order)
        await desk.get_by_role("button", name="Add the newborn").click()
        await expect(desk.get_by_text(f"Baby girl {order} of Lin Mei")).to_be_visible()
        assert await scene.house.index.count() == count
        await no_fault(desk)


async def test_an_unknown_person_who_is_known_now_joins_after_a_preview(counter: Counter) -> None:
    scene = counter.scene
    known = await scene.enrol(WEIGUO, ("passport", "E12345678"))
    desk = await counter.enter("@desk", "desk")
    await desk.goto("/desk/enrol")
    await desk.get_by_label("Name as printed").fill("Unknown male, about 60")
    await desk.get_by_role("button", name="Add her").click()
    wrist = await desk.locator(".wrist").inner_text()
    await desk.goto("/desk/identify")
    await no_fault(desk)
    await desk.get_by_label("Number on the wristband").fill(wrist)
    await desk.get_by_label("Document").select_option("passport")
    await desk.get_by_label("Number", exact=True).fill("E12345678")
    await desk.get_by_role("button", name="Look at both").click()
    await expect(desk.get_by_role("heading", name="Is she this person?")).to_be_visible()
    await expect(desk.get_by_text("Unknown male, about 60")).to_be_visible()
    await no_fault(desk)
    assert len(await keys_of(counter, known)) == 1
    await desk.get_by_label("How do you know?").fill("His wife came with his passport.")
    await desk.get_by_role("button", name="Join them").click()
    await expect(desk.get_by_role("heading", name="She was in the index already")).to_be_visible()
    assert len(await keys_of(counter, known)) == 2
    assert ("@desk", "desk identified") in await scene.list_of(known)


async def test_a_desk_joins_nobody_of_whom_more_is_known(counter: Counter) -> None:
    scene = counter.scene
    await scene.enrol(WEIGUO, ("passport", "E12345678"))
    other = await scene.enrol(Person("李明", "", date(1970, 1, 1), "male", ""))
    wrist = scene.house.pseudonyms.of(other.keys[0], "county-2")
    desk = await counter.enter("@desk", "desk")
    await desk.goto("/desk/identify")
    await desk.get_by_label("Number on the wristband").fill(wrist)
    await desk.get_by_label("Document").select_option("passport")
    await desk.get_by_label("Number", exact=True).fill("E12345678")
    await desk.get_by_role("button", name="Look at both").click()
    await expect(desk.get_by_role("alert")).to_contain_text("Only an index steward joins two entries.")
