"""Nobody learns by asking whether somebody is a patient of a psychiatric hospital, or of any other.

For whoever may not read her record, every answer is the same whether that hospital wrote about her or nobody did:
every page, every request and every status, byte for byte once numbers and times are masked.

Answers: M23
Proved in detail by: tests/promises/test_a_restriction_looks_like_absence.py, tests/api/test_read.py
Not answered: the hospital's own people, and whoever sees her go in.
"""

from __future__ import annotations

import re

from carecode.disclosure.answers import Query, Release
from carecode.disclosure.choices import Kind, Wish
from carecode.disclosure.people import herself
from carecode.kernel.vocabulary import Purpose, Resident
from tests.promises.quarter import Quarter, condition, observation

MASKS = (
    (re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), b"<id>"),
    (re.compile(rb"[0-9a-f]{32}"), b"<patient>"),
    (re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+]00:00)"), b"<time>"),
    (re.compile(rb"\d\d:\d\d:\d\d"), b"<time>"),
    (re.compile(rb"X[AB]000001"), b"<number>"),
    (re.compile(rb"nonce-[A-Za-z0-9_-]+|nonce=\"[^\"]+\""), b"<nonce>"),
    (re.compile(rb'name="(bill|key)" value="[^"]*"|given-[0-9]+'), b"<bill>"),
    (re.compile(rb"\b[0-9a-f]{4} [0-9a-f]{4} "), b"<patient>"),
    (re.compile(rb"\b[0-9A-F]{4}-[0-9A-F]{4}\b"), b"<receipt>"),
)
REQUESTS = (
    "Patient?identifier=urn:test:number|{number}",
    "Patient/{id}",
    "Patient/{id}/$everything",
    "Condition?patient={id}",
    "Encounter?patient={id}",
    "Observation?patient={id}&_count=1",
)


def masked(content: bytes) -> bytes:
    for pattern, mark in MASKS:
        content = pattern.sub(mark, content)
    return content


async def two(quarter: Quarter) -> list[tuple[Resident, str]]:
    """Make two alike: of the first the psychiatric hospital wrote, of the second nobody there."""
    people = [(await quarter.resident(number), number) for number in ("XA000001", "XB000001")]
    await quarter.deposit("anding", "XA000001", condition("35489007", "Depression"), observation(6.1))
    return people


async def test_every_request_is_answered_alike(quarter: Quarter) -> None:
    people = await two(quarter)
    for work in ("doctor", "machine", "desk", "cashier", "officer"):
        await _answered_alike(quarter, f"county-2/{work}", people)


async def _answered_alike(quarter: Quarter, who: str, people: list[tuple[Resident, str]]) -> None:
    headers = await quarter.bearer(who)
    for request in REQUESTS:
        answers = []
        for resident, number in people:
            place = request.format(number=number, id=quarter.house.gate.patient_id(quarter.staff[who], resident))
            answer = await quarter.http.get(f"/fhir/{place}", headers=headers)
            kept = {name: value for name, value in answer.headers.items() if name not in {"date", "last-modified"}}
            answers.append((answer.status_code, kept, masked(answer.content)))
        assert answers[0] == answers[1], request


async def test_every_counter_answers_alike(quarter: Quarter) -> None:
    people = await two(quarter)
    desk, cashier = await quarter.session("county-2/desk"), await quarter.session("county-2/cashier")
    answers = []
    for resident, number in people:
        patient = quarter.house.gate.patient_id(quarter.staff["county-2/desk"], resident)
        pages = [
            await quarter.form("/desk/find", desk, kind="urn:test:number", number=number),
            await quarter.form("/cashier/charge", cashier, patient=patient, item="hba1c"),
        ]
        answers.append([(page.status_code, masked(page.content).splitlines()) for page in pages])
    for (status, lines), (other_status, other_lines) in zip(*answers, strict=True):
        assert status == other_status == 200
        assert [pair for pair in zip(lines, other_lines, strict=True) if pair[0] != pair[1]] == []


async def test_a_doctor_who_treats_her_sees_no_gap_where_she_hid_it(quarter: Quarter) -> None:
    people = await two(quarter)
    doctor = quarter.staff["county-2/doctor"]
    her = people[0][0]
    mine = await quarter.house.gate.open(herself(her.id), Purpose.PATRQT, resident=her)
    assert isinstance(mine, Release)
    for body in mine.bodies:
        if body.type != "Patient":
            await quarter.house.privacy.decide(herself(her.id), Wish(Kind.ENTRY, "hide", about=body.id))
    seen = []
    for resident, number in people:
        if resident != her:
            await quarter.deposit("anding", number)  # a patient there too, of whom nothing is written
        await quarter.treat("county-2/doctor", resident)
        found = await quarter.house.gate.fetch(doctor, resident, Query())
        seen.append((found.total, [masked(body.json) for body in found.bodies]))
    assert seen[0] == seen[1]
