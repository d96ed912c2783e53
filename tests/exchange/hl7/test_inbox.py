"""What a hospital sends and asks, on a real index: taken once, merged with care, answered about one or nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from carecode.app import App
from carecode.exchange.hl7.correspondent import Correspondent
from carecode.exchange.hl7.inbox import Inbox
from carecode.exchange.hl7.register import HouseRegister
from carecode.identity.identifiers import hospital_system
from carecode.identity.ledger import By
from carecode.identity.linking.events import Kind
from carecode.kernel.errors import UnavailableError
from carecode.kernel.vocabulary import Requester, Resident
from tests.exchange.hl7.people import (
    COUNTY,
    LAN,
    MEI,
    add,
    fields,
    merge,
    message,
    msh,
    numbers_of,
    own_numbers,
    person,
    said,
)

STEWARD = By("steward-1", human=True, reason="two cards, two faces")
OF_COUNTY = hospital_system("county-2")
OF_CITY = hospital_system("city-1")


async def resident(house: App, number: str, system: str = OF_COUNTY) -> Resident:
    found = await house.index.resolve(system, number)
    assert found is not None
    return found


async def two(county: Inbox) -> None:
    """Somebody known, and somebody who could not say who she is."""
    assert said(await county.answer(add("1", person("M1", national=MEI, phone="13900001234")))) == "AA"
    assert said(await county.answer(add("2", person("M2", "无名氏", "", "F")))) == "AA"


async def test_a28_registers_once_and_a_repeat_changes_nothing(county: Inbox, house: App) -> None:
    sent = add("1", person("M1", national=MEI))
    first = await county.answer(sent)
    assert said(first) == "AA"
    assert fields(first, "MSA")[0][2] == "1"
    assert fields(first, "MSH")[0][8] == "ACK^A28^ACK"
    assert await county.answer(sent) == first
    assert await house.index.count() == 1
    card = await house.index.card(await resident(house, "M1"))
    assert (card.name, str(card.birth_date), card.sex) == ("林梅", "1985-03-14", "female")


async def test_repeats_at_the_same_moment_are_one(county: Inbox, house: App) -> None:
    sent = add("1", person("M1", "无名氏", ""))
    answers = await asyncio.gather(*(county.answer(sent) for _ in range(5)))
    assert len(set(answers)) == 1
    assert await house.index.count() == 1


async def test_a_repeat_after_a_restart_changes_nothing_either(
    opened: Callable[[Correspondent], Inbox], house: App
) -> None:
    await two(opened(COUNTY))
    sent = merge("3", "M1", "M2")
    await opened(COUNTY).answer(sent)
    entry = await house.index.entry_of(OF_COUNTY, "M2")
    assert entry is not None
    history = await house.index.ledger.history(entry)
    assert said(await opened(COUNTY).answer(sent)) == "AA"
    assert await house.index.ledger.history(entry) == history
    assert await house.index.count() == 2


async def test_a_control_id_names_one_message(county: Inbox, house: App) -> None:
    await county.answer(add("1", person("M1")))
    other = await county.answer(add("1", person("M7", "周^岚", "19900102")))
    assert said(other) == "AE"
    assert fields(other, "ERR")[0][3].startswith("205^")
    assert await house.index.count() == 1


async def test_what_failed_may_be_sent_again_under_its_id(county: Inbox) -> None:
    early = merge("9", "M1", "M2")
    assert said(await county.answer(early)) == "AE"
    await two(county)
    assert said(await county.answer(early)) == "AA"


async def test_a31_adds_and_takes_nothing_away(county: Inbox, house: App) -> None:
    await county.answer(add("1", person("M1", born="")))
    empty = 'PID|||M1^^^COUNTY2^MR||""||19850314|""|||||""'
    assert said(await county.answer(add("2", empty, "A31"))) == "AA"
    card = await house.index.card(await resident(house, "M1"))
    assert (card.name, str(card.birth_date), card.sex) == ("林梅", "1985-03-14", "female")


async def test_a31_of_somebody_unknown_registers_her(county: Inbox, house: App) -> None:
    assert said(await county.answer(add("1", person("M1"), "A31"))) == "AA"
    assert await house.index.count() == 1


async def test_a_wrong_check_character_is_taken_with_a_warning(county: Inbox, house: App) -> None:
    wrong = MEI[:-1] + ("0" if MEI[-1] != "0" else "1")
    answer = await county.answer(add("1", person("M1", national=wrong)))
    assert said(answer) == "AA"
    [note] = fields(answer, "ERR")
    assert (note[4], "Compare" in note[8], wrong in answer.decode()) == ("W", True, False)
    assert await house.index.count() == 1


async def test_an_acknowledgement_tells_nothing_of_the_index(county: Inbox, city: Inbox) -> None:
    """A hospital that sends a citizen number with a guessed birth date does not learn whether it is right."""
    await city.answer(add("1", person("C1", national=MEI, authority="CITY1"), system="EMR|CITY1"))
    right = await county.answer(add("1", person("M1", national=MEI)))
    strange = await county.answer(add("2", person("M2", "周^岚", "19790505", national=LAN)))
    guessed = await county.answer(add("3", person("M3", "周^岚", "19850314", national=MEI)))
    plain = [answer.split(b"\rMSA|AA|")[1][1:] for answer in (right, guessed)]
    assert plain == [b"\r", b"\r"]
    assert said(strange) == "AA"


async def test_a_mothers_number_is_never_her_childs(county: Inbox, house: App) -> None:
    await county.answer(add("1", person("M1", national=MEI)))
    hers = f"M1^^^COUNTY2^MR~{MEI}^^^&2.16.156.10011.1.3&ISO^NI"
    child = f"PID|||B1^^^COUNTY2^MR|||林^梅^^^^^L|20261123|F|||||||||||||{hers}|||N"
    assert said(await county.answer(add("2", child))) == "AA"
    mother, baby = await resident(house, "M1"), await resident(house, "B1")
    assert mother.id != baby.id
    assert [each.value for each in await house.index.numbers(baby)] == ["B1"]
    assert (await house.index.card(baby)).name == "林梅之女"


async def test_another_institutions_number_attaches_nobody(county: Inbox, city: Inbox, house: App) -> None:
    await city.answer(add("1", person("C1", authority="CITY1"), system="EMR|CITY1"))
    copied = "PID|||M1^^^COUNTY2^MR~C1^^^CITY1^MR~V7^^^COUNTY2^VN||周^岚^^^^^L^I||19790505|F"
    assert said(await county.answer(add("1", copied))) == "AA"
    hers = await resident(house, "M1")
    assert hers.id != (await resident(house, "C1", OF_CITY)).id
    assert [each.value for each in await house.index.numbers(hers)] == ["M1"]


async def test_two_ways_to_be_two_people_sound_alike(county: Inbox, city: Inbox) -> None:
    """Which of the two it was would tell of a person whom the sender may not know."""
    await city.answer(add("1", person("C1", national=MEI, authority="CITY1"), system="EMR|CITY1"))
    await city.answer(add("2", person("C2", "周^岚", "19791102", national=LAN, authority="CITY1"), system="EMR|CITY1"))
    both = f"PID|||M1^^^COUNTY2^MR~{MEI}^^^^NI~{LAN}^^^^NI||林^梅||19850314|F"
    other = f"PID|||M2^^^COUNTY2^MR~{MEI}^^^^NI||吴^竹||19400506|M"
    answers = [await county.answer(add("3", each)) for each in (both, other)]
    assert [said(each) for each in answers] == ["AE", "AE"]
    errors = [fields(each, "ERR")[-1] for each in answers]
    assert errors[0] == errors[1]
    assert errors[0][3].startswith("205^")


async def test_nothing_of_a_message_is_repeated_in_logs_or_faults(
    county: Inbox, register: HouseRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_arguments: object) -> None:
        raise RuntimeError(f"林梅 {MEI} 13900001234")

    await county.answer(add("1", person("M1", national=MEI, phone="13900001234")))
    monkeypatch.setattr(register, "entry_of", fails)
    monkeypatch.setattr(register, "resolve", fails)
    with capture_logs() as logs:
        answers = [
            await county.answer(merge("2", MEI, "M1")),
            await county.answer(numbers_of("3", "M1")),
            await county.answer(add("4", f"PID|||{MEI}^^^^NI||林^梅")),
            await county.answer(add("5", person("M2")).replace(b"ADT^A28", f"ADT^{MEI}".encode())),
            await county.answer(b"MSH" + MEI.encode()),
        ]
    assert [said(each) for each in answers] == ["AE", "AE", "AE", "AR", "AR"]
    assert fields(answers[0], "ERR")[0][5] == "unexpected"
    assert len(logs) >= 5
    for text in (repr(logs), *(repr(fields(each, "ERR")) for each in answers)):
        assert not any(value in text for value in ("林", MEI, "13900001234"))


async def test_while_the_database_is_away_the_sender_is_told_to_try_again(
    county: Inbox, register: HouseRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_arguments: object) -> None:
        raise UnavailableError("database-away", "The database does not answer. Try again.")

    sent = add("1", person("M1", national=MEI))
    with monkeypatch.context() as patched:
        patched.setattr(register, "enrol", away)
        answer = await county.answer(sent)
    assert (said(answer), fields(answer, "ERR")[0][3].split("^")[0]) == ("AE", "206")
    assert said(await county.answer(sent)) == "AA"


# ------------------------------------------------------------------------------------------------------------ A40


async def test_a40_merges_the_hospitals_own_two_and_can_be_undone(county: Inbox, house: App) -> None:
    await two(county)
    one, other = await resident(house, "M1"), await resident(house, "M2")
    assert own_numbers(await county.answer(numbers_of("3", "M1"))) == ["M1"]
    assert own_numbers(await county.answer(numbers_of("4", "M2"))) == ["M2"]
    assert said(await county.answer(merge("5", "M1", "M2"))) == "AA"
    merged = await resident(house, "M2")
    assert (merged.id, set(merged.keys)) == (one.id, set(one.keys) | set(other.keys))
    for number in ("M1", "M2"):
        assert own_numbers(await county.answer(numbers_of(f"6{number}", number))) == ["M1", "M2"]
    entry = await house.index.entry_of(OF_COUNTY, "M2")
    assert entry is not None
    [step] = await house.index.ledger.history(entry)
    assert (step.event.kind, step.event.actor, step.event.human) == (Kind.MERGE, "county-2/system", False)
    await house.index.ledger.undo(step.event.id, STEWARD, step.event.at)
    assert await resident(house, "M2") == other
    assert await resident(house, "M1") == one


async def test_a40_asks_a_steward_where_somebody_else_knows_one_of_them(county: Inbox, city: Inbox, house: App) -> None:
    await city.answer(add("1", person("C1", national=MEI, authority="CITY1"), system="EMR|CITY1"))
    await two(county)  # M1 has the citizen number that city-1 registered
    before = await resident(house, "M2")
    answer = await county.answer(merge("5", "M1", "M2"))
    assert said(answer) == "AA"
    [note] = fields(answer, "ERR")
    assert (note[4], note[5]) == ("I", "merge-asked")
    assert await resident(house, "M2") == before
    assert len(await house.index.ledger.reviews(9)) == 1
    await county.answer(merge("6", "M1", "M2"))
    await county.answer(merge("7", "M2", "M1"))
    assert len(await house.index.ledger.reviews(9)) == 1  # the same question is asked once


async def test_a40_does_not_merge_again_what_people_parted(county: Inbox, house: App) -> None:
    await two(county)
    await county.answer(merge("5", "M1", "M2"))
    entry = await house.index.entry_of(OF_COUNTY, "M2")
    assert entry is not None
    [step] = await house.index.ledger.history(entry)
    await house.index.ledger.undo(step.event.id, STEWARD, step.event.at)
    assert fields(await county.answer(merge("6", "M1", "M2")), "ERR")[0][5] == "merge-asked"
    assert (await resident(house, "M2")).id == entry
    assert len(await house.index.ledger.reviews(9)) == 1


async def test_a40_never_merges_under_anothers_number(county: Inbox, city: Inbox, house: App) -> None:
    await two(county)
    await city.answer(add("1", person("C1", "周^岚", "19790505", authority="CITY1"), system="EMR|CITY1"))
    for sent in (merge("7", "M1", "C1", authority="CITY1"), merge("8", "M1", "C1")):
        assert said(await county.answer(sent)) == "AE"
    by_citizen = message(
        msh("A40", "9"), "EVN|A40|20261124", "PID|||M2^^^COUNTY2^MR", f"MRG|{MEI}^^^&2.16.156.10011.1.3&ISO^NI"
    )
    assert said(await county.answer(by_citizen)) == "AE"
    three = [await resident(house, "M1"), await resident(house, "M2"), await resident(house, "C1", OF_CITY)]
    assert len({each.id for each in three}) == 3
    assert await house.index.ledger.reviews(9) == []


async def test_a47_renames_and_the_old_number_goes_on_naming_her(county: Inbox, house: App) -> None:
    await two(county)
    one = await resident(house, "M1")
    sent = message(msh("A47", "5"), "EVN|A47|20261124", person("N1", national=MEI), "MRG|M1^^^COUNTY2^MR")
    assert said(await county.answer(sent)) == "AA"
    assert (await resident(house, "N1")).id == one.id
    assert (await resident(house, "M1")).id == one.id
    assert sorted(own_numbers(await county.answer(numbers_of("6", "N1")))) == ["M1", "N1"]


async def test_a47_does_not_make_two_people_one(county: Inbox, house: App) -> None:
    await two(county)
    sent = message(msh("A47", "5"), "EVN|A47|20261124", person("M2"), "MRG|M1^^^COUNTY2^MR")
    answer = await county.answer(sent)
    [error] = fields(answer, "ERR")
    assert (said(answer), error[3].split("^")[0], error[5]) == ("AE", "205", "number-taken")
    assert (await resident(house, "M1")).id != (await resident(house, "M2")).id
    await county.answer(merge("6", "M1", "M2"))
    again = message(msh("A47", "7"), "EVN|A47|20261124", person("M2"), "MRG|M1^^^COUNTY2^MR")
    assert said(await county.answer(again)) == "AA"  # one person now: either number is hers


# --------------------------------------------------------------------------------------------------------- header


@pytest.mark.parametrize(
    ("old", "new", "code", "condition"),
    [
        ("HIS|COUNTY2", "EMR|CITY1", "sender-unknown", "207"),
        ("|P|2.5", "|T|2.5", "processing-id", "202"),
        ("|P|2.5", "|P|3.0", "version", "203"),
        ("ADT^A28", "ADT^A01", "event", "201"),
        ("ADT^A28", "ORU^R01", "message-type", "200"),
        ("UNICODE UTF-8", "KLINGON", "charset", "103"),
        ("MSH|^~\\&|", "MSH|^^^&|", "message-header", "100"),
    ],
)
async def test_what_is_wrong_with_the_header_is_rejected(
    county: Inbox, house: App, old: str, new: str, code: str, condition: str
) -> None:
    sent = add("1", person("M1")).decode().replace(old, new)
    answer = await county.answer(sent.encode())
    [error] = fields(answer, "ERR")
    assert (said(answer), error[5], error[3].split("^")[0]) == ("AR", code, condition)
    assert await house.index.count() == 0


async def test_a_computer_whose_access_was_taken_away_gets_no_answer(
    county: Inbox, house: App, machines: dict[str, Requester]
) -> None:
    await county.answer(add("1", person("M1", national=MEI)))
    del machines[COUNTY.machine]
    for sent in (add("2", person("M2")), numbers_of("3", "M1"), add("1", person("M1", national=MEI))):
        answer = await county.answer(sent)
        assert (said(answer), fields(answer, "ERR")[0][5]) == ("AR", "sender-closed")
    assert await house.index.count() == 1


async def test_errors_before_2_5_are_said_in_msa_3(county: Inbox) -> None:
    sent = merge("1", "M1", "M2").decode().replace("|P|2.5", "|P|2.4")
    assert "Send A28 first" in fields(await county.answer(sent.encode()), "MSA")[0][3]
