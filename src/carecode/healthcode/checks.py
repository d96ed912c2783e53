"""What makes a code good, apart from the database: the cheap checks and the signature.

Cheap checks come first, so that rubbish dies in 5 us.  The door, ``verifier.py``, fetches the
phone's row between ``recognise`` and ``check`` and marks the handle used after both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from carecode.crypto.signatures import ed25519_accepts, ed25519_verify, p256_accepts, p256_verify
from carecode.healthcode.format import (
    DESK_BOUND,
    ED25519,
    P256,
    Code,
    desk_number_for,
    parse,
    signed,
    slot_at,
)
from carecode.healthcode.handles import Handles
from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import Bearer, CodePurpose

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from carecode.crypto.keyring import KeyRing

SLOTS_AROUND: Final = 1  # a code is good in its own slot and in one before and after

VERIFY: Final[dict[int, Callable[[bytes, bytes, bytes], bool]]] = {ED25519: ed25519_verify, P256: p256_verify}
ACCEPTS: Final[dict[int, Callable[[bytes], bool]]] = {ED25519: ed25519_accepts, P256: p256_accepts}

_WORDS: Final = {
    CodePurpose.IDENTIFY: "an identity code",
    CodePurpose.REGISTER: "a check-in code",
    CodePurpose.PAY: "a pay code",
    CodePurpose.OPEN_RECORD: "a code to open her record",
    CodePurpose.PROVE: "a code to prove one fact",
    CodePurpose.EMERGENCY: "an emergency code",
}


@dataclass(frozen=True, slots=True)
class Device:
    """A phone as the verifier needs it."""

    number: int
    bearer: Bearer = field(repr=False)
    algorithm: int
    public_key: bytes = field(repr=False)
    revoked: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A code that passed the cheap checks; its signature is not checked yet."""

    code: Code
    device_number: int
    desk_number: str  # mixed into the signature; empty unless the purpose is DESK_BOUND


class Checks:
    """The checks of a code under one key ring."""

    __slots__ = ("handles",)

    def __init__(self, ring: KeyRing) -> None:
        """Take the two keys of the handles."""
        self.handles = Handles(ring.key("healthcode.prp"), ring.key("healthcode.handle"))

    def recognise(self, text: str, expected: CodePurpose, now: datetime, desk_number: str | None) -> Shown:
        """Parse a code and check all that needs neither row nor signature.

        InvalidInputError ``code-malformed``; RefusedError ``code-foreign``, ``code-unknown``,
        ``code-wrong-purpose``, ``code-expired``, ``code-future``, ``code-desk-number``.
        """
        code = parse(text)
        numbers = self.handles.open(code.handle)
        if numbers is None:
            raise unknown()
        if code.purpose is not expected:
            raise RefusedError(
                "code-wrong-purpose",
                f"This is {_WORDS[code.purpose]}. Ask her for {_WORDS[expected]}.",
            )
        late = slot_at(now) - code.slot
        if late > SLOTS_AROUND:
            raise RefusedError("code-expired", "This code is too old. Ask her to refresh the screen.")
        if late < -SLOTS_AROUND:
            raise RefusedError("code-future", "The clock of this phone is wrong. Ask her to set its time to automatic.")
        return Shown(code, numbers[0], desk_number_for(expected, desk_number))

    def check(self, shown: Shown, device: Device | None) -> Device:
        """Check the phone's row and the signature; return the row.

        RefusedError ``code-unknown``, ``code-revoked``, ``code-bad-signature``; for DESK_BOUND
        purposes ``code-desk-number``, because a number typed wrongly breaks the signature too.
        """
        if device is None or device.number != shown.device_number:
            raise unknown()
        if device.revoked:
            raise RefusedError(
                "code-revoked", "This phone was cancelled. Ask for her ID card; she can add the phone again."
            )
        code = shown.code
        message = signed(code.packed_head, self.handles.secret(code.handle), shown.desk_number)
        # The row names the algorithm, not the code: nobody can choose a weaker one.
        if code.algorithm == device.algorithm and VERIFY[device.algorithm](device.public_key, code.signature, message):
            return device
        if code.purpose in DESK_BOUND:
            raise RefusedError(
                "code-desk-number",
                "This code is not for this desk. Ask her to type this desk's number and show the code again.",
            )
        raise RefusedError("code-bad-signature", "This is not a CareCode, or a forged one. Ask for her ID card.")


def unknown() -> RefusedError:
    """Return the refusal of a handle that was never issued."""
    return RefusedError("code-unknown", "This is not a CareCode, or a forged one. Ask for her ID card.")
