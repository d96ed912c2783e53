"""Take the README's pictures from a running demo: ``python tools/screenshots.py PORT DATA``.

Needs Chromium and the test requirements.  Writes docs/pictures/*.png.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "docs" / "pictures"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HERS = {"/my": "my-code", "/my/who-looked": "who-looked", "/my/privacy": "privacy", "/my/family": "family"}
PHONE = (390, 844)
SCREEN = (1280, 900)


def code(data: str, purpose: str, *more: str) -> str:
    """Return a code of @resident, made by the command line."""
    command = [str(ROOT / "carecode"), "code", "show", "@resident", "--purpose", purpose, "--data", data, *more]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def signed_in(base: str) -> dict[str, str]:
    """Return the front page's sign-in links by area."""
    with urllib.request.urlopen(base) as page:  # noqa: S310  # our own demo on this machine
        text = page.read().decode()
    return dict.fromkeys(re.findall(r'href="(/signin/[0-9a-f]+)"', text), "")


async def page_of(browser: Browser, size: tuple[int, int]) -> Page:
    """Open a page in a browser of its own."""
    context = await browser.new_context(viewport={"width": size[0], "height": size[1]}, locale="en-GB")
    return await context.new_page()


async def main(port: str, data: str) -> None:
    """Take every picture."""
    base = f"http://localhost:{port}"
    PICTURES.mkdir(parents=True, exist_ok=True)
    links = list(signed_in(base))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        areas: dict[str, str] = {}
        for link in links:
            probe = await page_of(browser, SCREEN)
            await probe.goto(base + link)
            areas.setdefault(probe.url.removeprefix(base).strip("/").partition("/")[0], link)
            await probe.context.close()
        desk = await page_of(browser, SCREEN)
        await desk.goto(base + areas["desk"])
        await desk.get_by_role("textbox").first.fill(code(data, "REGISTER"))
        await desk.keyboard.press("Enter")
        await desk.wait_for_timeout(800)
        await desk.screenshot(path=PICTURES / "desk.png")

        clinic = await page_of(browser, SCREEN)
        await clinic.goto(base + areas["clinic"])
        number = re.search(r"\b(\d{4})\b", await clinic.inner_text("body"))
        assert number is not None
        await clinic.get_by_role("textbox").first.fill(code(data, "OPEN_RECORD", "--desk-number", number[1]))
        await clinic.keyboard.press("Enter")
        await clinic.wait_for_timeout(1200)
        await clinic.screenshot(path=PICTURES / "clinic.png")

        await emergency(browser, base + areas["clinic"], code(data, "EMERGENCY"))
        officer = await page_of(browser, SCREEN)
        await officer.goto(base + areas["officer"])
        await officer.screenshot(path=PICTURES / "officer.png")

        steward = await page_of(browser, SCREEN)
        await steward.goto(base + areas["steward"])
        await steward.screenshot(path=PICTURES / "steward.png")
        cases = steward.get_by_role("link", name=re.compile("^Case "))
        if await cases.count():
            await cases.first.click()
            await steward.screenshot(path=PICTURES / "steward-pair.png")

        phone = await page_of(browser, PHONE)
        await phone.goto(base + areas["my"])
        for path, name in HERS.items():
            await phone.goto(base + path)
            await phone.wait_for_timeout(1500)
            await phone.screenshot(path=PICTURES / f"{name}.png")
        await browser.close()


async def emergency(browser: Browser, link: str, shown: str) -> None:
    """Break the glass as a doctor, and take the picture of what it opens."""
    doctor = await page_of(browser, SCREEN)
    await doctor.goto(link)
    await doctor.get_by_role("link", name="Emergency access").click()
    await doctor.get_by_label("Code", exact=True).fill(shown)
    await doctor.get_by_role("button", name="Check the code").click()
    await doctor.get_by_role("radio", name="Unconscious").check()
    await doctor.get_by_label("What happened").fill("Brought in unconscious after a fall.")
    await doctor.get_by_role("button", name="Open in an emergency").click()
    await doctor.get_by_label("type the word demo").fill("demo")
    await doctor.get_by_role("button", name="Go on").click()
    await doctor.get_by_role("button", name="Open in an emergency").click()
    await doctor.wait_for_timeout(1200)
    await doctor.screenshot(path=PICTURES / "emergency.png")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
