"""Promise 4: a closed list of purposes, and no way to ask about groups of people.

Read from the live database, the routes and the code, not from what somebody wrote down about them.

Answers: M1, M6, M7, M8, M15
"""

from __future__ import annotations

import json
import re
from datetime import date

import asyncpg
import cedarpy
import httpx
import pytest

from carecode.api.metadata import statement
from carecode.app import App
from carecode.disclosure.people import Organisation, Staff
from carecode.disclosure.policies import shipped
from carecode.disclosure.policy import Facts, asker
from carecode.disclosure.purposes import PURPOSES
from carecode.identity.identifiers import parse
from carecode.identity.person import Person
from carecode.kernel.vocabulary import Purpose, Role
from carecode.store.database import Target
from proofs.schema import parse as parse_schema
from tests.promises.wall import as_administrator

FORBIDDEN = re.compile(
    r"employ|wage|salary|school|marri|marketing|advert|premium|underwrit|movement|gps|latitude|longitude|"
    r"geoloc|track|colou?r|credit|score|rating|religion|political",
    re.IGNORECASE,
)


async def test_the_purposes_are_the_same_everywhere(module_target: Target) -> None:
    """In Python, in the log's CHECK, in the policies' schema, and in what the API says of itself."""
    in_python = {purpose.value for purpose in Purpose}
    assert {purpose.value for purpose in PURPOSES} == in_python
    assert await in_database(module_target) == in_python
    assert set(parse_schema(shipped().schema_text).actions) == in_python
    said = json.loads(statement("http://localhost/fhir"))["rest"][0]["documentation"]
    listed = re.search(r"Purposes of use: ([A-Z, ]+)\.", said)
    assert listed is not None
    assert set(listed[1].split(", ")) == in_python


async def in_database(target: Target) -> set[str]:
    """Return the purposes that the log takes; no other table takes more."""
    rows = await as_administrator(
        target,
        "SELECT conrelid::regclass::text AS place, pg_get_constraintdef(oid) AS rule FROM pg_constraint"
        " WHERE pg_get_constraintdef(oid) LIKE '%TREAT%'",
    )
    places = {row["place"]: set(re.findall(r"'([A-Z]+)'", row["rule"])) for row in rows}
    assert all(purposes <= places["audit.entry"] for purposes in places.values())
    return places["audit.entry"]


@pytest.mark.parametrize("purpose", ["EMPLOY", "HMARKT", "HRESCH", "TRAIN", "SCHOOL", "MOVEMENT", "LIFEINS"])
def test_the_policies_know_no_other_purpose(purpose: str) -> None:
    """Not even somebody with every fact in her favour is answered: the engine takes no such question."""
    policies = shipped()
    facts = Facts(Purpose.PATRQT, Role.RESIDENT, is_herself=True, licensed=True, within_caps=True)
    for action in (purpose, Purpose.PATRQT.value):
        question = {"principal": 'Asker::"this"', "action": f'Action::"{action}"', "resource": 'Answer::"given"'}
        entities = cedarpy.Entities.from_json_str(asker(facts), policies.schema)
        (result,) = cedarpy.is_authorized_batch([question], policies.whole, entities, policies.schema)
        assert result.allowed == (action != purpose)
        assert bool(result.diagnostics.errors) == (action == purpose)


@pytest.mark.parametrize("purpose", ["EMPLOY", "HMARKT", "HRESCH", "TRAIN", "SCHOOL", "MOVEMENT", "LIFEINS"])
async def test_the_log_takes_no_other_purpose(module_target: Target, purpose: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await as_administrator(
            module_target,
            "SELECT audit.append(ARRAY[gen_random_uuid()], gen_random_uuid(), 'x', 'x', '', 'clinician', 'o',"
            " 'disclose', $1, 'code', '{}', NULL)",
            purpose,
        )


async def test_no_column_table_or_function_has_a_forbidden_word(module_target: Target) -> None:
    rows = await as_administrator(
        module_target,
        """
        SELECT n.nspname || '.' || c.relname || '.' || a.attname AS name FROM pg_attribute a
          JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE a.attnum > 0 AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
        UNION ALL
        SELECT n.nspname || '.' || p.proname || '(' || pg_get_function_arguments(p.oid) || ')' FROM pg_proc p
          JOIN pg_namespace n ON n.oid = p.pronamespace
          WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'store')
        """,
    )
    names = [row["name"] for row in rows]
    assert len(names) > 100
    assert [name for name in names if FORBIDDEN.search(name)] == []


def test_no_route_has_a_forbidden_word(house: App) -> None:
    paths = [route.path for route in asgi_routes(house)]
    assert "/my" in paths
    assert [path for path in paths if FORBIDDEN.search(path)] == []


def asgi_routes(house: App) -> list[httpx.URL]:
    from carecode.api.routes import routes as api  # noqa: PLC0415  # only this test needs the tables of routes
    from carecode.web.site import routes as web  # noqa: PLC0415

    return [*api(house), *web(house)]  # type: ignore[list-item]


async def staffed(house: App, role: Role) -> dict[str, str]:
    await house.people.put_organisation(Organisation("county-2", "County", "县", "hospital"))
    await house.people.put_staff(Staff("one", "county-2", role, "One", "一", "", ""))
    token = await house.sessions.issue_bearer(house.clock(), purpose=Purpose.TREAT, staff="one")
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.SYSTEM, Role.STEWARD, Role.OFFICER, Role.OPERATOR])
@pytest.mark.parametrize(
    "search",
    [
        "Patient",
        "Observation?code=http://loinc.org|4548-4",
        "Condition",
        "Patient?name=Li",
        "Patient?birthdate=1970-01-01",
    ],
)
async def test_nobody_lists_residents(house: App, http: httpx.AsyncClient, role: Role, search: str) -> None:
    """Across residents there is no search: an error, or nothing; never somebody."""
    headers = await staffed(house, role)
    person = Person("李明", "Li Ming", date(1970, 1, 1), "male", "")
    await house.index.enrol([parse("passport", "E12345678")], person, source="x", now=house.clock())
    answer = await http.get(f"/fhir/{search}", headers=headers)
    if answer.status_code == 200:
        assert answer.json()["total"] == 0
        assert "entry" not in answer.json()
    else:
        assert answer.status_code in {400, 403, 404}
        assert answer.json()["resourceType"] == "OperationOutcome"


async def test_the_front_doors_need_a_session(http: httpx.AsyncClient) -> None:
    for path in ("/my/record", "/my/who-looked", "/desk", "/clinic", "/cashier"):
        answer = await http.get(path)
        assert answer.status_code in {401, 403}, path
    assert (await http.get("/fhir/Patient")).status_code == 401
