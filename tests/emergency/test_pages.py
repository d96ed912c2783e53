"""The pages of break-glass and of the privacy officer, without scripts, as a browser asks for them."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest

from carecode.app import asgi
from carecode.disclosure.answers import Release
from carecode.healthcode.phone import DeviceKey
from carecode.kernel.vocabulary import CodePurpose, Purpose, Requester
from tests.emergency.conftest import WORDS, Scene, deposit, let_it_be_public

VERDICT = "She was in the emergency room that night."
BOUNDS = {"kind": "passport", "number": "E12345678"}


class Browser:
    """One person's browser: follows what it is sent, as a form without scripts does."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.http = client
        self.answer: httpx.Response | None = None

    @property
    def text(self) -> str:
        assert self.answer is not None
        body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", self.answer.text, flags=re.DOTALL)
        return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))

    @property
    def source(self) -> str:
        assert self.answer is not None
        return self.answer.text

    async def go(self, path: str, status: int = 200) -> Browser:
        self.answer = await self.http.get(path)
        assert self.answer.status_code == status, self.text
        return self

    async def send(self, path: str, status: int = 200, also: Mapping[str, str] | None = None, **fields: str) -> Browser:
        headers = {"content-type": "application/x-www-form-urlencoded", "origin": "http://localhost:8000"}
        self.answer = await self.http.post(path, content=urlencode({**fields, **(also or {})}), headers=headers)
        assert self.answer.status_code == status, self.text
        return self

    @property
    def path(self) -> str:
        assert self.answer is not None
        return self.answer.url.path

    def hidden(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]+)"', self.source)
        assert found is not None
        return found[1]


class Visitors:
    """Browsers of everybody who is signed in."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.open: list[httpx.AsyncClient] = []
        self.app = asgi(scene.house)

    async def enter(self, who: Requester, language: str = "en") -> Browser:
        transport = httpx.ASGITransport(app=self.app)
        client = httpx.AsyncClient(
            transport=transport, base_url="http://localhost:8000", follow_redirects=True, timeout=60,
            headers={"accept-language": language},
        )  # fmt: skip
        self.open.append(client)
        sessions = self.scene.house.sessions
        if who.resident is not None:
            link = await sessions.link(self.scene.now, resident=who.resident)
        else:
            link = await sessions.link(self.scene.now, staff=who.id)
        (await client.get(f"/signin/{link}")).raise_for_status()
        return Browser(client)


@pytest.fixture
async def visitors(scene: Scene) -> AsyncIterator[Visitors]:
    came = Visitors(scene)
    yield came
    for client in came.open:
        await client.aclose()


async def proved(browser: Browser, area: str = "clinic") -> None:
    """Type the demo town's word: a fresh proof for two minutes."""
    await browser.send(f"/{area}/confirm/word", word="demo", next=f"/{area}")


async def broken_glass(visitors: Visitors) -> Browser:
    doctor = await visitors.enter(visitors.scene.doctor)
    await proved(doctor)
    await doctor.send("/clinic/emergency/find", also=BOUNDS)
    patient = doctor.hidden("patient")
    return await doctor.send("/clinic/emergency/declare", patient=patient, reason="unconscious", words=WORDS)


# Break-glass


async def test_the_link_stands_on_every_page_alike(visitors: Visitors) -> None:
    doctor = await visitors.enter(visitors.scene.doctor)
    offer = 'Danger to life? <a href="/clinic/emergency">Emergency access</a>, offered for every patient alike.'
    assert offer in (await doctor.go("/clinic")).source
    scene = visitors.scene
    bearer = await scene.house.index.bearer_of(scene.resident.id)
    key = DeviceKey(bytes(range(32)))
    number = await scene.house.verifier.register_device(bearer, key.algorithm, key.public, "hers", scene.now)
    digits = re.search(r'class="big-number numbers">(\d{4})<', doctor.source)
    assert digits is not None
    handle, secret = (bytes.fromhex(x) for x in (await scene.house.verifier.batch(number, 1))[0])
    code = key.show(handle, secret, CodePurpose.OPEN_RECORD, scene.now, digits[1])
    assert offer in (await doctor.send("/clinic/open", code=code)).source
    assert "in-emergency" not in doctor.source


async def test_three_steps_open_the_summary_in_its_frame(visitors: Visitors) -> None:
    doctor = await visitors.enter(visitors.scene.doctor)
    await proved(doctor)
    first = await doctor.go("/clinic/emergency")
    for said in (
        "She and your privacy officer are told at once.", "It ends by itself after 60 minutes.", "This person only.",
        "Not the whole record",
    ):  # fmt: skip
        assert said in first.text
    await doctor.send("/clinic/emergency/find", also=BOUNDS)
    assert "Li Ming" in doctor.text
    assert "She and your privacy officer are told at once." in doctor.text  # beforehand
    assert "Penicillin" not in doctor.text
    await doctor.send("/clinic/emergency/declare", patient=doctor.hidden("patient"), reason="unconscious", words=WORDS)
    assert doctor.path == "/clinic/record"
    assert "Penicillin" in doctor.text
    assert "Emergency access. This patient only." in doctor.text
    assert "Reason given: Unconscious." in doctor.text
    assert 'class="govuk-template__body staff in-emergency"' in doctor.source
    assert doctor.answer is not None
    seconds, _, place = doctor.answer.headers["refresh"].partition("; ")
    assert 3500 < int(seconds) <= 3600
    assert place == "url=/clinic/emergency/ended"


async def test_an_emergency_code_finds_her_too(visitors: Visitors) -> None:
    scene = visitors.scene
    doctor = await visitors.enter(scene.doctor)
    bearer = await scene.house.index.bearer_of(scene.resident.id)
    key = DeviceKey(bytes(range(32)))
    number = await scene.house.verifier.register_device(bearer, key.algorithm, key.public, "hers", scene.now)
    (one, its), (two, others) = [
        (bytes.fromhex(handle), bytes.fromhex(secret)) for handle, secret in await scene.house.verifier.batch(number, 2)
    ]
    wrong = key.show(one, its, CodePurpose.REGISTER, scene.now, None)
    await doctor.send("/clinic/emergency/find", 403, code=wrong)
    await doctor.send("/clinic/emergency/find", code=key.show(two, others, CodePurpose.EMERGENCY, scene.now, None))
    assert "Li Ming" in doctor.text
    [entry] = await scene.house.log.entries(scene.resident, 1)
    assert (entry.action, entry.basis) == ("identify", "emergency code")


async def test_without_a_fresh_proof_she_is_asked_and_what_she_typed_stays(visitors: Visitors) -> None:
    doctor = await visitors.enter(visitors.scene.doctor)
    await doctor.send("/clinic/emergency/find", also=BOUNDS)
    await doctor.send("/clinic/emergency/declare", patient=doctor.hidden("patient"), reason="other", words=WORDS)
    assert doctor.path == "/clinic/confirm"
    assert await visitors.scene.watch.emergencies.of(visitors.scene.resident) == []
    await doctor.send("/clinic/confirm/word", word="demo", next="/clinic/emergency/declare")
    assert doctor.path == "/clinic/emergency/declare"
    assert WORDS in doctor.text
    assert re.search(r'value="other" required checked', doctor.source)
    await doctor.send("/clinic/emergency/declare", patient=doctor.hidden("patient"), reason="other", words=WORDS)
    assert doctor.path == "/clinic/record"
    await doctor.go("/clinic/emergency/declare")
    assert doctor.path == "/clinic/emergency"  # nothing typed is left in this browser


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": "unconscious", "words": "fell"}, "at least 15 characters"),
        ({"reason": "unconscious", "words": "..............."}, "10 of them letters"),
        ({"reason": "", "words": WORDS}, "Choose the reason from the list."),
        ({"reason": "curiosity", "words": WORDS}, "Choose the reason from the list."),
    ],
)
async def test_what_cannot_be_declared_is_said_and_stays_typed(
    visitors: Visitors, fields: dict[str, str], words: str
) -> None:
    doctor = await visitors.enter(visitors.scene.doctor)
    await proved(doctor)
    await doctor.send("/clinic/emergency/find", also=BOUNDS)
    await doctor.send("/clinic/emergency/declare", 400, patient=doctor.hidden("patient"), also=fields)
    assert words in doctor.text
    assert fields["words"] in doctor.text
    assert "Li Ming" in doctor.text


async def test_nobody_is_found_by_a_number_of_nobody(visitors: Visitors) -> None:
    doctor = await visitors.enter(visitors.scene.doctor)
    await doctor.send("/clinic/emergency/find", 404, kind="passport", number="E99999999")
    assert "E99999999" in doctor.source  # typed text stays
    await doctor.send("/clinic/emergency/declare", 404, patient="0" * 32, reason="other", words=WORDS)


async def test_ended_by_hand_the_record_is_closed_and_her_word_is_asked(visitors: Visitors) -> None:
    doctor = await broken_glass(visitors)
    await doctor.send("/clinic/emergency/end", emergency=doctor.hidden("emergency"))
    assert doctor.path == "/clinic/emergency/ended"
    assert "What was it?" in doctor.text
    await doctor.go("/clinic/record")
    assert doctor.path == "/clinic"
    await doctor.go("/clinic/emergency")
    assert "One emergency of yours is over and lacks your word." in doctor.text
    number = (await doctor.go("/clinic/emergency/ended")).hidden("emergency")
    await doctor.send("/clinic/emergency/attest", 400, emergency=number, attested="treated", words="short")
    assert "short" in doctor.text
    await doctor.send("/clinic/emergency/attest", emergency=number, attested="treated", words=WORDS)
    assert "Nothing waits for your word." in doctor.text
    await doctor.send("/clinic/emergency/attest", 404, emergency=number, attested="treated", words=WORDS)


async def test_over_by_itself_the_page_opens_nothing(visitors: Visitors) -> None:
    doctor = await broken_glass(visitors)
    visitors.scene.house.sessions._idle = timedelta(hours=3)  # the screen is used meanwhile
    visitors.scene.clock.forward(minutes=60)
    await doctor.go("/clinic/record")
    assert doctor.path == "/clinic/emergency/ended"
    assert "Ended by itself" in doctor.text


async def test_her_phone_hears_of_it_at_once_though_no_code_was_shown(visitors: Visitors) -> None:
    phone = await visitors.enter(visitors.scene.herself)
    before = int(visitors.scene.now.timestamp() * 1000)
    await broken_glass(visitors)
    told = (await phone.http.get(f"/my/news?since={before}")).json()
    assert "Dr Zhou Min" in told["title"]
    assert "County Hospital 2" in told["title"]
    assert "emergency" in told["detail"].lower()


# The officer


async def test_the_officer_reviews_it(visitors: Visitors) -> None:
    await broken_glass(visitors)
    officer = await visitors.enter(visitors.scene.officer)
    queue = await officer.go("/officer")
    assert "A record was opened in an emergency" in queue.text
    assert "Dr Zhou Min" in queue.text
    for secret in ("Li Ming", "李明", "Penicillin"):
        assert secret not in queue.text
    item = re.search(r"/officer/items/[0-9a-f-]{36}", queue.source)
    assert item is not None
    shown = await officer.go(item[0])
    assert WORDS in shown.text
    assert "Tan Hui, County Hospital 2" in shown.text  # to whom it is shown
    for secret in ("Li Ming", "李明", "Penicillin"):
        assert secret not in shown.text
    assert "Li Ming" in (await officer.send(f"{item[0]}/who")).text
    await officer.send(f"{item[0]}/decide", 400, verdict="right", words="fine")
    assert "at least 15 characters" in officer.text
    assert 'value="right" required checked' in officer.source
    await officer.send(f"{item[0]}/decide", verdict="right", words=VERDICT)
    assert VERDICT in officer.text
    assert "Nothing waits." in (await officer.go("/officer")).text
    assert "This was right" in (await officer.go("/officer?decided=1")).text
    await officer.send(f"{item[0]}/decide", 409, verdict="not-right", words=VERDICT)


async def test_another_hospitals_officer_finds_nothing(visitors: Visitors) -> None:
    await broken_glass(visitors)
    [item] = await visitors.scene.watch.work.queue(visitors.scene.officer)
    stranger = await visitors.enter(visitors.scene.stranger)
    assert "Nothing waits." in (await stranger.go("/officer")).text
    for path in (f"/officer/items/{item.id}", "/officer/items/x", f"/officer/orders/{item.id}"):
        await stranger.go(path, 404)
    for act in ("who", "decide", "approve", "refuse"):
        await proved(stranger, "officer")
        await stranger.send(f"/officer/items/{item.id}/{act}", 404, verdict="right", words=VERDICT)
    doctor = await visitors.enter(visitors.scene.doctor)
    await doctor.go("/officer", 403)


async def test_filters_and_chinese(visitors: Visitors) -> None:
    await broken_glass(visitors)
    officer = await visitors.enter(visitors.scene.officer, "zh")
    assert "Dr Zhou Min" in (await officer.go("/officer?kind=emergency")).text
    assert "Dr Zhou Min" not in (await officer.go("/officer?kind=report")).text
    assert "Dr Zhou Min" in (await officer.go("/officer?kind=nonsense")).text
    assert 'lang="zh-Hans"' in officer.source


# Was this right?


async def test_she_says_it_was_not_right_and_reads_the_answer(visitors: Visitors) -> None:
    scene = visitors.scene
    await broken_glass(visitors)
    [found] = await scene.watch.emergencies.of(scene.resident)
    phone = await visitors.enter(scene.herself)
    await phone.go(f"/my/who-looked/{found.id}/report?said=not-there")
    assert "seven days to answer" in phone.text
    await phone.send(f"/my/who-looked/{found.id}/report", said="not-there", words="I was abroad.")
    assert phone.path == "/my/who-looked"
    await phone.send(f"/my/who-looked/{found.id}/report", 409, said="ask", words="Typed again.")
    assert "Typed again." in phone.text
    await phone.send("/my/who-looked/x/report", 404, said="right")
    await phone.go(f"/my/who-looked/{found.id}/report?said=what", 404)
    officer = await visitors.enter(scene.officer)
    [item] = await scene.watch.work.queue(scene.officer, kind="report")
    await officer.go(f"/officer/items/{item.id}")
    assert "She says: I was not there. “I was abroad.”" in officer.text
    await officer.send(f"/officer/items/{item.id}/decide", verdict="answered", words=VERDICT)
    assert (await scene.watch.reports.of(scene.resident))[found.id].answer == VERDICT


# Legal orders


def typed(scene: Scene, **other: str) -> dict[str, str]:
    today = scene.now.date()
    return {
        "body": "District Court", "basis": "Criminal Procedure Law, article 54", "reference": "2026-1187", **BOUNDS,
        "category-2": "1", "from_on": str(today), "to_on": str(today + timedelta(days=30)), "sealed_until": "",
        "body_one": "county-2", "body_two": "court",
    } | other  # fmt: skip


async def test_an_order_goes_its_way_through_the_pages(visitors: Visitors) -> None:
    scene = visitors.scene
    officer, second, judge = [await visitors.enter(x) for x in (scene.officer, scene.second, scene.judge)]
    await officer.send("/officer/orders", also=typed(scene))
    place = officer.path
    assert "2026-1187" in officer.text
    assert "This order opens nothing now." in officer.text
    for one in (second, judge):
        await one.go("/officer?kind=order")
        item = re.search(r"/officer/items/[0-9a-f-]{36}", one.source)
        assert item is not None
        await one.send(f"{item[0]}/approve")
        assert one.path == "/officer/confirm"  # not without a fresh proof
        await proved(one, "officer")
        await one.send(f"{item[0]}/approve")
        assert "Approved" in one.text
    await proved(officer, "officer")
    await officer.send(f"{place}/release", 403)
    assert "This order opens nothing" in officer.text
    await let_it_be_public(scene.house)
    await officer.go(place)
    assert "In it, and cosigned." in officer.text
    await officer.send(f"{place}/release")
    assert officer.answer is not None
    assert [x["resource"]["resourceType"] for x in officer.answer.json()["entry"]] == ["AllergyIntolerance"]
    assert officer.answer.headers["cache-control"] == "no-store"
    [entry] = await scene.house.log.entries(scene.resident, 1)
    assert entry.purpose is Purpose.HLEGAL


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"from_on": "2026-12-02", "to_on": "2026-12-01"}, 400, "The last day is before the first day."),
        ({"from_on": "9999-12-31", "to_on": "9999-12-31"}, 400, "The first day is at most 366 days ahead."),
        ({"from_on": "tomorrow"}, 400, "Write the days as year-month-day."),
        ({"sealed_until": "2099-01-01"}, 400, "within the next 180 days"),
        ({"category-2": ""}, 400, "Choose at least one kind of entry."),
        ({"body_two": "county-2"}, 400, "Two different bodies"),
        ({"number": "E99999999"}, 404, "Nobody with this number."),
        ({"kind": "library card"}, 400, "Choose the document from the list."),
    ],
)
async def test_a_contradicting_order_is_said_and_stays_typed(
    visitors: Visitors, change: dict[str, str], status: int, words: str
) -> None:
    officer = await visitors.enter(visitors.scene.officer)
    await officer.send("/officer/orders", status, typed(visitors.scene, **change))
    assert words in officer.text
    assert 'value="2026-1187"' in officer.source
    assert 'value="Criminal Procedure Law, article 54"' in officer.source
    assert await visitors.scene.watch.orders.of_institution(visitors.scene.officer) == []


async def test_a_visit_shows_up_in_no_emergency(visitors: Visitors) -> None:
    await deposit(visitors.scene, "city-1", "letter")
    doctor = await broken_glass(visitors)
    assert "Visits, images and letters stay closed in an emergency." in doctor.text
    answer = await visitors.scene.house.gate.open(
        visitors.scene.doctor, Purpose.ETREAT, resident=visitors.scene.resident
    )
    assert isinstance(answer, Release)
    assert "DocumentReference" not in {x.type for x in answer.bodies}
