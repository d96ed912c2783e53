"""Update: a resource that the requester's own institution deposited gets its next version.

Source: FHIR R4 3.1.0.7 (update), 3.1.0.6 (If-Match).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from carecode.disclosure.answers import Query
from carecode.exchange import plan, splice
from carecode.exchange.answers import OK, Done, instant
from carecode.exchange.refusals import SentRefusedError
from carecode.exchange.resolving import Resolving, as_uuid
from carecode.kernel.errors import ConflictError, NotFoundError
from carecode.record.catalogue import TYPES, as_seen

if TYPE_CHECKING:
    from uuid import UUID

    from carecode.disclosure.gate import Gate
    from carecode.exchange.envelope import Sent
    from carecode.identity.index import Index
    from carecode.kernel.vocabulary import NewResource, Requester, Resident

_VERSION_DIGITS_MAX = 9


def version_of(etag: str) -> int | None:
    r"""Read the version in an ETag; None when nothing is asked.

    >>> version_of('W/"3"')
    3

    SentRefusedError ``if-match`` for anything else.
    """
    if not etag:
        return None
    text = etag.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) <= _VERSION_DIGITS_MAX):
        raise SentRefusedError("if-match", 'If-Match must read W/"version".', issue="value")
    return int(text)


class Replacing:
    """Updates for one requester."""

    def __init__(self, gate: Gate, index: Index, requester: Requester) -> None:
        """Ask and store as ``requester``."""
        self._gate = gate
        self._requester = requester
        self._resolving = Resolving(gate, index, requester)

    async def replace(self, sent: Sent, ident: str, if_match: str, stamp: plan.Stamp) -> tuple[Done, bytes]:
        """Store the one resource of ``sent`` as the next version of ``ident``; return it as the requester sees it.

        NotFoundError when there is none that this institution deposited: an update never creates.
        ConflictError when ``if_match`` is not the current version.
        """
        entry = sent.entries[0]
        if entry.type == "Patient" or TYPES[entry.type].directory:
            raise SentRefusedError(
                "update-unsupported", "This type is not updated; create it anew.", entry.place, "not-supported"
            )
        if entry.sent_id != ident:
            raise SentRefusedError("id", "The resource's id is the one in the address.", f"{entry.inside}.id", "value")
        expected = version_of(if_match)
        number = as_uuid(ident)
        resident = await self._gate.resident_of(number) if number is not None else None
        if number is None or resident is None:
            raise _no_such()
        held = await self._gate.fetch(self._requester, resident, Query(type=entry.type, id=number))
        if not held.bodies or held.bodies[0].organisation != self._requester.organisation:
            raise _no_such()
        current = held.bodies[0].version
        if expected is not None and expected != current:
            raise ConflictError("version-conflict", "The resource was changed in the meantime. Read it again.")
        resource = await self._next(sent, number, resident, current + 1, stamp)
        version = await self._gate.revise(self._requester, resident, resource, expected=current, now=stamp.now)
        seen = as_seen(resource.body, self._gate.patient_id(self._requester, resident))
        return Done(OK, entry.type, ident, version, instant(stamp.now)), seen

    async def _next(self, sent: Sent, number: UUID, resident: Resident, version: int, stamp: plan.Stamp) -> NewResource:
        entry = sent.entries[0]
        links = plan.survey(sent)
        named = await self._resolving.resident(sent, links)
        if named is None or not named.has(resident.id):
            raise SentRefusedError(
                "other-patient", "The next version must name the same patient.", entry.inside, "business-rule"
            )
        existing = await self._resolving.conditions(sent, links)
        literals = await self._resolving.literals(sent, links, resident)
        given = plan.Given(number, str(number), f"{entry.type}/{number}".encode())
        new_references = plan.new_references(sent, links, [given], existing, literals)
        meta = splice.server_meta(version, instant(stamp.now))
        made, _ = plan.build(entry, given, new_references, meta, self._gate.prepare, suspicious=sent.suspicious)
        return made


def _no_such() -> NotFoundError:
    return NotFoundError("no-such-resource", "There is no such resource.")
