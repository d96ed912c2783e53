"""A searchset Bundle put together from stored bytes, without reading any of them.

Source: FHIR R4 3.1.1.1.6 (paging), 3.1.1.4 (total, self), Bundle.entry.fullUrl.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import msgspec

if TYPE_CHECKING:
    from carecode.api.parameters import Page
    from carecode.disclosure.answers import Body

_PAGING: Final = frozenset({"_count", "_offset"})


def searchset(base: str, self_url: str, bodies: Sequence[Body], total: int | None, next_url: str | None) -> bytes:
    """Write the Bundle; what is absent and what is refused give the same bytes."""
    links = b'"link":[{"relation":"self","url":' + msgspec.json.encode(self_url) + b"}"
    if next_url is not None:
        links += b',{"relation":"next","url":' + msgspec.json.encode(next_url) + b"}"
    start = b'{"resourceType":"Bundle","type":"searchset",'
    if total is not None:
        start += b'"total":%d,' % total
    if not bodies:
        return start + links + b"]}"
    entries = [
        b'{"fullUrl":"%b/%b/%b","resource":%b,"search":{"mode":"match"}}'
        % (base.encode(), body.type.encode(), body.id.encode(), body.json)
        for body in bodies
    ]
    return start + links + b'],"entry":[' + b",".join(entries) + b"]}"


def address(place: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Write an address with its parameters."""
    return f"{place}?{urlencode(parameters)}" if parameters else place


def next_of(place: str, parameters: Sequence[tuple[str, str]], page: Page, total: int) -> str | None:
    """Write the address of the next page; None when this is the last.  Callers take it as it is."""
    reached = page.offset + page.count
    if not page.count or reached >= total:
        return None
    kept = [(name, value) for name, value in parameters if name not in _PAGING]
    return address(place, [*kept, ("_count", str(page.count)), ("_offset", str(reached))])
