"""vread: GET [base]/[type]/[id]/_history/[vid].

Source: FHIR R4 3.1.0.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.api.faults import no_such_resource
from carecode.api.held import held, shown

if TYPE_CHECKING:
    from carecode.api.call import Answer, Call

_DIGITS_MAX: Final = 9


async def answer(call: Call) -> Answer:
    """Answer with one version."""
    type_name, ident, _, version = call.path
    if not (version.isascii() and version.isdigit() and len(version) <= _DIGITS_MAX):
        raise no_such_resource()
    found = await held(call, type_name, ident, int(version))
    if found is None:
        raise no_such_resource()
    return shown(call, found)
