"""What is stored of the public log, put together; missing and damaged parts are told from absent ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from carecode.audit.growth import page_tiles
from carecode.audit.headmap import STEP, HeadProof, broken_map, bucket_of, prove, root_of, verify_head
from carecode.audit.merkle import HASH_BYTES, TILE_HEIGHT, complete_root, folded, subtrees
from carecode.audit.notes import Checkpoint, split
from carecode.audit.tiles import LEVEL_MAX, TILE_WIDTH, hashes_of, partial_width
from carecode.kernel.errors import CorruptError, InvalidInputError, NotFoundError, UnavailableError
from carecode.store.queries import queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from carecode.audit.merkle import Span, Subtree
    from carecode.store.database import Database

INDEX_MAX: Final = 2**48
SIZE_MAX: Final = 2**63 - 1
Connection = Any  # asyncpg's, which brings no types


class Stored:
    """Reads the log's tables under the role ``carecode_audit``."""

    def __init__(self, database: Database) -> None:
        """Read this database."""
        self._database = database
        self._sql = queries("audit")

    async def fetch(self, query: str, *arguments: object) -> list[Any]:
        """Return the rows of a named query."""
        async with self._database.connection("audit") as connection:
            rows: list[Any] = await connection.fetch(self._sql[query], *arguments)
        return rows

    async def note(self, quorum: int) -> bytes:
        """Return the newest note with so many cosignatures."""
        rows = await self.fetch("log_checkpoint", quorum)
        if not rows or rows[0]["note"] is None:
            raise unpublished()
        note: str = rows[0]["note"]
        return note.encode()

    async def size(self) -> int:
        """Return how many leaves the newest checkpoint has."""
        rows = await self.fetch("log_newest")
        return (rows[0]["size"] if rows else None) or 0

    async def check_whole(self, count: int, level: int, index: int, width: int) -> None:
        """See that a tile has its width; tell one that is not there yet from one that is lost."""
        if count == width:
            return
        if partial_width(level, index, await self.size()) >= width:
            raise truncated()
        raise NotFoundError("no-tile", "The log is not as large yet. Fetch the checkpoint first.")

    async def hashes(self, spans: Sequence[Span], size: int) -> list[bytes]:
        """Return the hash of each span of a tree of ``size`` leaves, in two round trips."""
        if size > INDEX_MAX or size > await self.size():
            raise bad_size()
        parts = [subtrees(span) for span in spans]
        async with self._database.connection("audit") as connection:
            found = await fetch_subtrees(connection, self._sql, [one for part in parts for one in part])
        return [folded([found[one] for one in part]) for part in parts]

    async def proofs(self, labels: Sequence[bytes], quorum: int) -> tuple[str, tuple[HeadProof, ...]]:
        """Return the newest note with so many cosignatures and, under it, the proof of each label.

        CorruptError when what is stored does not lead to the root that was signed.
        """
        pages = sorted({bucket_of(label) >> STEP for label in labels})
        places = sorted({place for label in labels for place in page_tiles(label)})
        rows = await self.fetch(
            "log_bundle", quorum, pages, [depth for depth, _ in places], [index for _, index in places]
        )
        stored = {(row["depth"], row["idx"]): row["body"] for row in rows}
        if (-1, 0) not in stored:
            raise unpublished()
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


async def fetch_subtrees(
    connection: Connection, sql: Mapping[str, str], wanted: Iterable[Subtree]
) -> dict[Subtree, bytes]:
    """Read the hashes of complete subtrees from the stored tiles, in one round trip.

    Raises CorruptError ``log-truncated`` when tiles are missing.
    """
    ordered = list(dict.fromkeys(wanted))
    runs = [
        (height // TILE_HEIGHT, place << height % TILE_HEIGHT, 1 << height % TILE_HEIGHT) for height, place in ordered
    ]
    rows = await connection.fetch(sql["log_hashes"], *columns(runs, 3))
    found = {}
    for subtree, (_, _, count), row in zip(ordered, runs, rows, strict=True):
        if len(row["hashes"]) != count * HASH_BYTES:
            raise truncated()
        found[subtree] = complete_root(hashes_of(row["hashes"]))
    return found


def truncated() -> CorruptError:
    """Say that stored leaves or hashes are missing."""
    return CorruptError("log-truncated", "A part of the public log is missing. Restore it from a copy.")


def columns(rows: Iterable[tuple[Any, ...]], count: int) -> list[list[Any]]:
    """Turn rows of ``count`` fields into lists, as unnest takes them."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    return columns or [[] for _ in range(count)]


def check_place(level: int, index: int, width: int) -> None:
    """Refuse places that no log has."""
    if not (0 <= level <= LEVEL_MAX and 0 <= index < INDEX_MAX // TILE_WIDTH and 0 < width <= TILE_WIDTH):
        raise NotFoundError("no-tile", "The log is not as large yet. Fetch the checkpoint first.")


def bad_size() -> InvalidInputError:
    """Say that there is no such leaf or size."""
    return InvalidInputError("log-size", "The log has no such leaf or no such size. Fetch the checkpoint first.")


def unpublished() -> UnavailableError:
    """Say that no checkpoint has enough cosignatures yet."""
    return UnavailableError("log-unpublished", "The log has no checkpoint that enough witnesses saw. Try again.")
