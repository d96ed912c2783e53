"""The matcher on line: one record against the index, by the same model as the batch path.

It keeps the secret of the match keys and the model that decides now, opens the records that share a
key, and lets the pure rules of ``linking`` decide.  Features and decisions are sealed, bound to their
entry; keys and tokens are keyed hashes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from carecode.crypto.keyed import keyed_hash
from carecode.crypto.keyring import KeyRing
from carecode.crypto.sealing import NONCE_BYTES, Sealer
from carecode.identity.held import Assurance
from carecode.identity.linking.deciding import Candidate, Decision, decide
from carecode.identity.linking.features import Features
from carecode.identity.linking.frequencies import Frequencies, Terms
from carecode.identity.linking.gathering import CROWDED, LIST_MAX
from carecode.identity.linking.guards import without
from carecode.identity.linking.keys import Keyer, plain_keys, plain_variants
from carecode.identity.linking.model import Model, load, shipped
from carecode.identity.vault import BLOCK_BYTES
from carecode.kernel.errors import ConflictError
from carecode.kernel.vocabulary import Resident, ResidentId
from carecode.store.room import Room

SHARED_MAX: Final = LIST_MAX
"""A key that more records share proves nothing: nobody is looked up by it."""
STRONG: Final = frozenset("ianm")
"""Letters of the keys (keys.LETTERS) over which two registrations of one person wait for each other."""

_DECISION: Final = b"decision|"
_MODEL: Final = b"linking model|"


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a source says of somebody under a number of its own."""

    source: str
    local: str
    rank: int = 0
    assurance: Assurance = Assurance.SELF_STATED
    features: Features


class Keyed(NamedTuple):
    """The keys of one record."""

    stored: tuple[int, ...]  # under which it is kept
    asked: tuple[int, ...]  # under which it is looked up: those and its likely slips
    strong: tuple[int, ...]  # those stored over which two registrations of one person wait for each other


class Match(NamedTuple):
    """The one person whom the model would link a record to without asking anybody."""

    resident: Resident
    bits: float  # prior included
    certain: bool  # by her number, before bits


class Stored(NamedTuple):
    """A decision as it was made, and about which record of the entry."""

    rid: UUID
    at: datetime
    decision: Decision


class Adopted(msgspec.Struct, frozen=True):
    """A model with the frequencies of the index it was trained on."""

    model: bytes  # its canonical JSON
    frequencies: Frequencies | None = None


class Matcher:
    """The model that decides now, and all that it reads and writes.  One per process."""

    def __init__(self, room: Room, ring: KeyRing, random_bytes: Callable[[int], bytes]) -> None:
        """Keep the room and the keys of linking; ``random_bytes`` gives nonces."""
        self._room = room
        self._random_bytes = random_bytes
        self._keyer = Keyer(ring.key("identity.links.keys"))
        self._seal_key, self._hash_key = ring.key("identity.links.seal"), ring.key("identity.links.hash")
        self._sealer = Sealer()
        self._place = 0  # of the adopted model; 0 is the one that comes with CareCode
        self.model: Model = shipped()
        self.frequencies: Frequencies | None = None

    def __repr__(self) -> str:
        """Hide the keys."""
        return "Matcher(...)"

    # The model

    async def refresh(self) -> None:
        """Take the model that was adopted last, if it is another."""
        rows = await self._room.fetch("model_after", self._place)
        if rows:
            adopted = msgspec.msgpack.decode(self._unseal(rows[0]["sealed"], _MODEL), type=Adopted)
            self.model, self.frequencies, self._place = load(adopted.model), adopted.frequencies, rows[0]["place"]

    async def adopt(self, model: Model, frequencies: Frequencies | None, now: datetime) -> None:
        """Let a model decide from now on, in every process within a minute.

        ConflictError ``model-adopted`` when somebody adopted another meanwhile.
        """
        await self.refresh()
        sealed = self._seal(msgspec.msgpack.encode(Adopted(model.canonical(), frequencies)), _MODEL)
        if not (await self._room.fetch("adopt_model", self._place + 1, now, sealed))[0][0]:
            raise ConflictError("model-adopted", "Somebody adopted another model meanwhile. Compare with that one.")
        await self.refresh()

    def token(self, column: str, value: str) -> int:
        """Key a value as frequencies are kept (Frequencies.count)."""
        return self._keyer.token(column, value)

    # Records

    def own(self, features: Features) -> Features:
        """Blank what stands for many people, so that it neither links nor parts."""
        if self.frequencies is None:
            return features
        return without(features, self.frequencies.crowded(features, self.token, CROWDED))

    def keyed(self, features: Features) -> Keyed:
        """Give the keys of a record.  About 30 us."""
        own = self.own(features)
        texts = plain_keys(own)
        variants = plain_variants(own) - texts
        keys = {text: self._keyer.token(text[0], text[2:]) for text in sorted(texts)}
        asked = {*keys.values(), *(self._keyer.token(text[0], text[2:]) for text in variants)}
        strong = tuple(key for text, key in keys.items() if text[0] in STRONG)
        return Keyed(tuple(sorted(set(keys.values()))), tuple(sorted(asked)), strong)

    def local_hash(self, source: str, local: str) -> bytes:
        """Hash a source's own number of somebody."""
        return keyed_hash(self._hash_key, b"local", source.encode(), local.encode())

    def seal_said(self, said: Said, entry: ResidentId, rid: UUID) -> tuple[bytes, bytes]:
        """Seal what a source says for its entry; also its keyed hash, by which the same is known again."""
        body = msgspec.json.encode(said)
        return self._seal(body, _of_record(entry, rid)), keyed_hash(self._hash_key, b"said", body)

    def open_said(self, sealed: bytes, entry: ResidentId, rid: UUID) -> Said:
        """Open what a source said; CorruptError when it is not of this entry."""
        return msgspec.json.decode(self._unseal(sealed, _of_record(entry, rid)), type=Said)

    # Decisions

    def decide(self, features: Features, candidates: Sequence[Candidate]) -> Decision:
        """Decide about one record (deciding.decide) by the model of now."""
        others = [candidate._replace(features=self.own(candidate.features)) for candidate in candidates]
        return decide(self.own(features), others, self.model, self._terms)

    def candidate(self, row: asyncpg.Record) -> Candidate:
        """Open a record that shares a key."""
        entry, rid = ResidentId(row["entry"]), row["rid"]
        said = self.open_said(row["sealed"], entry, rid)
        return Candidate(str(row["resident_id"]), str(rid), said.features)

    def seal_decision(self, decision: Decision, entry: ResidentId) -> bytes:
        """Seal a decision for its entry."""
        return self._seal(msgspec.json.encode(decision), _DECISION + entry.bytes)

    async def decisions(self, entry: ResidentId) -> list[Stored]:
        """Return what was decided about an entry, newest first, until she leaves."""
        rows = await self._room.fetch("decisions_of", entry)
        return [
            Stored(
                UUID(int=row["rid"].int),
                row["at"],
                msgspec.json.decode(self._unseal(row["sealed"], _DECISION + entry.bytes), type=Decision),
            )
            for row in rows
        ]

    def _terms(self, left: Features, right: Features, columns: tuple[str, ...]) -> Terms:
        return {} if self.frequencies is None else self.frequencies.terms(left, right, columns, self.token)

    def _seal(self, body: bytes, place: bytes) -> bytes:
        padded = body.ljust(-(-len(body) // BLOCK_BYTES) * BLOCK_BYTES) if place is not _MODEL else body
        return self._sealer.seal(self._seal_key, self._random_bytes(NONCE_BYTES), padded, place)

    def _unseal(self, sealed: bytes, place: bytes) -> bytes:
        return self._sealer.unseal(self._seal_key, sealed, place)


def _of_record(entry: ResidentId, rid: UUID) -> bytes:
    return b"source record|" + entry.bytes + rid.bytes
