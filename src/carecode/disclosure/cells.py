"""Counting cells: what a deposit adds to statistics, and under which token.  Pure.

A cell says what kind of visit on which day of the week, never whose or where.  A token is keyed by
window, so that the tokens of two weeks cannot be joined; they are deleted with the window.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from carecode.crypto import canonical
from carecode.crypto.keyed import keyed_hash
from carecode.kernel.vocabulary import Counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from carecode.kernel.vocabulary import NewResource, RecordKey


def counted(
    key: bytes,
    resident: RecordKey,
    resources: Iterable[NewResource],
    today: date,
    cell_of: Callable[[str, date], int],
) -> list[Counted]:
    """Return the cells that these resources touch in the current week, each once.

    ``cell_of`` numbers a visit by its FHIR Encounter.class code and day.  Visits of other weeks
    count nothing: their windows are closed.
    """
    monday = today - timedelta(days=today.weekday())
    cells: set[int] = set()
    for resource in resources:
        if resource.type != "Encounter" or resource.sort_date is None:
            continue
        day = resource.sort_date.date()
        if monday <= day < monday + timedelta(days=7):
            cells.add(cell_of(_kind(resource.body), day))
    token = keyed_hash(key, monday.isoformat().encode(), resident.bytes) if cells else b""
    return [Counted(cell=cell, contributor=token, window=monday) for cell in sorted(cells)]


def _kind(body: bytes) -> str:
    """Return the code of a visit's class; "" where it is none: the deposit that it came with is stored already."""
    said = canonical.decode(body).get("class")
    code = said.get("code") if isinstance(said, dict) else None
    return code if isinstance(code, str) else ""
