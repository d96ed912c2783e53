"""Index stewards in the browser: the queue, a pair, an answer by keys, a second steward, taking back; and the desk.

The house runs in this process on a database of its own; the model, the ledger and the log are the real ones.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect

from carecode.app import App
from carecode.disclosure.answers import Release
from carecode.disclosure.people import herself
from carecode.disclosure.stewards_rules import SAME, is_blind
from carecode.identity.identifiers import CITIZEN_SYSTEM
from carecode.identity.linking.guards import RULES
from carecode.identity.linking.levels import FIELDS
from carecode.identity.person import Person
from carecode.kernel.vocabulary import Purpose, Requester, Resident, Role
from tests.day.comparing_pages import Counter, counter_of, fill, keys_of, no_fault
from tests.disclosure.comparing import CITIZEN, DESK, OTHER_CITIZEN, OTHER_SIGN, REASON, WEIGUO, with_check

pytestmark = pytest.mark.browser

QUESTION = "Are these two the same person?"


@pytest.fixture
async def counter(house: App, browser: Browser) -> AsyncIterator[Counter]:
    async with counter_of(house, browser) as made:
        yield made


async def weighed_case(counter: Counter, *, blind: bool = False) -> UUID:
    """Make a case that the model itself asks about: one name but for a sign, one birth date, one phone."""
    scene = counter.scene
    one = await scene.enrol(WEIGUO, ("citizen-id", with_check(CITIZEN)))
    other = await scene.enrol(OTHER_SIGN, source="east-clinic")
    waiting = [number for number, _ in await scene.house.index.ledger.reviews(10)]
    number = waiting[0] if waiting else await scene.case(one, other)  # or a desk asks
    return await chosen_by_chance(counter, number, blind=blind)


async def chosen_by_chance(counter: Counter, number: UUID, *, blind: bool = False) -> UUID:
    """Ask again until chance makes it a blind case, or none."""
    ledger, now = counter.scene.house.index.ledger, counter.scene.now
    _state, entries = await ledger.review(number)
    while is_blind(number) is not blind:
        await ledger.close_review(number, DESK, now)
        again = (await ledger.open_review(entries, DESK, now)).review
        assert again is not None
        number = again
    return number


async def answer(page: Page, key: str, reason: str = REASON) -> None:
    await page.locator("h1").click()
    await page.keyboard.press(key)
    await page.get_by_label("What did you check?").fill(reason)
    await page.get_by_role("button", name="Save answer").click()


# The story: a duplicate made at the desk, reviewed, linked, seen as one, unlinked, exactly as before


async def test_a_duplicate_is_made_at_the_desk_reviewed_linked_and_unlinked(counter: Counter) -> None:
    scene = counter.scene
    first = await scene.enrol(WEIGUO, ("citizen-id", with_check(CITIZEN)), source="east-clinic")
    before = await scene.house.index.by_id(first.id)
    desk = await counter.enter("@desk", "desk")
    await desk.goto("/desk/enrol")
    await fill(desk, OTHER_SIGN, with_check(OTHER_CITIZEN))
    await desk.get_by_role("button", name="Add her").click()
    await expect(desk.get_by_role("heading", name="Is it one of these?")).to_be_visible()
    row = desk.locator(".possible .card")
    assert await row.count() == 1
    shown = re.sub(r"\s+", " ", await row.inner_text())
    assert shown.startswith("Name 张* Born in 1958 Phone ends in 71")
    said = await desk.locator("main").inner_text()
    assert not any(each in said for each in ("张卫国", "张伟国", "Zhang", "4471"))
    await no_fault(desk)
    assert (await scene.list_of(first))[-1] == ("@desk", "possible duplicate")
    assert await scene.house.index.count() == 1
    await desk.get_by_role("button", name="None of these: register her anew").click()
    await expect(desk.get_by_role("heading", name="She is in the index")).to_be_visible()
    await expect(desk.get_by_text("A steward compares her entry with another.")).to_be_visible()
    assert await scene.house.index.count() == 2
    await desk.reload()  # the browser sends the form again
    assert await scene.house.index.count() == 2
    [(asked, _)] = await scene.house.index.ledger.reviews(10)
    number = await chosen_by_chance(counter, asked)
    _state, entries = await scene.house.index.ledger.review(number)
    [second] = [each for each in entries if each != first.id]
    own = await scene.house.index.by_id(second)
    assert before is not None
    assert own is not None

    await deposited(counter, CITIZEN_SYSTEM, with_check(CITIZEN), WEIGUO, "Penicillin")
    await deposited(counter, CITIZEN_SYSTEM, with_check(OTHER_CITIZEN), OTHER_SIGN, "Peanut")
    records = [await record_of(counter, each) for each in (first, own)]
    assert [len(each) for each in records] == [1, 1]

    steward = await linked_by_a_steward(counter)
    for each in (first, own):
        assert len(await record_of(counter, each)) == 2  # both, whichever entry is asked for
    assert await keys_of(counter, first) == {*before.keys, *own.keys}
    assert await keys_of(counter, own) == {*before.keys, *own.keys}
    await unlinked(steward)
    assert [await record_of(counter, each) for each in (first, own)] == records  # to the byte
    for resident in (before, own):
        now = await scene.house.index.by_id(resident.id)
        assert now is not None
        assert now.keys == resident.keys
        told = {(who, basis.partition(" ")[0]) for who, basis in await scene.list_of(resident)}
        assert ("@steward", "parted") in told


async def deposited(counter: Counter, system: str, number: str, person: Person, allergy: str) -> None:
    """Let a hospital's machine write an allergy into the record that a number names."""
    born = "" if person.birth_date is None else person.birth_date.isoformat()
    patient: dict[str, Any] = {"resourceType": "Patient", "identifier": [{"system": system, "value": number}]}
    patient |= {"name": [{"text": person.name}], "birthDate": born, "gender": person.sex}
    finding: dict[str, Any] = {
        "resourceType": "AllergyIntolerance",
        "patient": {"reference": "urn:uuid:p"},
        "code": {"text": allergy},
    }
    sent = [("p", patient), ("a", finding)]
    entries = [
        {"fullUrl": f"urn:uuid:{name}", "resource": one, "request": {"method": "POST", "url": one["resourceType"]}}
        for name, one in sent
    ]
    machine = Requester("county-2/system", Role.SYSTEM, "county-2", "A computer", purpose=Purpose.TREAT)
    whole = json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()
    await counter.scene.house.bundles.process(machine, whole)


async def record_of(counter: Counter, resident: Resident) -> set[bytes]:
    """Read the allergies of a record as she reads them herself."""
    house = counter.scene.house
    found = await house.index.by_id(resident.id)
    released = await house.gate.open(herself(resident.id), Purpose.PATRQT, resident=found)
    assert isinstance(released, Release)
    return {bytes(body.json) for body in released.bodies if body.type == "AllergyIntolerance"}


async def linked_by_a_steward(counter: Counter) -> Page:
    """Open the only case of the queue and answer with a key: two stewards, for two documents disagree."""
    second = await counter.enter("steward-2", "steward")
    await second.goto("/steward")
    await second.get_by_role("link", name=re.compile("Case ")).click()
    await answer(second, "1")
    await expect(second.get_by_role("heading", name="Your word is kept")).to_be_visible()
    steward = await counter.enter("@steward", "steward")
    await steward.goto("/steward")
    await steward.get_by_role("link", name=re.compile("Case ")).click()
    await expect(steward.get_by_role("heading", name=QUESTION)).to_be_visible()
    await no_fault(steward)
    await answer(steward, "1")
    await expect(steward.get_by_role("heading", name="Decided: the same person")).to_be_visible()
    await no_fault(steward)
    return steward


async def unlinked(steward: Page) -> None:
    """Look at what undoing would change, then undo."""
    linked = steward.locator("li.happened").filter(has=steward.get_by_text("Linked", exact=True))
    await linked.get_by_role("button", name="Look at undoing this").click()
    await expect(steward.get_by_role("heading", name="Undo this?")).to_be_visible()
    then = steward.get_by_role("region", name="If you undo it")
    await expect(then).to_contain_text("A, B are two people again.")
    await expect(then).to_contain_text("A decision that holds them together is taken back as well.")
    await expect(then).to_contain_text("While they were one, a record of theirs was opened 2 times:")
    await expect(then).to_contain_text("Her own pages")
    await no_fault(steward)
    await steward.get_by_label("What did you check?").fill("The family says these are two brothers.")
    await steward.get_by_role("button", name="Undo it").click()
    await expect(steward.get_by_role("heading", name="They are two people again")).to_be_visible()
    await no_fault(steward)


async def test_the_page_shows_the_numbers_of_the_stored_decision(counter: Counter) -> None:
    number = await weighed_case(counter)
    [pair] = await counter.scene.doors.stewards.evidence(counter.scene.steward, number)
    assert pair.evidence is not None
    weighed = pair.evidence.weighed
    page = await counter.enter("@steward", "steward")
    await page.goto(f"/steward/cases/{number}")
    bars = [float(await each.get_attribute("value") or "") for each in await page.locator(".fall data").all()]
    assert bars[1:-1] == [weighed.bits[name] for name in FIELDS]
    assert bars[-1] == weighed.total
    assert sum(bars[:-1]) == pytest.approx(weighed.total)
    cells = [float(await each.get_attribute("value") or "") for each in await page.locator(".compare data").all()]
    assert sorted(cells) == sorted(weighed.bits[name] for name in FIELDS)
    marked = [await each.inner_text() for each in await page.locator("mark.differs").all()]
    assert marked == ["卫", "伟"]
    line = await page.locator("mark.differs").first.evaluate("x => getComputedStyle(x).textDecorationLine")
    assert line == "underline"
    if weighed.rule:
        await expect(page.get_by_text(RULES[weighed.rule])).to_be_visible()


async def test_numbers_are_masked_until_they_are_asked_for_and_that_is_logged(counter: Counter) -> None:
    number = await weighed_case(counter)
    page = await counter.enter("@steward", "steward")
    await page.goto(f"/steward/cases/{number}")
    whole = with_check(CITIZEN)
    assert whole not in await page.content()
    await expect(page.get_by_text(f"•••• {whole[-4:]}")).to_be_visible()
    await page.get_by_role("button", name="Show the whole numbers").click()
    await expect(page.get_by_text(whole)).to_be_visible()
    _state, entries = await counter.scene.house.index.ledger.review(number)
    for entry in entries:
        resident = await counter.scene.house.index.by_id(entry)
        assert resident is not None
        assert ("@steward", "steward numbers") in await counter.scene.list_of(resident)


async def test_keys_choose_and_can_be_turned_off_and_nothing_is_sent_by_a_key(counter: Counter) -> None:
    number = await weighed_case(counter)
    page = await counter.enter("@steward", "steward")
    await page.goto(f"/steward/cases/{number}")
    for key, name in (("3", "Not sure"), ("2", "Different people"), ("1", "The same person")):
        await page.keyboard.press(key)
        await expect(page.get_by_role("radio", name=re.compile(f"^{name}"))).to_be_checked()
        await expect(page.get_by_role("radio", name=re.compile(f"^{name}"))).to_be_focused()
    await page.get_by_label("What did you check?").fill("")
    await page.get_by_label("What did you check?").press("2")
    await expect(page.get_by_role("radio", name=re.compile("^The same person"))).to_be_checked()
    await page.get_by_role("button", name="Turn the keys off").click()
    await page.keyboard.press("2")
    await expect(page.get_by_role("radio", name=re.compile("^The same person"))).to_be_checked()
    assert page.url.endswith(str(number))


async def test_without_scripts_a_steward_decides_in_chinese(counter: Counter) -> None:
    number = await weighed_case(counter)
    page = await counter.enter("@steward", "steward", java_script_enabled=False)
    await page.goto(f"/steward/cases/{number}?lang=zh")
    assert await page.get_attribute("html", "lang") == "zh-Hans"
    await expect(page.locator("kbd").first).to_be_hidden()
    await page.locator("input[value=different]").check()
    await page.locator("#reason").fill("已向两家医院核对身份证原件，是两个人。")
    await page.locator("#answer-form button:not([type=button])").click()
    assert (await counter.scene.doors.stewards.told(counter.scene.steward, number)).decided == "different"


async def test_what_changed_meanwhile_is_told_and_what_was_typed_stays(counter: Counter) -> None:
    number = await weighed_case(counter)
    page = await counter.enter("@steward", "steward")
    await page.goto(f"/steward/cases/{number}")
    _state, entries = await counter.scene.house.index.ledger.review(number)
    third = await counter.scene.enrol(Person("王芳", "", date(1980, 2, 3), "female", ""), ("passport", "E77777777"))
    await counter.scene.house.index.ledger.link(third.id, entries[0], DESK, counter.scene.now)
    await answer(page, "1")
    await expect(page.get_by_role("alert")).to_contain_text("Nothing was done. Look again.")
    await expect(page.get_by_label("What did you check?")).to_have_value(REASON)
    await no_fault(page)
    assert (await counter.scene.doors.stewards.told(counter.scene.steward, number)).state == "open"
    await page.get_by_role("button", name="Save answer").click()
    await expect(page.get_by_role("heading", name="Decided: the same person")).to_be_visible()


async def test_a_blind_case_shows_no_evidence_before_the_answer_and_counts_after(counter: Counter) -> None:
    number = await weighed_case(counter, blind=True)
    page = await counter.enter("@steward", "steward")
    await page.goto(f"/steward/cases/{number}")
    assert await page.locator(".fall, .compare data").count() == 0
    assert "evidence that" not in await page.locator("main").inner_text()
    await no_fault(page)
    await answer(page, "1")
    await expect(page.get_by_text("The model leaned to: The same person.")).to_be_visible()
    await expect(page.locator(".fall")).to_be_visible()
    await page.goto("/steward")
    await expect(page.get_by_text("1 of 1 (100 %)")).to_be_visible()
    await no_fault(page)


async def test_where_two_documents_disagree_the_second_does_not_see_the_first(counter: Counter) -> None:
    scene = counter.scene
    one = await scene.enrol(WEIGUO, ("citizen-id", with_check(CITIZEN)))
    other = await scene.enrol(OTHER_SIGN, ("citizen-id", with_check(OTHER_CITIZEN)), source="east-clinic")
    waiting = [number for number, _ in await scene.house.index.ledger.reviews(10)]
    number = await chosen_by_chance(counter, waiting[0] if waiting else await scene.case(one, other))
    first, second = await counter.enter("@steward", "steward"), await counter.enter("steward-2", "steward")
    await first.goto("/steward")
    await expect(first.get_by_text("Two stewards decide").first).to_be_visible()
    await first.goto(f"/steward/cases/{number}")
    await answer(first, "1")
    await expect(first.get_by_role("heading", name="Your word is kept")).to_be_visible()
    await no_fault(first)
    await second.goto(f"/steward/cases/{number}")
    assert REASON not in await second.content()
    await answer(second, "1", "Both cards lie before me, one was issued again.")
    await expect(second.get_by_role("heading", name="Decided: the same person")).to_be_visible()
    await expect(second.get_by_text(REASON)).to_be_visible()


async def test_three_entries_are_shown_side_by_side_with_each_pair(counter: Counter) -> None:
    scene = counter.scene
    people = [
        await scene.enrol(WEIGUO, ("passport", "E12345678")),
        await scene.enrol(Person("李明", "", date(1970, 1, 1), "male", ""), ("passport", "E12345690")),
        await scene.enrol(Person("王芳", "", date(1980, 2, 3), "female", ""), ("passport", "E77777777")),
    ]
    number = await chosen_by_chance(counter, await scene.case(*people))
    page = await counter.enter("@steward", "steward")
    await page.goto(f"/steward/cases/{number}")
    await expect(page.get_by_role("heading", name="Which of these are one person?")).to_be_visible()
    assert await page.get_by_role("region", name="Each two of them").locator("tbody tr").count() == 3
    await no_fault(page)
    await page.get_by_role("checkbox", name="Entry A").check()
    await answer(page, "1")
    await expect(page.get_by_role("alert")).to_contain_text("at least two")
    await page.get_by_role("checkbox", name="Entry C").check()
    await page.get_by_role("button", name="Save answer").click()
    await expect(page.get_by_role("heading", name="Decided: the same person")).to_be_visible()
    assert await scene.people(people[2], people[0]) == 1  # the newest stands first
    assert await scene.people(*people) == 2


async def test_a_steward_finds_a_link_by_a_number(counter: Counter) -> None:
    number = await weighed_case(counter)
    await counter.scene.answer(counter.scene.steward, number, SAME)
    page = await counter.enter("steward-2", "steward")
    await page.goto("/steward")
    await page.get_by_label("Number").fill("no such number")
    await page.get_by_role("button", name="Show her entries").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Number").fill(with_check(CITIZEN))
    await page.get_by_role("button", name="Show her entries").click()
    await expect(page.get_by_role("heading", name="Which link is to be undone?")).to_be_visible()
    await expect(page.get_by_role("heading", name="Entry B")).to_be_visible()
    await no_fault(page)


async def test_nobody_else_comes_in(counter: Counter) -> None:
    desk = await counter.enter("@desk", "steward")
    answer_ = await desk.goto("/steward")
    assert answer_ is not None
    assert answer_.status == 403


# The desk
