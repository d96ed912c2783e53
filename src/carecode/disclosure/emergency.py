"""Break-glass: a clinician declares an emergency for one resident, with a reason, and it ends by itself.

It opens nothing: the gate asks ``Emergencies.running`` and lets its receipts end with it.  She is told by her
log as soon as something is opened, and a second person reviews each (docs/adr/0016).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from carecode.disclosure.reviews import DUE, NewItem, long_enough
from carecode.kernel.errors import ConflictError, InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import Purpose, ResidentId, Role
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from carecode.audit.log import Log
    from carecode.disclosure.reviews import Words, Work
    from carecode.kernel.vocabulary import Requester, Resident
    from carecode.store.database import Database

REASONS: Final = ("unconscious", "life-threatening", "cannot-consent", "other")
ATTESTED: Final = ("treated", "not-needed", "mistake")
LONGEST: Final = timedelta(minutes=60)
"""No emergency lasts longer; PostgreSQL holds the same bound (disclosure.emergency)."""
OF_HERS_MAX: Final = 50
OF_MINE_MAX: Final = 50
OF_MINE_DAYS: Final = timedelta(days=30)
_SECONDS: Final = "CARECODE_EMERGENCY_SECONDS"
_CAPS: Final = "CARECODE_EMERGENCY_CAPS"


@dataclass(frozen=True, slots=True)
class Limits:
    """How long an emergency lasts and how many there may be; InvalidInputError for a longer one or a cap under 1."""

    lasts: timedelta = LONGEST
    person_running: int = 3
    person_day: int = 10  # declared within 24 hours
    institution_running: int = 30
    institution_day: int = 200

    def __post_init__(self) -> None:
        """Refuse what the law of this house does not allow."""
        if not timedelta() < self.lasts <= LONGEST:
            raise InvalidInputError("emergency-limits", "An emergency lasts more than no time and at most 60 minutes.")
        if min(self.caps) < 1:
            raise InvalidInputError("emergency-limits", "Every cap on emergencies is at least 1.")

    @property
    def caps(self) -> list[int]:
        """Give the caps as PostgreSQL counts them."""
        return [self.person_running, self.person_day, self.institution_running, self.institution_day]

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Read CARECODE_EMERGENCY_SECONDS (at most 3600) and CARECODE_EMERGENCY_CAPS (four numbers, by comma).

        >>> Limits.of({"CARECODE_EMERGENCY_SECONDS": "90", "CARECODE_EMERGENCY_CAPS": "1,2,3,4"}).caps
        [1, 2, 3, 4]
        """
        try:
            lasts = timedelta(seconds=int(environment.get(_SECONDS) or LONGEST.total_seconds()))
            caps = [int(one) for one in environment.get(_CAPS, "").split(",") if one.strip()]
        except (ValueError, OverflowError) as error:
            raise InvalidInputError("emergency-limits", f"{_SECONDS} and {_CAPS} are whole numbers.") from error
        if len(caps) not in {0, 4}:
            raise InvalidInputError("emergency-limits", f"{_CAPS} are four numbers.")
        return cls(lasts, *caps)


@dataclass(frozen=True, slots=True)
class Emergency:
    """One declaration: who, for whom, why, until when, and what came of it."""

    id: UUID
    resident: ResidentId = field(repr=False)
    staff: str
    staff_name: str
    staff_title: str
    organisation: str
    reason: str  # of REASONS
    words: str = field(repr=False)
    declared_at: datetime
    until: datetime  # at the latest
    ended_at: datetime | None  # by hand
    attested: str | None  # of ATTESTED
    attested_words: str = field(repr=False)
    attested_at: datetime | None
    verdict: str | None  # of the second person: right | not-right
    verdict_words: str = field(repr=False)
    verdict_at: datetime | None

    @property
    def over_at(self) -> datetime:
        """Tell when it ended, or will by itself."""
        return self.ended_at or self.until

    @property
    def review_due_at(self) -> datetime:
        """Tell until when a second person has to check it."""
        return self.declared_at + DUE["emergency"]

    def runs(self, now: datetime) -> bool:
        """Tell whether it runs at a moment."""
        return self.declared_at <= now < self.over_at


class Emergencies:
    """Emergencies declared, running and ended."""

    def __init__(self, database: Database, log: Log, work: Work, words: Words, limits: Limits | None = None) -> None:
        """Use the role ``carecode_disclosure``; every declaration is put before ``work``."""
        self._room = Room(database, "disclosure")
        self._log = log
        self._work = work
        self._words = words
        self.limits: Final = limits or Limits()

    async def declare(
        self, requester: Requester, resident: Resident, reason: str, words: str, now: datetime
    ) -> Emergency:
        """Declare an emergency for one resident; whoever has one running for her goes on with that one.

        Its first reason and words stand then; ``declared_at`` before ``now`` tells.

        InvalidInputError for another reason or words that are too short or too long; RefusedError for
        another role, a licence not in force, or when a cap is used up, which the officer is told.
        """
        if requester.role is not Role.CLINICIAN or not requester.licensed:
            raise RefusedError("emergency-role", "Only clinicians with a licence in force declare an emergency.")
        if reason not in REASONS:
            raise InvalidInputError("emergency-reason", "Choose the reason from the list.")
        words = long_enough(words)
        number = self._words.number()
        outcome = (
            await self._room.fetch(
                "declare_emergency", resident.entry, number, requester.id, requester.name, requester.title,
                requester.organisation, reason, self._words.seal(number, "words", words), now, now + self.limits.lasts,
                now + DUE["emergency"], self.limits.caps,
            )
        )[0]["outcome"]  # fmt: skip
        if outcome in {"person", "institution"}:
            await self._refuse(requester, resident, outcome, now)
        found = await self.running(resident, requester, now)
        if found is None:
            raise ConflictError("emergency-over", "This emergency is over.")
        if outcome == "declared":
            await self._log.append(resident, requester, "decide", Purpose.ETREAT, f"emergency declared {reason}")
        return found

    async def running(self, resident: Resident, requester: Requester, now: datetime) -> Emergency | None:
        """Return the emergency that this very person declared for her, if it runs now."""
        rows = await self._room.fetch("running_emergency", resident.entry, requester.id, requester.organisation, now)
        return self._emergency(rows[0]) if rows else None

    async def end(self, requester: Requester, resident: Resident, now: datetime) -> Emergency:
        """End one's own running emergency; when this returns, none of her receipts opens a row.

        NotFoundError when none runs.
        """
        found = await self.running(resident, requester, now)
        ended = found and await self._room.fetch(
            "end_emergency", resident.entry, found.id, requester.id, requester.organisation, now
        )
        if found is None or not ended:
            raise NotFoundError("emergency-over", "This emergency is over.")
        await self._log.void(resident)
        await self._room.run("end_task", requester.organisation, found.id, now)
        await self._log.append(resident, requester, "decide", Purpose.ETREAT, "emergency ended")
        return await self.one(resident.entry, found.id)

    async def attest(
        self, requester: Requester, resident: Resident, number: UUID, attested: str, words: str, now: datetime
    ) -> None:
        """Say afterwards what one's own emergency was, once.

        InvalidInputError for another answer or short words; ConflictError while it runs, when it was
        said already, or for another's.
        """
        if attested not in ATTESTED:
            raise InvalidInputError("attested", "Choose one of the answers.")
        sealed = self._words.seal(number, "attested", long_enough(words))
        said = await self._room.fetch(
            "attest_emergency", resident.entry, number, requester.id, requester.organisation, attested, sealed, now
        )
        if not said:
            raise ConflictError("attested-already", "This was said already, or the emergency still runs.")

    async def of(self, resident: Resident) -> list[Emergency]:
        """Return her emergencies, newest first, at most OF_HERS_MAX."""
        return [self._emergency(row) for row in await self._room.fetch("emergencies", resident.id, OF_HERS_MAX)]

    async def one(self, resident: ResidentId, number: UUID) -> Emergency:
        """Return one emergency.  NotFoundError when there is none of this number of hers."""
        rows = await self._room.fetch("emergency", resident, number)
        if not rows:
            raise NotFoundError("no-such-emergency", "There is no such emergency.")
        return self._emergency(rows[0])

    async def unattested(self, requester: Requester, now: datetime) -> list[Emergency]:
        """Return one's own ended emergencies of the last OF_MINE_DAYS that still lack one's word."""
        mine = await self._mine(requester, now)
        return [one for one in mine if one.attested is None and one.over_at <= now]

    async def still_running(self, requester: Requester, now: datetime) -> list[Emergency]:
        """Return one's own emergencies that run now, newest first."""
        return [one for one in await self._mine(requester, now) if one.runs(now)]

    async def _mine(self, requester: Requester, now: datetime) -> list[Emergency]:
        rows = await self._room.fetch(
            "emergencies_of_person", requester.organisation, requester.id, now - OF_MINE_DAYS, OF_MINE_MAX
        )
        return [await self.one(ResidentId(row["resident_id"]), row["subject"]) for row in rows]

    async def _refuse(self, requester: Requester, resident: Resident, whose: str, now: datetime) -> None:
        """Say that a cap is used up, and tell the officer; care goes on without the record."""
        note = "her own emergencies" if whose == "person" else "the emergencies of the whole institution"
        item = NewItem(
            requester.organisation, self._words.number(), "cap", requester.name, requester.id, note=note,
        )  # fmt: skip
        await self._work.add(item, now)
        await self._log.append(resident, requester, "refuse", Purpose.ETREAT, "emergency caps used")
        raise RefusedError(
            "emergency-caps",
            "Too many emergencies are open or were declared today. The privacy officer was told now; call her."
            " Treat the patient: nothing here has to be opened for that.",
        )

    def _emergency(self, row: Any) -> Emergency:  # noqa: ANN401  # an asyncpg record
        number: UUID = row["id"]
        return Emergency(
            number,
            ResidentId(row["resident_id"]),
            row["staff_id"],
            row["staff_name"],
            row["staff_title"],
            row["organisation"],
            row["reason"],
            self._words.unseal(number, "words", row["words"]),
            row["declared_at"],
            row["until"],
            row["ended_at"],
            row["attested"],
            self._words.unseal(number, "attested", row["attested_words"]),
            row["attested_at"],
            row["verdict"],
            self._words.unseal(number, "verdict", row["verdict_words"]),
            row["verdict_at"],
        )
