"""Second persons: emergencies, her reports, legal orders, and the officers' queue in which all three meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from carecode.disclosure.emergency import Emergencies, Limits
from carecode.disclosure.legal import Orders
from carecode.disclosure.reports import Reports
from carecode.disclosure.reviews import Words, Work

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from carecode.audit.log import Log
    from carecode.crypto.keyring import KeyRing
    from carecode.disclosure.announcing import Public
    from carecode.disclosure.reviews import Admitted
    from carecode.identity.index import Index
    from carecode.store.database import Database


@dataclass(frozen=True, slots=True)
class Watch:
    """The four doors, on one key for typed words."""

    work: Work
    emergencies: Emergencies
    reports: Reports
    orders: Orders

    async def keep(self, now: datetime, admitted: Admitted) -> None:
        """Do what is due: escalate, compare with admissions, say in public what waits.  Once a minute."""
        await self.work.escalate(now)
        await self.work.match(admitted, now)
        await self.orders.publish_waiting(now)
        await self.orders.weekly(now)


def watch(
    database: Database,
    ring: KeyRing,
    *,
    log: Log,
    index: Index,
    public: Public,
    random_bytes: Callable[[int], bytes],
    limits: Limits | None = None,
) -> Watch:
    """Build the four; ``limits`` bound emergencies."""
    words = Words(ring, random_bytes)
    work = Work(database, log, index, words)
    emergencies = Emergencies(database, log, work, words, limits)
    reports = Reports(database, log, emergencies, work, words)
    return Watch(work, emergencies, reports, Orders(database, log, index, public, work, words))
