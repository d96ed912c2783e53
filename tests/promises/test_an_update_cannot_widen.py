"""No later version does more with her record than this one without somebody saying why.

All that there is to do stands in one list, ``tests/promises/surface.txt``: every table and column, every right of
every login role, every row policy, page, request, command, purpose, role and Cedar policy.  It is compared with what
the live database and the code say.  A line more is a failing test until it stands under a sentence that says why.

To write new lines into the list: ``CARECODE_SURFACE=write ./carecode test`` with this file's path; they come under
the heading ``# ?``, to be moved under a reason.

Answers: M26
Proved in detail by: tests/promises/test_closed_purposes.py, tests/store/test_migrations.py,
tests/policy/test_proofs.py
Not answered: a reason that is not true; signed releases, which are not built.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from starlette.routing import Mount, Route

from carecode.api import interactions
from carecode.api.routes import routes as api
from carecode.app import App
from carecode.cli.main import app as commands
from carecode.disclosure import cedar
from carecode.disclosure.policies import shipped
from carecode.kernel.vocabulary import Card, Category, Closed, CodePurpose, Purpose, Requester, Role
from carecode.record.catalogue import TYPES
from carecode.store.database import ROOMS, Target
from carecode.web.site import routes as web
from tests.promises.wall import as_administrator

LIST = Path(__file__).with_name("surface.txt")
UNREASONED = "?"
COLUMNS = """
SELECT 'column ' || c.oid::regclass::text || ' ' || a.attname AS line
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v') AND a.attnum > 0 AND NOT a.attisdropped
    AND n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
TABLE_RIGHTS = """
SELECT DISTINCT 'right ' || r.rolname || ' ' || x.privilege_type || ' ' || c.oid::regclass::text AS line
  FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS x JOIN pg_roles r ON r.oid = x.grantee
  WHERE r.rolname LIKE 'carecode\\_%' AND r.rolname <> current_user AND r.rolname NOT LIKE '%\\_owner'
"""
COLUMN_RIGHTS = """
SELECT DISTINCT 'right ' || r.rolname || ' ' || x.privilege_type || ' ' || c.oid::regclass::text
    || ' ' || a.attname AS line
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid CROSS JOIN LATERAL aclexplode(a.attacl) AS x
  JOIN pg_roles r ON r.oid = x.grantee
  WHERE r.rolname LIKE 'carecode\\_%' AND r.rolname <> current_user AND r.rolname NOT LIKE '%\\_owner'
"""
CALLS = """
SELECT DISTINCT 'right ' || r.rolname || ' EXECUTE ' || p.oid::regprocedure::text AS line
  FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) AS x JOIN pg_roles r ON r.oid = x.grantee
  WHERE r.rolname LIKE 'carecode\\_%' AND r.rolname <> current_user AND x.grantee <> p.proowner
"""
ROW_POLICIES = """
SELECT 'row policy ' || schemaname || '.' || tablename || ' ' || policyname || ' ' || cmd || ' '
    || left(encode(sha256(convert_to(coalesce(qual, '') || coalesce(with_check, ''), 'UTF8')), 'hex'), 12) AS line
  FROM pg_policies
"""


async def of_the_database(target: Target) -> Iterator[str]:
    found = set()
    for question in (COLUMNS, TABLE_RIGHTS, COLUMN_RIGHTS, CALLS, ROW_POLICIES):
        found |= {row["line"] for row in await as_administrator(target, question)}
    return iter(found)


def of_the_code(house: App) -> Iterator[str]:
    yield from (f"purpose {one.value}" for one in Purpose)
    yield from (f"role {one.value}" for one in Role)
    yield from (f"code for {one.name}" for one in CodePurpose)
    yield from (f"category {one.name}" for one in Category)
    yield from (f"closed by {one.name}" for one in Closed)
    yield from (f"card shows {one.name}" for one in fields(Card))
    yield from (f"requester has {one.name}" for one in fields(Requester))
    yield from (f"kept type {name}" for name in TYPES)
    yield from (f"room {name}" for name in ROOMS)
    for source in sorted(Path(next(iter(cedar.__path__))).glob("*.cedar*")):
        yield f"policies {source.name} {hashlib.sha256(source.read_bytes()).hexdigest()[:12]}"
    yield from (f"policy {name}" for name in shipped().order)
    for kind in (one for one in vars(interactions).values() if isinstance(one, dict)):
        yield from (
            f"interface {method} {one.name}"
            for method, one in kind.items()
            if isinstance(one, interactions.Interaction)
        )
    for route in (*web(house), *api(house)):
        if isinstance(route, Route):
            yield from (f"address {method} {route.path}" for method in sorted(route.methods or ()) if method != "HEAD")
        elif isinstance(route, Mount):
            yield f"address under {route.path}"
    yield from (f"command {one.name or getattr(one.callback, '__name__', '')}" for one in commands.registered_commands)
    yield from (f"commands {one.name}" for one in commands.registered_groups)


def listed() -> dict[str, list[str]]:
    """Read the list: reason -> lines."""
    found: dict[str, list[str]] = {}
    reason = UNREASONED
    for line in LIST.read_text("utf-8").splitlines() if LIST.exists() else ():
        if line.startswith("# "):
            reason = line[2:].strip()
            found.setdefault(reason, [])
        elif line.strip():
            found.setdefault(reason, []).append(line.strip())
    return found


def write(there: set[str]) -> None:
    """Take lines that are gone out of the list; put new ones under ``# ?``."""
    known = {reason: [line for line in lines if line in there] for reason, lines in listed().items()}
    new = there - {line for lines in known.values() for line in lines}
    if new:
        known.setdefault(UNREASONED, []).extend(new)
    parts = [
        f"# {reason}\n" + "".join(f"{line}\n" for line in sorted(set(lines)))
        for reason, lines in known.items()
        if lines
    ]
    LIST.write_text("\n".join(parts), "utf-8")


@pytest.fixture
async def there(house: App, target: Target) -> set[str]:
    found = {*await of_the_database(target), *of_the_code(house)}
    if os.environ.get("CARECODE_SURFACE") == "write":
        write(found)
    return found


async def test_there_is_what_the_list_says_and_no_more(there: set[str]) -> None:
    known = [line for lines in listed().values() for line in lines]
    assert len(known) == len(set(known)), "each line once"
    assert sorted(there - set(known)) == [], "new: say why in tests/promises/surface.txt"
    assert sorted(set(known) - there) == [], "gone: take it out of tests/promises/surface.txt"


def test_every_line_stands_under_a_reason() -> None:
    assert UNREASONED not in listed(), f"move these under a reason: {listed().get(UNREASONED)}"
    assert all(len(reason.split()) >= 4 for reason in listed()), "a reason is a sentence"


async def test_the_list_would_notice_a_right_a_column_and_a_page_more(house: App, target: Target) -> None:
    before = set(await of_the_database(target))
    assert len(before) > 300
    await as_administrator(target, "ALTER TABLE disclosure.staff ADD COLUMN anything text")
    await as_administrator(target, "GRANT SELECT ON record.resource TO carecode_visits")
    await as_administrator(target, "ALTER POLICY disclosed ON record.resource USING (true)")
    more = set(await of_the_database(target)) - before
    assert len(more) == 3
    assert sum(line.startswith("address ") for line in of_the_code(house)) > 50
