"""Was this right?  What she says about a look, and what the institution's privacy officer answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from carecode.disclosure.reviews import DUE, WORDS_MAX, NewItem
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError
from carecode.kernel.vocabulary import Role
from carecode.store.room import Room

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from carecode.audit.log import Log
    from carecode.disclosure.emergency import Emergencies
    from carecode.disclosure.reviews import Words, Work
    from carecode.kernel.vocabulary import Resident
    from carecode.store.database import Database

SAID: Final = ("right", "not-there", "ask")
REPORTS_MAX: Final = 500
LOOKED_THROUGH: Final = 1000  # entries of her log in which a look is searched


@dataclass(frozen=True, slots=True)
class Report:
    """What she said about one look or emergency, and the answer."""

    about: UUID  # the receipt of the look, or the number of the emergency
    organisation: str
    said: str  # of SAID
    words: str = field(repr=False)
    made_at: datetime
    due_at: datetime  # until when the officer has to answer
    answer: str = field(repr=False)  # empty: none yet
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Look:
    """What is reported: who looked, and from where."""

    organisation: str
    person: str
    name: str


class Reports:
    """Her reports, each with the officer's answer."""

    def __init__(self, database: Database, log: Log, emergencies: Emergencies, work: Work, words: Words) -> None:
        """Use the role ``carecode_disclosure``; questions are put before ``work``."""
        self._room = Room(database, "disclosure")
        self._log = log
        self._emergencies = emergencies
        self._work = work
        self._words = words

    async def make(self, resident: Resident, about: UUID, said: str, words: str, now: datetime) -> None:
        """Keep what she says about a look of hers; all but "right" goes to that institution's officers.

        InvalidInputError for another answer or over WORDS_MAX characters, NotFoundError for what is
        no look of hers, ConflictError when she reported it before.
        """
        if said not in SAID:
            raise InvalidInputError("report-said", "Choose one of the answers.")
        if len(words) > WORDS_MAX:
            raise InvalidInputError("words-long", f"Say it in at most {WORDS_MAX} characters.")
        look = await self._look(resident, about)
        sealed = self._words.seal(about, "said", words) if words else None
        kept = await self._room.fetch(
            "put_report", resident.id, about, look.organisation, said, sealed, now, now + DUE["report"]
        )
        if not kept:
            raise ConflictError("report-made", "You said this already. The answer stands here when it comes.")
        if said != "right":
            note = f"{said}\n{words}"
            item = NewItem(
                look.organisation, self._words.number(), "report", look.name, look.person, resident.id, about, note
            )
            await self._work.add(item, now)

    async def of(self, resident: Resident) -> dict[UUID, Report]:
        """Return what she said, by what it is about; the newest REPORTS_MAX."""
        rows = await self._room.fetch("reports", resident.id, REPORTS_MAX)
        return {row["about"]: self._report(row) for row in rows}

    async def _look(self, resident: Resident, about: UUID) -> Look:
        for one in await self._emergencies.of(resident):
            if one.id == about:
                return Look(one.organisation, one.staff, one.staff_name)
        for entry in await self._log.entries(resident, LOOKED_THROUGH):
            if entry.receipt == about and entry.role != Role.RESIDENT:
                return Look(entry.organisation, entry.requester, entry.requester_name)
        raise NotFoundError("no-such-look", "There is no such entry in your list.")

    def _report(self, row: Any) -> Report:  # noqa: ANN401  # an asyncpg record
        about: UUID = row["about"]
        return Report(
            about,
            row["organisation"],
            row["said"],
            self._words.unseal(about, "said", row["words"]),
            row["made_at"],
            row["due_at"],
            self._words.unseal(about, "answer", row["answer"]),
            row["answered_at"],
        )
