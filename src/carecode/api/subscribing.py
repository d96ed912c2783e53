"""Subscribe to patient updates: POST, GET and PUT [base]/Subscription, for an institution's own numbers.

Small form: one subscription for each institution, of the persons for whom it gave a number, whom the message
names by that number only (``exchange/pmir_message.py``).  The criteria are those and no other.  Its status is
``requested`` until somebody delivers; ``off`` ends it.

Source: IHE PMIR 1.5, 2:3.94.4 (ITI-94: subscribe, read, change, end); FHIR R4 Subscription.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from carecode.api.call import Answer
from carecode.api.faults import no_such_resource
from carecode.api.operation import resource_of
from carecode.api.parameters import refuse_unknown
from carecode.api.registering import require_registrar
from carecode.crypto import canonical
from carecode.exchange.refusals import SentRefusedError
from carecode.exchange.resolving import as_uuid
from carecode.exchange.subscriptions import checked
from carecode.identity.identifiers import hospital_system

if TYPE_CHECKING:
    from carecode.api.call import Call
    from carecode.exchange.subscriptions import Subscription

REQUESTED: Final = "requested"
OFF: Final = "off"

_IN_ADDRESS: Final = frozenset({"_format", "_pretty"})
_ELEMENTS: Final = frozenset(
    {"resourceType", "id", "meta", "text", "status", "reason", "criteria", "channel", "contact"}
)
_CHANNEL: Final = frozenset({"id", "type", "endpoint", "payload"})


async def create(call: Call) -> Answer:
    """Subscribe; what the institution subscribed to before ends."""
    requester = require_registrar(call)
    refuse_unknown(call.parameters, _IN_ADDRESS)
    sent = resource_of(await call.body())
    endpoint = _endpoint(sent, requester.organisation)
    ident = UUID(bytes=call.app.bundles.random_bytes(16), version=4)
    made = await call.app.subscriptions.put(requester.organisation, ident, endpoint, call.app.clock())
    return Answer(201, _written(made, REQUESTED), ((b"location", f"{call.base}/Subscription/{ident}".encode()),))


async def read(call: Call) -> Answer:
    """Answer with the institution's own subscription."""
    require_registrar(call)
    refuse_unknown(call.parameters, _IN_ADDRESS)
    return Answer(200, _written(await _own(call), REQUESTED))


async def update(call: Call) -> Answer:
    """Change where the institution is told, or end it with the status ``off``."""
    requester = require_registrar(call)
    refuse_unknown(call.parameters, _IN_ADDRESS)
    sent = resource_of(await call.body())
    endpoint = _endpoint(sent, requester.organisation)
    kept = await _own(call)
    subscriptions = call.app.subscriptions
    if sent.get("status") == OFF:
        await subscriptions.end(requester.organisation, kept.id)
        return Answer(200, _written(kept, OFF))
    return Answer(
        200, _written(await subscriptions.put(requester.organisation, kept.id, endpoint, call.app.clock()), REQUESTED)
    )


async def _own(call: Call) -> Subscription:
    kept = await call.app.subscriptions.of(call.requester.organisation)
    if kept is None or kept.id != as_uuid(call.path[1]):
        raise no_such_resource()
    return kept


def _endpoint(sent: dict[str, Any], organisation: str) -> str:
    """Check a Subscription and return where to tell.  SentRefusedError with the element that is wrong."""
    channel = sent.get("channel")
    if sent["resourceType"] != "Subscription" or not _ELEMENTS.issuperset(sent) or not isinstance(channel, dict):
        raise SentRefusedError("subscription", "Send a Subscription with criteria and channel.", "Subscription")
    if sent.get("criteria") not in {"Patient", f"Patient?identifier={hospital_system(organisation)}|"}:
        raise SentRefusedError(
            "subscription-criteria",
            "The criteria are Patient: you are told of those for whom you gave a number, and of nobody else.",
            "criteria",
            "not-supported",
        )
    if channel.get("type") != "message" or not _CHANNEL.issuperset(channel):
        raise SentRefusedError(
            "subscription-channel", "The channel is message, without headers.", "channel", "not-supported"
        )
    if channel.get("payload", "application/fhir+json") != "application/fhir+json":
        raise SentRefusedError(
            "subscription-payload", "The payload is application/fhir+json.", "channel.payload", "not-supported"
        )
    endpoint = channel.get("endpoint")
    return checked(endpoint if isinstance(endpoint, str) else "")


def _written(one: Subscription, status: str) -> bytes:
    return canonical.encode(
        {
            "resourceType": "Subscription",
            "id": str(one.id),
            "status": status,
            "reason": "Two of the institution's own numbers became one person's, or were parted.",
            "criteria": f"Patient?identifier={hospital_system(one.organisation)}|",
            "channel": {"type": "message", "endpoint": one.endpoint, "payload": "application/fhir+json"},
        }
    )
