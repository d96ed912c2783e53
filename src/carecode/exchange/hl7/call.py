"""One message on its way: who sent it, what it says, what the house offers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from carecode.exchange.hl7.correspondent import Correspondent
    from carecode.exchange.hl7.door import Register
    from carecode.exchange.hl7.er7 import Message
    from carecode.kernel.vocabulary import Requester


@dataclass(frozen=True, slots=True)
class Call:
    """Everything a message's function is given."""

    message: Message
    sender: Correspondent
    requester: Requester
    register: Register
    now: datetime

    @property
    def today(self) -> str:
        """The day on which it was received, YYYYMMDD."""
        return self.now.strftime("%Y%m%d")
