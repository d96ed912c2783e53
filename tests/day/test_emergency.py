"""The emergency story: break-glass at the clinic, her phone tells her, it ends by itself, the officer reviews."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page, expect

from carecode.kernel.vocabulary import CodePurpose
from tests.day.people import COUNTER, PHONE, Pocket, Visitors
from tests.day.test_pages import faults, sideways
from tests.day.town import Town, settle

pytestmark = pytest.mark.browser

SECONDS = 40  # of an emergency in this town
TOLD_MS_MAX = 10_000
ENDED_MS_MAX = (SECONDS + 20) * 1_000
WORDS = "Brought in unconscious after a fall."
ATTESTED = "She woke up and went home with her son."
VERDICT = "She was in the emergency room that evening."
ANSWER = "You were brought in by ambulance, and a doctor treated you."


@pytest.fixture(scope="module")
def short_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town of its own, where an emergency is short."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CARECODE_EMERGENCY_SECONDS", str(SECONDS))
        settled = settle(tmp_path_factory.mktemp("emergency") / "data", residents=5)
    try:
        yield settled
    finally:
        settled.stop()
    assert "Traceback" not in settled.complaints


@pytest.fixture(scope="module")
async def people(browser: Browser, short_town: Town) -> AsyncIterator[Visitors]:
    came = Visitors(browser, short_town)
    yield came
    await came.leave()
    assert came.strangers() == []
    assert came.complaints == []


@pytest.fixture(scope="module")
def code(short_town: Town) -> str:
    """Her phone's emergency code, which a companion shows."""
    carried = Pocket(short_town, "@resident")
    carried.add_phone()
    shown = carried.code(CodePurpose.EMERGENCY)
    carried.close()
    return shown


async def well_made(page: Page) -> None:
    """Nothing for axe to find, in light and in dark, and nothing that scrolls sideways."""
    assert await faults(page) == []
    assert await sideways(page) == 0


async def break_glass(doctor: Page, code: str) -> None:
    """Three steps and a fresh proof; what follows is said beforehand."""
    await doctor.get_by_role("link", name="Emergency access").click()
    await well_made(doctor)
    await doctor.get_by_label("Code", exact=True).fill(code)
    await doctor.get_by_role("button", name="Check the code").click()
    told = doctor.get_by_role("region", name="If you open in an emergency")
    await expect(told).to_contain_text("She and your privacy officer are told at once.")
    await expect(told).to_contain_text("This person only.")
    await expect(told).to_contain_text("Not the whole record")
    await expect(told).to_contain_text("It ends by itself after one minute.")
    await well_made(doctor)
    await doctor.get_by_role("radio", name="Unconscious").check()
    await doctor.get_by_label("What happened").fill(WORDS)
    await doctor.get_by_role("button", name="Open in an emergency").click()
    await doctor.get_by_label("type the word demo").fill("demo")
    await doctor.get_by_role("button", name="Go on").click()
    await expect(doctor.get_by_label("What happened")).to_have_value(WORDS)
    await expect(doctor.get_by_role("radio", name="Unconscious")).to_be_checked()
    await doctor.get_by_role("button", name="Open in an emergency").click()


async def open_item(officer: Page, kind: str) -> None:
    await officer.goto("/officer?lang=en")
    await officer.get_by_role("link", name=kind).click()


async def test_the_emergency_story(people: Visitors, code: str) -> None:
    phone = await people.enter("@resident", reduced_motion="reduce", **PHONE)
    doctor = await people.enter("@doctor", reduced_motion="reduce", **COUNTER)
    officer = await people.enter("@officer", reduced_motion="reduce", **COUNTER)
    await phone.goto("/my?lang=en")
    await doctor.goto("/clinic?lang=en")
    await break_glass(doctor, code)

    # her phone tells her within ten seconds, though she showed nothing
    await expect(phone.locator("#scanned-title")).to_contain_text("Dr Zhao Wei", timeout=TOLD_MS_MAX)
    await expect(phone.locator("#scanned-detail")).to_contain_text("emergency")
    bar = doctor.get_by_role("region", name="Emergency access")
    await expect(bar).to_contain_text("This patient only.")
    await expect(bar.locator("#left")).to_have_text(re.compile(r"^00:\d\d$"))
    await expect(doctor.get_by_role("heading", name="Lin Mei")).to_be_visible()
    await expect(doctor.get_by_role("button", name="End now")).to_be_visible()
    await well_made(doctor)

    # it ends by itself: the page leaves, and the record does not come back
    await expect(doctor.get_by_role("heading", name="The emergency is over")).to_be_visible(timeout=ENDED_MS_MAX)
    await well_made(doctor)
    await doctor.get_by_role("radio", name="It was an emergency, and I treated her.").check()
    await doctor.get_by_label("In one sentence").fill(ATTESTED)
    await doctor.get_by_role("button", name="This is my word").click()
    await expect(doctor.get_by_text("Nothing waits for your word.")).to_be_visible()
    await doctor.goto("/clinic/record")
    await expect(doctor.get_by_role("heading", name="Open a record")).to_be_visible()

    # it stands on top of her list, framed, until she answers
    await phone.goto("/my/who-looked?lang=en")
    notice = phone.get_by_role("region", name="Opened in an emergency, without your code")
    await expect(notice).to_contain_text(WORDS)
    await expect(notice).to_contain_text("It ended by itself.")
    await well_made(phone)
    await notice.get_by_role("link", name="This was not right").click()
    await well_made(phone)
    await phone.get_by_label("In your words").fill("Who brought me in?")
    await phone.get_by_role("button", name="Send it").click()
    await expect(notice).to_be_hidden()

    # the officer reviews the one and answers the other
    await officer.goto("/officer?lang=en")
    await well_made(officer)
    await open_item(officer, "A record was opened in an emergency")
    await expect(officer.get_by_text("It ended by itself.")).to_be_visible()
    await expect(officer.get_by_text(ATTESTED)).to_be_visible()
    await well_made(officer)
    await officer.get_by_role("radio", name="This was right").check()
    await officer.get_by_label("In words that she can read").fill(VERDICT)
    await officer.get_by_role("button", name="This is my decision").click()
    await expect(officer.get_by_role("heading", name="This was right")).to_be_visible()
    await open_item(officer, "She asks about a look")
    await expect(officer.get_by_text("Who brought me in?")).to_be_visible()
    await officer.get_by_label("In words that she can read").fill(ANSWER)
    await officer.get_by_role("button", name="Send the answer").click()
    await officer.goto("/officer")
    await expect(officer.get_by_text("Nothing waits.")).to_be_visible()
    await well_made(officer)


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_pages_are_well_made_in_both_languages(people: Visitors, language: str) -> None:
    officer = await people.enter("@officer", reduced_motion="reduce", **COUNTER)
    doctor = await people.enter("@doctor", reduced_motion="reduce", **COUNTER)
    for page, path in (
        (officer, "/officer"), (officer, "/officer?decided=1"), (officer, "/officer/orders"),
        (doctor, "/clinic/emergency"), (doctor, "/clinic/emergency/ended"),
    ):  # fmt: skip
        answer = await page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
        assert answer is not None
        assert answer.status == 200
        await well_made(page)
