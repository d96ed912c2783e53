"""Admission: decide a request on her present decisions and commit it to her log.

The decision carries the database's time at which it was read; a revocation since then refuses the
entry, and the request is decided again.  So no receipt of an older decision outlives a newer one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from carecode.disclosure.policy import Facts, Permit, Refuse, decide
from carecode.kernel.errors import ConflictError
from carecode.kernel.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from carecode.audit.log import Log
    from carecode.disclosure.decisions import Decisions
    from carecode.kernel.vocabulary import Category, Purpose, Receipt, Requester, Resident

DECISION_ATTEMPTS_MAX: Final = 3


class Admission:
    """Decisions that become receipts."""

    def __init__(self, log: Log, decisions: Decisions, clock: Callable[[], datetime]) -> None:
        """Read her decisions from ``decisions``, commit to ``log``."""
        self._log = log
        self._decisions = decisions
        self._clock = clock

    async def admit(
        self,
        requester: Requester,
        resident: Resident,
        purpose: Purpose,
        categories: frozenset[Category],
        *,
        code_shown: bool,
        own_only: bool = False,
    ) -> Receipt | Refuse:
        """Decide and commit: the receipt of a permit, or the refusal, logged as well.

        ``own_only`` asks for what the requester's institution deposited itself and no more, refused or not.
        """
        if requester.resident is not None and requester.resident != resident.id:
            return Refuse("other-resident")  # not logged to either: the token names one, the request another
        for _attempt in range(DECISION_ATTEMPTS_MAX):
            now = self._clock()
            state = await self._decisions.state(resident, requester.organisation, now)
            facts = Facts(
                purpose=purpose,
                role=requester.role,
                organisation=requester.organisation,
                is_herself=requester.role is Role.RESIDENT and requester.resident == resident.id,
                code_shown=code_shown,
                window_open=state.window_open,
                refused=state.refused,
            )
            decision = decide(facts, categories)
            if isinstance(decision, Refuse):
                await self._log.append(resident, requester, "refuse", purpose, decision.reason)
                return decision
            if own_only:
                decision = replace(decision, depositor=requester.organisation)
            try:
                return await self._seal(requester, resident, purpose, decision, state.decided_at)
            except ConflictError:
                continue  # she changed a decision between our reading it and the entry: decide again
        raise ConflictError("decided-again", "She is changing her decisions at this moment. Try again.")

    async def _seal(
        self, requester: Requester, resident: Resident, purpose: Purpose, permit: Permit, decided_at: datetime
    ) -> Receipt:
        return await self._log.seal(
            resident,
            requester,
            purpose,
            permit.categories,
            permit.basis,
            decided_at=decided_at,
            depositor=permit.depositor,
        )
