"""read: GET [base]/[type]/[id].

Source: FHIR R4 3.1.0.2.  Missing and not to be seen by this requester: the same 404.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.api.faults import no_such_resource
from carecode.api.held import held, shown

if TYPE_CHECKING:
    from carecode.api.call import Answer, Call


async def answer(call: Call) -> Answer:
    """Answer with the current version."""
    found = await held(call, call.path[0], call.path[1])
    if found is None:
        raise no_such_resource()
    return shown(call, found)
