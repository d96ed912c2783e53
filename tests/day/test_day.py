"""The day: a clerk enrols a resident, a phone is added, a code scanned, a record opened, and access taken back.

Every step is done in the pages, as people do it, in the browser, with the real camera path.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Locator, Page, expect

from carecode.identity.identifiers import CHECK_CHARACTER, CITIZEN_SYSTEM
from tests.day.people import COUNTER, PHONE, Visitors
from tests.day.pictures import Camera, codes_in, screen, verdicts_in
from tests.day.town import Town
from tests.day.twin import copy_of_own_deposits

pytestmark = pytest.mark.browser

NUMBER = "110101199003074511"  # its check digit is wrong: it should be a 4
NAME, LATIN, BORN = "周雪", "Zhou Xue", "1990-03-07"
HOSPITAL, OTHER_HOSPITALS = "County Hospital 2", ("City Hospital 1", "East Clinic")
OWN = f"what {HOSPITAL} itself wrote"
NOTICE_SECONDS_MAX = 2.0
log = logging.getLogger(__name__)


async def test_the_day(town: Town, visitors: Visitors, camera: Camera) -> None:
    desk = await visitors.enter("@desk", **COUNTER, permissions=["camera"])
    doctor = await visitors.enter("@doctor", **COUNTER, permissions=["camera"])
    her_phone = await visitors.enter("@resident", **PHONE)

    link = await enrolled(desk)
    new_phone = await phone_added(visitors, link)
    await checked_in(desk, new_phone, camera)

    sent = await asyncio.to_thread(copy_of_own_deposits, town, "@resident", CITIZEN_SYSTEM, NUMBER, NAME, BORN)
    assert sent > 10

    waited = await opened(doctor, her_phone, camera)
    log.info("from the clinic's page to her phone's notice: %.3f s", waited)
    assert waited <= NOTICE_SECONDS_MAX
    whole = await record_part(doctor)
    assert any(place in whole for place in OTHER_HOSPITALS)
    await looked_up(her_phone)

    await shut_out(her_phone)
    await opened(doctor, her_phone, camera, OWN)
    after_refusal = await record_part(doctor)
    assert not any(place in after_refusal for place in OTHER_HOSPITALS)
    assert HOSPITAL in after_refusal

    await opened(doctor, new_phone, camera)  # of her no other institution holds anything
    assert await record_part(doctor) == after_refusal

    await let_in(her_phone)
    for secret in (NUMBER, NAME, LATIN):
        assert secret not in town.complaints


async def enrolled(desk: Page) -> str:
    """The clerk adds somebody with a wrong check digit; the page says what to compare and goes on."""
    await desk.get_by_role("link", name="Add someone new").click()
    await desk.get_by_label("Document").select_option(label="Citizen ID card")
    await desk.get_by_label("Number").fill(NUMBER)
    await desk.get_by_label("Name as printed").fill(NAME)
    await desk.get_by_label("Name in Latin letters").fill(LATIN)
    await desk.get_by_label("Date of birth").fill(BORN)
    await desk.get_by_label("Sex").select_option(label="Female")
    await desk.get_by_role("button", name="Add her").click()
    await expect(desk.get_by_role("heading", name="She is in the index")).to_be_visible()
    await expect(desk.get_by_role("region", name="Compare with the card")).to_contain_text(CHECK_CHARACTER)
    code = desk.get_by_role("img", name="Link that opens her pages")
    await code.scroll_into_view_if_needed()
    [link] = codes_in(await screen(desk))
    return link


async def phone_added(visitors: Visitors, link: str) -> Page:
    """Her phone's own camera read the link from the desk's screen; she opens it and taps once."""
    phone = await visitors.enter(**PHONE)
    await phone.goto(link)
    digits = urlsplit(link).fragment
    await expect(phone.get_by_label("Eight digits")).to_have_value(digits)
    await phone.get_by_role("button", name="Use this phone").click()
    await expect(her_code(phone)).to_be_visible()
    await expect(phone.get_by_text(LATIN)).to_be_visible()
    assert not any(digits in address.partition("#")[0] for address in visitors.asked)
    return phone


async def checked_in(desk: Page, phone: Page, camera: Camera) -> None:
    """The desk's camera reads the code; she gets a number, and her phone shows it and who scanned."""
    [shown] = codes_in(await screen(phone))
    assert shown.startswith("CC1")
    assert not any(secret in shown for secret in (NUMBER, LATIN))
    await desk.goto("/desk")
    await scan(desk, phone, camera)
    person = desk.get_by_role("region", name="The person")
    await expect(person).to_contain_text(NAME)
    await expect(person).to_contain_text("7 Mar")
    await expect(phone.get_by_role("heading", name="scanned your code to check you in")).to_contain_text(HOSPITAL)
    await person.get_by_label("Department").select_option(label="Internal medicine")
    await person.get_by_role("button", name="Give number").click()
    given = desk.get_by_role("heading", name=re.compile(r"^[A-Z]-\d{3}$"))
    await expect(given).to_be_visible()
    await expect(phone.get_by_text(await given.inner_text(), exact=True)).to_be_visible()
    # Other files may have left people waiting in the town's one queue.
    await expect(phone.get_by_text(re.compile(r"You are next|before you"))).to_be_visible()
    assert verdicts_in(await screen(phone)) == []
    await phone.get_by_role("button", name="Show a new code").click()


async def opened(doctor: Page, phone: Page, camera: Camera, what: str = "your whole record") -> float:
    """She types the doctor's four digits, the doctor scans; returns how many seconds later her phone knew."""
    await doctor.goto("/clinic")
    digits = re.search(r"\b\d{4}\b", await doctor.get_by_role("region", name="This desk's number").inner_text())
    assert digits is not None
    await phone.goto("/my")
    await phone.get_by_role("radio", name="Open my record").check()
    await expect(her_code(phone)).to_be_hidden()  # no code without the desk's number
    await phone.get_by_label("Desk number").fill(digits[0])
    await expect(her_code(phone)).to_be_visible()
    await scan(doctor, phone, camera)
    notice = phone.get_by_role("heading", name=f"opened {what}")
    on_page, on_phone = await asyncio.gather(seen(doctor.get_by_role("region", name="Allergies")), seen(notice))
    for words in ("Dr Zhao Wei", "internal medicine", HOSPITAL):
        await expect(notice).to_contain_text(words)
    receipt = re.search(r"Receipt ([0-9A-F]{4}-[0-9A-F]{4})", await doctor.get_by_role("main").inner_text())
    assert receipt is not None
    await expect(phone.get_by_role("main")).to_contain_text("To treat you. You showed your code.")
    await expect(phone.get_by_role("main")).to_contain_text(receipt[0])
    return on_phone - on_page


async def looked_up(phone: Page) -> None:
    """She reads who looked: the doctor, his hospital, the reason."""
    await phone.get_by_role("link", name="Who looked").first.click()
    await expect(phone.get_by_role("heading", name="Who looked", exact=True)).to_be_visible()
    entry = phone.get_by_role("listitem").filter(has_text="Dr Zhao Wei").first
    await expect(entry).to_contain_text(f"Dr Zhao Wei, internal medicine, {HOSPITAL}, opened your whole record.")
    await expect(entry).to_contain_text("To treat you. You showed your code.")
    await expect(phone.get_by_text("Nothing is missing from this list.")).to_be_visible()


async def shut_out(phone: Page) -> None:
    """She shuts the hospital out, having read what follows from it."""
    await phone.get_by_role("link", name="Privacy").click()
    await expect(phone.get_by_role("link", name=HOSPITAL)).to_contain_text("May open your record until")
    await phone.get_by_role("link", name=HOSPITAL).click()
    await phone.get_by_role("radio", name=re.compile("^Only what it wrote itself")).check()
    consequence = phone.get_by_role("region", name="If you save this")
    await expect(consequence).to_contain_text("nothing from other hospitals")
    await phone.get_by_role("button", name="Save this choice").click()
    await expect(phone.get_by_role("link", name=HOSPITAL)).to_contain_text("Only what it wrote itself, since")


async def let_in(phone: Page) -> None:
    """She changes it back."""
    await phone.goto("/my/privacy")
    await phone.get_by_role("link", name=HOSPITAL).click()
    await phone.get_by_role("radio", name="Everything").check()
    await phone.get_by_role("button", name="Save this choice").click()
    # The codes she showed at this visit still stand: the page says until when.
    await expect(phone.get_by_role("link", name=HOSPITAL)).to_contain_text("May open your record until")


async def scan(counter: Page, phone: Page, camera: Camera) -> None:
    """Turn the counter's camera on and hold the phone before it until the page has answered."""
    async with camera.pointed_at(phone), counter.expect_navigation():
        await counter.get_by_role("button", name="Turn the camera on").click()


def her_code(phone: Page) -> Locator:
    return phone.get_by_role("img", name="Your code to show at a counter")


async def seen(thing: Locator) -> float:
    """Wait for something on a page; return when it was there."""
    await thing.wait_for(state="visible")
    return time.monotonic()


async def record_part(doctor: Page) -> str:
    """Give the record as the doctor sees it; the bar above it holds her name, the receipt and the time."""
    shown: list[str] = (
        await doctor.get_by_role("main")
        .locator("section")
        .evaluate_all("sections => sections.map(one => one.outerHTML)")
    )
    assert len(shown) > 5
    return "\n".join(shown)
