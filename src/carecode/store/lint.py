"""The catalog lint: rules that keep the tables ready to be distributed by resident.

Each table's comment begins with how it is spread: ``resident`` (by ``resident_id``, which leads its
primary key and every unique index), ``lookup`` (by its own key), ``institution``, ``directory``,
``queue`` (local) or ``operator``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from carecode.store.queries import queries

if TYPE_CHECKING:
    import asyncpg

KINDS: Final = frozenset({"resident", "lookup", "institution", "directory", "queue", "operator"})


async def findings(connection: asyncpg.Connection[asyncpg.Record]) -> list[str]:
    """Return one sentence per broken rule of the database that ``connection`` administers; empty is well."""
    found: list[str] = []
    for row in await connection.fetch(queries("store")["lint_tables"]):
        unique_columns = msgspec.json.decode(row["unique_columns"], type=list[list[str]])
        kind = (row["comment"] or "").partition(":")[0]
        if kind not in KINDS:
            found.append(f"{row['name']}: its comment does not begin with how it is spread")
        if kind == "resident" and any(columns[0] != "resident_id" for columns in unique_columns):
            found.append(f"{row['name']}: resident_id does not lead every unique index")
        if kind == "resident" and not unique_columns:
            found.append(f"{row['name']}: has no primary key")
        if row["triggers"]:
            found.append(f"{row['name']}: has triggers")
    keys = await connection.fetch(queries("store")["lint_keys"])
    found += [f"{row['name']}: refers to another schema" for row in keys]
    found += [f"{row['name']}: PUBLIC may use it" for row in await connection.fetch(queries("store")["lint_public"])]
    return found
