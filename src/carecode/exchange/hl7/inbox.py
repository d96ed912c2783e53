"""Every message of one organisation: read, checked, done once, answered.  Nothing raises out of here.

Sources: HL7 v2.5.1 2.9.2 (original acknowledgement mode: one answer to each message, whatever MSH-15 and
MSH-16 ask), 2.9.3 (AE where the content is at fault, AR where the message as a whole is).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

import structlog

from carecode.exchange.hl7 import answers, er7, messages
from carecode.exchange.hl7.answers import Envelope, Stamp
from carecode.exchange.hl7.call import Call
from carecode.exchange.hl7.faults import Condition, MessageError, fault_of, missing
from carecode.exchange.hl7.pace import Pace
from carecode.exchange.hl7.remembered import Remembered
from carecode.kernel.errors import CareCodeError
from carecode.kernel.vocabulary import Role

if TYPE_CHECKING:
    from carecode.exchange.hl7.correspondent import Correspondent
    from carecode.exchange.hl7.door import Register
    from carecode.exchange.hl7.er7 import Message
    from carecode.exchange.hl7.messages import Query
    from carecode.kernel.vocabulary import Requester

CONTROL_ID_MAX: Final = 199  # characters, MSH-10 since version 2.7
WHO_KEPT: Final = timedelta(seconds=1)
"""So long a computer whose access was taken away may still be answered."""
_VERSION: Final = re.compile(r"2\.[3-9](\.\d)?")
_ID_BYTES: Final = 10
log = structlog.get_logger()


class Inbox:
    """What one organisation sends; one per port."""

    def __init__(  # what is set up, and the edges: who, clock, chance
        self,
        sender: Correspondent,
        register: Register,
        who: Callable[[str], Awaitable[Requester | None]],
        clock: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
        pace: Pace | None = None,
    ) -> None:
        """Take messages of ``sender``; ``who`` returns its computer as long as it may ask."""
        self._sender = sender
        self._register = register
        self._who = who
        self._clock = clock
        self._random_bytes = random_bytes
        self._pace = pace or Pace()
        self._remembered = Remembered()
        self._known: tuple[datetime, Requester | None] | None = None

    async def answer(self, data: bytes) -> bytes:
        """Answer one message, whatever it is."""
        envelope, stamp = Envelope(), self._stamp()
        try:
            message = er7.read(data, self._sender.charset)
            envelope = Envelope.of(message)
            return await self._answered(message, envelope, stamp, data)
        except CareCodeError as error:
            fault = fault_of(error)
            if error.kind == "corrupt":
                log.critical("hl7", code=error.code, trigger=_event(envelope))
        except Exception as error:  # noqa: BLE001 - the last resort: nothing of the message is repeated
            kind = type(error).__name__
            log.error("hl7", error=kind, trigger=_event(envelope))  # noqa: TRY400 - a traceback may hold values
            words = "Something went wrong here. Send the message again, and tell the operator if it stays."
            fault = MessageError(Condition.APPLICATION, "unexpected", words)
        log.info("hl7-refused", code=fault.code, trigger=_event(envelope))
        return answers.refuse(envelope, stamp, fault)

    def too_long(self) -> bytes:
        """Answer what was cut off because it went on for too long."""
        words = f"A message has at most {er7.MESSAGE_BYTES_MAX >> 20} MB. The connection is closed."
        fault = MessageError(Condition.TOO_LONG, "message-long", words, rejects=True)
        return answers.refuse(Envelope(), self._stamp(), fault)

    async def _answered(self, message: Message, envelope: Envelope, stamp: Stamp, data: bytes) -> bytes:
        self._check(envelope)
        requester = await self._requester(stamp.at)
        call = Call(message, self._sender, requester, self._register, stamp.at)
        kind = (envelope.code, envelope.trigger)
        query = messages.QUERIES.get(kind)
        if query is not None:
            return await self._asked(call, query, envelope, stamp)
        change = messages.CHANGES.get(kind)
        if change is None:
            raise messages.unsupported(envelope)

        async def work() -> tuple[bytes, bool]:
            return answers.acknowledge(envelope, stamp, await change(call)), True

        sender = (envelope.application, envelope.facility, envelope.control_id)
        return await self._remembered.once(sender, data, stamp.at, work)

    async def _asked(self, call: Call, query: Query, envelope: Envelope, stamp: Stamp) -> bytes:
        qpd = call.message.one("QPD")
        try:
            self._pace.ask(stamp.at)
            found = await query(call)
        except MessageError as fault:
            return answers.refuse_query(envelope, stamp, qpd, fault)
        if found.pid is None:
            self._pace.miss(stamp.at)
        return answers.reply(envelope, stamp, qpd, found)

    def _check(self, envelope: Envelope) -> None:
        """Compare the header with what was set up.  MessageError, AR: nothing else of the message is looked at."""
        if (envelope.application, envelope.facility) not in self._sender.systems:
            words = "This system (MSH-3, MSH-4) is not set up on this port. Ask the operator."
            raise MessageError(Condition.APPLICATION, "sender-unknown", words, "MSH^1^3", rejects=True)
        if not envelope.control_id:
            raise missing("control-id", "MSH-10 is empty. Give each message a number of its own.", "MSH^1^10")
        if len(envelope.control_id) > CONTROL_ID_MAX:
            words = f"MSH-10 has at most {CONTROL_ID_MAX} characters."
            raise MessageError(Condition.TOO_LONG, "control-id", words, "MSH^1^10", rejects=True)
        if envelope.processing != self._sender.processing:
            words = "This port takes messages of another processing id (MSH-11)."
            raise MessageError(Condition.PROCESSING, "processing-id", words, "MSH^1^11", rejects=True)
        if not _VERSION.fullmatch(envelope.version):
            words = "Send HL7 version 2.3 to 2.9."
            raise MessageError(Condition.VERSION, "version", words, "MSH^1^12", rejects=True)

    async def _requester(self, now: datetime) -> Requester:
        """Return the organisation's computer, asked for at most once in WHO_KEPT.  MessageError when it may not."""
        if self._known is None or not self._known[0] <= now < self._known[0] + WHO_KEPT:
            self._known = (now, await self._who(self._sender.machine))
        found = self._known[1]
        if found is None or found.role is not Role.SYSTEM or found.organisation != self._sender.organisation:
            words = "This organisation's computer may not ask any more. Ask the operator."
            raise MessageError(Condition.APPLICATION, "sender-closed", words, rejects=True)
        return found

    def _stamp(self) -> Stamp:
        return Stamp(self._clock(), self._random_bytes(_ID_BYTES).hex().upper())


def _event(envelope: Envelope) -> str:
    """Name a message's event for the log, if it is one that is known; anything else may be a value."""
    known = (envelope.code, envelope.trigger) in messages.CHANGES.keys() | messages.QUERIES.keys()
    return f"{envelope.code}^{envelope.trigger}" if known else "other"
