"""What an operator asks of the broker: its state, a new epoch, adopting old keys; ``erasing.py`` has the rest.

Each task can be asked again after it broke off: it goes on where it stands in the database.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from carecode.crypto.sealing import unwrap
from carecode.disclosure.broker.erased import Erased
from carecode.disclosure.broker.erasing import Erasing
from carecode.disclosure.broker.journal import Journal
from carecode.disclosure.broker.ring import EPOCH_BYTES, BrokerRing, Escrow
from carecode.disclosure.broker.rows import KeyRows
from carecode.disclosure.broker.wire import NUMBER_BYTES
from carecode.kernel.errors import CareCodeError, ConflictError, InvalidInputError

LEGACY_BYTES: Final = 60  # nonce, key and tag, as the server's ring wrapped them
LEGACY_EPOCH: Final = 0
KEY_ZERO: Final = bytes(NUMBER_BYTES)  # the one key of a resident from before the broker
DROP_AFTER: Final = timedelta(hours=24)
"""An epoch's key is destroyed no sooner after the next began: a server may still write with a key it got before."""


class Tending:
    """The tasks, by name."""

    def __init__(
        self,
        ring: BrokerRing,
        rows: KeyRows,
        journal: Journal,
        erased: Erased,
        erasing: Erasing,
        watch_state: Callable[[], dict[str, Any]],
        random_bytes: Callable[[int], bytes],
        clock: Callable[[], datetime],
    ) -> None:
        """Hold what the tasks work on."""
        self._ring = ring
        self._rows = rows
        self._journal = journal
        self._erased = erased
        self._watch_state = watch_state
        self._random_bytes = random_bytes
        self._clock = clock
        self._turn = asyncio.Lock()
        self._tasks: dict[str, Callable[[Any], Awaitable[Any]]] = {
            "status": self._status,
            "rotate": self._rotate,
            "drop-old": self._drop_old,
            "adopt": self._adopt,
            "erase": erasing.erase,
            "replay": erasing.replay,
            "restore": erasing.restore,
            "escrowed": self._escrowed,
        }

    async def do(self, name: str, argument: object) -> Any:  # noqa: ANN401 - each task answers its own way
        """Do a task by its name, one at a time.  InvalidInputError for another name or argument."""
        task = self._tasks.get(name)
        if task is None:
            raise InvalidInputError("task-unknown", "The key keeper does not know this task.")
        if name == "status":
            return await task(argument)
        async with self._turn:
            return await task(argument)

    async def go_on(self) -> None:
        """Finish what broke off: erasures to replay, a rotation.  What fails now is tried at the next start."""
        with contextlib.suppress(CareCodeError):
            await self.do("replay", None)
            if self._ring.contents.rotating:
                await self.do("rotate", None)

    async def _status(self, _argument: object) -> dict[str, Any]:
        counts = await self._rows.counts()
        contents = self._ring.contents
        escrow = contents.escrow
        return {
            "epochs": [
                {"number": epoch.number, "since": epoch.since.isoformat(), "keys": counts.get(epoch.number, 0)}
                for epoch in contents.epochs
            ],
            "keys_to_adopt": counts.get(LEGACY_EPOCH, 0),
            "keys_of_no_epoch": sum(
                count
                for number, count in counts.items()
                if number != LEGACY_EPOCH and number not in {epoch.number for epoch in contents.epochs}
            ),
            "rotating": contents.rotating,
            "erased": len(self._erased),
            "escrow": msgspec.to_builtins(escrow) if escrow else None,
            "escrow_current": escrow is not None and self._ring.current in escrow.epochs,
            "unwraps": self._journal.seq,
            "last_unwraps": [
                {"time": line.time, "receipt": line.receipt, "keys": line.count} for line in self._journal.last
            ],
            "watch": self._watch_state(),
        }

    async def _rotate(self, _argument: object) -> dict[str, Any]:
        """Begin a new epoch, unless one is under way, and wrap every stored key under it."""
        if not self._ring.contents.rotating:
            self._ring.begin_epoch(self._random_bytes, self._clock())
        return {"epoch": self._ring.current, "rewrapped": await self._rewrap_all()}

    async def _rewrap_all(self) -> int:
        count = 0
        ring = self._ring
        async for page in self._rows.wrapped(not_of=ring.current.to_bytes(EPOCH_BYTES)):
            old = [item for item in page if len(item[2]) != LEGACY_BYTES and item[0] not in self._erased]
            new = [ring.wrap(owner, name, ring.unwrap(owner, name, wrapped)) for owner, name, wrapped in old]
            count += await self._rows.rewrap(old, new) if old else 0
        ring.end_rotation()
        return count

    async def _drop_old(self, _argument: object) -> dict[str, Any]:
        """Destroy the keys of earlier epochs: copies of the database from before then show nothing for good."""
        contents = self._ring.contents
        counts = await self._rows.counts()
        earlier = {epoch.number for epoch in contents.epochs[:-1]}
        if contents.rotating or any(counts.get(number) for number in earlier):
            raise ConflictError("rotation-open", "Keys of an earlier epoch are in use. First: carecode keys rotate.")
        if earlier and self._clock() - contents.epochs[-1].since < DROP_AFTER:
            raise ConflictError("epoch-young", "The current epoch is younger than a day. Drop the old ones tomorrow.")
        return {"dropped": self._ring.drop_before(self._ring.current)}

    async def _adopt(self, old_kek: object) -> dict[str, Any]:
        """Wrap the keys from before the broker under its own; the old key is given once and not kept."""
        if not isinstance(old_kek, bytes):
            raise InvalidInputError("task-argument", "Give the key from before.")
        count = 0
        async for old in self._rows.legacy():
            new = [
                self._ring.wrap(owner, name, unwrap(old_kek, wrapped, owner + (name if name != KEY_ZERO else b"")))
                for owner, name, wrapped in old
            ]
            count += await self._rows.rewrap(old, new)
        return {"adopted": count}

    async def _escrowed(self, argument: object) -> dict[str, Any]:
        """Note that a command shared the ring among keepers: ``[shares, threshold, epochs]``."""
        try:
            shares, threshold, epochs = msgspec.convert(argument, tuple[int, int, tuple[int, ...]])
        except msgspec.ValidationError:
            raise InvalidInputError("task-argument", "Say how many shares there are.") from None
        self._ring.note_escrow(Escrow(shares, threshold, epochs, self._clock()))
        return {}
