"""Her privacy and her family in the browser: what follows stands before Save, everything can be taken back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from carecode.app import wall_clock
from tests.day.people import PHONE, Visitors
from tests.day.test_pages import faults, sideways

pytestmark = pytest.mark.browser

PAGES = (
    "/my/privacy",
    "/my/privacy/city-1",
    "/my/privacy/list/people",
    "/my/privacy/list/kinds?whom=city-1",
    "/my/privacy/list/sensitive",
    "/my/privacy/list/entries",
    "/my/privacy/list/hospitals",
    "/my/privacy/list/taking-part",
    "/my/privacy/change/window?whom=city-1",
    "/my/privacy/change/label?about=4",
    "/my/privacy/changes",
    "/my/privacy/words",
    "/my/family",
    "/my/record/entries?of=allergies&name=",
)
SAVE = "Save this choice"


@pytest.fixture(scope="module")
async def her(visitors: Visitors) -> Page:
    """Lin Mei on her phone, without motion."""
    page = await visitors.enter("@resident", reduced_motion="reduce", **PHONE)
    await page.goto("/my/record")  # the code's page is still making a code
    return page


async def open_entries(page: Page) -> None:
    """Open the entries of her newest visit."""
    await page.goto("/my/record?lang=en")
    await page.get_by_role("link", name=re.compile("^Who may see this")).first.click()
    await expect(page.get_by_role("heading", name="Who may see this?")).to_be_visible()


async def choose(page: Page, choice: str) -> None:
    """Choose and save."""
    await page.get_by_role("radio", name=re.compile(f"^{choice}")).check()
    await page.get_by_role("button", name=SAVE).click()


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", PAGES)
async def test_axe_finds_nothing_and_nothing_scrolls_sideways(her: Page, path: str, language: str) -> None:
    if "name=" in path:
        await her.goto("/my/record?kind=allergies")
        path = await her.locator("a.who-sees").first.get_attribute("href") or ""
    answer = await her.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
    assert answer is not None
    assert answer.status == 200
    assert await faults(her) == []
    assert await sideways(her) == 0


async def test_what_follows_changes_with_the_choice_without_scripts(visitors: Visitors) -> None:
    page = await visitors.enter("@resident", java_script_enabled=False)
    await page.goto("/my/privacy/city-1?lang=en")
    box = page.get_by_role("region", name="If you save this")
    seen = {}
    for choice in ("Everything", "Only a summary", "Only what it wrote itself"):
        await page.get_by_role("radio", name=re.compile(f"^{choice}")).check()
        seen[choice] = await box.inner_text()
    assert "all of it, for that visit" in seen["Everything"]
    assert "allergies, medicines and problems" in seen["Only a summary"]
    assert "nothing from other hospitals" in seen["Only what it wrote itself"]
    assert re.search(
        r"may not know of your \S.* allergy|may not know of your .*[Aa]llerg", seen["Only what it wrote itself"]
    )
    assert "nothing from other hospitals" not in seen["Everything"]
    last = (wall_clock() + timedelta(days=3)).astimezone().date()
    await page.get_by_text("Only for some days").click()
    await page.get_by_label("Last day").fill(last.isoformat())
    await page.get_by_role("button", name=SAVE).click()
    await expect(page.get_by_role("link", name="City Hospital 1")).to_contain_text("Only what it wrote itself, since")
    await page.get_by_role("link", name="What you changed").click()
    change = page.get_by_role("listitem").filter(has_text="What may City Hospital 1 see?").first
    await expect(change).to_contain_text("Until")
    await change.get_by_role("button", name="Take it back").click()
    await expect(page.get_by_role("listitem").filter(has_text="City Hospital 1").first).to_contain_text("Taken back on")
    await page.goto("/my/privacy")
    await expect(page.get_by_role("link", name="City Hospital 1")).to_contain_text("Everything, when")


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (5, 2, "The last day is before the first."),
        (-3, None, "The first day is over already."),
        (None, -1, "The last day is over"),
    ],
)
async def test_days_that_cannot_be_are_refused_in_words(
    her: Page, first: int | None, last: int | None, told: str
) -> None:
    await her.goto("/my/privacy/east-clinic?lang=en")
    await her.get_by_text("Only for some days").click()
    today = wall_clock().astimezone().date()
    for label, days in (("First day", first), ("Last day", last)):
        if days is not None:
            await her.get_by_label(label).fill((today + timedelta(days=days)).isoformat())
    await choose(her, "Only what it wrote itself")
    await expect(her.get_by_role("heading", name="This did not work")).to_be_visible()
    await expect(her.get_by_text(told)).to_be_visible()


async def test_she_hides_an_entry_finds_it_on_her_list_and_takes_it_back(her: Page) -> None:
    await open_entries(her)
    entry = her.get_by_role("listitem").filter(has_text="As everything else").last.get_by_role("link")
    name = (await entry.locator("b").inner_text()).strip()
    await entry.click()
    await expect(her.get_by_role("region", name="If you save this")).to_contain_text("Nobody is told you hid it.")
    await choose(her, "Hidden It")
    await expect(her.get_by_role("heading", name="What you locked or hid")).to_be_visible()
    mine = her.get_by_role("link", name=name)
    await expect(mine).to_contain_text("Hidden")
    await mine.click()
    await her.get_by_role("button", name="Take it back").click()
    await her.goto("/my/privacy/list/entries")
    await expect(her.get_by_text("Nothing here.")).to_be_visible()


async def test_a_sensitive_thing_opens_for_one_hospital_only(her: Page) -> None:
    await her.goto("/my/privacy/list/sensitive?lang=en")
    await her.get_by_role("link", name="City Hospital 1").click()
    await her.get_by_role("link", name=re.compile("^Mental health")).click()
    await choose(her, "Yes")
    await expect(her.get_by_role("link", name=re.compile("^Mental health"))).to_contain_text("Yes")
    await her.get_by_role("link", name="East Clinic").click()
    await expect(her.get_by_role("link", name=re.compile("^Mental health"))).to_contain_text("No")
    await her.goto("/my/privacy/changes")
    await her.get_by_role("button", name="Take it back").first.click()


async def test_she_lets_somebody_help_and_ends_it(visitors: Visitors, her: Page) -> None:
    helper = await visitors.enter("@parent", reduced_motion="reduce", **PHONE)
    await helper.goto("/my/family?lang=en")
    await helper.get_by_role("button", name="Make a code").click()
    code = await helper.get_by_text(re.compile(r"^\d{4} \d{4}$")).inner_text()
    await her.goto("/my/family?lang=en")
    await her.get_by_label("Let somebody help you").fill(code)
    await her.get_by_role("button", name="Go on").click()
    await expect(her.get_by_role("heading", name="What may Wang Jing do for you?")).to_be_visible()
    assert await faults(her) == []
    assert await sideways(her) == 0
    await her.get_by_role("button", name=SAVE).click()
    await expect(her.get_by_text("Asked, and has not answered yet.")).to_be_visible()
    await helper.goto("/my/family")
    await expect(helper.get_by_text("You see nothing before you say yes.")).to_be_visible()
    await helper.get_by_role("button", name="Yes, help Lin Mei").click()
    await helper.get_by_role("button", name="Show Lin Mei").click()
    await expect(helper.get_by_role("banner")).to_contain_text("Lin Mei")
    await expect(helper.get_by_role("heading", name=re.compile("Visits in")).first).to_be_visible()
    assert await helper.get_by_role("link", name=re.compile("^Who may see this")).count() == 0
    assert await faults(helper) == []
    [one] = [x for x in await her.context.cookies() if x["name"] == "carecode_my"]
    assert one["httpOnly"]
    await her.goto("/my/family")
    await her.get_by_role("button", name="End it Wang Jing").click()
    await helper.goto("/my/record")
    await expect(helper.get_by_role("banner")).to_contain_text("Wang Jing")


async def test_the_second_word_opens_her_pages_quietly(visitors: Visitors) -> None:
    """A hidden visit is on her record with the first word and nowhere with the second; a choice made there is none."""
    page = await visitors.enter("@parent", reduced_motion="reduce", **PHONE)
    await open_entries(page)
    await page.get_by_role("link", name=re.compile("^The whole visit")).click()
    hidden = page.url
    await choose(page, "Hidden It")
    await page.goto("/my/record")
    visit = page.locator(f"a[href$='{hidden.rpartition('=')[2]}']")
    assert await visit.count() == 1
    await page.goto("/my/privacy/words")
    await page.get_by_label("The word that opens your pages").fill("sunflower")
    await page.get_by_label("The word that opens them quietly").fill("moonlight")
    await page.get_by_role("button", name="Save both words").click()
    try:
        await close(page)
        await unlock(page, "starlight")
        await expect(page.get_by_role("alert")).to_contain_text("This is not your word.")
        assert await faults(page) == []
        assert await sideways(page) == 0
        await unlock(page, "moonlight")
        await expect(page.get_by_role("heading", name="Your record")).to_be_visible()
        assert await visit.count() == 0
        assert await page.locator("article.visit").count() > 0
        answer = await page.goto(hidden)
        assert answer is not None
        assert answer.status == 404
        await page.goto("/my/privacy/list/entries")
        await expect(page.get_by_text("Nothing here.")).to_be_visible()
        await page.goto("/my/privacy/changes")
        await expect(page.get_by_text("You changed nothing.")).to_be_visible()
        await page.goto("/my/privacy/change/emergency")
        await choose(page, "No")
        await expect(page.get_by_role("link", name="Emergencies")).to_contain_text("Nobody may open it")
        await page.goto("/my/privacy/words")
        await page.get_by_role("button", name="Ask for no word any more").click()
    finally:
        await close(page)
        await unlock(page, " Sunflower ")
        await page.goto("/my/privacy")
        await expect(page.get_by_role("link", name="Emergencies")).to_contain_text("with a reason")
        await page.goto("/my/privacy/words")
        await page.get_by_role("button", name="Ask for no word any more").click()
    await page.goto(hidden)
    await page.get_by_role("button", name="Take it back").click()
    await page.goto("/my/privacy/list/entries")
    await expect(page.get_by_text("Nothing here.")).to_be_visible()


async def close(page: Page) -> None:
    """Close her pages as the button does."""
    await page.goto("/my/privacy/words")
    await page.get_by_role("button", name="Close my pages now").click()
    await page.goto("/my/record")
    await expect(page.get_by_role("heading", name="Type your word")).to_be_visible()


async def unlock(page: Page, word: str) -> None:
    """Type a word."""
    await page.get_by_label("Your word").fill(word)
    await page.get_by_role("button", name="Open my pages").click()
