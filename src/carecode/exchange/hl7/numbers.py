"""Numbers on the wire (CX): which of a message's numbers count, and how ours are written.

A sender speaks for its own numbers and for the documents it saw.  Numbers of other institutions that it
may have copied from a letter are left out: with them anybody could attach itself to another's patient.

Sources: HL7 v2.5.1 2.A.14 (CX), table 0203 (identifier type), table 0301 (universal id type); IHE ITI TF-2
3.8.4.1 (PID-3 with assigning authority).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from carecode.exchange.hl7.correspondent import OURS, Correspondent
from carecode.exchange.hl7.er7 import Components, Segment, hat
from carecode.identity.identifiers import CITIZEN_SYSTEM, KINDS, PASSPORT_SYSTEM, Identifier, parse
from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

OWN_TYPES: Final = frozenset({"", "MR", "PI", "PT", "PN", "MRT"})
"""Table 0203: numbers of a patient at an institution.  Visits (VN), accounts (AN) and the like name nobody."""
_SYSTEMS: Final = frozenset(kind.system for kind in KINDS.values())
_BY_TYPE: Final = {
    "NI": "citizen-id", "NNCHN": "citizen-id", "SS": "citizen-id", "NH": "insurance", "HC": "health-card",
    "BCT": "birth-certificate", "DL": "driving-licence", "MI": "officer-card", "PPN": "passport",
    "PRC": "hmt-residence",
}  # fmt: skip
_COUNTRY: Final = re.compile(r"[A-Z]{3}")
_PERMITS: Final = {"HKG": "hm-permit", "MAC": "hm-permit", "TWN": "tw-permit"}
_VALUE, _AUTHORITY, _TYPE, _ENDS, _JURISDICTION = 1, 4, 5, 8, 9
_NAMESPACE, _UNIVERSAL_ID, _UNIVERSAL_TYPE = 1, 2, 3


def read_all(segment: Segment, field: int, sender: Correspondent, today: str) -> list[Identifier]:
    """Read every number of a field that counts, each once; ``today`` (YYYYMMDD) ends what expired (CX.8)."""
    found: dict[tuple[str, str], Identifier] = {}
    for components in segment.repetitions(field):
        number = read(segment, components, sender, today)
        if number is not None:
            found[number.system, number.value] = number
    return list(found.values())


def read(segment: Segment, components: Components, sender: Correspondent, today: str) -> Identifier | None:
    """Read one CX; None when it is empty, over, another institution's, or no person's number."""
    value = segment.part(components, _VALUE)
    ends = segment.part(components, _ENDS)[: len(today)]
    if not value or (ends and ends < today):
        return None
    system = _system(segment, components, sender)
    if system is None:
        return None
    try:
        number = parse(system, value)
        # One type stands for two cards: what has not the form of the first is the second.
        if system == "hmt-residence" and not number.holds:
            return parse("foreign-resident", value)
    except InvalidInputError:
        return None  # too long, or a household's: nobody's number
    return number


def _system(segment: Segment, components: Components, sender: Correspondent) -> str | None:
    """Name the kind or system of one CX by its authority and type."""
    kind = segment.part(components, _TYPE).upper()
    name = segment.part(components, _AUTHORITY, _NAMESPACE)
    universal = segment.part(components, _AUTHORITY, _UNIVERSAL_ID)
    if universal:
        scheme = segment.part(components, _AUTHORITY, _UNIVERSAL_TYPE).upper()
        system = f"urn:oid:{universal}" if scheme == "ISO" else universal
        if system in _SYSTEMS or system.startswith(PASSPORT_SYSTEM):
            return system
    by_type = _BY_TYPE.get(kind)
    if by_type is None:
        own = kind in OWN_TYPES and (sender.is_authority(name, universal) or not (name or universal))
        return sender.system if own else None
    if by_type == "passport":
        country = segment.part(components, _JURISDICTION).upper() or name.upper()
        return _PERMITS.get(country) or (PASSPORT_SYSTEM + country if _COUNTRY.fullmatch(country) else by_type)
    return by_type


def citizen_number(text: str) -> Identifier | None:
    """Read PID-19, where many senders write the citizen number; only what keeps its rule is one."""
    if not text:
        return None
    try:
        number = parse(CITIZEN_SYSTEM, text)
    except InvalidInputError:
        return None
    return number if number.holds else None


def written(values: Iterable[str], receiver: Correspondent, patient_id: str = "") -> str:
    """Write PID-3 or MRG-1: the receiver's own numbers, then the number by which we know her to it."""
    parts = [hat(value, "", "", receiver.authority, "MR") for value in values]
    if patient_id:
        parts.append(hat(patient_id, "", "", OURS, "PI"))
    return "~".join(parts)
