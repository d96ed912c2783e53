"""Her own device checks one page of a long list, and says what the page and the check do not cover."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import BrowserContext, Route, expect

from carecode.audit.log import ENTRIES_MAX
from carecode.disclosure.people import herself
from carecode.kernel.vocabulary import Purpose
from tests.day.test_proof import USUAL, WHOLE, House, chrome, house, looked, phone, said

pytestmark = pytest.mark.browser
__all__ = ("chrome", "house", "phone")  # fixtures: pytest finds them here


async def reads(house: House, times: int) -> None:
    """She reads her own record."""
    for _ in range(times):
        await house.quarter.house.log.append(house.her, herself(house.her.id), "disclose", Purpose.PATRQT, "own")


async def test_a_list_of_two_pages_is_checked_page_by_page(house: House, phone: BrowserContext) -> None:
    await house.look(USUAL + 12)
    page = await looked(phone)
    told = await said(page)
    assert "Nothing is missing between the newest entry and the last line here." in told
    assert WHOLE not in told
    assert await page.locator("[data-told=older]").text_content() == "12"
    assert await page.locator("[data-told=wordless]").text_content() == "0"
    await page.get_by_role("link", name="Earlier").click()
    await expect(page.locator("#proof")).to_have_attribute("data-state", "whole")
    assert await page.locator("[data-told=older]").text_content() == "0"
    assert await page.locator("[data-entry]").count() == 12


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("/my/who-looked?upto=12&lang=en", r'data-later="200"', 'data-later="199"'),  # one fell between the pages
        ("/my/who-looked?upto=12&lang=en", r'data-later="200"', 'data-later="201"'),
        ("/my/who-looked?upto=12&lang=en", r'<li class="look" data-entry="12 .*?</li>', ""),
        ("/my/who-looked?upto=12&lang=en", r'<li class="look" data-entry="1 .*?</li>', ""),
        ("/my/who-looked?lang=en", r'<li class="look" data-entry="100 .*?</li>', ""),
        ("/my/who-looked?lang=en", r'<li class="look" data-entry="212 .*?</li>', ""),
    ],
)
async def test_a_line_that_falls_between_two_pages_is_told(
    house: House, phone: BrowserContext, path: str, old: str, new: str
) -> None:
    await house.look(USUAL + 12)
    house.quarter.clock.forward(minutes=1)

    async def handle(route: Route) -> None:
        answer = await route.fetch()
        body, count = re.subn(old, new, await answer.text(), count=1, flags=re.DOTALL)
        assert count == 1
        await route.fulfill(response=answer, body=body)

    await phone.route(f"**{path}", handle)
    assert "A line on this page is not what was logged" in await said(await looked(phone, path))


async def test_what_the_device_did_not_check_is_said(house: House, phone: BrowserContext) -> None:
    await house.look(2)
    await reads(house, ENTRIES_MAX)
    await house.look()
    page = await looked(phone)
    told = await said(page)
    assert "This device checked only the newest 1000 entries of your list." in told
    assert WHOLE not in told
    assert await page.locator("[data-entry]").count() == 3, "all who looked stand there all the same"
    page = await looked(phone, "/my/who-looked?own=1&upto=50&lang=en")
    assert "This device checked only the newest 1000 entries of your list." in await said(page)
