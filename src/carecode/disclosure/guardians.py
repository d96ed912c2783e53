"""Guardians: registered for a child, see what the operator lets them see at its age, and end by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.disclosure.ages import GUARDIAN_AGES, Age, ages_of, at_age
from carecode.disclosure.delegationbook import GUARDIAN, Delegation, DelegationBook, Scope
from carecode.disclosure.people import herself
from carecode.kernel.errors import RefusedError
from carecode.kernel.vocabulary import ALL_CATEGORIES, SENSITIVE, Purpose

if TYPE_CHECKING:
    from datetime import datetime

    from carecode.audit.log import Log
    from carecode.identity.index import Index
    from carecode.kernel.vocabulary import Resident

_AGES: Final = "guardian_ages"


class Guardians:
    """Guardianships by registration."""

    def __init__(self, book: DelegationBook, index: Index, log: Log) -> None:
        """Work on these doors."""
        self._book = book
        self._index = index
        self._log = log

    async def register(self, child: Resident, parent: Resident, until: datetime | None, now: datetime) -> None:
        """Register who decides for a child, once; in force at once.

        RefusedError for the same person twice.
        """
        if child.id == parent.id:
            raise RefusedError("guardian-self", "Nobody is her own guardian. Compare the two numbers.")
        if not [x for x in await self._book.of(child, now) if (x.delegate, x.kind) == (parent.id, GUARDIAN)]:
            scope = Scope(ALL_CATEGORIES, SENSITIVE, may_decide=True, may_show_code=True)
            await self._book.add(child, parent.id, GUARDIAN, scope, now, until=until, accepted=True)
            await self._changed(child, "guardian added")

    async def end(self, child: Resident, parent: Resident, now: datetime) -> None:
        """End a guardianship by registration, at once."""
        for one in await self._book.of(child, now):
            if (one.delegate, one.kind) == (parent.id, GUARDIAN):
                await self._book.end(one, now)
                await self._changed(child, "guardian ended")

    async def ages(self) -> tuple[Age, ...]:
        """Return what guardians see at which age, as the operator set it."""
        text = await self._book.setting(_AGES)
        return ages_of(text) if text is not None else GUARDIAN_AGES

    async def set_ages(self, text: str) -> None:
        """Set what guardians see at which age, as JSON (``ages.ages_of``).  InvalidInputError when it says nothing."""
        ages_of(text)
        await self._book.set(_AGES, text)

    async def scope_now(self, one: Delegation, child: Resident, now: datetime) -> Scope | None:
        """Return what a guardian sees at the child's age; what is stored, which the gate reads, follows it.

        None, and the guardianship ends, when the child is too old or nobody knows how old it is.
        """
        age = at_age(await self.ages(), (await self._index.card(child)).birth_date, now.date())
        if age is None:
            await self._book.end(one, now)
            await self._changed(child, "guardian ended")
            return None
        scope = Scope(age.categories, age.labels, one.scope.may_decide, one.scope.may_show_code)
        if scope != one.scope:
            await self._book.fit(one, scope)
            await self._log.void(child)
        return scope

    async def _changed(self, child: Resident, basis: str) -> None:
        await self._log.void(child)
        await self._log.append(child, herself(child.id), "decide", Purpose.PATRQT, basis)
