"""The loader: files and folders into the record, by content, as often as you like.

Each unit (``units.py``) is begun in the ledger before it is deposited and finished after it, so that
neither a second run nor a killed one stores anything twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from carecode.exchange import recognising, units, unpacking
from carecode.exchange.ledger import Ledger
from carecode.exchange.recognising import Content
from carecode.exchange.refusals import SentRefusedError
from carecode.exchange.reports import FileReport, LoadReport
from carecode.exchange.resolving import Met
from carecode.kernel.errors import CareCodeError, ConflictError, UnavailableError
from carecode.record.catalogue import TYPES

if TYPE_CHECKING:
    from carecode.exchange.answers import Taken
    from carecode.exchange.bundles import Bundles
    from carecode.exchange.plan import Stamp
    from carecode.exchange.units import Unit
    from carecode.exchange.unpacking import Source
    from carecode.kernel.vocabulary import Requester
    from carecode.store.database import Database

PASSES_MAX: Final = 10
"""How often files are read again that point to what came later."""
KNOWN_MAX: Final = 2_000_000
"""Names of loose resources that one load remembers."""
_AHEAD: Final = 2
"""Files unpacked while another is stored."""
_READ: Final = frozenset({Content.BUNDLE, Content.RESOURCE, Content.LINES})
_EXISTS: Final = "resource-exists"

Progress = Callable[[int, int], None]


def _silent(_done: int, _total: int) -> None:
    """Show nothing."""


class Loader:
    """Loads files; safe to run twice at once."""

    def __init__(self, database: Database, bundles: Bundles) -> None:
        """Remember what was loaded in the room's own table; deposit through ``bundles``."""
        self._ledger = Ledger(database, bundles.random_bytes)
        self._bundles = bundles

    async def load(self, paths: Sequence[Path], requester: Requester, progress: Progress = _silent) -> LoadReport:
        """Store what ``paths`` hold in the name of the requester's organisation.

        A file that points to what is not stored yet is read again after the others.  What cannot be
        stored is reported with its reason; UnavailableError ends the load, and running it again goes on.
        """
        found = await asyncio.to_thread(unpacking.sources, [Path(path) for path in paths])
        run = _Run(self._ledger, self._bundles, requester)
        todo = [(source, FileReport(source.name)) for source in found]
        reports = [report for _, report in todo]
        for number in range(PASSES_MAX):
            before = run.reached
            async with contextlib.aclosing(_read_ahead([source for source, _ in todo])) as contents:
                done = 0
                async for content in contents:
                    await run.file(content, todo[done][1])
                    done += 1
                    if number == 0:
                        progress(done, len(found))
            todo = [(source, report) for source, report in todo if report.waiting]
            if not todo or run.reached == before:
                break
        return LoadReport(reports)


class _Run:
    """One load: what it stored under the sender's own names so far."""

    def __init__(self, ledger: Ledger, bundles: Bundles, requester: Requester) -> None:
        self._ledger = ledger
        self._bundles = bundles
        self._requester = requester
        self._known: dict[str, Met] = {}
        self._stored = 0

    @property
    def reached(self) -> int:
        """Units stored and names learnt: while it grows, files that wait are read again."""
        return self._stored + len(self._known)

    async def file(self, data: bytes | SentRefusedError, report: FileReport) -> None:
        """Store one content as far as it can be."""
        report.begin()
        organisation = self._requester.organisation
        try:
            if isinstance(data, SentRefusedError):
                raise data
            content = recognising.content_of(data)
            report.content = content.value
            if content not in _READ:
                raise recognising.not_read(content)
            if content is Content.BUNDLE and await self._ledger.is_stored(units.digest_of(organisation, data)):
                return
            for unit in units.units(data, content, organisation):
                if isinstance(unit, SentRefusedError):
                    report.refuse(unit)
                else:
                    await self._unit(unit, report)
        except SentRefusedError as error:
            report.refuse(error)

    async def _unit(self, unit: Unit, report: FileReport) -> None:
        begun = await self._ledger.begin(unit.digest, self._bundles.clock())
        if begun.is_stored:
            await self._stored_before(unit, begun.stamp, report)
            return
        try:
            taken = await self._taken(unit, begun.stamp)
        except UnavailableError:
            raise
        except CareCodeError as error:
            await self._ledger.forget(begun)
            report.refuse(error)
            return
        await self._ledger.finish(begun, sum(taken.stored.values()))
        self._stored += 1
        report.stored.update(taken.stored)
        self._remember(unit, taken)

    async def _stored_before(self, unit: Unit, stamp: Stamp, report: FileReport) -> None:
        """Learn the names of what an earlier load stored, as soon as what it points to has a name."""
        if not unit.named:
            return
        try:
            self._remember(unit, await self._recalled(unit, stamp))
        except SentRefusedError:
            report.waiting = True

    async def _taken(self, unit: Unit, stamp: Stamp) -> Taken:
        """Store a unit; when a killed run stored it before, say so."""
        try:
            return await self._bundles.take(self._requester, unit.sent, stamp, self._known)
        except ConflictError as error:
            if error.code != _EXISTS:
                raise
            return await self._recalled(unit, stamp)

    async def _recalled(self, unit: Unit, stamp: Stamp) -> Taken:
        return await self._bundles.recall(self._requester, unit.sent, stamp, self._known)

    def _remember(self, unit: Unit, taken: Taken) -> None:
        """Keep the sender's names of loose resources for the files that follow."""
        if not unit.named or len(self._known) > KNOWN_MAX:
            return
        for entry, done in zip(unit.sent.entries, taken.done, strict=True):
            if entry.sent_id:
                owner = None if TYPES[entry.type].directory or taken.resident is None else taken.resident.entry
                self._known[f"{entry.type}/{entry.sent_id}"] = Met(f"{done.type}/{done.id}", owner)


async def _read_ahead(sources: Sequence[Source]) -> AsyncGenerator[bytes | SentRefusedError]:
    """Give each content in turn, the next ones being unpacked meanwhile."""
    waiting = iter(sources)
    running: deque[asyncio.Task[bytes | SentRefusedError]] = deque()
    try:
        for _ in range(len(sources)):
            while len(running) <= _AHEAD and (source := next(waiting, None)) is not None:
                running.append(asyncio.create_task(asyncio.to_thread(_read, source)))
            yield await running.popleft()
    finally:
        for task in running:
            task.cancel()


def _read(source: Source) -> bytes | SentRefusedError:
    try:
        return unpacking.read(source)
    except SentRefusedError as error:
        return error
