"""create: POST [base]/[type], conditional with If-None-Exist.

Source: FHIR R4 3.1.0.8, 3.1.0.8.1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.api.stored import stored

if TYPE_CHECKING:
    from carecode.api.call import Answer, Call


async def answer(call: Call) -> Answer:
    """Store one resource."""
    done, body = await call.app.bundles.create(
        call.requester, call.path[0], await call.body(), call.header(b"if-none-exist")
    )
    return await stored(call, done, body)
