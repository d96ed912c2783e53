"""What passes between the server and the key broker: frames of msgpack, each led by its length.

A frame is ``length (4 bytes, big-endian) | msgpack array``; a request ``[number, kind, items]``, its
answer ``[number, answers]`` with one answer per item, a fault in place of an answer where there is one.
The broker also sends ``[0, owners]``: residents whose keys were erased.  Anything else ends the connection.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from carecode.kernel.errors import (
    CareCodeError,
    ConflictError,
    CorruptError,
    InvalidInputError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)

LENGTH_BYTES: Final = 4
FRAME_BYTES_MAX: Final = 8 << 20
ITEMS_MAX: Final = 1024
KEYS_MAX: Final = 10_000  # of one receipt in one item: what one read may meet
NUMBER_BYTES: Final = 16
REQUESTER_CHARACTERS_MAX: Final = 512

OPEN: Final = 1  # item [receipt, requester, [[owner, id, wrapped], ...]] -> [seconds, [dek, ...]]
FRESH: Final = 2  # item owner -> [id, dek, wrapped]
TASK: Final = 3  # item [name, argument] -> any: what the operator's commands ask for

Id = bytes  # of NUMBER_BYTES
WrappedItem = tuple[Id, Id, bytes]
OpenItem = tuple[Id, str, list[WrappedItem]]
OpenAnswer = tuple[float, list[bytes]]
FreshAnswer = tuple[Id, bytes, bytes]
TaskItem = tuple[str, Any]

_ENCODER: Final = msgspec.msgpack.Encoder()
_REQUEST: Final = msgspec.msgpack.Decoder(tuple[int, int, list[msgspec.Raw]])
_ANSWER: Final = msgspec.msgpack.Decoder(tuple[int, list[Any]])
_OPEN: Final = msgspec.msgpack.Decoder(OpenItem)
_FRESH: Final = msgspec.msgpack.Decoder(Id)
_TASK: Final = msgspec.msgpack.Decoder(TaskItem)
_KINDS: Final = {
    kind.kind: kind
    for kind in (InvalidInputError, RefusedError, NotFoundError, ConflictError, UnavailableError, CorruptError)
}


class Fault(msgspec.Struct, frozen=True, tag="fault"):
    """An error in place of an answer; on the wire a map, which no answer is."""

    kind: str
    code: str
    message: str

    @classmethod
    def of(cls, error: CareCodeError) -> Fault:
        """Write an error down."""
        return cls(error.kind, error.code, error.message)


def error_of(fault: dict[str, Any]) -> CareCodeError:
    """Return the error that a fault tells of."""
    kind = _KINDS.get(str(fault.get("kind")), UnavailableError)
    return kind(str(fault.get("code")), str(fault.get("message")))


def framed(message: object) -> bytes:
    """Encode a message and lead it with its length.  InvalidInputError above FRAME_BYTES_MAX."""
    body = _ENCODER.encode(message)
    if len(body) > FRAME_BYTES_MAX:
        raise InvalidInputError("frame-size", "This asks for too many keys at once.")
    return len(body).to_bytes(LENGTH_BYTES) + body


def request_of(frame: bytes) -> tuple[int, int, list[Any]]:
    """Decode a request, every item checked.  InvalidInputError for anything else."""
    try:
        number, kind, raw = _REQUEST.decode(frame)
        if not 0 < len(raw) <= ITEMS_MAX or number <= 0:
            raise _malformed()
        if kind == OPEN:
            opens = [_OPEN.decode(one) for one in raw]
            for receipt, requester, keys in opens:
                _check(len(receipt) == NUMBER_BYTES and len(requester) <= REQUESTER_CHARACTERS_MAX)
                _check(0 < len(keys) <= KEYS_MAX)
                _check(all(len(owner) == NUMBER_BYTES == len(name) for owner, name, _wrapped in keys))
            return number, kind, opens
        if kind == FRESH:
            owners = [_FRESH.decode(one) for one in raw]
            _check(all(len(owner) == NUMBER_BYTES for owner in owners))
            return number, kind, owners
        if kind == TASK:
            return number, kind, [_TASK.decode(one) for one in raw]
    except msgspec.MsgspecError:
        raise _malformed() from None
    raise _malformed()


def answer_of(frame: bytes) -> tuple[int, list[Any]]:
    """Decode an answer.  InvalidInputError for anything else."""
    try:
        return _ANSWER.decode(frame)
    except msgspec.MsgspecError:
        raise _malformed() from None


class Frames:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        """Begin empty."""
        self._kept = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the frames that these bytes complete.  InvalidInputError for one above FRAME_BYTES_MAX."""
        if self._kept:
            data = self._kept + data
        frames = []
        place = 0
        while len(data) - place >= LENGTH_BYTES:
            length = int.from_bytes(data[place : place + LENGTH_BYTES])
            if length > FRAME_BYTES_MAX:
                raise _malformed()
            end = place + LENGTH_BYTES + length
            if end > len(data):
                break
            frames.append(data[place + LENGTH_BYTES : end])
            place = end
        self._kept = data[place:]
        return frames


def _check(holds: bool) -> None:  # noqa: FBT001 - what holds is all it is about
    if not holds:
        raise _malformed()


def _malformed() -> InvalidInputError:
    return InvalidInputError("frame-form", "This is not what the key keeper understands.")
