"""update: PUT [base]/[type]/[id], with If-Match.

Only what the requester's own institution deposited is updated; an update never creates.
Source: FHIR R4 3.1.0.7, 3.1.0.6 (managing resource contention).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.api.stored import stored

if TYPE_CHECKING:
    from carecode.api.call import Answer, Call


async def answer(call: Call) -> Answer:
    """Store the next version."""
    done, body = await call.app.bundles.update(
        call.requester, call.path[0], call.path[1], await call.body(), call.header(b"if-match")
    )
    return await stored(call, done, body)
