"""How the index writes people down: sealed for itself, hashed under a key for look-up.

No I/O.  A seal is bound to its resident: moved to another's row it does not open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from carecode.crypto.keyed import keyed_hash
from carecode.crypto.keyring import KeyRing
from carecode.crypto.sealing import NONCE_BYTES, Sealer
from carecode.identity.identifiers import Identifier, parse
from carecode.identity.person import Person, from_bytes, search_parts, to_bytes
from carecode.kernel.vocabulary import ResidentId

BLOCK_BYTES: Final = 128  # sealed JSON is padded to whole blocks: its length tells nobody's name


class _Number(msgspec.Struct):
    """A number as it is sealed."""

    system: str
    value: str
    source: str


class Vault:
    """Seals and opens a resident's facts and numbers, and computes what they are found by."""

    __slots__ = ("_hash_key", "_random_bytes", "_seal_key", "_sealer")

    def __init__(self, ring: KeyRing, random_bytes: Callable[[int], bytes]) -> None:
        """Derive the two keys of this room; ``random_bytes`` gives the nonces."""
        self._hash_key = ring.key("identity.hash")
        self._seal_key = ring.key("identity.seal")
        self._random_bytes = random_bytes
        self._sealer = Sealer()

    def __repr__(self) -> str:
        """Hide the keys."""
        return "Vault(...)"

    def number_hash(self, identifier: Identifier) -> bytes:
        """Hash a number in its canonical form: both forms of one number have one hash."""
        return keyed_hash(self._hash_key, b"number", identifier.system.encode(), identifier.canonical.encode())

    def search_hashes(self, *people: Person) -> list[bytes]:
        """Hash name, date of birth and telephone together, once per script of the name; no hash twice."""
        parts = dict.fromkeys(each for person in people for each in search_parts(person))
        return [keyed_hash(self._hash_key, b"search", *each) for each in parts]

    def seal_person(self, person: Person, resident_id: ResidentId) -> bytes:
        """Seal the facts of her card."""
        return self._seal(to_bytes(person), b"person", resident_id)

    def open_person(self, sealed: bytes, resident_id: ResidentId) -> Person:
        """Open the facts of her card; CorruptError when they are not hers."""
        return from_bytes(self._unseal(sealed, b"person", resident_id))

    def seal_numbers(self, identifiers: Iterable[Identifier], source: str, resident_id: ResidentId) -> list[bytes]:
        """Seal each number with the organisation that vouched for it."""
        return [
            self._seal(msgspec.json.encode(_Number(each.system, each.value, source)), b"number", resident_id)
            for each in identifiers
        ]

    def open_number(self, sealed: bytes, resident_id: ResidentId) -> tuple[Identifier, str]:
        """Open one number and who vouched for it; CorruptError when it is not hers."""
        number = msgspec.json.decode(self._unseal(sealed, b"number", resident_id), type=_Number)
        return parse(number.system, number.value), number.source

    def _seal(self, body: bytes, what: bytes, resident_id: ResidentId) -> bytes:
        padded = body.ljust(-(-len(body) // BLOCK_BYTES) * BLOCK_BYTES)  # JSON ends where its spaces begin
        nonce = self._random_bytes(NONCE_BYTES)
        return self._sealer.seal(self._seal_key, nonce, padded, what + b"|" + resident_id.bytes)

    def _unseal(self, sealed: bytes, what: bytes, resident_id: ResidentId) -> bytes:
        return self._sealer.unseal(self._seal_key, sealed, what + b"|" + resident_id.bytes)
