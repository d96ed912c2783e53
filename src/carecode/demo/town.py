"""The demo town: pushes the generated people through the house's own doors, as hospitals would."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

import msgspec

from carecode.demo.cast import CAST_STAFF, GUARDIANS, ORGANISATIONS
from carecode.demo.generator import GeneratedPerson, GeneratedVisit, bundle_of, generate
from carecode.demo.numbers import HOSPITAL_SYSTEMS, hospital_number
from carecode.disclosure.people import Organisation, Staff
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import PLATFORM, Requester, Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecode.app import App

RESIDENTS_DEFAULT: Final = 200
RESIDENTS_MAX: Final = 100_000
SEED: Final = 2026
AT_ONCE: Final = 4
REPORT_EVERY: Final = 50


async def populate(app: App, residents: int, report: Callable[[str], None]) -> None:
    """Make the town: institutions, staff, residents and ten years of visits; then mark the data as demo.

    The same seed gives the same town.  Interrupted, it goes on the next time where it was, on the
    same day's town: people are found by their numbers, deposits in their logs.
    """
    today = await app.people.begin_demo(app.clock().date())
    await _institutions(app)
    done = 0
    pending: set[asyncio.Task[None]] = set()
    for household in generate(SEED, residents, today):
        for person in household.people:
            pending.add(asyncio.create_task(_settle(app, person)))
            if len(pending) >= AT_ONCE:
                finished, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in finished:
                    task.result()
            done += 1
            if done % REPORT_EVERY == 0:
                report(f"moving people in: {done} of {residents}")
    for task in pending:
        await task
    await _guardians(app)
    await app.people.mark_demo()


async def _guardians(app: App) -> None:
    """Register who decides for the children of the cast."""
    for guardian, child in GUARDIANS:
        found = []
        for handle in (guardian, child):
            member = await app.people.cast_member(handle)
            found.append(await app.index.by_id(member) if member else None)
        parent, of_hers = found
        if parent is not None and of_hers is not None:
            await app.delegations.register_guardian(of_hers, parent, None, app.clock())


async def _institutions(app: App) -> None:
    await app.people.put_organisation(Organisation(PLATFORM, "CareCode", "CareCode", "platform"))
    for known in ORGANISATIONS:
        await app.people.put_organisation(Organisation(known.handle, known.name, known.name_zh, known.kind))
        machine = Staff(
            f"{known.handle}/system", known.handle, Role.SYSTEM, f"A computer of {known.name}",
            f"{known.name_zh}的系统", "", "",
        )  # fmt: skip
        await app.people.put_staff(machine)
        if known.kind in {"hospital", "clinic"}:
            doctor = Staff(
                f"{known.handle}/clinician",
                known.handle,
                Role.CLINICIAN,
                "Dr Gu Min",
                "顾敏",
                "general medicine",
                "全科",
            )
            await app.people.put_staff(doctor)
    for member in CAST_STAFF:
        await app.people.put_staff(
            Staff(
                member.handle,
                member.organisation,
                member.role,
                member.name,
                member.name_zh,
                member.title,
                member.title_zh,
            )
        )


async def _settle(app: App, person: GeneratedPerson) -> None:
    """Enrol one person and deposit what each institution knows of her, one deposit per institution."""
    now = app.clock()
    card = Person(person.name, person.name_latin, person.birth_date, person.sex, person.phone)
    numbers = [parse(system, value) for system, value in person.identifiers]
    enrolment = await app.index.enrol(numbers, card, source=PLATFORM, now=now)
    if person.handle is not None:
        await app.people.put_cast_member(person.handle, enrolment.resident.id)
    institutions = {visit.organisation for visit in person.visits}
    if not enrolment.created:
        entries = await app.log.entries(enrolment.resident)
        institutions -= {entry.organisation for entry in entries if entry.action == "deposit"}
    for organisation in sorted(institutions):
        mine = [visit for visit in person.visits if visit.organisation == organisation]
        requester = Requester(
            f"{organisation}/system", Role.SYSTEM, organisation, f"A computer of {_name(organisation)}", ""
        )
        await app.bundles.process(requester, _bundle(person, mine))


def _bundle(person: GeneratedPerson, visits: list[GeneratedVisit]) -> bytes:
    """Write all visits to one institution as one transaction with one Patient."""
    whole: dict[str, Any] = bundle_of(person, visits[0])
    for visit in visits[1:]:
        whole["entry"] += bundle_of(person, visit)["entry"][1:]
    # An institution knows the documents it saw and its own number, never another institution's.
    patient = whole["entry"][0]["resource"]
    mine = hospital_number(0, visits[0].organisation)[0]
    patient["identifier"] = [
        one for one in patient["identifier"] if one["system"] == mine or not one["system"].startswith(HOSPITAL_SYSTEMS)
    ]
    return msgspec.json.encode(whole)


def _name(handle: str) -> str:
    return next(known.name for known in ORGANISATIONS if known.handle == handle)
