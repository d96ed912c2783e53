"""Signing in, in a browser with an authenticator: staff by invitation, a locked screen, a resident's passkey."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.async_api import CDPSession, Page, expect

from tests.day.people import COUNTER, PHONE, Pocket, Visitors
from tests.day.test_pages import faults, sideways
from tests.day.town import Town, run

pytestmark = pytest.mark.browser

MAKE = "Make a passkey on this device"
USE = "Use my passkey"


@dataclass(frozen=True)
class Authenticator:
    """An authenticator built into a visitor's device, and whether its owner is the one who touches it."""

    devtools: CDPSession
    number: str

    async def owner_is_here(self, *, here: bool) -> None:
        sent = {"authenticatorId": self.number, "isUserVerified": here}
        await self.devtools.send("WebAuthn.setUserVerified", sent)


async def with_authenticator(page: Page) -> Authenticator:
    """Give a visitor's browser an authenticator (Chromium's own virtual one)."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    options: dict[str, Any] = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return Authenticator(devtools, made["authenticatorId"])


def invite(town: Town, staff: str) -> str:
    """Invite a member of staff with the command."""
    done = run("staff", "invite", staff, "--base", town.base, "--data", str(town.data))
    assert done.code == 0, done.err
    return done.out.strip()


@pytest.fixture(scope="module")
async def doctor(visitors: Visitors, town: Town) -> tuple[Page, Authenticator]:
    """A doctor of County Hospital 2 who took her invitation."""
    for command in (
        ("add", "county-2/he", "--org", "county-2", "--role", "clinician", "--name", "Dr He Jun"),
        ("licence", "county-2/he", "--licence", "110220330", "--until", "2099-12-31"),
        ("add", "city-1/he", "--org", "city-1", "--role", "clinician", "--name", "Dr He Jun"),
    ):
        done = run("staff", *command, "--data", str(town.data))
        assert done.code == 0, done.err
    page = await visitors.enter(reduced_motion="reduce", **COUNTER)
    authenticator = await with_authenticator(page)
    await page.goto(invite(town, "county-2/he"))
    await expect(page.get_by_text("Dr He Jun")).to_be_visible()
    assert "#" not in page.url  # the invitation stands in no address any more
    assert await faults(page) == []
    await page.get_by_role("button", name=MAKE).click()
    await page.wait_for_url("**/clinic")
    await expect(page.get_by_text("Dr He Jun")).to_be_visible()
    return page, authenticator


async def enter(page: Page, area: str) -> None:
    """Sign in with the passkey of this browser."""
    await page.goto(f"/signin?area={area}")
    await page.get_by_role("button", name=USE).click()
    await page.wait_for_url(re.compile(f"/{area}$"))


async def test_staff_sign_out_and_in_again_with_their_passkey(doctor: tuple[Page, Authenticator]) -> None:
    page, authenticator = doctor
    await page.goto("/clinic")
    await page.get_by_role("button", name="Sign out").click()
    await page.goto("/clinic")
    await expect(page.get_by_role("heading", name="Sign in first")).to_be_visible()
    await page.get_by_role("link", name="Unlock or sign in").click()
    await authenticator.owner_is_here(here=False)
    await page.get_by_role("button", name=USE).click()
    await expect(page.get_by_role("status")).to_contain_text("Nothing was proved")
    await authenticator.owner_is_here(here=True)
    await page.get_by_role("button", name=USE).click()
    await page.wait_for_url("**/clinic")


async def test_a_screen_is_locked_and_opens_with_the_passkey(doctor: tuple[Page, Authenticator]) -> None:
    page, _ = doctor
    await enter(page, "clinic")
    await page.goto("/clinic/lock")
    assert await faults(page) == []
    await page.get_by_role("button", name="Lock now").click()
    await expect(page.get_by_role("heading", name="This screen is locked")).to_be_visible()
    assert await faults(page) == []
    assert await sideways(page) == 0
    await page.goto("/clinic")
    await expect(page.get_by_label("Code", exact=True)).to_have_count(0)
    await page.goto("/clinic/lock?lang=zh")
    await expect(page.get_by_role("heading", name="屏幕已锁定")).to_be_visible()
    assert await faults(page) == []
    await page.goto("/clinic/lock?lang=en")
    await page.get_by_role("button", name="Unlock with my passkey").click()
    await page.wait_for_url("**/clinic")
    await expect(page.get_by_label("Code", exact=True)).to_be_visible()


async def test_one_passkey_opens_two_institutions(doctor: tuple[Page, Authenticator], town: Town) -> None:
    page, _ = doctor
    await page.goto(invite(town, "city-1/he"))
    await page.get_by_role("button", name="I have a passkey here").click()
    await page.wait_for_url("**/clinic")
    await expect(page.get_by_text("City Hospital 1")).to_be_visible()
    await page.goto("/clinic/switch")
    assert await faults(page) == []
    assert await sideways(page) == 0
    await page.get_by_role("button", name="Go on there").click()
    await page.wait_for_url("**/clinic")
    await expect(page.get_by_text("County Hospital 2")).to_be_visible()


async def test_before_what_matters_staff_prove_it_anew(doctor: tuple[Page, Authenticator]) -> None:
    page, _ = doctor
    await enter_anywhere(page)
    await page.goto("/clinic/confirm?next=/clinic/switch")
    assert await faults(page) == []
    await page.get_by_role("button", name=USE).click()
    await page.wait_for_url("**/clinic/switch")
    await page.goto("/clinic/confirm?next=//elsewhere.example/")
    await page.get_by_role("button", name=USE).click()
    await page.wait_for_url("**/clinic")


async def enter_anywhere(page: Page) -> None:
    """Sign in where she works at several places: the list of them comes first."""
    await page.goto("/signin?area=clinic")
    await page.get_by_role("button", name=USE).click()
    await page.wait_for_url(re.compile("/clinic(/switch)?$"))


async def test_who_is_removed_is_out(doctor: tuple[Page, Authenticator], town: Town) -> None:
    page, _ = doctor
    await enter_anywhere(page)
    for staff in ("county-2/he", "city-1/he"):
        assert run("staff", "remove", staff, "--data", str(town.data)).code == 0
    await page.goto("/clinic")
    await expect(page.get_by_role("heading", name="Sign in first")).to_be_visible()
    await page.goto("/signin?area=clinic")
    await page.get_by_role("button", name=USE).click()
    await expect(page.get_by_role("status")).to_contain_text("This passkey does not open anything here.")


async def test_a_demo_screen_unlocks_with_a_typed_word(visitors: Visitors) -> None:
    desk = await visitors.enter("@desk", java_script_enabled=False, **COUNTER)
    await desk.goto("/desk/lock")
    await desk.get_by_role("button", name="Lock now").click()
    assert "Unlocking needs JavaScript" in await desk.locator("noscript").inner_text()
    await desk.get_by_label("Demo town: type the word demo").fill("demo")
    await desk.get_by_role("button", name="Unlock", exact=True).click()
    await expect(desk.get_by_label("Code", exact=True)).to_be_visible()


async def test_an_officer_invites_her_staff(visitors: Visitors, town: Town) -> None:
    officer = await visitors.enter(reduced_motion="reduce", **COUNTER)
    await officer.goto(town.links["@officer"])
    await officer.goto("/officer/staff")
    row = officer.get_by_role("row", name=re.compile("Xu Ning"))
    await row.get_by_role("button").click()
    await expect(officer.get_by_role("heading", name="Is it you?")).to_be_visible()
    await officer.get_by_label("Demo town: type the word demo").fill("demo")
    await officer.get_by_role("button", name="Go on").click()
    await officer.wait_for_url("**/officer/staff")
    for language in ("en", "zh"):
        await officer.goto(f"/officer/staff?lang={language}")
        assert await faults(officer) == []
        assert await sideways(officer) == 0
    await officer.goto("/officer/staff?lang=en")
    await officer.get_by_role("row", name=re.compile("Xu Ning")).get_by_role("button").click()
    link = await officer.locator("#invitation-link").inner_text()
    assert re.fullmatch(rf"{town.base}/signin/invite#[0-9a-f]{{64}}", link)
    assert await faults(officer) == []


async def test_a_resident_adds_a_passkey_signs_in_with_it_and_cancels_it(visitors: Visitors, town: Town) -> None:
    phone = await visitors.enter(reduced_motion="reduce", **PHONE)
    await with_authenticator(phone)
    await phone.goto(town.links["@parent"])
    await phone.wait_for_url("**/my")  # the phone made its key
    await phone.goto("/my/devices?lang=en")
    await expect(phone.get_by_text("This phone", exact=True).first).to_be_visible()
    await phone.get_by_role("link", name="Add a passkey").click()
    assert await faults(phone) == []
    await phone.get_by_role("button", name=MAKE).click()
    await phone.wait_for_url("**/my/devices")
    for language in ("zh", "en"):
        await phone.goto(f"/my/devices?lang={language}")
        assert await faults(phone) == []
        assert await sideways(phone) == 0
    await phone.context.clear_cookies()
    await phone.goto("/my")
    await phone.get_by_role("link", name=USE).click()
    await phone.get_by_role("button", name=USE).click()
    await phone.wait_for_url("**/my")
    await phone.goto("/my/confirm?next=/my/privacy&lang=en")
    assert await faults(phone) == []
    await phone.get_by_role("button", name="Use this phone's key").click()
    await phone.wait_for_url("**/my/privacy")
    await phone.goto("/my/devices")
    await phone.get_by_role("button", name=re.compile("Cancel Passkey made on")).click()
    await expect(phone.get_by_text("None yet. With one you sign in without a counter.")).to_be_visible()
    await phone.goto("/signin")
    await phone.get_by_role("button", name=USE).click()
    await expect(phone.get_by_role("status")).to_contain_text("This passkey does not open anything here.")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    ("path", "handle"),
    [
        ("/signin", None),
        ("/signin?area=clinic", None),
        ("/signin/invite", None),
        ("/clinic", None),
        ("/my", None),
        ("/my/devices", "@resident"),
        ("/my/devices/passkey", "@resident"),
        ("/my/confirm", "@resident"),
        ("/clinic/confirm", "@doctor"),
        ("/clinic/switch", "@doctor"),
        ("/desk/lock", "@desk"),
    ],
)
async def test_axe_finds_nothing_and_nothing_scrolls_sideways(
    visitors: Visitors, town: Town, path: str, handle: str | None, language: str
) -> None:
    page = await visitors.enter(reduced_motion="reduce", **COUNTER)
    if handle is not None:
        await page.goto(town.links[handle])
        if handle == "@resident":
            await page.wait_for_url("**/my")
    await page.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
    assert await faults(page) == []
    assert await sideways(page) == 0


async def test_without_scripts_the_page_says_what_to_do(visitors: Visitors) -> None:
    page = await visitors.enter(java_script_enabled=False)
    await page.goto("/signin")
    assert "residents type the eight digits of any counter" in await page.locator("noscript").inner_text()
    await expect(page.get_by_role("button", name=USE)).to_be_hidden()  # no dead button
    await page.get_by_role("link", name="Residents: type the eight digits").click()
    await expect(page.get_by_label("Eight digits")).to_be_visible()
    resident = await visitors.enter("@resident", java_script_enabled=False)
    await resident.goto("/my/devices")
    await expect(resident.get_by_role("heading", name="Where you are signed in")).to_be_visible()


async def at_the_desk(desk: Page) -> None:
    """Type what stands on her document."""
    await desk.goto("/desk/enrol?lang=en")
    await desk.get_by_label("Document").select_option("passport")
    await desk.get_by_label("Number", exact=True).fill("E70031991")
    await desk.get_by_label("Name as printed").fill("何芳")
    await desk.get_by_label("Date of birth").fill("1979-05-06")
    await desk.get_by_role("button", name="Add her").click()


async def test_a_desk_stops_all_that_acted_for_her(visitors: Visitors) -> None:
    desk = await visitors.enter("@desk", reduced_motion="reduce", **COUNTER)
    await at_the_desk(desk)
    await expect(desk.get_by_role("button", name="Cancel all her old phones")).to_have_count(0)  # she has none yet
    lost = await visitors.enter(**PHONE)
    await lost.goto(await desk.get_by_role("link", name="Open it on this computer").get_attribute("href") or "")
    await lost.get_by_role("button", name="Use this phone").click()
    await lost.wait_for_url("**/my")
    await at_the_desk(desk)
    await desk.get_by_role("button", name="Cancel all her old phones and passkeys").click()
    await expect(desk.get_by_role("heading", name="All her phones and passkeys are cancelled")).to_be_visible()
    await expect(desk.get_by_text("One was cancelled")).to_be_visible()
    assert await faults(desk) == []
    assert await sideways(desk) == 0
    await lost.goto("/my/record")
    await expect(lost.get_by_role("heading", name="Sign in first")).to_be_visible()
    again = await visitors.enter(**PHONE)
    await again.goto("/my/enrol")
    await again.get_by_label("Eight digits").fill(await desk.locator("#digits").inner_text())
    await again.get_by_role("button", name="Use this phone").click()
    await again.wait_for_url("**/my")
    await again.goto("/my/who-looked")
    await expect(again.get_by_text("cancelled all your phones and passkeys")).to_be_visible()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("add", "x/y", "--org", "nowhere", "--role", "desk", "--name", "Y"), 1, "no institution of that name"),
        (("add", "x/y", "--org", "county-2", "--role", "king", "--name", "Y"), 2, "There is no such role."),
        (("add", "x/y", "--org", "county-2", "--role", "resident", "--name", "Y"), 2, "There is no such role."),
        (("licence", "@doctor", "--licence", "1", "--until", "soon"), 2, "YYYY-MM-DD"),
        (("licence", "@doctor", "--licence", "1", "--from", "2026-02-01", "--until", "2026-01-01"), 2, "ends before"),
        (("licence", "@nobody", "--licence", "1"), 1, "Nobody of that name works here."),
        (("invite", "@nobody"), 1, "Nobody of that name works here."),
        (("invite", "county-2/system"), 1, "Nobody of that name works here."),
        (("remove", "@nobody"), 1, "Nobody of that name works here."),
        (("provider", "set", "county-2", "--issuer", "http://id.example", "--client-id", "x"), 2, "https"),
        (("provider", "set", "nowhere", "--issuer", "https://id.example", "--client-id", "x"), 1, "no institution"),
    ],
)
def test_the_commands_say_in_words_what_is_wrong(town: Town, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = run("staff", *arguments, "--data", str(town.data))
    assert (done.code, words in done.err) == (code, True), done.err
    assert "Traceback" not in done.err


def test_the_list_of_staff_names_licences_and_who_signs_in(town: Town) -> None:
    done = run("staff", "list", "--org", "county-2", "--json", "--data", str(town.data))
    assert done.code == 0, done.err
    rows = {row["staff"]: row for row in json.loads(done.out)["staff"]}
    assert rows["@doctor"]["in_force"]
    assert rows["@doctor"]["role"] == "clinician"
    assert not rows["county-2/system"]["signs_in"]


def test_a_provider_is_set_and_taken_away_by_command(town: Town, pocket: Pocket) -> None:
    arguments = ("--issuer", "https://id.example", "--client-id", "carecode", "--data", str(town.data))
    assert run("staff", "provider", "set", "county-2", *arguments).code == 0
    assert "/signin/provider/county-2" in pocket.http.get("/signin").text
    assert run("staff", "provider", "remove", "county-2", "--data", str(town.data)).code == 0
    assert "/signin/provider/county-2" not in pocket.http.get("/signin").text
