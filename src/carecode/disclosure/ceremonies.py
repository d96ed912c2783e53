"""Challenges under way: each was given out for one thing, is good once and for a short time.

Of a challenge its keyed hash is kept.  What is derived from one (the verifier and the nonce of
OpenID Connect, the mark of the browser that began) is computed again from the challenge and the key.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from carecode.crypto.keyed import keyed_hash
from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import ResidentId
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Callable

    from carecode.store.database import Database

CHALLENGE_BYTES: Final = 32
CHALLENGE_TIME: Final = timedelta(minutes=2)
PROVIDER_TIME: Final = timedelta(minutes=10)  # she types her password at the hospital's page


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a challenge was given out for."""

    kind: str
    began_at: datetime
    session: UUID | None = None
    account: UUID | None = None
    resident: ResidentId | None = None
    organisation: str | None = None
    invitation: bytes | None = None


class Ceremonies:
    """Gives challenges out and takes each back once."""

    def __init__(self, database: Database, key: bytes, random_bytes: Callable[[int], bytes]) -> None:
        """Use the role ``carecode_disclosure``; ``key`` hashes challenges."""
        self._room = Room(database, "disclosure")
        self._key = key
        self._random_bytes = random_bytes

    async def begin(self, ceremony: Ceremony, longest: timedelta = CHALLENGE_TIME) -> bytes:
        """Return a challenge of 32 random bytes for ``ceremony``, good for ``longest``."""
        challenge = self._random_bytes(CHALLENGE_BYTES)
        await self._room.run(
            "begin_ceremony", self._hash(challenge), ceremony.kind, ceremony.session, ceremony.account,
            ceremony.resident, ceremony.organisation, ceremony.invitation, ceremony.began_at,
            ceremony.began_at + longest,
        )  # fmt: skip
        return challenge

    async def claim(self, challenge: bytes, kind: str, now: datetime) -> Ceremony:
        """Use a challenge up.

        RefusedError ``sign-in-again`` for one that was never given out, was used, is too old or was given
        out for something else; it is used up then as well.
        """
        rows = await self._room.fetch("claim_ceremony", self._hash(challenge))
        if not rows or rows[0]["kind"] != kind or rows[0]["expires_at"] <= now:
            raise too_late()
        row = rows[0]
        resident = ResidentId(row["resident_id"]) if row["resident_id"] else None
        return Ceremony(
            kind, row["began_at"], row["session_id"], row["account"], resident, row["organisation"],
            row["invitation_hash"],
        )  # fmt: skip

    def derived(self, what: str, challenge: bytes) -> bytes:
        """Derive 32 bytes from a challenge that only this server can."""
        return keyed_hash(self._key, b"derived", what.encode(), challenge)

    def is_derived(self, given: str, what: str, challenge: bytes) -> bool:
        """Compare hexadecimal text with what is derived, in constant time."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.derived(what, challenge).hex().encode())

    def _hash(self, challenge: bytes) -> bytes:
        return keyed_hash(self._key, b"challenge", challenge)


def too_late() -> RefusedError:
    """Say that it took too long, or was used before; one answer for every reason."""
    return RefusedError("sign-in-again", "This took too long or was used already. Start again.")
