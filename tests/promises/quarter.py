"""What the promises share: a house as people meet it, by its pages, its API and the codes of a phone."""

from __future__ import annotations

import json
import re
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from carecode.app import App
from carecode.disclosure.people import Organisation, Staff, herself
from carecode.healthcode.phone import DeviceKey
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import PLATFORM, CodePurpose, Purpose, Requester, Resident, Role
from carecode.store.database import Target
from tests.promises.wall import as_administrator

ADDRESS = "http://localhost:8000"
NUMBERS = "urn:test:number"
SUBJECT = {"reference": "urn:uuid:patient"}
ROLES = {
    "doctor": Role.CLINICIAN,
    "colleague": Role.CLINICIAN,
    "desk": Role.DESK,
    "cashier": Role.CASHIER,
    "officer": Role.OFFICER,
    "machine": Role.SYSTEM,
}
HOSPITALS = {"county-2": "County Hospital 2", "city-1": "City Hospital 1", "anding": "Anding Psychiatric Hospital"}


class Clock:
    """The real time, moved by a test."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **by: float) -> None:
        self.ahead += timedelta(**by)


@dataclass
class Phone:
    """A resident's phone that is no browser."""

    key: DeviceKey
    number: int
    handles: deque[tuple[str, str]]

    def code(self, purpose: CodePurpose, at: datetime, desk_number: str | None = None) -> str:
        handle, secret = map(bytes.fromhex, self.handles.popleft())
        return self.key.show(handle, secret, purpose, at, desk_number)


@dataclass
class Quarter:
    """Who is there, and what they do."""

    house: App
    http: httpx.AsyncClient
    clock: Clock
    staff: dict[str, Requester] = field(default_factory=dict)  # "county-2/doctor"

    @property
    def now(self) -> datetime:
        return self.clock()

    async def resident(
        self, number: str, name: str = "李明", born: date = date(1970, 1, 1), phone: str = ""
    ) -> Resident:
        person = Person(name, "", born, "female", phone)
        done = await self.house.index.enrol([parse(NUMBERS, number)], person, source="x", now=self.now)
        return done.resident

    async def deposit(
        self, place: str, number: str, *resources: dict[str, Any], patient: dict[str, Any] | None = None
    ) -> None:
        """Write into her record as the institution's machine."""
        await self.house.bundles.process(self.staff[f"{place}/machine"], bundle(number, *resources, patient=patient))

    async def phone(self, resident: Resident, seed: int = 1) -> Phone:
        bearer = await self.house.index.bearer_of(resident.id)
        key = DeviceKey(bytes([seed] * 32))
        number = await self.house.verifier.register_device(bearer, key.algorithm, key.public, "a phone", self.now)
        return Phone(key, number, deque(await self.house.verifier.batch(number, 64)))

    async def treat(self, who: str, resident: Resident) -> None:
        """Open a treatment window, as a shown code does."""
        await self.house.gate.code_was_shown(self.staff[who], resident, CodePurpose.OPEN_RECORD)

    async def bearer(
        self, who: str, resident: Resident | None = None, purpose: Purpose = Purpose.TREAT
    ) -> dict[str, str]:
        token = await self.house.sessions.issue_bearer(
            self.now, purpose=purpose, staff=who, resident=resident.id if resident else None
        )
        return {"authorization": f"Bearer {token}"}

    async def session(self, who: str | None = None, resident: Resident | None = None) -> str:
        if resident is not None:
            return await self.house.sessions.sign_in(self.now, resident=resident.id, how="digits", fresh=True)
        return await self.house.sessions.sign_in(self.now, staff=who, how="passkey", fresh=True)

    async def desk_number(self, token: str) -> str:
        requester = await self.house.sessions.session(token, self.now)
        assert requester is not None
        assert requester.desk_number is not None
        return requester.desk_number

    async def page(self, path: str, token: str) -> httpx.Response:
        area = path.split("/")[1].partition("?")[0]
        return await self.http.get(path, headers={"cookie": f"carecode_{area}={token}"})

    async def form(self, path: str, token: str, **fields: str) -> httpx.Response:
        area = path.split("/")[1]
        headers = {"cookie": f"carecode_{area}={token}", "origin": ADDRESS}
        return await self.http.post(path, headers=headers, data=fields)

    async def looked(self, resident: Resident) -> list[tuple[str, str, str]]:
        """Return her list of who looked, newest first: name, action, basis."""
        looks = await self.house.privacy.who_looked(herself(resident.id))
        return [(look.entry.requester_name, look.entry.action, look.entry.basis) for look in looks]


async def settle(quarter: Quarter) -> Quarter:
    """Let the institutions and their people move in."""
    people = quarter.house.people
    await people.put_organisation(Organisation(PLATFORM, "CareCode", "CareCode", "platform"))
    for handle, name in HOSPITALS.items():
        await people.put_organisation(Organisation(handle, name, name, "hospital"))
        for work, role in ROLES.items():
            who = f"{handle}/{work}"
            await people.put_staff(Staff(who, handle, role, f"{work.title()} of {name}", work, work, work))
            found = await people.staff(who)
            assert found is not None
            quarter.staff[who] = found
    return quarter


def condition(code: str, text: str = "") -> dict[str, Any]:
    coding = {"system": "http://snomed.info/sct", "code": code, "display": text or code}
    return {"resourceType": "Condition", "code": {"coding": [coding]}, "subject": SUBJECT}


def observation(value: float, day: str = "2026-01-05") -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
        "subject": SUBJECT,
        "effectiveDateTime": day,
        "valueQuantity": {"value": value, "unit": "%"},
    }


def bundle(number: str, *resources: dict[str, Any], patient: dict[str, Any] | None = None) -> bytes:
    """One patient by her number, and resources about her."""
    about = {
        "resourceType": "Patient",
        "identifier": [{"system": NUMBERS, "value": number}],
        "name": [{"text": "李明"}],
        "gender": "female",
        "birthDate": "1970-01-01",
    } | (patient or {})
    entries = [{"fullUrl": "urn:uuid:patient", "resource": about, "request": {"method": "POST", "url": "Patient"}}]
    entries += [
        {"fullUrl": f"urn:uuid:{place}", "resource": one, "request": {"method": "POST", "url": one["resourceType"]}}
        for place, one in enumerate(resources)
    ]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


def words_of(html: str) -> str:
    """Return what a person reads of a page."""
    body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("&#39;", "'").strip()


async def rows(target: Target) -> dict[str, set[str]]:
    """Return every row of every table, as text."""
    tables = await as_administrator(
        target,
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')",
    )
    found = {}
    for table in tables:
        lines = await as_administrator(target, f"SELECT t::text AS line FROM {table['name']} AS t")  # noqa: S608
        found[table["name"]] = {line["line"] for line in lines}
    return found
