"""Her own side: who looked, and all that she decides, each with its consequence before and its undo after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from carecode.audit.log import Reader
from carecode.disclosure.choices import DELEGATED, KINDS, Kind, Whom, Wish, checked
from carecode.disclosure.closing import ON_ROWS
from carecode.disclosure.consequences import Consequence, consequence
from carecode.disclosure.decisions import BY_QUIET, HERSELF, QUIETLY, holding, maker
from carecode.disclosure.delegationbook import DELEGATE
from carecode.disclosure.marking import Marking
from carecode.disclosure.states import each
from carecode.kernel.errors import NotFoundError, RefusedError
from carecode.kernel.vocabulary import Purpose, Role

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime
    from uuid import UUID

    from carecode.audit.log import Entry, Log, Looker, Tally
    from carecode.disclosure.decisions import Decision, Decisions
    from carecode.disclosure.delegationbook import Acting
    from carecode.disclosure.delegations import Delegations
    from carecode.disclosure.marking import Closer
    from carecode.disclosure.people import Organisation, People
    from carecode.identity.index import Index
    from carecode.kernel.vocabulary import Requester, Resident

LOOKS_MAX: Final = 200
"""So many lines stand on one page of her list."""
PEOPLE_MAX: Final = 500
"""So many people are named for her to block; a page that names fewer than there are says so."""


@dataclass(frozen=True, slots=True)
class Look:
    """One line of "who looked": the entry and the institution in words."""

    entry: Entry
    organisation: Organisation | None  # None: herself


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page of "who looked", and how much of the list stands elsewhere."""

    looks: list[Look]
    later: int  # how many stand on pages of newer ones
    earlier: int

    @property
    def total(self) -> int:
        """Count the whole list."""
        return self.later + len(self.looks) + self.earlier


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution as her privacy page shows it."""

    organisation: Organisation
    choice: str  # allow, summary or refuse
    since: datetime | None  # when she chose it
    window_until: datetime | None


class Looks:
    """Who looked: her list, for herself and for who sees all of hers."""

    def __init__(
        self,
        index: Index,
        log: Log,
        people: People,
        clock: Callable[[], datetime],
        *,
        delegations: Delegations | None = None,
        withheld: Callable[[Resident, list[Entry], datetime], Awaitable[frozenset[UUID]]] | None = None,
    ) -> None:
        """Work on these doors; ``delegations`` says who acts for whom."""
        self._index = index
        self._log = log
        self._people = people
        self._clock = clock
        self._delegations = delegations
        self._withheld = withheld  # what a court keeps from her for a while yet (disclosure/legal.py)

    async def who_looked(self, requester: Requester, *, own: bool = False, limit: int = LOOKS_MAX) -> list[Look]:
        """Return her log, newest first; her own reading is left out unless ``own``.

        Quietly, and for who acts for her, it does not tell what she decided.
        """
        return (await self.page(requester, own=own, limit=limit)).looks

    async def page(
        self,
        requester: Requester,
        *,
        own: bool = False,
        kind: str = "",
        upto: int | None = None,
        limit: int = LOOKS_MAX,
    ) -> Leaf:
        """Return the page of her list that ends with number ``upto``, counted from the oldest; None: the newest.

        What is not told is left out before it is cut: nothing that she or anybody does often hides a look.
        """
        resident, reader = await self._reading(requester)
        told = await self._log.telling.page(resident, reader, own=own, kind=kind, upto=upto, limit=limit)
        quiet = requester.id == QUIETLY
        looks = [
            Look(
                replace(one, requester_title="") if quiet else one,
                await self._people.organisation(one.organisation) if one.role != Role.RESIDENT else None,
            )
            for one in told.entries
        ]
        return Leaf(looks, told.later, told.total - told.later - len(looks))

    async def tally(self, requester: Requester) -> Tally:
        """Count the whole of her list: people, computers, herself."""
        return await self._log.telling.tally(*await self._reading(requester))

    async def lookers(self, requester: Requester, limit: int = PEOPLE_MAX) -> tuple[list[Looker], int]:
        """Return the people of institutions in all of her list, who looked last first, and how many there are."""
        return await self._log.telling.lookers(*await self._reading(requester), limit)

    async def first_broken(self, requester: Requester) -> int | None:
        """Return the first entry of her log that does not follow from the one before, or None."""
        return await self._log.first_broken(await self._whose(requester, whole=True))

    async def _acting(self, requester: Requester) -> Acting | None:
        if self._delegations is None or requester.id in {HERSELF, QUIETLY}:
            return None
        return await self._delegations.acting_as(requester, self._clock())

    async def _reading(self, requester: Requester) -> tuple[Resident, Reader]:
        """Return whose list is read and what of it is told to this reader: her decisions to her alone."""
        resident = await self._whose(requester, whole=True)
        withheld: frozenset[UUID] = frozenset()
        if self._withheld is not None:
            orders = await self._log.telling.of(resident, Purpose.HLEGAL)
            for one in each(resident):  # a court's seal on any of her entries
                withheld |= await self._withheld(one, orders, self._clock())
        return resident, Reader(requester.id, requester.id == HERSELF, withheld)

    async def _whose(self, requester: Requester, *, whole: bool = False) -> Resident:
        resident = await self._index.by_id(requester.resident) if requester.resident else None
        if requester.role is Role.RESIDENT and resident is not None:
            if requester.id in {HERSELF, QUIETLY}:
                return resident
            acting = await self._acting(requester)
            if acting is not None and acting.may_decide and (acting.sees_all or not whole):
                return resident
        raise RefusedError("herself-only", "Only she herself may see and change this.")


class Privacy(Looks):
    """What a resident sees and decides about her own record."""

    def __init__(
        self,
        index: Index,
        log: Log,
        decisions: Decisions,
        people: People,
        clock: Callable[[], datetime],
        *,
        closer: Closer | None = None,
        delegations: Delegations | None = None,
        withheld: Callable[[Resident, list[Entry], datetime], Awaitable[frozenset[UUID]]] | None = None,
    ) -> None:
        """Work on these doors; ``closer`` is the gate, ``delegations`` says who acts for whom."""
        super().__init__(index, log, people, clock, delegations=delegations, withheld=withheld)
        self._decisions = decisions
        self._marking = Marking(decisions, closer, clock)

    async def institutions(self, requester: Requester) -> list[Institution]:
        """Return every institution with what was decided about it."""
        resident = await self._whose(requester)
        now = self._clock()
        held = holding(await self._decisions.standing(resident, now, _seen_by(requester)), now)
        chosen = {x.whom: x for x in held if x.kind is Kind.INSTITUTION}
        unsaid = "refuse" if any((x.kind, x.choice) == (Kind.NEWCOMERS, "ask") for x in held) else "allow"
        windows = await self._decisions.windows(resident, now)
        return [
            _institution(known, chosen.get(known.handle), unsaid, windows.get(known.handle))
            for known in await self._people.organisations()
            if known.kind in {"hospital", "clinic"}
        ]

    async def standing(self, requester: Requester) -> list[Decision]:
        """Return the decisions that hold now or later; for who acts for her, only that one's own."""
        return await self._decisions.standing(await self._whose(requester), self._clock(), _seen_by(requester))

    async def history(self, requester: Requester) -> list[Decision]:
        """Return every decision ever made, newest first; for who acts for her, only that one's own."""
        return await self._decisions.history(await self._whose(requester), _seen_by(requester))

    async def decides(self, requester: Requester) -> frozenset[Kind]:
        """Return what this requester may decide about: everything, or what a delegate may."""
        acting = await self._acting(requester)
        return DELEGATED if acting is not None and acting.kind == DELEGATE else frozenset(Kind)

    async def preview(self, requester: Requester, wish: Wish) -> Consequence:
        """Return what would follow, before anything is saved; refuses what ``decide`` would refuse."""
        await self._possible(requester, wish)
        held = holding(await self.standing(requester), self._clock())
        refused = any((x.kind, x.choice) in {(Kind.EMERGENCY, "no"), (Kind.EVERYTHING, "out")} for x in held)
        return consequence(wish, emergencies_refused=refused)

    async def decide(self, requester: Requester, wish: Wish) -> UUID | None:
        """Keep a decision; when this returns it holds and no older receipt opens a row.

        None when it holds already.  InvalidInputError for a wish that says nothing clear, NotFoundError for
        what nobody knows, RefusedError for what is not a delegate's; then nothing was kept.
        """
        resident, kept = await self._possible(requester, wish)
        if _holds_already(await self.standing(requester), wish, maker(requester), self._clock()):
            return None
        made = await self._decisions.decide(resident, kept, maker(requester), self._clock())
        await self._follow(requester, resident, wish, wish.basis)
        return made

    async def undo(self, requester: Requester, decision: UUID) -> None:
        """Take a decision back; what it had replaced holds again."""
        resident = await self._whose(requester)
        undone = await self._decisions.undo(resident, decision, maker(requester), self._clock())
        await self._follow(requester, resident, undone.wish, f"undo {undone.wish.basis}")

    async def refuse(self, requester: Requester, organisation: str) -> None:
        """Shut an institution out; when this returns, none of its receipts opens a row any more."""
        await self.decide(requester, Wish(Kind.INSTITUTION, "refuse", organisation))

    async def allow(self, requester: Requester, organisation: str) -> None:
        """Let an institution in again; nothing happens when it was not shut out."""
        await self.decide(requester, Wish(Kind.INSTITUTION, "allow", organisation))

    async def settle(self) -> int:
        """Let decisions begin and end whose day came, of every resident; return of how many something changed."""
        count = 0
        for resident_id in await self._decisions.due(self._clock()):
            resident = await self._index.by_id(resident_id)
            if resident is not None:
                changed = await self._decisions.begin_and_end(resident, self._clock())
                if await self._marking.mark(resident) or changed:
                    await self._log.void(resident)
                    count += 1
        return count

    async def _possible(self, requester: Requester, wish: Wish) -> tuple[Resident, Wish]:
        resident = await self._whose(requester)
        kept = checked(wish, self._clock())
        if wish.kind not in await self.decides(requester):
            raise RefusedError("decision-hers", "Only she herself decides this. Show her this page.")
        await _require_known(self._people, wish, await self.standing(requester))
        await self._marking.require(resident, wish)
        return resident, kept

    async def _follow(self, requester: Requester, resident: Resident, wish: Wish, basis: str) -> None:
        """Put it on the rows, void what was opened under the decision before, and write it into her log."""
        if maker(requester) == BY_QUIET:
            return  # nothing she does quietly changes anything
        if wish.kind in ON_ROWS:
            await self._marking.mark(resident, wish.about)
        await self._log.void(resident)
        await self._log.append(resident, requester, "decide", Purpose.PATRQT, basis)


async def _require_known(people: People, wish: Wish, standing: Sequence[Decision]) -> None:
    """Raise NotFoundError for an institution or a person that nobody knows.

    What she said about somebody who works there no longer she may still change.
    """
    if wish.kind is not Kind.PERSON:
        if wish.whom:
            await people.organisation(wish.whom)
    elif await people.staff(wish.whom) is None and all(x.whom != wish.whom for x in standing if x.kind is wish.kind):
        raise NotFoundError("person-unknown", "Nobody of that name works at a hospital here. Choose from the list.")


def _institution(known: Organisation, said: Decision | None, unsaid: str, until: datetime | None) -> Institution:
    return Institution(known, said.choice if said else unsaid, said.made_at if said else None, until)


def _seen_by(requester: Requester) -> str | None:
    """Return whose decisions this requester is shown: all to herself, else only her own."""
    return None if requester.id == HERSELF else maker(requester)


def _holds_already(standing: Sequence[Decision], wish: Wish, by: str, now: datetime) -> bool:
    """Tell whether a wish without dates says what this maker's last word says, or, without one, what holds unsaid."""
    if wish.from_at is not None or wish.until_at is not None:
        return False
    mine = [x for x in standing if (x.kind, x.whom, x.about, x.made_by) == (wish.kind, wish.whom, wish.about, by)]
    if mine:
        return len(mine) == 1 and mine[0].choice == wish.choice and mine[0].until_at is None and mine[0].holds(now)
    row = KINDS[wish.kind]
    coarser = {Kind.INSTITUTION: Kind.NEWCOMERS, Kind.ENTRY: Kind.VISIT}.get(wish.kind)
    said = any(x.kind in {wish.kind, coarser} for x in standing)
    return not said and wish.choice == row.unsaid and row.whom is not Whom.EITHER
