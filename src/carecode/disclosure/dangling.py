"""References to what a reader may not see, left out as if nobody had written them.  Pure.

A visit that is closed would show in every result and prescription that names it (promise 6).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from carecode.crypto import canonical
from carecode.record.catalogue import TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

_REFERENCE: Final = re.compile(
    rb'"reference":"(([A-Z][A-Za-z]+)/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}))[/"]'
)
_HERS: Final = frozenset(name.encode() for name, row in TYPES.items() if not row.directory and name != "Patient")
_GONE: Final = object()


def pointed(bodies: Iterable[bytes]) -> set[tuple[str, UUID]]:
    """Return type and id of the resources of one resident that stored bodies refer to.

    >>> pointed([b'{"encounter":{"reference":"Encounter/01990000-0000-7000-8000-000000000000"}}'])
    {('Encounter', UUID('01990000-0000-7000-8000-000000000000'))}
    """
    found = {match.group(2, 3) for body in bodies for match in _REFERENCE.finditer(body)}
    return {(name.decode(), UUID(number.decode())) for name, number in found if name in _HERS}


def without(body: bytes, gone: frozenset[UUID]) -> bytes:
    """Return a stored body without the references to ``gone``; the same bytes where it has none.

    An element that holds nothing else goes too, and so does an item of a list that has such a reference as an
    element of its own: a diagnosis of a visit is there for its condition.
    """
    hidden = {match[1].decode() for match in _REFERENCE.finditer(body) if UUID(match[3].decode()) in gone}
    if not hidden:
        return body
    return canonical.encode(_kept(canonical.decode(body), hidden))


def _points(value: object, hidden: set[str]) -> bool:
    reference = value.get("reference") if isinstance(value, dict) else None
    return isinstance(reference, str) and reference.partition("/_history/")[0] in hidden


def _kept(value: Any, hidden: set[str]) -> Any:  # noqa: ANN401 - any JSON
    if _points(value, hidden):
        return _GONE
    if isinstance(value, dict):
        kept = {name: _kept(one, hidden) for name, one in value.items()}
        left = {name: one for name, one in kept.items() if one is not _GONE}
        return left if left or not value else _GONE
    if isinstance(value, list):
        items = [_GONE if _names_one(one, hidden) else _kept(one, hidden) for one in value]
        present = [one for one in items if one is not _GONE]
        return present if present or not value else _GONE
    return value


def _names_one(item: object, hidden: set[str]) -> bool:
    return isinstance(item, dict) and any(_points(one, hidden) for one in item.values())
