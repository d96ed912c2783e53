"""A copy of the database, or a log, shows no name, no number, no code and no token.

Answers: M5, M24
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import asyncpg
import httpx
import pytest

from carecode.app import App
from carecode.disclosure.people import Organisation, Staff, herself
from carecode.healthcode.phone import DeviceKey
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.errors import CareCodeError
from carecode.kernel.vocabulary import CodePurpose, Purpose, Requester, Role
from carecode.store.database import Target
from tests.conftest import demand_superuser
from tests.promises.wall import as_administrator

NAME = "欧阳canary兰"
LATIN = "Ouyang Canarylan"
NUMBER = "CANARY7731905"
PHONE = "13912345678"
NOTE = "canary-note-4471"
CODE = "canary-code-8"
SYSTEM = Requester("county-2/system", Role.SYSTEM, "county-2", "A computer", "")


def deposit() -> bytes:
    entries = [
        {
            "fullUrl": "urn:uuid:p",
            "resource": {
                "resourceType": "Patient",
                "identifier": [{"system": "urn:canary", "value": NUMBER}],
                "name": [{"text": NAME}],
                "birthDate": "1951-02-03",
            },
            "request": {"method": "POST", "url": "Patient"},
        },
        {
            "fullUrl": "urn:uuid:c",
            "resource": {
                "resourceType": "Condition",
                "code": {"coding": [{"system": "urn:canary", "code": CODE}]},
                "subject": {"reference": "urn:uuid:p"},
                "note": [{"text": NOTE}],
            },
            "request": {"method": "POST", "url": "Condition"},
        },
    ]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode()


async def lived_through(house: App, http: httpx.AsyncClient) -> list[str]:
    """A life in short: enrolled, deposited, scanned, opened, refused, errors; return what must not be seen."""
    now = house.clock()
    await house.people.put_organisation(Organisation("county-2", "County", "县", "hospital"))
    await house.people.put_staff(Staff("doctor", "county-2", Role.CLINICIAN, "Dr Zhao", "赵", "", ""))
    doctor = await house.people.staff("doctor")
    assert doctor is not None
    person = Person(NAME, LATIN, date(1951, 2, 3), "female", PHONE)
    her = (await house.index.enrol([parse("urn:canary", NUMBER)], person, source="x", now=now)).resident
    await house.bundles.process(SYSTEM, deposit())
    bearer = await house.index.bearer_of(her.id)
    key = DeviceKey(bytes(range(32)))
    device = await house.verifier.register_device(bearer, key.algorithm, key.public, f"{LATIN}'s phone", now)
    [(handle, secret)] = await house.verifier.batch(device, 1)
    text = key.show(bytes.fromhex(handle), bytes.fromhex(secret), CodePurpose.OPEN_RECORD, now, "1234")
    shown = await house.verifier.verify(text, CodePurpose.OPEN_RECORD, now, "1234")
    await house.gate.open(doctor, Purpose.TREAT, presentation=shown)
    with pytest.raises(CareCodeError):
        await house.verifier.verify(text, CodePurpose.OPEN_RECORD, now, "1234")
    other = Person("别人", "", date(1990, 1, 1), "male", "")
    with pytest.raises(CareCodeError):
        await house.index.enrol([parse("urn:canary", NUMBER)], other, source="x", now=now)
    await house.privacy.refuse(herself(her.id), "county-2")
    token = await house.sessions.issue_bearer(now, purpose=Purpose.TREAT, staff="doctor", resident=her.id)
    session = await house.sessions.sign_in(now, resident=her.id)
    enrolment = await house.sessions.enrolment_code(her.id, now)
    await http.get(f"/fhir/Patient?identifier=urn:canary|{NUMBER}", headers={"Authorization": f"Bearer {token}"})
    await http.post("/fhir", content=deposit()[:-20], headers={"Authorization": f"Bearer {token}"})
    return [NAME, LATIN, NUMBER, PHONE, NOTE, CODE, token, session, enrolment, text, handle, secret]


async def test_no_row_of_any_table_holds_it(house: App, http: httpx.AsyncClient, target: Target) -> None:
    await demand_superuser(target)
    secrets = await lived_through(house, http)
    tables = await as_administrator(
        target,
        "SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')",
    )
    assert len(tables) > 15
    rows = 0
    for table in tables:
        for row in await as_administrator(target, f"SELECT t::text AS line FROM {table['name']} AS t"):  # noqa: S608
            rows += 1
            for secret in secrets:
                assert secret not in row["line"], table["name"]
                assert secret.encode().hex() not in row["line"], table["name"]
    assert rows > 15


async def test_no_log_holds_it(
    house: App, http: httpx.AsyncClient, target: Target, capfd: pytest.CaptureFixture[str]
) -> None:
    log = Path(target.host).parent / "postgres.log"
    if not log.exists():
        pytest.skip("this PostgreSQL is not ours: its log is elsewhere")
    before = log.stat().st_size
    secrets = await lived_through(house, http)
    connection = await asyncpg.connect(**target.arguments(target.admin_user, target.admin_password))
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(  # an error whose detail would name the value
            "INSERT INTO disclosure.setting VALUES ($1, 'x'), ($1, 'y')", NUMBER
        )
    await connection.close()
    with log.open(encoding="utf-8", errors="replace") as lines:
        lines.seek(before)
        written = lines.read()
    assert "duplicate key" in written  # the control: the error itself was logged
    printed = capfd.readouterr()
    for secret in secrets:
        assert secret not in written
        assert secret not in printed.out + printed.err
