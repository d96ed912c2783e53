"""The pages for everyone: in the dark, in Chinese, on a narrow phone, without scripts, without a camera."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.async_api import Page, ViewportSize, async_playwright, expect

from carecode.kernel.vocabulary import CodePurpose
from tests.day.conftest import CHROMIUM_ARGUMENTS
from tests.day.people import COUNTER, Pocket, Visitors
from tests.day.pictures import codes_in, screen, verdicts_in
from tests.day.town import Town

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROW: ViewportSize = {"width": 320, "height": 640}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
CODE = "Your code to show at a counter"
PAGES = (
    ("/", "@resident"),
    ("/my", "@resident"),
    ("/my/record", "@resident"),
    ("/my/record?kind=results", "@resident"),
    ("/my/who-looked", "@resident"),
    ("/my/privacy", "@resident"),
    ("/my/privacy/county-2", "@resident"),
    ("/desk", "@desk"),
    ("/desk/enrol", "@desk"),
    ("/desk/newborn", "@desk"),
    ("/desk/identify", "@desk"),
    ("/steward", "@steward"),
    ("/clinic", "@doctor"),
    ("/cashier", "@cashier"),
)


@pytest.fixture(scope="module")
async def screens(visitors: Visitors) -> dict[str, Page]:
    """One signed-in browser for each, without motion."""
    sizes = {"@resident": {"viewport": {"width": 390, "height": 844}}}
    options: dict[str, Any] = {"reduced_motion": "reduce"}
    handles = ("@resident", "@desk", "@doctor", "@cashier", "@steward")
    return {one: await visitors.enter(one, **options, **sizes.get(one, COUNTER)) for one in handles}


async def faults(page: Page) -> list[str]:
    """Ask axe for every violation of the page as it is shown, in light and in dark."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE.read_text())
    found = []
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme)
        told = await page.evaluate("tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", RULES)
        assert told["passes"]  # the rules did run
        found += [f"{scheme} {rule['id']} {rule['nodes'][0]['html']}" for rule in told["violations"]]
    return found


async def sideways(page: Page) -> int:
    """Count the pixels that a narrow phone would have to scroll to the side, once it was turned upright."""
    before = page.viewport_size
    await page.set_viewport_size(NARROW)
    width = 0
    for _ in range(10):  # what is drawn for a width, the code, is drawn anew
        width = await page.evaluate("() => document.scrollingElement.scrollWidth")
        if width <= NARROW["width"]:
            break
        await asyncio.sleep(0.05)
    if before:
        await page.set_viewport_size(before)
    return width - NARROW["width"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("path", "handle"), PAGES)
async def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    screens: dict[str, Page], path: str, handle: str, language: str
) -> None:
    page = screens[handle]
    answer = await page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
    assert answer is not None
    assert answer.status == 200
    assert await page.get_attribute("html", "lang") == {"en": "en", "zh": "zh-Hans"}[language]
    if path == "/my":
        await expect(page.locator("svg[role=img]")).to_be_visible()
    assert await faults(page) == []
    assert await sideways(page) == 0


async def test_what_a_counter_answers_is_as_good_as_its_first_page(screens: dict[str, Page], pocket: Pocket) -> None:
    desk, doctor = screens["@desk"], screens["@doctor"]
    await desk.goto("/desk?lang=en")
    await type_code(desk, pocket.code(CodePurpose.REGISTER))
    await expect(desk.get_by_role("region", name="The person")).to_contain_text("Lin Mei")
    assert await faults(desk) == []
    assert await sideways(desk) == 0
    await doctor.goto("/clinic?lang=en")
    await type_code(doctor, pocket.code(CodePurpose.OPEN_RECORD, await digits_of(doctor)))
    await expect(doctor.get_by_role("region", name="Last results")).to_be_visible()
    assert await faults(doctor) == []
    assert await sideways(doctor) == 0


async def test_the_checker_can_find_a_fault(screens: dict[str, Page]) -> None:
    page = screens["@resident"]
    await page.goto("/")
    await page.evaluate("() => document.body.append(document.createElement('button'))")
    assert any("button-name" in fault for fault in await faults(page))
    await page.evaluate("() => { document.body.style.width = '999px'; }")
    assert await sideways(page) > 0


async def type_code(counter: Page, text: str) -> None:
    """Type a code as one would without a scanner."""
    await counter.get_by_label("Code", exact=True).fill(text)
    await counter.get_by_role("button", name="Check the code").click()


async def digits_of(clinic: Page) -> str:
    """Read this desk's four digits."""
    found = re.search(r"\b\d{4}\b", await clinic.get_by_role("region", name="This desk's number").inner_text())
    assert found is not None
    return found[0]


# Without scripts


async def test_without_scripts_she_reads_her_record_and_decides(visitors: Visitors) -> None:
    page = await visitors.enter("@resident", java_script_enabled=False)
    await page.goto("/my")
    sentence = page.locator("noscript p")  # text locators pass over what stands for scripts
    await expect(sentence).to_be_visible()
    assert "show your ID card at the desk" in await sentence.inner_text()
    await page.get_by_role("link", name="Record", exact=True).click()
    await expect(page.get_by_role("heading", name=re.compile(r"Visits in \d{4}")).first).to_be_visible()
    await page.get_by_role("link", name=re.compile("Results")).first.click()
    await page.locator("a[href^='/my/record/result']").first.click()
    await expect(page.get_by_role("heading", name="Every value")).to_be_visible()
    await page.get_by_role("link", name="Who looked").click()
    await expect(page.get_by_text("Nothing is missing from this list.")).to_be_visible()
    for choice, then in (("Only what it wrote itself", ", since"), ("Everything", "Everything, when")):
        await page.get_by_role("link", name="Privacy").click()
        await page.get_by_role("link", name="East Clinic").click()
        await page.get_by_role("radio", name=choice).check()
        await page.get_by_role("button", name="Save this choice").click()
        await expect(page.get_by_role("link", name="East Clinic")).to_contain_text(then)


async def test_without_scripts_the_counters_work_by_typing(visitors: Visitors, pocket: Pocket) -> None:
    desk = await visitors.enter("@desk", java_script_enabled=False)
    await expect(desk.get_by_role("button", name="Turn the camera on")).to_be_hidden()  # no dead button
    await type_code(desk, pocket.code(CodePurpose.REGISTER))
    person = desk.get_by_role("region", name="The person")
    await expect(person).to_contain_text("Lin Mei")
    await person.get_by_role("button", name="Give number").click()
    await expect(desk.get_by_role("heading", name=re.compile(r"^[A-Z]-\d{3}$"))).to_be_visible()
    doctor = await visitors.enter("@doctor", java_script_enabled=False)
    await type_code(doctor, pocket.code(CodePurpose.OPEN_RECORD, await digits_of(doctor)))
    await expect(doctor.get_by_role("heading", name="Lin Mei")).to_be_visible()
    await expect(doctor.get_by_role("region", name="Allergies")).to_be_visible()


# Without a camera


async def test_a_camera_that_is_not_allowed_says_so_and_the_field_works(visitors: Visitors, pocket: Pocket) -> None:
    desk = await visitors.enter("@desk", **COUNTER)
    await desk.get_by_role("button", name="Turn the camera on").click()
    await expect(desk.get_by_role("status")).to_contain_text("The camera is not allowed here.")
    await type_code(desk, pocket.code(CodePurpose.REGISTER))
    await expect(desk.get_by_role("region", name="The person")).to_contain_text("Lin Mei")


async def test_no_camera_says_so_and_the_field_works(chromium: str, town: Town, pocket: Pocket) -> None:
    async with async_playwright() as playwright:
        bare = await playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_ARGUMENTS))
        came = Visitors(bare, town)
        desk = await came.enter("@desk", **COUNTER, permissions=["camera"])
        await desk.get_by_role("button", name="Turn the camera on").click()
        await expect(desk.get_by_role("status")).to_contain_text("This computer has no camera.")
        await type_code(desk, pocket.code(CodePurpose.REGISTER))
        await expect(desk.get_by_role("region", name="The person")).to_contain_text("Lin Mei")
        await came.leave()
        await bare.close()
    assert (came.strangers(), came.complaints) == ([], [])


# The code page


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_the_code_page_carries_no_verdict_and_its_code_is_read_at_320_pixels(
    visitors: Visitors, pocket: Pocket, scheme: str
) -> None:
    phone = await visitors.enter("@resident", viewport=NARROW, color_scheme=scheme, reduced_motion="reduce")
    code = phone.get_by_role("img", name=CODE)
    await expect(code).to_be_visible()
    looks = {"check in": await screen(phone)}
    await phone.get_by_role("radio", name="Open my record").check()
    await expect(code).to_be_hidden()
    looks["waiting for the digits"] = await screen(phone)
    await phone.get_by_label("Desk number").fill(pocket.desk_number("clinic"))
    await expect(code).to_be_visible()
    await phone.get_by_role("main").evaluate("() => scrollTo(0, 0)")
    looks["open my record"] = await screen(phone)
    await phone.context.set_offline(True)
    await expect(phone.get_by_text("No internet. Still works.")).to_be_visible()
    looks["offline"] = await screen(phone)
    await phone.context.set_offline(False)
    [shown] = codes_in(looks["check in"])
    assert len({shown, *codes_in(looks["open my record"])}) == 2
    assert len(codes_in(looks["offline"])) == 1
    answer = pocket.http.post("/desk/scan", data={"code": shown})
    assert answer.status_code == 200
    await expect(phone.get_by_role("heading", name="scanned your code to check you in")).to_be_visible()
    looks["scanned"] = await screen(phone)
    assert {name: verdicts_in(picture) for name, picture in looks.items()} == {name: [] for name in looks}
    assert codes_in(looks["scanned"]) == []  # nobody takes a picture of a used code for a code


async def test_the_counter_of_colours_sees_one(screens: dict[str, Page]) -> None:
    page = screens["@resident"]
    await page.goto("/")
    await page.evaluate("() => { document.body.style.borderTop = '3px solid #0a8f3c'; }")
    assert verdicts_in(await screen(page))
