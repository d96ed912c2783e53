"""HL7 v2 ports while the house is served: which organisation may send on which, from a file that an operator writes.

The file is JSON, a list with one object for each port::

    [{"port": 2575, "organisation": "county-2", "machine": "county-2/system",
      "systems": [["HIS", "COUNTY2"]], "authority": "COUNTY2"}]

``systems`` are pairs of MSH-3 and MSH-4; ``authority`` is how the organisation names its own numbers (CX.4).
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from carecode.exchange.hl7.correspondent import Correspondent
from carecode.exchange.hl7.inbox import Inbox
from carecode.exchange.hl7.register import HouseRegister
from carecode.exchange.mllp import PORT, Listener
from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from carecode.app import App
    from carecode.kernel.vocabulary import Requester

FILE_BYTES_MAX: Final = 1 << 20
PORTS_MAX: Final = 64
_PORT_MAX: Final = 65_535


class Port(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One port and the organisation it belongs to; the fields are those of ``Correspondent``."""

    port: int = PORT
    organisation: str
    machine: str
    systems: frozenset[tuple[str, str]]
    authority: str
    authority_ids: frozenset[str] = frozenset()
    charset: str = "ASCII"
    processing: str = "P"

    def correspondent(self) -> Correspondent:
        """Check what was set up.  InvalidInputError."""
        return Correspondent(
            self.organisation,
            self.machine,
            self.systems,
            self.authority,
            self.authority_ids,
            charset=self.charset,
            processing=self.processing,
        )


DEMO: Final = (
    Port(
        organisation="county-2",
        machine="county-2/system",
        systems=frozenset({("HIS", "COUNTY2")}),
        authority="COUNTY2",
        charset="UNICODE UTF-8",
    ),
)
"""The demo town's one port."""


def ports(path: Path) -> tuple[Port, ...]:
    """Read the file of ports.  InvalidInputError ``hl7-ports`` when it cannot be used, in words that name no value."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
        found = msgspec.json.decode(data, type=tuple[Port, ...])
    except OSError:
        raise _unusable("The file of HL7 ports cannot be read.") from None
    except msgspec.MsgspecError as error:
        raise _unusable(f"The file of HL7 ports is not as it should be: {error}.") from None
    if not 1 <= len(found) <= PORTS_MAX or len({each.port for each in found}) != len(found):
        raise _unusable(f"Name 1 to {PORTS_MAX} HL7 ports, each once.")
    if any(not 0 <= each.port <= _PORT_MAX for each in found):
        raise _unusable(f"An HL7 port is a number up to {_PORT_MAX}.")
    for each in found:
        each.correspondent()
    return found


@contextlib.asynccontextmanager
async def listening(
    app: App, wanted: Sequence[Port], random_bytes: Callable[[int], bytes]
) -> AsyncIterator[tuple[Listener, ...]]:
    """Listen on every port until the block ends; then messages under way are answered first.

    ConflictError ``port-taken``: then none is listened on.
    """
    async with contextlib.AsyncExitStack() as stack:
        opened = []
        for each in wanted:
            listener = Listener(_inbox(app, each.correspondent(), random_bytes), each.port)
            await listener.start()
            stack.push_async_callback(listener.stop)
            opened.append(listener)
        yield tuple(opened)


def _inbox(app: App, sender: Correspondent, random_bytes: Callable[[int], bytes]) -> Inbox:
    async def who(machine: str) -> Requester | None:
        return await app.people.staff(machine)  # None once its work here was ended

    return Inbox(sender, HouseRegister(app.index, app.cards, app.gate), who, app.clock, random_bytes)


def _unusable(words: str) -> InvalidInputError:
    return InvalidInputError("hl7-ports", words)
