"""Admission: decide a request on her present decisions and commit it to her log.

The decision carries the database's time at which her decisions were read; a change since then, of any of her
entries or of who is one person, refuses the entry, and the decision is made again.  A refusal is logged as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from carecode.disclosure.policy import Facts, Permit, Refuse, decide
from carecode.disclosure.states import State, each, may_be_asked
from carecode.kernel.errors import ConflictError, RefusedError, UnavailableError
from carecode.kernel.vocabulary import Purpose, Requester, Resident
from carecode.store.together import Together

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from carecode.audit.log import Log
    from carecode.disclosure.decisions import Decisions
    from carecode.disclosure.emergency import Emergencies, Emergency
    from carecode.disclosure.legal import Order, Orders
    from carecode.kernel.vocabulary import Category, Receipt, RecordKey

DECISION_ATTEMPTS_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to open part of a record."""

    requester: Requester
    resident: Resident
    purpose: Purpose
    categories: frozenset[Category]
    code_shown: bool = False  # an OPEN_RECORD code verified in this very request
    own_only: bool = False  # what the requester's institution deposited itself and no more, refused or not


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a decision stands on: her decisions, and a declared emergency or an order where one is needed."""

    state: State
    resident: Resident  # the person as she was decided on: with the entries that she has now
    emergency: Emergency | None = None
    order: Order | None = None
    ends: datetime | None = None  # when the right ends on which the permit stands

    def until(self, basis: str) -> datetime | None:
        """Tell when the right ends on which a permit stands, or None when it has no end of its own."""
        ends = {
            "visit": self.state.window_until,
            "emergency": self.emergency.until if self.emergency else None,
            "order": self.order.until if self.order else None,
            "guardian": self.state.delegated_until,
            "delegate": self.state.delegated_until,
        }
        return ends.get(basis)


class Admission:
    """Decisions that become receipts."""

    def __init__(
        self,
        log: Log,
        decisions: Decisions,
        emergencies: Emergencies,
        orders: Orders,
        clock: Callable[[], datetime],
        may_disclose: Callable[[datetime], bool],
        whose: Callable[[RecordKey], Awaitable[Resident | None]],
    ) -> None:
        """Read her decisions from ``decisions``, commit to ``log``; nothing while ``may_disclose`` says no.

        ``whose`` asks the index anew to whom a key belongs, where links changed at this moment.
        """
        self._may_disclose = may_disclose
        self._whose = whose
        self._log = log
        self._decisions = decisions
        self._emergencies = emergencies
        self._orders = orders
        self._clock = clock
        self._states = Together[tuple[Resident, Requester], State](self._states_of, first=log.settled)

    async def _states_of(self, pairs: Sequence[tuple[Resident, Requester]]) -> Sequence[State]:
        return await self._decisions.states(pairs, self._clock())

    async def admit(self, asked: Asked) -> tuple[Receipt | Refuse, Grounds | None]:
        """Decide and commit: the receipt of a permit, or the refusal, and what it stood on.

        Raises ConflictError when she keeps changing her decisions meanwhile, UnavailableError
        ``log-unwitnessed`` when the log has been without its witnesses' signatures for too long.
        """
        if not self._may_disclose(self._clock()):
            raise UnavailableError(
                "log-unwitnessed",
                "Nobody outside has signed the access log for too long, so nothing is opened. Tell the operator.",
            )
        within_caps = True
        for _attempt in range(DECISION_ATTEMPTS_MAX):
            if not may_be_asked(asked.requester, asked.resident):
                return Refuse("other-resident"), None  # not logged to either: the token names one, the request another
            grounds = await self._grounds(asked)
            decision = decide(_facts(asked, grounds, within_caps=within_caps), asked.categories)
            if isinstance(decision, Refuse):
                await self._log.append(asked.resident, asked.requester, "refuse", asked.purpose, decision.reason)
                return decision, grounds
            try:
                ends = grounds.until(decision.basis)
                return await self._seal(asked, decision, grounds, ends), replace(grounds, ends=ends)
            except ConflictError:
                # She changed a decision, or links changed, between our reading and the entry: decide again.
                asked = replace(asked, resident=await self._whose(asked.resident.own) or asked.resident)
            except RefusedError:
                within_caps = False  # the log counts, the policy decides what follows
        raise ConflictError("decided-again", "She is changing her decisions at this moment. Try again.")

    async def _grounds(self, asked: Asked) -> Grounds:
        now = self._clock()
        resident, requester = asked.resident, asked.requester
        state = await self._states.ask((resident, requester))
        if asked.purpose is Purpose.ETREAT:
            declared = [await self._emergencies.running(one, requester, now) for one in each(resident)]
            return Grounds(state, resident, next((one for one in declared if one is not None), None))
        if asked.purpose is Purpose.HLEGAL:
            entered = [await self._orders.standing(one, requester, now) for one in each(resident)]
            orders = [one for one in entered if one is not None]
            ready = [one for one in orders if one.approved and one.published]
            return Grounds(state, resident, order=next(iter(ready or orders), None))
        return Grounds(state, resident)

    async def _seal(self, asked: Asked, permit: Permit, grounds: Grounds, ends: datetime | None) -> Receipt:
        return await self._log.seal(
            asked.resident,
            asked.requester,
            asked.purpose,
            permit.categories,
            permit.basis,
            decided_at=grounds.state.decided_at,
            depositor=asked.requester.organisation if permit.own_only else None,
            opens=permit.opens,
            until=ends,
        )


def _facts(asked: Asked, grounds: Grounds, *, within_caps: bool) -> Facts:
    """Put what is known into the booleans and sets that policies read."""
    requester, state, order = asked.requester, grounds.state, grounds.order
    facts = Facts(
        purpose=asked.purpose,
        role=requester.role,
        is_herself=state.herself,
        delegated=state.delegated,
        guardian=state.guardian,
        code_shown=asked.code_shown,
        window_open=state.window_open,
        refused=state.refused,
        opted_out=state.opted_out or state.opted_out_everything,
        person_refused=state.person_refused,
        emergency=grounds.emergency is not None,
        emergency_refused=state.emergency_refused,
        licensed=requester.licensed,
        within_caps=within_caps,
        quiet=state.quiet,
        own_only=asked.own_only,
        closed_categories=state.closed_categories,
        emergency_categories=state.emergency_categories,
        open_labels=state.open_labels,
        emergency_labels=state.emergency_labels,
    )
    if order is None:
        return facts
    return replace(
        facts,
        order_approved=order.approved,
        order_published=order.published,
        closed_categories=state.closed_categories | (frozenset(asked.categories) - order.categories),
    )
