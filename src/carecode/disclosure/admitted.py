"""Did this institution itself write an admission of hers at that time?  Asked through the gate, which logs it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from carecode.disclosure.answers import Query
from carecode.kernel.vocabulary import Purpose, Requester, Role

if TYPE_CHECKING:
    from carecode.disclosure.gate import Gate
    from carecode.disclosure.people import People
    from carecode.kernel.vocabulary import Resident

CLASSES: Final = frozenset({"EMER", "IMP", "AMB"})
"""HL7 v3 ActCode ActEncounterCode: emergency, inpatient, ambulatory."""
NEWEST_MAX: Final = 200


class _Coded(msgspec.Struct):
    code: str = ""


class _Period(msgspec.Struct):
    start: str = ""
    end: str = ""


class _Encounter(msgspec.Struct):
    """What is read of an Encounter (FHIR R4): its class and its time, nothing clinical."""

    class_: _Coded = msgspec.field(default_factory=_Coded, name="class")
    period: _Period = msgspec.field(default_factory=_Period)


class Admissions:
    """Asks as the institution's own machine, so that only what it wrote itself is seen and her log says so."""

    def __init__(self, gate: Gate, people: People) -> None:
        """Ask ``gate``; ``people`` name the institution."""
        self._gate = gate
        self._people = people

    async def __call__(self, resident: Resident, organisation: str, since: datetime, until: datetime) -> bool:
        """Tell whether an Encounter of CLASSES that the institution deposited touches the time."""
        place = await self._people.organisation(organisation)
        machine = Requester(
            f"{organisation}/system", Role.SYSTEM, organisation, f"A computer of {place.name}", purpose=Purpose.TREAT
        )
        found = await self._gate.fetch(machine, resident, Query(type="Encounter", count=NEWEST_MAX))
        return any(body.organisation == organisation and touches(body.json, since, until) for body in found.bodies)


def touches(encounter: bytes, since: datetime, until: datetime) -> bool:
    """Tell whether an Encounter is an admission and its period touches the time; one without an end lasts.

    >>> day = datetime(2026, 11, 23, tzinfo=UTC)
    >>> touches(b'{"class":{"code":"EMER"},"period":{"start":"2026-11-22","end":"2026-11-23"}}', day, day)
    True
    """
    read = msgspec.json.decode(encounter, type=_Encounter)
    start = moment(read.period.start)
    if read.class_.code not in CLASSES or start is None or start > until:
        return False
    end = moment(read.period.end, last=True)
    return end is None or end >= since


def moment(text: str, *, last: bool = False) -> datetime | None:
    """Read a FHIR date or dateTime; of a bare day its beginning, or its end.  None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) == len("2026-11-23") and last:
        found = found.replace(hour=23, minute=59, second=59)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
