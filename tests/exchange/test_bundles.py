from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from carecode.app import App
from carecode.exchange.refusals import SentRefusedError
from carecode.kernel.errors import ConflictError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Requester, ResidentId, Role
from tests.exchange.conftest import Held, Rows
from tests.exchange.samples import (
    HER,
    NUMBER_SYSTEM,
    STAFF_SYSTEM,
    VISIT,
    bundle,
    entry,
    observation,
    patient,
    practitioner,
    visit,
)


def statuses(answer: bytes) -> list[str]:
    return [row["response"]["status"][:3] for row in json.loads(answer)["entry"]]


async def test_a_transaction_is_stored_whole(house: App, machine: Requester, held: Held, rows: Rows) -> None:
    answer = json.loads(await house.bundles.process(machine, visit(3)))
    assert answer["type"] == "transaction-response"
    resident = await house.index.resolve(NUMBER_SYSTEM, "P-1")
    assert resident is not None
    number = house.gate.patient_id(machine, resident)
    places = [row["response"]["location"] for row in answer["entry"]]
    assert places[0] == f"Patient/{number}/_history/1"
    found = await held()
    assert sorted(f"{one['resourceType']}/{one['id']}/_history/1" for one in found) == sorted(places)
    for one in found:
        assert one["meta"]["versionId"] == "1"
        assert one.get("subject", {"reference": f"Patient/{number}"}) == {"reference": f"Patient/{number}"}
        if one["resourceType"] == "Observation":
            assert f"{one['encounter']['reference']}/_history/1" == places[1]
    counted = await rows()
    assert (counted["record.resource"], counted["audit.entry"]) == (5, 2)  # the deposit, then our reading


async def test_written_decimals_come_back(house: App, machine: Requester) -> None:
    done, body = await house.bundles.create(machine, "Patient", json.dumps(patient()).encode())
    _, body = await house.bundles.create(machine, "Observation", observation(f"Patient/{done.id}", "1.50").encode())
    assert b'"value":1.50' in body


async def test_one_person_however_often_she_is_sent(house: App, machine: Requester, rows: Rows) -> None:
    await asyncio.gather(*(house.bundles.process(machine, visit(1)) for _ in range(5)))
    counted = await rows()
    assert (counted["identity.resident"], counted["record.resource"]) == (1, 15)


async def test_what_one_institution_sent_another_machine_does_not_see(
    house: App, machine: Requester, other_machine: Requester, held: Held
) -> None:
    await house.bundles.process(machine, visit(2))
    await house.bundles.process(other_machine, visit(1))
    assert len(await held()) == 4
    assert len(await held(requester=other_machine)) == 3


async def test_each_institution_refers_by_its_own_number(
    house: App, machine: Requester, other_machine: Requester, rows: Rows
) -> None:
    done, _ = await house.bundles.create(machine, "Patient", json.dumps(patient()).encode())
    with pytest.raises(SentRefusedError, match="no patient"):
        await house.bundles.create(other_machine, "Observation", observation(f"Patient/{done.id}").encode())
    assert (await rows())["record.resource"] == 1


async def test_her_number_in_the_index_names_her(house: App, machine: Requester, held: Held) -> None:
    await house.bundles.process(machine, bundle(entry(patient(), HER)))
    sent = bundle(entry(observation(f"Patient?identifier={NUMBER_SYSTEM}|P-1")))
    await house.bundles.process(machine, sent)
    assert [one["resourceType"] for one in await held(type="Observation")] == ["Observation"]


async def test_a_patient_and_a_reference_to_somebody_else_are_refused(
    house: App, machine: Requester, rows: Rows
) -> None:
    done, _ = await house.bundles.create(machine, "Patient", json.dumps(patient("P-2")).encode())
    before = await rows()
    with pytest.raises(SentRefusedError, match="one patient"):
        await house.bundles.process(
            machine, bundle(entry(patient("P-1"), HER), entry(observation(f"Patient/{done.id}")))
        )
    assert await rows() == before


async def test_conditional_creates_happen_once(house: App, machine: Requester, rows: Rows) -> None:
    condition = f"identifier={STAFF_SYSTEM}|S-1"
    sent = bundle(*[entry(practitioner(), ifNoneExist=condition)] * 2, kind="batch")
    assert statuses(await house.bundles.process(machine, sent)) == ["201", "200"]
    assert statuses(await house.bundles.process(machine, sent)) == ["200", "200"]
    assert (await rows())["record.directory"] == 1


async def test_a_directory_resource_without_condition_is_kept_once_by_its_content(
    house: App, machine: Requester, rows: Rows
) -> None:
    sent = bundle(entry({"resourceType": "Medication", "code": {"text": "x"}}), kind="batch")
    for _ in range(2):
        await house.bundles.process(machine, sent)
    assert (await rows())["record.directory"] == 1


async def test_conditional_references_find_the_one(house: App, machine: Requester, held: Held) -> None:
    await house.bundles.process(machine, bundle(entry(practitioner(), ifNoneExist=f"identifier={STAFF_SYSTEM}|S-1")))
    pointed = observation(HER, performer=[{"reference": f"Practitioner?identifier={STAFF_SYSTEM}|S-1"}])
    await house.bundles.process(machine, bundle(entry(patient(), HER), entry(pointed)))
    (found,) = await held(type="Observation")
    assert found["performer"][0]["reference"].startswith("Practitioner/")


async def test_a_conditional_reference_that_matches_two_is_refused(house: App, machine: Requester, rows: Rows) -> None:
    twins = (practitioner(), {**practitioner(), "active": True})
    await house.bundles.process(machine, bundle(*(entry(one) for one in twins), kind="batch"))
    before = await rows()
    pointed = observation(HER, performer=[{"reference": f"Practitioner?identifier={STAFF_SYSTEM}|S-1"}])
    with pytest.raises(SentRefusedError) as refusal:
        await house.bundles.process(machine, bundle(entry(patient(), HER), entry(pointed)))
    assert refusal.value.code == "reference-ambiguous"
    assert refusal.value.expression == "Bundle.entry[1].resource.performer[0].reference"
    with pytest.raises(SentRefusedError) as refusal:
        await house.bundles.create(
            machine, "Practitioner", json.dumps(practitioner()).encode(), f"identifier={STAFF_SYSTEM}|S-1"
        )
    assert (refusal.value.code, refusal.value.issue) == ("condition-ambiguous", "multiple-matches")
    assert await rows() == before


async def test_of_a_batch_each_entry_stands_alone(house: App, machine: Requester, rows: Rows) -> None:
    sent = bundle(
        entry(practitioner()),
        entry({"resourceType": "Group"}),
        entry(patient(), HER),
        entry(observation(HER)),
        entry(patient(), method="DELETE"),
        kind="batch",
    )
    answer = json.loads(await house.bundles.process(machine, sent))
    assert statuses(json.dumps(answer).encode()) == ["201", "400", "201", "400", "400"]
    issue = answer["entry"][3]["response"]["outcome"]["issue"][0]
    assert issue["expression"] == ["Bundle.entry[3].resource.subject.reference"]
    counted = await rows()
    assert (counted["record.resource"], counted["record.directory"]) == (1, 1)


async def test_a_token_bound_to_one_resident_stores_for_nobody_else(house: App, machine: Requester, rows: Rows) -> None:
    await house.bundles.process(machine, visit(1))
    resident = await house.index.resolve(NUMBER_SYSTEM, "P-1")
    assert resident is not None
    doctor = Requester("doctor-1", Role.CLINICIAN, "county-2", "Dr. Lin", resident=resident.id)
    number = house.gate.patient_id(doctor, resident)
    now = house.clock()
    await house.decisions.open_window(resident, "county-2", now, now + timedelta(hours=1))
    done, _ = await house.bundles.create(doctor, "Observation", observation(f"Patient/{number}").encode())
    assert done.version == 1
    before = await rows()
    other = replace(doctor, resident=ResidentId(resident.keys[0]))
    for sent in (bundle(entry(observation(f"Patient/{number}"))), visit(1), visit(1, "P-9")):
        with pytest.raises(RefusedError) as refusal:
            await house.bundles.process(other, sent)
        assert refusal.value.code == "other-resident"
    assert await rows() == before


async def test_a_clinician_enrols_nobody_and_learns_of_nobody(house: App, machine: Requester, rows: Rows) -> None:
    doctor = Requester("doctor-1", Role.CLINICIAN, "county-2", "Dr. Lin")
    await house.bundles.process(machine, visit(1))
    before = await rows()
    new_number = {"system": "urn:example:other", "value": "7"}
    known = patient("P-1", identifier=[*patient("P-1")["identifier"], new_number])
    told = []
    for her in (known, patient("P-9")):
        with pytest.raises(RefusedError) as refusal:
            await house.bundles.process(doctor, bundle(entry(her, HER), entry(observation(HER))))
        told.append((refusal.value.code, refusal.value.message))
    assert told[0] == told[1]
    for number in ("P-1", "P-9"):
        with pytest.raises(SentRefusedError) as unresolved:
            await house.bundles.process(
                doctor, bundle(entry(observation(f"Patient?identifier={NUMBER_SYSTEM}|{number}")))
            )
        assert unresolved.value.code == "reference-unresolved"
    assert await rows() == before
    assert await house.index.resolve(new_number["system"], new_number["value"]) is None


async def test_other_roles_enrol_and_store_nothing(house: App, rows: Rows, subtests: pytest.Subtests) -> None:
    for role in set(Role) - {Role.SYSTEM, Role.CLINICIAN, Role.INTEGRATOR}:
        requester = Requester("someone", role, "county-2", "Someone")
        for work in (
            house.bundles.process(requester, visit(1)),
            house.bundles.create(requester, "Patient", json.dumps(patient()).encode()),
            house.bundles.update(requester, "Observation", "1", observation(HER).encode()),
        ):
            with subtests.test(role.value), pytest.raises(RefusedError):
                await work
    assert not any((await rows()).values())


async def test_an_update_makes_the_next_version(house: App, machine: Requester, held: Held) -> None:
    her, _ = await house.bundles.create(machine, "Patient", json.dumps(patient()).encode())
    done, body = await house.bundles.create(machine, "Observation", observation(f"Patient/{her.id}").encode())
    changed = body.replace(b"1.50", b"1.60")
    again, stored = await house.bundles.update(machine, "Observation", done.id, changed, 'W/"1"')
    assert again.version == 2
    assert json.loads(stored)["meta"]["versionId"] == "2"
    assert b'"value":1.60' in stored
    (current,) = await held(type="Observation")
    assert current == json.loads(stored)
    with pytest.raises(ConflictError):
        await house.bundles.update(machine, "Observation", done.id, changed, 'W/"1"')
    sent = entry(changed.decode(), method="PUT", url=f"Observation/{done.id}", ifMatch='W/"2"')
    assert statuses(await house.bundles.process(machine, bundle(sent, sent, kind="batch"))) == ["200", "409"]


async def test_an_update_of_what_is_not_ones_own_finds_nothing(
    house: App, machine: Requester, other_machine: Requester
) -> None:
    her, _ = await house.bundles.create(machine, "Patient", json.dumps(patient()).encode())
    done, body = await house.bundles.create(machine, "Observation", observation(f"Patient/{her.id}").encode())
    absent = "01a2076b-4400-7404-8101-010101010101"
    refusals = []
    for ident in (done.id, absent):
        with pytest.raises(NotFoundError) as refusal:
            await house.bundles.update(
                other_machine, "Observation", ident, body.replace(done.id.encode(), ident.encode())
            )
        refusals.append((refusal.value.code, refusal.value.message))
    assert refusals[0] == refusals[1]


async def test_an_update_keeps_to_its_patient(house: App, machine: Requester) -> None:
    her, _ = await house.bundles.create(machine, "Patient", json.dumps(patient()).encode())
    other, _ = await house.bundles.create(machine, "Patient", json.dumps(patient("P-2")).encode())
    done, body = await house.bundles.create(machine, "Observation", observation(f"Patient/{her.id}").encode())
    moved = body.replace(her.id.encode(), other.id.encode())
    with pytest.raises(SentRefusedError) as refusal:
        await house.bundles.update(machine, "Observation", done.id, moved)
    assert refusal.value.code == "other-patient"


async def test_references_to_what_is_stored_are_checked(
    house: App, machine: Requester, other_machine: Requester
) -> None:
    answer = json.loads(await house.bundles.process(machine, visit(0)))
    number = answer["entry"][0]["response"]["location"].split("/")[1]
    encounter = "/".join(answer["entry"][1]["response"]["location"].split("/")[:2])
    later = observation(f"Patient/{number}", encounter={"reference": encounter})
    done, _ = await house.bundles.create(machine, "Observation", later.encode())
    assert done.version == 1
    # Another institution does not learn that the visit exists.
    mine, _ = await house.bundles.create(other_machine, "Patient", json.dumps(patient()).encode())
    theirs = observation(f"Patient/{mine.id}", encounter={"reference": encounter})
    with pytest.raises(SentRefusedError) as refusal:
        await house.bundles.create(other_machine, "Observation", theirs.encode())
    assert refusal.value.code == "reference-unresolved"
    # Nor may it stand in another person's record.
    with pytest.raises(SentRefusedError):
        await house.bundles.process(
            machine, bundle(entry(patient("P-2"), VISIT), entry(observation(VISIT, encounter={"reference": encounter})))
        )
