"""The public log's door for readers: checkpoints, tiles, proofs, and the bundle that a phone checks her list with.

Everything that leaves here is public, but a bundle: it holds the label of the resident who asks.
What is said here can be checked by whoever gets it; the checks made before answering only tell a damaged
store from a wrong question.

Sources: C2SP tlog-tiles, tlog-checkpoint, tlog-cosignature.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from carecode.audit.chains import LABELS_KEY, label_of
from carecode.audit.merkle import HASH_BYTES, consistency_spans, inclusion_spans
from carecode.audit.notes import COSIGNATURE, NoteKey, held, join, split
from carecode.audit.stored import Stored, bad_size, check_place
from carecode.audit.tiles import TILE_WIDTH, bundle_of, entry_leaf, statement_leaf
from carecode.crypto.canonical import canonical, encode
from carecode.kernel.errors import CorruptError, NotFoundError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from carecode.audit.headmap import HeadProof
    from carecode.crypto.keyring import KeyRing
    from carecode.kernel.vocabulary import RecordKey, Resident
    from carecode.store.database import Database

BUNDLE_BYTES_MAX: Final = 4096
"""What a bundle of one record key stays below, with three Ed25519 cosignatures and four million residents."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a phone needs to check how long a resident's list is: a cosigned checkpoint, a proof for each key."""

    note: str
    heads: tuple[HeadProof, ...]

    def json(self) -> bytes:
        """Write it for a browser."""
        return encode({"checkpoint": self.note, "heads": [proof.as_json() for proof in self.heads]})


@dataclass(frozen=True, slots=True)
class LogStatus:
    """How far the log is, and how far behind."""

    size: int
    signed_at: datetime | None
    waiting_seconds: float  # how long the oldest committed entry has been waiting for its checkpoint; 0: none waits
    cosigned_size: int | None
    cosigned_at: datetime | None  # as the witness said
    uncosigned_seconds: float  # how long the oldest checkpoint has been waiting for the quorum; 0: none waits


class PublicLog:
    """The public log of one database."""

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        clock: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
        witnesses: Sequence[NoteKey] = (),
        quorum: int = 0,
    ) -> None:
        """Use the role ``carecode_audit``; cosignatures count only when one of ``witnesses`` made them."""
        self._stored = Stored(database)
        self._labels_key = ring.key(LABELS_KEY)
        self._clock = clock
        self._random_bytes = random_bytes
        self._witnesses = tuple(key for key in witnesses if key.kind == COSIGNATURE)
        self._quorum = quorum

    # What anybody may fetch

    async def checkpoint(self) -> bytes:
        """Return the newest note, with the cosignatures it has so far."""
        return await self._stored.note(0)

    async def published(self) -> bytes:
        """Return the newest note that the quorum cosigned.  UnavailableError when there is none yet."""
        return await self._stored.note(self._quorum)

    async def tile(self, level: int, index: int, width: int = TILE_WIDTH) -> bytes:
        """Return a tile of ``width`` hashes (C2SP tlog-tiles, Merkle Tree).

        NotFoundError when the tree is not as large yet, CorruptError when it is and the tile is not there.
        """
        check_place(level, index, width)
        rows = await self._stored.fetch("log_hashes", [level], [index * TILE_WIDTH], [width])
        tile: bytes = rows[0]["hashes"]
        await self._stored.check_whole(len(tile) // HASH_BYTES, level, index, width)
        return tile

    async def entries(self, index: int, width: int = TILE_WIDTH) -> bytes:
        """Return a bundle of ``width`` leaves (C2SP tlog-tiles, Log entries).  Raises as ``tile`` does."""
        check_place(0, index, width)
        rows = await self._stored.fetch("log_leaves", index * TILE_WIDTH, width)
        await self._stored.check_whole(len(rows), 0, index, width)
        return bundle_of(row["data"] for row in rows)

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the proof that leaf ``index`` stands in the tree of ``size`` leaves (RFC 6962 clause 2.1.1).

        InvalidInputError ``log-size`` when there is no such leaf or the log is smaller.
        """
        if not 0 <= index < size:
            raise bad_size()
        return await self._stored.hashes(inclusion_spans(index, size), size)

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the tree of ``new`` leaves begins with that of ``old`` (RFC 6962 clause 2.1.2)."""
        if not 0 <= old <= new:
            raise bad_size()
        return await self._stored.hashes(consistency_spans(old, new), new)

    async def leaf_of_entry(self, entry_hash: bytes) -> int | None:
        """Return where an entry of somebody's list stands; None while it is in no checkpoint."""
        rows = await self._stored.fetch("log_leaf_of", [entry_leaf(entry_hash)])
        place: int | None = rows[0]["idx"]
        return place

    # What one resident may fetch

    async def head_proof(self, key: RecordKey) -> HeadProof:
        """Return the proof, under the published checkpoint, of how long the list of one record key is."""
        _, proofs = await self._stored.proofs([label_of(self._labels_key, key)], self._quorum)
        return proofs[0]

    async def bundle(self, resident: Resident) -> Bundle:
        """Return what her phone checks her list with."""
        labels = [label_of(self._labels_key, key) for key in resident.keys]
        note, heads = await self._stored.proofs(labels, self._quorum)
        return Bundle(note, heads)

    # What is said in public

    async def publish(self, statement: Mapping[str, Any]) -> UUID:
        """Take a public statement for the next batch; return its number once it is committed.

        InvalidInputError ``statement-long`` when it has more bytes than a leaf may have.
        """
        body = canonical(statement)
        statement_leaf(body)
        number = UUID(bytes=self._random_bytes(16), version=4)
        await self._stored.fetch("log_publish", number, body, self._clock())
        return number

    async def leaf_of_statement(self, number: UUID) -> int | None:
        """Return where a statement stands; None while it is in no checkpoint."""
        rows = await self._stored.fetch("log_statement_leaf", number)
        place: int | None = rows[0][0]
        return place

    # What witnesses say

    async def add_cosignature(self, size: int, line: str) -> None:
        """Keep a witness's signature line over the checkpoint of ``size``.

        NotFoundError when no checkpoint has this size, RefusedError when the line is not by one of the
        witnesses or does not hold.  A later one of the same witness takes the earlier one's place.
        """
        note = (await self._stored.fetch("log_note", size))[0][0]
        if note is None:
            raise NotFoundError("no-checkpoint", "The log has no checkpoint of this size. Fetch the newest.")
        text, _ = split(note)
        try:
            found = held(join(text, [line]), self._witnesses)
        except CorruptError as error:
            raise RefusedError("cosignature-wrong", "This cosignature does not hold over the checkpoint.") from error
        if len(found) != 1 or found[0].time_seconds is None:
            raise RefusedError("witness-unknown", "This is no cosignature of a witness that the log knows.")
        now = self._clock()
        said = min(found[0].time_seconds, int(now.timestamp()))  # a witness whose clock is ahead is not more recent
        signed_at = datetime.fromtimestamp(said, UTC)
        await self._stored.fetch("log_cosign", size, found[0].key.name, line.removesuffix("\n") + "\n", signed_at, now)

    async def status(self) -> LogStatus:
        """Say how far the log is and how far behind."""
        row = (await self._stored.fetch("log_status", self._quorum))[0]
        return LogStatus(
            row["size"] or 0,
            row["at"],
            row["waiting_seconds"],
            row["cosigned_size"],
            row["cosigned_at"],
            row["uncosigned_seconds"],
        )
