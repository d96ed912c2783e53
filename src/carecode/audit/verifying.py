"""Checks of the public log that anybody can make: signatures, the whole tree, what was seen before, statements.

Pure: the caller fetches, these functions judge.  They take nothing from the log's server on trust but what
is signed: the tree is computed anew from its leaves, tile by tile.

Sources: C2SP tlog-tiles, tlog-checkpoint, tlog-cosignature; RFC 6962 clause 2.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import msgspec

from carecode.audit.headmap import root_of
from carecode.audit.merkle import EMPTY_ROOT, HASH_BYTES, Frontier, leaf_hashes
from carecode.audit.notes import Checkpoint, NoteKey, base64_bytes, base64_text, decimal, held, split
from carecode.audit.tiles import (
    ENTRY_KIND,
    STATEMENT_KIND,
    TILE_WIDTH,
    hashes_of,
    leaves_of,
    partial_width,
    tile_path,
)
from carecode.kernel.errors import CareCodeError, CorruptError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

KEY: Final = "key"
WITNESSES: Final = "witnesses"
CHECKPOINT: Final = "checkpoint"
WITNESSES_MAX: Final = 16
WEEK_KIND: Final = "legal orders of a week"
"""The statement that is made after each week, whether there was anything to say or not."""
ORDER_KIND: Final = "legal order"
WEEK: Final = timedelta(days=7)
WEEK_LATE_MAX: Final = timedelta(days=2)
"""How long after a week's end its statement may take to be in the log."""
_QUORUM: Final = "quorum "


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what it is called, whether it holds, what was seen, in words."""

    check: str
    ok: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Trusted:
    """The keys somebody trusts: the log's, the witnesses', and how many of those must have signed."""

    log: NoteKey
    witnesses: tuple[NoteKey, ...]
    quorum: int


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a reader saw the last time: the log's key, and size and root of its tree."""

    vkey: str
    size: int
    root: bytes

    def json(self) -> bytes:
        """Write it for a state file."""
        return msgspec.json.encode({"key": self.vkey, "size": self.size, "root": base64_text(self.root)}) + b"\n"

    @classmethod
    def parse(cls, body: bytes) -> Remembered:
        """Read a state file.  InvalidInputError ``state-form`` when it is none."""
        try:
            held_before = msgspec.json.decode(body, type=dict[str, Any])
            vkey, size, root = str(held_before["key"]), held_before["size"], str(held_before["root"])
            NoteKey.parse(vkey)
            if not isinstance(size, int) or isinstance(size, bool) or size < 0:
                raise _bad_state()
            return cls(vkey, size, base64_bytes(root, HASH_BYTES))
        except (msgspec.MsgspecError, KeyError, InvalidInputError) as error:
            raise _bad_state() from error


def parse_witnesses(text: str) -> tuple[int, tuple[NoteKey, ...]]:
    """Read what the log says of its witnesses: ``quorum N``, then a key in each line."""
    first, *lines = text.removesuffix("\n").split("\n")
    if not first.startswith(_QUORUM) or len(lines) > WITNESSES_MAX:
        raise InvalidInputError("witnesses-form", "The log does not say who its witnesses are. Name them yourself.")
    return decimal(first.removeprefix(_QUORUM)), tuple(NoteKey.parse(line) for line in lines)


def check_signatures(note: bytes, trusted: Trusted) -> tuple[Checkpoint, list[Finding]]:
    """Check who signed a checkpoint.  InvalidInputError when it is no checkpoint at all."""
    checkpoint = Checkpoint.parse(split(note)[0])
    try:
        ours = bool(held(note, [trusted.log])) and checkpoint.origin == trusted.log.name
    except CorruptError:
        ours = False
    signed = "signed by the log's key" if ours else "not signed by the log's key"
    findings = [Finding("signature", ours, signed)]
    try:
        seen = {one.key.public: one for one in held(note, trusted.witnesses)}
    except CorruptError:
        return checkpoint, [*findings, Finding("witnesses", ok=False, seen="a cosignature does not hold")]
    times = sorted(one.time_seconds or 0 for one in seen.values())
    when = f", the last at {datetime.fromtimestamp(times[-1], UTC).isoformat()}" if times else ""
    words = f"{len(seen)} of {len(trusted.witnesses)} cosigned, {trusted.quorum} must{when}"
    findings.append(Finding("witnesses", len(seen) >= trusted.quorum, words))
    return checkpoint, findings


def bundles_of(size: int) -> Iterator[tuple[int, int]]:
    """Yield index and width of every tile of leaves of a tree of this size."""
    for index in range(-(-size // TILE_WIDTH)):
        yield index, partial_width(0, index, size)


def upper_tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Yield level, index and width of every tile above the leaves."""
    level = 1
    while held_here := size // TILE_WIDTH**level:
        for index in range(-(-held_here // TILE_WIDTH)):
            yield level, index, partial_width(level, index, size)
        level += 1


@dataclass(slots=True)
class Replay:
    """Computes the tree anew from its leaves, in order, and keeps what a reader asks of it."""

    size: int
    remembered: int | None = None
    frontier: Frontier = field(default_factory=Frontier.empty)
    old_root: bytes | None = None
    """The root of the first ``remembered`` leaves, once they passed."""
    entries: int = 0
    unknown: int = 0
    statements: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    _upper: dict[int, list[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.remembered == 0:
            self.old_root = EMPTY_ROOT

    def take(self, bundle: bytes, tile: bytes) -> None:
        """Take the next entry bundle and the tile of its hashes.

        Raises CorruptError ``tile-differs`` with the place when they do not fit each other.
        """
        first = self.frontier.size
        width = min(TILE_WIDTH, self.size - first)
        leaves = _leaves(bundle, first)
        hashes = leaf_hashes(leaves)
        if len(leaves) != width or hashes_of(tile) != hashes:
            raise _differs(tile_path(0, first // TILE_WIDTH, width))
        for place, leaf in enumerate(leaves, first):
            self._read(place, leaf)
        cut = len(hashes) if self.remembered is None else max(0, min(len(hashes), self.remembered - first))
        for part in (hashes[:cut], hashes[cut:]):
            if part:
                self._extend(part)

    def check_upper(self, level: int, index: int, tile: bytes) -> None:
        """Check a tile above the leaves against the tree.  Raises CorruptError ``tile-differs``."""
        width = partial_width(level, index, self.size)
        first = index * TILE_WIDTH
        if hashes_of(tile) != self._upper.get(level, [])[first : first + width]:
            raise _differs(tile_path(level, index, width))

    def root(self) -> bytes:
        """Return the root over all leaves taken so far."""
        return self.frontier.root()

    def _extend(self, hashes: list[bytes]) -> None:
        for level, place, complete in self.frontier.extend(hashes):
            held_here = self._upper.setdefault(level, [])
            held_here[place:] = complete
        if self.frontier.size == self.remembered:
            self.old_root = self.frontier.root()

    def _read(self, place: int, leaf: bytes) -> None:
        if leaf[:1] == ENTRY_KIND and len(leaf) == 1 + HASH_BYTES:
            self.entries += 1
        elif leaf[:1] == STATEMENT_KIND:
            try:
                self.statements.append((place, msgspec.json.decode(leaf[1:], type=dict[str, Any])))
            except msgspec.MsgspecError:
                self.unknown += 1
        else:
            self.unknown += 1


def judge(replay: Replay, checkpoint: Checkpoint, before: Remembered | None) -> list[Finding]:
    """Judge a tree that was computed anew: its root, what was seen before, the lines beside the root."""
    whole = replay.frontier.size == checkpoint.size and replay.root() == checkpoint.root
    words = "the signed root" if whole else "another root than was signed"
    findings = [Finding("tree", whole, f"{checkpoint.size} leaves give {words}")]
    if before is not None:
        findings.append(_grown(replay, checkpoint, before))
    try:
        root_of(checkpoint.extensions)
        findings.append(Finding("head map", ok=True, seen="its root stands in the checkpoint"))
    except CareCodeError:
        findings.append(Finding("head map", ok=False, seen="its root does not stand in the checkpoint"))
    known = not replay.unknown
    seen = f"{replay.entries} entries, {len(replay.statements)} statements, {replay.unknown} of an unknown kind"
    return [*findings, Finding("leaves", known, seen)]


def judge_weeks(statements: Sequence[tuple[int, Mapping[str, Any]]], today: date) -> Finding:
    """Judge what is said of legal orders: a count for each week since the first, and no order without its own leaf.

    Silence must show, and so must an order that was counted and never said.
    """
    said = [one for _place, one in statements]
    weeks = {day: one.get("orders") for one in said if one.get("kind") == WEEK_KIND and (day := _day(one, "week"))}
    orders = [day for one in said if one.get("kind") == ORDER_KIND and (day := _day(one, "date"))]
    if not weeks:
        return Finding("orders", ok=True, seen=f"{len(orders)} legal orders, no weekly count yet")
    days = sorted(weeks)
    missing = [one for one, two in pairwise(days) if two - one != WEEK]
    if today - days[-1] > 2 * WEEK + WEEK_LATE_MAX:
        missing.append(days[-1])
    if missing:
        return Finding("orders", ok=False, seen=f"no count of legal orders after the week of {missing[0].isoformat()}")
    for week, count in sorted(weeks.items()):
        if not isinstance(count, int) or count > sum(week <= day < week + WEEK for day in orders):
            seen = f"in the week of {week.isoformat()} more legal orders were counted than said one by one"
            return Finding("orders", ok=False, seen=seen)
    seen = f"{len(orders)} legal orders, counted each week since {days[0].isoformat()}"
    return Finding("orders", ok=True, seen=seen)


def _grown(replay: Replay, checkpoint: Checkpoint, before: Remembered) -> Finding:
    if checkpoint.size < before.size:
        return Finding("growth", ok=False, seen=f"it had {before.size} leaves before: some were taken away")
    if replay.old_root != before.root:
        return Finding("growth", ok=False, seen=f"its first {before.size} leaves are not those seen before")
    return Finding("growth", ok=True, seen=f"its first {before.size} leaves are those seen before")


def _leaves(bundle: bytes, first: int) -> list[bytes]:
    try:
        return leaves_of(bundle)
    except InvalidInputError as error:
        raise _differs(tile_path(None, first // TILE_WIDTH)) from error


def _day(statement: Mapping[str, Any], name: str) -> date | None:
    try:
        return date.fromisoformat(str(statement.get(name, "")))
    except ValueError:
        return None


def _differs(path: str) -> CorruptError:
    return CorruptError("tile-differs", f"What the log gives as {path} does not fit its entries.")


def _bad_state() -> InvalidInputError:
    return InvalidInputError("state-form", "The state file is not one of verify-log. Choose another with --state.")
