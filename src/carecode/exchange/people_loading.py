"""Files of people into the index, a thousand at a time, with the answers of one by one.

A row that cannot be read, or that alone meets an error, is refused with its line and its reason; the
rest goes on.  A row with the source's own number is known again: loading a file twice changes nothing.
Rows without one are told apart by what they say.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from carecode.exchange.people_files import Refused, Sent, people
from carecode.exchange.refusals import SentRefusedError
from carecode.identity.bulk import Arrival, Bulk
from carecode.identity.entering import TOGETHER_MAX
from carecode.identity.identifiers import hospital_system, parse
from carecode.identity.index import IDENTIFIERS_MAX
from carecode.identity.linking.standardise import Record, standardise
from carecode.identity.person import NAME_LENGTH_MAX, PHONE_LENGTH_MAX, Person
from carecode.kernel.errors import CareCodeError

if TYPE_CHECKING:
    from carecode.identity.index import Enrolment, Index

REFUSALS_KEPT_MAX: Final = 1_000
"""Refusals told one by one; the others are counted by their reason."""

_DAY: Final = 8  # YYYYMMDD


@dataclass(slots=True)
class PeopleReport:
    """What became of a file of people."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    """``registered`` new entries, of which ``linked`` at once and ``asked`` a steward; ``known``; ``refused``."""
    reasons: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    refusals: list[Refused] = field(default_factory=list)
    failure: str = ""  # why the whole file was not read

    def refuse(self, line: int, code: str, message: str) -> None:
        """Note a row that was not taken."""
        self.counts["refused"] += 1
        self.reasons[code] += 1
        if len(self.refusals) < REFUSALS_KEPT_MAX:
            self.refusals.append(Refused(line, code, message))

    def to_json(self) -> dict[str, Any]:
        """Give the report as plain values."""
        return {
            "file": self.name,
            **{name: self.counts[name] for name in ("registered", "linked", "asked", "known", "refused")},
            "reasons": dict(self.reasons),
            "notes": dict(self.notes),
            "failure": self.failure,
            "refusals": [{"line": one.line, "code": one.code, "reason": one.message} for one in self.refusals],
        }


class PeopleLoader:
    """Loads files of people."""

    def __init__(self, index: Index, clock: Callable[[], datetime]) -> None:
        """Register in ``index``."""
        self._bulk = Bulk(index)
        self._clock = clock

    async def load(
        self, path: Path, organisation: str, progress: Callable[[int], None] = lambda _done: None
    ) -> PeopleReport:
        """Register whom a file names; ``organisation`` is the source of rows that name none."""
        report = PeopleReport(path.name)
        held: list[Sent] = []
        done = 0
        try:
            for row in people(path, source=organisation):
                if isinstance(row, Refused):
                    report.refuse(*row)
                    continue
                report.notes.update(row.notes)
                held.append(row)
                if len(held) == TOGETHER_MAX:
                    await self._together(held, organisation, report)
                    done += len(held)
                    held = []
                    progress(done)
        except SentRefusedError as error:
            report.failure = error.message
        await self._together(held, organisation, report)
        progress(done + len(held))
        return report

    async def _together(self, rows: list[Sent], organisation: str, report: PeopleReport) -> None:
        by_source: dict[str, list[Sent]] = {}
        for row in rows:
            by_source.setdefault(row.record.source or organisation, []).append(row)
        for source, some in by_source.items():
            became = await self._bulk.enrol(
                [arrival(one.record, source) for one in some], source=source, now=self._clock()
            )
            for row, one in zip(some, became, strict=True):
                if isinstance(one, CareCodeError):
                    report.refuse(row.line, one.code, one.message)
                else:
                    report.counts.update(_counted(one))


def _counted(one: Enrolment | None) -> Iterator[str]:
    """Say what a registration counts as; None is somebody plainly new."""
    if one is not None and not one.created:
        yield "known"
        return
    yield "registered"
    if one is not None and one.linked is not None:
        yield "linked"
    if one is not None and one.review is not None:
        yield "asked"


def arrival(record: Record, source: str) -> Arrival:
    """Read the card of somebody out of what a file says of her; the source's own number is a number of hers."""
    features = standardise(record)
    names = [name.text or f"{name.family} {name.given}".strip() for name in record.names]
    person = Person(
        name=names[0][:NAME_LENGTH_MAX] if names else "",
        name_latin=next((text[:NAME_LENGTH_MAX] for text in names[1:] if text.isascii()), ""),
        birth_date=_day(features.born_lunar or features.born),
        sex=features.sex or "unknown",
        phone=record.phones[0][:PHONE_LENGTH_MAX] if record.phones else "",
    )
    local = record.local_id or hashlib.sha256(msgspec.json.encode(record)).hexdigest()
    own = (parse(hospital_system(source), record.local_id),) if record.local_id and source else ()
    return Arrival((*own, *record.identifiers)[:IDENTIFIERS_MAX], person, record, local)


def _day(born: str) -> date | None:
    """Read a whole date of birth; a mere year or month is none."""
    try:
        return date(int(born[:4]), int(born[4:6]), int(born[6:])) if len(born) == _DAY else None
    except ValueError:
        return None
