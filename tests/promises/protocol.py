"""The write-ahead disclosure as a small model: every order of its steps, crashes and revocations among them.

One resident, one disclosure, one reader, one revocation, two crashes.  A ``World`` is everything that the
real protocol's answer depends on; ``Rules`` are what PostgreSQL enforces, each of which can be left out to
see what it is for.  Source: docs/adr/0003.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

CRASHES_MAX = 2


class Entry(IntEnum):
    """How far the log entry has come."""

    NONE = 0
    WRITTEN = 1  # by an open transaction
    COMMITTED = 2  # visible to others; the WAL is not flushed
    FLUSHED = 3


class Receipt(IntEnum):
    """How far the receipt has come."""

    NONE = 0
    WRITTEN = 1  # by an open transaction
    THERE = 2


@dataclass(frozen=True)
class Rules:
    """What is enforced; each True defends against something."""

    earlier: bool = True  # mark sees only what an earlier transaction committed
    flushed: bool = True  # a row shows only when the WAL up to the receipt's target is flushed
    unlogged: bool = True  # a crash empties the receipts
    entry_time: bool = True  # void and expiry go by the entry's time, not by the mark's
    wall_clock: bool = True  # the clock is read at the row, not at the statement's beginning
    read_committed: bool = True  # a reader sees a revocation that was committed before it reads
    own_requester: bool = True  # a receipt opens for the requester who has it


@dataclass(frozen=True)
class World:
    """One state of server, log and readers."""

    entry: Entry = Entry.NONE
    receipt: Receipt = Receipt.NONE
    same: bool = False  # the receipt is being written by the entry's own transaction
    target: bool = False  # the WAL is flushed up to the receipt's target
    marked_after_void: bool = False
    void: bool = False  # her revocation is complete
    entry_void: bool = False  # the entry is from before the revocation
    expired: bool = False
    crashes: int = 0
    # a reader who began a statement or a snapshot earlier: what the world looked like then
    begun: bool = False
    begun_void: bool = False
    begun_expired: bool = False
    # what went wrong, once: rows shown while ...
    shown: bool = False
    shown_void: bool = False
    shown_expired: bool = False
    shown_other: bool = False


def steps(world: World, rules: Rules) -> Iterator[tuple[str, World]]:
    """Yield every next step of any actor: the owner of the receipt, another requester, she, and the power."""
    yield from _writes(world, rules)
    yield from _reads(world, rules)
    if not world.void and world.entry in {Entry.NONE, Entry.COMMITTED, Entry.FLUSHED}:  # an open append holds the head
        yield "revoke", replace(world, void=True, entry_void=world.entry is not Entry.NONE)
    if not world.expired and world.entry is not Entry.NONE:
        yield "ten minutes pass", replace(world, expired=True)
    if world.crashes < CRASHES_MAX:
        yield "crash", _crashed(world, rules)


def _writes(world: World, rules: Rules) -> Iterator[tuple[str, World]]:
    if world.entry is Entry.NONE:
        yield "append", replace(world, entry=Entry.WRITTEN)
    if world.entry is Entry.WRITTEN:
        receipt = Receipt.THERE if world.same else world.receipt
        yield "commit", replace(world, entry=Entry.COMMITTED, receipt=receipt, same=False)
        kept = Receipt.NONE if world.same else world.receipt
        yield "roll back", replace(world, entry=Entry.NONE, receipt=kept, same=False, target=False, entry_void=False)
        if world.same and not world.target:
            yield "another's commit flushes", replace(world, target=True)  # what is written, committed or not
        if not rules.earlier and world.receipt is Receipt.NONE:
            yield "mark in the same transaction", replace(world, receipt=Receipt.WRITTEN, same=True)
    if world.entry >= Entry.COMMITTED and world.receipt is Receipt.NONE:
        flushed = world.entry is Entry.FLUSHED
        yield "mark", replace(world, receipt=Receipt.THERE, target=flushed, marked_after_void=world.void)
    if world.entry >= Entry.COMMITTED and world.receipt is Receipt.THERE and world.void and not world.marked_after_void:
        yield "prune and mark again", replace(world, marked_after_void=True)
    if world.entry is Entry.COMMITTED:
        yield "flush", replace(world, entry=Entry.FLUSHED, target=world.receipt is not Receipt.NONE)


def _reads(world: World, rules: Rules) -> Iterator[tuple[str, World]]:
    if not world.begun:
        yield "begin to read", replace(world, begun=True, begun_void=world.void, begun_expired=world.expired)
        return
    seen_void = world.void if rules.read_committed else world.begun_void
    seen_expired = world.expired if rules.wall_clock else world.begun_expired
    from_before = world.entry_void if rules.entry_time else not world.marked_after_void
    there = world.receipt is Receipt.THERE or (world.receipt is Receipt.WRITTEN and world.same)
    opens = there and (world.target or not rules.flushed) and not (seen_void and from_before) and not seen_expired
    ended = replace(world, begun=False)
    if not opens:
        yield "read nothing", ended
        return
    yield (
        "read",
        replace(
            ended,
            shown=True,
            shown_void=world.shown_void or (world.void and world.entry_void),
            shown_expired=world.shown_expired or world.expired,
        ),
    )
    if not rules.own_requester:
        yield "read by another", replace(ended, shown=True, shown_other=True)


def _crashed(world: World, rules: Rules) -> World:
    entry = Entry.FLUSHED if world.entry is Entry.FLUSHED else Entry.NONE
    survives = not rules.unlogged and world.receipt is Receipt.THERE
    return replace(
        world,
        entry=entry,
        receipt=Receipt.THERE if survives else Receipt.NONE,
        same=False,
        target=survives,  # recovery ends with everything flushed that is there
        entry_void=world.entry_void and entry is Entry.FLUSHED,
        begun=False,
        crashes=world.crashes + 1,
    )


def broken(world: World) -> str | None:
    """Say which promise this state breaks, or None."""
    if world.shown and world.entry is Entry.NONE:
        return "rows were shown and the log has no entry"
    if world.shown_void:
        return "rows were shown after she revoked"
    if world.shown_expired:
        return "rows were shown after the receipt's time"
    if world.shown_other:
        return "rows were shown to another requester"
    return None


def explore(rules: Rules) -> tuple[int, dict[str, list[str]]]:
    """Visit every reachable state; return how many there are, and for each broken promise the shortest way there."""
    first = World()
    came: dict[World, tuple[World, str] | None] = {first: None}
    found: dict[str, list[str]] = {}
    waiting = deque([first])
    while waiting:
        world = waiting.popleft()
        what = broken(world)
        if what is not None:
            found.setdefault(what, _way(came, world))
            continue
        for name, following in steps(world, rules):
            if following not in came:
                came[following] = (world, name)
                waiting.append(following)
    return len(came), found


def _way(came: dict[World, tuple[World, str] | None], world: World) -> list[str]:
    names: list[str] = []
    before = came[world]
    while before is not None:
        names.append(before[1])
        before = came[before[0]]
    return names[::-1]
