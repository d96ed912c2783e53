"""The broker's rule: a data key is opened only for a resident whom a live receipt names, and then noted.

For every receipt the broker asks PostgreSQL, over its own connection and role, whether it is live and
flushed (``audit.live_for``).  It does not take the answer on trust: it hashes the log's entry again and
reads receipt, requester and residents from what was hashed.  The entry's hash goes into the broker's
own journal, and the watch demands to find it in the signed public log within seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final, Protocol
from uuid import UUID

from carecode.disclosure.broker.erased import Erased
from carecode.disclosure.broker.journal import Journal
from carecode.disclosure.broker.ring import KEY_BYTES, BrokerRing
from carecode.disclosure.broker.rows import KeyRows
from carecode.disclosure.broker.wire import NUMBER_BYTES, FreshAnswer, Id, OpenAnswer, OpenItem, WrappedItem
from carecode.kernel.errors import CareCodeError, CorruptError, RefusedError

_FORM: Final = "2"
_FIELDS: Final = range(16, 19)  # the last two, what it opens and until when, only where they are set
_PLACES: Final = {"form": 0, "chain": 1, "receipt": 3, "requester": 5, "action": 10, "keys": 15}


class Watching(Protocol):
    """Whoever looks whether what was opened stands in the public log."""

    def check(self) -> None:
        """Raise UnavailableError when no key may be opened now."""

    def opened(self, entry: bytes) -> None:
        """Hear that keys were opened for the log entry of this hash."""


class Unwatched:
    """For a house without a public log: tests, and benches of other things."""

    def check(self) -> None:
        """Let everything pass."""

    def opened(self, entry: bytes) -> None:
        """Take no notice."""


class Broker:
    """Opens and makes data keys."""

    def __init__(
        self,
        ring: BrokerRing,
        rows: KeyRows,
        journal: Journal,
        watch: Watching,
        erased: Erased,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        """Hold the keys, and what must agree before one is opened."""
        self._ring = ring
        self._rows = rows
        self._journal = journal
        self._watch = watch
        self._erased = erased
        self._random_bytes = random_bytes

    async def open_all(self, items: Sequence[OpenItem]) -> list[OpenAnswer | CareCodeError]:
        """Open the keys of many receipts, with one question to the database; an error in place of an answer.

        RefusedError ``receipt-over`` for a receipt that is not live, ``key-not-hers`` for a key of
        somebody it does not name, ``record-erased``; CorruptError for a key or an entry that does not
        verify; UnavailableError for all when the database is away or nothing may be opened now.
        """
        try:
            self._journal.check()
            self._watch.check()
            receipts = [UUID(bytes=receipt) for receipt, _requester, _keys in items]
            rows = await self._rows.live(receipts, [requester for _receipt, requester, _keys in items])
        except CareCodeError as error:
            return [error] * len(items)
        live = {place - 1: (seconds, prev, entry, words) for place, seconds, prev, entry, words in rows}
        answers: list[OpenAnswer | CareCodeError] = []
        for place, (_receipt, requester, keys) in enumerate(items):
            try:
                if place not in live:
                    raise RefusedError("receipt-over", "This permission to read has ended. Open the record again.")
                seconds, prev, entry, words = live[place]
                named = _named(str(receipts[place]), requester, prev, entry, words)
                deks = self._unwrapped(keys, named)
                self._watch.opened(entry)
                self._journal.append(_shown(receipts[place]), entry.hex(), len(keys))
            except CareCodeError as error:
                answers.append(error)
            else:
                answers.append((seconds, deks))
        return answers

    def fresh_all(self, owners: Sequence[Id]) -> list[FreshAnswer | CareCodeError]:
        """Make one data key for each resident; RefusedError ``record-erased`` in place of one."""
        return [erased_error() if owner in self._erased else self._fresh(owner) for owner in owners]

    def _fresh(self, owner: Id) -> FreshAnswer:
        drawn = self._random_bytes(NUMBER_BYTES + KEY_BYTES)
        key_id = UUID(bytes=drawn[:NUMBER_BYTES], version=4).bytes
        dek = drawn[NUMBER_BYTES:]
        return key_id, dek, self._ring.wrap(owner, key_id, dek)

    def _unwrapped(self, keys: Iterable[WrappedItem], named: frozenset[str]) -> list[bytes]:
        met: set[Id] = set()
        deks = []
        for owner, key_id, wrapped in keys:
            if owner not in met:
                if sha256(owner).hexdigest() not in named:
                    raise RefusedError("key-not-hers", "This permission to read is for another record.")
                if owner in self._erased:
                    raise erased_error()
                met.add(owner)
            deks.append(self._ring.unwrap(owner, key_id, wrapped))
        return deks


def erased_error() -> RefusedError:
    """Say that her record is erased."""
    return RefusedError("record-erased", "This record was erased. Nothing can be read or stored in it again.")


def _named(receipt: str, requester: str, prev: bytes, entry: bytes, words: str) -> frozenset[str]:
    """Return the digests of the residents whom an entry names; CorruptError unless it is this receipt's own."""
    fields = words.split("\n")
    if sha256(prev + words.encode()).digest() != entry or len(fields) not in _FIELDS:
        raise _broken()
    found = {name: fields[place] for name, place in _PLACES.items()}
    keys = found["keys"].split(",")
    expected = {
        "form": _FORM,
        "chain": keys[0],
        "receipt": receipt,
        "requester": requester.replace("\n", " "),
        "action": "disclose",
        "keys": found["keys"],
    }
    if found != expected:
        raise _broken()
    return frozenset(keys)


def _shown(receipt: UUID) -> str:
    """Return the eight characters that the clinic and her phone show (Receipt.number)."""
    text = receipt.hex[-8:].upper()
    return f"{text[:4]}-{text[4:]}"


def _broken() -> CorruptError:
    return CorruptError("entry-broken", "The access log does not verify. Nothing was opened; call the operator.")
