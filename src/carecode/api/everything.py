"""Patient/$everything: GET [base]/Patient/[id]/$everything, all of one record that the requester may see.

Source: FHIR R4 Patient operation everything.  Parameters: _count (without it, all at once).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.api.call import Answer
from carecode.api.faults import no_such_resource
from carecode.api.held import receipt_header
from carecode.api.parameters import CONTROLS, page_of, refuse_unknown
from carecode.api.searchset import address, next_of, searchset
from carecode.disclosure.answers import PAGE_MAX, Query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from carecode.api.call import Call
    from carecode.disclosure.answers import Body


async def answer(call: Call) -> Answer:
    """Answer with her resources, Patient first."""
    refuse_unknown(call.parameters, CONTROLS)
    page = page_of(call.parameters, default=PAGE_MAX, most=PAGE_MAX)
    resident = await call.subject(call.path[1])
    if resident is None:
        raise no_such_resource()
    found = await call.app.gate.fetch(call.requester, resident, Query(count=page.count, offset=page.offset))
    if not found.total:
        raise no_such_resource()
    bodies = _one_patient(found.bodies)
    total = found.total - (len(found.bodies) - len(bodies))
    place = f"{call.base}/Patient/{call.path[1]}/$everything"
    following = next_of(place, call.parameters, page, found.total)
    bundle = searchset(call.base, address(place, call.parameters), bodies, total, following)
    return Answer(200, bundle, receipt_header(bodies))


def _one_patient(bodies: Sequence[Body]) -> list[Body]:
    """Keep the last Patient only: each depositor sent one, and all bear her one id here."""
    newest = max((index for index, body in enumerate(bodies) if body.type == "Patient"), default=-1)
    return [body for index, body in enumerate(bodies) if body.type != "Patient" or index == newest]
