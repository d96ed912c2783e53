"""The answer to a create or update: where it stands, which version it is, and what was stored.

Source: FHIR R4 3.1.0.8, 3.1.0.1.6 (Prefer: return).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.api.call import Answer
from carecode.api.held import held, version_headers

if TYPE_CHECKING:
    from carecode.api.call import Call
    from carecode.exchange.answers import Done


async def stored(call: Call, done: Done, body: bytes) -> Answer:
    """Answer with Location, ETag and, unless ``return=minimal``, the resource."""
    status = int(done.status[:3])
    headers = (
        (b"location", f"{call.base}/{done.place}".encode()),
        *version_headers(done.version, call.app.clock()),
    )
    if "return=minimal" in call.header(b"prefer"):
        return Answer(status, b"", headers)
    if not body:
        existing = await held(call, done.type, done.id)
        body = existing.json if existing is not None else b""
    return Answer(status, body, headers)
