"""What a subscriber is told: two of its own numbers are one person's now, or are two people's again.

Pure.  A subscriber's own numbers and nothing else: no name, no date, no number of anybody else.  Nothing is
told where it does not hold both.  FHIR has no word for parting: each number is told as a person of her own again.

Source: IHE PMIR 1.5, 2:3.93.4.1.2 (ITI-93, message), 2:3.93.4.1.3 (merge); FHIR R4 MessageHeader, Patient.link.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from carecode.crypto import canonical
from carecode.exchange.answers import instant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from carecode.identity.identifiers import Identifier

EVENT: Final = "urn:ihe:iti:pmir:2019:patient-feed"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a message bears: two random numbers, who sends it, when."""

    header: UUID
    history: UUID
    endpoint: str  # of the sender
    now: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One Patient of a message, named by a number of the subscriber's own."""

    number: Identifier = field(repr=False)
    into: Identifier | None = field(repr=False, default=None)  # the number that stands for both now


def joined(gone: Sequence[Identifier], stays: Sequence[Identifier], stamp: Stamp) -> bytes | None:
    """Say that each number of ``gone`` names the person of ``stays`` now; None where either is empty."""
    if not (gone and stays):
        return None
    return message([Told(number, stays[0]) for number in gone], stamp)


def parted(one: Sequence[Identifier], other: Sequence[Identifier], stamp: Stamp) -> bytes | None:
    """Say that these numbers are two people's again; None where either is empty."""
    if not (one and other):
        return None
    return message([Told(number) for number in (*one, *other)], stamp)


def message(told: Sequence[Told], stamp: Stamp) -> bytes:
    """Write a message of these Patients."""
    header = {
        "resourceType": "MessageHeader",
        "id": str(stamp.header),
        "eventUri": EVENT,
        "source": {"endpoint": stamp.endpoint},
        "focus": [{"reference": f"urn:uuid:{stamp.history}"}],
    }
    history = {
        "resourceType": "Bundle",
        "id": str(stamp.history),
        "type": "history",
        "entry": [_entry(one, stamp.now) for one in told],
    }
    return canonical.encode(
        {
            "resourceType": "Bundle",
            "type": "message",
            "timestamp": instant(stamp.now),
            "entry": [
                {"fullUrl": f"urn:uuid:{stamp.header}", "resource": header},
                {"fullUrl": f"urn:uuid:{stamp.history}", "resource": history},
            ],
        }
    )


def _entry(told: Told, now: datetime) -> dict[str, Any]:
    patient: dict[str, Any] = {
        "resourceType": "Patient",
        "identifier": [_written(told.number)],
        "active": told.into is None,
    }
    if told.into is not None:
        patient["link"] = [{"other": {"identifier": _written(told.into)}, "type": "replaced-by"}]
    return {
        "resource": patient,
        "request": {"method": "PUT", "url": "Patient"},
        "response": {"status": "200", "lastModified": instant(now)},
    }


def _written(number: Identifier) -> dict[str, str]:
    return {"system": number.system, "value": number.value}
