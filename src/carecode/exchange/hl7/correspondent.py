"""An organisation that talks HL7 v2 with us: which of its systems may, and how it writes its own numbers.

A port belongs to one organisation; what a message says of itself (MSH-3, MSH-4) is only compared with
what was set up and never chooses whose message it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from carecode.exchange.hl7.er7 import UTF_8
from carecode.identity.identifiers import Identifier, hospital_system
from carecode.kernel.errors import InvalidInputError

OURS: Final = "CARECODE"
"""MSH-3 of what we send, and the assigning authority of the numbers by which we know a person to others."""


@dataclass(frozen=True, slots=True)
class Correspondent:
    """One organisation, set up by an operator.  InvalidInputError where the set-up cannot work."""

    organisation: str  # its handle here
    machine: str  # id of its computer among the staff (role SYSTEM), under which every look is logged
    systems: frozenset[tuple[str, str]]  # (MSH-3, MSH-4) of its systems
    authority: str  # CX.4.1 of its own numbers
    authority_ids: frozenset[str] = field(default_factory=frozenset)  # CX.4.2 of the same: OID, URI
    charset: str = "ASCII"  # where a message names none
    answers_in: str = UTF_8  # MSH-18 of what is sent without being asked
    processing: str = "P"  # MSH-11: a port takes production, or training (T), or debugging (D)
    takes_unlink: bool = False  # it reads A37; else it gets A31 and a person there gets a work item
    version: str = "2.5"  # MSH-12 of what is sent without being asked

    def __post_init__(self) -> None:
        if not (self.organisation and self.machine and self.systems and self.authority):
            raise InvalidInputError(
                "correspondent", "Name the organisation, its computer, its systems (MSH-3 and MSH-4) and its authority."
            )
        if self.authority == OURS:
            raise InvalidInputError("correspondent-authority", f"{OURS} is this index's own authority. Name another.")

    @property
    def system(self) -> str:
        """The system of its own numbers in the index."""
        return hospital_system(self.organisation)

    def is_authority(self, name: str, universal_id: str) -> bool:
        """Say whether an assigning authority (CX.4.1, CX.4.2) is this organisation's own."""
        return name == self.authority or universal_id in self.authority_ids

    def own(self, numbers: list[Identifier]) -> list[str]:
        """Keep of a person's numbers those that this organisation gave her; each once, in their order."""
        return list(dict.fromkeys(number.value for number in numbers if number.system == self.system))
