"""Named queries: each room's SQL lives in ``sql/queries.sql`` and is called by name.

Form: a line ``-- name: find_person``, one or more comment lines that say what it does, the SQL.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from carecode.kernel.errors import CorruptError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.resources.abc import Traversable

_NAME: Final = re.compile(r"^-- name: ([a-z][a-z0-9_]*)\s*$", re.MULTILINE)


_FOLDERS: Final = {"broker": "disclosure/broker"}  # rooms that stand inside another


def sql_folder(room: str) -> Traversable:
    """Return the folder with a room's SQL."""
    return files("carecode") / _FOLDERS.get(room, room) / "sql"


@cache
def queries(room: str) -> Mapping[str, str]:
    """Return the named queries of a room, read once.

    Raises CorruptError for a query without a description or a name that stands twice.
    """
    text = (sql_folder(room) / "queries.sql").read_text(encoding="utf-8")
    return MappingProxyType(parse(text))


def parse(text: str) -> dict[str, str]:
    r"""Split a file of named queries.

    >>> parse("-- name: one\n-- Says one.\nSELECT 1;\n")
    {'one': 'SELECT 1'}
    """
    pieces = _NAME.split(text)
    found: dict[str, str] = {}
    for name, body in zip(pieces[1::2], pieces[2::2], strict=True):
        lines = body.strip().splitlines()
        if not lines or not lines[0].startswith("-- "):
            raise CorruptError("query-undescribed", f"query {name} has no line that says what it does")
        if name in found:
            raise CorruptError("query-twice", f"query {name} stands twice")
        found[name] = "\n".join(line for line in lines if not line.startswith("--")).strip().rstrip(";")
    return found
