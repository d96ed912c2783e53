import pytest
from tests.day.people import PHONE, COUNTER
pytestmark = pytest.mark.browser
async def test_shots(visitors):
    page = await visitors.enter("@resident", reduced_motion="reduce", **PHONE)
    for n,p in (("choice","/my/privacy/east-clinic"),("privacy","/my/privacy"),("family","/my/family"),("record","/my/record")):
        await page.goto(p+"?lang=en")
        if n=="choice": await page.get_by_role("radio", name="Only what it wrote itself").check()
        await page.screenshot(path=f"/tmp/dec/{n}.png", full_page=n!="record")
    page = await visitors.enter("@resident", reduced_motion="reduce", **COUNTER)
    await page.goto("/my/privacy/east-clinic?lang=en")
    await page.get_by_role("radio", name="Only what it wrote itself").check()
    await page.screenshot(path="/tmp/dec/choice-1280.png")
    await page.goto("/my/privacy?lang=zh")
    await page.screenshot(path="/tmp/dec/privacy-1280-zh.png")
