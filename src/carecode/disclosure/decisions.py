"""What a resident decided, stored: every decision is kept, the newest holds, each can be undone.

``states`` is on the way of every disclosure: one statement for many residents and requesters at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from carecode.disclosure.choices import BITS, SUMMARY, Kind, Wish
from carecode.disclosure.states import State, each, strictest
from carecode.kernel.errors import NotFoundError
from carecode.kernel.vocabulary import ALL_CATEGORIES, NOTHING_CLOSED, SELF, Category, Closed, ResidentId, Role
from carecode.store.room import Room

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from carecode.kernel.vocabulary import Requester, Resident
    from carecode.store.database import Database

WINDOW_HOURS: Final = 4
"""How long a shown OPEN_RECORD code lets its institution open her record when nobody chose days."""
HISTORY_MAX: Final = 500
HERSELF: Final = "resident"
"""The id of a requester who is the resident herself."""
QUIETLY: Final = "resident:quiet"
"""The id of herself where somebody looks over her shoulder: sees less, decides nothing."""
BY_HERSELF: Final = "self"
BY_QUIET: Final = "quiet"


@dataclass(frozen=True, slots=True)
class OfDeposits:
    """What of hers holds for what one institution writes now."""

    whole: Closed = NOTHING_CLOSED  # bits of all that it writes
    visits: Mapping[UUID | None, Closed] = field(default_factory=dict)  # bits of what belongs to a visit
    counts: bool = True  # statistics may count it


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision as it stands in her history."""

    id: UUID
    kind: Kind
    whom: str
    about: str = field(repr=False)
    choice: str
    from_at: datetime
    until_at: datetime | None
    made_at: datetime
    made_by: str  # BY_HERSELF, BY_QUIET, or the id of a delegate's requester
    ended_at: datetime | None
    ended_by: UUID | None  # the decision that took its place; its own id: undone; None: its time was over
    marked: bool = False  # put into force; entries and visits: on the record's rows

    @property
    def wish(self) -> Wish:
        """What was wished."""
        return Wish(self.kind, self.choice, self.whom, self.about, self.from_at, self.until_at)

    @property
    def undone(self) -> bool:
        """Tell whether it was taken back, not replaced."""
        return self.ended_by == self.id

    def holds(self, now: datetime) -> bool:
        """Tell whether it is in force."""
        return self.ended_at is None and self.from_at <= now and (self.until_at is None or now < self.until_at)


class Decisions:
    """Her decisions, stored."""

    def __init__(self, database: Database) -> None:
        """Use the role ``carecode_disclosure``."""
        self._room = Room(database, "disclosure")

    async def state(self, resident: Resident, requester: Requester, now: datetime) -> State:
        """Return what a decision about her and this requester depends on."""
        return (await self.states([(resident, requester)], now))[0]

    async def states(self, pairs: Sequence[tuple[Resident, Requester]], now: datetime) -> list[State]:
        """Return the states of many residents and requesters, in their order: one statement.

        Of a person with several entries every entry is asked, and the stricter holds.
        """
        asked = [(one, requester) for resident, requester in pairs for one in each(resident)]
        rows = await self._room.fetch(
            "states",
            [resident.id for resident, _ in asked],
            [requester.organisation for _, requester in asked],
            [requester.id for _, requester in asked],
            now,
        )
        states = [_state(row, *pair) for row, pair in zip(rows, asked, strict=True)]
        if len(asked) == len(pairs):
            return states
        said = iter(states)
        return [strictest([next(said) for _ in each(resident)]) for resident, _ in pairs]

    async def of_deposits(self, resident: Resident, organisation: str, now: datetime) -> OfDeposits:
        """Return what of hers closes what an institution writes now, and whether statistics count it.

        Of a person with several entries every entry is asked, and the stricter holds.
        """
        found = [await self._of_deposits(one, organisation, now) for one in each(resident)]
        if len(found) == 1:
            return found[0]
        visits = {visit: NOTHING_CLOSED for one in found for visit in one.visits}
        for one in found:
            visits.update({visit: visits[visit] | bits for visit, bits in one.visits.items()})
        whole = reduce(or_, (one.whole for one in found))
        return OfDeposits(whole, visits, all(one.counts for one in found))

    async def _of_deposits(self, resident: Resident, organisation: str, now: datetime) -> OfDeposits:
        rows = await self._room.fetch("of_deposits", resident.id, organisation, now)
        said = {row["kind"]: row["choice"] for row in rows if row["kind"] != Kind.VISIT}
        left = said.get(Kind.EVERYTHING) == "out"
        kept = left or said.get(Kind.EXCHANGE) == "out" or said.get(Kind.KEEP) == "keep"
        return OfDeposits(
            Closed.UNSHARED if kept else NOTHING_CLOSED,
            {UUID(row["about"]): BITS[row["choice"]] for row in rows if row["kind"] == Kind.VISIT},
            not left and said.get(Kind.STATISTICS) != "out",
        )

    async def visit_opened(self, resident: Resident, organisation: str, visit: UUID, now: datetime) -> None:
        """Let an institution open her record while its own feed says that her visit there is under way.

        This and a window stand with the entry that was named, and leave with it.
        """
        await self._room.run("visit_opened", resident.entry, organisation, visit, now)

    async def visit_ended(self, resident: Resident, organisation: str, visit: UUID, _now: datetime) -> None:
        """Close what ``visit_opened`` opened; a window that a code opened is what it was."""
        await self._room.run("visit_ended", resident.entry, organisation, visit)

    async def open_window(self, resident: Resident, organisation: str, now: datetime, until: datetime) -> datetime:
        """Let an institution open her record until then, longer where she chose days; return until when."""
        rows = await self._room.fetch("open_window", resident.entry, organisation, now, until)
        opened: datetime = rows[0]["until"]
        return opened

    async def prune(self, now: datetime) -> None:
        """Forget windows that closed more than a day ago: a visit leaves no trail."""
        await self._room.fetch("prune_windows", now)

    async def decide(self, resident: Resident, wish: Wish, made_by: str, now: datetime) -> UUID:
        """Keep a checked wish; what it covers of the same maker ends.  Returns the decision's id."""
        begins = wish.from_at or now
        rows = await self._room.fetch(
            "decide", resident.id, wish.kind, wish.whom, wish.about, wish.choice, begins, wish.until_at, now, made_by
        )
        made: UUID = rows[0]["id"]
        await self._fit(resident, wish.kind, now)
        return made

    async def undo(self, resident: Resident, decision: UUID, made_by: str, now: datetime) -> Decision:
        """Take a decision back; what it had replaced stands again.  NotFoundError when it does not stand."""
        rows = await self._room.fetch("undo_decision", resident.id, decision, now, made_by)
        if not rows:
            raise NotFoundError("decision-gone", "This was changed already. Look at the list again.")
        undone = _decision(rows[0])
        await self._fit(resident, undone.kind, now)
        return undone

    async def standing(self, resident: Resident, now: datetime, made_by: str | None = None) -> list[Decision]:
        """Return the decisions that hold now or later, newest first; None: everybody's but the quiet one's."""
        rows = await self._room.fetch("decisions", resident.id, made_by, now, None)
        return [_decision(row) for row in rows]

    async def history(self, resident: Resident, made_by: str | None = None, limit: int = HISTORY_MAX) -> list[Decision]:
        """Return every decision ever made, newest first, at most HISTORY_MAX."""
        rows = await self._room.fetch("decisions", resident.id, made_by, None, min(limit, HISTORY_MAX))
        return [_decision(row) for row in rows]

    async def on_rows(self, resident: Resident) -> list[Decision]:
        """Return the decisions about entries and visits that stand, or that the record's rows still bear."""
        return [_decision(row) for row in await self._room.fetch("on_rows", resident.id)]

    async def mark(self, resident: Resident, decisions: Sequence[UUID], *, on: bool) -> None:
        """Remember whether the record's rows bear these decisions."""
        if decisions:
            await self._room.run("mark_rows", resident.id, list(decisions), on)

    async def due(self, now: datetime) -> list[ResidentId]:
        """Return residents of whom a decision begins or ends by its date, or is not on the rows yet."""
        return [ResidentId(row["resident_id"]) for row in await self._room.fetch("due", now)]

    async def begin_and_end(self, resident: Resident, now: datetime) -> bool:
        """Let decisions begin and end by their dates; tell whether any did."""
        return bool(await self._room.fetch("begin_and_end", resident.id, now))

    async def windows(self, resident: Resident, now: datetime) -> dict[str, datetime]:
        """Return the institutions that may open her record now, and until when: by a code of any of her entries."""
        found: dict[str, datetime] = {}
        for one in each(resident):
            for row in await self._room.fetch("windows", one.id, now):
                found[row["organisation"]] = max(row["until"], found.get(row["organisation"], row["until"]))
        return found

    async def _fit(self, resident: Resident, kind: Kind, now: datetime) -> None:
        if kind is Kind.WINDOW:
            await self._room.run("fit_windows", resident.id, now)


def holding(decisions: Sequence[Decision], now: datetime) -> list[Decision]:
    """Return of the decisions in force the one that wins about each thing and for each whom.

    Her own comes before a delegate's, then the newest: the same order as the query ``states``.
    """
    won: dict[tuple[Kind, str, str], Decision] = {}
    for decision in sorted(decisions, key=lambda x: (x.made_by != BY_HERSELF, -x.made_at.timestamp(), x.id)):
        if decision.holds(now):
            won.setdefault((decision.kind, decision.whom, decision.about), decision)
    return list(won.values())


def maker(requester: Requester) -> str:
    """Return how her history names who decided."""
    return {HERSELF: BY_HERSELF, QUIETLY: BY_QUIET}.get(requester.id, requester.id)


def _state(row: Any, resident: Resident, requester: Requester) -> State:  # noqa: ANN401  # an asyncpg record
    if requester.role is Role.RESIDENT or requester.organisation == SELF:
        return _family(row, resident, requester)
    everything = row["everything"] == "out"
    out = everything or row["exchange"] == "out"
    refused = row["institution"] == "refuse" or (row["newcomers"] == "ask" and row["institution"] is None)
    closed = _categories(row["closed"])
    if row["institution"] == "summary":
        closed |= ALL_CATEGORIES - SUMMARY
    return State(
        decided_at=row["decided_at"],
        refused=refused,
        opted_out=out,
        opted_out_everything=everything,
        unshared=out or row["keep"] == "keep",
        person_refused=row["person"] == "refuse",
        window_open=row["visiting"] or row["window_until"] is not None,
        window_until=None if row["visiting"] else row["window_until"],
        emergency_refused=everything or row["emergency"] == "no",
        closed_categories=closed,
        emergency_categories=closed,
        open_labels=NOTHING_CLOSED if out else Closed(row["opened"] or 0),
        emergency_labels=NOTHING_CLOSED if everything else Closed(row["emergency_opened"] or 0),
        locked=0 if refused or out else row["locked"],
    )


def _family(row: Any, resident: Resident, requester: Requester) -> State:  # noqa: ANN401  # an asyncpg record
    """Return the state of herself, or of who acts for her: what she closes to institutions is no matter here."""
    if requester.id in {HERSELF, QUIETLY}:
        herself = requester.role is Role.RESIDENT and requester.resident == resident.id
        return State(row["decided_at"], herself=herself, quiet=requester.id == QUIETLY)
    if row["delegation"] is None:
        return State(row["decided_at"], closed_categories=ALL_CATEGORIES)
    return State(
        row["decided_at"],
        delegated=True,
        guardian=row["delegation"] == "guardian",
        delegated_until=row["delegated_until"],
        closed_categories=ALL_CATEGORIES - _categories(row["categories"]),
        open_labels=Closed(row["labels"]),
    )


def _categories(bits: int | None) -> frozenset[Category]:
    return frozenset(category for category in Category if (bits or 0) & 1 << category)


def _decision(row: Any) -> Decision:  # noqa: ANN401  # an asyncpg record
    return Decision(
        row["id"],
        Kind(row["kind"]),
        row["whom"],
        row["about"],
        row["choice"],
        row["from_at"],
        row["until_at"],
        row["made_at"],
        row["made_by"],
        row["ended_at"],
        row["ended_by"],
        row["marked"],
    )
