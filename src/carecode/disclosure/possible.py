"""Possible duplicates before a desk adds somebody: at most five masked rows, each logged to whom it shows.

Only for name, date of birth and telephone together.  A row shows the first character of the name, the year of
birth and the last two digits of the telephone number, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from carecode.disclosure.masks import last_two, masked_name
from carecode.identity.ledger import By
from carecode.identity.linking.events import Kind
from carecode.kernel.errors import ConflictError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Purpose, Resident, ResidentId, Role

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from carecode.audit.log import Log
    from carecode.disclosure.formrefs import FormRefs
    from carecode.disclosure.stewards_entries import Entries
    from carecode.identity.linking.standardise import Record
    from carecode.kernel.vocabulary import Requester

ROWS_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Row:
    """One person who may be meant."""

    ref: str = field(repr=False)  # sealed: which row was chosen
    name: str
    born_year: int | None
    phone: str


class Possible:
    """Looks for whom a desk may be about to add again."""

    def __init__(self, entries: Entries, log: Log, refs: FormRefs) -> None:
        """Look in the index, write each look into the log."""
        self._entries = entries
        self._log = log
        self._refs = refs

    async def rows(self, desk: Requester, record: Record, now: datetime) -> list[Row]:
        """Return whom a record may be about, at most ROWS_MAX; none unless name, birth date and phone are there."""
        _require(desk)
        if not (record.names and record.birth_date and record.phones):
            return []
        found = []
        for similar in (await self._entries.index.similar(record, now, ROWS_MAX))[:ROWS_MAX]:
            person = await self._entries.index.card(similar.resident)
            await self._log.append(similar.resident, desk, "identify", Purpose.REGISTER, "possible duplicate")
            year = person.birth_date.year if person.birth_date else None
            ref = self._refs.give(similar.resident.id, desk, now)
            found.append(Row(ref, masked_name(person.name or person.name_latin), year, last_two(person.phone)))
        return found

    async def chosen(self, desk: Requester, ref: str, now: datetime) -> Resident:
        """Return who stands in a row.  ConflictError ``reference-old``, NotFoundError ``resident-gone``."""
        _require(desk)
        resident = await self._entries.index.by_id(self._refs.take(ref, desk, now))
        if resident is None:
            raise NotFoundError("resident-gone", "There is nobody here under this number.")
        return resident

    async def ask(self, desk: Requester, one: ResidentId, other: ResidentId, now: datetime) -> UUID | None:
        """Ask the stewards whether two are one person, unless they are one already or somebody asked."""
        _require(desk)
        ledger = self._entries.ledger
        if (await ledger.person(one))[0] == (await ledger.person(other))[0]:
            return None
        tables, history = await self._entries.story([one, other])
        asked = any(event.kind is Kind.REVIEW_OPENED and {one, other} <= set(event.entries) for event in history)
        if asked or tables.person(one) == tables.person(other):
            return None
        by = By(desk.id, human=True, reason="The desk says that this is one person.")
        return (await ledger.open_review([other, one], by, now)).review

    async def identify(self, desk: Requester, unknown: Resident, known: Resident, reason: str, now: datetime) -> None:
        """Let an unknown person's entry join the person she turned out to be; her entry stays as it was.

        Raises RefusedError ``not-unknown`` for an entry that has a document or a date of birth: that is a
        steward's work.  Both see in their list that it was done.
        """
        await self.require_unknown(desk, unknown)
        if (await self._entries.ledger.person(unknown.id))[0] == (await self._entries.ledger.person(known.id))[0]:
            raise ConflictError("already-one", "These are one person already. Look again.")
        by = By(desk.id, human=True, reason=reason)
        await self._entries.ledger.merge(unknown.id, known.id, by, now)
        for resident in (unknown, known):
            await self._log.append(resident, desk, "decide", Purpose.REGISTER, "desk identified")

    async def require_unknown(self, desk: Requester, resident: Resident) -> None:
        """Raise RefusedError ``not-unknown`` for anybody but a person of whom nothing certain is known."""
        _require(desk)
        person, numbers = await self._entries.index.card(resident), await self._entries.index.numbers(resident)
        if person.birth_date is not None or any(each.kind is not None for each in numbers):
            raise RefusedError("not-unknown", "More is known of this person. Only an index steward joins two entries.")


def _require(desk: Requester) -> None:
    if desk.role is not Role.DESK:
        raise RefusedError("purpose-closed", "Your work here does not include looking people up.")
