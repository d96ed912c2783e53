"""One resource as the requester may see it, found by its address.

What does not exist and what may not be seen are the same: None.
"""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING

from carecode.api.call import Answer
from carecode.disclosure.answers import Query
from carecode.exchange.resolving import as_uuid
from carecode.kernel.vocabulary import receipt_mark
from carecode.record.catalogue import TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from carecode.api.call import Call, Headers
    from carecode.disclosure.answers import Body
    from carecode.kernel.vocabulary import Resident


async def held(call: Call, type_name: str, ident: str, version: int | None = None) -> Body | None:
    """Return the current version of a resource, or the one that is asked for."""
    if type_name == "Patient":
        resident = await call.subject(ident)
        found = await patient(call, resident) if resident is not None else None
        return found if found is not None and version in {None, found.version} else None
    number = as_uuid(ident)
    if number is None:
        return None
    if TYPES[type_name].directory:
        listed = await call.app.gate.directory.get(type_name, number)
        return listed if listed is not None and version in {None, listed.version} else None
    resident = call.bound or await call.app.gate.resident_of(number)
    if resident is None:
        return None
    found_now = await call.app.gate.fetch(call.requester, resident, Query(type=type_name, id=number, version=version))
    return found_now.bodies[0] if found_now.bodies else None


async def patient(call: Call, resident: Resident) -> Body | None:
    """Return her newest Patient that the requester may see."""
    found = await call.app.gate.fetch(call.requester, resident, Query(type="Patient", count=1))
    return found.bodies[0] if found.bodies else None


def shown(call: Call, body: Body) -> Answer:
    """Answer with one resource, or that the caller has this version already.

    Source: FHIR R4 3.1.0.5.1 (conditional read), RFC 9110 13.1.2.
    """
    headers = (*version_headers(body.version, body.updated_at), *receipt_header([body]))
    if call.headers and call.headers.get(b"if-none-match", b"").removeprefix(b"W/") == b'"%d"' % body.version:
        return Answer(304, b"", headers)
    return Answer(200, body.json, headers)


def version_headers(version: int, updated_at: datetime) -> Headers:
    """Return ETag and Last-Modified.  Source: FHIR R4 3.1.0.1.3 (resource metadata and versioning)."""
    return (
        (b"etag", b'W/"%d"' % version),
        (b"last-modified", format_datetime(updated_at, usegmt=True).encode()),
    )


def receipt_header(bodies: Sequence[Body]) -> Headers:
    """Name the receipt under which these were read, for the institution's own list; none where nothing was."""
    receipt = bodies[0].receipt if bodies else None
    return () if receipt is None else ((b"carecode-receipt", receipt_mark(receipt).encode()),)
