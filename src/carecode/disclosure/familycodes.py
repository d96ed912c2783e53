"""Codes by which somebody offers to act for another: eight digits, once, ten minutes, never a name to search."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from carecode.crypto.keyed import keyed_hash
from carecode.disclosure.misses import Misses
from carecode.kernel.errors import InvalidInputError, RefusedError
from carecode.kernel.vocabulary import ResidentId
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from carecode.store.database import Database

CODE_DIGITS: Final = 8
CODE_MINUTES: Final = 10


class FamilyCodes:
    """Offers that wait to be typed on another phone."""

    def __init__(self, database: Database, key: bytes, random_bytes: Callable[[int], bytes]) -> None:
        """Use the role ``carecode_disclosure``; ``key`` hashes codes."""
        self._room = Room(database, "disclosure")
        self._key = key
        self._random_bytes = random_bytes
        self._misses = Misses()

    async def offer(self, delegate: ResidentId, now: datetime) -> str:
        """Return eight digits with which somebody else may ask this person to act for her; an older code ends."""
        code = f"{int.from_bytes(self._random_bytes(16), 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"
        until = now + timedelta(minutes=CODE_MINUTES)
        await self._room.run("add_family_code", self._hash(code), delegate, until, now)
        return code

    async def whose(self, code: str, now: datetime, peer: str) -> ResidentId:
        """Return who made a code, which stays good.

        InvalidInputError for another form, RefusedError for one that is unknown, used or old,
        UnavailableError after too many wrong ones from ``peer``.
        """
        digits = _digits(code)
        self._misses.refuse_if_many(peer, now)
        rows = await self._room.fetch("family_code", self._hash(digits), now)
        if not rows:
            self._misses.add(peer, now)
            raise used()
        return ResidentId(rows[0]["resident_id"])

    async def use(self, code: str, now: datetime) -> None:
        """Use a code up.  RefusedError when it is no longer good."""
        if not await self._room.fetch("use_family_code", self._hash(_digits(code)), now):
            raise used()

    async def prune(self, now: datetime) -> None:
        """Forget codes that have expired."""
        await self._room.run("prune_family_codes", now)

    def _hash(self, code: str) -> bytes:
        return keyed_hash(self._key, b"code", code.encode())


def _digits(code: str) -> str:
    digits = "".join(code.split()).replace("-", "")
    if len(digits) != CODE_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise InvalidInputError("family-code-form", "The code has eight digits. Type it as the other phone shows it.")
    return digits


def used() -> RefusedError:
    """Return what is said of a code that is unknown, used or old."""
    return RefusedError("family-code-used", "This code was used or is older than ten minutes. Ask for a new one.")
