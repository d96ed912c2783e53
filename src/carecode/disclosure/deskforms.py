"""Forms of a desk that add somebody: one that is sent twice adds nobody twice.

Each form carries a random word of its own.  Here stands its keyed hash and whom it added, for a day.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from carecode.crypto.keyed import keyed_hash
from carecode.kernel.errors import InvalidInputError, UnavailableError
from carecode.kernel.vocabulary import ResidentId
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import date, datetime

    from carecode.crypto.keyring import KeyRing
    from carecode.kernel.vocabulary import Requester
    from carecode.store.database import Database

_FORM: Final = re.compile("[0-9a-f]{32}")
_KEY: Final = "disclosure.deskforms"


class DeskForms:
    """Remembers whom each form added."""

    def __init__(self, database: Database, ring: KeyRing, random_bytes: Callable[[int], bytes]) -> None:
        """Use the role ``carecode_disclosure``; ``random_bytes`` gives each form its word."""
        self._room = Room(database, "disclosure")
        self._key = ring.key(_KEY)
        self._random_bytes = random_bytes

    def word(self) -> str:
        """Draw the word of a form that is about to be shown."""
        return self._random_bytes(16).hex()

    def newborn(self, mother: ResidentId, born: date, order: int) -> str:
        """Give the word of one child of a mother: two desks that register it have one outcome, twins have two."""
        parts = (b"newborn", mother.bytes, born.isoformat().encode(), str(order).encode())
        return keyed_hash(self._key, *parts).hex()[:32]

    async def once(
        self, requester: Requester | None, form: str, now: datetime, add: Callable[[], Awaitable[ResidentId]]
    ) -> tuple[ResidentId, bool]:
        """Let a form add somebody, once; return whom it added, and whether it was now.

        ``form``: 32 hexadecimal digits.  ``requester`` None: one outcome for every desk.
        Raises InvalidInputError ``form-word``, UnavailableError ``form-busy`` while the same form is being
        answered; what ``add`` raises passes through and nothing is remembered.
        """
        if not _FORM.fullmatch(form):
            raise InvalidInputError("form-word", "This page is broken. Open it again.")
        whose = () if requester is None else (requester.organisation.encode(), requester.id.encode())
        hashed = keyed_hash(self._key, *whose, form.encode())
        await self._room.run("prune_forms", now)
        if not await self._room.fetch("begin_form", hashed, now):
            rows = await self._room.fetch("form", hashed)
            if not rows or rows[0]["resident_id"] is None:
                raise UnavailableError(
                    "form-busy", "This form was sent a moment ago. Wait, then look whether she is there."
                )
            return ResidentId(rows[0]["resident_id"]), False
        try:
            added = await add()
        except BaseException:
            await self._room.run("drop_form", hashed)
            raise
        await self._room.run("end_form", hashed, added)
        return added, True
