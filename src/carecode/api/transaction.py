"""batch and transaction: POST [base].

Source: FHIR R4 3.1.0.11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.api.call import Answer

if TYPE_CHECKING:
    from carecode.api.call import Call


async def answer(call: Call) -> Answer:
    """Store a Bundle and answer with what became of each entry."""
    return Answer(200, await call.app.bundles.process(call.requester, await call.body()))
