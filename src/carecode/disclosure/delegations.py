"""Who acts for whom: delegates she named herself, and guardians by registration, until an age or a day.

Nobody is found by browsing: who offers to help makes a code, which she types.  Her log names both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from carecode.disclosure.choices import A_DAY, YEARS_AHEAD_MAX
from carecode.disclosure.decisions import HERSELF, QUIETLY
from carecode.disclosure.delegationbook import (
    DELEGATE,
    GUARDIAN,
    REQUESTER_PREFIX,
    Acting,
    Delegation,
    DelegationBook,
    Scope,
)
from carecode.disclosure.familycodes import FamilyCodes, used
from carecode.disclosure.guardians import Guardians
from carecode.disclosure.people import herself
from carecode.kernel.errors import InvalidInputError, NotFoundError, RefusedError
from carecode.kernel.vocabulary import SELF, Purpose, Requester, Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from carecode.audit.log import Log
    from carecode.identity.index import Index
    from carecode.identity.person import Person
    from carecode.kernel.vocabulary import Resident, ResidentId
    from carecode.store.database import Database

TITLES: Final = {GUARDIAN: "your guardian", DELEGATE: "who acts for you"}
BETWEEN_NAMES: Final = " / "
DELEGATES_MAX: Final = 20


class Delegations:
    """Delegates and guardians."""

    def __init__(
        self, database: Database, index: Index, log: Log, key: bytes, random_bytes: Callable[[int], bytes]
    ) -> None:
        """Use the role ``carecode_disclosure``; ``key`` hashes codes and names delegates in logs."""
        self._book = DelegationBook(database, key)
        self._index = index
        self._log = log
        self.codes: Final = FamilyCodes(database, key, random_bytes)
        self.guardians: Final = Guardians(self._book, index, log)

    async def acting(self, delegate: ResidentId, subject: Resident, now: datetime) -> Acting | None:
        """Return as what ``delegate`` may act for ``subject`` now, or None.  A guardian's scope follows the age."""
        found = [x for x in await self._book.of(subject, now) if x.delegate == delegate and x.holds(now)]
        for one in sorted(found, key=lambda x: x.kind != GUARDIAN):
            scope = await self.guardians.scope_now(one, subject, now) if one.kind == GUARDIAN else one.scope
            person = await self._index.by_id(delegate)
            if scope is not None and person is not None:
                name = named(await self._index.card(person))
                requester = Requester(
                    one.requester, Role.RESIDENT, SELF, name, TITLES[one.kind], None, subject.id, Purpose.PATRQT
                )
                return Acting(subject, requester, one.kind, scope, one.until_at)
        return None

    async def acting_as(self, requester: Requester, now: datetime) -> Acting | None:
        """Return what a requester that ``acting`` made may do by now, or None."""
        subject = await self._index.by_id(requester.resident) if requester.resident else None
        if subject is None:
            return None
        for one in await self._book.of(subject, now):
            if one.requester == requester.id:
                return await self.acting(one.delegate, subject, now)
        return None

    async def for_whom(self, delegate: ResidentId, now: datetime) -> list[Delegation]:
        """Return for whom somebody acts, and who asked her to: those not yet accepted too."""
        return await self._book.for_whom(delegate, now)

    async def by_whom(self, requester: Requester, now: datetime) -> list[Delegation]:
        """Return who acts for her; herself only.  Quietly: nobody, it seems."""
        if requester.id == QUIETLY:
            return []
        return await self._book.of(await self._herself(requester), now)

    async def register_guardian(self, child: Resident, parent: Resident, until: datetime | None, now: datetime) -> None:
        """Register who decides for a child, by registration only (Guardians.register)."""
        await self.guardians.register(child, parent, until, now)

    async def end_guardian(self, child: Resident, parent: Resident, now: datetime) -> None:
        """End a guardianship, by registration only (Guardians.end)."""
        await self.guardians.end(child, parent, now)

    async def offered(self, requester: Requester, code: str, now: datetime, peer: str = "") -> Resident:
        """Return who made a code, for herself who typed it; the code stays good.

        RefusedError, InvalidInputError and UnavailableError as FamilyCodes.whose, and for her own code.
        Quietly every code seems to be an old one: who stands behind her is given nothing.
        """
        if requester.id == QUIETLY:
            raise used()
        resident = await self._herself(requester)
        found = await self._index.by_id(await self.codes.whose(code, now, peer))
        if found is None or resident.has(found.id):
            raise RefusedError("family-code-own", "This is your own code. Type the code of the other person's phone.")
        return found

    async def grant(
        self,
        requester: Requester,
        code: str,
        scope: Scope,
        now: datetime,
        *,
        until: datetime | None = None,
        peer: str = "",
    ) -> None:
        """Ask whoever made the code to act for her; it holds once accepted.  Uses the code up.

        RefusedError for a delegate: nobody hands on what she was handed.
        """
        if requester.id == QUIETLY:
            raise used()
        resident = await self._herself(requester)
        _require_ahead(until, now)
        if not scope.categories:
            raise InvalidInputError("scope-empty", "Choose at least one kind of information, or leave it as it is.")
        delegate = await self.offered(requester, code, now, peer)
        standing = await self._book.of(resident, now)
        if len(standing) >= DELEGATES_MAX:
            raise RefusedError("delegates-many", "Twenty people act for you already. End one of them first.")
        await self.codes.use(code, now)
        for one in standing:  # a new scope takes the place of the old
            if (one.delegate, one.kind) == (delegate.id, DELEGATE):
                await self._book.end(one, now)
        await self._book.add(resident, delegate.id, DELEGATE, scope, now, until=until, accepted=False)
        await self._changed(resident, requester, "delegate asked")

    async def accept(self, delegate: ResidentId, delegation: UUID, now: datetime) -> None:
        """Begin to act for somebody who asked.  NotFoundError when nobody asks any more."""
        one, subject = await self._mine(delegate, delegation, now)
        if not await self._book.accept(one, now):
            raise _gone()
        acting = await self.acting(delegate, subject, now)
        await self._changed(subject, acting.requester if acting else herself(subject.id), "delegate accepted")

    async def stop(self, delegate: ResidentId, delegation: UUID, now: datetime) -> None:
        """Stop acting for somebody, or decline; whoever acts may always stop."""
        one, subject = await self._mine(delegate, delegation, now)
        acting = await self.acting(delegate, subject, now)
        await self._end(one, subject, acting.requester if acting else herself(subject.id), now)

    async def end(self, requester: Requester, delegation: UUID, now: datetime) -> None:
        """End what somebody may do for her, at once; guardians end by registration only."""
        resident = await self._herself(requester)
        for one in await self._book.of(resident, now):
            if one.id == delegation:
                await self._end(one, resident, requester, now)
                return
        raise _gone()

    async def _end(self, one: Delegation, subject: Resident, requester: Requester, now: datetime) -> None:
        if one.kind == GUARDIAN:
            raise RefusedError("guardian-by-registration", "A guardian is registered. Ask at a counter to change it.")
        await self._book.end(one, now)
        await self._changed(subject, requester, "delegate ended")

    async def _mine(self, delegate: ResidentId, delegation: UUID, now: datetime) -> tuple[Delegation, Resident]:
        for one in await self._book.for_whom(delegate, now):
            subject = await self._index.by_id(one.subject)
            if one.id == delegation and subject is not None:
                return one, subject
        raise _gone()

    async def _changed(self, resident: Resident, requester: Requester, basis: str) -> None:
        await self._log.void(resident)
        await self._log.append(resident, requester, "decide", Purpose.PATRQT, basis)

    async def _herself(self, requester: Requester) -> Resident:
        if requester.id.startswith(REQUESTER_PREFIX):
            raise RefusedError(
                "delegate-of-delegate", "You act for her here. Only she herself says who else may; show her this page."
            )
        resident = await self._index.by_id(requester.resident) if requester.resident else None
        if requester.role is not Role.RESIDENT or requester.id != HERSELF or resident is None:
            raise RefusedError("herself-only", "Only she herself may see and change this.")
        return resident


def _require_ahead(until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        raise InvalidInputError("dates-past", "The last day is over already. Choose a later day, or none.")
    if until is not None and until > now + YEARS_AHEAD_MAX * 365 * A_DAY:
        raise InvalidInputError("dates-far", "This day is too far away. Choose an earlier one, or none.")


def named(card: Person) -> str:
    """Return how her log names who acts: as on the card, then in Latin letters where they differ.

    A page splits it at ``BETWEEN_NAMES`` and says the one of its language.
    """
    return card.name if card.name_latin in {"", card.name} else f"{card.name}{BETWEEN_NAMES}{card.name_latin}"


def _gone() -> NotFoundError:
    return NotFoundError("delegation-gone", "This was ended already. Look at the list again.")
