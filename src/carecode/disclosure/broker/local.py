"""The door of the key broker, for a broker in this very process: tests, benches, one-shot commands.

The server's door to a broker in its own process is ``client.py: KeyClient``; both are one ``KeyDoor``
of the record, and answer an operator's tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from carecode.crypto.datakeys import FreshKey, Opened, WrappedKey
from carecode.disclosure.broker.broker import Broker
from carecode.disclosure.broker.tending import Tending
from carecode.disclosure.broker.wire import Id, OpenAnswer, OpenItem
from carecode.kernel.vocabulary import Receipt, RecordKey
from carecode.store.together import Together


@dataclass(frozen=True, slots=True)
class House:
    """A broker and what tends it."""

    broker: Broker
    tending: Tending
    told: list[Callable[[Sequence[Id]], None]]  # who hears of erasures


class LocalDoor:
    """A ``KeyDoor`` onto a broker in this process."""

    def __init__(self, house: House) -> None:
        """Stand before this broker."""
        self._house = house
        self._opening = Together[OpenItem, OpenAnswer](house.broker.open_all)

    async def fresh(self, key: RecordKey) -> FreshKey:
        """Make a data key for a resident; RefusedError ``record-erased``."""
        [answer] = self._house.broker.fresh_all([key.bytes])
        if isinstance(answer, Exception):
            raise answer
        return fresh_key(answer)

    async def open(self, receipt: Receipt, wrapped: Sequence[WrappedKey]) -> Opened:
        """Open keys under a live receipt; see ``Broker.open_all``."""
        seconds, deks = await self._opening.ask(open_item(receipt, wrapped))
        return Opened(deks, seconds)

    def when_erased(self, forget: Callable[[RecordKey], None]) -> None:
        """Call ``forget`` for each resident whose keys are erased from now on."""

        def told(owners: Sequence[Id]) -> None:
            for owner in owners:
                forget(RecordKey(UUID(bytes=owner)))

        self._house.told.append(told)

    async def task(self, name: str, argument: object = None) -> Any:  # noqa: ANN401 - each answers its own way
        """Have an operator's task done."""
        return await self._house.tending.do(name, argument)


def open_item(receipt: Receipt, wrapped: Sequence[WrappedKey]) -> OpenItem:
    """Write down what to open, as it goes over the wire."""
    return receipt.id.bytes, receipt.requester, [(owner.bytes, name.bytes, stored) for owner, name, stored in wrapped]


def fresh_key(answer: Sequence[bytes]) -> FreshKey:
    """Read a fresh key as it comes over the wire."""
    key_id, dek, wrapped = answer
    return FreshKey(UUID(bytes=key_id), dek, wrapped)
