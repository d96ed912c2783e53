"""What was loaded before, by the hash of its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from carecode.exchange.plan import Stamp
from carecode.kernel.errors import UnavailableError
from carecode.store.queries import queries

if TYPE_CHECKING:
    from datetime import datetime

    from carecode.store.database import Database

SEED_BYTES: Final = 32
_ATTEMPTS_MAX: Final = 3
_ROOM: Final = "exchange"


@dataclass(frozen=True, slots=True)
class Begun:
    """A beginning: from it the same ids are made, however often it is tried."""

    digest: bytes = field(repr=False)
    seed: bytes = field(repr=False)
    at: datetime
    is_stored: bool

    @property
    def stamp(self) -> Stamp:
        """Return time and randomness that depend on the beginning alone."""
        return Stamp(self.at, self._expanded)

    def _expanded(self, count: int) -> bytes:
        return hashlib.shake_256(self.seed).digest(count)


class Ledger:
    """The table ``exchange.loaded``, under the role ``carecode_exchange``."""

    def __init__(self, database: Database, random_bytes: Callable[[int], bytes]) -> None:
        """Connect on first use; ``random_bytes`` gives seeds."""
        self._database = database
        self._random_bytes = random_bytes
        self._sql = queries(_ROOM)

    async def is_stored(self, digest: bytes) -> bool:
        """Say whether it was stored whole."""
        async with self._database.connection(_ROOM) as connection:
            return bool(await connection.fetchval(self._sql["is_loaded"], digest))

    async def begin(self, digest: bytes, now: datetime) -> Begun:
        """Begin, or return the beginning there is; committed before anything is deposited."""
        for _attempt in range(_ATTEMPTS_MAX):
            async with self._database.connection(_ROOM) as connection:
                row = await connection.fetchrow(self._sql["begin_load"], digest, self._random_bytes(SEED_BYTES), now)
            if row is not None:
                return Begun(digest, row["seed"], row["begun_at"], row["resources"] is not None)
        raise UnavailableError("load-busy", "Another load began the same file at this moment. Try again.")

    async def finish(self, begun: Begun, resources: int) -> None:
        """Remember that it was stored whole, and how many of its resources were new."""
        async with self._database.connection(_ROOM) as connection:
            await connection.execute(self._sql["finish_load"], begun.digest, begun.seed, begun.at, resources)

    async def forget(self, begun: Begun) -> None:
        """Forget a beginning that was refused, so that a later one has a later time."""
        async with self._database.connection(_ROOM) as connection:
            await connection.execute(self._sql["forget_load"], begun.digest)
