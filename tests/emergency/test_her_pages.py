"""What her own pages show of emergencies, reports and orders: the parts that other pages take in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from carecode.web.my.acts import ACTS, words_of_act
from carecode.web.my.report import Notice
from carecode.web.rendering import environment
from tests.emergency.conftest import WORDS, Scene
from tests.emergency.test_orders import released, standing
from tests.emergency.test_reports import ANSWER, look

NOTICES = (
    '{% from "my/emergency_notices.html" import emergency_notices with context %}{{ emergency_notices(all, now) }}'
)
BUTTONS = '{% from "my/report_buttons.html" import report_buttons with context %}{{ report_buttons(about, report) }}'
ORDERS = '{% from "my/legal_orders.html" import legal_orders with context %}{{ legal_orders(orders) }}'


def shown(template: str, language: str = "en", **values: object) -> str:
    return environment(language).from_string(template).render(**values)


async def test_an_emergency_is_framed_with_its_end_and_the_second_persons_word(scene: Scene) -> None:
    emergencies = scene.watch.emergencies
    found = await emergencies.declare(scene.doctor, scene.resident, "unconscious", WORDS, scene.now)
    first = shown(NOTICES, all=[Notice(found, "County Hospital 2", "Unconscious")], now=scene.now)
    assert "Dr Zhou Min, emergency, County Hospital 2" in first
    assert WORDS in first
    assert "It still runs." in first
    assert "A second person must check it by" in first
    assert f'action="/my/who-looked/{found.id}/report"' in first
    scene.clock.forward(minutes=60)
    assert "It ended by itself." in shown(NOTICES, all=[Notice(found, "C", "U")], now=scene.now)
    [item] = await scene.watch.work.queue(scene.officer)
    await scene.watch.work.decide(scene.officer, item.id, "right", ANSWER, scene.now)
    [judged] = await emergencies.of(scene.resident)
    later = shown(NOTICES, all=[Notice(judged, "C", "U"), Notice(judged, "C", "U")], now=scene.now)
    assert f"A second person checked it: “{ANSWER}”" in later
    assert later.count("<details") == 1  # from the second on folded


async def test_under_each_look_stands_what_she_said_and_the_answer(scene: Scene) -> None:
    about = await look(scene)
    reports = scene.watch.reports
    assert "said=not-there" in shown(BUTTONS, about=about, report=None)
    await reports.make(scene.herself, scene.resident, about, "ask", "", scene.now)
    said = shown(BUTTONS, about=about, report=(await reports.of(scene.resident))[about])
    assert "You asked about this." in said
    assert "has to answer by" in said
    assert "said=not-there" not in said
    [item] = await scene.watch.work.queue(scene.officer)
    await scene.watch.work.decide(scene.officer, item.id, "answered", ANSWER, scene.now)
    assert ANSWER in shown(BUTTONS, about=about, report=(await reports.of(scene.resident))[about])


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_order_is_shown_with_what_opens_its_public_entry(scene: Scene, language: str) -> None:
    order = await standing(scene, sealed_until=scene.now.date() + timedelta(days=3))
    await released(scene)
    assert await scene.watch.orders.told(scene.resident, scene.now) == []
    scene.clock.forward(days=3)
    told = await scene.watch.orders.told(scene.resident, scene.now)
    page = shown(ORDERS, language, orders=told)
    for text in ("District Court", "2026-1187", "Sun Li", "Judge Fan", order.opening[0], order.commitment.hex()):
        assert text in page


async def test_every_act_of_second_persons_has_its_sentence(scene: Scene) -> None:
    await standing(scene)
    await scene.watch.emergencies.declare(scene.doctor, scene.resident, "other", WORDS, scene.now)
    await scene.watch.emergencies.end(scene.doctor, scene.resident, scene.now)
    [item] = await scene.watch.work.queue(scene.officer, kind="emergency")
    await scene.watch.work.decide(scene.officer, item.id, "right", ANSWER, scene.now)
    acts = [x for x in await scene.house.log.entries(scene.resident) if x.action == "decide"]
    assert len(acts) == 6
    assert all(words_of_act(x.basis) in ACTS.values() for x in acts)
    assert words_of_act("something new").endswith("Nothing was opened.")
