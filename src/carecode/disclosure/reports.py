"""Was this right?  What she says about a look, and what the institution's privacy officer answers.

She says it herself, or who acts for her says it on her behalf: then her log and the officer are told so.  Under
the quiet word it only looks said: until that word is asked again, in this process's memory, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from carecode.disclosure.decisions import HERSELF, QUIETLY
from carecode.disclosure.quiet import UNLOCKED
from carecode.disclosure.reviews import DUE, WORDS_MAX, NewItem
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Purpose, Role
from carecode.store.room import Room

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from carecode.audit.log import Log
    from carecode.disclosure.emergency import Emergencies
    from carecode.disclosure.reviews import Words, Work
    from carecode.kernel.vocabulary import Requester, Resident, ResidentId
    from carecode.store.database import Database

SAID: Final = ("right", "not-there", "ask")
REPORTS_MAX: Final = 500
LOOKED_THROUGH: Final = 1000  # entries of her log in which a look is searched
QUIET_MAX: Final = 1000  # reports that only look made, of everybody
BEHALF: Final = "On her behalf / 代她提出"
"""What the officer reads before the words of who acts for her: in both languages, as the log keeps names."""
BEHALF_BASIS: Final = "report on her behalf"
"""What her log calls a report of who acts for her; the entry names that person."""


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
        self._seeming: dict[tuple[ResidentId, UUID], Report] = {}

    async def make(
        self, requester: Requester, resident: Resident, about: UUID, said: str, words: str, now: datetime
    ) -> None:
        """Keep what is said about a look of hers; all but "right" goes to that institution's officers.

        Who acts for her has to see who looked: the caller asks that of ``Privacy`` first.  RefusedError for
        who is not of her side, InvalidInputError for another answer or over WORDS_MAX characters,
        NotFoundError for what is no look of hers, ConflictError when it was reported before.
        """
        if requester.role is not Role.RESIDENT or requester.resident != resident.id:
            raise RefusedError("herself-only", "Only she herself may see and change this.")
        if said not in SAID:
            raise InvalidInputError("report-said", "Choose one of the answers.")
        if len(words) > WORDS_MAX:
            raise InvalidInputError("words-long", f"Say it in at most {WORDS_MAX} characters.")
        look = await self._look(resident, about)
        if requester.id == QUIETLY:
            await self._seem(
                resident, Report(about, look.organisation, said, words, now, now + DUE["report"], "", None)
            )
            return
        sealed = self._words.seal(about, "said", words) if words else None
        kept = await self._room.fetch(
            "put_report", resident.id, about, look.organisation, said, sealed, now, now + DUE["report"]
        )
        if not kept:
            raise _said_already()
        if requester.id != HERSELF:
            await self._log.append(resident, requester, "decide", Purpose.PATRQT, BEHALF_BASIS)
            words = f"{BEHALF}: {words}" if words else BEHALF
        if said != "right":
            note = f"{said}\n{words}"
            item = NewItem(
                look.organisation, self._words.number(), "report", look.name, look.person, resident.id, about, note
            )
            await self._work.add(item, now)

    async def of(self, resident: Resident, *, quietly: bool = False) -> dict[UUID, Report]:
        """Return what she said, by what it is about; the newest REPORTS_MAX.

        Quietly: her yes, and what was said quietly just now; nothing of what she asked.
        """
        rows = await self._room.fetch("reports", resident.id, REPORTS_MAX)
        said = {row["about"]: self._report(row) for row in rows}
        if not quietly:
            return said
        return {about: one for about, one in said.items() if one.said == "right"} | {
            about: one for (whose, about), one in self._seeming.items() if whose == resident.id
        }

    async def _seem(self, resident: Resident, report: Report) -> None:
        """Remember for a while what only looks said, refused as it would be if it were."""
        self._seeming = {x: one for x, one in self._seeming.items() if report.made_at < one.made_at + UNLOCKED}
        before = (await self.of(resident, quietly=True)).get(report.about)
        if before is not None and (before.said != "right" or report.said == "right"):
            raise _said_already()
        while len(self._seeming) >= QUIET_MAX:
            del self._seeming[next(iter(self._seeming))]
        self._seeming[resident.id, report.about] = report

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


def _said_already() -> ConflictError:
    return ConflictError("report-made", "You said this already. The answer stands here when it comes.")
