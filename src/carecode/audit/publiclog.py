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

from carecode.audit.growth import page_tiles
from carecode.audit.headmap import STEP, HeadProof, broken_map, bucket_of, prove, root_of, verify_head
from carecode.audit.merkle import HASH_BYTES, Span, consistency_spans, folded, inclusion_spans, subtrees
from carecode.audit.notes import COSIGNATURE, Checkpoint, NoteKey, held, join, split
from carecode.audit.sequencer import LABELS_KEY, fetch_subtrees, label_of, truncated
from carecode.audit.tiles import LEVEL_MAX, TILE_WIDTH, bundle_of, entry_leaf, partial_width, statement_leaf
from carecode.crypto.canonical import canonical, encode
from carecode.kernel.errors import CorruptError, InvalidInputError, NotFoundError, RefusedError, UnavailableError
from carecode.store.queries import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from carecode.crypto.keyring import KeyRing
    from carecode.kernel.vocabulary import RecordKey, Resident
    from carecode.store.database import Database

BUNDLE_BYTES_MAX: Final = 4096
"""What a bundle of one record key stays below, with three Ed25519 cosignatures and four million residents."""
INDEX_MAX: Final = 2**48


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
        self._database = database
        self._labels_key = ring.key(LABELS_KEY)
        self._clock = clock
        self._random_bytes = random_bytes
        self._witnesses = tuple(key for key in witnesses if key.kind == COSIGNATURE)
        self._quorum = quorum
        self._sql = queries("audit")

    # What anybody may fetch

    async def checkpoint(self) -> bytes:
        """Return the newest note, with the cosignatures it has so far."""
        return await self._note(0)

    async def published(self) -> bytes:
        """Return the newest note that the quorum cosigned.  UnavailableError when there is none yet."""
        return await self._note(self._quorum)

    async def tile(self, level: int, index: int, width: int = TILE_WIDTH) -> bytes:
        """Return a tile of ``width`` hashes (C2SP tlog-tiles, Merkle Tree).

        NotFoundError when the tree is not as large yet, CorruptError when it is and the tile is not there.
        """
        _check_place(level, index, width)
        rows = await self._fetch("log_hashes", [level], [index * TILE_WIDTH], [width])
        tile: bytes = rows[0]["hashes"]
        await self._check_whole(len(tile) // HASH_BYTES, level, index, width)
        return tile

    async def entries(self, index: int, width: int = TILE_WIDTH) -> bytes:
        """Return a bundle of ``width`` leaves (C2SP tlog-tiles, Log entries).  Raises as ``tile`` does."""
        _check_place(0, index, width)
        rows = await self._fetch("log_leaves", index * TILE_WIDTH, width)
        await self._check_whole(len(rows), 0, index, width)
        return bundle_of(row["data"] for row in rows)

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the proof that leaf ``index`` stands in the tree of ``size`` leaves (RFC 6962 clause 2.1.1).

        InvalidInputError ``log-size`` when there is no such leaf or the log is smaller.
        """
        if not 0 <= index < size:
            raise _bad_size()
        return await self._hashes(inclusion_spans(index, size), size)

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the tree of ``new`` leaves begins with that of ``old`` (RFC 6962 clause 2.1.2)."""
        if not 0 <= old <= new:
            raise _bad_size()
        return await self._hashes(consistency_spans(old, new), new)

    async def leaf_of_entry(self, entry_hash: bytes) -> int | None:
        """Return where an entry of somebody's list stands; None while it is in no checkpoint."""
        rows = await self._fetch("log_leaf_of", [entry_leaf(entry_hash)])
        place: int | None = rows[0]["idx"]
        return place

    # What one resident may fetch

    async def head_proof(self, key: RecordKey) -> HeadProof:
        """Return the proof, under the published checkpoint, of how long the list of one record key is."""
        return (await self._proofs([key]))[1][0]

    async def bundle(self, resident: Resident) -> Bundle:
        """Return what her phone checks her list with."""
        note, heads = await self._proofs(resident.keys)
        return Bundle(note, heads)

    # What is said in public

    async def publish(self, statement: Mapping[str, Any]) -> UUID:
        """Take a public statement for the next batch; return its number once it is committed.

        InvalidInputError ``statement-long`` when it has more bytes than a leaf may have.
        """
        body = canonical(statement)
        statement_leaf(body)
        number = UUID(bytes=self._random_bytes(16), version=4)
        await self._fetch("log_publish", number, body, self._clock())
        return number

    async def leaf_of_statement(self, number: UUID) -> int | None:
        """Return where a statement stands; None while it is in no checkpoint."""
        rows = await self._fetch("log_statement_leaf", number)
        place: int | None = rows[0][0]
        return place

    # What witnesses say

    async def add_cosignature(self, size: int, line: str) -> None:
        """Keep a witness's signature line over the checkpoint of ``size``.

        NotFoundError when no checkpoint has this size, RefusedError when the line is not by one of the
        witnesses or does not hold.  A later one of the same witness takes the earlier one's place.
        """
        note = (await self._fetch("log_note", size))[0][0]
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
        await self._fetch("log_cosign", size, found[0].key.name, line.removesuffix("\n") + "\n", signed_at, now)

    async def status(self) -> LogStatus:
        """Say how far the log is and how far behind."""
        row = (await self._fetch("log_status", self._quorum))[0]
        return LogStatus(
            row["size"] or 0,
            row["at"],
            row["waiting_seconds"],
            row["cosigned_size"],
            row["cosigned_at"],
            row["uncosigned_seconds"],
        )

    async def _fetch(self, query: str, *arguments: object) -> list[Any]:
        async with self._database.connection("audit") as connection:
            rows: list[Any] = await connection.fetch(self._sql[query], *arguments)
        return rows

    async def _note(self, quorum: int) -> bytes:
        rows = await self._fetch("log_checkpoint", quorum)
        if not rows or rows[0]["note"] is None:
            raise _unpublished()
        note: str = rows[0]["note"]
        return note.encode()

    async def _size(self) -> int:
        rows = await self._fetch("log_newest")
        return (rows[0]["size"] if rows else None) or 0

    async def _check_whole(self, count: int, level: int, index: int, width: int) -> None:
        """See that a tile has its width; tell one that is not there yet from one that is lost."""
        if count == width:
            return
        if partial_width(level, index, await self._size()) >= width:
            raise truncated()
        raise NotFoundError("no-tile", "The log is not as large yet. Fetch the checkpoint first.")

    async def _hashes(self, spans: Sequence[Span], size: int) -> list[bytes]:
        if size > INDEX_MAX or size > await self._size():
            raise _bad_size()
        parts = [subtrees(span) for span in spans]
        async with self._database.connection("audit") as connection:
            found = await fetch_subtrees(connection, self._sql, [one for part in parts for one in part])
        return [folded([found[one] for one in part]) for part in parts]

    async def _proofs(self, keys: Iterable[RecordKey]) -> tuple[str, tuple[HeadProof, ...]]:
        labels = [label_of(self._labels_key, key) for key in keys]
        pages = sorted({bucket_of(label) >> STEP for label in labels})
        places = sorted({place for label in labels for place in page_tiles(label)})
        rows = await self._fetch(
            "log_bundle", self._quorum, pages, [depth for depth, _ in places], [index for _, index in places]
        )
        stored = {(row["depth"], row["idx"]): row["body"] for row in rows}
        if (-1, 0) not in stored:
            raise _unpublished()
        note = stored[-1, 0].decode()
        try:
            root = root_of(Checkpoint.parse(split(note)[0]).extensions)
        except InvalidInputError as error:
            raise CorruptError("log-broken", "A stored checkpoint is damaged. Restore it from a copy.") from error
        page = {index: body for (depth, index), body in stored.items() if depth == 0}
        proofs = tuple(prove(label, page, [stored.get(at, b"") for at in page_tiles(label)]) for label in labels)
        if not all(verify_head(proof, root) for proof in proofs):
            raise broken_map()
        return note, proofs


def _check_place(level: int, index: int, width: int) -> None:
    if not (0 <= level <= LEVEL_MAX and 0 <= index < INDEX_MAX // TILE_WIDTH and 0 < width <= TILE_WIDTH):
        raise NotFoundError("no-tile", "The log is not as large yet. Fetch the checkpoint first.")


def _bad_size() -> InvalidInputError:
    return InvalidInputError("log-size", "The log has no such leaf or no such size. Fetch the checkpoint first.")


def _unpublished() -> UnavailableError:
    return UnavailableError("log-unpublished", "The log has no checkpoint that enough witnesses saw. Try again.")
