"""Tiles and entry bundles: the addresses and bytes under which anybody may fetch the public log.

A leaf is one byte that says its kind, and what it holds: the hash of an entry of somebody's access log
(which hides the entry: it covers a random receipt number), or a public statement in words.

Source: C2SP tlog-tiles (paths, partial tiles, entry bundles of 16-bit lengths, big-endian).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from carecode.audit.merkle import HASH_BYTES
from carecode.kernel.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable

TILE_WIDTH: Final = 256
LEVEL_MAX: Final = 63
LEAF_BYTES_MAX: Final = 65_535
ENTRY_KIND: Final = b"\x01"
STATEMENT_KIND: Final = b"\x02"
ENTRIES: Final = "entries"

_PATH: Final = re.compile(
    r"tile/(?P<level>entries|[0-9]{1,2})/(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


def entry_leaf(entry_hash: bytes) -> bytes:
    """Write the leaf of an entry of the access log, 33 bytes."""
    return ENTRY_KIND + entry_hash


def statement_leaf(body: bytes) -> bytes:
    """Write the leaf of a public statement, UTF-8 JSON.  InvalidInputError when it is too long for a bundle."""
    if len(body) >= LEAF_BYTES_MAX:
        raise InvalidInputError("statement-long", f"A public statement has at most {LEAF_BYTES_MAX - 1} bytes.")
    return STATEMENT_KIND + body


def bundle_of(leaves: Iterable[bytes]) -> bytes:
    r"""Write an entry bundle: each leaf after its length in two bytes.

    >>> bundle_of([b"ab", b""])
    b'\x00\x02ab\x00\x00'
    """
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def leaves_of(bundle: bytes) -> list[bytes]:
    """Take an entry bundle apart.  InvalidInputError when its lengths do not fit."""
    found: list[bytes] = []
    place = 0
    while place < len(bundle):
        end = place + 2 + int.from_bytes(bundle[place : place + 2], "big")
        if end > len(bundle) or place + 2 > len(bundle):
            raise InvalidInputError("bundle-form", "This is not an entry bundle. Fetch it again.")
        found.append(bundle[place + 2 : end])
        place = end
    return found


def hashes_of(tile: bytes) -> list[bytes]:
    """Take a tile apart into its hashes."""
    return [tile[place : place + HASH_BYTES] for place in range(0, len(tile), HASH_BYTES)]


def tile_path(level: int | None, index: int, width: int = TILE_WIDTH) -> str:
    """Write the path of a tile below the log's prefix; level None is an entry bundle.

    >>> tile_path(0, 1234067), tile_path(None, 3, 5)
    ('tile/0/x001/x234/067', 'tile/entries/003.p/5')
    """
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    path = f"tile/{ENTRIES if level is None else level}/{'/'.join(reversed(groups))}"
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def parse_tile_path(path: str) -> tuple[int | None, int, int]:
    """Read a path as ``tile_path`` writes it: level (None: entries), index, width.

    Raises InvalidInputError ``tile-path`` for every other spelling: a tile has one address.
    """
    found = _PATH.fullmatch(path)
    if found is not None:
        level = None if found["level"] == ENTRIES else int(found["level"])
        index = int(found["index"].replace("x", "").replace("/", ""))
        width = int(found["width"] or TILE_WIDTH)
        in_range = width <= TILE_WIDTH and (level is None or level <= LEVEL_MAX)
        if in_range and tile_path(level, index, width) == path:
            return level, index, width
    raise InvalidInputError("tile-path", "There is no such tile. Tiles are named tile/LEVEL/NNN or tile/entries/NNN.")


def partial_width(level: int, index: int, size: int) -> int:
    """Return how many hashes tile ``index`` of ``level`` has in a tree of ``size`` leaves: 0 to 256.

    >>> [partial_width(level, index, 70_000) for level, index in ((0, 273), (1, 1), (2, 0), (2, 1))]
    [112, 17, 1, 0]
    """
    held = (size >> 8 * level) - index * TILE_WIDTH
    return max(0, min(held, TILE_WIDTH))
