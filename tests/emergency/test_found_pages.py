"""What the pages of break-glass, of orders and of her news must not let slip."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from carecode.kernel.vocabulary import Purpose, Requester, Resident, Role
from tests.emergency.conftest import WORDS, Scene, staffed
from tests.emergency.test_pages import Browser, Visitors, broken_glass, proved, typed


@pytest.fixture
async def visitors(scene: Scene) -> AsyncIterator[Visitors]:
    came = Visitors(scene)
    yield came
    for client in came.open:
        await client.aclose()


def patient_of(scene: Scene, resident: Resident) -> str:
    return scene.house.gate.patient_id(scene.doctor, resident)


async def declared(doctor: Browser, scene: Scene, resident: Resident, words: str = WORDS) -> Browser:
    fields = {"patient": patient_of(scene, resident), "reason": "other", "words": words}
    return await doctor.send("/clinic/emergency/declare", also=fields)


# No card without a line in her log


@pytest.mark.parametrize(("reason", "words"), [("", ""), ("unconscious", "fell"), ("curiosity", WORDS)])
async def test_a_form_sent_without_finding_her_shows_no_card_unlogged(
    visitors: Visitors, reason: str, words: str
) -> None:
    scene = visitors.scene
    doctor = await visitors.enter(scene.doctor)
    await proved(doctor)
    before = len(await scene.house.log.entries(scene.resident, 50))
    fields = {"patient": patient_of(scene, scene.resident), "reason": reason, "words": words}
    await doctor.send("/clinic/emergency/declare", 400, also=fields)
    assert "Li Ming" in doctor.text
    entries = await scene.house.log.entries(scene.resident, 50)
    assert len(entries) == before + 1
    assert (entries[0].action, entries[0].purpose, entries[0].requester) == ("identify", Purpose.IDENTIFY, "zhou")


# The first reason stands


async def test_a_second_declaration_says_that_the_first_reason_stands(visitors: Visitors) -> None:
    scene = visitors.scene
    doctor = await broken_glass(visitors)
    assert "The first reason stands" not in doctor.text
    await declared(doctor, scene, scene.resident, "Another thing altogether.")
    assert doctor.path == "/clinic/record"
    assert "You declared this emergency already at" in doctor.text
    assert "The first reason stands; what you wrote now was not kept." in doctor.text
    assert "Reason given: Unconscious." in doctor.text
    assert [x.words for x in await scene.watch.emergencies.of(scene.resident)] == [WORDS]


async def test_where_one_ends_those_that_still_run_are_a_link_away(visitors: Visitors) -> None:
    scene = visitors.scene
    doctor = await broken_glass(visitors)
    await declared(doctor, scene, scene.other)
    await doctor.send("/clinic/emergency/end", emergency=doctor.hidden("emergency"))
    assert "One other emergency of yours still runs" in doctor.text
    [still] = await scene.watch.emergencies.still_running(scene.doctor, scene.now)
    link = f"/clinic/record?emergency={still.id}"
    assert f'href="{link}"' in doctor.source
    assert patient_of(scene, scene.resident) not in doctor.source
    await doctor.go(link)
    assert doctor.path == "/clinic/record"
    assert "Emergency access. This patient only." in doctor.text
    assert "Penicillin" in doctor.text
    await doctor.send("/clinic/emergency/end", emergency=doctor.hidden("emergency"))
    assert "still run" not in doctor.text
    await doctor.go(link)
    assert doctor.path == "/clinic/emergency/ended"


async def test_anothers_running_emergency_is_no_link_for_me(visitors: Visitors) -> None:
    scene = visitors.scene
    await broken_glass(visitors)
    [still] = await scene.watch.emergencies.still_running(scene.doctor, scene.now)
    colleague = await visitors.enter(scene.colleague)
    await colleague.go(f"/clinic/record?emergency={still.id}")
    assert colleague.path == "/clinic/emergency/ended"
    assert "Li Ming" not in colleague.text


# Her news, behind her words


async def news(phone: Browser) -> dict[str, object]:
    answer = await phone.http.get("/my/news?since=0")
    assert answer.status_code == 200
    found: dict[str, object] = answer.json()
    return found


async def a_doctor_looks(scene: Scene, doctor: Requester | None = None) -> None:
    await scene.house.log.append(scene.resident, doctor or scene.doctor, "identify", Purpose.IDENTIFY, "document")


async def test_before_a_word_is_given_her_news_say_nothing(visitors: Visitors) -> None:
    scene = visitors.scene
    phone = await visitors.enter(scene.herself)
    await a_doctor_looks(scene)
    assert "Dr Zhou Min" in str(await news(phone))  # she has no words yet
    await scene.house.quiet.set_words(scene.herself, "sunflower", "raincoat")
    assert set(await news(phone)) == {"now_ms"}
    assert (await phone.http.get("/my")).status_code == 200  # the code itself asks for no word
    await phone.send("/my/word", word="sunflower", then="/my")
    told = await news(phone)
    assert "Dr Zhou Min" in str(told["title"])
    assert "emergency" in str(told["title"])  # her title


async def test_quietly_her_news_say_what_the_quiet_list_says(visitors: Visitors) -> None:
    scene = visitors.scene
    phone = await visitors.enter(scene.herself)
    await a_doctor_looks(scene)
    await scene.house.quiet.set_words(scene.herself, "sunflower", "raincoat")
    await phone.send("/my/word", word="raincoat", then="/my")
    told = await news(phone)
    assert "Dr Zhou Min" in str(told["title"])
    assert "emergency" not in str(told["title"])
    assert str(told["title"]) in re.sub(r"</?b>", "", (await phone.go("/my/who-looked")).source)


async def test_quietly_no_place_in_a_queue_names_a_service(visitors: Visitors) -> None:
    scene = visitors.scene
    phone = await visitors.enter(scene.herself)
    desk = await staffed(scene.house, "bai", "county-2", Role.DESK, "Bai Xue")
    await a_doctor_looks(scene, desk)
    patient = scene.house.gate.patient_id(desk, scene.resident)
    today = scene.now.astimezone().date()
    await scene.house.queue.check_in(organisation="county-2", patient=patient, service="surgery", on=today)
    assert "number" in await news(phone)
    await scene.house.quiet.set_words(scene.herself, "sunflower", "raincoat")
    await phone.send("/my/word", word="raincoat", then="/my")
    told = await news(phone)
    assert "Bai Xue" in str(told["title"])
    assert not {"number", "where"} & set(told)


# Who entered an order


async def test_who_entered_an_order_is_offered_no_approval(visitors: Visitors) -> None:
    scene = visitors.scene
    officer, second = [await visitors.enter(x) for x in (scene.officer, scene.second)]
    await officer.send("/officer/orders", also=typed(scene))
    [item] = await scene.watch.work.queue(scene.officer, kind="order")
    await officer.go(f"/officer/items/{item.id}")
    assert f"/officer/items/{item.id}/approve" not in officer.source
    assert "You entered this order. Two others have to approve it." in officer.text
    assert f"/officer/items/{item.id}/refuse" in officer.source
    await second.go(f"/officer/items/{item.id}")
    assert f"/officer/items/{item.id}/approve" in second.source
