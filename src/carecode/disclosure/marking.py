"""Her decisions about entries and visits, put on the record's rows through the gate, and taken off again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from carecode.disclosure.choices import Kind
from carecode.disclosure.closing import ON_ROWS, steps
from carecode.disclosure.decisions import holding
from carecode.disclosure.people import herself
from carecode.kernel.errors import NotFoundError, UnavailableError
from carecode.kernel.vocabulary import NOTHING_CLOSED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from carecode.disclosure.choices import Wish
    from carecode.disclosure.decisions import Decisions
    from carecode.kernel.vocabulary import Closed, Requester, Resident


class Closer(Protocol):
    """The gate's hand on her rows: puts and takes bits of entries, and of all that belongs to visits."""

    async def close(
        self,
        requester: Requester,
        resident: Resident,
        *,
        ids: Sequence[UUID],
        visits: Sequence[UUID],
        put: Closed,
        take: Closed,
    ) -> object:
        """Close and open; she herself only.  NotFoundError when nothing of hers was met."""


class Marking:
    """Makes rows bear what she decided."""

    def __init__(self, decisions: Decisions, closer: Closer | None, clock: Callable[[], datetime]) -> None:
        """Read ``decisions``; change rows through ``closer``, without which nothing is locked or hidden."""
        self._decisions = decisions
        self._closer = closer
        self._clock = clock

    async def require(self, resident: Resident, wish: Wish) -> None:
        """Raise NotFoundError when a wish is about an entry or visit that her record has not; changes nothing."""
        if wish.kind not in ON_ROWS:
            return
        ids, visits = ((), (UUID(wish.about),)) if wish.kind is Kind.VISIT else ((UUID(wish.about),), ())
        await self._hand.close(
            herself(resident.id), resident, ids=ids, visits=visits, put=NOTHING_CLOSED, take=NOTHING_CLOSED
        )

    async def mark(self, resident: Resident, about: str = "") -> bool:
        """Bring the rows to what holds now; tell whether anything changed.  Done again, it changes nothing.

        ``about``: what was just decided; NotFoundError when her record has no such entry or visit.
        """
        now = self._clock()
        decisions = await self._decisions.on_rows(resident)
        changes = steps(decisions, now)
        for step in changes:
            ids, visits = ((), step.abouts) if step.kind is Kind.VISIT else (step.abouts, ())
            try:
                await self._hand.close(
                    herself(resident.id), resident, ids=ids, visits=visits, put=step.put, take=step.take
                )
            except NotFoundError:
                if about and UUID(about) in step.abouts:
                    raise  # anything else was erased since
        held = {x.id for x in holding(decisions, now)}
        await self._decisions.mark(resident, [x.id for x in decisions if x.marked and x.id not in held], on=False)
        await self._decisions.mark(resident, sorted(held), on=True)
        return bool(changes)

    @property
    def _hand(self) -> Closer:
        if self._closer is None:
            raise UnavailableError("closer-none", "Entries cannot be locked or hidden here now. Try again later.")
        return self._closer
