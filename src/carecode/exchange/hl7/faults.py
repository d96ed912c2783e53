"""Why a message was not taken: HL7's own condition, the place in the message, a sentence; never a value.

Source: HL7 v2.5 table 0357 (message error condition codes), table 0008 (AE, AR), ERL (error location).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from carecode.kernel.errors import CareCodeError, InvalidInputError


class Condition(StrEnum):
    """Table 0357."""

    ACCEPTED = "0"
    SEQUENCE = "100"
    MISSING = "101"
    DATA_TYPE = "102"
    VALUE = "103"
    TOO_LONG = "104"
    MESSAGE_TYPE = "200"
    EVENT = "201"
    PROCESSING = "202"
    VERSION = "203"
    UNKNOWN_KEY = "204"
    DUPLICATE_KEY = "205"
    LOCKED = "206"
    APPLICATION = "207"


NAMES: Final = {
    Condition.ACCEPTED: "Message accepted",
    Condition.SEQUENCE: "Segment sequence error",
    Condition.MISSING: "Required field missing",
    Condition.DATA_TYPE: "Data type error",
    Condition.VALUE: "Table value not found",
    Condition.TOO_LONG: "Value too long",
    Condition.MESSAGE_TYPE: "Unsupported message type",
    Condition.EVENT: "Unsupported event code",
    Condition.PROCESSING: "Unsupported processing id",
    Condition.VERSION: "Unsupported version id",
    Condition.UNKNOWN_KEY: "Unknown key identifier",
    Condition.DUPLICATE_KEY: "Duplicate key identifier",
    Condition.LOCKED: "Application record locked",
    Condition.APPLICATION: "Application internal error",
}


class MessageError(InvalidInputError):
    """A message cannot be taken; nothing of it was done."""

    def __init__(
        self, condition: Condition, code: str, message: str, place: str = "", *, rejects: bool = False
    ) -> None:
        """Keep the condition and the place as an ERL (``PID^1^3``); ``rejects`` answers AR instead of AE."""
        super().__init__(code, message)
        self.condition = condition
        self.place = place
        self.rejects = rejects


def missing(code: str, message: str, place: str) -> MessageError:
    """Say that something required is not there."""
    return MessageError(Condition.MISSING, code, message, place)


_CONDITIONS: Final = {"unavailable": Condition.LOCKED, "conflict": Condition.DUPLICATE_KEY}
TWO_PEOPLE: Final = "These numbers are not all of one person. Compare each with its card and send only hers."
_PLAINER: Final = {"number-in-use": TWO_PEOPLE, "identifiers-of-two-people": TWO_PEOPLE}
"""Which of the two it was would tell a machine something of a person whom it may not know."""
_PLAIN_CODE: Final = "identifiers-of-two-people"


def fault_of(error: CareCodeError) -> MessageError:
    """Turn an error of the house into one of the wire; a MessageError stays as it is."""
    if isinstance(error, MessageError):
        return error
    if error.code in _PLAINER:
        return MessageError(Condition.DUPLICATE_KEY, _PLAIN_CODE, _PLAINER[error.code], "PID^1^3")
    condition = _CONDITIONS.get(error.kind, Condition.APPLICATION)
    return MessageError(condition, error.code, error.message, rejects=error.kind == "refused")
