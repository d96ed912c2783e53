"""PUT Patient?identifier: an institution says who bears its number, and which two of its numbers are one person."""

from __future__ import annotations

import json

import pytest

from carecode.identity.identifiers import CITIZEN_SYSTEM
from tests.api.conftest import MACHINE, OTHER_MACHINE, Served
from tests.api.register import CITY, COUNTY, citizen, fed, her, known_to_both, person, registrar, without

FEED = "/fhir/Patient"


def replaced(gone: tuple[str, str], stays: tuple[str, str]) -> dict[str, object]:
    return {
        "resourceType": "Patient",
        "identifier": [{"system": gone[0], "value": gone[1]}],
        "active": False,
        "link": [{"other": {"identifier": {"system": stays[0], "value": stays[1]}}, "type": "replaced-by"}],
    }


def local(number: tuple[str, str], name: str, phone: str) -> dict[str, object]:
    """A Patient without a document."""
    whole = person(1, name=[{"text": name}], telecom=[{"system": "phone", "value": phone}])
    return {**without(whole, "address"), "identifier": [{"system": number[0], "value": number[1]}]}


async def test_the_first_time_it_is_created_then_updated(served: Served) -> None:
    number = (COUNTY, "C-7")
    async with await registrar(served) as client:
        first = await client.put(FEED, params={"identifier": "|".join(number)}, json=person(7, number))
        again = await client.put(FEED, params={"identifier": "|".join(number)}, json=person(7, number))
        quietly = await client.put(
            FEED, params={"identifier": "|".join(number)}, json=person(7, number), headers={"prefer": "return=minimal"}
        )
    assert [first.status_code, again.status_code, quietly.status_code] == [201, 200, 200]
    assert first.headers["location"] == again.headers["location"] == f"{served.base}/fhir/Patient/{first.json()['id']}"
    assert first.json()["id"] == served.number(MACHINE, await her(served))
    assert quietly.content == b""
    assert await served.app.index.count() == 1


async def test_the_answer_does_not_tell_that_others_know_her(served: Served) -> None:
    """Created is what is new to this institution; the bytes are those of somebody who is new to all."""
    await fed(served, person(7, (CITY, "H-7")), (CITY, "H-7"), OTHER_MACHINE)
    answers = []
    async with await registrar(served) as client:
        for order in (7, 8):
            sent = person(order, (COUNTY, f"C-{order}"))
            answers.append(await client.put(FEED, params={"identifier": f"{COUNTY}|C-{order}"}, json=sent))
    assert [answer.status_code for answer in answers] == [201, 201]
    masked = [
        answer.text.replace(answer.json()["id"], "").replace(citizen(order), "").replace(f"C-{order}", "")
        for order, answer in zip((7, 8), answers, strict=True)
    ]
    assert masked[0] == masked[1]
    numbers = {(one.system, one.value) for one in await served.app.index.numbers(await her(served))}
    assert numbers == {(CITIZEN_SYSTEM, citizen(7)), (COUNTY, "C-7"), (CITY, "H-7")}


async def test_nobody_attaches_itself_to_anothers_patient_by_her_number_there(served: Served) -> None:
    """Two numbers that run on, one of somebody at another hospital and one of nobody: the same answer, and no hold."""
    theirs = ("urn:city:mrn", "77")
    await fed(served, person(7, theirs), theirs, OTHER_MACHINE)
    answers = []
    async with await registrar(served) as client:
        for place, value in enumerate(("77", "78")):
            sent = local((COUNTY, f"C-{place}"), "单雄", f"1000000002{place}") | {"birthDate": f"196{place}-01-02"}
            sent["identifier"] = [*sent["identifier"], {"system": theirs[0], "value": value}]  # type: ignore[misc]
            answers.append(await client.put(FEED, params={"identifier": f"{COUNTY}|C-{place}"}, json=sent))
            found = await client.get(FEED, params={"identifier": f"{COUNTY}|C-{place}"})
            assert found.json()["entry"][0]["resource"]["birthDate"] == f"196{place}-01-02"
    assert [answer.status_code for answer in answers] == [201, 201]
    resident = await her(served)
    assert {(one.system, one.value) for one in await served.app.index.numbers(resident)} == {
        (CITIZEN_SYSTEM, citizen(7)), theirs,
    }  # fmt: skip


async def test_nothing_is_stored_in_her_record(served: Served) -> None:
    await fed(served, person(7, (COUNTY, "C-7")), (COUNTY, "C-7"))
    async with served.client(await served.token(MACHINE)) as client:
        found = await client.get(FEED, params={"identifier": f"{COUNTY}|C-7"})
    assert found.json()["total"] == 0


async def test_two_of_its_own_entries_become_one_person_and_can_be_parted(served: Served) -> None:
    one, other = (COUNTY, "C-1"), (COUNTY, "C-2")
    await fed(served, local(one, "欧阳若兰", "10000000001"), one)
    await fed(served, local(other, "单雄", "10000000002") | {"birthDate": "1960-01-02", "gender": "male"}, other)
    before = [await served.app.index.resolve(*number) for number in (one, other)]
    assert before[0] is not None
    assert before[1] is not None
    assert before[0].id != before[1].id
    async with await registrar(served) as client:
        answer = await client.put(FEED, params={"identifier": "|".join(one)}, json=replaced(one, other))
        again = await client.put(FEED, params={"identifier": "|".join(one)}, json=replaced(one, other))
    assert [answer.status_code, again.status_code] == [200, 200], answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    ledger = served.app.index.ledger
    leader, entries = await ledger.person(before[0].id)
    assert set(entries) == {before[0].id, before[1].id}
    (step,) = [step for step in await ledger.history(leader) if step.event.kind.value == "merge"]
    assert (step.event.actor, step.event.human) == ("county-2", False)


@pytest.mark.parametrize(
    ("gone", "stays"),
    [
        ((COUNTY, "C-7"), (COUNTY, "C-9")),
        ((COUNTY, "C-9"), (COUNTY, "C-7")),
        ((COUNTY, "C-9"), (COUNTY, "C-404")),
        ((COUNTY, "C-404"), (COUNTY, "C-9")),
        ((COUNTY, "C-9"), (CITIZEN_SYSTEM, citizen(8))),
        ((COUNTY, "C-9"), (CITIZEN_SYSTEM, citizen(404))),
    ],
    ids=["shared", "into shared", "into nobody", "nobody", "into theirs", "into no document"],
)
async def test_what_is_not_all_its_own_is_put_before_a_person(
    served: Served, gone: tuple[str, str], stays: tuple[str, str]
) -> None:
    await known_to_both(served, 7)
    await fed(served, person(8, (CITY, "H-8")), (CITY, "H-8"), OTHER_MACHINE)
    await fed(served, local((COUNTY, "C-9"), "单雄", "10000000009") | {"birthDate": "1960-01-02"}, (COUNTY, "C-9"))
    people = await served.app.index.count()
    cases = len(await served.app.index.ledger.reviews(10))
    async with await registrar(served) as client:
        answer = await client.put(FEED, params={"identifier": "|".join(gone)}, json=replaced(gone, stays))
        again = await client.put(FEED, params={"identifier": "|".join(gone)}, json=replaced(gone, stays))
    assert answer.status_code == again.status_code == 202
    assert answer.content == again.content
    assert json.loads(answer.content)["issue"][0]["severity"] == "information"
    for value in ("C-7", "C-9", citizen(8), "county", "steward"):
        assert value not in answer.text
    assert await served.app.index.count() == people
    for number in (gone, stays):
        resident = await served.app.index.resolve(*number)
        if resident is not None:
            assert (await served.app.index.ledger.person(resident.id))[1] == (resident.id,)
    both_are_there = "404" not in gone[1] + stays[1] and stays[1] != citizen(404)
    assert len(await served.app.index.ledger.reviews(10)) - cases >= int(both_are_there)


@pytest.mark.parametrize(
    ("params", "sent"),
    [
        ({}, person(7, (COUNTY, "C-7"))),
        ({"identifier": "C-7"}, person(7, (COUNTY, "C-7"))),
        ({"identifier": f"{COUNTY}|C-8"}, person(7, (COUNTY, "C-7"))),
        ({"identifier": f"{CITIZEN_SYSTEM}|{citizen(7)}"}, person(7)),
        ({"identifier": f"{CITY}|H-7"}, person(7, (CITY, "H-7"))),
        ({"identifier": f"{COUNTY}|C-7"}, person(7, (COUNTY, "C-7"), (CITY, "H-7"))),
        ({"identifier": f"{COUNTY}|C-7", "name": "x"}, person(7, (COUNTY, "C-7"))),
        ({"identifier": f"{COUNTY}|C-7"}, {"resourceType": "Person"}),
        ({"identifier": f"{COUNTY}|C-7"}, {"resourceType": "Patient"}),
        ({"identifier": f"{COUNTY}|C-7"}, person(7, (COUNTY, "C-7"), active=False)),
        ({"identifier": f"{COUNTY}|C-7"}, replaced((COUNTY, "C-7"), (CITY, "H-7"))),
        ({"identifier": f"{COUNTY}|C-7"}, {**replaced((COUNTY, "C-7"), (COUNTY, "C-8")), "link": [
            {"type": "replaced-by", "other": {}}]}),
        ({"identifier": f"{COUNTY}|C-7"}, {**replaced((COUNTY, "C-7"), (COUNTY, "C-8")), "active": True}),
    ],
    ids=range(13),
)  # fmt: skip
async def test_what_is_not_a_feed_of_ones_own_is_refused(
    standing: Served, params: dict[str, str], sent: dict[str, object]
) -> None:
    before = await standing.app.index.count()
    async with await registrar(standing) as client:
        answer = await client.put(FEED, params=params, json=sent)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["resourceType"] == "OperationOutcome"
    assert await standing.app.index.count() == before
