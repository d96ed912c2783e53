"""Who is this, which numbers has she: one person or one and the same answer, each look logged and paced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from carecode.app import App
from carecode.disclosure.purposes import PURPOSES
from carecode.exchange.hl7.inbox import Inbox
from carecode.identity.identifiers import hospital_system
from carecode.kernel.vocabulary import Purpose, Requester, Resident, Role
from tests.exchange.hl7.people import (
    LAN,
    MEI,
    add,
    citizen,
    fields,
    message,
    msh,
    numbers_of,
    own_numbers,
    person,
    said,
    who_is,
)

OF_COUNTY = hospital_system("county-2")
OF_CITY = hospital_system("city-1")


async def resident(house: App, number: str, system: str = OF_COUNTY) -> Resident:
    found = await house.index.resolve(system, number)
    assert found is not None
    return found


MEI_ASKED = ("PID.5.1.1^林", "PID.5.2^梅", "PID.7^19850314", f"PID.3.1^{MEI}", "PID.3.5^NI")


async def test_q22_gives_the_minimum_card_of_the_one_person_and_logs_it(
    county: Inbox, city: Inbox, house: App, machines: dict[str, Requester]
) -> None:
    await city.answer(add("1", person("C1", national=MEI, phone="13900001234", authority="CITY1"), system="EMR|CITY1"))
    answer = await county.answer(who_is("2", *MEI_ASKED))
    assert fields(answer, "QAK")[0][1:3] == ["T2", "OK"]
    [pid] = fields(answer, "PID")
    her = await resident(house, "C1", OF_CITY)
    ours = house.gate.patient_id(machines["county-2/system"], her)
    assert pid[3] == f"{ours}^^^CARECODE^PI"  # not city-1's number, nor the citizen number
    assert pid[5:9] == ["林梅^^^^^^L^I", "", "19850314", "F"]
    assert [text for place, text in enumerate(pid) if text and place not in (0, 3, 5, 7, 8)] == []
    [entry] = await house.log.entries(her)
    assert (entry.action, entry.organisation, entry.purpose, entry.basis) == (
        "identify",
        "county-2",
        Purpose.IDENTIFY,
        "query",
    )
    await county.answer(who_is("2", *MEI_ASKED))  # a repeated question is a second look
    assert len(await house.log.entries(her)) == 2
    back = await county.answer(numbers_of("3", ours, authority="CARECODE", kind="PI"))
    assert fields(back, "PID")[0][3] == f"{ours}^^^CARECODE^PI"


def masked(answer: bytes, asked: str) -> bytes:
    """An answer without its time, its id, and the question it repeats."""
    lines = answer.decode().split("\r")
    head = lines[0].split("|")
    head[6] = head[9] = "*"
    kept = [line for line in lines[1:] if not line.startswith("QPD")]
    return "\r".join(["|".join(head), *kept]).replace(asked, "*").encode()


async def test_nobody_several_and_refused_are_one_answer(
    county: Inbox, city: Inbox, house: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, national in ((1, citizen("19790505", 902)), (2, citizen("19790505", 924))):
        # Of one name, birth date and telephone, and two people: their numbers differ.
        pid = person(f"C{place}", "周^岚", "19790505", national=national, authority="CITY1", phone="13900004321")
        await city.answer(add(f"{place}", pid, system="EMR|CITY1"))
    assert (await resident(house, "C1", OF_CITY)).id != (await resident(house, "C2", OF_CITY)).id
    await county.answer(add("1", person("M1", national=MEI)))
    several = ("PID.5.1.1^周", "PID.5.2^岚", "PID.7^19790505", "PID.8^F", "PID.13^13900004321")
    none = ("PID.5.1.1^吴", "PID.5.2^竹", "PID.7^19400506", "PID.8^F", "PID.13^13700000987")
    answers = [masked(await county.answer(who_is("10", *each)), "10") for each in (several, none)]
    numbered = [masked(await county.answer(numbers_of("11", each)), "11") for each in ("M77", "C1")]
    numbered.append(masked(await county.answer(numbers_of("12", LAN, authority="", kind="NI")), "12"))
    row = PURPOSES[Purpose.IDENTIFY]  # computers may not ask any more: refused
    monkeypatch.setitem(PURPOSES, Purpose.IDENTIFY, replace(row, roles=row.roles - {Role.SYSTEM}))
    her = await resident(house, "M1")
    refused = await county.answer(who_is("13", *MEI_ASKED))
    answers.append(masked(refused, "13"))
    numbered.append(masked(await county.answer(numbers_of("14", "M1")), "14"))
    assert len(set(answers)) == 1, answers
    assert len(set(numbered)) == 1, numbered
    assert b"|NF|" in answers[0]
    assert await house.log.entries(her) == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (("PID.5.1.1^林", "PID.5.2^梅"), "query-minimum"),
        (("PID.5.1.1^林", "PID.5.2^梅", "PID.7^1985", f"PID.3.1^{MEI}", "PID.3.5^NI"), "query-minimum"),
        (("PID.5.1.1^林", "PID.5.2^梅", "PID.7^19850314"), "query-minimum"),
        ((f"PID.3.1^{MEI}", "PID.3.5^NI"), "query-minimum"),
        (("PID.11.1^中山路5号", "PID.11.3^长沙"), "query-minimum"),
        (("PID.5.1.1^林*", "PID.7^19850314", "PID.13^13900001234"), "query-wildcard"),
        (("PID.5.1.1^林", "PID.5.1.1^周", "PID.7^19850314"), "query-twice"),
        (("PID.18^A77",), "query-parameter"),
    ],
    ids=["name", "year", "no number", "number alone", "home", "wildcard", "two persons", "account"],
)
async def test_q22_asks_for_one_person_only(county: Inbox, asked: tuple[str, ...], code: str) -> None:
    await county.answer(add("1", person("M1", national=MEI)))
    answer = await county.answer(who_is("2", *asked))
    assert (said(answer), fields(answer, "ERR")[0][5], fields(answer, "PID")) == ("AE", code, [])


async def test_q23_by_a_document_answers_only_who_holds_a_number_of_hers(
    county: Inbox, city: Inbox, house: App
) -> None:
    await county.answer(add("1", person("M1", national=MEI)))
    own = await county.answer(numbers_of("2", MEI, authority="", kind="NI"))
    assert own_numbers(own) == ["M1"]
    assert MEI not in fields(own, "PID")[0][3]
    assert fields(own, "PID")[0][5] == "^^^^^^S"
    stranger = message(msh("Q23", "1", system="EMR|CITY1"), f"QPD|IHE PIX Query|T1|{MEI}^^^^NI|", "RCP|I")
    assert fields(await city.answer(stranger), "QAK")[0][2] == "NF"
    assert len(await house.log.entries(await resident(house, "M1"))) == 1


async def test_nobody_is_given_anothers_numbers(county: Inbox, city: Inbox) -> None:
    await city.answer(add("1", person("C1", national=MEI, authority="CITY1"), system="EMR|CITY1"))
    await county.answer(add("1", person("M1", national=MEI)))
    assert own_numbers(await county.answer(numbers_of("2", "M1"))) == ["M1"]
    assert own_numbers(await city.answer(numbers_of("2", "C1", authority="CITY1"))) == ["C1"]
    wanted = await county.answer(numbers_of("3", "M1", "^^^CITY1"))
    assert (said(wanted), fields(wanted, "ERR")[0][5], fields(wanted, "PID")) == ("AE", "domain-unknown", [])


async def test_who_tries_out_persons_is_stopped(county: Inbox, house: App) -> None:
    await county.answer(add("1", person("M1", national=MEI)))
    for place in range(20):
        assert fields(await county.answer(numbers_of(f"q{place}", f"X{place}")), "QAK")[0][2] == "NF"
    stopped = await county.answer(numbers_of("r", "M1"))
    assert (said(stopped), fields(stopped, "ERR")[0][5]) == ("AE", "query-busy")
    assert await house.log.entries(await resident(house, "M1")) == []
