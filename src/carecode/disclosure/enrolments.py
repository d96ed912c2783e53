"""The eight digits that a desk gives: they add one phone to a resident, once, within ten minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from carecode.disclosure.misses import Misses
from carecode.kernel.errors import InvalidInputError, RefusedError
from carecode.kernel.vocabulary import ResidentId

if TYPE_CHECKING:
    from carecode.disclosure.tokens import Tokens

ENROLMENT_MINUTES: Final = 10
ENROLMENT_DIGITS: Final = 8


class Enrolments:
    """Codes that add a phone."""

    def __init__(self, tokens: Tokens) -> None:
        """Keep keyed hashes of the codes beside the sessions."""
        self._tokens = tokens
        self._misses = Misses()

    async def code(self, resident: ResidentId, now: datetime) -> str:
        """Return eight digits for a resident."""
        number = int.from_bytes(self._tokens.random_bytes(16), "big") % 10**ENROLMENT_DIGITS
        code = f"{number:0{ENROLMENT_DIGITS}d}"
        until = now + timedelta(minutes=ENROLMENT_MINUTES)
        await self._tokens.room.run("add_enrolment", self._tokens.hash(code), resident, until)
        return code

    async def redeem(self, code: str, now: datetime, peer: str) -> ResidentId:
        """Use a code up: whose it was.

        Raises InvalidInputError for anything but eight digits, RefusedError for a used, expired or
        unknown one, UnavailableError when ``peer``, the address that asks, missed too often within a
        minute, or when all together missed a hundred times as often.
        """
        digits = "".join(code.split()).replace("-", "")
        if len(digits) != ENROLMENT_DIGITS or not (digits.isascii() and digits.isdigit()):
            raise InvalidInputError("enrolment-form", "The code has eight digits. Type it as the desk shows it.")
        self._misses.refuse_if_many(peer, now)
        rows = await self._tokens.room.fetch("use_enrolment", self._tokens.hash(digits), now)
        if not rows:
            self._misses.add(peer, now)
            raise RefusedError(
                "enrolment-used", "This code was used already or is older than ten minutes. Ask the desk for a new one."
            )
        return ResidentId(rows[0]["resident_id"])
