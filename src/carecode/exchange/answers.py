"""What became of what was sent, as values and as FHIR response Bundles.

Source: FHIR R4 Bundle.entry.response, 3.1.0.11.3 (transaction and batch responses).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from carecode.exchange.refusals import outcome_of
from carecode.kernel.errors import CareCodeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carecode.kernel.vocabulary import NewResource, Resident

CREATED: Final = "201 Created"
OK: Final = "200 OK"
_REASONS: Final = {
    400: "400 Bad Request",
    403: "403 Forbidden",
    404: "404 Not Found",
    409: "409 Conflict",
    412: "412 Precondition Failed",
    413: "413 Content Too Large",
    503: "503 Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Done:
    """One entry that was stored, or that was there already."""

    status: str
    type: str
    id: str = field(repr=False)  # as the requester sees it
    version: int
    updated: str  # FHIR instant; empty when nothing was stored

    @property
    def place(self) -> str:
        """Where this version stands, relative to the base."""
        return f"{self.type}/{self.id}/_history/{self.version}"


@dataclass(frozen=True, slots=True)
class Taken:
    """A bundle that was stored: what became of each entry, whose it is, how many are new by type."""

    done: tuple[Done, ...]
    resident: Resident | None = field(repr=False)
    stored: Mapping[str, int]
    resources: Sequence[NewResource | None] = field(repr=False, default=())  # None: was there already


def counted(done: Sequence[Done]) -> Counter[str]:
    """Count what is new, by type."""
    return Counter(one.type for one in done if one.status == CREATED)


def response(kind: str, rows: Sequence[Done | CareCodeError]) -> bytes:
    """Write the response Bundle: one entry for each sent one, in its order."""
    entries = [_failed(row) if isinstance(row, CareCodeError) else _done(row) for row in rows]
    return msgspec.json.encode({"resourceType": "Bundle", "type": f"{kind}-response", "entry": entries})


def _done(row: Done) -> dict[str, object]:
    answer = {"status": row.status, "location": row.place, "etag": f'W/"{row.version}"'}
    return {"response": answer | ({"lastModified": row.updated} if row.updated else {})}


def _failed(error: CareCodeError) -> dict[str, object]:
    status = _REASONS.get(error.http_status, "500 Internal Server Error")
    return {"response": {"status": status, "outcome": msgspec.Raw(outcome_of(error))}}


def instant(at: datetime) -> str:
    """Write a time as FHIR's instant, to the millisecond.

    >>> from datetime import UTC
    >>> instant(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    '2026-11-23T08:00:00.000Z'
    """
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
