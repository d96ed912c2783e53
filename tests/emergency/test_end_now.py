"""End now: it ends the emergency on whose page the button stands, and says "over" of one that is over only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.emergency.conftest import WORDS, Scene
from tests.emergency.test_found_pages import declared
from tests.emergency.test_pages import Browser, Visitors, broken_glass

ENDED = "/clinic/emergency/ended"
OVER = "The emergency is over"
CLOSED = "Her record is closed."


@pytest.fixture
async def visitors(scene: Scene) -> AsyncIterator[Visitors]:
    came = Visitors(scene)
    yield came
    for client in came.open:
        await client.aclose()


async def running(scene: Scene) -> int:
    return len(await scene.watch.emergencies.still_running(scene.doctor, scene.now))


def says_over(browser: Browser) -> bool:
    assert (OVER in browser.source) == (CLOSED in browser.source)
    return OVER in browser.source


@pytest.mark.parametrize("other_tab", ["/clinic", "/clinic/emergency"])
async def test_another_tab_does_not_keep_it_open(visitors: Visitors, other_tab: str) -> None:
    doctor = await broken_glass(visitors)
    number = doctor.hidden("emergency")
    await doctor.go(other_tab)
    await doctor.send("/clinic/emergency/end", emergency=number)
    assert await running(visitors.scene) == 0
    assert says_over(doctor)


async def test_one_is_ended_though_another_is_open_in_this_browser(visitors: Visitors) -> None:
    scene = visitors.scene
    doctor = await broken_glass(visitors)
    first = doctor.hidden("emergency")
    await declared(doctor, scene, scene.other)
    second = doctor.hidden("emergency")
    await doctor.send("/clinic/emergency/end", emergency=first)
    assert says_over(doctor)
    [still] = await scene.watch.emergencies.still_running(scene.doctor, scene.now)
    assert str(still.id) == second != first
    assert "One other emergency of yours still runs" in doctor.text


async def test_a_bare_page_says_over_of_nothing(visitors: Visitors) -> None:
    doctor = await broken_glass(visitors)
    number = doctor.hidden("emergency")
    await doctor.go("/clinic")
    await doctor.go(ENDED)
    assert not says_over(doctor)
    assert "One emergency of yours still runs" in doctor.text
    await doctor.go(f"{ENDED}?emergency={number}")
    assert not says_over(doctor)
    assert "The emergency still runs" in doctor.text
    assert f'href="/clinic/record?emergency={number}"' in doctor.source
    assert await running(visitors.scene) == 1


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("number", ["", "x", "9136649c-1a09-4e16-b980-3cc0a3ddca97"])
async def test_an_unknown_one_gets_a_plain_sentence(visitors: Visitors, number: str, language: str) -> None:
    doctor = await visitors.enter(visitors.scene.doctor, language)
    await doctor.send("/clinic/emergency/end", emergency=number)
    assert not says_over(doctor)
    said = {"en": "There is no such emergency of yours", "zh": "没有您的这次紧急访问"}[language]
    assert said in doctor.text


async def test_a_colleague_ends_nothing(visitors: Visitors) -> None:
    doctor = await broken_glass(visitors)
    number = doctor.hidden("emergency")
    colleague = await visitors.enter(visitors.scene.colleague)
    await colleague.send("/clinic/emergency/end", emergency=number)
    assert not says_over(colleague)
    assert "There is no such emergency of yours" in colleague.text
    assert await running(visitors.scene) == 1


async def test_pressed_twice_it_is_over_both_times(visitors: Visitors) -> None:
    doctor = await broken_glass(visitors)
    number = doctor.hidden("emergency")
    for _ in range(2):
        await doctor.send("/clinic/emergency/end", emergency=number)
        assert says_over(doctor)
    await doctor.send("/clinic/emergency/attest", emergency=number, attested="treated", words=WORDS)
    assert "Nothing waits for your word." in doctor.text


async def test_over_by_itself_its_own_page_says_so(visitors: Visitors) -> None:
    doctor = await broken_glass(visitors)
    visitors.scene.house.sessions._idle = timedelta(hours=3)
    visitors.scene.clock.forward(minutes=60)
    await doctor.go(ENDED)
    assert says_over(doctor)
    assert "Ended by itself" in doctor.text
