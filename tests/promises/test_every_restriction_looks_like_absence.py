"""Promise 6, by enumeration: whatever she decides and whatever is asked, a restriction looks like absence.

Two residents with equal deposits of County Hospital 2.  City Hospital 1 holds something more of one of them,
which a decision of hers closes; of the other there is nothing more.  Every interaction that the API has, found
by asking the API itself, and the clinic's page are asked about both: same status, same headers, same bytes
after masking ids and times.  A later interaction without a line here turns the last test red.

Answers: M6, M23
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import httpx
import pytest

from carecode.api import interactions
from carecode.app import App
from carecode.disclosure.answers import Release
from carecode.disclosure.choices import Kind
from carecode.disclosure.people import Organisation, Staff, herself
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import Category, CodePurpose, Purpose, Resident, Role
from carecode.record.catalogue import TYPES
from tests.promises.absence import (
    CITY,
    COUNTY,
    DOCTOR,
    FAMILY,
    HIV_TEST,
    NOBODYS,
    NUMBERS,
    OF_PROBLEM,
    OF_VISIT,
    ORDER,
    PROBLEM,
    VISIT,
    Scene,
    bundle,
    observation,
)


@pytest.fixture
async def scene(house: App, http: httpx.AsyncClient) -> Scene:
    for handle in ("county-2", "city-1"):
        await house.people.put_organisation(Organisation(handle, handle, handle, "hospital"))
    await house.people.put_staff(Staff(DOCTOR, "county-2", Role.CLINICIAN, "Dr Zhao", "赵", "", ""))
    doctor = await house.people.staff(DOCTOR)
    assert doctor is not None
    residents = []
    for number in NUMBERS:
        person = Person("李明", "Li Ming", date(1970, 1, 1), "male", "")
        done = await house.index.enrol([parse("urn:test:number", number)], person, source="county-2", now=house.clock())
        residents.append(done.resident)
        await house.bundles.process(COUNTY, bundle(number, *(observation(day) for day in range(1, 4))))
        await house.gate.code_was_shown(doctor, done.resident, CodePurpose.OPEN_RECORD)
    return Scene(house, http, doctor, residents[0], residents[1])


async def city_writes(scene: Scene, *resources: dict[str, Any]) -> None:
    """Store what only City Hospital 1 holds of the first resident; remember its ids."""
    await scene.house.bundles.process(CITY, bundle(NUMBERS[0], *resources))
    all_of_it = await scene.house.gate.open(herself(scene.closed.id), Purpose.PATRQT, resident=scene.closed)
    assert isinstance(all_of_it, Release)
    scene.theirs = {body.type: body.id for body in all_of_it.bodies if body.organisation == "city-1"}


# How each decision closes what City Hospital 1 wrote


async def institution(scene: Scene) -> None:
    await city_writes(scene, observation(10), VISIT, FAMILY)
    await scene.decide(Kind.INSTITUTION, "refuse", "county-2")


async def not_asked_yet(scene: Scene) -> None:
    await city_writes(scene, observation(10))
    await scene.decide(Kind.NEWCOMERS, "ask")


async def exchange(scene: Scene) -> None:
    await city_writes(scene, observation(10), VISIT)
    await scene.decide(Kind.EXCHANGE, "out")


async def everything(scene: Scene) -> None:
    await city_writes(scene, observation(10), FAMILY)
    await scene.decide(Kind.EVERYTHING, "out")


async def category(scene: Scene) -> None:
    await city_writes(scene, FAMILY)
    await scene.decide(Kind.CATEGORY, "close", "county-2", "5")


async def category_for_all(scene: Scene) -> None:
    await city_writes(scene, FAMILY)
    await scene.decide(Kind.CATEGORY, "close", "", "5")


async def sensitive(scene: Scene) -> None:
    """Closed from the first day: she decides nothing."""
    await city_writes(scene, HIV_TEST)


async def sensitive_reason_of_a_later_order(scene: Scene) -> None:
    """The order says nothing sensitive itself; what it was written for does."""
    hiv = [{"system": "http://snomed.info/sct", "code": "86406008"}]
    await city_writes(scene, PROBLEM | {"code": {"coding": hiv}})
    reason = {"reference": f"Condition/{scene.theirs['Condition']}"}
    await city_writes(scene, ORDER | {"reasonReference": [reason]})


async def hidden_entry(scene: Scene) -> None:
    await city_writes(scene, observation(10))
    await scene.decide(Kind.ENTRY, "hide", about=scene.theirs["Observation"])


async def hidden_problem_of_a_visit(scene: Scene) -> None:
    """The visit whose diagnosis it is would tell of it: it is hidden with it."""
    await city_writes(scene, PROBLEM, OF_PROBLEM, ORDER)
    await scene.decide(Kind.ENTRY, "hide", about=scene.theirs["Condition"])


async def hidden_and_shown_and_hidden(scene: Scene) -> None:
    """Two entries of one visit: what the other still closes stays closed."""
    await city_writes(scene, PROBLEM, OF_PROBLEM)
    await scene.decide(Kind.ENTRY, "hide", about=scene.theirs["Encounter"])
    await scene.decide(Kind.ENTRY, "hide", about=scene.theirs["Condition"])
    await scene.decide(Kind.ENTRY, "show", about=scene.theirs["Condition"])
    await scene.decide(Kind.ENTRY, "hide", about=scene.theirs["Condition"])


async def hidden_but_emergencies(scene: Scene) -> None:
    await city_writes(scene, observation(10))
    await scene.decide(Kind.ENTRY, "hide-open", about=scene.theirs["Observation"])


async def hidden_visit(scene: Scene) -> None:
    await city_writes(scene, VISIT, OF_VISIT)
    await scene.decide(Kind.VISIT, "hide", about=scene.theirs["Encounter"])


async def kept_visit(scene: Scene) -> None:
    await city_writes(scene, VISIT, OF_VISIT)
    await scene.decide(Kind.VISIT, "keep", about=scene.theirs["Encounter"])


async def kept_from_now_on(scene: Scene) -> None:
    await scene.decide(Kind.KEEP, "keep", "city-1")
    await city_writes(scene, observation(10), VISIT)


LABORATORY = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]
}
RESTRICTIONS: list[Callable[[Scene], Awaitable[None]]] = [
    institution, not_asked_yet, exchange, everything, category, category_for_all, sensitive,
    sensitive_reason_of_a_later_order, hidden_entry, hidden_problem_of_a_visit, hidden_and_shown_and_hidden,
    hidden_but_emergencies, hidden_visit, kept_visit, kept_from_now_on,
]  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One request about a resident; ``interaction`` is the API's own name of what it does."""

    interaction: str
    method: str
    path: str
    rest: dict[str, Any] = field(default_factory=dict)


REQUESTS = [
    Request("read", "GET", "Patient/{id}"),
    Request("read", "HEAD", "Patient/{id}"),
    Request("vread", "GET", "Patient/{id}/_history/1"),
    Request("vread", "GET", "Patient/{id}/_history/2"),
    Request("everything", "GET", "Patient/{id}/$everything"),
    Request("search", "GET", "Patient?identifier=urn:test:number|{number}"),
    Request("search", "GET", "Observation?patient={id}"),
    Request("search", "GET", "Observation?patient={id}&_count=2"),
    Request("search", "GET", "Observation?patient={id}&_count=2&_offset=2"),
    Request("search", "GET", "Observation?patient={id}&code=http://loinc.org|4548-4&_sort=-date"),
    Request("search", "GET", "Observation?patient={id}&code=75622-1"),
    Request("search", "GET", "Encounter?patient={id}"),
    Request("search", "GET", "Immunization?patient={id}"),
    Request("search", "GET", "Observation?patient={id}&_include=Observation:encounter"),
    Request("search", "GET", "Encounter?patient={id}&_revinclude=Observation:encounter"),
    Request("search", "POST", "Observation/_search", {"data": {"patient": "{id}"}}),
    Request("search", "GET", "Observation?patient={id}", {"headers": {"If-None-Match": 'W/"1"'}}),
    Request("create", "POST", "Observation", {"json": observation(3, subject={"reference": "Patient/{id}"})}),
    Request("transaction", "POST", "", {"json": {"resourceType": "Bundle", "type": "batch", "entry": []}}),
    Request("metadata", "GET", "metadata"),
    Request("match", "POST", "Patient/$match", {"json": {"resourceType": "Parameters", "parameter": []}}),
    Request("ihe-pix", "GET", "Patient/$ihe-pix?sourceIdentifier=urn:test:number|{number}"),
    Request("ihe-pix", "POST", "Patient/$ihe-pix", {"json": {"resourceType": "Parameters", "parameter": []}}),
    Request("feed", "PUT", "Patient?identifier=urn:test:number|{number}", {"json": {"resourceType": "Patient"}}),
    Request("process-message", "POST", "$process-message", {"json": {"resourceType": "Bundle", "type": "message"}}),
    Request("subscribe", "POST", "Subscription", {"json": {"resourceType": "Subscription"}}),
    Request("subscription", "GET", "Subscription/x"),
    Request("subscription", "PUT", "Subscription/x", {"json": {"resourceType": "Subscription"}}),
]
# Requests about one resource, by an id: the true one of what is closed against one that nobody has.
POINTING = observation(3, subject={"reference": "Patient/{id}"}, derivedFrom=[{"reference": "{type}/{target}"}])
BY_ID = [
    Request("read", "GET", "{type}/{target}"),
    Request("read", "HEAD", "{type}/{target}"),
    Request("read", "GET", "{type}/{target}", {"headers": {"If-None-Match": 'W/"1"'}}),
    Request("vread", "GET", "{type}/{target}/_history/1"),
    Request("vread", "GET", "{type}/{target}/_history/9"),
    Request("search", "GET", "{type}?patient={id}&_id={target}"),
    Request("update", "PUT", "{type}/{target}", {"json": {"resourceType": "{type}", "id": "{target}"}}),
    Request("update", "PUT", "{type}/{target}", {
        "json": {"resourceType": "{type}", "id": "{target}"}, "headers": {"If-Match": 'W/"1"'},
    }),
    Request("create", "POST", "Observation", {"json": POINTING}),
]  # fmt: skip


@pytest.mark.parametrize("restriction", RESTRICTIONS, ids=lambda one: one.__name__)
async def test_two_residents_are_answered_alike(
    scene: Scene, restriction: Callable[[Scene], Awaitable[None]], subtests: pytest.Subtests
) -> None:
    await restriction(scene)
    for request in REQUESTS:
        with subtests.test(request=f"{request.method} {request.path} {sorted(request.rest)}"):
            answers = [await asked(scene, one, request) for one in (scene.closed, scene.plain)]
            assert answers[0] == answers[1]


@pytest.mark.parametrize("restriction", RESTRICTIONS, ids=lambda one: one.__name__)
async def test_what_is_closed_and_what_nobody_has_are_one_answer(
    scene: Scene, restriction: Callable[[Scene], Awaitable[None]], subtests: pytest.Subtests
) -> None:
    await restriction(scene)
    assert scene.theirs
    for kind, target in scene.theirs.items():
        if kind == "Patient":
            continue
        for request in BY_ID:
            with subtests.test(request=f"{request.method} {request.path} {sorted(request.rest)}", kind=kind):
                answers = [
                    await asked(scene, scene.closed, request, {"{type}": kind, "{target}": one})
                    for one in (target, NOBODYS)
                ]
                assert answers[0] == answers[1]


async def test_without_a_restriction_the_answers_differ(scene: Scene) -> None:
    """The control: every request about what a record holds tells the two residents apart."""
    await city_writes(scene, observation(10), VISIT, FAMILY)
    for path in ("Patient/{id}/$everything", "Observation?patient={id}", "Encounter?patient={id}"):
        request = Request("", "GET", path)
        assert await asked(scene, scene.closed, request) != await asked(scene, scene.plain, request), path
    for request in BY_ID:
        if request.interaction in {"read", "vread"} and not request.path.endswith("/9"):
            answers = [
                await asked(scene, scene.closed, request, {"{type}": "Observation", "{target}": one})
                for one in (scene.theirs["Observation"], NOBODYS)
            ]
            assert answers[0] != answers[1], request


async def test_with_problems_closed_no_visit_says_why(scene: Scene) -> None:
    await city_writes(scene, PROBLEM, OF_PROBLEM, ORDER)
    before = (await asked(scene, scene.closed, REQUESTS[4]))[2]
    await scene.decide(Kind.CATEGORY, "close", "county-2", "3")
    after = (await asked(scene, scene.closed, REQUESTS[4]))[2]
    for word in (b"diabetes", b"44054006", b"reasonReference", b'"diagnosis"'):
        assert word in before
        assert word not in after


REASON = {"coding": [{"system": "http://snomed.info/sct", "code": "44054006"}]}
BY_REASON = [
    Request("search", "GET", "Encounter?patient={id}&reason-code=44054006"),
    Request("search", "GET", "Encounter?patient={id}&reason-code=44054006&status=finished&_count=1"),
    Request("search", "GET", "Procedure?patient={id}&reason-reference=Condition/{problem}"),
]


async def test_with_problems_closed_nothing_is_found_by_its_reason(scene: Scene, subtests: pytest.Subtests) -> None:
    done = {"resourceType": "Procedure", "status": "completed", "subject": {"reference": "urn:uuid:patient"}}
    reasons = {"reasonReference": [{"reference": "urn:uuid:r0"}], "reasonCode": [REASON]}
    await city_writes(scene, PROBLEM, OF_PROBLEM | {"reasonCode": [REASON]}, done | reasons)
    places = {"{problem}": scene.theirs["Condition"]}
    for request in BY_REASON:
        answers = [await asked(scene, one, request, places) for one in (scene.closed, scene.plain)]
        assert answers[0] != answers[1], request.path
    await scene.decide(Kind.CATEGORY, "close", "county-2", "3")
    for request in BY_REASON:
        with subtests.test(request=request.path):
            answers = [await asked(scene, one, request, places) for one in (scene.closed, scene.plain)]
            assert answers[0] == answers[1]


async def close_visits(scene: Scene) -> None:
    await scene.decide(Kind.CATEGORY, "close", "county-2", str(int(Category.ENCOUNTERS)))


async def hide_the_diagnosis(scene: Scene) -> None:
    """Its visit is hidden with it, what else was of the visit is not."""
    await scene.decide(Kind.ENTRY, "hide", about=scene.theirs["Condition"])


LETTER = {"resourceType": "DocumentReference", "status": "current", "subject": {"reference": "urn:uuid:patient"}}
LATER = observation(20, category=[LABORATORY])
OF_THE_SECOND = {"reference": "urn:uuid:r1"}


@pytest.mark.parametrize(
    ("restriction", "open_to_all"), [(close_visits, [PROBLEM]), (hide_the_diagnosis, [])], ids=["visits", "diagnosis"]
)
async def test_what_points_to_a_closed_visit_does_not_say_so(
    scene: Scene,
    restriction: Callable[[Scene], Awaitable[None]],
    open_to_all: list[dict[str, Any]],
    subtests: pytest.Subtests,
) -> None:
    """Compared with a resident whose results and letters were written without a visit."""
    letter = LETTER | {"context": {"encounter": [OF_THE_SECOND]}}
    await city_writes(scene, PROBLEM, OF_PROBLEM, LATER | {"encounter": OF_THE_SECOND}, letter)
    await scene.house.bundles.process(CITY, bundle(NUMBERS[1], *open_to_all, LATER, LETTER))
    by_visit = f"Observation?patient={{id}}&encounter=Encounter/{scene.theirs['Encounter']}"
    paths = ("Patient/{id}/$everything", "Observation?patient={id}", "DocumentReference?patient={id}", by_visit)
    for path in paths:
        answers = [await asked(scene, one, Request("", "GET", path)) for one in (scene.closed, scene.plain)]
        assert answers[0] != answers[1], path
    await restriction(scene)
    for path in (*paths, "Encounter?patient={id}"):
        with subtests.test(path=path):
            answers = [await asked(scene, one, Request("", "GET", path)) for one in (scene.closed, scene.plain)]
            assert answers[0] == answers[1]


async def test_a_person_she_blocked_sees_what_nobody_wrote(scene: Scene, subtests: pytest.Subtests) -> None:
    """Compared with a resident of whom nothing at all is stored."""
    person = Person("李明", "Li Ming", date(1970, 1, 1), "male", "")
    number = parse("urn:test:number", "XB000009")
    empty = (await scene.house.index.enrol([number], person, source="county-2", now=scene.house.clock())).resident
    await scene.house.gate.code_was_shown(scene.doctor, empty, CodePurpose.OPEN_RECORD)
    scene.plain = empty
    await city_writes(scene, observation(10))
    await scene.decide(Kind.PERSON, "refuse", DOCTOR)
    for request in REQUESTS:
        if request.method in {"GET", "HEAD"} or "_search" in request.path:
            with subtests.test(request=request.path):
                answers = [await asked(scene, one, request) for one in (scene.closed, empty)]
                assert answers[0] == answers[1]


def test_every_interaction_of_the_api_is_asked() -> None:
    """Found by asking the API's own table, for every form of address that it knows."""
    paths = [(), ("metadata",), ("Patient", "$match"), ("Patient", "$ihe-pix"), ("$process-message",)]
    paths += [("Subscription",), ("Subscription", "x")]
    for name in TYPES:
        paths += [(name,), (name, "x"), (name, "_search"), (name, "x", "_history", "1"), (name, "x", "$everything")]
    known = {
        (method, interaction.name)
        for path in paths
        for method, interaction in (interactions._methods(path) or {}).items()
    }
    asked_for = {(one.method, one.interaction) for one in (*REQUESTS, *BY_ID)}
    assert known <= asked_for
    assert {row for row in vars(interactions) if row.startswith("_") and row.isupper()} == {
        "_SYSTEM", "_METADATA", "_TYPE", "_SEARCH", "_INSTANCE", "_VERSION", "_EVERYTHING", "_PATIENT", "_MATCH",
        "_PIX", "_MESSAGE", "_SUBSCRIBE", "_SUBSCRIPTION", "_BY_ADDRESS",
    }, "a new table of interactions: add its form of address above, and its requests"  # fmt: skip


async def asked(
    scene: Scene, resident: Resident, request: Request, replaced: dict[str, str] | None = None
) -> tuple[Any, ...]:
    """Make one request, with the places filled in everywhere."""
    number = scene.house.gate.patient_id(scene.doctor, resident)
    places = {"{id}": number} | (replaced or {})
    rest = json.dumps(request.rest)
    path = request.path
    for name, value in places.items():
        rest = rest.replace(name, value)
        path = path.replace(name, value)
    return await scene.ask(resident, request.method, path, json.loads(rest))
